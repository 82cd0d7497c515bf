"""The centre's list of officers, on screen, on paper and in a spreadsheet."""

import csv
import io
from datetime import timedelta

from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Entry
from attendance.tests import world
from cp2.tests import make
from deployments.models import Deployment, DeploymentStatus, Letter
from deployments.pdf import in_groups


class Officers(TestCase):
    def setUp(self):
        self.centre = world.centre(officers=3)
        self.client.force_login(self.centre.user)

    def test_page_shows_name_position_gender_id_number_and_status(self):
        page = self.client.get(self.centre.url("officers"))

        for deployment in self.centre.deployments:
            officer = deployment.officer
            self.assertContains(page, officer.full_name, html=True)
            self.assertContains(page, officer.national_id)
        for text in ["Centre Manager", "Invigilator", "Female", "Accepted"]:
            self.assertContains(page, text)

    def test_offered_officers_show_those_who_rejected_or_left_do_not(self):
        post = self.centre.invigilators
        offered = make.deployment(DeploymentStatus.OFFERED, post=post, slot=10)
        gone = [
            make.deployment(status, post=post, slot=11 + n)
            for n, status in enumerate(
                [
                    DeploymentStatus.REJECTED,
                    DeploymentStatus.EXPIRED,
                    DeploymentStatus.CANCELLED,
                    DeploymentStatus.MOVED,
                ]
            )
        ]

        page = self.client.get(self.centre.url("officers"))

        self.assertContains(page, offered.officer.national_id)
        for deployment in gone:
            self.assertNotContains(page, deployment.officer.national_id)

    def test_officers_of_other_centres_and_other_exams_do_not_show(self):
        elsewhere = world.centre(officers=1, exam=self.centre.entry.exam)
        other_exam = make.deployment(post=make.post(station=self.centre.entry.station))

        page = self.client.get(self.centre.url("officers"))

        self.assertNotContains(page, elsewhere.deployments[0].officer.national_id)
        self.assertNotContains(page, other_exam.officer.national_id)

    def test_exam_that_the_centre_is_not_entered_for_is_not_found(self):
        other = world.centre(officers=1)
        for name in ("officers", "officers_csv", "officers_pdf"):
            assert self.client.get(other.url(name)).status_code == 404

    def test_spreadsheet_holds_the_list_and_runs_nothing(self):
        officer = self.centre.deployments[1].officer
        officer.full_name = "=HYPERLINK(1)"
        officer.save()

        response = self.client.get(self.centre.url("officers_csv"))

        assert response.headers["Content-Type"] == "text/csv"
        assert f"officers-{self.centre.entry.station.code}.csv" in response["Content-Disposition"]
        rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"), newline="")))
        assert rows[0][:4] == ["Number", "Name", "Position", "Gender"]
        assert len(rows) == 4
        assert {row[4] for row in rows[1:]} == {
            deployment.officer.national_id for deployment in self.centre.deployments
        }
        assert "'=HYPERLINK(1)" in {row[1] for row in rows}
        assert [row[0] for row in rows[1:]] == ["1", "2", "3"]

    def test_paper_is_a_pdf(self):
        response = self.client.get(self.centre.url("officers_pdf"))

        assert response.headers["Content-Type"] == "application/pdf"
        assert response.content.startswith(b"%PDF-")

    def test_every_list_that_leaves_is_on_record(self):
        self.client.get(self.centre.url("officers_csv"))
        self.client.get(self.centre.url("officers_pdf"))

        entries = Entry.objects.about(self.centre.entry).order_by("pk")
        assert [(e.verb, e.actor, e.details["file"]) for e in entries] == [
            ("list.taken", self.centre.user, "officers.csv"),
            ("list.taken", self.centre.user, "officers.pdf"),
        ]

    def test_only_reading_is_possible(self):
        for name in ("officers", "officers_csv", "officers_pdf", "days", "return_pdf"):
            assert self.client.post(self.centre.url(name)).status_code == 405

    def test_sixty_officers_come_in_pages_of_25_and_cost_no_more_queries(self):
        large = world.centre(officers=60)
        counts = []
        for centre, url in [
            (self.centre, self.centre.url("officers")),
            (large, large.url("officers")),
        ]:
            self.client.force_login(centre.user)
            with CaptureQueriesContext(connection) as queries:
                page = self.client.get(url)
            counts.append(len(queries))

        assert counts[0] == counts[1] <= 8
        assert len(page.context["page"]) == 25
        last = self.client.get(large.url("officers") + "?page=3")
        assert len(last.context["page"]) == 10

    def test_pages_that_are_none_show_one_that_is(self):
        for page in ["0", "-1", "x", "9" * 5000, "\0", "1e3"]:
            response = self.client.get(self.centre.url("officers"), {"page": page})
            assert response.status_code == 200


