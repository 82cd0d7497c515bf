"""A day as it goes: how many centres have marked, by the half hour, and how many officers came."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from attendance.models import RegisterReminder
from attendance.owed import HALF_HOURS, OPENS, SLOTS, Line, slot_of
from catalogue.models import Exam
from deployments.models import MANAGES_THE_CENTRE, Deployment, DeploymentStatus

HEIGHT = 100  # of the picture; a half hour is STEP wide
STEP, BAR = 10, 8


class State(models.TextChoices):
    """Which lines of the list somebody wants to see."""

    NOT_YET = "not_yet", _("Not marked yet")
    NEVER = "never", _("Never marked on any day")
    LATE = "late", _("Marked late")
    MARKED = "marked", _("Marked")

    def takes(self, line: Line) -> bool:
        match self:
            case State.NOT_YET:
                return line.marked_at is None
            case State.NEVER:
                return line.is_never
            case State.LATE:
                return line.is_late
            case State.MARKED:
                return line.marked_at is not None


@dataclass
class Sum:
    """What many centres come to."""

    due: int = 0
    never: int = 0
    amended: int = 0
    expected: int = 0
    present: int = 0
    absent: int = 0
    on_time: list[int] = field(default_factory=lambda: [0] * SLOTS)
    late: list[int] = field(default_factory=lambda: [0] * SLOTS)

    @property
    def marked(self) -> int:
        return sum(self.on_time) + sum(self.late)

    @property
    def marked_late(self) -> int:
        return sum(self.late)

    @property
    def waiting(self) -> int:
        return self.due - self.marked

    @property
    def unmarked(self) -> int:
        return self.expected - self.present - self.absent

    @property
    def share(self) -> int:
        """Of a hundred centres."""
        return 100 * self.marked // self.due if self.due else 0

    def add(self, other: Any) -> None:
        """Another sum, or a row that has been counted."""
        for name in ("due", "never", "amended", "expected", "present", "absent"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("on_time", "late"):
            pairs = zip(getattr(self, name), getattr(other, name), strict=True)
            setattr(self, name, [ours + theirs for ours, theirs in pairs])


def summed(lines: Iterable[Line]) -> Sum:
    found = Sum()
    for line in lines:
        found.due += 1
        found.never += line.is_never
        found.amended += line.is_amended
        found.expected += line.expected
        found.present += line.present
        found.absent += line.absent
        if line.marked_at is not None:
            slots = found.late if line.is_late else found.on_time
            slots[slot_of(line.marked_at, line.day)] += 1
    return found


# The picture


@dataclass(frozen=True)
class Part:
    kind: str
    x: int
    y: int
    height: int


@dataclass(frozen=True)
class Chart:
    parts: list[Part]
    labels: list[tuple[str, int]]  # an hour, and where it stands
    due: list[tuple[time, int]]  # when registers are due, and where that is
    most: int  # centres in the half hour with the highest bar
    rows: list[tuple[str, int, int]]  # the same in numbers: when, on time, late

    @property
    def width(self) -> int:
        return SLOTS * STEP

    @property
    def room(self) -> int:
        """With what the hours need at both ends."""
        return self.width + 26


def chart(found: Sum, exams: Iterable[Exam]) -> Chart:
    bars = list(zip(found.on_time, found.late, strict=True))
    most = max(on_time + late for on_time, late in bars)
    parts = [part for place, bar in enumerate(bars) for part in _bar(bar, place, most or 1)]
    labels = [(f"{_begins(place):%H:%M}", place * STEP) for place in range(0, HALF_HOURS + 1, 6)]
    hours = sorted({exam.registers_due_at for exam in exams})
    rows = [
        (_words(place), on_time, late)
        for place, (on_time, late) in enumerate(bars)
        if on_time or late
    ]
    return Chart(parts, labels, [(hour, _place(hour)) for hour in hours], most, rows)


def _bar(counts: tuple[int, int], place: int, most: int) -> Iterator[Part]:
    """From the ground up. Even one of a kind can be seen."""
    ground = HEIGHT
    for kind, count in zip(("on_time", "late"), counts, strict=True):
        if count:
            height = max(HEIGHT * count // most, 2)
            ground = max(ground - height, 0)
            yield Part(kind, place * STEP, ground, height)


def _begins(place: int) -> datetime:
    return datetime.combine(date.min, OPENS) + timedelta(minutes=30 * place)


def _words(place: int) -> str:
    begins = f"{_begins(place):%H:%M}"
    if place == HALF_HOURS:
        return str(_("%(time)s and later")) % {"time": begins}
    if place == 0:
        return str(_("before %(time)s")) % {"time": f"{_begins(1):%H:%M}"}
    return f"{begins} – {_begins(place + 1):%H:%M}"


def _place(hour: time) -> int:
    minutes = (hour.hour - OPENS.hour) * 60 + hour.minute - OPENS.minute
    return min(max(minutes * STEP // 30, 0), SLOTS * STEP)


# Whom to call


@dataclass(frozen=True)
class Manager:
    name: str
    phone: str


Key = tuple[int, int]  # exam and station


def managers(lines: Iterable[Line], day: date, *, to: User) -> dict[Key, Manager]:
    """Who manages each of these centres on a day, as far as this person sees officers there."""
    wanted = list(lines)
    rows = (
        Deployment.objects.visible_to(to)
        .serving_on(day)
        .filter(
            status=DeploymentStatus.ACCEPTED,
            post__position__code=MANAGES_THE_CENTRE,
            post__exam__in={line.exam_id for line in wanted},
            post__station__in={line.station_id for line in wanted},
        )
        .order_by("-slot")
        .values_list(
            "post__exam_id", "post__station_id", "officer__full_name", "officer__user__phone"
        )
    )
    return {(exam, station): Manager(name, phone or "") for exam, station, name, phone in rows}


def reminders(lines: Iterable[Line], day: date, *, to: User) -> dict[int, tuple[datetime, str]]:
    """By entry: when its centre was reminded, and who got the text."""
    rows = RegisterReminder.objects.visible_to(to).filter(
        entry__in=[line.entry_id for line in lines], day=day
    )
    found = rows.values_list("entry_id", "reminded_at", "deployment__officer__full_name")
    return {entry: (at, name) for entry, at, name in found}
