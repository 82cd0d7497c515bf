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
