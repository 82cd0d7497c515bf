"""Which claims can be paid now, by which channel and by whom."""

from accounts.models import User
from catalogue.models import County, Exam, SubCounty
from claims.models import Claim, ClaimQuerySet, ClaimStatus
from claims.owners import owned_by
from claims.payees import has_payee
from claims.places import earned


def chosen(
    exam: Exam, *, sub_county: SubCounty | int | None = None, county: County | int | None = None
) -> ClaimQuerySet:
    """The claims of an exam, of those who worked in a place if one is named."""
    claims = Claim.objects.filter(exam=exam)
    station = "deployment__post__station__sub_county"
    if sub_county is not None:
        claims = claims.filter(earned(**{station: sub_county}))
    elif county is not None:
        claims = claims.filter(earned(**{f"{station}__county": county}))
    return claims


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
