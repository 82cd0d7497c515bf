"""The trail as auditors search it, and one row's whole history."""

from datetime import timedelta

from django.contrib.auth.models import Group
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Entry
from accounts.services import record
from attendance.models import MarkStatus
from cp2.audit.models import Change
from cp2.audit.words import details
from cp2.rules import Role
from cp2.tests import make
from deployments.models import Deployment, DeploymentStatus
from profiles.models import Officer

TRAIL = reverse("admin:audit_trail")


def staff(group, **fields):
    user = make.user(Role.STAFF, **fields)
    user.groups.add(Group.objects.get(name=group))
    return user


def history_of(row):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_history", args=[row.pk])


class SearchTests(TestCase):
    def setUp(self):
        self.auditor = staff("Auditor", username="an-auditor")
        make.sign_in(self.client, self.auditor)
        self.clerk = make.user(Role.STAFF, username="a-clerk", name="Akinyi Otieno")
        self.officer = make.officer(full_name="Barasa Wafula")
        self.exam = make.exam()
        self.changed = record("exam.changed", self.exam, by=self.clerk)
        self.seen = record("officer.viewed", self.officer, by=self.clerk)

    def found(self, **asked):
        page = self.client.get(TRAIL, asked)
        assert page.status_code == 200
        return [line.entry for line in page.context["lines"]]

    def test_it_is_found_by_who_did_it_whatever_is_known_of_them(self):
        own = record("officer.submitted", self.officer, by=self.officer.user)
        for typed in ("a-clerk", "A-CLERK", "Akinyi", "Akinyi Otieno", "a-cl"):
            assert self.found(who=typed) == [self.seen, self.changed], typed
        local = "0" + self.officer.phone[3:]
        for typed in ("Barasa Waf", self.officer.phone, local):
            assert self.found(who=typed) == [own], typed
        page = self.client.get(TRAIL, {"who": "nobody"})
        self.assertContains(page, "Nobody is called so")

    def test_a_kind_of_thing_is_found_together_with_who_did_it_or_whose_it_is(self):
        assert self.found(kind="catalogue.exam", who="a-clerk") == [self.changed]
        assert self.found(kind="catalogue.exam", actor=self.clerk.pk) == [self.changed]
        assert self.found(kind="profiles.officer", about=self.officer.phone) == [self.seen]

    def test_the_list_of_entries_masks_the_numbers_that_were_written_down(self):
        looked = record("number.looked_up", self.auditor, by=self.clerk, phone="254711222333")
        for name, args in (("changelist", []), ("change", [looked.pk])):
            page = self.client.get(reverse(f"admin:accounts_entry_{name}", args=args))
            self.assertContains(page, "number.looked_up")
            self.assertContains(page, "•333")
            self.assertNotContains(page, "711222333")

    def test_of_several_who_are_called_so_one_is_chosen(self):
        other = make.user(Role.STAFF, username="b-clerk", name="Akinyi Wanjiru")
        page = self.client.get(TRAIL, {"who": "Akinyi", "verb": "exam.changed"})
        assert page.context["candidates"] == [self.clerk, other]
        assert f"actor={self.clerk.pk}" in page.content.decode()
        assert self.found(who="Akinyi", verb="exam.changed", actor=self.clerk.pk) == [self.changed]

    def test_it_is_found_by_whom_it_is_about_with_all_that_is_theirs(self):
        deployment = make.deployment(officer=self.officer)
        deployed = record("deployment.offered", deployment, by=self.clerk)
        opened = record("account.opened", self.officer.user, by=self.officer.user)
        record("officer.vetted", make.officer(), by=self.clerk)
        for typed in (self.officer.phone, self.officer.national_id):
            assert self.found(about=typed) == [opened, deployed, self.seen], typed
        page = self.client.get(TRAIL, {"about": self.officer.national_id[:-1]})
        self.assertContains(page, "No officer has this number.")

    def test_who_looked_at_whom_is_found_by_either(self):
        asked = {"verb": "officer.viewed"}
        assert self.found(**asked, who="a-clerk") == [self.seen]
        assert self.found(**asked, about=self.officer.national_id) == [self.seen]

    def test_it_is_found_by_the_thing_by_what_was_done_and_by_when(self):
        assert self.found(kind="catalogue.exam", number=self.exam.pk) == [self.changed]
        assert self.changed in self.found(number=self.exam.pk)
        assert self.found(verb="exam.changed") == [self.changed]
        now = timezone.localtime()
        before, after = (
            f"{now + delta:%Y-%m-%dT%H:%M}" for delta in (timedelta(hours=-1), timedelta(hours=1))
        )
        assert self.found(since=before, until=after, verb="exam.changed") == [self.changed]
        assert self.found(since=after) == []
        assert self.found(until=before) == []

    def test_a_kind_without_a_number_is_asked_for_it(self):
        page = self.client.get(TRAIL, {"kind": "catalogue.exam"})
        self.assertContains(page, "Enter the number as well")
        page = self.client.get(TRAIL, {"since": "2026-02-01T00:00", "until": "2026-01-01T00:00"})
        self.assertContains(page, "before the time that it is to begin at")

    def test_pages_go_from_one_number_to_the_next_and_cost_the_same(self):
        def ask(**asked):
            with CaptureQueriesContext(connection) as queries:
                page = self.client.get(TRAIL, asked)
            return page, len(queries)

        _page, few = ask(verb="exam.changed")
        for number in range(60):
            record("exam.changed", make.user(Role.STAFF), by=make.user(Role.STAFF), n=number)
        page, many = ask(verb="exam.changed")
        assert many == few <= 8
        assert len(page.context["lines"]) == 50
        later, _cost = ask(verb="exam.changed", before=page.context["older"])
        assert len(later.context["lines"]) == 11
        assert later.context["older"] is None

    def test_whatever_is_typed_it_answers(self):
        for typed in ("'", "\x00", "9" * 40, "-1", "٣", "%", "a b"):
            for name in ("who", "about", "kind", "number", "verb", "since", "actor", "before"):
                assert self.client.get(TRAIL, {name: typed}).status_code == 200, (name, typed)

    def test_numbers_in_the_details_are_masked(self):
        record("number.looked_up", self.clerk, by=self.clerk, phone="254712345678")
        record("note.made", self.clerk, by=self.clerk, text="Call 0712345678 about 12 posts")
        page = self.client.get(TRAIL).content.decode()
        assert "2345678" not in page
        assert "•••••678" in page
        assert "about 12 posts" in page

    def test_it_is_for_those_alone_who_read_the_trail(self):
        for group in ("Deployment", "Finance preparer", "Finance approver", "Helpdesk"):
            make.sign_in(self.client, staff(group))
            assert self.client.get(TRAIL).status_code == 404


