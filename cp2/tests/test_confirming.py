"""The page between an action of an admin's list and its doing."""

from django.contrib.auth.models import Group
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_webtest import WebTest

from accounts.models import Entry
from cp2 import confirming
from cp2.rules import Role
from cp2.tests import make
from deployments.models import Deployment, DeploymentStatus
from profiles.models import Officer, Vetting

DEPLOYMENTS = reverse("admin:deployments_deployment_changelist")
OFFICERS = reverse("admin:profiles_officer_changelist")


def clerk(client):
    user = make.user(Role.STAFF)
    user.groups.set(Group.objects.filter(name="Deployment"))
    make.sign_in(client, user)
    return user


class Between(WebTest):
    def setUp(self):
        self.me = clerk(self.client)
        self.app.set_cookie("session", self.client.cookies["session"].value)
        self.rows = [make.deployment() for _each in range(3)]

    def choose(self, *rows, query=""):
        form = self.app.get(f"{DEPLOYMENTS}?{query}").forms["changelist-form"]
        form["action"] = "cancel"
        wanted = {str(row.pk) for row in rows}
        for box in form.fields["_selected_action"]:
            box.checked = box._value in wanted
        return form.submit("index", value="0")

    def answer(self, page, **typed):
        form = next(form for form in page.forms.values() if "confirmed" in form.fields)
        for name, value in typed.items():
            form[name] = value
        return form.submit()

    def statuses(self):
        rows = Deployment.objects.filter(pk__in=[row.pk for row in self.rows]).order_by("pk")
        return [row.status for row in rows]

    def test_says_how_many_which_and_what_becomes_of_them(self):
        page = self.choose(*self.rows[:2])
        assert "<b>2</b> deployments" in page
        assert "their letters are void" in page
        assert str(self.rows[0]) in page.html.text
        assert str(self.rows[2]) not in page.html.text
        assert set(self.statuses()) == {DeploymentStatus.ACCEPTED}

    def test_does_it_to_those_with_the_reason(self):
        back = self.answer(self.choose(*self.rows[:2]), reason="Closed").follow()
        assert "2 deployments cancelled." in back
        assert self.statuses() == ["moved", "moved", "accepted"]  # they have worked a day already
        entries = Entry.objects.filter(actor=self.me, details__reason="Closed")
        assert {entry.subject_id for entry in entries} == {row.pk for row in self.rows[:2]}

    def test_without_a_reason_it_asks_again_and_keeps_the_rows(self):
        page = self.answer(self.choose(*self.rows[:2]))
        assert "Enter the reason" in page
        assert "2 deployments cancelled." in self.answer(page, reason="Closed").follow()

    def test_the_list_stays_narrowed_throughout(self):
        page = self.choose(self.rows[0], query="status__exact=accepted")
        back = self.answer(page, reason="Closed")
        assert back.location.endswith("?status__exact=accepted")

    def test_a_row_that_left_the_list_meanwhile_stops_it(self):
        page = self.choose(*self.rows, query="status__exact=accepted")
        Deployment.objects.filter(pk=self.rows[0].pk).update(status="cancelled")
        assert "not in the list any more" in self.answer(page, reason="Closed").follow()
        assert self.statuses() == ["cancelled", "accepted", "accepted"]

    def test_one_that_is_refused_is_named_and_keeps_no_other_from_it(self):
        page = self.choose(*self.rows)
        Deployment.objects.filter(pk=self.rows[0].pk).update(status="cancelled")
        back = self.answer(page, reason="Closed").follow()
        assert "2 deployments cancelled." in back
        self.rows[0].refresh_from_db()
        assert f"{self.rows[0].serial}: " in back


class OddSelections(TestCase):
    def setUp(self):
        clerk(self.client)
        self.officer = make.officer(vetting=Vetting.PENDING)

    def post(self, *pks, **fields):
        data = {"action": "vet", "_selected_action": pks, **fields}
        return self.client.post(OFFICERS, data, follow=True)

    def test_nothing_chosen_is_said_and_changes_nothing(self):
        page = self.client.post(OFFICERS, {"action": "vet", "index": "0"}, follow=True)
        assert "Items must be selected" in page.text

    def test_rows_that_are_not_there_change_nothing(self):
        assert "None of these rows is in the list" in self.post(0).text
        for odd in ("nonsense", "9" * 30, "\x00"):
            assert self.post(odd).status_code in {200, 404}, odd
            assert self.post(self.officer.pk, odd, confirmed="1").status_code in {200, 404}, odd
        assert Officer.objects.get(pk=self.officer.pk).vetting == Vetting.PENDING

    def test_more_than_may_be_done_at_once_are_refused(self):
        for _each in range(100):
            make.officer(vetting=Vetting.PENDING)
        pks = [*Officer.objects.values_list("pk", flat=True)]
        assert "At most 100 at once" in self.post(*pks).text
        everything = self.post(self.officer.pk, select_across="1", confirmed="1")
        assert "At most 100 at once" in everything.text
        assert not Officer.objects.filter(vetting=Vetting.VETTED).exists()

    def test_the_page_costs_the_same_for_one_row_as_for_many(self):
        others = [make.officer(vetting=Vetting.PENDING) for _each in range(40)]

        def cost(*rows):
            with CaptureQueriesContext(connection) as queries:
                page = self.post(*(row.pk for row in rows))
            assert f"<b>{len(rows)}</b>" in page.text
            return len(queries)

        assert cost(self.officer) == cost(*others)
        page = self.post(*(row.pk for row in others))
        assert f"and {40 - confirming.NAMED} more" in page.text
