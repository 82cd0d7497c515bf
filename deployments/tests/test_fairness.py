"""The fairness report: what it counts, who may ask and read, and that it is counted once."""

import csv
import io
from datetime import timedelta
from decimal import Decimal
from unittest.mock import patch

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, connection, transaction
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Entry
from accounts.services import record
from catalogue.models import StudyLevel
from cp2.rules import Refused
from cp2.tests import make
from deployments.fairness import runs
from deployments.fairness.tables import SECTIONS
from deployments.models import DeploymentStatus, FairnessReport, FairnessStatus, Waiver, WaiverUse
from vacancies.models import Vacancy
from vacancies.rules import Rule

LIST = reverse("admin:deployments_fairnessreport_changelist")
ASK = reverse("admin:deployments_fairnessreport_ask")


class Fairness(TestCase):
    def setUp(self):
        self.area = make.sub_county()
        self.exam = make.exam()
        self.station = make.station(
            sub_county=self.area, latitude=Decimal("-0.5"), longitude=Decimal("35.0")
        )
        self.post = make.post(exam=self.exam, station=self.station, required=9)
        self.director = make.director(self.area)
        self.auditor = make.user()
        self.auditor.groups.add(Group.objects.get(name="Auditor"))

    def chosen(self, *, by=None, verb="deployment.offered", status=None, **fields):
        """A deployment with the line of the trail that says who made it."""
        fields = {"post": self.post, "officer": None, **fields}
        slot = fields["post"].deployments.count() + 1
        row = make.deployment(status or DeploymentStatus.ACCEPTED, slot=slot, **fields)
        record(verb, row, by=by or self.director)
        return row

    def rows(self, key, **scope):
        report = FairnessReport(exam=self.exam, asked_by=self.auditor, **scope)
        (section,) = [each for each in SECTIONS if each.key == key]
        return section.rows(report)

    def waiting(self, **fields):
        vacancy = Vacancy.objects.first() or make.vacancy(
            exam=self.exam, position=self.post.position, sub_county=self.area
        )
        return make.application(vacancy=vacancy, **fields)


