"""When everything happens, seen from today: the season is always in progress."""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from catalogue.models import DayKind

SATURDAY = 5
ZONE = timezone.get_default_timezone()


@dataclass(frozen=True)
class Timetable:
    """The days of one exam. A whole number is so many working days from today."""

    year: int
    code: int
    abbreviation: str
    name: str
    rehearsal: int
    practical: range
    theory: range

    def days(self, today: date) -> dict[date, DayKind]:
        days = {working_day(today, self.rehearsal): DayKind.REHEARSAL}
        days |= {working_day(today, n): DayKind.PRACTICAL for n in self.practical}
        days |= {working_day(today, n): DayKind.THEORY for n in self.theory}
        return days


# KPSEA is over, so that its claims can be complete; the other two are at work today.
TIMETABLES = (
    Timetable(
        year=2025,
        code=1,
        abbreviation="KPSEA",
        name="Kenya Primary School Education Assessment",
        rehearsal=-14,
        practical=range(0),
        theory=range(-12, -9),
    ),
    Timetable(
        year=2025,
        code=2,
        abbreviation="KJSEA",
        name="Kenya Junior School Education Assessment",
        rehearsal=-5,
        practical=range(0),
        theory=range(-2, 4),
    ),
    Timetable(
        year=2025,
        code=3,
        abbreviation="KCSE",
        name="Kenya Certificate of Secondary Education",
        rehearsal=-7,
        practical=range(-6, -3),
        theory=range(-3, 11),
    ),
)


def _lying(timetable: Timetable, rehearsal: int, practical: range, theory: range) -> Timetable:
    return replace(timetable, rehearsal=rehearsal, practical=practical, theory=theory)


_KPSEA, _KJSEA, _KCSE = TIMETABLES
# KCSE sits its last papers today and is a little longer than it was in 2025, so that a national
# season comes to three million marks.
NEARLY_OVER = (
    _lying(_KPSEA, -34, range(0), range(-32, -29)),
    _lying(_KJSEA, -25, range(0), range(-22, -16)),
    _lying(_KCSE, -28, range(-27, -20), range(-20, 1)),
)


def working_day(today: date, n: int) -> date:
    """The n-th working day after today, or before it. 0 is today, on a Sunday too: whoever tries
    the portal at a weekend finds an exam day as well."""
    day, step = today, timedelta(days=1 if n > 0 else -1)
    for _each in range(abs(n)):
        day += step
        while day.weekday() >= SATURDAY:
            day += step
    return day


def moment(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), tzinfo=ZONE)
