"""The reserve list of a post: who waits for a place like it and may have it, the best first.

In order: the nominated before those who only applied, then the longer experience, the higher level
of study, the shorter way to the station, and whoever applied sooner.
"""

from collections.abc import Iterator
from typing import Any, cast

from django.db.models import Case, Exists, F, IntegerField, OuterRef, Subquery, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from catalogue.models import DutyStation, StudyLevel
from deployments.candidates import Candidate, applicants, of_applications
from deployments.models import Deployment, DeploymentStatus, Post
from profiles.models import Qualification
from vacancies.area import days_worked, distance_to
from vacancies.models import ApplicationQuerySet, ApplicationStatus

# Asked of the rules at once: a few more than a page shows, for some of them may not serve there.
BLOCK = 30


def ranked(post: Post) -> ApplicationQuerySet:
    """All who wait, in the order in which they would be called; whoever has turned this exam down
    is not asked again. Whoever let an offer lapse or was called off comes last, and is for a
    director alone to ask."""
    earlier = Deployment.objects.filter(officer=OuterRef("officer"), post__exam=post.exam_id)
    turned_down = earlier.filter(status=DeploymentStatus.REJECTED)
    nominated = Case(
        When(status=ApplicationStatus.NOMINATED, then=Value(0)),
        default=Value(1),
        output_field=IntegerField(),
    )
    return (
        applicants(post)
        .exclude(Exists(turned_down))
        .annotate(
            left=Exists(earlier),
            turn=nominated,
            days_worked=days_worked(),
            level=_level(),
            km=distance_to(DutyStation.objects.filter(pk=post.station_id)),
        )
        .order_by(
            "left",
            "turn",
            F("days_worked").desc(),
            F("level").desc(),
            F("km").asc(nulls_last=True),
            "pk",
        )
    )


def unasked(post: Post) -> ApplicationQuerySet:
    """Without those who let an offer lapse or were called off."""
    waiting: Any = ranked(post)  # with what it is sorted by
    return cast(ApplicationQuerySet, waiting.filter(left=False))


def eligible(post: Post, waiting: ApplicationQuerySet, *, most: int) -> Iterator[Candidate]:
    """The first of those who wait against whom no rule speaks. A few queries for each block."""
    found = 0
    for start in range(0, waiting.count(), BLOCK):
        for candidate in of_applications(post, waiting[start : start + BLOCK]):
            if not candidate.reasons:
                yield candidate
                found += 1
            if found == most:
                return


def _level() -> Combinable:
    """Where the highest level of study stands."""
    height = Case(
        *(When(level=level, then=Value(at)) for at, level in enumerate(StudyLevel.values)),
        output_field=IntegerField(),
    )
    studies = Qualification.objects.filter(officer=OuterRef("officer")).order_by()
    highest = studies.annotate(height=height).order_by("-height").values("height")[:1]
    return Coalesce(Subquery(highest), Value(-1))
