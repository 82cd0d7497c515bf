"""Who changes whose role, with a fresh code, and what the trail says of it."""

from django.contrib.auth.models import Group, Permission
from django.test import TestCase
from django.urls import reverse
from django_webtest import WebTest

from accounts import codes
from accounts.models import Entry, User
from accounts.tests import people
from cp2.rules import Role
from cp2.tests import make


def change(user):
    return reverse("admin:accounts_user_change", args=[user.pk])


class Rights(WebTest):
    def setUp(self):
        self.boss = make.user(Role.STAFF, is_superuser=True)
        people.app(self.boss)
        self.enter(self.boss)

    def enter(self, user):
        page = people.enter(self.app, user, next="/admin/")
        people.fill(page, "code", make.code(user))

    def age(self, minutes=16):
        session = self.app.session
        session[codes.PROVED_AT] -= minutes * 60
        session.save()

    def go_on(self, page):
        """Through the code, to the button that does what was chosen."""
        assert page.location.startswith("/accounts/code/?next=")
        page = page.follow()
        assert "What you chose is still there" in page
        page = people.fill(page, "code", make.code(self.boss)).follow()
        assert "Nothing has been done yet" in page
        return people.confirm(page)

    def form(self, url, form="user_form"):
        return self.app.get(url).forms[form]

    # A fresh code

    def test_saving_a_user_needs_a_fresh_code_and_loses_nothing_typed(self):
        user = people.staff("Auditor", name="Wanjiku")
        form = self.form(change(user))
        form["name"] = "Wanjiku Ng'ang'a"
        form["groups"] = []
        self.age()
        page = form.submit("_save")

        user.refresh_from_db()
        assert (user.name, user.groups.get().name) == ("Wanjiku", "Auditor")
        assert not Entry.objects.filter(verb="account.changed").exists()
        assert self.go_on(page).location == reverse("admin:accounts_user_changelist")
        user.refresh_from_db()
        assert (user.name, user.groups.count()) == ("Wanjiku Ng'ang'a", 0)

    def test_adding_a_user_needs_a_fresh_code(self):
        self.age()
        form = self.form(reverse("admin:accounts_user_add"))
        form["username"], form["role"], form["why"] = "new.person", "staff", "Hired"
        page = form.submit("_save")

        assert not User.objects.filter(username="new.person").exists()
        self.go_on(page)
        assert User.objects.get(username="new.person").is_staff

    def test_a_code_of_fourteen_minutes_ago_is_fresh(self):
        form = self.form(change(people.staff("Auditor")))
        self.age(14)

        assert form.submit("_save").location == reverse("admin:accounts_user_changelist")

    def test_what_was_held_is_done_once_and_forgotten(self):
        user = people.staff("Auditor")
        form = self.form(change(user))
        form["name"] = "Changed"
        self.age()
        self.go_on(form.submit("_save"))

        assert codes.HELD not in self.app.session
        assert self.app.get("/account/codes/go-on/").location == "/home/"

    def test_another_page_asked_for_meanwhile_does_not_do_what_was_held(self):
        user = people.staff("Auditor", name="Old")
        form = self.form(change(user))
        form["name"] = "New"
        self.age()
        form.submit("_save")
        page = self.app.get("/account/codes/move/").follow()
        assert "What you chose is still there" not in page
        page = people.fill(page, "code", make.code(self.boss))

        assert page.location == "/account/codes/move/"
        assert codes.HELD not in self.app.session

    def test_files_and_passwords_and_what_is_huge_are_never_held(self):
        self.age()
        token = {"csrfmiddlewaretoken": self.app.cookies["csrf"]}
        url = reverse("admin:accounts_user_add")
        for fields, files in (
            ({"username": "x", "password1": "never-Kept-42"}, []),
            ({"username": "x" * 120_000}, []),
            ({"username": "x"}, [("file", "f.csv", b"1")]),
        ):
            page = self.app.post(url, {**fields, **token}, upload_files=files or None).follow()
            assert self.app.session[codes.HELD]["fields"] is None
            assert "choose again what you want to do" in page
        page = people.fill(page, "code", make.code(self.boss))
        assert page.location == url
        assert "Choose again what you want to do" in page.follow()

    def test_every_label_of_a_new_account_begins_with_a_capital(self):
        labels = self.app.get(reverse("admin:accounts_user_add")).html.select("#user_form label")
        said = [label.text.strip() for label in labels]
        assert "Phone number:" in said
        assert all(label[0].isupper() for label in said)

    # Never one's own

    def test_nobody_changes_their_own_role_groups_scope_or_activity(self):
        keeper = people.staff("Auditor")
        keeper.user_permissions.add(
            *Permission.objects.filter(codename__in=["change_user", "view_user"])
        )
        people.app(keeper)
        for user in (self.boss, keeper):
            self.enter(user)
            form = self.form(change(user))
            own = {"role", "station", "office", "sub_county", "groups", "is_active"}
            assert not own & form.fields.keys()
            self.app.post(
                change(user),
                {
                    "csrfmiddlewaretoken": self.app.cookies["csrf"],
                    "language": "en",
                    "groups": Group.objects.get(name="Finance approver").pk,
                    "role": "director",
                    "office": "tsc",
                    "is_superuser": "on",
                },
            )
            after = User.objects.get(pk=user.pk)
            assert after.is_active
            assert after.role == Role.STAFF
            assert after.is_superuser == (user == self.boss)
            assert not after.groups.filter(name="Finance approver").exists()

    # What the trail says

    def test_trail_says_what_was_and_what_is(self):
        user = people.staff("Auditor", "Helpdesk")
        form = self.form(change(user))
        form["groups"] = [Group.objects.get(name="Auditor").pk]
        form["is_active"] = False
        form.submit("_save")

        details = Entry.objects.about(user).get(verb="account.changed").details
        assert details["was"] == {"groups": ["Auditor", "Helpdesk"], "is_active": True}
        assert details["now"] == {"groups": ["Auditor"], "is_active": False}

    def test_trail_says_what_a_new_account_may_do_and_what_waits(self):
        form = self.form(reverse("admin:accounts_user_add"))
        form["username"], form["role"], form["why"] = "new.person", "staff", "Hired"
        form["groups"] = [Group.objects.get(name="Helpdesk").pk]
        form.submit("_save")

        details = Entry.objects.get(verb="account.opened").details
        assert details["was"] == {}
        assert details["now"] == {
            "role": "staff",
            "office": "",
            "sub_county": None,
            "station": None,
            "groups": [],
            "is_active": False,
        }
        waits = Entry.objects.get(verb="power.proposed").details
        assert waits["wanted"] == {"groups": ["Helpdesk"], "is_active": True}

    def test_groups_are_not_thrown_away(self):
        group = Group.objects.get(name="Auditor")
        url = reverse("admin:auth_group_delete", args=[group.pk])

        assert self.app.get(url, expect_errors=True).status_code == 404


class OthersAreNotAsked(TestCase):
    def test_whoever_has_no_power_is_never_asked_for_a_code(self):
        for user in (make.officer().user, make.centre(make.station())):
            self.client.force_login(user)
            answer = self.client.post("/area/claims/verify/", {"claim": "1"})
            assert answer.status_code == 404

    def test_helpdesk_texts_passwords_without_a_code_each_time(self):
        officer = make.officer().user
        make.sign_in(self.client, people.staff("Helpdesk"), minutes_ago=600)
        url = reverse("admin:accounts_user_changelist")
        data = {"action": "issue_password", "_selected_action": [officer.pk]}

        page = make.act(self.client, url, "issue_password", officer)
        self.assertContains(page, "1 passwords will be texted.")
        # whichever of two that are named at once Django would take
        for actions in (["issue_password", "take_away_code"], ["take_away_code", "issue_password"]):
            answer = self.client.post(url, data | {"action": actions, "index": "0"})
            assert answer.url.startswith("/accounts/code/")