class TakenTests(TestCase):
    def setUp(self):
        self.auditor, self.clerk, self.exam = staff("Auditor"), make.user(Role.STAFF), make.exam()
        make.sign_in(self.client, self.auditor)
        record("exam.changed", self.exam, by=self.clerk, said="=1+1")
        record("exam.opened", self.exam, by=self.clerk)

    def take(self, ending, **asked):
        url = reverse("admin:audit_trail_files", query=asked)
        return self.client.post(url, {"as": ending})

    def test_what_was_searched_is_taken_away_and_that_is_in_the_trail(self):
        for number in range(3):
            record("exam.changed", self.exam, by=self.clerk, n=number)
        file = b"".join(self.take("csv", verb="exam.changed").streaming_content).decode()
        assert file.count("exam.changed") == 4
        assert "exam.opened" not in file
        taken = Entry.objects.get(verb="trail.taken")
        assert taken.actor == self.auditor
        assert taken.details == {
            "kind": "csv",
            "rows": 4,
            "asked": {"verb": "exam.changed"},
        }

    def test_whom_it_was_about_is_told_by_the_number_of_an_account(self):
        officer = make.officer()
        self.take("csv", about=officer.phone)
        taken = Entry.objects.get(verb="trail.taken")
        assert taken.details["asked"]["about"] == officer.user_id
        assert officer.phone not in str(taken.details)

    def test_every_block_is_in_the_file(self):
        from cp2.audit import views

        for number in range(25):
            record("exam.changed", self.exam, by=None, n=number)
        found = views.search_all()
        with self.subTest("small blocks"):
            views.BLOCK, kept = 10, views.BLOCK
            try:
                assert list(views.in_blocks(found)) == list(found)
            finally:
                views.BLOCK = kept

    def test_too_much_is_refused_with_what_to_do(self):
        from cp2.audit import views

        views.MOST_TAKEN, kept = 1, views.MOST_TAKEN
        try:
            page = self.client.post(
                reverse("admin:audit_trail_files", query={"who": self.clerk.username}),
                {"as": "csv"},
                follow=True,
            )
        finally:
            views.MOST_TAKEN = kept
        self.assertContains(page, "Narrow the time")
        assert not Entry.objects.filter(verb="trail.taken").exists()

    def test_what_cannot_be_asked_is_not_taken(self):
        assert self.take("csv", kind="catalogue.exam").status_code == 302
        assert self.take("exe", verb="exam.changed").status_code == 404
        assert not Entry.objects.filter(verb="trail.taken").exists()


