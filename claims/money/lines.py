"""Every line of the claims that are looked at, with where its money is and its share of the tax.

A claim's tax is shared out over its lines in proportion to what each earned, in whole cents by the
largest remainders, so that lines add up to their claim whichever way they are grouped. The claim
itself and its officer are counted at one line only, the one that earned most of it.
"""

from typing import Any

from django.conf import settings
from django.db import connection

# `which` says of which claims `c`, `trail` what is known of when; the rest follows from it. "Since"
# is the moment from which on a claim's money has been where it is. Most claims have one line, so
# that only the others are put in order.
LINES = """
WITH chosen AS MATERIALIZED (
    SELECT c.id, c.officer_id, c.exam_id, c.gross, c.tax, c.net, c.status, c.adjusts_id,
        c.prepared_at, c.paid_at
    FROM claims_claim c WHERE {which}
),
{trail},
held AS (
    SELECT DISTINCT hold.claim_id AS id
    FROM chosen JOIN claims_hold hold ON hold.claim_id = chosen.id
    WHERE hold.cleared_at IS NULL
),
tried AS (
    -- the newest attempt to pay; a batch that was called off was none
    SELECT DISTINCT ON (payment.claim_id) payment.claim_id AS id, payment.id AS payment_id,
        payment.status, payment.channel, batch.prepared_at
    FROM chosen
    JOIN claims_payment payment ON payment.claim_id = chosen.id
    JOIN claims_paymentbatch batch ON batch.id = payment.batch_id
    WHERE payment.status <> 'cancelled'
    ORDER BY payment.claim_id, payment.id DESC
),
placed AS (
    SELECT chosen.*, told.approved_at, told.disputed_at, told.missed_at,
        tried.prepared_at AS batched_at, held.id IS NOT NULL AS is_held,
        coalesce(tried.channel, officer.paid_by) AS channel,
        CASE
            WHEN chosen.status IN ('prepared', 'verified') THEN 'owed'
            WHEN chosen.status = 'disputed' THEN 'disputed'
            WHEN chosen.net < 0 THEN 'kept_back'
            WHEN chosen.status = 'approved' AND tried.id IS NOT NULL THEN 'failed'
            ELSE chosen.status
        END AS state
    FROM chosen
    JOIN profiles_officer officer ON officer.id = chosen.officer_id
    LEFT JOIN told ON told.id = chosen.id
    LEFT JOIN held ON held.id = chosen.id
    LEFT JOIN tried ON tried.id = chosen.id
),
claim AS (
    SELECT placed.*,
        coalesce(CASE placed.state
            WHEN 'disputed' THEN disputed_at
            WHEN 'approved' THEN approved_at
            WHEN 'kept_back' THEN approved_at
            WHEN 'paying' THEN batched_at
            WHEN 'paid' THEN paid_at
            WHEN 'failed' THEN missed_at
        END, prepared_at) AS since,
        first.id IS NOT NULL AS is_first
    FROM placed
    LEFT JOIN (
        -- of an officer's first claim and what adjusts it, one in each state
        SELECT min(id) AS id FROM placed GROUP BY coalesce(adjusts_id, id), state
    ) first ON first.id = placed.id
),
written AS (
    SELECT line.claim_id, line.id, line.deployment_id, line.kind, line.amount
    FROM chosen JOIN claims_claimline line ON line.claim_id = chosen.id
    UNION ALL
    -- an adjustment of the tax alone has no line; it belongs where the first claim's are
    SELECT chosen.id, line.id, line.deployment_id, 'days', 0
    FROM chosen JOIN LATERAL (
        SELECT first.id, first.deployment_id FROM claims_claimline first
        WHERE first.claim_id = chosen.adjusts_id ORDER BY abs(first.amount) DESC, first.id LIMIT 1
    ) line ON true
    WHERE chosen.adjusts_id IS NOT NULL
        AND NOT EXISTS (SELECT FROM claims_claimline own WHERE own.claim_id = chosen.id)
),
several AS (
    SELECT claim_id FROM written GROUP BY claim_id HAVING count(*) > 1
),
part AS (
    SELECT line.claim_id, line.id,
        CASE WHEN line.kind = 'advance' THEN 0 ELSE line.amount END AS gross,
        chosen.tax AS claim_tax, chosen.gross AS claim_gross,
        CASE WHEN line.kind = 'advance' OR chosen.gross = 0 THEN 0
            ELSE chosen.tax * 100 * line.amount / chosen.gross END AS cents
    FROM several
    JOIN written line ON line.claim_id = several.claim_id
    JOIN chosen ON chosen.id = line.claim_id
),
ranked AS (
    SELECT part.*,
        row_number() OVER (PARTITION BY claim_id ORDER BY abs(gross) DESC, id) = 1 AS is_main,
        row_number() OVER (
            PARTITION BY claim_id ORDER BY cents - floor(cents) DESC, id
        ) AS place,
        sum(floor(cents)) OVER (PARTITION BY claim_id) AS given
    FROM part
),
shared AS (
    SELECT claim_id, id, is_main,
        (floor(cents) + CASE
            -- where lines cancel each other out there is no proportion: it is the first one's
            WHEN claim_gross = 0 AND place = 1 THEN claim_tax * 100
            WHEN claim_gross <> 0 AND place <= claim_tax * 100 - given THEN 1
            ELSE 0
        END) / 100 AS tax
    FROM ranked
)
SELECT claim.id AS claim_id, claim.officer_id, claim.exam_id, claim.status, claim.state,
    claim.is_held, claim.channel, claim.since, claim.prepared_at, claim.approved_at, claim.paid_at,
    station.sub_county_id, post.station_id, post.position_id,
    CASE WHEN line.kind = 'advance' THEN 0 ELSE line.amount END AS gross,
    CASE WHEN line.kind = 'advance' THEN -line.amount ELSE 0 END AS advance,
    CASE WHEN shared.id IS NULL THEN claim.tax ELSE shared.tax END AS tax,
    coalesce(shared.is_main, true) AS is_main,
    coalesce(shared.is_main, true) AND claim.is_first AS is_first
FROM claim
JOIN written line ON line.claim_id = claim.id
LEFT JOIN shared ON shared.claim_id = line.claim_id AND shared.id = line.id
JOIN deployments_deployment deployment ON deployment.id = line.deployment_id
JOIN deployments_post post ON post.id = deployment.post_id
JOIN catalogue_dutystation station ON station.id = post.station_id
"""
# When they were approved and disputed, and when a payment of theirs came to nothing.
TRAIL = """
told AS (
    SELECT coalesce(payment.claim_id, entry.subject_id) AS id,
        max(entry.at) FILTER (WHERE entry.verb = 'claim.approved') AS approved_at,
        max(entry.at) FILTER (WHERE entry.verb = 'claim.disputed') AS disputed_at,
        max(entry.at) FILTER (WHERE entry.subject_type = 'claims.payment') AS missed_at
    FROM accounts_entry entry
    LEFT JOIN claims_payment payment
        ON entry.subject_type = 'claims.payment' AND payment.id = entry.subject_id
    WHERE entry.verb IN ('claim.approved', 'claim.disputed', 'payment.failed', 'payment.reversed')
        AND {told}
    GROUP BY 1
)
"""
OF_ALL = TRAIL.format(
    told="coalesce(payment.claim_id, entry.subject_id) IN (SELECT id FROM chosen)"
)
# Of a few: their own entries and those of their payments, each found by what it is about.
OF_THESE = TRAIL.format(
    told="""(
        (entry.subject_type = 'claims.claim' AND entry.subject_id = ANY (%(claims)s))
        OR (entry.subject_type = 'claims.payment' AND entry.subject_id IN (
            SELECT id FROM claims_payment WHERE claim_id = ANY (%(claims)s)
        ))
    )"""
)
# Where nobody asks since when.
UNTOLD = """
told AS (
    SELECT NULL::bigint AS id, NULL::timestamptz AS approved_at, NULL::timestamptz AS disputed_at,
        NULL::timestamptz AS missed_at
    WHERE false
)
"""
ZONE = {"zone": settings.TIME_ZONE}


def of_claims(
    claims: list[int],
    *,
    county: int | None = None,
    sub_county: int | None = None,
    position: int | None = None,
) -> list[dict[str, Any]]:
    """Of these few, each line with whether it is from there."""
    sql = f"""
    SELECT found.*, (
        (%(county)s::bigint IS NULL OR place.county_id = %(county)s)
        AND (%(sub_county)s::bigint IS NULL OR place.id = %(sub_county)s)
        AND (%(position)s::bigint IS NULL OR found.position_id = %(position)s)
    ) AS is_wanted
    FROM ({LINES.format(which="c.id = ANY (%(claims)s)", trail=OF_THESE)}) found
    JOIN catalogue_subcounty place ON place.id = found.sub_county_id
    """
    return rows(sql, claims=claims, county=county, sub_county=sub_county, position=position)


def rows(sql: str, **values: Any) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {**ZONE, **values})
        names = [column.name for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
