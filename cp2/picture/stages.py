"""How far people have come: each stage with so many of them, and the list of who they are."""

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.lookups import IsNull
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from attendance.models import Mark
from claims.models import Claim, ClaimStatus
from cp2.picture.links import to_list
from cp2.picture.models import Topic
from cp2.picture.season import Figures, Season
from deployments.models import HOLDS_ITS_DAYS, Deployment, DeploymentStatus
from profiles.models import Officer, Vetting
from vacancies.models import Application

OFFICERS = "profiles.view_officer"
SERVED = [DeploymentStatus.ACCEPTED, DeploymentStatus.MOVED]


class Stage(models.TextChoices):
    REGISTERED = "registered", _("Registered")
    SUBMITTED = "submitted", _("Profile submitted")
    VETTED = "vetted", _("Vetted")
    APPLIED = "applied", _("Applied or nominated")
    DEPLOYED = "deployed", _("Deployed")
    ACCEPTED = "accepted", _("Accepted")
    MARKED = "marked", _("Marked in a register")
    PAID = "paid", _("Paid")

    @property
    def topic(self) -> Topic:
        return TOPICS.get(self, Topic.OFFICERS)

    @property
    def is_of_the_season(self) -> bool:
        """Officers stay from one to the next; what they do is of one."""
        return self in TOPICS

    def is_shown_to(self, user: User) -> bool:
        return user.has_perms([OFFICERS, *NEEDS.get(self, [])])


TOPICS = {
    Stage.APPLIED: Topic.APPLIED,
    Stage.DEPLOYED: Topic.DEPLOYED,
    Stage.ACCEPTED: Topic.DEPLOYED,
    Stage.MARKED: Topic.MARKED,
    Stage.PAID: Topic.PAID,
}
# Beside the officers themselves
NEEDS = {
    Stage.APPLIED: ["vacancies.view_application"],
    Stage.DEPLOYED: ["deployments.view_deployment"],
    Stage.ACCEPTED: ["deployments.view_deployment"],
    Stage.MARKED: ["attendance.view_mark"],
    Stage.PAID: ["claims.view_claim"],
}


# Who they are


def at(stage: Stage, season: Season) -> Q:
    """In a query of officers: those who have come so far."""
    exams = season.exams
    match stage:
        case Stage.SUBMITTED:
            return Q(submitted_at__isnull=False)
        case Stage.VETTED:
            return Q(vetting=Vetting.VETTED)
        case Stage.APPLIED:
            applied = Application.objects.filter(exam__in=exams)
            return _has(applied) | _has(Deployment.objects.filter(post__exam__in=exams))
        case Stage.DEPLOYED | Stage.ACCEPTED:
            statuses = HOLDS_ITS_DAYS if stage == Stage.DEPLOYED else SERVED
            # said so that the index of the days that are held, which is slow to read, is not taken
            others = [status for status in DeploymentStatus if status not in statuses]
            held = Deployment.objects.filter(~Q(status__in=others), post__exam__in=exams)
            return _has(held)
        case Stage.MARKED:
            return _has(Mark.objects.filter(deployment__post__exam__in=exams))
        case Stage.PAID:
            # few for most of a season: to go through all officers until fifty are found takes long
            paid = Claim.objects.filter(exam__in=exams, status=ClaimStatus.PAID)
            return Q(pk__in=paid.values("officer"))
        case _:
            return Q()


def _has(rows: QuerySet[Any]) -> Q:
    """Looked up officer by officer, since a list shows fifty of them: PostgreSQL would rather put
    all that EXISTS asks for into a table of its own first."""
    own = rows.order_by().filter(officer=OuterRef("pk")).values("pk")[:1]
    return Q(IsNull(Subquery(own), False))


# The picture


@dataclass(frozen=True)
class Step:
    stage: Stage
    label: str
    count: int
    url: str
    width: int  # of a thousand, beside the first step
    before: int  # in the step before it

    @property
    def lost(self) -> int:
        return max(self.before - self.count, 0)

    @property
    def share(self) -> str:
        return _percent(self.count, self.before)

    @property
    def dropped(self) -> str:
        return _percent(self.lost, self.before)


def funnel(user: User, season: Season, figures: Figures) -> list[Step]:
    shown = [stage for stage in Stage if stage.is_shown_to(user)]
    counts = {stage: _counted(stage, figures) for stage in shown}
    widest = max(counts.values(), default=0) or 1
    steps: list[Step] = []
    for stage, count in counts.items():
        steps.append(
            Step(
                stage,
                str(stage.label),
                count,
                _url(stage, season) if count else "",
                width=1000 * count // widest,
                before=steps[-1].count if steps else 0,
            )
        )
    return steps


def _percent(part: int, whole: int) -> str:
    """So that few are not none, nor nearly all all of them."""
    if not whole:
        return ""
    share = round(100 * part / whole)
    if share == 0 and part:
        return "<1%"
    if share == 100 and part < whole:
        return ">99%"
    return f"{share}%"


def _counted(stage: Stage, figures: Figures) -> int:
    if stage.is_of_the_season:
        return figures.people(stage.topic).get(stage.value, 0)
    return int(figures.nation(stage.topic).get(stage.value, 0))


def _url(stage: Stage, season: Season) -> str:
    match stage:
        case Stage.REGISTERED:
            return to_list(Officer)
        case Stage.SUBMITTED:
            return to_list(Officer, submitted_at__isempty=0)
        case Stage.VETTED:
            return to_list(Officer, vetting__exact=Vetting.VETTED)
        case _:
            return to_list(Officer, stage=f"{stage.value}.{season.key}")
