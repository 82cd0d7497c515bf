"""All claims, counted by the worker into a few thousand rows, which the pages add up.

It is done when something has changed: triggers note of which exam (0007). What no trigger sees, as
when a station is moved to another sub-county, is caught up with within a day.
"""

from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from claims.models import Claim, MoneyChange, MoneyCount, MoneyDay
from claims.money.lines import LINES, OF_ALL, ZONE

STALE_AFTER = timedelta(days=1)
ONE_AT_A_TIME = 8_270_001  # the name of a lock

LOOK = """
CREATE TEMPORARY TABLE money_line ON COMMIT DROP AS
""" + LINES.format(which="c.exam_id = %(exam)s", trail=OF_ALL)  # fmt: skip
COUNTS = """
INSERT INTO claims_moneycount (exam_id, sub_county_id, position_id, channel, status, state, is_held,
    week, claims, officers, gross, tax, advance, net, counted_at)
SELECT %(exam)s, sub_county_id, position_id, channel, status, state, is_held,
    date_trunc('week', since AT TIME ZONE %(zone)s)::date,
    count(*) FILTER (WHERE is_main), count(*) FILTER (WHERE is_first),
    sum(gross), sum(tax), sum(advance), sum(gross - tax - advance), %(now)s
FROM money_line GROUP BY 2, 3, 4, 5, 6, 7, 8
"""
DAYS = """
INSERT INTO claims_moneyday (exam_id, sub_county_id, day, claimed, approved, paid)
SELECT %(exam)s, sub_county_id, (at AT TIME ZONE %(zone)s)::date, coalesce(sum(claimed), 0),
    coalesce(sum(approved), 0), coalesce(sum(paid), 0)
FROM (
    SELECT sub_county_id, prepared_at AS at, gross - tax - advance AS claimed,
        NULL::numeric AS approved, NULL::numeric AS paid
    FROM money_line
    UNION ALL
    SELECT sub_county_id, coalesce(approved_at, prepared_at), NULL, gross - tax - advance, NULL
    FROM money_line WHERE status IN ('approved', 'paying', 'paid')
    UNION ALL
    SELECT sub_county_id, paid_at, NULL, NULL, gross - tax - advance
    FROM money_line WHERE status = 'paid'
) step
GROUP BY 2, 3
"""


def count_due() -> int:
    """The exams of which something has changed, and those that were not looked at for a day."""
    changed = set(MoneyChange.objects.order_by().values_list("exam", flat=True).distinct())
    stale = MoneyCount.objects.order_by().filter(counted_at__lt=timezone.now() - STALE_AFTER)
    due = sorted(changed | set(stale.values_list("exam", flat=True).distinct()))
    return sum(count(exam) for exam in due)


@transaction.atomic
def count(exam: int) -> int:
    """One exam's, anew; says whether it was done. Somebody else may be at it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
        if cursor.fetchone() != (True,):
            return 0
        # what changes from here on leaves a note of its own, and is counted the next time
        MoneyChange.objects.filter(exam=exam).delete()
        values: dict[str, Any] = {"exam": exam, "now": timezone.now(), **ZONE}
        # sorted and hashed by the hundred thousand; to compile the plan takes two seconds more
        cursor.execute("SET LOCAL work_mem = '64MB'; SET LOCAL jit = off")
        cursor.execute(LOOK, values)
        MoneyCount.objects.filter(exam=exam).delete()
        MoneyDay.objects.filter(exam=exam).delete()
        cursor.execute(COUNTS, values)
        cursor.execute(DAYS, values)
        cursor.execute("DROP TABLE money_line")
    return 1


def count_all() -> None:
    """Whether anything has changed or not."""
    for exam in Claim.objects.order_by().values_list("exam", flat=True).distinct():
        count(exam)
