"""The nation counted into a few dozen rows by the worker, which the picture reads.

A topic is counted anew when its tables were written to since, by whomever and however: PostgreSQL
keeps the number of rows written for its own purposes, so that nothing has to note it with each of
three million marks. It tells of a write a few seconds after the commit, so what it has not told of
by then is counted at the next look. After midnight all is counted, since "today" is another day.
What takes long is counted less often, so that this is never more than a small part of the work.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from catalogue.models import Exam
from cp2.picture.models import Count, Counted, Topic
from cp2.picture.statements import STATEMENTS

YEARS = 2  # the newest, and the one before, which is still being paid
DAYS = 7  # of texts
PAUSE = 20  # times as long as it took to count
ONE_AT_A_TIME = 8_270_002  # the name of a lock

WRITES = """
SELECT relname, n_tup_ins + n_tup_upd + n_tup_del
FROM pg_stat_user_tables WHERE schemaname = current_schema() AND relname = ANY (%s)
"""
INSERT = """
INSERT INTO picture_count (topic, exam_id, year, figures)
SELECT %(topic)s, found.exam_id, found.year, found.figures FROM ({}) found
"""


def count_due() -> int:
    """The topics whose tables changed, and all once a day; says how many that were."""
    writes, now = _writes(), timezone.now()
    known = {Topic(one.topic): one for one in Counted.objects.all()}
    fresh = [topic for topic, one in known.items() if _is_fresh(one, writes[topic])]
    Counted.objects.filter(topic__in=fresh).update(looked_at=now)
    due = [
        topic
        for topic in Topic
        if topic not in fresh
        and (topic not in known or known[topic].counted_at + PAUSE * known[topic].took <= now)
    ]
    return sum(count(topic, writes[topic]) for topic in due)


def _is_fresh(known: Counted, writes: int) -> bool:
    return known.writes == writes and timezone.localdate(known.counted_at) == timezone.localdate()


def count_all() -> None:
    """Whether anything has changed or not."""
    writes = _writes()
    for topic in Topic:
        count(topic, writes[topic])


@transaction.atomic
def count(topic: Topic, writes: int) -> int:
    """Anew; says whether it was done. Somebody else may be at it."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
        if cursor.fetchone() != (True,):
            return 0
        # sorted by the hundred thousand; to compile the plan takes longer than to follow it
        cursor.execute("SET LOCAL work_mem = '64MB'; SET LOCAL jit = off")
        Count.objects.filter(topic=topic).delete()
        midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
        values: dict[str, Any] = {
            "topic": topic.value,
            "exams": list(countable().values_list("pk", flat=True)),
            "today": midnight.date(),
            "since": midnight - timedelta(days=DAYS - 1),
            "zone": settings.TIME_ZONE,
        }
        cursor.execute(INSERT.format(STATEMENTS[topic].sql), values)
    times = {"counted_at": now, "looked_at": now, "took": timezone.now() - now}
    Counted.objects.update_or_create(topic=topic, defaults={"writes": writes, **times})
    return 1


def countable() -> Any:
    """Exams of the newest years: the older ones' rows stay where they are."""
    years = Exam.objects.order_by("-year").values("year").distinct()[:YEARS]
    return Exam.objects.filter(year__in=years).order_by("-year", "code")


def _writes() -> dict[Topic, int]:
    """How many rows of each topic's tables were ever written. It starts again after a crash of the
    database, which is another number too."""
    tables = sorted({table for one in STATEMENTS.values() for table in one.tables})
    with connection.cursor() as cursor:
        cursor.execute(WRITES, [tables])
        found: dict[str, int] = dict(cursor.fetchall())

    def total(names: Iterable[str]) -> int:
        return sum(found.get(name, 0) for name in names)

    return {topic: total(STATEMENTS[topic].tables) for topic in Topic}
