"""More power waits for a second person; less works at once."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import ValidationError
from django.test import Client, TestCase
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest

from accounts import codes
from accounts.models import Entry, User
from accounts.tests import people
from catalogue.models import Office
from claims.tests.test_database import refused
from cp2.rights import powers
from cp2.rights.models import PowerChange, ProposalStatus
from cp2.rules import Refused, Role
from cp2.tests import make
from cp2.tests.races import at_once, split

LIST = "/admin/rights/powerchange/"


def administrator(**fields):
    return people.staff("Administrator", **fields)


def page_of(change):
    return reverse("admin:rights_powerchange_change", args=[change.pk])


def names(user):
    return sorted(user.groups.values_list("name", flat=True))


class Giving(WebTest):
    def setUp(self):
        self.first, self.second = administrator(), administrator()
        for user in (self.first, self.second):
            people.app(user)
        self.enter(self.first)

    def enter(self, user):
        page = people.enter(self.app, user, next="/admin/")
        people.fill(page, "code", make.code(user))

    def form(self, user):
        url = reverse("admin:accounts_user_change", args=[user.pk])
        return self.app.get(url).forms["user_form"]

    def tick(self, form, *groups):
        form["groups"] = [Group.objects.get(name=name).pk for name in groups]
        return form

    def propose(self, user, *groups, why="Joins the desk"):
        form = self.tick(self.form(user), *groups)
        form["why"] = why
        return form.submit("_save")

    def test_a_group_waits_until_a_second_administrator_confirms_it(self):
        user = people.staff("Auditor")
        page = self.propose(user, "Auditor", "Helpdesk").follow()

        assert "waits for a second administrator" in page
        assert names(user) == ["Auditor"]
        change = PowerChange.objects.get()
        assert (change.wanted, change.was) == ({"groups": ["Helpdesk"]}, {"groups": ["Auditor"]})
        assert "A change waits for a second person" in self.app.get(
            reverse("admin:accounts_user_change", args=[user.pk])
        )
        page = self.app.get(page_of(change))
        assert 'value="Confirm"' not in page
        assert "You proposed this, so someone else must decide about it." in page

        self.enter(self.second)
        assert "1 change of power waits for you." in self.app.get("/admin/")
        page = self.app.get(page_of(change))
        assert "Confirmed. It holds from now on." in self.act(page, "confirm").submit().follow()
        assert names(user) == ["Auditor", "Helpdesk"]
        entry = Entry.objects.about(user).get(verb="power.given")
        assert entry.actor == self.second
        assert entry.details["proposed_by"] == self.first.pk

    def act(self, page, act):
        return next(
            form
            for form in page.forms.values()
            if "act" in form.fields and form["act"].value == act
        )

    def test_without_a_reason_nothing_is_saved_or_proposed(self):
        user = people.staff("Auditor")
        page = self.tick(self.form(user), "Auditor", "Helpdesk").submit("_save")

        assert "Say why: a second administrator reads it." in page
        assert names(user) == ["Auditor"]
        assert not PowerChange.objects.exists()

    def test_to_take_a_group_away_or_switch_off_works_at_once(self):
        user = people.staff("Auditor", "Helpdesk")
        form = self.tick(self.form(user), "Auditor")
        form["is_active"] = False
        form.submit("_save")

        user.refresh_from_db()
        assert (names(user), user.is_active) == (["Auditor"], False)
        assert not PowerChange.objects.exists()
        details = Entry.objects.about(user).get(verb="account.changed").details
        assert details["now"] == {"groups": ["Auditor"], "is_active": False}

    def test_one_group_for_another_is_taken_now_and_given_later(self):
        user = people.staff("Auditor")
        self.propose(user, "Helpdesk")

        assert names(user) == []
        change = PowerChange.objects.get()
        assert (change.was, change.wanted) == ({"groups": []}, {"groups": ["Helpdesk"]})
        powers.confirm(change, by=self.second)
        assert names(user) == ["Helpdesk"]

    def test_who_confirms_that_somebody_signs_in_sees_what_comes_with_it(self):
        user = people.staff("Finance approver", phone="254711000222", is_active=False)
        form = self.form(user)
        form["is_active"], form["why"] = True, "Back from leave"
        form.submit("_save")

        words = {name: now for name, _was, now in powers.in_words(PowerChange.objects.get())}
        assert words["Groups"] == "Finance approver"
        assert words["Phone number"] == "0711 000 222"

    def test_the_last_who_may_confirm_keeps_it(self):
        last = self.first
        lord = make.user(Role.STAFF, is_superuser=True)
        people.app(lord)
        User.objects.exclude(pk__in=[last.pk, lord.pk]).update(is_active=False)
        User.objects.filter(pk=lord.pk).update(is_superuser=False)  # no more than a group now
        lord.user_permissions.add(*Permission.objects.filter(codename__endswith="_user"))
        self.enter(lord)
        form = self.tick(self.form(last))
        assert "Nobody would be left" in form.submit("_save").follow()
        assert names(last) == ["Administrator"]
        form = self.form(last)
        form["is_active"] = False
        form.submit("_save")
        last.refresh_from_db()
        assert last.is_active

    def test_what_is_no_power_is_saved_beside_it(self):
        user = people.staff("Auditor", name="Old")
        form = self.tick(self.form(user), "Auditor", "Helpdesk")
        form["name"], form["why"] = "New", "Joins"
        form.submit("_save")

        user.refresh_from_db()
        assert (user.name, names(user)) == ("New", ["Auditor"])

    def test_a_new_account_of_staff_is_made_without_power(self):
        form = self.app.get(reverse("admin:accounts_user_add")).forms["user_form"]
        form["username"], form["role"], form["why"] = "new.person", "staff", "Hired"
        self.tick(form, "Finance approver").submit("_save")

        user = User.objects.get(username="new.person")
        assert (user.is_active, names(user)) == (False, [])
        change = PowerChange.objects.get(subject=user)
        assert change.wanted == {"is_active": True, "groups": ["Finance approver"]}
        powers.confirm(change, by=self.second)
        user.refresh_from_db()
        assert (user.is_active, names(user)) == (True, ["Finance approver"])

    def test_a_new_director_signs_in_only_once_confirmed(self):
        place = make.sub_county()
        form = self.app.get(reverse("admin:accounts_user_add")).forms["user_form"]
        form["username"], form["role"], form["office"] = "tsc.there", "director", "tsc"
        form["sub_county"].force_value(place.pk)
        form["why"] = "Posted there"
        form.submit("_save")

        user = User.objects.get(username="tsc.there")
        assert (user.is_active, user.sub_county) == (False, place)
        words = {name: now for name, _was, now in powers.in_words(PowerChange.objects.get())}
        assert words["Sub-county"] == str(place)
        assert words["Role"] == "Director"

    def test_another_office_or_place_of_a_director_waits(self):
        place = make.sub_county("Bonchari")
        user = make.director(make.sub_county("Kitutu"), Office.TSC)
        form = self.form(user)
        form["office"], form["why"] = "scde", "Moved"
        form["sub_county"].force_value(place.pk)
        form.submit("_save")

        user.refresh_from_db()
        assert (user.office, str(user.sub_county.name)) == ("tsc", "Kitutu")
        powers.confirm(PowerChange.objects.get(), by=self.second)
        user.refresh_from_db()
        assert (user.office, user.sub_county) == ("scde", place)

    def test_only_headquarters_is_in_groups(self):
        page = self.propose(make.director(make.sub_county()), "Helpdesk")
        assert "Only headquarters" in page
        assert not PowerChange.objects.exists()

    def test_a_second_change_waits_for_the_first(self):
        user = people.staff("Auditor")
        self.propose(user, "Auditor", "Helpdesk")
        page = self.propose(user, "Auditor", "Deployment")

        assert "waits for a second person already" in page
        assert PowerChange.objects.count() == 1

    def test_to_confirm_needs_a_fresh_code(self):
        user = people.staff("Auditor")
        self.propose(user, "Auditor", "Helpdesk")
        self.enter(self.second)
        page = self.app.get(page_of(PowerChange.objects.get()))
        session = self.app.session
        session[codes.PROVED_AT] -= 16 * 60
        session.save()

        assert self.act(page, "confirm").submit().location.startswith("/accounts/code/")
        assert names(user) == ["Auditor"]

    def test_it_is_refused_with_a_reason_and_withdrawn_by_whoever_proposed_it(self):
        user = people.staff("Auditor")
        self.propose(user, "Auditor", "Helpdesk")
        self.enter(self.second)
        change = PowerChange.objects.get()
        form = self.act(self.app.get(page_of(change)), "refuse")
        assert "Say why you refuse it" in form.submit()
        form["reason"] = "Not on the desk"
        form.submit()
        change.refresh_from_db()
        assert (change.status, change.decision) == ("refused", "Not on the desk")

        self.enter(self.first)
        self.propose(user, "Auditor", "Helpdesk")
        latest = PowerChange.objects.latest("pk")
        self.act(self.app.get(page_of(latest)), "withdraw").submit()
        latest.refresh_from_db()
        assert latest.status == ProposalStatus.WITHDRAWN
        assert names(user) == ["Auditor"]

    def test_no_group_is_changed_in_the_admin(self):
        group = Group.objects.get(name="Auditor")
        url = reverse("admin:auth_group_change", args=[group.pk])
        page = self.app.get(url)
        assert "comes with the portal" in page
        assert "_save" not in page
        token = {"csrfmiddlewaretoken": self.app.cookies["csrf"]}
        assert self.app.post(url, token, expect_errors=True).status_code in (403, 404)
        assert self.app.get(reverse("admin:auth_group_add"), expect_errors=True).status_code == 404


class Rules(TestCase):
    def setUp(self):
        self.first, self.second = administrator(), administrator()
        self.user = people.staff("Auditor")
        self.change = powers.propose(
            self.user, wanted={"groups": ["Helpdesk"]}, reason="x", by=self.first
        )

    def test_neither_the_proposer_nor_the_subject_nor_a_stranger_decides(self):
        self.user.groups.add(Group.objects.get(name="Administrator"))
        for by in (self.first, User.objects.get(pk=self.user.pk), people.staff("Deployment")):
            for act in (
                lambda by: powers.confirm(self.change, by=by),
                lambda by: powers.refuse(self.change, reason="x", by=by),
            ):
                with pytest.raises(Refused):
                    act(by)
        self.change.refresh_from_db()
        assert self.change.status == ProposalStatus.PROPOSED

    def test_nobody_proposes_for_themself(self):
        with pytest.raises(Refused, match="Nobody gives themself power"):
            powers.propose(self.first, wanted={"groups": ["Helpdesk"]}, reason="x", by=self.first)

    def test_after_seven_days_it_has_lapsed_and_another_may_be_proposed(self):
        PowerChange.objects.update(proposed_at=timezone.now() - timedelta(days=7, minutes=1))
        with pytest.raises(Refused, match="lapsed"):
            powers.confirm(PowerChange.objects.get(), by=self.second)
        powers.propose(self.user, wanted={"groups": ["Helpdesk"]}, reason="x", by=self.first)
        assert sorted(PowerChange.objects.values_list("status", flat=True)) == [
            "lapsed",
            "proposed",
        ]

    def test_what_was_proposed_of_an_account_that_changed_since_is_refused(self):
        self.user.groups.clear()
        with pytest.raises(Refused, match="changed since"):
            powers.confirm(self.change, by=self.second)

    def test_whoever_lost_their_own_power_since_their_page_was_asked_for_confirms_nothing(self):
        second = User.objects.get(pk=self.second.pk)
        assert second.has_perm("rights.decide_powerchange")  # and it is remembered
        for loss in (second.groups.clear, lambda: User.objects.update(is_active=False)):
            loss()
            with pytest.raises(Refused, match="may not decide"):
                powers.confirm(self.change, by=second)
        assert names(self.user) == ["Auditor"]

    def test_it_is_confirmed_once(self):
        powers.confirm(self.change, by=self.second)
        with pytest.raises(Refused):
            powers.confirm(self.change, by=administrator())

    def test_whoever_has_no_right_finds_no_such_page(self):
        for user in (people.staff("Deployment"), people.staff("Helpdesk"), people.staff()):
            make.sign_in(self.client, user)
            assert self.client.get(page_of(self.change)).status_code == 404
            assert self.client.get(LIST).status_code == 404

    def test_the_list_takes_as_many_queries_for_many_as_for_one(self):
        make.sign_in(self.client, self.second)
        self.client.get(LIST)
        with self.assertNumQueries(few := 9):  # with the views of the list that are kept
            self.client.get(LIST)
        for _ in range(20):
            powers.propose(
                people.staff(), wanted={"groups": ["Helpdesk"]}, reason="x", by=self.first
            )
        with self.assertNumQueries(few):
            self.client.get(LIST)

    def test_the_database_keeps_the_rules_too(self):
        now = timezone.now()
        rows = PowerChange.objects
        with refused("change_of_power_status_known"):
            rows.update(status="nonsense")
        with refused("second_person_decides_about_power"):
            rows.update(status="applied")
        with refused("second_person_decides_about_power"):
            rows.update(status="applied", decided_by=self.first, decided_at=now)
        with refused("nobody_gives_themself_power"):
            rows.update(status="applied", decided_by=self.user, decided_at=now)
        with refused("nobody_gives_themself_power"):
            rows.update(proposed_by=self.user)
        with refused("power_is_given_for_a_reason"):
            rows.update(reason="")
        with refused("one_change_of_power_waits_for_a_person"):
            rows.create(subject=self.user, was={}, wanted={}, reason="x", proposed_by=self.second)


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_one_confirms_while_another_refuses_and_one_is_done():
    user, first = people.staff("Auditor"), administrator()
    others = [administrator(), administrator()]
    change = powers.propose(user, wanted={"groups": ["Helpdesk"]}, reason="x", by=first)

    done, no = split(
        at_once(
            lambda: powers.confirm(change, by=others[0]),
            lambda: powers.refuse(change, reason="x", by=others[1]),
        )
    )
    assert len(done) == len(no) == 1
    given = done[0].status == ProposalStatus.APPLIED
    assert names(user) == (["Auditor", "Helpdesk"] if given else ["Auditor"])


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_propose_for_one_person_at_once_and_one_waits():
    user, both = people.staff("Auditor"), [administrator(), administrator()]
    acts = [
        lambda by=by: powers.propose(user, wanted={"groups": ["Helpdesk"]}, reason="x", by=by)
        for by in both
    ]
    done, no = split(at_once(*acts))
    assert len(done) == len(no) == 1
    assert PowerChange.objects.count() == 1


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_administrators_who_switch_each_other_off_are_not_both_gone():
    pair = [administrator(), administrator()]

    def switch_off(user, *, by):
        client = Client()
        make.sign_in(client, by)
        url = reverse("admin:accounts_user_change", args=[user.pk])
        groups = [*user.groups.values_list("pk", flat=True)]
        return client.post(url, {"name": user.name, "language": "en", "groups": groups})

    at_once(lambda: switch_off(pair[0], by=pair[1]), lambda: switch_off(pair[1], by=pair[0]))
    assert User.objects.filter(pk__in=[user.pk for user in pair], is_active=True).count() == 1


class Superusers(TestCase):
    def test_there_are_two_at_most(self):
        for name in ("one", "two"):
            User.objects.create_superuser(name, make.PASSWORD)
        with pytest.raises(ValidationError, match="two"):
            User.objects.create_superuser("three", make.PASSWORD)
        assert User.objects.filter(role=Role.STAFF, is_superuser=True).count() == 2

    def test_one_is_an_alarm_on_the_index(self):
        lord = make.user(Role.STAFF, is_superuser=True, name="Lord")
        make.sign_in(self.client, administrator())
        for url in ("/admin/", reverse("admin:rights_matrix")):
            self.assertContains(self.client.get(url), "Lord is a superuser")
        User.objects.filter(pk=lord.pk).update(is_active=False)
        self.assertNotContains(self.client.get("/admin/"), "is a superuser")
