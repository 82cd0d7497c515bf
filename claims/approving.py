"""Which claims finance may approve at once, and what speaks against the others."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Exists, OuterRef, Q, Sum
from django.db.models.functions import Coalesce

from accounts.models import User
from catalogue.models import Exam, ExamDay
from claims.ghosts.reading import unlooked_signals
from claims.models import Claim, ClaimQuerySet, ClaimStatus, Hold, HoldCode
from claims.owners import owned_by


def verified(exam: Exam, *, county: int | None, sub_county: int | None) -> ClaimQuerySet:
    """Waiting for finance."""
    claims = Claim.objects.filter(exam=exam, status=ClaimStatus.VERIFIED)
    return claims.served_in(sub_county=sub_county, county=county)


def own(by: User) -> Q:
    """Money that would go to whoever decides about it, or that they verified."""
    return owned_by(by) | Q(verified_by=by)


def too_long(exam: Exam) -> Q:
    return Q(adjusts=None, days__gt=ExamDay.objects.filter(exam=exam).count())


def doubtful(exam: Exam) -> Q:
    """Signals that a claim is nobody's, which no person has looked at yet."""
    return Q(Exists(unlooked_signals(exam).filter(claim=OuterRef("pk"))))


def free(exam: Exam, *, by: User, county: int | None, sub_county: int | None) -> ClaimQuerySet:
    claims = verified(exam, county=county, sub_county=sub_county)
    return claims.free_of_holds().exclude(own(by)).exclude(too_long(exam)).exclude(doubtful(exam))


@dataclass(frozen=True, slots=True)
class Share:
    count: int
    net: Decimal


@dataclass(frozen=True, slots=True)
class Overview:
    """Of the claims that wait for finance. One may be left out for more than one reason."""

    waiting: Share
    free: Share
    held: list[tuple[str, Share]]
    own: Share
    too_long: Share
    doubtful: Share


def overview(exam: Exam, *, by: User, county: int | None, sub_county: int | None) -> Overview:
    claims = verified(exam, county=county, sub_county=sub_county).order_by()
    free_ones = free(exam, by=by, county=county, sub_county=sub_county).order_by()

    def share(rows: ClaimQuerySet) -> Share:
        found = rows.aggregate(n=Count("pk"), net=Coalesce(Sum("net"), Decimal(0)))
        return Share(found["n"], found["net"])

    held = (
        Hold.objects.standing()
        .filter(claim__in=claims.values("pk"))
        .order_by()
        .values("code")
        .annotate(n=Count("pk"), net=Coalesce(Sum("claim__net"), Decimal(0)))
        .order_by("-n")
    )
    return Overview(
        waiting=share(claims),
        free=share(free_ones),
        held=[(str(HoldCode(row["code"]).label), Share(row["n"], row["net"])) for row in held],
        own=share(claims.filter(own(by))),
        too_long=share(claims.filter(too_long(exam))),
        doubtful=share(claims.filter(doubtful(exam))),
    )
