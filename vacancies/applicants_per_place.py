"""How many people want each place, the emptiest sub-counties first."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, F, FloatField, Q, QuerySet, When
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from vacancies.models import LIVE, ApplicationStatus, VacancyQuerySet

# Grouped, since all vacancies of an exam are counted together.
COUNTS = {
    "live": Count("applications", filter=Q(applications__status__in=LIVE)),
    "nominated": Count("applications", filter=Q(applications__status=ApplicationStatus.NOMINATED)),
    "deployed": Count("applications", filter=Q(applications__status=ApplicationStatus.DEPLOYED)),
}
# Applicants for each place, from nobody up; the page shows each step in a colour of its own.
STEPS = [0.0, 0.5, 1.0, 2.0, 4.0]


@dataclass(frozen=True)
class County:
    pk: int
    name: str
    vacancies: int
    places: int
    live: int
    nominated: int
    deployed: int

    @property
    def ratio(self) -> float | None:
        return self.live / self.places if self.places else None

    @property
    def step(self) -> int:
        return step(self.ratio)


def step(ratio: float | None) -> int:
    """0 is nobody at all, or nothing to apply for."""
    return sum(ratio > least for least in STEPS) if ratio else 0


def by_gap(vacancies: VacancyQuerySet) -> QuerySet[Any]:
    """One row a sub-county and position; those that ask for nobody come last."""
    ratio = Case(
        When(places__gt=0, then=Cast(F("live"), FloatField()) / F("places")),
        output_field=FloatField(),
    )
    return (
        vacancies.annotate(**COUNTS)
        .annotate(ratio=ratio)
        .select_related("exam", "position", "sub_county__county")
        .order_by(F("ratio").asc(nulls_last=True), F("places").desc(), "pk")
    )


def by_county(vacancies: VacancyQuerySet) -> list[County]:
    """In the official order, so that each has its place in the picture; one query."""
    county = "sub_county__county"
    rows: QuerySet[Any, Any] = (
        vacancies.annotate(**COUNTS)
        .order_by(f"{county}__code")
        .values("pk", "places", county, f"{county}__name", *COUNTS)
    )
    totals: dict[tuple[int, str], Counter[str]] = {}
    for row in rows:
        total = totals.setdefault((row[county], row[f"{county}__name"]), Counter(vacancies=0))
        total["vacancies"] += 1
        for name in ("places", *COUNTS):
            total[name] += row[name]
    return [County(pk=pk, name=name, **total) for (pk, name), total in totals.items()]


def heading() -> list[str]:
    return [
        _("Exam"),
        _("Position"),
        _("County"),
        _("Sub-county"),
        _("Places"),
        _("Applicants"),
        _("Nominated"),
        _("Deployed"),
        _("Applicants per place"),
    ]


def table(rows: Iterable[Any]) -> Iterator[list[Any]]:
    for row in rows:
        yield [
            row.exam.short,
            row.position.name,
            row.sub_county.county.name,
            row.sub_county.name,
            row.places,
            row.live,
            row.nominated,
            row.deployed,
            None if row.ratio is None else round(row.ratio, 2),
        ]
