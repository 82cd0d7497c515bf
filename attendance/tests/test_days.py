<<<<<<< HEAD
"""The centre's own days: what became of each, what is due now, and by which rule."""

from datetime import datetime, time, timedelta

import time_machine
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from attendance import days, services
from attendance.models import RegisterStatus
from attendance.tests import world
from attendance.tests.test_today import at, submitted
from attendance.tests.world import ABSENT, PRESENT
from catalogue.models import DayKind, Exam, ExamDay
from cp2.tests import make


class Days(TestCase):
    def setUp(self):
        self.centre = world.centre(officers=3, exam=make.exam(registers_due_at=time(9)))
        self.client.force_login(self.centre.user)
        self.today = make.today()

    def look(self):
        return self.client.get(self.centre.url("days"))

    def row(self, days_from_now=0):
        day = self.today + timedelta(days=days_from_now)
        return next(row for row in self.look().context["rows"] if row["exam_day"].day == day)

    def at_hour(self, hour):
        moment = datetime.combine(self.today, time(hour))
        return time_machine.travel(timezone.make_aware(moment), tick=False)

    def test_each_day_counts_its_marks(self):
        services.mark_all(
            self.centre.entry,
            day=self.today,
            marks=self.centre.marks(PRESENT, ABSENT, PRESENT),
            by=self.centre.user,
            acting_name="Barasa Wafula",
        )
        make.mark(self.centre.deployments[0], self.today - timedelta(days=2))

        line = self.row()["line"]
        assert (line.present, line.absent, line.unmarked) == (2, 1, 0)
        line = self.row(-2)["line"]
        assert (line.present, line.absent, line.unmarked) == (1, 0, 2)
        assert self.row(1)["line"].unmarked == 3

    def test_submitted_in_time_late_and_amended(self):
        for back, hour, status in (
            (4, 8, RegisterStatus.SUBMITTED),
            (3, 11, RegisterStatus.SUBMITTED),
            (2, 8, RegisterStatus.AMENDED),
        ):
            submitted(self.centre.entry, at(hour, day=self.today - timedelta(days=back)), status)

        found = {back: self.row(-back) for back in (4, 3, 2)}
        assert [(row["state"], row["note"]) for row in found.values()] == [
            ("submitted", ""), ("submitted", "Late"), ("amended", "")
        ]  # fmt: skip
        self.assertContains(self.look(), "11:00, Barasa Wafula")

    def test_today_is_due_then_overdue(self):
        with self.at_hour(8):
            assert self.row()["note"] == "Due at 09:00."
        with self.at_hour(10):
            assert self.row()["note"] == "It was due at 09:00."

    def test_yesterday_is_open_still_until_the_cut_off_and_wants_a_reason(self):
        with self.at_hour(8):
            row = self.row(-1)
            closes = f"{self.today:%-d %b}, 23:59"
            assert (row["state"], row["note"]) == (
                "open", f"Late: mark it by {closes}, and say why."
            )  # fmt: skip
        Exam.objects.update(registers_close_after=0, registers_close_at=time(16))
        with self.at_hour(8):
            assert self.row(-1)["state"] == "missing"

    def test_what_waits_stands_on_top_with_today_first(self):
        with self.at_hour(8):
            page = self.look()
            assert [row["exam_day"].day for row in page.context["due"]] == [
                self.today, self.today - timedelta(days=1)
            ]  # fmt: skip
            self.assertContains(page, "Due today:")
            self.assertContains(page, 'aria-current="date"', count=1)

    def test_the_rule_is_that_of_the_exam(self):
        self.assertContains(self.look(), "A register is due at 09:00.")
        for after, words in {
            0: "closes at 16:00 on the day itself",
            1: "16:00 on the next day it closes",
            3: "16:00, 3 days later, it closes",
        }.items():
            Exam.objects.update(registers_close_after=after, registers_close_at=time(16))
            assert words in days.rule(Exam.objects.get())

    def test_day_without_its_papers_is_not_among_them(self):
        self.centre.entry.papers = ["101/1"]
        self.centre.entry.save()
        ExamDay.objects.filter(day=self.today).update(papers=["443/2"])

        assert self.today not in [row["exam_day"].day for row in self.look().context["rows"]]
        self.assertContains(self.client.get(reverse("centre")), "No session today")

    def test_thirty_officers_cost_as_many_queries_as_three(self):
        with CaptureQueriesContext(connection) as few:
            self.look()
        for slot in range(10, 37):
            make.deployment(post=self.centre.invigilators, slot=slot)
        with CaptureQueriesContext(connection) as many:
            self.look()

        assert len(few) == len(many) <= 8


