"""The officer disagrees, and headquarters settles it."""

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record, tell
from claims.compute import compute, lock_exam
from claims.models import (
    Claim,
    ClaimStatus,
)
from claims.services.own import lock_claim, refuse_own
from cp2.rules import Refused, move


@transaction.atomic
def dispute(claim: Claim, *, by: User, reason: str) -> Claim:
    """The officer says that the days are wrong; the claim stands still until that is settled."""
    claim = lock_claim(claim)
    if claim.officer.user_id != by.pk:
        raise Refused(_("Only the officer can dispute a claim."))
    move(claim, ClaimStatus.DISPUTED, dispute_reason=reason, verified_by=None)
    record("claim.disputed", claim, by=by, reason=reason)
    return claim


@transaction.atomic
def settle(claim: Claim, *, by: User, note: str) -> Claim | None:
    """Headquarters has looked at a dispute: computed afresh, and on its way again.

    None if no day of it is paid any more, so that no claim is left.
    """
    exam = claim.exam
    lock_exam(exam)
    claim = lock_claim(claim)
    refuse_own(claim, by)
    move(claim, ClaimStatus.PREPARED)
    compute(exam, officers=[claim.officer_id])
    record("claim.settled", claim, by=by, note=note)
    user = claim.officer.user
    tell(user, "claims/settled", exam=exam.short, note=note, site=settings.SITE_URL)
    return Claim.objects.filter(pk=claim.pk).first()
