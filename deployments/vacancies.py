"""Vacancies and the posts they are to fill: opened for a whole exam at once, and kept in step.

A vacancy has as many positions as the stations of its kind in its sub-county are entitled to,
unless headquarters gave a reason for another number. Vacancies lie below deployments, so all that
reads posts is here. Exams are locked before vacancies: see vacancies.opening.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Count, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import User
from accounts.services import record, record_each
from catalogue.models import Exam, SubCounty
from deployments.models import Deployment, Post
from vacancies.models import Vacancy
from vacancies.opening import Key, lock_exams

# What vacancies ask (VACANCY_COUNTS in the settings)


def entitled(exams: Collection[int]) -> dict[Key, int]:
    rows: QuerySet[Any, Any] = (
        Post.objects.filter(exam__in=exams)
        .order_by()
        .values_list("exam", "station__kind", "position", "station__sub_county")
        .annotate(places=Sum("required"))
    )
    return {(row[0], row[1], row[2], row[3]): row[4] for row in rows if row[4]}


def deployed_unasked() -> Coalesce:
    """In a query of vacancies: how many of its positions are held by officers who never applied."""
    held = (
        Deployment.objects.live()
        .filter(
            application=None,
            ends_on__gte=timezone.localdate(),
            post__exam=OuterRef("exam"),
            post__position=OuterRef("position"),
            post__station__kind=OuterRef("station_kind"),
            post__station__sub_county=OuterRef("sub_county"),
        )
        .order_by()
        .annotate(all=Value(1))
        .values("all")
        .annotate(n=Count("pk"))
    )
    return Coalesce(Subquery(held.values("n")), 0)


# Kept in step

FOLLOW = """
WITH entitled AS (
    SELECT station.kind, post.position_id, station.sub_county_id,
        sum(post.required)::int AS places
    FROM deployments_post post
    JOIN catalogue_dutystation station ON station.id = post.station_id
    WHERE post.exam_id = %(exam)s
        AND (%(sub_county)s::bigint IS NULL OR station.sub_county_id = %(sub_county)s)
    GROUP BY station.kind, post.position_id, station.sub_county_id
),
wanted AS (
    SELECT vacancy.id, vacancy.places AS was, coalesce(entitled.places, 0) AS places
    FROM vacancies_vacancy vacancy
    LEFT JOIN entitled ON entitled.kind = vacancy.station_kind
        AND entitled.position_id = vacancy.position_id
        AND entitled.sub_county_id = vacancy.sub_county_id
    WHERE vacancy.exam_id = %(exam)s AND vacancy.override_reason = ''
        AND (%(sub_county)s::bigint IS NULL OR vacancy.sub_county_id = %(sub_county)s)
)
UPDATE vacancies_vacancy vacancy SET places = wanted.places,
    -- one that has not opened yet never does: it opens and closes in the past
    opens_at = CASE WHEN wanted.places > 0 THEN opens_at
        ELSE least(opens_at, now() - interval '1 second') END,
    closes_at = CASE WHEN wanted.places > 0 THEN closes_at ELSE least(closes_at, now()) END