class ChangedTests(TestCase):
    """What a director does shows at once, to the centre that somebody leaves and to the other."""

    def setUp(self):
        self.centre = world.centre(officers=2)
        self.exam, self.station = self.centre.entry.exam, self.centre.entry.station
        make.terms(self.exam, self.centre.invigilators.position)
        self.director = make.director(self.station.sub_county)
        self.officer = self.centre.deployments[1].officer

    def read(self, centre):
        """As it is without any change in between: the list, and who is no longer expected."""
        self.client.force_login(centre.user)
        page = self.client.get(centre.url("officers"))
        assert "no-store" in page["Cache-Control"] or "private" in page["Cache-Control"]
        return page

    def change(self, name, **fields):
        make.sign_in(self.client, self.director)
        row = self.centre.deployments[1]
        answer = self.client.post(
            reverse(f"deployments:area_{name}", args=[row.pk]),
            {"from_day": make.today().isoformat(), "reason": "Illness", **fields},
        )
        assert answer.status_code == 302, answer.content

    def test_a_redeployed_officer_shows_at_both_centres_with_the_next_look(self):
        station = make.station(sub_county=self.station.sub_county)
        other = world.centre(officers=0, exam=self.exam, station=station)
        assert self.officer in [row.officer for row in self.read(self.centre).context["page"]]
        assert list(self.read(other).context["page"]) == []

        self.change("redeploy", station=station.pk)

        here, there = self.read(self.centre), self.read(other)
        assert self.officer not in [row.officer for row in here.context["page"]]
        (gone,) = here.context["left"]
        assert (gone.officer, gone.since) == (self.officer, make.today())
        (come,) = there.context["page"]
        assert (come.officer, come.starts_on, come.new) == (self.officer, make.today(), True)
        code = Letter.objects.current().get(deployment__officer=self.officer).code
        assert come.code == in_groups(code)
        self.assertContains(there, come.code)

    def test_whoever_comes_instead_is_named(self):
        officer = make.officer(full_name="Chebet Korir", sub_county=self.station.sub_county)
        self.change("replace", officer=officer.pk)
        page = self.read(self.centre)
        assert officer in [row.officer for row in page.context["page"]]
        (gone,) = page.context["left"]
        assert (gone.officer, gone.successor) == (self.officer, "Chebet Korir")

    def test_one_who_is_called_off_is_gone_from_the_spreadsheet_as_from_today(self):
        make.sign_in(self.client, self.director)
        row = self.centre.deployments[1]
        url = reverse("deployments:area_cancel", args=[row.pk])
        self.client.post(url, {"reason": "Not needed"})

        self.client.force_login(self.centre.user)
        answer = self.client.get(self.centre.url("officers_csv"))
        rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
        assert [each["Name"] for each in rows] == [
            self.centre.deployments[0].officer.full_name, self.officer.full_name
        ]  # fmt: skip
        assert [each["Left since"] for each in rows] == ["", make.today().isoformat()]
        assert self.officer.national_id not in answer.text
        assert self.client.get(self.centre.url("officers_pdf")).content.startswith(b"%PDF-")

    def test_who_is_new_since_yesterday(self):
        Deployment.objects.update(offered_at=timezone.now() - timedelta(days=3))
        self.assertNotContains(self.read(self.centre), "New")
        Deployment.objects.filter(officer=self.officer).update(answered_at=timezone.now())
        self.assertContains(self.read(self.centre), ">New<", count=1)
