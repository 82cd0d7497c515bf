"""The nation's days, counted into a few hundred rows by the worker.

To count one at national size takes a second of the database, so pages do not: they add up what was
counted within the last minute.
"""

import time
from datetime import date, timedelta
from typing import Any, cast

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from attendance.models import DayCount
from attendance.owed import HALF_HOURS, OPENS, OWED, SLOTS
from catalogue.models import ExamDay

# A sub-county's day of an exam, per half hour and whether in time: a few rows for each.
COUNTS = (
    OWED
    + """
    SELECT owed.exam_id, owed.sub_county_id,
        CASE WHEN register.id IS NOT NULL THEN least(greatest(floor(extract(epoch FROM
            (register.submitted_at AT TIME ZONE %(zone)s) - (owed.day + %(opens)s::time)
        ) / 1800), 0), %(last)s)::int END AS slot,
        register.submitted_at > owed.due_at AS is_late,
        count(*),
        count(*) FILTER (WHERE register.id IS NULL AND NOT EXISTS (
            SELECT FROM attendance_register other
            WHERE other.entry_id = owed.id AND other.status <> 'open'
        )),
        count(*) FILTER (WHERE register.status = 'amended'),
        coalesce(sum(people.expected), 0)::int,
        coalesce(sum(people.present), 0)::int,
        coalesce(sum(people.absent), 0)::int
    FROM owed
    LEFT JOIN attendance_register register
        ON register.entry_id = owed.id AND register.day = owed.day AND register.status <> 'open'
    LEFT JOIN people ON people.id = owed.id AND people.day = owed.day
    GROUP BY 1, 2, 3, 4
    """
)
COLUMNS = ["due", "never", "amended", "expected", "present", "absent"]
KEPT_FRESH = timedelta(days=60)  # days gone by change when directors amend them
STALE_AFTER = timedelta(hours=1)
TICK = 60  # seconds


def count_due() -> int:
    """Today, if anybody sits; and of the days gone by one after the other."""
    today = timezone.localdate()
    counted = int(ExamDay.objects.filter(day=today).exists() and count(today))
    past = ExamDay.objects.filter(day__lt=today, day__gte=today - KEPT_FRESH)
    days = sorted(set(past.values_list("day", flat=True)))
    if days:
        day = days[int(time.time() // TICK) % len(days)]
        fresh = DayCount.objects.filter(day=day, counted_at__gt=timezone.now() - STALE_AFTER)
        counted += 0 if fresh.exists() else count(day)
    return counted


@transaction.atomic
def count(day: date) -> int:
    """Every sub-county's, anew; says how many rows that is."""
    now = timezone.now()
    rows = [
        DayCount(exam_id=exam, sub_county_id=place, day=day, counted_at=now, **found)
        for (exam, place), found in sorted(_counted(day).items())
    ]
    DayCount.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["day", "exam", "sub_county"],
        update_fields=[*COLUMNS, "on_time", "late", "counted_at"],
    )
    DayCount.objects.filter(day=day, counted_at__lt=now).delete()  # whose centres sit no more
    return len(rows)


def _counted(day: date) -> dict[tuple[int, int], dict[str, int | list[int]]]:
    found: dict[tuple[int, int], dict[str, int | list[int]]] = {}
    values: dict[str, Any] = {
        "zone": settings.TIME_ZONE, "day": day, "opens": OPENS, "last": HALF_HOURS
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(COUNTS.format(places="TRUE", days="exam_day.day = %(day)s"), values)
        for exam, place, slot, is_late, *counts in cursor.fetchall():
            row = found.setdefault(
                (exam, place),
                {
                    **dict.fromkeys(COLUMNS, 0),
                    "on_time": [0] * SLOTS,
                    "late": [0] * SLOTS,
                },
            )
            for name, number in zip(COLUMNS, counts, strict=True):
                row[name] += number
            if slot is not None:
                came = "late" if is_late else "on_time"
                cast(list[int], row[came])[slot] += counts[0]
    return found
