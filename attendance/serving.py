"""Who is expected at a centre, and what is marked of them: what pages, sheets and services read."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    Count,
    Exists,
    F,
    FilteredRelation,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.utils import timezone

from attendance.models import Mark, MarkStatus
from catalogue.models import CentreEntry, ExamDay, PositionTerms
from deployments.models import (
    HOLDS_ITS_DAYS,
    LIVE,
    Deployment,
    DeploymentQuerySet,
    DeploymentStatus,
    Letter,
)

SERVED = [DeploymentStatus.ACCEPTED, DeploymentStatus.MOVED]


@dataclass(frozen=True)
class Line:
    """One line of a day's register."""

    officer_id: int
    officer: str
    position: str
    status: str
    received_at: datetime | None
    elsewhere: str  # where else the officer was marked that day, if so
    number: int = 0  # on the printed list, for good

    def get_status_display(self) -> str:
        return str(MarkStatus(self.status).label) if self.status else ""


def expected_on(day: date) -> DeploymentQuerySet:
    """Who is to be marked on a day: whoever serves, the centre manager included, but for those
    whose terms do not pay that kind of day."""
    idle = PositionTerms.objects.filter(
        ~Q(paid_days__contains=[F("exam__days__kind")]),
        exam__days__day=day,
        exam=OuterRef("post__exam"),
        position=OuterRef("post__position"),
    )
    return Deployment.objects.serving_on(day).filter(~Exists(idle))


def serving_on_idle_days(entry: CentreEntry, day: date) -> list[tuple[str, str]]:
    """Positions in which somebody serves here whose terms do not pay this kind of day: name and
    kind."""
    idle = PositionTerms.objects.filter(
        ~Q(paid_days__contains=[F("exam__days__kind")]),
        exam=entry.exam_id,
        exam__days__day=day,
        position__in=_of(entry).serving_on(day).values("post__position"),
    )
    return list(idle.order_by("position__rank").values_list("position__name", "exam__days__kind"))


def serving_at(entry: CentreEntry, day: date) -> DeploymentQuerySet:
    """Everybody a centre expects on a day of an exam."""
    return expected_on(day).filter(post__exam=entry.exam_id, post__station=entry.station_id)


def numbers(entry: CentreEntry) -> Func:
    """By what number a centre's list, its register and its texts name a deployment: its place among
    all that ever were made there, of which none is deleted. So no number changes hands.

    The database gathers them once for a whole statement, not once a row.
    """
    made = _of(entry).order_by("pk").values("pk")
    return Func(
        ArraySubquery(made), F("pk"), function="ARRAY_POSITION", output_field=IntegerField()
    )


def lines(entry: CentreEntry, day: date) -> list[Line]:
    """The day's register as it stands, in the order of the centre's list; one query."""
    rows = (
        serving_at(entry, day)
        .annotate(
            today=FilteredRelation("officer__marks", condition=Q(officer__marks__day=day)),
            mark_of=F("today__deployment"),
            mark_status=F("today__status"),
            received_at=F("today__received_at"),
            mark_at=F("today__deployment__post__station__name"),
            number=numbers(entry),
        )
        .order_by("post__position__rank", "officer__full_name", "pk")
        .values(
            "pk", "officer_id", "mark_of", "mark_status", "received_at", "mark_at", "number",
            name=F("officer__full_name"), position=F("post__position__name"),
        )
    )  # fmt: skip
    return [
        Line(
            row["officer_id"],
            row["name"],
            row["position"],
            row["mark_status"] or "",
            row["received_at"],
            row["mark_at"] if row["mark_of"] not in (None, row["pk"]) else "",
            row["number"],
        )
        for row in rows
    ]


def version(times: Iterable[datetime | None]) -> str:
    """Changes with every change to a register: when its latest mark arrived."""
    return max((time.isoformat() for time in times if time), default="")


def listed(entry: CentreEntry) -> QuerySet[Any]:
    """The centre's list of officers: whoever is offered to it or has accepted, but for those whose
    turn of a rotation is over. Read anew each time, so that a change shows as soon as it is made.
    Each with the `code` of the letter that they must show, and whether they are `new` since
    yesterday."""
    still_here = Q(ends_on__gte=min(timezone.localdate(), entry.exam.ends_on))
    code = Letter.objects.current().filter(deployment=OuterRef("pk")).values("code")
    return (
        _of(entry)
        .filter(still_here, status__in=LIVE)
        .annotate(
            code=Subquery(code),
            new=Q(offered_at__gte=_yesterday()) | Q(answered_at__gte=_yesterday()),
            number=numbers(entry),
        )
        .select_related("post__position", "officer__user")
        .order_by("post__position__rank", "officer__full_name", "pk")
    )


