"""What centres owe and what they gave: a line for each centre and day on which it works.

One statement for a day of a sub-county, a season of it, or the days of one centre. It goes from the
place to its rows; asked the other way round, every mark of the nation would be looked at.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from attendance.models import RegisterStatus
from catalogue.models import CentreEntry, SubCounty

# As `catalogue.models.works` and `attendance.serving.expected_on` have it; a test compares them.
# Takes: narrowed, of the station; days, of the exam's day.
OWED = """
    WITH place AS MATERIALIZED (
        SELECT entry.id, entry.exam_id, entry.station_id, entry.papers,
            station.sub_county_id, station.code, station.name
        FROM catalogue_dutystation station
        JOIN catalogue_centreentry entry ON entry.station_id = station.id
        WHERE {places}
    ), owed AS MATERIALIZED (
        SELECT place.*, exam_day.day, exam_day.kind,
            (exam_day.day + exam.registers_due_at) AT TIME ZONE %(zone)s AS due_at,
            (exam_day.day + exam.registers_close_after + exam.registers_close_at)
                AT TIME ZONE %(zone)s AS closes_at
        FROM place
        JOIN catalogue_exam exam ON exam.id = place.exam_id
        JOIN catalogue_examday exam_day ON exam_day.exam_id = place.exam_id
        WHERE {days} AND (
            exam_day.kind = 'rehearsal' OR exam_day.papers = '{{}}' OR place.papers = '{{}}'
            OR exam_day.papers && place.papers
        )
    ), people AS MATERIALIZED (
        SELECT place.id, exam_day.day,
            count(*) AS expected,
            count(*) FILTER (WHERE mark.status = 'present') AS present,
            count(*) FILTER (WHERE mark.status = 'absent') AS absent
        FROM place
        JOIN deployments_post post
            ON post.exam_id = place.exam_id AND post.station_id = place.station_id
        JOIN catalogue_examday exam_day ON exam_day.exam_id = place.exam_id
        LEFT JOIN catalogue_positionterms terms
            ON terms.exam_id = post.exam_id AND terms.position_id = post.position_id
        JOIN deployments_deployment deployment
            ON deployment.post_id = post.id AND deployment.status IN ('accepted', 'moved')
            AND exam_day.day BETWEEN deployment.starts_on AND deployment.ends_on
        LEFT JOIN attendance_mark mark
            ON mark.officer_id = deployment.officer_id AND mark.day = exam_day.day
            AND mark.deployment_id = deployment.id
        WHERE {days} AND (terms.id IS NULL OR exam_day.kind = ANY (terms.paid_days))
        GROUP BY place.id, exam_day.day
    )
"""
LINES = (
    OWED
    + """
    SELECT owed.id, owed.exam_id, owed.station_id, owed.code, owed.name, owed.day, owed.kind,
        owed.due_at, owed.closes_at, register.id, register.status, register.submitted_at,
        register.acting_name, register.late_reason,
        register.status IS NULL AND NOT EXISTS (
            SELECT FROM attendance_register other
            WHERE other.entry_id = owed.id AND other.status <> 'open'
        ),
        coalesce(people.expected, 0), coalesce(people.present, 0), coalesce(people.absent, 0)
    FROM owed
    LEFT JOIN attendance_register register
        ON register.entry_id = owed.id AND register.day = owed.day AND register.status <> 'open'
    LEFT JOIN people ON people.id = owed.id AND people.day = owed.day
    ORDER BY owed.day, register.submitted_at NULLS FIRST, owed.code, owed.exam_id
    """
)


@dataclass(frozen=True)
class Line:
    """One centre's day."""

    entry_id: int
    exam_id: int
    station_id: int
    code: str
    name: str
    day: date
    kind: str
    due_at: datetime
    closes_at: datetime
    register_id: int | None
    status: str | None
    marked_at: datetime | None  # first, and by whom
    acting_name: str | None
    late_reason: str | None
    is_never: bool  # not on this day, nor on any other
    expected: int
    present: int
    absent: int

    @property
    def unmarked(self) -> int:
        return self.expected - self.present - self.absent

    @property
    def is_late(self) -> bool:
        return self.marked_at is not None and self.marked_at > self.due_at

    @property
    def came_after(self) -> bool:
        """Not on the day itself."""
        return self.marked_at is not None and timezone.localdate(self.marked_at) != self.day

    @property
    def is_amended(self) -> bool:
        return self.status == RegisterStatus.AMENDED

    @property
    def is_missed(self) -> bool:
        """Not marked, and closed to the centre."""
        return self.marked_at is None and timezone.now() >= self.closes_at

    @property
    def is_overdue(self) -> bool:
        return self.marked_at is None and timezone.now() >= self.due_at

    @property
    def state(self) -> str:
        if self.marked_at is not None:
            return "late" if self.is_late else "marked"
        return "never" if self.is_never else "not_yet"


def of_area(
    area: SubCounty | int, *, day: date | None = None, until: date | None = None, exam: Any = None
) -> Iterator[Line]:
    """A sub-county's centres on a day, or on all days up to one; of one exam or of all."""
    places = "station.sub_county_id = %(area)s"
    if exam is not None:
        places += " AND entry.exam_id = %(exam)s"
    number = area if isinstance(area, int) else area.pk
    return _lines(places, day, until, area=number, exam=getattr(exam, "pk", exam))


def of_entry(entry: CentreEntry) -> Iterator[Line]:
    """All days of one centre."""
    return _lines("entry.id = %(entry)s", None, None, entry=entry.pk)


def _lines(places: str, day: date | None, until: date | None, **named: Any) -> Iterator[Line]:
    days = "TRUE"
    if day is not None:
        days = "exam_day.day = %(day)s"
    elif until is not None:
        days = "exam_day.day <= %(until)s"
    values = {"zone": settings.TIME_ZONE, "day": day, "until": until, **named}
    with connection.cursor() as cursor:
        cursor.execute(LINES.format(places=places, days=days), values)
        return iter([Line(*row) for row in cursor.fetchall()])


# The hours of a day

OPENS = time(5)  # the picture of a day begins then
HALF_HOURS = 30  # until 20:00; one more stands for all that came later
SLOTS = HALF_HOURS + 1


def slot_of(at: datetime, day: date) -> int:
    """In which half hour of the day something came; before and after the picture count at its
    ends."""
    begins = timezone.make_aware(datetime.combine(day, OPENS))
    return min(max((at - begins) // timedelta(minutes=30), 0), HALF_HOURS)
