"""What approved claims were computed with stands still: the same rules as the database's triggers,
so that a form can say beside its box what a trigger would refuse."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection, models
from django.utils.translation import gettext as _

from catalogue.models import PositionTerms
from claims.models import LineKind, MarkingRate, RateChange, TaxRule

MARKING = [LineKind.COORDINATION, LineKind.BASIC, LineKind.SCRIPTS]

# What of each kind of row stands still.
BOXES: dict[type[models.Model], list[str]] = {
    PositionTerms: ["daily_rate", "paid_days", "exam", "position"],
    RateChange: ["daily_rate", "from_day", "terms"],
    MarkingRate: ["coordination_fee", "basic_fee", "script_fee", "exam", "position"],
    TaxRule: ["rate", "above", "exam"],
}


def refusal(row: models.Model, changed: Iterable[str]) -> tuple[str, str] | None:
    """The box and the sentence, if a change of these fields is refused."""
    wanted = set(changed)
    frozen = [box for box in BOXES.get(type(row), []) if box in wanted]
    if not frozen or not row.pk:
        return None
    was = type(row)._base_manager.get(pk=row.pk)
    return (frozen[0], _sentence(was)) if _rests_on(was) else None


def _rests_on(was: models.Model) -> bool:
    given: tuple[int, int | None, list[LineKind], Decimal | None]
    match was:
        case PositionTerms():
            given = (was.exam_id, was.position_id, [LineKind.DAYS], None)
        case RateChange():
            terms = was.terms
            given = (terms.exam_id, terms.position_id, [LineKind.DAYS], was.daily_rate)
        case MarkingRate():
            given = (was.exam_id, was.position_id, MARKING, None)
        case TaxRule():
            given = (was.exam_id, None, [], None)
        case _:
            return False
    exam, position, kinds, rate = given
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT approved_claims_rest_on(%s, %s, %s::text[], %s)",
            [exam, position, [str(kind) for kind in kinds], rate],
        )
        found: bool = cursor.fetchone()[0]
        return found


def _sentence(was: models.Model) -> str:
    match was:
        case TaxRule():
            return _("Claims of this exam are approved, so what is withheld from them stays.")
        case MarkingRate():
            return _("Claims at these rates are approved, so they stay.")
        case _:
            return _("Claims at this rate are approved: add a change of rate from a day instead.")


TOUCHED = """
SELECT count(*), count(*) FILTER (WHERE fixed) FROM (
    SELECT c.officer_id, bool_or(c.status IN ('approved', 'paying', 'paid')) AS fixed
    FROM claims_claim c
    JOIN claims_claimline l ON l.claim_id = c.id AND l.kind = 'days'
    JOIN deployments_deployment d ON d.id = l.deployment_id
    JOIN deployments_post p ON p.id = d.post_id
    WHERE c.exam_id = %(exam)s AND p.position_id = %(position)s AND EXISTS (
        SELECT FROM attendance_mark m
        WHERE m.deployment_id = d.id AND m.status = 'present' AND m.day >= %(from_day)s
    )
    GROUP BY c.officer_id
) touched
"""


def touched_by(terms: PositionTerms, from_day: date) -> tuple[int, int]:
    """How many officers' claims have days from then on, and how many of these are approved."""
    values: dict[str, Any] = {
        "exam": terms.exam_id,
        "position": terms.position_id,
        "from_day": from_day,
    }
    with connection.cursor() as cursor:
        cursor.execute(TOUCHED, values)
        every, approved = cursor.fetchone()
    return every, approved
