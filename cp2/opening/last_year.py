"""What an exam takes over from the year before: which exam that is, and how its days, its terms and
its centres look a year on. Nothing here writes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib.admin.utils import label_for_field

from catalogue.models import CentreEntry, Exam, ExamDay, MarkingEntry, PositionTerms
from cp2.opening.models import Holiday, Opening

A_YEAR = timedelta(weeks=52)  # later is the same day of the week
SATURDAY = 5
# What is typed in the table of terms; all else is behind each row's link.
FIGURES = [
    "daily_rate",
    "candidates_per_officer",
    "minimum_per_centre",
    "one_more_above",
    "centres_per_officer",
    "years_of_experience",
    "days_to_respond",
]
NOT_TERMS = {"id", "exam", "position"}
EXAM_KEEPS = [
    "code",
    "abbreviation",
    "name",
    "cooling_off_years",
    "hosting_threshold",
    "centres_sign_in_for",
    "registers_due_at",
    "registers_close_after",
    "registers_close_at",
]


def of(exam: Exam) -> Exam | None:
    """The exam that it was copied from, else the one of the same name and the nearest year before,
    and of two in a year the one of the same number."""
    opening = Opening.objects.filter(exam=exam).select_related("of").first()
    if opening and opening.of:
        return opening.of
    before = Exam.objects.filter(abbreviation=exam.abbreviation, year__lt=exam.year)
    found = sorted(before, key=lambda each: (each.year, each.code == exam.code))
    return found[-1] if found else None


def next_exam(last: Exam) -> dict[str, Any]:
    """What the form of the new one begins with."""
    kept = {name: getattr(last, name) for name in EXAM_KEEPS}
    dates = {
        name: getattr(last, name) + A_YEAR for name in ("rehearsal_on", "starts_on", "ends_on")
    }
    return {**kept, **dates, "year": last.year + 1}


# Days

DayRow = tuple[str, list[str]]  # the kind of day, and its papers
Days = dict[date, DayRow]


def days_of(exam: Exam) -> Days:
    rows = ExamDay.objects.filter(exam=exam).order_by("day")
    return {row.day: (row.kind, row.papers) for row in rows}


def shifted(last: Exam, exam: Exam) -> Days:
    """By as many whole weeks as lie between the rehearsals; days that would fall outside of the
    exam are left out."""
    apart = (exam.rehearsal_on - last.rehearsal_on).days
    weeks = timedelta(weeks=round(apart / 7))
    moved = {day + weeks: row for day, row in days_of(last).items()}
    return {day: row for day, row in moved.items() if exam.rehearsal_on <= day <= exam.ends_on}


def holidays(exam: Exam) -> dict[date, str]:
    rows = Holiday.objects.filter(day__range=(exam.rehearsal_on, exam.ends_on))
    return {row.day: row.name for row in rows}


def is_weekend(day: date) -> bool:
    return day.weekday() >= SATURDAY


# Terms


@dataclass(frozen=True)
class Change:
    """A field of the terms that is not as it was."""

    name: str
    label: str
    was: str
    now: str


def terms_of(exam: Exam) -> dict[int, PositionTerms]:
    """By position, in the order of their ranks."""
    rows = (
        PositionTerms.objects.filter(exam=exam)
        .select_related("position", "counted_with")
        .order_by("position__rank")
    )
    return {row.position_id: row for row in rows}


def name_of(figure: str) -> str:
    return str(label_for_field(figure, PositionTerms))


def term_fields() -> list[Any]:
    return [field for field in PositionTerms._meta.concrete_fields if field.name not in NOT_TERMS]


def changes(was: PositionTerms, now: PositionTerms) -> Iterator[Change]:
    """Another exam of the same name that both are counted with is no change."""
    for field in term_fields():
        old, new = getattr(was, field.attname), getattr(now, field.attname)
        if field.name == "counted_with":
            old, new = _name(was.counted_with), _name(now.counted_with)
        if old != new:
            yield Change(field.name, str(field.verbose_name), said(field, old), said(field, new))


def _name(exam: Exam | None) -> str:
    return exam.abbreviation if exam else ""


def said(field: Any, value: Any) -> str:
    """As a person reads it; a dash is nothing."""
    choices = dict(getattr(field, "choices", None) or [])
    if base := getattr(field, "base_field", None):
        names = dict(base.choices or [])
        return ", ".join(str(names.get(each, each)) for each in value) or "–"
    if value in (None, ""):
        return "–"
    if isinstance(value, bool):
        return "✓" if value else "✗"
    return str(choices.get(value, value))


def a_year_on(was: PositionTerms, exam: Exam, figures: Mapping[str, Any]) -> PositionTerms:
    """Not saved. Counted with the same exam of its own year, if that is there yet."""
    values = {field.attname: getattr(was, field.attname) for field in term_fields()}
    values["counted_with_id"] = None
    if was.counted_with:
        values["counted_with_id"] = (
            Exam.objects.filter(year=exam.year, abbreviation=was.counted_with.abbreviation)
            .order_by("code")
            .values_list("pk", flat=True)
            .first()
        )
    return PositionTerms(exam=exam, position=was.position, **{**values, **figures})


# Centres


@dataclass(frozen=True)
class Entries:
    """What copying would do."""

    of_last: int
    there: int
    would_come: int
    marking: int


def entries(exam: Exam, last: Exam | None) -> Entries:
    there = CentreEntry.objects.filter(exam=exam).count()
    if last is None:
        return Entries(0, there, 0, 0)
    before = CentreEntry.objects.filter(exam=last)
    known = CentreEntry.objects.filter(exam=exam).values("station")
    marks = MarkingEntry.objects.filter(exam=last)
    return Entries(
        before.count(),
        there,
        before.exclude(station__in=known).count(),
        marks.exclude(station__in=MarkingEntry.objects.filter(exam=exam).values("station")).count(),
    )
