"""Holds that a person raises or clears, one or many, and the rules looked at anew."""

from dataclasses import dataclass, field

from django.db import IntegrityError, models, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record, record_each
from catalogue.models import Exam
from claims import holds
from claims.models import (
    UNPAID,
    Claim,
    ClaimStatus,
    Hold,
    HoldCode,
)
from claims.owners import owned_by
from claims.services.own import lock_claim, refuse_own
from cp2.rules import Refused, lock


@transaction.atomic
def check_holds(claims: models.QuerySet[Claim], *, by: User) -> tuple[int, int]:
    """Look at the officers' profiles again, without computing anything."""
    chosen = claims.order_by().values("pk")
    unpaid = Claim.objects.filter(pk__in=chosen, status__in=UNPAID)
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
    try:
        with transaction.atomic():  # a rule may be raising the same at this moment
            hold = Hold.objects.create(claim=claim, code=code, note=note, raised_by=by)
    except IntegrityError as error:
        raise Refused(_("This claim is held for this reason already.")) from error
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


@transaction.atomic
def raise_on_all(
    claims: models.QuerySet[Claim], *, code: HoldCode | str, by: User, note: str
) -> int:
    """The same reason for many at once. Those paid, held for it already or one's own are left
    out. Answers with how many are held now that were not."""
    held = Hold.objects.standing().filter(claim=OuterRef("pk"), code=code)
    free = (
        Claim.objects.filter(pk__in=claims.order_by().values("pk"))
        .exclude(Exists(held))
        .exclude(owned_by(by))
        .exclude(status=ClaimStatus.PAID)
    )
    locked = Claim.objects.filter(pk__in=list(free.values_list("pk", flat=True)))
    pks = list(
        locked.exclude(status=ClaimStatus.PAID)
        .select_for_update(of=("self",))
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    Hold.objects.bulk_create(
        [Hold(claim_id=pk, code=code, note=note, raised_by=by) for pk in pks],
        batch_size=2000,
        ignore_conflicts=True,
    )
    raised = Hold.objects.standing().filter(claim__in=pks, code=code, raised_by=by)
    _record_each("hold.raised", list(raised), by=by, note=note)
    return len(raised)


@dataclass
class Cleared:
    """How many are cleared, and why not the others."""

    done: int = 0
    left: dict[str, int] = field(default_factory=dict)


@transaction.atomic
def clear_all(chosen: models.QuerySet[Hold], *, by: User, note: str) -> Cleared:
    """Many that somebody has looked into at once. Nobody lifts a hold of their own claim."""
    asked = list(chosen.order_by().values_list("pk", "claim"))
    claims = Claim.objects.filter(pk__in=[claim for _pk, claim in asked]).order_by("pk")
    list(claims.select_for_update(of=("self",)).values_list("pk"))
    own = set(claims.filter(owned_by(by)).values_list("pk", flat=True))
    theirs = [pk for pk, claim in asked if claim not in own]
    cleared = list(
        Hold.objects.standing().filter(pk__in=theirs).select_for_update(of=("self",)).order_by("pk")
    )
    Hold.objects.filter(pk__in=[hold.pk for hold in cleared]).update(
        cleared_at=timezone.now(), cleared_by=by
    )
    _record_each("hold.cleared", cleared, by=by, note=note)
    left = {
        _("This claim is your own, so someone else must decide about it."): len(asked)
        - len(theirs),
        _("This hold is cleared already."): len(theirs) - len(cleared),
    }
    return Cleared(len(cleared), {why: number for why, number in left.items() if number})


def _record_each(verb: str, rows: list[Hold], *, by: User, note: str) -> None:
    told = [(hold, {"claim": hold.claim_id, "code": str(hold.code), "note": note}) for hold in rows]
    record_each(verb, told, by=by)