class CountedTests(Fairness):
    def test_who_chose_how_many_without_an_application(self):
        applied = self.waiting(officer=make.officer())
        self.chosen(officer=applied.officer, application=applied)
        for _each in range(3):
            self.chosen(status=DeploymentStatus.REJECTED, reason="Unwell")
        self.chosen(verb="deployment.moved")  # is no choice
        other = make.director(self.area)
        self.chosen(by=other)
        assert self.rows("directors") == [
            [other.pk, 1, 1, 100, 0],
            [self.director.pk, 4, 3, 75, 0],
        ]
        assert self.rows("positions") == [[self.post.position_id, 5, 1, 4, 80]]
        assert self.rows("how") == [
            ["deployment.offered", 5, 1],
            ["deployment.moved", 1, 0],
        ]

    def test_only_those_of_the_scope_and_the_exam(self):
        self.chosen()
        elsewhere = make.post(exam=self.exam)
        self.chosen(post=elsewhere)
        self.chosen(post=make.post(station=self.station))
        here = [[self.director.pk, 1, 1, 100, 0]]
        assert self.rows("directors", sub_county=self.area) == here
        assert self.rows("directors")[0][1] == 2
        other = make.sub_county(county="Turkana")
        self.chosen(post=make.post(exam=self.exam, station=make.station(sub_county=other)))
        assert self.rows("directors", county=other.county)[0][1] == 1
        assert self.rows("directors", county=self.area.county)[0][1] == 2

    def test_the_same_officer_at_the_same_centre_by_the_same_director(self):
        officer, last_year = make.officer(), timezone.localdate() - timedelta(days=365)
        before = make.exam(
            year=self.exam.year - 1, rehearsal_on=last_year, starts_on=last_year, ends_on=last_year
        )
        old = make.post(exam=before, station=self.station)
        years = f"{self.exam.year - 1}, {self.exam.year}"
        self.chosen(post=old, officer=officer)
        self.chosen(officer=officer)
        self.chosen()
        assert self.rows("same_centre") == [
            [self.director.pk, officer.pk, self.station.pk, 2, years]
        ]
        assert self.rows("same_officer") == [[self.director.pk, officer.pk, 2, 2, 1, years]]
        assert self.rows("service") == [[self.post.position_id, 1, 1, 0, 0]]
        # by another director it is no pattern
        again = make.officer()
        self.chosen(post=make.post(exam=before), officer=again, by=make.director(self.area))
        self.chosen(officer=again)
        assert len(self.rows("same_centre")) == 1

    def test_placed_above_applicants_who_are_better_in_one_and_no_worse_in_the_other(self):
        def person(level, years):
            officer = make.officer()
            make.qualification(officer, level=level)
            began = timezone.localdate() - timedelta(days=366 * years)
            make.work(officer, starts_on=began)
            return officer

        for level, years in (
            (StudyLevel.DEGREE, 5),  # no better than the one who was placed
            (StudyLevel.DIPLOMA, 20),  # longer, but with less study
            (StudyLevel.DEGREE, 6),
            (StudyLevel.MASTERS, 5),
        ):
            self.waiting(officer=person(level, years))
        barred = person(StudyLevel.DOCTORATE, 9)
        barred.vetting, barred.vetting_reason = "barred", "Leaked a paper"
        barred.save()
        self.waiting(officer=barred)
        row = self.chosen(officer=person(StudyLevel.DEGREE, 5))
        assert self.rows("above") == [
            [
                self.director.pk,
                row.officer_id,
                self.post.position_id,
                self.station.pk,
                "nominated",
                2,
            ]
        ]
        assert self.rows("directors") == [[self.director.pk, 1, 1, 100, 1]]

    def test_waivers_and_the_deployments_that_needed_them(self):
        row = self.chosen()
        waiver = Waiver.objects.create(
            officer=row.officer,
            exam=self.exam,
            rule=Rule.COOLING_OFF,
            reason="Nobody else",
            granted_by=self.auditor,
        )
        WaiverUse.objects.create(waiver=waiver, deployment=row)
        expected = [[Rule.COOLING_OFF.value, self.auditor.pk, 1, 0, 1]]
        assert self.rows("waivers") == expected
        place = row.officer.sub_county
        assert self.rows("waivers", sub_county=place) == expected
        assert self.rows("waivers", sub_county=make.sub_county()) == []

    def test_late_changes_by_whom_and_why(self):
        row = self.chosen()
        entry = record("deployment.cancelled", row, by=self.director, reason="Did not come")
        days = (timezone.localdate() - self.exam.starts_on).days
        assert self.rows("late_by") == [[self.director.pk, 1, 0, 0, 0, 1]]
        assert self.rows("late") == [
            [
                self.director.pk,
                "deployment.cancelled",
                entry.pk,
                row.officer_id,
                self.station.pk,
                days,
            ]
        ]
        later = timezone.localdate() + timedelta(days=30)
        self.exam.rehearsal_on = self.exam.starts_on = self.exam.ends_on = later
        self.exam.save()
        assert self.rows("late") == []

    def test_women_and_men_and_how_far_they_come(self):
        near = make.station(latitude=Decimal("-0.5"), longitude=Decimal("35.03"))
        woman = make.officer(gender="female")
        make.work(woman, station=near)
        self.chosen(officer=woman)
        self.chosen(officer=make.officer(gender="male"))
        self.chosen(status=DeploymentStatus.EXPIRED)
        assert self.rows("genders") == [[self.post.position_id, 1, 1, 0]]
        assert self.rows("distances") == [[1, 1, 0, 1, 3.3], [None, 1, 0, 1, None]]


