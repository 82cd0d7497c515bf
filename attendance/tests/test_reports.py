"""The supervisor's daily report: who writes it, until when, and who reads it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import time, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import TestCase, TransactionTestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_webtest import WebTest

from accounts.models import Entry
from attendance import services
from attendance.models import SupervisorReport
from attendance.tests import world
from catalogue.models import ExamDay, Office, PositionTerms
from cp2.rules import Refused
from cp2.tests import make
from deployments.models import DeploymentStatus

DAY = timedelta(days=1)
SAID = {"candidates_absent": 2, "incidents": ""}


def supervisor(centre=None, **fields):
    """Who is to report every day, at a centre of 60 candidates."""
    centre = centre or world.centre()
    exam, position = centre.entry.exam, make.position("SUP")
    make.terms(exam, position, reports_daily=True)
    post = make.post(exam=exam, station=centre.entry.station, position=position)
    return make.deployment(post=post, officer=make.officer(), **fields)


def url(deployment, day=None):
    return reverse("attendance:report", args=[deployment.pk, day or make.today()])


class Written(WebTest):
    def setUp(self):
        self.centre = world.centre()
        self.deployment = supervisor(self.centre)
        self.user = self.deployment.officer.user

    def form(self, day=None, deployment=None):
        page = self.app.get(url(deployment or self.deployment, day), user=self.user)
        return page.forms[1]

    def fill(self, form, **fields):
        for name, value in {"candidates_absent": "1", **fields}.items():
            form[name] = value
        return form


class WriteTests(Written):
    def test_from_home_to_the_report_and_back(self):
        home = self.app.get(reverse("home"), user=self.user)
        days = home.click("Daily report")
        page = days.click("Write", index=0)
        form = self.fill(
            page.forms[1],
            incidents="One candidate fell ill.",
            materials_in_at="06:50",
            materials_out_at="12:10",
            second_in_at="12:20",
            second_out_at="17:05",
        )
        back = form.submit().follow()
        assert "is saved" in back.text
        report = SupervisorReport.objects.get()
        assert (report.deployment, report.day) == (self.deployment, make.today())
        assert (report.candidates_absent, report.incidents) == (1, "One candidate fell ill.")
        assert (report.materials_in_at, report.materials_out_at) == (time(6, 50), time(12, 10))
        assert (report.second_in_at, report.second_out_at) == (time(12, 20), time(17, 5))
        assert not Entry.objects.filter(verb="report.corrected").exists()

    def test_the_deployments_page_leads_there_too_while_they_serve(self):
        page = self.app.get(
            reverse("deployments:detail", args=[self.deployment.pk]), user=self.user
        )
        assert reverse("attendance:reports") in page.text
        self.deployment.ends_on = make.today() - DAY
        self.deployment.save()
        page = self.app.get(
            reverse("deployments:detail", args=[self.deployment.pk]), user=self.user
        )
        assert reverse("attendance:reports") not in page.text

    def test_the_days_are_listed_as_written_due_and_missed(self):
        yesterday = make.today() - DAY
        SupervisorReport.objects.create(deployment=self.deployment, day=yesterday)
        rows = self.app.get(reverse("attendance:reports"), user=self.user).context["page"]
        states = {row.day: row.state for row in rows}
        assert len(states) == 8  # from the rehearsal a week ago until today
        assert states[make.today()] == "pending"
        assert states[yesterday] == "submitted"
        assert {states[day] for day in states if day < yesterday} == {"missing"}

    def test_a_day_on_which_the_centre_does_not_work_needs_none(self):
        today = make.today()
        ExamDay.objects.filter(exam=self.centre.entry.exam, day=today).update(papers=["101/1"])
        self.centre.entry.papers = ["443/1"]
        self.centre.entry.save()
        rows = self.app.get(reverse("attendance:reports"), user=self.user).context["page"]
        assert today not in {row.day for row in rows}
        page = self.app.get(url(self.deployment), user=self.user)
        assert "not expected at this centre on this day" in page.text

    def test_a_kind_of_day_that_is_not_paid_needs_none(self):
        PositionTerms.objects.filter(reports_daily=True).update(paid_days=["rehearsal"])
        rows = self.app.get(reverse("attendance:reports"), user=self.user).context["page"]
        assert [row.day for row in rows] == [self.centre.entry.exam.rehearsal_on]

    def test_what_was_typed_is_kept_when_something_is_wrong(self):
        page = self.fill(
            self.form(), incidents="Late papers.", candidates_absent="61", materials_in_at="07:00"
        ).submit()
        assert "This centre has 60 candidates; no more can be absent." in page.text
        assert page.forms[1]["incidents"].value == "Late papers."
        assert page.forms[1]["materials_in_at"].value == "07:00"
        assert not SupervisorReport.objects.exists()

    def test_nothing_is_returned_before_it_came(self):
        for fields, said in (
            ({"materials_in_at": "07:00", "materials_out_at": "06:59"}, "This is before 07:00"),
            ({"materials_out_at": "12:00"}, "Enter this time too"),
            ({"second_in_at": "12:00"}, "Enter this time too"),
            (
                {"materials_in_at": "07:00", "second_in_at": "12:00", "second_out_at": "11:00"},
                "This is before 12:00",
            ),
            (
                {"materials_in_at": "07:00", "materials_out_at": "13:00", "second_in_at": "12:00"},
                "after the first were returned",
            ),
        ):
            assert said in self.fill(self.form(), **fields).submit().text, fields
        assert not SupervisorReport.objects.exists()

    def test_it_is_corrected_while_the_day_is_open_and_the_trail_knows(self):
        yesterday = make.today() - DAY
        self.fill(self.form(yesterday), materials_in_at="07:00").submit().follow()
        form = self.form(yesterday)
        assert form["materials_in_at"].value == "07:00"
        form["candidates_absent"] = "3"
        form["materials_in_at"] = "07:10"
        form.submit().follow()
        report = SupervisorReport.objects.get()
        assert (report.candidates_absent, report.materials_in_at) == (3, time(7, 10))
        entry = Entry.objects.get(verb="report.corrected", subject_id=report.pk)
        assert entry.actor == self.user
        assert entry.details == {
            "was": {"candidates_absent": 1, "materials_in_at": "07:00"},
            "now": {"candidates_absent": 3, "materials_in_at": "07:10"},
        }
        self.form(yesterday).submit().follow()  # nothing new
        assert Entry.objects.filter(verb="report.corrected").count() == 1

    def test_a_closed_day_and_one_to_come_are_refused_in_words(self):
        closed = self.app.get(url(self.deployment, make.today() - 2 * DAY), user=self.user)
        assert "This day is closed" in closed.text
        coming = self.app.get(url(self.deployment, make.today() + DAY), user=self.user)
        assert "this day is to come" in coming.text
        for page in (closed, coming):
            assert "Save the report" not in page.text
        for day in (make.today() - 2 * DAY, make.today() + DAY):
            with pytest.raises(Refused):
                services.write_report(self.deployment, day=day, by=self.user, **SAID)

    def test_a_written_report_of_a_closed_day_is_still_read(self):
        day = make.today() - 3 * DAY
        SupervisorReport.objects.create(
            deployment=self.deployment, day=day, incidents="A goat came in."
        )
        assert "A goat came in." in self.app.get(url(self.deployment, day), user=self.user).text

    def test_the_day_closes_by_the_clock_of_the_database_while_the_form_is_open(self):
        form = self.fill(self.form())
        exam = self.centre.entry.exam
        exam.registers_close_after = 0
        exam.registers_due_at, exam.registers_close_at = time(0), time(0, 0, 1)
        exam.save()
        page = form.submit()
        assert "This day is closed" in page.text
        assert not SupervisorReport.objects.exists()

    def test_rubbish_breaks_nothing(self):
        for name, value in (
            ("candidates_absent", "-1"),
            ("candidates_absent", "9" * 30),
            ("candidates_absent", "٣"),
            ("candidates_absent", "\x00"),
            ("materials_in_at", "25:61"),
            ("materials_in_at", "٠٧:٠٠"),
            ("incidents", "x" * 9000),
            ("incidents", "\x00"),
        ):
            form = self.fill(self.form())
            form[name].force_value(value)
            assert form.submit().status_code == 200, (name, value)
        assert not SupervisorReport.objects.exists()


class KeptOutTests(Written):
    def test_only_who_serves_there_in_a_position_that_reports(self):
        other = supervisor()
        invigilator = self.centre.deployments[1]
        for user, deployment in (
            (other.officer.user, self.deployment),
            (invigilator.officer.user, self.deployment),
            (invigilator.officer.user, invigilator),  # whose terms ask for no report
            (self.centre.user, self.deployment),
        ):
            self.app.get(url(deployment), user=user, status=404)
        assert "nothing to report" in self.app.get(
            reverse("attendance:reports"), user=invigilator.officer.user
        )

    def test_who_has_not_accepted_or_was_called_off_does_not_report(self):
        for status in (DeploymentStatus.OFFERED, DeploymentStatus.CANCELLED):
            self.deployment.status = status
            self.deployment.save()
            self.app.get(url(self.deployment), user=self.user, status=404)

    def test_who_was_moved_on_reports_the_days_before_that_alone(self):
        self.deployment.status = DeploymentStatus.MOVED
        self.deployment.ends_on = make.today() - DAY
        self.deployment.save()
        assert "not expected at this centre" in self.app.get(url(self.deployment), user=self.user)
        self.fill(self.form(make.today() - DAY)).submit().follow()
        assert SupervisorReport.objects.get().day == make.today() - DAY


class ReadTests(TestCase):
    def setUp(self):
        self.centre = world.centre()
        self.deployment = supervisor(self.centre)
        self.place = self.centre.entry.station.sub_county
        self.director = make.director(self.place)

    def report(self, deployment=None, **fields):
        return SupervisorReport.objects.create(
            deployment=deployment or self.deployment, **{"day": make.today(), **fields}
        )

    def rows(self, **asked):
        make.sign_in(self.client, self.director)
        page = self.client.get(reverse("attendance:area_reports"), asked).context["page"]
        return list(page)

    def test_the_centre_sees_its_own(self):
        ours = self.report(incidents="A goat came in.")
        self.report(supervisor())
        make.sign_in(self.client, self.centre.user)
        page = self.client.get(self.centre.url("centre_reports"))
        assert list(page.context["page"]) == [ours]
        self.assertContains(page, "A goat came in.")

    def test_both_directors_see_those_of_their_sub_county(self):
        ours = self.report()
        self.report(supervisor())
        assert self.rows() == [ours]
        self.director = make.director(self.place, Office.SCDE)
        assert self.rows() == [ours]
        self.director = make.director(make.sub_county())
        assert self.rows() == []

    def test_by_day_by_exam_and_with_incidents_only(self):
        today = self.report()
        earlier = self.report(day=make.today() - DAY, incidents="Late papers.")
        yesterday = earlier.day.isoformat()
        assert self.rows() == [today]
        assert self.rows(day=yesterday) == [earlier]
        assert self.rows(day="") == [today, earlier]
        assert self.rows(day="", shows="incidents") == [earlier]
        exam = self.centre.entry.exam.pk
        assert self.rows(day="", exam=exam) == [today, earlier]
        assert self.rows(day="", exam=make.exam().pk) == [today, earlier]  # none of theirs
        for rubbish in ("x", "\x00", "9" * 40):
            assert self.rows(day=rubbish, exam=rubbish, shows=rubbish) == [today, earlier]

    def test_who_has_not_written(self):
        other = supervisor(world.centre(station=make.station(sub_county=self.place)))
        supervisor()  # of another sub-county
        assert set(self.rows(shows="missing")) == {self.deployment, other}
        self.report()
        assert self.rows(shows="missing") == [other]
        assert self.rows(shows="missing", exam=other.post.exam_id) == [other]
        assert self.rows(shows="missing", exam=self.deployment.post.exam_id) == []
        assert set(self.rows(shows="missing", day="")) == {other}  # of today

    def test_the_lists_leave_as_files(self):
        self.report(incidents="=1+1", materials_in_at=time(7), candidates_absent=4)
        make.sign_in(self.client, self.director)
        files = reverse("attendance:area_reports_files")
        for kind in ("csv", "xlsx", "pdf"):
            assert self.client.post(files, {"as": kind}).status_code == 200
        text = b"".join(self.client.post(files, {"as": "csv"}).streaming_content).decode()
        assert "'=1+1" in text
        assert "07:00" in text
        missing = self.client.post(
            files + "?shows=missing&day=" + str(make.today() - DAY), {"as": "csv"}
        )
        assert self.deployment.officer.full_name in b"".join(missing.streaming_content).decode()
        assert Entry.objects.filter(verb="reports.taken").count() == 5

    def test_as_many_queries_for_many_as_for_one(self):
        self.report()
        supervisor(world.centre(station=make.station(sub_county=self.place)))
        make.sign_in(self.client, self.director)
        lists = [
            (self.director, reverse("attendance:area_reports")),
            (self.director, reverse("attendance:area_reports") + "?shows=missing"),
            (self.centre.user, self.centre.url("centre_reports")),
            (self.deployment.officer.user, reverse("attendance:reports")),
        ]
        counts = []
        for user, address in lists:
            make.sign_in(self.client, user)
            with CaptureQueriesContext(connection) as seen:
                self.client.get(address)
            assert len(seen) <= 8, address
            counts.append(len(seen))
        for n in range(2, 12):
            also = (
                make.deployment(post=self.deployment.post, slot=n, officer=make.officer())
                if n <= 3
                else supervisor(world.centre(station=make.station(sub_county=self.place)))
            )
            if n % 2:
                self.report(also)
        for n in range(1, 6):
            self.report(day=make.today() - n * DAY)
        for (user, address), count in zip(lists, counts, strict=True):
            make.sign_in(self.client, user)
            with self.assertNumQueries(count):
                self.client.get(address)


class DatabaseTests(TestCase):
    def setUp(self):
        self.deployment = supervisor()

    def refused(self, name, **fields):
        row = {"deployment": self.deployment, "day": make.today(), **fields}
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            SupervisorReport.objects.create(**row)

    def test_materials_come_before_they_leave(self):
        self.refused("materials_come_before_they_leave", materials_out_at=time(7))
        self.refused(
            "materials_come_before_they_leave",
            materials_in_at=time(8),
            materials_out_at=time(7),
        )

    def test_the_second_come_before_they_leave_and_after_the_first_came(self):
        first = {"materials_in_at": time(7)}
        self.refused("second_materials_come_before_they_leave", **first, second_out_at=time(7))
        self.refused(
            "second_materials_come_before_they_leave",
            **first,
            second_in_at=time(12),
            second_out_at=time(11),
        )
        self.refused("second_materials_follow_the_first", **first, second_in_at=time(6))
        self.refused("second_materials_follow_the_first", second_in_at=time(6))

    def test_a_report_is_of_a_day_of_the_deployment(self):
        day = self.deployment.ends_on + DAY
        self.refused("report_within_deployment", day=day)


@pytest.mark.race
class RaceTests(TransactionTestCase):
    serialized_rollback = True

    def test_ten_taps_write_one_report(self):
        deployment = supervisor()
        by = deployment.officer.user

        def write(n):
            try:
                services.write_report(
                    deployment, day=make.today(), by=by, candidates_absent=n, incidents=""
                )
            finally:
                connection.close()

        with ThreadPoolExecutor(10) as pool:
            list(pool.map(write, range(10)))
        report = SupervisorReport.objects.get()
        corrections = Entry.objects.filter(verb="report.corrected", subject_id=report.pk)
        assert corrections.count() == 9
        assert corrections.order_by("-pk")[0].details["now"] == {
            "candidates_absent": report.candidates_absent
        }