class Home(TestCase):
    def setUp(self):
        self.centre = world.centre(officers=2)
        self.client.force_login(self.centre.user)

    def look(self):
        return self.client.get(reverse("centre"))

    def test_today_and_the_day_before_that_is_open_still_are_named(self):
        page = self.look()

        yesterday = make.today() - timedelta(days=1)
        self.assertContains(page, "Not marked yet")
        self.assertContains(page, f"The register of {yesterday:%A %-d %B} is not marked.")
        self.assertContains(page, self.centre.register(yesterday))

    def test_what_is_marked_is_not_asked_for(self):
        for back in (0, 1):
            submitted(self.centre.entry, at(0, day=make.today() - timedelta(days=back)))

        page = self.look()

        self.assertContains(page, "00:00, Barasa Wafula")
        self.assertNotContains(page, "is not marked.")


class NotNeeded(TestCase):
    """Who serves, and is not paid for this kind of day, is missed on the list without a word."""

    def setUp(self):
        self.centre = world.centre(officers=3)
        self.client.force_login(self.centre.user)
        exam = self.centre.entry.exam
        make.terms(exam, make.position("CM"))
        make.terms(exam, make.position("INV"), paid_days=[DayKind.THEORY])
        ExamDay.objects.filter(day=make.today()).update(kind=DayKind.PRACTICAL)

    def look(self, day=None):
        return self.client.get(self.centre.register(day))

    def test_register_says_which_positions_are_not_needed_and_why(self):
        page = self.look()

        self.assertContains(page, "Not on this list: Invigilator.")
        self.assertContains(page, "days of this kind: Orals and practicals")
        assert len(page.context["lines"]) == 1

    def test_on_a_day_that_all_are_paid_for_nothing_is_said(self):
        self.assertNotContains(self.look(make.today() - timedelta(days=1)), "Not on this list")

    def test_position_in_which_nobody_serves_is_not_named(self):
        make.terms(self.centre.entry.exam, make.position("SEC"), paid_days=[DayKind.THEORY])

        self.assertNotContains(self.look(), "Security Officer")
=======
"""On which days a centre works, who is on the register of each, and until when it is marked."""

from datetime import time, timedelta

from django.test import TestCase
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest

from accounts.models import Entry
from attendance import services
from attendance.eligibility import moment
from attendance.models import Mark, Register
from attendance.serving import lines, serving_at, sheet
from attendance.tests import world
from attendance.tests.world import ABSENT
from catalogue.models import CentreEntry, DayKind, ExamDay
from cp2.tests import make


class OwnPapers(WebTest):
    def setUp(self):
        self.centre = world.centre(officers=2, papers=["101/1", "121/1"])
        self.day = self.centre.entry.exam.days.get(day=make.today())

    def sit(self, *papers):
        self.day.papers = list(papers)
        self.day.save()

    def test_centre_works_on_days_of_its_papers_and_on_those_of_which_none_are_given(self):
        for papers in (["121/1", "511/1"], []):
            self.sit(*papers)
            page = self.app.get(self.centre.register(), user=self.centre.user)
            assert page.html.select(".register-row")

    def test_centre_rests_on_days_of_other_papers_and_is_told_so(self):
        self.sit("511/1")
        self.app.set_user(self.centre.user)

        page = self.app.get(self.centre.register())

        assert "The exam does not sit here on" in page.text
        assert not page.html.select(".register-row")
        assert self.centre.register() not in self.app.get(self.centre.url("days")).text
        assert self.day.day not in sheet(self.centre.entry)["days"]

    def test_rehearsal_is_for_all(self):
        self.sit("511/1")
        ExamDay.objects.filter(pk=self.day.pk).update(kind=DayKind.REHEARSAL)

        assert moment(self.centre.entry, make.today()).works

    def test_centre_without_papers_of_its_own_works_every_day(self):
        self.sit("511/1")
        CentreEntry.objects.update(papers=[])
        self.centre.entry.refresh_from_db()

        assert moment(self.centre.entry, make.today()).works

    def test_director_waits_for_nobody_who_rests(self):
        station = self.centre.entry.station
        make.sign_in(self.client, make.director(station.sub_county))
        address = reverse("attendance:area_attendance")
        self.assertContains(self.client.get(address), station.code)

        self.sit("511/1")

        self.assertNotContains(self.client.get(address), station.code)
        assert not CentreEntry.objects.working_on(make.today()).exists()
        assert list(ExamDay.objects.worked_by(self.centre.entry).filter(day=make.today())) == []