class HistoryTests(TestCase):
    def setUp(self):
        self.clerk = staff("Deployment", name="Akinyi Otieno")
        make.sign_in(self.client, self.clerk)

    def page(self, row, status=200):
        page = self.client.get(history_of(row))
        assert page.status_code == status
        return page

    def test_a_row_tells_what_was_done_and_what_changed_by_whom_and_through_what(self):
        deployment = make.deployment(DeploymentStatus.OFFERED)
        record("deployment.accepted", deployment, by=self.clerk)
        Deployment.objects.filter(pk=deployment.pk).update(
            status=DeploymentStatus.ACCEPTED, reason="Closer to home"
        )
        (changed, done) = self.page(deployment).context["history"].events[:2]
        if changed.what != "Changed":
            changed, done = done, changed
        assert done.what == "deployment.accepted"
        assert done.who == "Akinyi Otieno"
        assert changed.fields == [
            ("status", "Offered", "Accepted"),
            ("reason", "–", "Closer to home"),
        ]
        assert changed.through.startswith("database: ")

    def test_numbers_are_masked(self):
        officer = make.officer(national_id="23456789")
        Officer.objects.filter(pk=officer.pk).update(
            national_id="23456111", payee_phone="254722333444"
        )
        page = self.page(officer).content.decode()
        for number in ("23456789", "23456111", "254722333444"):
            assert number not in page
        assert "•••••789" in page
        assert "•••••111" in page

    def test_who_looked_at_somebody_is_for_those_who_read_the_trail(self):
        officer = make.officer()
        record("officer.viewed", officer, by=self.clerk)
        assert "officer.viewed" not in self.page(officer).content.decode()
        make.sign_in(self.client, staff("Auditor"))
        assert "officer.viewed" in self.page(officer).content.decode()

    def test_an_officer_has_the_changes_of_the_account_and_of_the_bank_for_who_may_see_them(self):
        officer = make.officer()
        account = make.bank_account(officer)
        account.number = "9876543210"
        account.save()
        officer.user.is_active = False
        officer.user.save()
        assert "bank account" not in self.page(officer).content.decode()
        make.sign_in(self.client, staff("Auditor"))
        page = self.page(officer).content.decode()
        assert f"bank account {account.pk}" in page
        assert "9876543210" not in page
        assert "Active" in page

    def test_a_mark_tells_what_it_was(self):
        mark = make.mark(make.deployment())
        mark.status = MarkStatus.ABSENT
        mark.save()
        (event,) = self.page(mark).context["history"].events
        assert event.fields == [("status", "P", "Ab")]

    def test_given_groups_are_told_by_name(self):
        make.sign_in(self.client, staff("Auditor"))
        user = staff("Helpdesk")
        assert "Helpdesk" in self.page(user).content.decode()

    def test_who_may_not_see_a_row_may_not_see_what_became_of_it(self):
        self.page(make.claim(), status=404)
        make.sign_in(self.client, staff("Finance preparer"))
        self.page(make.claim())
        self.page(make.deployment(), status=404)

    def test_it_costs_the_same_with_many_changes(self):
        deployment = make.deployment()
        Deployment.objects.update(reason="x")
        with CaptureQueriesContext(connection) as few:
            self.page(deployment)
        for number in range(50):
            Deployment.objects.update(reason=f"{number}")
            record("deployment.accepted", deployment, by=make.user(Role.STAFF))
        with CaptureQueriesContext(connection) as many:
            self.page(deployment)
        assert len(many) == len(few) <= 13  # five of them for the name of a deployment


