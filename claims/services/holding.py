"""Holds that a person raises or clears, and the rules looked at anew."""

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record
from catalogue.models import Exam
from claims import holds
from claims.models import (
    Claim,
    ClaimStatus,
    Hold,
    HoldCode,
)
from claims.services.own import lock_claim, refuse_own
from cp2.rules import Refused, lock


@transaction.atomic
def check_holds(claims: models.QuerySet[Claim], *, by: User) -> tuple[int, int]:
    """Look at the officers' profiles again, without computing anything."""
    unpaid = Claim.objects.filter(pk__in=claims.order_by().values("pk")).exclude(
        status__in=[ClaimStatus.PAYING, ClaimStatus.PAID]
    )
    raised, cleared = holds.check(unpaid)
    for exam in Exam.objects.filter(pk__in=unpaid.order_by().values("exam")):
        record("holds.checked", exam, by=by, raised=raised, cleared=cleared)
    return raised, cleared


@transaction.atomic
def raise_hold(claim: Claim, *, code: HoldCode | str, by: User, note: str) -> Hold:
    """A person stops a claim from being paid."""
    claim = lock_claim(claim)
    refuse_own(claim, by)
    if claim.status == ClaimStatus.PAID:
        raise Refused(_("This claim is paid, so it can no longer be held."))
    if claim.holds.standing().filter(code=code).exists():
        raise Refused(_("This claim is held for this reason already."))

    hold = Hold.objects.create(claim=claim, code=code, note=note, raised_by=by)
    record("hold.raised", hold, by=by, claim=claim.pk, code=str(code), note=note)
    return hold


@transaction.atomic
def clear_hold(hold: Hold, *, by: User, note: str) -> Hold:
    """A person has looked into it. No rule raises it again on the same grounds."""
    claim = lock_claim(hold.claim)
    hold = lock(hold)
    refuse_own(claim, by)
    if hold.cleared_at:
        raise Refused(_("This hold is cleared already."))

    hold.cleared_at, hold.cleared_by = timezone.now(), by
    hold.save(update_fields=["cleared_at", "cleared_by"])
    record("hold.cleared", hold, by=by, claim=claim.pk, code=hold.code, note=note)
    return hold
