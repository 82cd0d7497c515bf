"""What the database keeps and refuses of marks that are changed, past all of Python."""

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from attendance.models import (
    Amendment,
    AmendmentStatus,
    LookedThrough,
    LookKind,
    Mark,
    MarkHistory,
    MarkStatus,
    SecondLook,
    SecondLookRules,
)
from attendance.tests import world
from attendance.tests.test_database import Refuses
from cp2.tests import make

ABSENT = MarkStatus.ABSENT


def sql(statement, *params):
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


class History(Refuses):
    def setUp(self):
        self.mark = make.mark(make.deployment())

    def test_plain_sql_leaves_a_trace_too(self):
        sql("UPDATE attendance_mark SET status = 'absent', acting_name = 'Nobody'")

        was = MarkHistory.objects.get()
        assert (was.mark, was.status, was.acting_name) == (self.mark, "present", "Barasa Wafula")
        assert (was.marked_by, was.marked_at) == (self.mark.marked_by, self.mark.marked_at)
        assert abs(was.changed_at - timezone.now()) < timedelta(minutes=1)

    def test_each_change_has_its_own_and_no_change_has_none(self):
        Mark.objects.update(status=ABSENT)
        Mark.objects.update(status=ABSENT)
        Mark.objects.update(status=MarkStatus.PRESENT)

        assert list(MarkHistory.objects.values_list("status", flat=True)) == ["absent", "present"]

    def test_first_marks_write_none(self):
        make.mark(make.deployment())

        assert not MarkHistory.objects.exists()

    def test_what_a_mark_was_is_neither_changed_nor_taken_away(self):
        Mark.objects.update(status=ABSENT)
        constraint = "mark_history_only_grows"
        self.refuses(constraint, MarkHistory.objects.update, status="absent")
        self.refuses(constraint, MarkHistory.objects.all()._raw_delete, "default")
        self.refuses(constraint, sql, "TRUNCATE attendance_markhistory")


class ClosedDay(Refuses):
    def setUp(self):
        self.centre = world.centre(officers=1)
        self.day = make.today() - timedelta(days=2)
        self.mark = make.mark(self.centre.deployments[0], self.day)

    def change(self, **fields):
        Mark.objects.filter(pk=self.mark.pk).update(status=ABSENT, **fields)

    def amendment(self, **fields):
        by = make.user()
        return Amendment.objects.create(
            **{
                "entry": self.centre.entry,
                "day": self.day,
                "reason": "Paper",
                "asked_by": by,
                "acting_name": "Barasa Wafula",
                "status": AmendmentStatus.GRANTED,
                "decided_by": by,
                "decided_at": timezone.now(),
                **fields,
            }
        )

    def test_status_changes_only_by_an_amendment_that_was_granted_for_that_day_and_centre(self):
        constraint = "closed_mark_changes_by_amendment"
        nobody = {"decided_by": None, "decided_at": None}
        self.refuses(constraint, self.change)
        for wrong in (
            self.amendment(status=AmendmentStatus.ASKED, **nobody),
            self.amendment(day=self.day - timedelta(days=1)),
            self.amendment(entry=make.entry(exam=self.centre.entry.exam)),
        ):
            self.refuses(constraint, self.change, amendment=wrong)

        self.change(amendment=self.amendment())

        self.mark.refresh_from_db()
        assert self.mark.status == ABSENT

    def test_one_amendment_changes_a_mark_once(self):
        granted = self.amendment()
        self.change(amendment=granted)
        self.refuses(
            "closed_mark_changes_by_amendment",
            Mark.objects.filter(pk=self.mark.pk).update,
            status="present",
            amendment=granted,
        )

    def test_day_is_open_for_as_long_as_its_exam_says(self):
        exam = self.centre.entry.exam
        exam.registers_close_after = 3
        exam.save()

        self.change()

        assert MarkHistory.objects.count() == 1


class Looks(Refuses):
    def setUp(self):
        self.entry = make.entry()

    def make(self, **fields):
        return SecondLook.objects.create(
            **{"entry": self.entry, "kind": LookKind.ALL_PRESENT, **fields}
        )

    def test_kinds_that_are_none(self):
        self.refuses("second_look_kind", self.make, kind="x")

    def test_the_same_is_found_once_with_a_day_or_without(self):
        for fields in ({}, {"day": make.today()}, {"deployment": make.deployment()}):
            self.make(**fields)
            self.refuses("nothing_is_found_twice", self.make, **fields)

    def test_who_looked_and_what_they_saw_go_together(self):
        whole = {"looked_by": make.user(), "looked_at": timezone.now(), "note": "Asked them"}
        constraint = "second_look_says_who_looked_and_what_they_saw"
        for name in whole:
            self.refuses(constraint, self.make, **{k: v for k, v in whole.items() if k != name})
        self.make(**whole)

    def test_rules_that_make_no_sense(self):
        for fields in (
            {"hours_from_usual": 0}, {"registers_make_usual": 1}, {"all_present_days": 1},
            {"all_present_odds": 9}, {"absences_expected": 51}, {"alone_among": 0},
            {"copy_hours": 0}, {"copy_hours": 241},
        ):  # fmt: skip
            self.refuses(
                "second_look_rules_are_sensible",
                SecondLookRules.objects.create,
                exam=self.entry.exam,
                **fields,
            )

    def test_looked_through_once(self):
        row = {"exam": self.entry.exam, "sub_county": self.entry.station.sub_county}
        LookedThrough.objects.create(**row)
        self.refuses("looked_through_once_a_sub_county", LookedThrough.objects.create, **row)


class Amendments(Refuses):
    def make(self, **fields):
        return Amendment.objects.create(
            **{
                "entry": self.entry,
                "day": make.today(),
                "reason": "Paper",
                "asked_by": self.by,
                "acting_name": "Barasa Wafula",
                **fields,
            }
        )

    def setUp(self):
        self.entry, self.by = make.entry(), make.user()

    def test_one_waits_at_a_time(self):
        self.make()
        self.refuses("one_amendment_asked_a_day", self.make)

    def test_reason_and_status_and_who_decided(self):
        self.refuses("amendment_has_its_reason", self.make, reason="")
        decided = {"decided_by": self.by, "decided_at": timezone.now()}
        for status in (AmendmentStatus.GRANTED, AmendmentStatus.REFUSED):
            self.refuses("amendment_names_who_decided", self.make, status=status)
        self.refuses("amendment_names_who_decided", self.make, **decided)
        Amendment.objects.all().delete()
        row = self.make()
        # either may be the first to refuse
        try:
            self.refuses("amendment_status", Amendment.objects.update, status="lost")
        except AssertionError:
            self.refuses("amendment_names_who_decided", Amendment.objects.update, status="lost")
        assert row.status == AmendmentStatus.ASKED

    def test_lines(self):
        row, deployment = self.make(), make.deployment()
        row.lines.create(deployment=deployment, was="", wanted="present")
        self.refuses(
            "one_line_per_officer_of_an_amendment",
            row.lines.create,
            deployment=deployment,
            wanted="absent",
        )
        self.refuses(
            "amended_mark_status", row.lines.create, deployment=make.deployment(), wanted=""
        )


class OfMarks(Refuses):
    def test_way_and_times(self):
        mark = Mark.objects.filter(pk=make.mark(make.deployment()).pk)
        self.refuses("mark_way", mark.update, way="pigeon")
        later = timezone.now() + timedelta(days=1)
        self.refuses("mark_is_made_before_it_arrives", mark.update, marked_at=later)
