"""Second looks: found by night, had by a director or headquarters."""

import time
from collections.abc import Iterable
from datetime import date, timedelta
from datetime import time as clock

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from accounts.services import record_each
from attendance.models import LookedThrough, SecondLook
from attendance.second_looks import find
from catalogue.models import Exam

# The mornings belong to the registers themselves.
MORNING = (clock(5), clock(10))
FIRST = clock(0, 30)  # what a night looks at is the day that is over

COVERS = """
INSERT INTO attendance_lookedthrough (exam_id, sub_county_id)
SELECT DISTINCT entry.exam_id, station.sub_county_id
FROM catalogue_centreentry entry
JOIN catalogue_dutystation station ON station.id = entry.station_id
WHERE entry.exam_id = ANY (%(exams)s) AND NOT EXISTS (
    SELECT FROM attendance_lookedthrough done
    WHERE done.exam_id = entry.exam_id AND done.sub_county_id = station.sub_county_id
)
ON CONFLICT DO NOTHING
"""


def find_due(seconds: float = 20) -> int:
    """What is due of yesterday's registers and all before, a sub-county of an exam at a time; how
    many of these were done. What is not done in time goes on at the next tick."""
    now = timezone.localtime()
    if MORNING[0] <= now.time() < MORNING[1] or now.time() < FIRST:
        return 0
    until, done, began = now.date() - timedelta(days=1), 0, time.monotonic()
    exams = at_work(until)
    with connection.cursor() as cursor:
        cursor.execute(COVERS, {"exams": exams})
    while time.monotonic() - began < seconds and find_next(exams, until):
        done += 1
    return done


def at_work(until: date) -> list[int]:
    """Exams whose marks still change: for as long as their centres sign in."""
    begun = Exam.objects.filter(rehearsal_on__lte=until)
    return [exam.pk for exam in begun if exam.centres_sign_in_until >= until]


@transaction.atomic
def find_next(exams: list[int], until: date) -> bool:
    """The next that nobody else is at. Done with its row, or not at all."""
    due = (
        LookedThrough.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("exam", "sub_county")
        .filter(Q(until=None) | Q(until__lt=until), exam__in=exams)
        .order_by("pk")
        .first()
    )
    if due is None:
        return False
    find(due.exam, due.sub_county, until=until)
    due.until = until
    due.save(update_fields=["until"])
    return True


@transaction.atomic
def look_at(chosen: Iterable[SecondLook], *, by: User, note: str) -> int:
    """Somebody has looked, and says what they saw; once, and never at a change of their own."""
    rows = list(
        SecondLook.objects.waiting_for(by)
        .filter(pk__in=[look.pk for look in chosen])
        .select_for_update(of=("self",))
        .order_by("pk")
    )
    SecondLook.objects.filter(pk__in=[row.pk for row in rows]).update(
        looked_by=by, looked_at=timezone.now(), note=note
    )
    record_each("second_look.had", [(row, {"note": note}) for row in rows], by=by)
    return len(rows)
