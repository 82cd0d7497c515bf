"""Which claims can be paid now, by which channel and by whom."""

from accounts.models import User
from claims.models import Claim, ClaimQuerySet, ClaimStatus
from claims.owners import owned_by
from claims.payees import has_payee


def payable(claims: ClaimQuerySet, *, channel: str, by: User) -> ClaimQuerySet:
    """Those that this person may put into a batch of this channel, but for holds."""
    return (
        claims.filter(has_payee(channel), status=ClaimStatus.APPROVED, net__gt=0)
        .exclude(approved_by=by)
        .exclude(owned_by(by))
    )


def to_be_kept_back(*, by: User) -> ClaimQuerySet:
    """What officers owe: approved, and of nothing or less."""
    owing = Claim.objects.filter(status=ClaimStatus.APPROVED, net__lte=0)
    return owing.exclude(approved_by=by).exclude(owned_by(by))
