"""An auditor's sample: payments drawn at random, the same ones again for the same seed."""

import secrets
from fractions import Fraction
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record
from catalogue.models import Exam
from claims.models import AuditSample
from cp2.rules import Refused

# All that was paid of an exam, in the order that the seed gives it, with the county where most of
# the claim was earned.
DRAW = """
WITH paid AS (
    SELECT payment.id, payment.claim_id,
        sha256(convert_to(%(seed)s || ':' || payment.id, 'UTF8')) AS lot
    FROM claims_payment payment
    JOIN claims_paymentbatch batch ON batch.id = payment.batch_id
    WHERE batch.exam_id = %(exam)s AND payment.status IN ('paid', 'reversed')
),
placed AS (
    SELECT DISTINCT ON (paid.id) paid.id, paid.lot, place.county_id
    FROM paid
    JOIN claims_claim claim ON claim.id = paid.claim_id
    -- an adjustment of the tax alone has no line; it belongs where the claim's are that it adjusts
    JOIN claims_claimline line ON line.claim_id = CASE
        WHEN claim.adjusts_id IS NULL
            OR EXISTS (SELECT FROM claims_claimline own WHERE own.claim_id = claim.id)
        THEN claim.id ELSE claim.adjusts_id END
    JOIN deployments_deployment deployment ON deployment.id = line.deployment_id
    JOIN deployments_post post ON post.id = deployment.post_id
    JOIN catalogue_dutystation station ON station.id = post.station_id
    JOIN catalogue_subcounty place ON place.id = station.sub_county_id
    ORDER BY paid.id, abs(line.amount) DESC, line.id
),
numbered AS (
    SELECT id, county_id, row_number() OVER (PARTITION BY county_id ORDER BY lot) AS number,
        row_number() OVER (ORDER BY lot) AS place, count(*) OVER (PARTITION BY county_id) AS many
    FROM placed
)
"""
COUNTIES = DRAW + "SELECT county_id, many FROM numbered WHERE number = 1 ORDER BY county_id"
OF_ALL = DRAW + "SELECT id FROM numbered WHERE place <= %(size)s ORDER BY place"
OF_EACH = (
    DRAW
    + """
    SELECT numbered.id FROM numbered
    JOIN unnest(%(counties)s::bigint[], %(shares)s::int[]) AS share (county_id, size)
        ON share.county_id = numbered.county_id AND numbered.number <= share.size
    ORDER BY numbered.county_id, numbered.number
    """
)


@transaction.atomic
def draw(
    exam: Exam, *, size: int, by: User, seed: str = "", by_county: bool = False
) -> AuditSample:
    """Written down as it was drawn: what is paid later is in none of the earlier samples."""
    seed = seed or secrets.token_hex(8)
    asked: dict[str, Any] = {"exam": exam.pk, "seed": seed, "size": size}
    counties: dict[int, int] = dict(_rows(COUNTIES, asked))
    many = sum(counties.values())
    if size > many:
        raise Refused(
            _("%(many)s payments of this exam were paid, so no %(size)s can be drawn.")
            % {"many": many, "size": size}
        )
    if by_county:
        shares = shared(size, counties)
        wanted = {**asked, "counties": list(shares), "shares": list(shares.values())}
        drawn = [pk for (pk,) in _rows(OF_EACH, wanted)]
    else:
        drawn = [pk for (pk,) in _rows(OF_ALL, asked)]
    sample = AuditSample.objects.create(
        exam=exam,
        seed=seed,
        size=size,
        by_county=by_county,
        drawn_from=many,
        payments=drawn,
        drawn_by=by,
        drawn_at=timezone.now(),
    )
    record("sample.drawn", sample, by=by, exam=exam.pk, size=size, seed=seed, of=many)
    return sample


def _rows(sql: str, values: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def shared(size: int, counties: dict[int, int]) -> dict[int, int]:
    """In proportion, by the largest remainders; and while there are enough, at least one each."""
    many = sum(counties.values())
    least = 1 if size >= len(counties) else 0
    exact = {
        county: max(Fraction(size * count, many), Fraction(least))
        for county, count in counties.items()
    }
    shares = {county: int(part) for county, part in exact.items()}

    def remainder(county: int) -> tuple[Fraction, int]:
        return exact[county] - shares[county], -county

    while sum(shares.values()) < size:
        wanting = [county for county in shares if shares[county] < counties[county]]
        shares[max(wanting, key=remainder)] += 1
    while sum(shares.values()) > size:  # those with one each took too many
        shares[max(shares, key=lambda county: (shares[county], county))] -= 1
    return shares
