"""What people do about ghosts: say what they found, or have the claim held until it is known."""

from django.db import models, transaction
from django.utils import timezone

from accounts.models import User
from accounts.services import record_each
from claims.models import Claim, GhostSignal, HoldCode
from claims.owners import owned_by
from claims.services.holding import raise_on_all


@transaction.atomic
def look_at(signals: models.QuerySet[GhostSignal], *, by: User, finding: str) -> int:
    """Nobody waves through what is odd about a claim of their own. How many were not looked at
    before."""
    open_ones = GhostSignal.objects.unlooked().filter(pk__in=signals.order_by().values("pk"))
    own = Claim.objects.filter(signals__in=open_ones).filter(owned_by(by))
    rows = list(
        open_ones.exclude(claim__in=own.values("pk")).select_for_update(of=("self",)).order_by("pk")
    )
    GhostSignal.objects.filter(pk__in=[row.pk for row in rows]).update(
        looked_by=by, looked_at=timezone.now(), finding=finding
    )
    told = [
        (row, {"claim": row.claim_id, "code": str(row.code), "finding": finding}) for row in rows
    ]
    record_each("ghost.looked_at", told, by=by)
    return len(rows)


@transaction.atomic
def hold_for(
    signals: models.QuerySet[GhostSignal], *, code: HoldCode | str, by: User, note: str
) -> int:
    """The claims of these signals wait until somebody has looked into it."""
    claims = Claim.objects.filter(pk__in=signals.order_by().values("claim"))
    return raise_on_all(claims, code=code, by=by, note=note)
