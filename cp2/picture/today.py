"""What goes on today: registers by the hour, and texts by their fate."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from attendance.models import DayCount, Register, RegisterStatus
from attendance.owed import HALF_HOURS, OPENS
from cp2.picture.charts import Series, bars, lines
from cp2.picture.counting import DAYS
from cp2.picture.links import to_list
from cp2.picture.models import Topic
from cp2.picture.season import Figures, Season
from sms.models import Message, MessageStatus

LATELY = timedelta(days=14)  # how far back the day lies that today is held against
HOUR = 2  # half hours
EVERY = 3 * HOUR  # so many half hours apart are the labels of the chart


# Registers


@dataclass
class Day:
    """Centres of the chosen exams on one day, by the half hour, until when it has come."""

    on: date
    due: int
    submitted: list[int]
    due_by: list[int]

    @property
    def total(self) -> int:
        return sum(self.submitted)

    def by(self, point: int) -> int:
        return sum(self.submitted[:point])


@dataclass(frozen=True)
class Hour:
    at: str
    due: int
    expected: int | None
    submitted: int | None  # None: it has not come yet


@dataclass(frozen=True)
class Registers:
    due: int
    submitted: int
    submitted_url: str
    due_url: str
    counted_at: datetime | None
    before: date | None  # the day that tells what is expected
    hours: list[Hour]
    chart: SafeString | str

    @property
    def share(self) -> int:
        return 100 * self.submitted // self.due if self.due else 0


def registers(season: Season) -> Registers:
    """Each centre that works today owes one."""
    today = timezone.localdate()
    counted = DayCount.objects.filter(exam__in=season.exams)
    before = (
        counted.filter(day__lt=today, day__gte=today - LATELY)
        .order_by("-day")
        .values_list("day", flat=True)
        .first()
    )
    days, counted_at = _days(season, [day for day in (today, before) if day])
    day = days.get(today, Day(today, 0, [0] * (HALF_HOURS + 1), [0] * (HALF_HOURS + 1)))
    earlier = days.get(before) if before else None
    submitted = [RegisterStatus.SUBMITTED.value, RegisterStatus.AMENDED.value]
    narrowed: dict[str, Any] = {"entry__exam__in": season.numbers} if season.exam else {}
    points = list(_points(day, earlier)) if day.due else []
    return Registers(
        due=day.due,
        submitted=day.total,
        submitted_url=to_list(
            Register, day__exact=today.isoformat(), status__in=",".join(submitted), **narrowed
        ),
        due_url=reverse("admin:attendance_register_today")
        + (f"?exam={season.exam.pk}" if season.exam else ""),
        counted_at=counted_at,
        before=before if earlier and earlier.due else None,
        hours=points[::HOUR],
        chart=_hours(points) if points else "",
    )


def _days(season: Season, wanted: list[date]) -> tuple[dict[date, Day], datetime | None]:
    due_at = {exam.pk: exam.registers_due_at for exam in season.exams}
    found: dict[date, Day] = {}
    oldest: datetime | None = None
    rows = DayCount.objects.filter(exam__in=season.exams, day__in=wanted).order_by()
    for on, exam, due, on_time, late, at in rows.values_list(
        "day", "exam", "due", "on_time", "late", "counted_at"
    ):
        day = found.setdefault(on, Day(on, 0, [0] * len(on_time), [0] * len(on_time)))
        day.due += due
        day.submitted = [sum(each) for each in zip(day.submitted, on_time, late, strict=True)]
        hour = due_at[exam]
        minutes = (hour.hour - OPENS.hour) * 60 + hour.minute
        day.due_by[min(max(minutes // 30, 0), HALF_HOURS)] += due
        if on == timezone.localdate():
            oldest = min(oldest or at, at)
    return found, oldest


def _points(day: Day, earlier: Day | None) -> Iterator[Hour]:
    """From the first half hour's beginning to the last one's end."""
    now = timezone.localtime().replace(tzinfo=None)
    begin = datetime.combine(day.on, OPENS)
    for point in range(HALF_HOURS + 1):
        at = begin + timedelta(minutes=30 * point)
        expected = day.due * earlier.by(point) // earlier.due if earlier and earlier.due else None
        yield Hour(
            f"{at:%H:%M}",
            sum(day.due_by[: point + 1]),
            expected,
            day.by(point) if at <= now else None,
        )


def _hours(points: list[Hour]) -> SafeString:
    labels = [point.at for point in points]
    series = [
        Series("due", _("Due"), [point.due for point in points]),
        Series("expected", _("Expected"), [point.expected for point in points]),
        Series("submitted", _("Submitted"), [point.submitted for point in points]),
    ]
    return lines(series, labels, labels[HOUR::EVERY])


# Texts


@dataclass(frozen=True)
class Fate:
    label: str
    kind: str
    today: int
    today_url: str
    week: int
    week_url: str


@dataclass(frozen=True)
class Texts:
    fates: list[Fate]
    chart: SafeString | str

    @property
    def today(self) -> int:
        return sum(fate.today for fate in self.fates)

    @property
    def week(self) -> int:
        return sum(fate.week for fate in self.fates)


# From the ground up: how each is coloured
KINDS = {
    MessageStatus.DELIVERED: "arrived",
    MessageStatus.SENT: "left",
    MessageStatus.QUEUED: "waiting",
    MessageStatus.SENDING: "waiting",
    MessageStatus.HELD: "waiting",
    MessageStatus.UNKNOWN: "lost",
    MessageStatus.FAILED: "lost",
}


def texts(figures: Figures) -> Texts:
    """The table keeps those of many seasons; how those of the last days fare is what matters."""
    today = timezone.localdate()
    days = [today - timedelta(days=ago) for ago in reversed(range(DAYS))]
    found = figures.nation(Topic.TEXTS)
    by_day = [found.get(day.isoformat(), {}) for day in days]
    fates = [
        Fate(
            str(status.label),
            kind,
            today=by_day[-1].get(status.value, 0),
            today_url=to_list(Message, status__exact=status.value, day="today"),
            week=sum(day.get(status.value, 0) for day in by_day),
            week_url=to_list(Message, status__exact=status.value, day="week"),
        )
        for status, kind in KINDS.items()
    ]
    labels = [date_format(day, "D j") for day in days]
    series = [
        Series(
            kind,
            kind,
            [
                sum(day.get(status.value, 0) for status, its in KINDS.items() if its == kind)
                for day in by_day
            ],
        )
        for kind in dict.fromkeys(KINDS.values())
    ]
    has_any = any(fate.week for fate in fates)
    return Texts(fates, bars(series, labels, labels[::2]) if has_any else "")