FROM wanted
WHERE wanted.id = vacancy.id AND wanted.places <> vacancy.places
RETURNING vacancy.id, wanted.was, vacancy.places
"""


def follow(exam: Exam, sub_county: SubCounty | None, *, by: User | None) -> None:
    """Positions are what the posts come to now; a vacancy whose posts are gone closes. Call inside
    the transaction that changed the posts, after it did."""
    lock_exams([exam.pk])
    with connection.cursor() as cursor:
        cursor.execute(
            FOLLOW, {"exam": exam.pk, "sub_county": sub_county.pk if sub_county else None}
        )
        changed = cursor.fetchall()
    for verb, is_meant in (("vacancy.recounted", bool), ("vacancy.closed", lambda now: not now)):
        told = [
            (Vacancy(pk=pk), {"was": was, "now": now}) for pk, was, now in changed if is_meant(now)
        ]
        record_each(verb, told, by=by)


# Opened


@dataclass(frozen=True)
class Opening:
    """What headquarters wants to open. Activities are by kind of station."""

    exam: Exam
    positions: Collection[int]
    activities: Mapping[str, int]
    opens_at: datetime
    closes_at: datetime
    also_by_hand: bool = False  # count those anew that have another number for a reason


class Line(NamedTuple):
    """What opening does to the vacancies of one position at one kind of station."""

    station_kind: str
    position: int
    places: int
    sub_counties: int
    fresh: int
    changed: int
    same: int
    by_hand: int  # among those two: their number stays
    elsewhere: int  # exist under another activity, and stay as they are


# Each vacancy that could be, beside the one that is.
WANTED = """
WITH chosen AS (
    SELECT * FROM unnest(%(kinds)s::text[], %(activities)s::bigint[])
        AS chosen (station_kind, activity_id)
),
entitled AS (
    SELECT station.kind AS station_kind, post.position_id, station.sub_county_id,
        sum(post.required)::int AS places
    FROM deployments_post post
    JOIN catalogue_dutystation station ON station.id = post.station_id
    WHERE post.exam_id = %(exam)s AND post.position_id = ANY(%(positions)s)
    GROUP BY station.kind, post.position_id, station.sub_county_id
    HAVING sum(post.required) > 0
),
there AS (
    -- of several under different activities the one that is meant, if there is one
    SELECT DISTINCT ON (station_kind, position_id, sub_county_id) vacancy.*
    FROM vacancies_vacancy vacancy JOIN chosen USING (station_kind)
    WHERE vacancy.exam_id = %(exam)s
    ORDER BY station_kind, position_id, sub_county_id,
        (vacancy.activity_id = chosen.activity_id) DESC, vacancy.id
),
wanted AS (
    SELECT station_kind, position_id, sub_county_id, entitled.places, chosen.activity_id,
        there.id AS vacancy_id, there.activity_id <> chosen.activity_id AS elsewhere,
        there.override_reason <> '' AND NOT %(also_by_hand)s AS by_hand,
        there.places AS was_places, there.override_reason AS was_reason,
        there.opens_at AS was_opens_at, there.closes_at AS was_closes_at
    FROM entitled
    JOIN chosen USING (station_kind)
    LEFT JOIN there USING (station_kind, position_id, sub_county_id)
),
judged AS (
    SELECT *, CASE
        WHEN vacancy_id IS NULL THEN 'fresh'
        WHEN elsewhere THEN 'elsewhere'
        WHEN was_opens_at = %(opens_at)s AND was_closes_at = %(closes_at)s
            AND (by_hand OR (was_places = places AND was_reason = '')) THEN 'same'
        ELSE 'changed' END AS fate
    FROM wanted
)
"""

COUNT = f"""{WANTED}
SELECT station_kind, position_id, sum(places), count(*),
    count(*) FILTER (WHERE fate = 'fresh'), count(*) FILTER (WHERE fate = 'changed'),
    count(*) FILTER (WHERE fate = 'same'),
    count(*) FILTER (WHERE by_hand AND fate IN ('changed', 'same')),
    count(*) FILTER (WHERE fate = 'elsewhere')
FROM judged JOIN catalogue_position position ON position.id = position_id
GROUP BY station_kind, position_id, position.rank
ORDER BY position.rank, station_kind
"""

OPEN = f"""{WANTED}
INSERT INTO vacancies_vacancy (exam_id, activity_id, station_kind, position_id, sub_county_id,
    places, override_reason, opens_at, closes_at)
SELECT %(exam)s, activity_id, station_kind, position_id, sub_county_id,
    CASE WHEN by_hand THEN was_places ELSE places END,
    CASE WHEN by_hand THEN was_reason ELSE '' END,
    %(opens_at)s, %(closes_at)s
FROM judged WHERE fate IN ('fresh', 'changed')
ON CONFLICT (exam_id, activity_id, station_kind, position_id, sub_county_id) DO UPDATE
SET places = EXCLUDED.places, override_reason = EXCLUDED.override_reason,
    opens_at = EXCLUDED.opens_at, closes_at = EXCLUDED.closes_at
RETURNING id, places
"""


def _params(opening: Opening) -> dict[str, Any]:
    return {
        "exam": opening.exam.pk,
        "positions": list(opening.positions),
        "kinds": list(opening.activities),
        "activities": list(opening.activities.values()),
        "opens_at": opening.opens_at,
        "closes_at": opening.closes_at,
        "also_by_hand": opening.also_by_hand,
    }


def preview(opening: Opening) -> list[Line]:
    with connection.cursor() as cursor:
        cursor.execute(COUNT, _params(opening))
        return [Line(*row) for row in cursor.fetchall()]


@transaction.atomic
def open_all(opening: Opening, *, by: User) -> tuple[int, int]:
    """Open what is not there and bring the rest up to date: how many of each. Again is as once."""
    lock_exams([opening.exam.pk])
    there = {
        pk: {"places": places, **_window(opens_at, closes_at)}
        for pk, places, opens_at, closes_at in Vacancy.objects.filter(
            exam=opening.exam
        ).values_list("pk", "places", "opens_at", "closes_at")
    }
    with connection.cursor() as cursor:
        cursor.execute(OPEN, _params(opening))
        written = cursor.fetchall()
    window = _window(opening.opens_at, opening.closes_at)
    changed = [
        (Vacancy(pk=pk), {"was": there[pk], "now": {"places": places, **window}})
        for pk, places in written
        if pk in there
    ]
    opened = len(written) - len(changed)
    if written:
        record(
            "vacancies.opened",
            opening.exam,
            by=by,
            opened=opened,
            changed=len(changed),
            positions=sorted(opening.positions),
            **window,
        )
        record_each("vacancy.changed", changed, by=by)
    return opened, len(changed)


def _window(opens_at: datetime, closes_at: datetime) -> dict[str, str]:
    return {"opens_at": opens_at.isoformat(), "closes_at": closes_at.isoformat()}
