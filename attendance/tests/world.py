"""A centre in an exam that sits today, with officers who serve there."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from attendance.models import MarkStatus
from catalogue.models import CentreEntry
from cp2.tests import make
from deployments.models import Deployment, Post

PRESENT, ABSENT = MarkStatus.PRESENT, MarkStatus.ABSENT


@dataclass
class Centre:
    entry: CentreEntry
    user: User
    invigilators: Post
    deployments: list[Deployment]

    def url(self, name: str, *args: Any) -> str:
        return reverse(f"attendance:{name}", args=[self.entry.exam_id, *args])

    def register(self, day: date | None = None) -> str:
        return self.url("register", day or make.today())

    def marks(self, *statuses: MarkStatus) -> dict[int, MarkStatus]:
        """By officer, in the order of the deployments; all present unless said otherwise."""
        given = statuses or [PRESENT] * len(self.deployments)
        return {
            deployment.officer_id: status
            for deployment, status in zip(self.deployments, given, strict=True)
        }

    def posted(self, *statuses: MarkStatus, name: str = "Barasa Wafula") -> dict[str, str]:
        fields = {f"officer_{pk}": str(status) for pk, status in self.marks(*statuses).items()}
        return {"acting_name": name, **fields}


def centre(officers: int = 3, **fields: Any) -> Centre:
    """One centre manager, then invigilators; the distance is given unless named otherwise."""
    given = {"distance_km": Decimal("12.5"), "distance_given_at": timezone.now()}
    entry = make.entry(**{**given, **fields})
    manager = make.post(
        exam=entry.exam, station=entry.station, position=make.position("CM"), required=1
    )
    others = make.post(
        exam=entry.exam, station=entry.station, position=make.position("INV"), required=60
    )
    deployments = [
        make.deployment(post=others if n else manager, slot=n or 1) for n in range(officers)
    ]
    return Centre(entry, make.centre(entry.station, exam=entry.exam), others, deployments)
