"""How far the claims of a sub-county's centres have come, those that lag behind first."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q

from accounts.models import User
from attendance.serving import SERVED
from catalogue.models import DutyStation, Exam
from claims.models import ClaimLine, ClaimStatus, Hold
from deployments.models import Deployment


@dataclass
class Centre:
    station: DutyStation
    officers: int
    claims: int = 0
    prepared: int = 0
    verified: int = 0
    disputed: int = 0
    held: int = 0
    approved: int = 0
    paid: int = 0

    @property
    def without(self) -> int:
        """Officers who have no claim: nobody has marked them present, or nothing is computed."""
        return max(self.officers - self.claims, 0)

    @property
    def gap(self) -> int:
        return self.without + self.prepared + self.disputed


def exams(user: User) -> list[Exam]:
    """Those in which somebody serves in the sub-county, the newest first."""
    served = Deployment.objects.filter(post__station__sub_county=user.sub_county_id)
    return list(Exam.objects.filter(Exists(served.filter(post__exam=OuterRef("pk")))))


def centres(user: User, exam: Exam | None) -> list[Centre]:
    """A claim of two centres counts at both. Changes of approved claims count with their first."""
    if exam is None:
        return []
    served = Deployment.objects.filter(
        post__exam=exam, post__station__sub_county=user.sub_county_id, status__in=SERVED
    )
    officers = dict(
        served.order_by().values_list("post__station").annotate(n=Count("officer", distinct=True))
    )
    counted = {row.pop("station"): row for row in _claims(user, exam)}
    stations = DutyStation.objects.filter(pk__in={*officers, *counted})
    found = [
        Centre(station, officers.get(station.pk, 0), **counted.get(station.pk, {}))
        for station in stations
    ]
    return sorted(found, key=lambda each: (-each.gap, -each.held, each.station.code))


def _claims(user: User, exam: Exam) -> list[dict[str, Any]]:
    lines = ClaimLine.objects.filter(
        claim__exam=exam,
        claim__adjusts=None,
        deployment__post__station__sub_county=user.sub_county_id,
    ).annotate(is_held=Exists(Hold.objects.standing().filter(claim=OuterRef("claim"))))

    def number(**which: object) -> Count:
        return Count("claim", distinct=True, filter=Q(**which))

    rows: Any = (
        lines.order_by()
        .values(station=F("deployment__post__station"))
        .annotate(
            claims=number(),
            prepared=number(claim__status=ClaimStatus.PREPARED),
            verified=number(claim__status=ClaimStatus.VERIFIED),
            disputed=number(claim__status=ClaimStatus.DISPUTED),
            held=number(is_held=True),
            approved=number(claim__status__in=[ClaimStatus.APPROVED, ClaimStatus.PAYING]),
            paid=number(claim__status=ClaimStatus.PAID),
        )
    )
    return list(rows)
