"""Where rows of a kind stand: a line of figures each."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import QuerySet, Sum
from django.utils.translation import gettext as _

from accounts.models import User
from claims.models import Claim, ClaimStatus, MoneyCount
from cp2.picture.links import to_list
from cp2.picture.models import Topic
from cp2.picture.season import Figures, Season
from deployments.models import Deployment, DeploymentStatus
from enquiries.models import Enquiry, EnquiryStatus
from vacancies.models import Application, ApplicationStatus


@dataclass(frozen=True)
class Figure:
    label: str
    count: int
    url: str = ""
    amount: Decimal | None = None


@dataclass(frozen=True)
class Line:
    title: str
    figures: list[Figure]


def lines(user: User, season: Season, figures: Figures) -> list[Line]:
    return [line(season, figures) for need, line in LINES.items() if user.has_perm(need)]


def _applications(season: Season, figures: Figures) -> Line:
    found = figures.summed(Topic.APPLICATIONS)
    return Line(
        _("Applications"),
        _by_status(Application, ApplicationStatus, found, exam__in=season.numbers),
    )


def _deployments(season: Season, figures: Figures) -> Line:
    found = figures.summed(Topic.DEPLOYMENTS)
    return Line(
        _("Deployments"),
        _by_status(Deployment, DeploymentStatus, found, post__exam__in=season.numbers),
    )


def _claims(season: Season, figures: Figures) -> Line:
    rows: QuerySet[Any, Any] = MoneyCount.objects.filter(exam__in=season.exams).order_by()
    sums = {"claims": Sum("claims"), "net": Sum("net")}
    found = {row["status"]: row for row in rows.values("status").annotate(**sums)}
    nothing = {"claims": 0, "net": Decimal(0)}
    return Line(
        _("Claims"),
        [
            Figure(
                str(status.label),
                found.get(status, nothing)["claims"],
                to_list(Claim, status__exact=status.value, exam__in=season.numbers),
                found.get(status, nothing)["net"],
            )
            for status in ClaimStatus
        ],
    )


def _enquiries(season: Season, figures: Figures) -> Line:
    """Of whichever season: who waits for an answer does not care."""
    found = figures.nation(Topic.ENQUIRIES)
    return Line(_("Enquiries"), _by_status(Enquiry, EnquiryStatus, found))


# By what one must be allowed in order to see the line
LINES: dict[str, Callable[[Season, Figures], Line]] = {
    "vacancies.view_application": _applications,
    "deployments.view_deployment": _deployments,
    "claims.view_claim": _claims,
    "enquiries.view_enquiry": _enquiries,
}


def _by_status(
    model: type[models.Model],
    statuses: type[models.TextChoices],
    counted: dict[str, int],
    **narrowed: str,
) -> list[Figure]:
    """How many rows stand where, in the order of their life."""
    return [
        Figure(
            str(status.label),
            counted.get(status.value, 0),
            to_list(model, status__exact=status.value, **narrowed),
        )
        for status in statuses
    ]