class PaidKinds(TestCase):
    def setUp(self):
        self.centre = world.centre(officers=3)
        exam = self.centre.entry.exam
        make.terms(
            exam=exam,
            position=self.centre.invigilators.position,
            paid_days=[DayKind.REHEARSAL, DayKind.THEORY],
        )
        make.terms(exam=exam, position=make.position("CM"))
        exam.days.filter(day=make.today()).update(kind=DayKind.PRACTICAL)

    def test_whoever_is_not_paid_for_such_a_day_is_not_on_its_register(self):
        manager = self.centre.deployments[0]
        assert list(serving_at(self.centre.entry, make.today())) == [manager]
        assert [line.officer_id for line in lines(self.centre.entry, make.today())] == [
            manager.officer_id
        ]
        tomorrow = make.today() + timedelta(days=1)
        assert serving_at(self.centre.entry, tomorrow).count() == 3

    def test_who_is_on_it_is_marked_and_the_others_are_shown_as_not_expected(self):
        services.mark_all(
            self.centre.entry,
            day=make.today(),
            marks={self.centre.deployments[0].officer_id: ABSENT},
            by=self.centre.user,
            acting_name="Barasa Wafula",
        )

        found = sheet(self.centre.entry)
        today = found["days"].index(make.today())
        assert [row["cells"][today] for row in found["rows"]] == ["Ab", "–", "–"]
        assert Register.objects.get().status == "submitted"

    def test_post_that_names_one_of_them_is_refused(self):
        self.client.force_login(self.centre.user)

        page = self.client.post(self.centre.register(), self.centre.posted(), follow=True)

        self.assertContains(page, "The list of officers has changed since you opened it")
        assert not Mark.objects.exists()


class CutOff(WebTest):
    def setUp(self):
        self.centre = world.centre(officers=2)
        self.exam = self.centre.entry.exam
        self.yesterday = make.today() - timedelta(days=1)

    def close(self, **fields):
        for name, value in fields.items():
            setattr(self.exam, name, value)
        self.exam.save()

    def test_exam_says_until_when(self):
        self.close(registers_close_after=3, registers_close_at=time(17, 30))

        closes = timezone.localtime(moment(self.centre.entry, self.yesterday).closes)

        assert closes.date() == self.yesterday + timedelta(days=3)
        assert closes.time() == time(17, 30)

    def test_day_that_the_exam_has_closed_is_refused_with_the_moment(self):
        self.close(registers_close_after=0, registers_close_at=time(20))

        page = self.app.get(self.centre.register(self.yesterday), user=self.centre.user)

        assert "is closed: it could be marked until" in page.text
        assert ", 20:00." in page.text
        assert not page.html.select(".register-row")

    def test_marks_after_the_day_ask_for_a_reason_which_stays(self):
        page = self.app.get(self.centre.register(self.yesterday), user=self.centre.user)
        form = next(form for form in page.forms.values() if "late_reason" in form.fields)
        form["acting_name"] = "Barasa Wafula"
        for deployment in self.centre.deployments:
            form[f"officer_{deployment.officer_id}"] = "present"

        page = form.submit()

        assert "Say why this day is marked after it was over" in page.text
        assert not Mark.objects.exists()

        form = next(form for form in page.forms.values() if "late_reason" in form.fields)
        form["late_reason"] = "No network all day"
        form.submit()

        assert Mark.objects.count() == 2
        assert Register.objects.get().late_reason == "No network all day"
        page = self.app.get(self.centre.register(self.yesterday))
        assert "No network all day" in page.text

    def test_reason_of_a_correction_is_in_the_trail(self):
        marks = {"acting_name": "Barasa Wafula", "late_reason": "Was ill, came at noon"}
        said = {"by": self.centre.user, "day": self.yesterday}
        services.mark_all(self.centre.entry, marks=self.centre.marks(), **marks, **said)

        services.mark_all(
            self.centre.entry, marks=self.centre.marks("present", ABSENT), **marks, **said
        )

        assert Entry.objects.get(verb="mark.corrected").details == {
            "was": "present",
            "now": "absent",
            "late_reason": "Was ill, came at noon",
        }

    def test_today_asks_for_none(self):
        page = self.app.get(self.centre.register(), user=self.centre.user)

        assert not any("late_reason" in form.fields for form in page.forms.values())
>>>>>>> core
