"""What a phone keeps of a centre's registers for when it has no network, and what it sent."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import F
from django.utils import timezone

from attendance.eligibility import is_past_marking
from attendance.models import CopyStatus, Mark, MarkStatus, RegisterCopy
from attendance.serving import SERVED, Line, version
from catalogue.models import CentreEntry, ExamDay
from deployments.models import Deployment


@dataclass(frozen=True)
class KeptDay:
    """A day that may be marked still, or later."""

    day: date
    kind: str
    begins: str  # both by the clock of Nairobi, for a phone that may be set to another
    ends: str
    seen: str  # the version of its register
    lines: str  # "12:present 15:absent 17", an officer's number and mark


@dataclass(frozen=True)
class Difference:
    """Where a copy says something else than a mark that was made since."""

    officer_id: int
    officer: str
    said: str
    mark: Mark


def kept(entry: CentreEntry) -> tuple[list[Line], list[KeptDay]]:
    """Everybody who serves on any of the days that are not closed, and each day's register: the
    same people on a day as `serving.lines`, in four queries for all the days."""
    days = [
        exam_day
        for exam_day in ExamDay.objects.worked_by(entry).order_by("day")
        if not is_past_marking(entry.exam, exam_day.day)
    ]
    if not days:
        return [], []
    rows = _served(entry, days)
    paid = dict(entry.exam.terms.values_list("position", "paid_days"))
    marks: dict[date, dict[int, Mark]] = defaultdict(dict)
    for mark in Mark.objects.filter(
        officer__in={row["officer_id"] for row in rows}, day__in=[each.day for each in days]
    ):
        marks[mark.day][mark.officer_id] = mark
    everybody = {row["officer_id"]: row for row in reversed(rows)}  # the first of each
    lines = [
        Line(row["officer_id"], row["officer__full_name"], row["position"], "", None, "")
        for row in reversed(everybody.values())
    ]
    return lines, [_kept(each, rows, paid, marks[each.day]) for each in days]


def _served(entry: CentreEntry, days: list[ExamDay]) -> list[dict[str, Any]]:
    rows: Iterable[Any] = (
        Deployment.objects.filter(
            post__exam=entry.exam_id,
            post__station=entry.station_id,
            status__in=SERVED,
            starts_on__lte=days[-1].day,
            ends_on__gte=days[0].day,
        )
        .order_by("post__position__rank", "officer__full_name", "pk")
        .values(
            "pk", "officer_id", "officer__full_name", "starts_on", "ends_on",
            position_id=F("post__position_id"), position=F("post__position__name"),
        )
    )  # fmt: skip
    return list(rows)


def _kept(
    exam_day: ExamDay,
    rows: list[dict[str, Any]],
    paid: dict[int, list[str]],
    marks: dict[int, Mark],
) -> KeptDay:
    day = exam_day.day
    here = [
        row
        for row in rows
        if row["starts_on"] <= day <= row["ends_on"]
        and (row["position_id"] not in paid or exam_day.kind in paid[row["position_id"]])
    ]
    asked = [
        (row["officer_id"], marks.get(row["officer_id"]))
        for row in here
        if row["officer_id"] not in marks or marks[row["officer_id"]].deployment_id == row["pk"]
    ]
    return KeptDay(
        day=day,
        kind=exam_day.get_kind_display(),
        begins=_midnight(day),
        ends=_midnight(day + timedelta(days=1)),
        seen=version(mark.received_at for _officer, mark in asked if mark),
        lines=" ".join(f"{pk}:{mark.status}" if mark else str(pk) for pk, mark in asked),
    )


def _midnight(day: date) -> str:
    return timezone.make_aware(datetime.combine(day, datetime.min.time())).isoformat()


def of_register(entry: CentreEntry, day: date) -> list[RegisterCopy]:
    """What phones sent of a day, each with its `differences`, if there are any to settle."""
    copies: list[Any] = list(entry.copies.filter(day=day))
    unsettled = {
        officer for copy in copies if copy.status == CopyStatus.CONFLICT for officer in copy.clashes
    }
    marks = _marks(entry, day, unsettled) if unsettled else {}
    for copy in copies:
        copy.differences = differences(copy, marks) if copy.status == CopyStatus.CONFLICT else []
    return copies


def differences_of(copy: RegisterCopy) -> list[Difference]:
    return differences(copy, _marks(copy.entry, copy.day, copy.clashes))


def differences(copy: RegisterCopy, marks: dict[int, Mark]) -> list[Difference]:
    return [
        Difference(
            officer,
            marks[officer].officer.full_name,
            str(MarkStatus(copy.marks[str(officer)]).label),
            marks[officer],
        )
        for officer in copy.clashes
        if officer in marks
    ]


def _marks(entry: CentreEntry, day: date, officers: Iterable[int]) -> dict[int, Mark]:
    marks = Mark.objects.of(entry).filter(day=day, officer__in=set(officers))
    return {mark.officer_id: mark for mark in marks.select_related("officer")}
