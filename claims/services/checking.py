"""Verified by the director, approved by finance."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record
from catalogue.models import ExamDay, Office
from claims.models import (
    Claim,
    ClaimStatus,
)
from claims.services.own import Tally, each, lock_claim, refuse_own
from cp2.rules import Refused, Role, move


@transaction.atomic
def verify(claim: Claim, *, by: User) -> Claim:
    """The TSC director confirms that the officer worked these days."""
    claim = lock_claim(claim)
    if by.role != Role.DIRECTOR or by.office != Office.TSC:
        raise Refused(_("Only the TSC Sub-County Director verifies claims."))
    if not Claim.objects.visible_to(by).filter(pk=claim.pk).exists():
        raise Refused(_("No day of this claim was worked in your sub-county."))
    refuse_own(claim, by)
    if claim.days > ExamDay.objects.filter(exam=claim.exam_id).count():
        raise Refused(_("This claim has more days than the exam has."))

    move(claim, ClaimStatus.VERIFIED, verified_by=by)
    record("claim.verified", claim, by=by, days=claim.days, net=str(claim.net))
    return claim


def verify_all(claims: Iterable[Claim], *, by: User) -> Tally:
    """Each on its own, so that one that cannot be verified holds up no other."""
    return each(claims, verify, by=by)


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
