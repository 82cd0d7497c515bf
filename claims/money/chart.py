"""Money as it adds up over an exam's days or weeks: claimed, approved, paid."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet, Sum
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from claims.models import MoneyDay
from claims.money.report import week_name

MOST_EXAMS = 3
MOST_DAYS = 35  # beyond that a point is a week
WIDTH, HEIGHT = 300, 100
KINDS = ["claimed", "approved", "paid"]
LABELS = 5


@dataclass
class Step:
    """A day or a week, and what everything came to by its end."""

    begins: date
    name: str
    claimed: Decimal
    approved: Decimal
    paid: Decimal
    all_claimed: Decimal = Decimal(0)
    all_approved: Decimal = Decimal(0)
    all_paid: Decimal = Decimal(0)

    @property
    def owed(self) -> Decimal:
        """Claimed by then, and not paid yet."""
        return self.all_claimed - self.all_paid


@dataclass(frozen=True)
class Curve:
    kind: str
    label: str
    points: str
    last: Decimal


@dataclass(frozen=True)
class Chart:
    exam: str
    key: int
    steps: list[Step]
    curves: list[Curve]
    labels: list[tuple[str, int, str]]  # what, where, and which end of it stands there
    top: Decimal
    is_weekly: bool


def charts(asked: dict[str, Any]) -> list[Chart]:
    """Of the exam that was asked for, or of the newest ones; one query."""
    wanted = Q()
    for name, lookup in {
        "exam": "exam",
        "year": "exam__year",
        "county": "sub_county__county",
        "sub_county": "sub_county",
    }.items():
        if value := asked.get(name):
            wanted &= Q((lookup, value))
    days: QuerySet[Any, Any] = (
        MoneyDay.objects.filter(wanted)
        .order_by("-exam__year", "exam__abbreviation", "day")
        .values("exam", "exam__year", "exam__abbreviation", "day")
        .annotate(**{kind: Sum(kind) for kind in KINDS})
    )
    exams: dict[int, list[dict[str, Any]]] = {}
    for day in days:
        exams.setdefault(day["exam"], []).append(day)
    return [_chart(exam, days) for exam, days in list(exams.items())[:MOST_EXAMS]]


def _chart(exam: int, days: list[dict[str, Any]]) -> Chart:
    first, last = days[0]["day"], days[-1]["day"]
    is_weekly = (last - first).days >= MOST_DAYS
    steps = _steps(days, weekly=is_weekly)
    top = max(max(getattr(step, f"all_{kind}") for kind in KINDS) for step in steps)
    name = f"{days[0]['exam__abbreviation']} {days[0]['exam__year']}"
    curves = [_curve(kind, label, steps, top) for kind, label in zip(KINDS, _labels(), strict=True)]
    return Chart(name, exam, steps, curves, list(_axis(steps)), top, is_weekly)


def _labels() -> list[str]:
    return [_("Claimed"), _("Approved"), _("Paid")]


def _steps(days: Iterable[dict[str, Any]], *, weekly: bool) -> list[Step]:
    """One after the other, those too in which nothing happened."""
    length = timedelta(days=7 if weekly else 1)
    found: dict[date, Step] = {}
    for day in days:
        on: date = day["day"]
        begins = on - timedelta(days=on.weekday()) if weekly else on
        step = found.setdefault(begins, _nothing(begins, weekly=weekly))
        for kind in KINDS:
            setattr(step, kind, getattr(step, kind) + day[kind])
    begins, last = min(found), max(found)
    steps, before = [], None
    while begins <= last:
        step = found.get(begins) or _nothing(begins, weekly=weekly)
        for kind in KINDS:
            so_far = getattr(before, f"all_{kind}") if before else Decimal(0)
            setattr(step, f"all_{kind}", so_far + getattr(step, kind))
        steps.append(step)
        before, begins = step, begins + length
    return steps


def _nothing(begins: date, *, weekly: bool) -> Step:
    name = week_name(begins) if weekly else date_format(begins, "D j M Y")
    return Step(begins, name, Decimal(0), Decimal(0), Decimal(0))


def _curve(kind: str, label: str, steps: list[Step], top: Decimal) -> Curve:
    """Level until something happens: a stair, which one day alone makes too."""
    amounts = [getattr(step, f"all_{kind}") for step in steps]
    corners, height = [(0, HEIGHT)], HEIGHT
    for place, amount in enumerate(amounts):
        x = _place(place, len(amounts))
        corners.append((x, height))
        height = HEIGHT - int(HEIGHT * max(amount, Decimal(0)) / top) if top > 0 else HEIGHT
        corners.append((x, height))
    corners.append((WIDTH, height))
    points = " ".join(f"{x},{y}" for x, y in corners)
    return Curve(kind, label, points, amounts[-1])


def _place(place: int, count: int) -> int:
    return WIDTH * place // count


def _axis(steps: list[Step]) -> Iterator[tuple[str, int, str]]:
    """Some of the days, so far from each other that none touches the next."""
    every = max(1, -(-len(steps) // LABELS))
    for place in range(0, len(steps), every):
        x = _place(place, len(steps))
        yield date_format(steps[place].begins, "j M"), x, "start" if x == 0 else "middle"