class AskedTests(Fairness):
    def setUp(self):
        super().setUp()
        make.sign_in(self.client, self.auditor)
        self.row = self.chosen(officer=make.officer(full_name="Chebet Korir"))
        record("deployment.replaced", self.row, by=self.director, reason="Fell ill <b>today</b>")

    def ask(self, **fields):
        return self.client.post(ASK, {"exam": self.exam.pk, **fields}, follow=True)

    def test_an_auditor_asks_a_worker_counts_and_the_page_shows_it(self):
        page = self.ask(sub_county=self.area.pk)
        self.assertContains(page, 'http-equiv="refresh"')
        assert runs.work() is True
        assert runs.work() is False
        report = FairnessReport.objects.get()
        assert (report.status, report.progress) == (FairnessStatus.DONE, 100)
        assert report.result["directors"] == [[self.director.pk, 1, 1, 100, 0]]
        assert "Chebet" not in str(report.result)
        page = self.client.get(reverse("admin:deployments_fairnessreport_change", args=[report.pk]))
        self.assertContains(page, self.director.username)
        self.assertContains(page, "Chebet Korir")
        self.assertContains(page, "Fell ill &lt;b&gt;today&lt;/b&gt;")
        self.assertNotContains(page, 'http-equiv="refresh"')
        self.assertContains(self.client.get(LIST), "100 %")
        assert Entry.objects.filter(verb="fairness.asked", actor=self.auditor).count() == 1

    def test_one_report_of_a_scope_at_a_time(self):
        self.ask()
        self.assertContains(self.ask(), "is being counted already")
        self.ask(sub_county=self.area.pk)
        assert FairnessReport.objects.count() == 2
        with pytest.raises(Refused):
            runs.ask(self.exam, by=self.auditor)
        runs.work()
        self.ask()
        assert FairnessReport.objects.count() == 3

    def test_a_sub_county_of_another_county_is_refused(self):
        other = make.sub_county(county="Turkana").county
        self.assertContains(
            self.ask(county=other.pk, sub_county=self.area.pk), "is of another county"
        )
        self.assertContains(self.ask(exam=""), "Choose the exam")
        assert not FairnessReport.objects.exists()

    def test_each_table_leaves_as_a_file_and_the_trail_says_so(self):
        self.ask()
        runs.work()
        report = FairnessReport.objects.get()
        for section in SECTIONS:
            url = reverse("admin:deployments_fairnessreport_files", args=[report.pk, section.key])
            answer = self.client.post(url, {"as": "csv"})
            text = b"".join(answer.streaming_content).decode("utf-8-sig")
            lines = list(csv.reader(io.StringIO(text, newline="")))
            assert len(lines) == 1 + len(report.result[section.key])
        entry = Entry.objects.filter(verb="fairness.taken").first()
        assert (entry.actor, entry.details["table"]) == (self.auditor, "service")
        assert self.client.post(url, {"as": "exe"}).status_code == 404
        assert self.client.get(url).status_code == 405
        nosuch = reverse("admin:deployments_fairnessreport_files", args=[report.pk, "nosuch"])
        assert self.client.post(nosuch, {"as": "csv"}).status_code == 404

    def test_directors_and_other_groups_find_nothing(self):
        helpdesk = make.user()
        helpdesk.groups.add(Group.objects.get(name="Helpdesk"))
        for user in (self.director, helpdesk):
            make.sign_in(self.client, user)
            for url in (LIST, ASK):
                assert self.client.get(url).status_code == 404
            assert self.client.post(ASK, {"exam": self.exam.pk}).status_code == 404
        assert not FairnessReport.objects.exists()

    def test_the_page_takes_as_many_queries_for_many_rows_as_for_one(self):
        def look():
            report = runs.ask(self.exam, by=self.auditor)
            runs.work()
            url = reverse("admin:deployments_fairnessreport_change", args=[report.pk])
            with CaptureQueriesContext(connection) as queries:
                self.client.get(url)
            return len(queries)

        before = look()
        assert before <= 12  # of them five for names
        for _each in range(5):
            self.chosen(by=make.director(self.area))
        assert look() == before


class WorkerTests(Fairness):
    def setUp(self):
        super().setUp()
        self.report = runs.ask(self.exam, by=self.auditor)

    def test_what_breaks_is_tried_again_and_fails_in_the_end(self):
        with patch("deployments.fairness.runs._note", side_effect=RuntimeError("broken")):
            for _each in range(runs.MOST_ATTEMPTS):
                assert runs.work() is True
        self.report.refresh_from_db()
        assert self.report.status == FairnessStatus.FAILED
        assert self.report.failure == "RuntimeError: broken"
        assert runs.work() is False

    def test_the_next_worker_takes_what_a_dead_one_had(self):
        taken = runs._take()
        assert runs.work() is False  # somebody works at it
        FairnessReport.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        assert runs.work() is True
        self.report.refresh_from_db()
        assert (self.report.status, self.report.attempts) == (FairnessStatus.DONE, 2)
        with pytest.raises(runs.Lost):  # the dead one wakes up: its report is another's
            runs._note(taken, 50)

    def test_one_that_kills_its_workers_fails(self):
        for _each in range(runs.MOST_ATTEMPTS + 1):
            runs._take()
            FairnessReport.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        self.report.refresh_from_db()
        assert self.report.status == FairnessStatus.FAILED


class DatabaseTests(Fairness):
    def refuses(self, constraint, **fields):
        report = FairnessReport(exam=self.exam, asked_by=self.auditor, **fields)
        with pytest.raises(IntegrityError) as caught, transaction.atomic():
            report.save()
        assert caught.value.__cause__.diag.constraint_name == constraint

    def test_what_no_report_may_be(self):
        now = timezone.now()
        self.refuses("fairness_report_status", status="lost")
        self.refuses("fairness_report_progress", progress=101)
        self.refuses("fairness_report_has_one_scope", county=self.area.county, sub_county=self.area)
        self.refuses("done_fairness_report_has_its_day", status=FairnessStatus.DONE)
        self.refuses("done_fairness_report_has_its_day", done_at=now)
        runs.ask(self.exam, by=self.auditor)
        self.refuses("one_fairness_report_of_a_scope_at_work")
        self.refuses("one_fairness_report_of_a_scope_at_work", status=FairnessStatus.WORKING)