def left(entry: CentreEntry) -> list[Any]:
    """Who had accepted and is no longer expected: each with `since`, the first day without them,
    and `successor`, the name of whoever came instead. The last to leave first."""
    letters = Letter.objects.filter(deployment=OuterRef("pk"))
    instead = Deployment.objects.filter(
        replaces=OuterRef("pk"), post=OuterRef("post"), status__in=HOLDS_ITS_DAYS
    )
    rows = (
        _of(entry)
        .filter(
            Q(status=DeploymentStatus.MOVED)
            | Q(
                status=DeploymentStatus.ACCEPTED,
                ends_on__lt=min(timezone.localdate(), entry.exam.ends_on),
            )
            | Q(status=DeploymentStatus.CANCELLED) & Exists(letters)
            | Q(status=DeploymentStatus.REJECTED) & Exists(letters)
        )
        .annotate(
            void=Subquery(letters.order_by("-pk").values("voided_at")[:1]),
            successor=Subquery(instead.values("officer__full_name")[:1]),
            number=numbers(entry),
        )
        .select_related("post__position", "officer__user")
    )
    found: list[Any] = list(rows)
    for row in found:
        row.since = _since(row)
    return sorted(found, key=lambda row: (row.since, row.pk), reverse=True)


def _since(row: Any) -> date:
    if row.status in SERVED:
        last_day: date = row.ends_on
        return last_day + timedelta(days=1)
    first_day: date = row.starts_on
    return max(timezone.localdate(row.void), first_day) if row.void else first_day


def _of(entry: CentreEntry) -> DeploymentQuerySet:
    return Deployment.objects.filter(post__exam=entry.exam_id, post__station=entry.station_id)


def _yesterday() -> datetime:
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=1)


def sheet(entry: CentreEntry) -> dict[str, Any]:
    """The whole register of an exam: a row for each officer, a cell for each day that the centre
    works."""
    days = list(ExamDay.objects.worked_by(entry).order_by("day"))
    marked: dict[int, dict[date, Mark]] = defaultdict(dict)
    kept = ("deployment_id", "day", "status", "way", "marked_at", "amendment_id")
    for mark in Mark.objects.of(entry).only(*kept):
        marked[mark.deployment_id][mark.day] = mark
    paid = dict(entry.exam.terms.values_list("position", "paid_days"))
    served = (
        _of(entry)
        .filter(Q(status__in=SERVED) | Exists(Mark.objects.filter(deployment=OuterRef("pk"))))
        .annotate(number=numbers(entry))
        .select_related("post__position", "officer")
        .order_by("post__position__rank", "officer__full_name", "starts_on")
    )
    rows = [
        _row(deployment, days, marked[deployment.pk], paid.get(deployment.post.position_id))
        for deployment in served
    ]
    return {"days": [exam_day.day for exam_day in days], "rows": rows}


def _row(
    deployment: Deployment, days: list[ExamDay], marks: dict[date, Mark], paid: list[str] | None
) -> dict[str, Any]:
    """An empty cell: not marked. A dash: not expected here on that day."""
    served = deployment.status in SERVED  # else replaced on the first morning, marked as it may be
    here = [
        served
        and deployment.starts_on <= exam_day.day <= deployment.ends_on
        and (paid is None or exam_day.kind in paid)
        for exam_day in days
    ]
    return {
        "deployment": deployment,
        "cells": [
            marks[exam_day.day].get_status_display()
            if exam_day.day in marks
            else ""
            if expected
            else "–"
            for exam_day, expected in zip(days, here, strict=True)
        ],
        "marks": [marks.get(exam_day.day) for exam_day in days],
        "present": sum(mark.status == MarkStatus.PRESENT for mark in marks.values()),
    }


def tally(entries: Iterable[CentreEntry], day: date) -> dict[tuple[int, int], dict[str, int]]:
    """By exam and station: how many serve that day, present, absent; one query for all of them."""
    entries = list(entries)
    rows = (
        expected_on(day)
        .filter(
            post__exam__in={entry.exam_id for entry in entries},
            post__station__in={entry.station_id for entry in entries},
        )
        .annotate(of_day=FilteredRelation("marks", condition=Q(marks__day=day)))
        .values("post__exam_id", "post__station_id")
        .annotate(
            expected=Count("pk"),
            present=Count("pk", filter=Q(of_day__status=MarkStatus.PRESENT)),
            absent=Count("pk", filter=Q(of_day__status=MarkStatus.ABSENT)),
        )
    )
    return {
        (row["post__exam_id"], row["post__station_id"]): {
            "expected": row["expected"],
            "present": row["present"],
            "absent": row["absent"],
            "missing": row["expected"] - row["present"] - row["absent"],
        }
        for row in rows
    }
