"""Approved by finance, of what a director has verified."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record
from claims.models import (
    Claim,
    ClaimStatus,
)
from claims.services.own import Tally, each, lock_claim, refuse_own
from cp2.rules import Refused, move


@transaction.atomic
def approve(claim: Claim, *, by: User) -> Claim:
    """From here on the amounts stand still."""
    claim = lock_claim(claim)
    if claim.status in (ClaimStatus.PAYING, ClaimStatus.PAID):
        # they may go back to approved, but not by this road
        raise Refused(_("This claim is being paid, so it cannot be approved again."))
    if claim.verified_by_id == by.pk:
        raise Refused(_("You verified this claim, so someone else must approve it."))
    refuse_own(claim, by)
    lines = claim.lines.aggregate(days=Sum("quantity"), amount=Sum("amount"))
    if (lines["days"], lines["amount"]) != (claim.days, claim.gross):
        raise Refused(_("The lines of this claim do not add up to it."))
    move(claim, ClaimStatus.APPROVED, approved_by=by)
    record("claim.approved", claim, by=by, net=str(claim.net))
    return claim


def approve_all(claims: Iterable[Claim], *, by: User) -> Tally:
    return each(claims, approve, by=by)
