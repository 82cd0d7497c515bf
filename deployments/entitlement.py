"""How many officers every station is entitled to, computed in the database, set-wise.

One statement for an exam of any size: candidates and terms in, posts out. What headquarters has
overridden stays, and no entitlement falls below the officers who are already there.
"""

from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from catalogue.models import Exam, SubCounty

# Deployments and replacements lock a post before they fill it, so while these locks are held no
# officer can appear in a slot that is about to go.
LOCK = """
SELECT count(*) FROM (
    SELECT FROM deployments_post post
    JOIN catalogue_dutystation station ON station.id = post.station_id
    WHERE post.exam_id = %(exam)s
        AND (%(sub_county)s::bigint IS NULL OR station.sub_county_id = %(sub_county)s)
    ORDER BY post.id
    FOR UPDATE OF post
) locked
"""

COMPUTE = """
WITH hosted AS (
    SELECT host_id AS station_id, sum(candidates) AS candidates
    FROM catalogue_centreentry WHERE exam_id = %(exam)s AND host_id IS NOT NULL GROUP BY host_id
),
served AS (
    SELECT 'examination_centre' AS kind, entry.station_id, entry.candidates::bigint AS candidates,
        1::bigint AS centres, entry.host_id IS NOT NULL AS is_hosted,
        coalesce(hosted.candidates, 0)::bigint AS hosts
    FROM catalogue_centreentry entry LEFT JOIN hosted ON hosted.station_id = entry.station_id
    WHERE entry.exam_id = %(exam)s
    UNION ALL
    SELECT station.kind, station.id, sum(entry.candidates), count(*), false, 0
    FROM catalogue_centreentry entry
    JOIN catalogue_dutystation station ON station.id = entry.distribution_centre_id
    WHERE entry.exam_id = %(exam)s AND station.kind <> 'examination_centre'
    GROUP BY station.kind, station.id
),
guests AS (
    -- candidates of other exams whom officers of this one serve
    SELECT terms.position_id, entry.station_id, sum(entry.candidates)::bigint AS candidates
    FROM catalogue_positionterms terms
    JOIN catalogue_centreentry entry ON entry.exam_id = terms.exam_id
    WHERE terms.counted_with_id = %(exam)s
    GROUP BY terms.position_id, entry.station_id
),
marking AS (
    -- by no number of candidates: headquarters says how many examiners a marking centre takes
    SELECT entry.station_id, entry.position_id, entry.officers::int AS required
    FROM catalogue_markingentry entry
    JOIN catalogue_dutystation station ON station.id = entry.station_id
    WHERE entry.exam_id = %(exam)s
        AND (%(sub_county)s::bigint IS NULL OR station.sub_county_id = %(sub_county)s)
),
counted AS (
    SELECT served.station_id, terms.position_id, terms.minimum_per_centre,
        terms.candidates_per_officer, terms.centres_per_officer, terms.one_more_above,
        served.centres, served.candidates + coalesce(guests.candidates, 0)
            + CASE WHEN terms.counts_hosted THEN served.hosts ELSE 0 END AS candidates
    FROM catalogue_positionterms terms
    JOIN served ON served.kind = terms.station_kind
    JOIN catalogue_dutystation station ON station.id = served.station_id
    LEFT JOIN guests ON guests.position_id = terms.position_id
        AND guests.station_id = served.station_id
    WHERE terms.exam_id = %(exam)s
        AND (terms.in_hosted_centres OR NOT served.is_hosted)
        AND (%(sub_county)s::bigint IS NULL OR station.sub_county_id = %(sub_county)s)
        AND NOT EXISTS (
            SELECT FROM catalogue_centreentry led
            WHERE led.exam_id = terms.counted_with_id AND led.station_id = served.station_id
        )
),
by_terms AS (
    SELECT station_id, position_id,
        least(32767, greatest(
            minimum_per_centre,
            coalesce(ceil(candidates::numeric / candidates_per_officer), 0),
            coalesce(ceil(centres::numeric / centres_per_officer), 0)
        ) + CASE WHEN candidates > one_more_above THEN 1 ELSE 0 END)::int AS required
    FROM counted
),
entitled AS (
    SELECT station_id, position_id, max(required) AS required
    FROM (SELECT * FROM by_terms UNION ALL SELECT * FROM marking) both_ways
    GROUP BY station_id, position_id
),
present AS (
    SELECT post.id, post.station_id, post.position_id, post.override_reason,
        coalesce(max(deployment.slot), 0) AS slots
    FROM deployments_post post
    JOIN catalogue_dutystation station ON station.id = post.station_id
    LEFT JOIN deployments_deployment deployment
        ON deployment.post_id = post.id AND deployment.status IN ('offered', 'accepted')
    WHERE post.exam_id = %(exam)s
        AND (%(sub_county)s::bigint IS NULL OR station.sub_county_id = %(sub_county)s)
    GROUP BY post.id
),
wanted AS (
    -- also the posts that nothing entitles to any more: their number goes down to who is there
    SELECT station_id, position_id, coalesce(entitled.required, 0) AS entitled,
        greatest(coalesce(entitled.required, 0), coalesce(present.slots, 0)) AS required,
        present.id AS post_id, coalesce(present.override_reason, '') AS override_reason
    FROM entitled FULL JOIN present USING (station_id, position_id)
),
written AS (
    INSERT INTO deployments_post (exam_id, station_id, position_id, required, override_reason)
    SELECT %(exam)s, station_id, position_id, required, ''
    FROM wanted
    WHERE override_reason = '' AND (required > 0 OR post_id IS NOT NULL)
    ORDER BY station_id, position_id -- so that two at once wait for each other in one order
    ON CONFLICT (exam_id, station_id, position_id) DO UPDATE SET required = EXCLUDED.required
        WHERE deployments_post.override_reason = ''
            AND deployments_post.required <> EXCLUDED.required
    RETURNING xmax = 0 AS fresh
)
SELECT
    (SELECT count(*) FROM written WHERE fresh),
    (SELECT count(*) FROM written WHERE NOT fresh),
    (SELECT count(*) FROM wanted WHERE override_reason <> ''),
    (SELECT coalesce(array_agg(post_id ORDER BY post_id), '{}') FROM wanted
        WHERE required > entitled AND override_reason = '')
"""

# A statement does not see what it writes itself, so the empty posts go in a second one.
CLEAR = """
DELETE FROM deployments_post post USING catalogue_dutystation station
WHERE station.id = post.station_id AND post.exam_id = %(exam)s AND post.required = 0
    AND post.override_reason = ''
    AND (%(sub_county)s::bigint IS NULL OR station.sub_county_id = %(sub_county)s)
    AND NOT EXISTS (SELECT FROM deployments_deployment WHERE post_id = post.id)
"""


@dataclass(frozen=True)
class Outcome:
    """What computing changed. `held` names the posts kept above their entitlement, because
    officers are there."""

    made: int
    changed: int
    overridden: int
    removed: int
    held: list[int] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.made or self.changed or self.removed)


def compute(exam: Exam, sub_county: SubCounty | None) -> Outcome:
    """Write the posts of an exam, in one sub-county or in all. Call inside a transaction."""
    params: dict[str, Any] = {
        "exam": exam.pk,
        "sub_county": sub_county.pk if sub_county else None,
    }
    with connection.cursor() as cursor:
        cursor.execute(LOCK, params)
        cursor.execute(COMPUTE, params)
        made, changed, overridden, held = cursor.fetchone()
        cursor.execute(CLEAR, params)
        removed = cursor.rowcount
    return Outcome(made, changed, overridden, removed, list(held))
