"""What an officer's standing is made of: points for what they bring, points taken for what they
did not keep and for what they have had lately. Each part is kept, so that it can be shown."""

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Count
from django.utils.module_loading import import_string

from catalogue.models import Exam
from deployments.eligibility import held_by
from deployments.models import AllocationWeights, Deployment, DeploymentStatus
from profiles.models import Officer
from vacancies.standing import highest_level, rank, years_served

SERVED = {DeploymentStatus.ACCEPTED, DeploymentStatus.MOVED}
LET_DOWN = [DeploymentStatus.REJECTED, DeploymentStatus.EXPIRED]


class Conduct(NamedTuple):
    absences: int = 0
    rejections: int = 0


NO_CONDUCT = Conduct()


class Weighed(NamedTuple):
    """The facts, and what each came to in points."""

    years: int
    level: str
    nominated: bool
    conduct: Conduct
    served: list[int]  # recent years of service
    points: dict[str, int]

    @property
    def standing(self) -> int:
        return sum(self.points.values())

    def as_json(self) -> dict[str, Any]:
        return {
            "years": self.years,
            "level": self.level,
            "nominated": self.nominated,
            "absences": self.conduct.absences,
            "rejections": self.conduct.rejections,
            "served": self.served,
            "points": self.points,
        }


def weights_of(exam: Exam) -> AllocationWeights:
    """Headquarters' own or, where it has set none, those that a new row would have."""
    found = AllocationWeights.objects.filter(exam=exam).first()
    return found or AllocationWeights(exam=exam)


def as_json(weights: AllocationWeights) -> dict[str, int]:
    return {
        name: getattr(weights, name)
        for name in [*AllocationWeights.POINTS, *AllocationWeights.KILOMETRES]
    }


def conduct_of(officers: Collection[int], exam: Exam, years: int) -> dict[int, Conduct]:
    """At earlier exams of the last years: days of absence, and offers that came to nothing."""
    since = exam.year - years
    absences = import_string(settings.PAST_ABSENCES)(officers, before=exam, since=since)
    rows = (
        Deployment.objects.filter(
            officer__in=officers, status__in=LET_DOWN, post__exam__year__range=(since, exam.year)
        )
        .exclude(post__exam=exam)
        .order_by()
        .values_list("officer")
        .annotate(n=Count("pk"))
    )
    rejections = dict(rows)
    return {
        pk: Conduct(absences.get(pk, 0), rejections.get(pk, 0)) for pk in {*absences, *rejections}
    }


def weigh(
    officer: Officer, exam: Exam, weights: AllocationWeights, *, nominated: bool, conduct: Conduct
) -> Weighed:
    """The officer comes from `with_history`."""
    years = years_served(officer.work.all())
    level = highest_level(officer.qualifications.all())
    served = _served(held_by(officer), exam, weights.recent_years)
    taken = weights.per_absence * conduct.absences + weights.per_rejection * conduct.rejections
    return Weighed(
        years=years,
        level=level,
        nominated=nominated,
        conduct=conduct,
        served=served,
        points={
            "experience": weights.per_year * min(years, weights.years_at_most),
            "qualification": weights.per_level * (rank(level) + 1),
            "nominated": weights.nominated if nominated else 0,
            "conduct": -min(taken, weights.conduct_at_most),
            "served": -weights.per_recent_year * len(served),
        },
    )


def _served(held: Iterable[Deployment], exam: Exam, recent: int) -> list[int]:
    """The years, this one's other exams among them."""
    return sorted(
        {
            each.post.exam.year
            for each in held
            if each.status in SERVED
            and each.post.exam_id != exam.pk
            and exam.year - recent <= each.post.exam.year <= exam.year
        }
    )
