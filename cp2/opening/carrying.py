"""Last year's centres, taken over where they are missing: the work of a run."""

from typing import Any

from django.db import connection

from accounts.services import record
from catalogue.models import CentreEntry, Exam, MarkingEntry
from cp2.rules import lock
from cp2.runs.models import Run
from cp2.runs.services import Work

AT_ONCE = 2_000  # less than a second's work

CENTRES = """
WITH fresh AS (
    INSERT INTO catalogue_centreentry
        (exam_id, station_id, candidates, distribution_centre_id, host_id, papers)
    SELECT %(exam)s, station_id, candidates, distribution_centre_id, host_id, papers
    FROM catalogue_centreentry
    WHERE exam_id = %(last)s AND id BETWEEN %(from)s AND %(to)s
    ORDER BY id
    ON CONFLICT (exam_id, station_id) DO NOTHING
    RETURNING id, candidates
)
INSERT INTO opening_carried (entry_id, candidates) SELECT id, candidates FROM fresh
"""
MARKING = """
INSERT INTO catalogue_markingentry (exam_id, station_id, position_id, officers)
SELECT %(exam)s, station_id, position_id, officers
FROM catalogue_markingentry
WHERE exam_id = %(last)s AND id BETWEEN %(from)s AND %(to)s
ORDER BY id
ON CONFLICT (exam_id, station_id, position_id) DO NOTHING
"""
OF: dict[str, tuple[Any, str]] = {
    "centres": (CentreEntry, CENTRES),
    "marking_centres": (MarkingEntry, MARKING),
}


def plan(run: Run) -> list[Any]:
    """Which of the two, from which number of last year's to which."""
    portions = []
    for name, (model, _statement) in OF.items():
        rows = model.objects.filter(exam=run.asked["last"]).order_by("pk")
        numbers = list(rows.values_list("pk", flat=True))
        for at in range(0, len(numbers), AT_ONCE):
            some = numbers[at : at + AT_ONCE]
            portions.append([name, some[0], some[-1]])
    return portions


def step(run: Run, portion: list[Any]) -> None:
    """Those that are there stay as they are, so again is as once. What candidates need, and how far
    a centre's papers come, is each year's own."""
    name, first, last = portion
    exam = lock(Exam(pk=run.asked["exam"]))
    with connection.cursor() as cursor:
        cursor.execute(
            OF[name][1], {"exam": exam.pk, "last": run.asked["last"], "from": first, "to": last}
        )
        came = cursor.rowcount
    run.count(**{name: came})
    if came:
        of = Exam.objects.get(pk=run.asked["last"]).short
        record("exam.entries_carried", exam, by=run.started_by, of=of, **{name: came})


WORK = Work(plan, step)
