"""What a director confirms: that the officers worked these days. One by one, or all at once that
have nothing odd about them; and what a director does not believe is asked about."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record, record_each
from catalogue.models import Office
from claims.exceptions import Sorted, sort, with_signs
from claims.models import Claim, ClaimQuerySet, ClaimStatus
from claims.services.own import Tally, each, lock_claim, refuse_own
from cp2.rules import Refused, Role, move


@transaction.atomic
def verify(claim: Claim, *, by: User) -> Claim:
    """The TSC director confirms that the officer worked these days."""
    claim = lock_claim(claim)
    _refuse_strangers(by)
    is_too_long = _look(claim, by)
    refuse_own(claim, by)
    if is_too_long:
        raise Refused(_("This claim has more days than the exam has."))

    move(claim, ClaimStatus.VERIFIED, verified_by=by, question="")
    record("claim.verified", claim, by=by, days=claim.days, net=str(claim.net))
    return claim


def verify_all(claims: Iterable[Claim], *, by: User) -> Tally:
    """Each on its own, so that one that cannot be verified holds up no other."""
    return each(claims, verify, by=by)


@dataclass(frozen=True)
class Asked:
    """What a director saw before confirming: how many claims, and how much together."""

    count: int
    total: Decimal


class Changed(Refused):
    """Since the director looked, the claims are no longer the same."""


@transaction.atomic
def verify_free(claims: ClaimQuerySet, *, by: User, seen: Asked, also_held: bool = False) -> Sorted:
    """All of them that have nothing odd about them, in a few statements however many they are.

    Left out are the director's own, and those to be looked at one by one. Refused as a whole if
    they are not what the director saw.
    """
    _refuse_strangers(by)
    found = free(claims, by=by, also_held=also_held, lock=True)
    if seen != Asked(len(found.free), total(found.free)):
        raise Changed(
            _("The claims have changed since you looked. Look at the figures again, and confirm.")
        )
    if not found.free:
        raise Refused(_("None of these claims can be verified at once. Look at them one by one."))
    verified = Claim.objects.filter(pk__in=[claim.pk for claim in found.free])
    verified.update(status=ClaimStatus.VERIFIED, verified_by=by)
    record_each(
        "claim.verified",
        [(claim, {"days": claim.days, "net": str(claim.net)}) for claim in found.free],
        by=by,
    )
    return found


def free(claims: ClaimQuerySet, *, by: User, also_held: bool, lock: bool = False) -> Sorted:
    """Those that wait to be verified in the director's sub-county, sorted. Whoever means to change
    them locks first: what holds or disputes a claim waits for that lock too."""
    waiting = Claim.objects.filter(
        pk__in=claims.visible_to(by).order_by().values("pk"), status=ClaimStatus.PREPARED
    )
    if lock:
        numbers = list(
            waiting.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True)
        )
        waiting = Claim.objects.filter(pk__in=numbers, status=ClaimStatus.PREPARED)
    rows = with_signs(waiting).select_related("officer__user", "exam").order_by("pk")
    return sort(rows, by=by, also_held=also_held)


def total(claims: Iterable[Claim]) -> Decimal:
    return sum((claim.net for claim in claims), Decimal(0))


@transaction.atomic
def question(claim: Claim, *, by: User, reason: str) -> Claim:
    """Something about it is not right: it stays unverified, with what is asked about it in sight of
    headquarters and of the officer, until the director is satisfied."""
    claim = lock_claim(claim)
    _refuse_strangers(by)
    _look(claim, by)
    refuse_own(claim, by)
    if claim.status != ClaimStatus.PREPARED:
        raise Refused(
            _("This claim is %(now)s, so nothing is asked about it here.")
            % {"now": claim.get_status_display().lower()}
        )
    claim.question = reason
    claim.save(update_fields=["question"])
    record("claim.questioned", claim, by=by, reason=reason)
    return claim


def _refuse_strangers(by: User) -> None:
    if by.role != Role.DIRECTOR or by.office != Office.TSC:
        raise Refused(_("Only the TSC Sub-County Director verifies claims."))


def _look(claim: Claim, by: User) -> bool:
    """Refused to whoever may not see it; to others, whether it has more days than the exam."""
    visible = Claim.objects.visible_to(by).filter(pk=claim.pk)
    seen: Any = visible.with_exceptions().only("pk").first()
    if seen is None:
        raise Refused(_("No day of this claim was worked in your sub-county."))
    return bool(seen.too_long)