class ContextTests(TestCase):
    def test_a_page_is_told_by_its_pattern_and_who_had_signed_in(self):
        deployment = make.deployment(DeploymentStatus.OFFERED)
        officer = deployment.officer.user
        self.client.force_login(officer)
        before = Change.objects.count()
        self.client.post(reverse("deployments:accept", args=[deployment.pk]))
        changes = Change.objects.about(deployment)[: Change.objects.count() - before]
        assert {change.actor for change in changes} == {officer}
        assert {change.through for change in changes} == {"page /deployments/<int:pk>/accept/"}
        assert ["offered", "accepted"] in [change.fields.get("status") for change in changes]

    def test_an_address_with_a_secret_leaves_none(self):
        assert not Change.objects.filter(through__contains="secret-of-the-tests").exists()

    def test_a_task_is_told_by_its_name(self):
        from celery import shared_task

        deployment = make.deployment()

        @shared_task(name="tests.touch")
        def touch():
            Deployment.objects.filter(pk=deployment.pk).update(reason="by a task")

        touch.apply()
        change = Change.objects.about(deployment).first()
        assert change
        assert (change.through, change.actor) == ("task tests.touch", None)

    def test_a_page_asks_the_database_no_more_often_for_it(self):
        make.sign_in(self.client, staff("Deployment"))
        url = reverse("admin:profiles_officer_changelist")
        self.client.get(url)
        with CaptureQueriesContext(connection) as queries:
            self.client.get(url)
        assert not [query for query in queries if "pghistory" in query["sql"]]


def test_details_hide_numbers_and_nothing_else():
    assert details({"phone": "254712345678", "was": {"payee_phone": "0722333444"}}) == {
        "phone": "•••••678",
        "was": {"payee_phone": "•••••444"},
    }
    assert details({"rows": 4, "ok": True, "gaps": ["a", None], "name": "x"}) == {
        "rows": 4,
        "ok": True,
        "gaps": ["a", None],
        "name": "x",
    }


class ListTests(TestCase):
    def test_changes_and_seals_are_listed_for_auditors(self):
        from cp2.audit import sealing

        make.sign_in(self.client, staff("Auditor"))
        officer = make.officer(national_id="23456789")
        Officer.objects.filter(pk=officer.pk).update(national_id="23456111")
        sealing.seal(patience=0)
        page = self.client.get(reverse("admin:audit_change_changelist")).content.decode()
        assert "•••••789 → •••••111" in page
        assert "23456789" not in page
        page = self.client.get(reverse("admin:audit_seal_changelist"))
        self.assertContains(page, "Nobody has verified the trail yet.")
        self.assertContains(page, "Changes of rows")

    def test_verifying_is_started_from_the_list_of_seals(self):
        from cp2.audit import sealing
        from cp2.runs import services as runs
        from cp2.runs.models import Run

        make.sign_in(self.client, staff("Auditor"))
        record("exam.changed", make.exam(), by=None)
        sealing.seal(patience=0)
        answer = self.client.post(reverse("admin:audit_seal_verify"))
        run = Run.objects.get()
        self.assertRedirects(answer, reverse("admin:runs_run_change", args=[run.pk]))
        page = self.client.post(reverse("admin:audit_seal_verify"), follow=True)
        self.assertContains(page, "This is being done already")
        runs.finish(run)
        page = self.client.get(reverse("admin:audit_seal_changelist"))
        self.assertContains(page, "Everything was as it was sealed.")
