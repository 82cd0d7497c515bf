"""Phone and recovery codes are lost: the help desk lets a director begin again, and no one else."""

import pytest
from django.contrib.auth.models import Permission
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_webtest import WebTest

import sms.services
from accounts import codes
from accounts.models import Entry, RecoveryCode, User
from accounts.tests import people
from cp2.rules import Refused, Role
from cp2.tests import make
from sms.backends import memory
from sms.models import Kind

USERS = reverse("admin:accounts_user_changelist")
REASON = "Phone stolen, called back at the office"


def director():
    user = make.director(make.sub_county(), phone=make.phone())
    people.app(user)
    codes.renew_recovery_codes(user)
    return user


def superuser():
    return make.user(Role.STAFF, is_superuser=True)


class AtTheHelpDesk(WebTest):
    def setUp(self):
        self.director = director()
        self.enter_as(people.staff("Helpdesk"))

    def enter_as(self, user):
        if not TOTPDevice.objects.filter(user=user).exists():
            people.app(user)
        page = people.enter(self.app, user, next=USERS)
        return people.fill(page, "code", make.code(user))

    def choose(self, *users, action="take_away_code"):
        form = self.app.get(USERS).forms["changelist-form"]
        form["action"] = action
        form.get("_selected_action", index=0)
        wanted = {str(user.pk) for user in users}
        for box in form.fields["_selected_action"]:
            box.checked = box._value in wanted
        return form.submit("index", value="0")

    def take_away(self, *users, reason=REASON):
        return people.fill(self.choose(*users), "reason", reason)

    def test_asks_why_and_reads_the_names_back(self):
        page = self.choose(self.director)

        assert self.director.username in page
        assert str(self.director.sub_county) in page
        page = people.fill(page, "reason", "  ")
        assert "Enter the reason" in page
        assert TOTPDevice.objects.filter(user=self.director).exists()

    def test_takes_app_and_recovery_codes_and_tells_the_owner(self):
        page = self.take_away(self.director).follow()

        assert f"{self.director} sets up a new one-time code at the next sign-in." in page
        assert not TOTPDevice.objects.filter(user=self.director).exists()
        assert not RecoveryCode.objects.exists()
        entry = Entry.objects.about(self.director).get(verb="code.taken_away")
        assert entry.actor.groups.get().name == "Helpdesk"
        assert entry.details == {"reason": REASON}
        sms.services.send_due(Kind.NOTICE)
        assert memory.outbox[-1].to == self.director.phone
        assert "your one-time code was taken away" in memory.outbox[-1].text

    def test_the_next_sign_in_sets_up_anew(self):
        self.take_away(self.director)
        page = people.enter(self.app, self.director, next="/area/")

        assert "Set up one-time codes" in page
        page = people.fill(page, "code", people.code(self.app.session["totp_key"]))
        assert people.fill(page, "kept", True).location == "/area/"

    def test_a_session_that_was_open_is_over_and_sets_nothing_up(self):
        page = people.enter(self.app, self.director)
        people.fill(page, "code", make.code(self.director))
        open_one = self.app.session.session_key
        self.enter_as(people.staff("Helpdesk"))
        self.take_away(self.director)

        self.app.set_cookie("session", open_one)
        assert self.app.get("/area/").location.startswith("/accounts/login/")
        assert self.app.get("/accounts/code/").location.startswith("/accounts/login/")
        assert "totp_key" not in self.app.session
        assert not TOTPDevice.objects.filter(user=self.director).exists()

    def test_not_of_headquarters_and_not_ones_own(self):
        desk = User.objects.get(groups__name="Helpdesk")
        colleague, boss = people.staff("Finance approver"), superuser()
        for user in (colleague, boss):
            people.app(user)
        page = self.take_away(colleague, boss, desk).follow()

        assert (
            page.text.count("Only an administrator takes away a one-time code of headquarters.")
            == 2
        )
        assert "Nobody takes away their own one-time code" in page
        assert TOTPDevice.objects.count() == 4
        assert not Entry.objects.filter(verb="code.taken_away").exists()

    def test_where_there_is_none_it_says_so(self):
        plain, officer = make.director(make.sub_county()), make.officer().user
        page = self.take_away(plain, officer).follow()

        assert "No one-time code is set up." in page
        assert "This account needs no one-time code." in page

    def test_superuser_takes_one_of_headquarters_but_not_their_own(self):
        boss, colleague = superuser(), people.staff("Auditor")
        people.app(colleague)
        self.enter_as(boss)
        page = self.take_away(boss, colleague).follow()

        assert "Nobody takes away their own one-time code" in page
        assert not TOTPDevice.objects.filter(user=colleague).exists()
        assert TOTPDevice.objects.filter(user=boss).exists()

    def test_needs_a_fresh_code_and_goes_on_after_it(self):
        session = self.app.session
        session[codes.PROVED_AT] -= 16 * 60
        session.save()
        page = self.choose(self.director)
        assert page.location.startswith("/accounts/code/?next=")
        assert TOTPDevice.objects.filter(user=self.director).exists()

        page = people.fill(
            page.follow(), "code", make.code(User.objects.get(groups__name="Helpdesk"))
        )
        page = people.fill(people.confirm(page.follow()), "reason", REASON).follow()
        assert "sets up a new one-time code" in page
        assert not TOTPDevice.objects.filter(user=self.director).exists()

    def test_no_other_group_has_it(self):
        for group in ("Deployment", "Auditor"):
            self.enter_as(people.staff(group))
            page = self.app.get(USERS)
            assert "take_away_code" not in page
            self.app.post(
                USERS,
                {
                    "action": "take_away_code",
                    "_selected_action": self.director.pk,
                    "reason": REASON,
                    "csrfmiddlewaretoken": self.app.cookies["csrf"],
                },
            )
        assert TOTPDevice.objects.filter(user=self.director).exists()


class TheRule(TestCase):
    """Held by the service, whatever page calls it."""

    def test_each_may_only_what_is_theirs(self):
        right = Permission.objects.get(codename="reset_code")
        both = people.staff("Auditor")
        both.user_permissions.add(right)
        for by, user, allowed in (
            (people.staff("Helpdesk"), director(), True),
            (both, director(), True),
            (superuser(), director(), True),
            (superuser(), people.staff("Helpdesk"), True),
            (both, people.staff("Helpdesk"), False),
            (both, superuser(), False),
            (people.staff("Auditor"), director(), False),
            (director(), director(), False),
            (make.officer().user, director(), False),
        ):
            TOTPDevice.objects.get_or_create(user=user, name="app")
            with self.subTest(by=by.role, user=user.role):
                if allowed:
                    codes.take_away(user, by=by, reason=REASON)
                else:
                    with pytest.raises(Refused):
                        codes.take_away(user, by=by, reason=REASON)
                assert TOTPDevice.objects.filter(user=user).exists() != allowed

    def test_used_up_recovery_codes_are_taken_as_well(self):
        user = director()
        RecoveryCode.objects.update(used_at=timezone.now())
        TOTPDevice.objects.all().delete()
        codes.take_away(user, by=superuser(), reason=REASON)

        assert not RecoveryCode.objects.exists()
