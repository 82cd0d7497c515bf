"""What a sub-county's office chooses from: its positions with the gaps first, and the applications
as it filters and sorts them. Both come from the database in one query each."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Avg, Exists, F, OuterRef, QuerySet, Subquery, Value
from django.db.models.expressions import Combinable, RawSQL
from django.db.models.fields import FloatField, IntegerField
from django.db.models.functions import ACos, Cast, Cos, Greatest, Least, Radians, Sin
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts.models import User
from catalogue.models import DutyStation, Office, PositionTerms
from profiles.models import Vetting, WorkExperience
from vacancies.models import (
    Application,
    ApplicationQuerySet,
    ApplicationStatus,
    Vacancy,
    of_person,
)
from vacancies.rules import Objection
from vacancies.standing import Standing, standing
from vacancies.vetting import against_the_person, terms_unmet

EARTH = 6371  # kilometres from its middle
SORTS = ["newest", "experience", "service", "distance", "name"]


# Positions


@dataclass
class Line:
    """A position of an exam in the sub-county: what there is, and what is still wanted."""

    exam: int
    exam_name: str
    position: int
    position_name: str
    rank: int
    is_over: bool
    places: int = 0
    taken: int = 0  # by officers who were deployed without having applied
    counts: Counter[str] = field(default_factory=Counter)
    matched: Counter[str] = field(default_factory=Counter)
    left: dict[int, int] = field(default_factory=dict)  # by vacancy

    @property
    def submitted(self) -> int:
        return self.counts[ApplicationStatus.SUBMITTED]

    @property
    def nominated(self) -> int:
        return self.counts[ApplicationStatus.NOMINATED]

    @property
    def deployed(self) -> int:
        return self.counts[ApplicationStatus.DEPLOYED] + self.taken

    @property
    def wanted(self) -> int:
        return sum(self.left.values())


class Overview(NamedTuple):
    lines: list[Line]
    centre_is_known: bool  # where it lies

    @property
    def ahead(self) -> list[Line]:
        """Of exams that are not over; the widest gap first."""
        ahead = (line for line in self.lines if not line.is_over)
        return sorted(ahead, key=lambda line: (-line.wanted, line.rank, line.exam_name))

    def total(self, asked: dict[str, Any]) -> int:
        """How many applications the filters leave, known without asking again."""
        return sum(
            found[asked["status"]] if asked.get("status") else found.total()
            for line in self.lines
            for found in [line.matched if asked.get("q") else line.counts]
            if asked.get("exam", "") in ("", str(line.exam))
            if asked.get("position", "") in ("", str(line.position))
        )

    def places_left(self) -> Counter[int]:
        return Counter({pk: left for line in self.lines for pk, left in line.left.items()})


def overview(user: User, *, words: str = "", centre: str = "") -> Overview:
    """What this office decides on, with the applications of people whom the words may mean."""
    ours = Vacancy.objects.visible_to(user).filter(
        position__deployed_by=user.office, position__deployed_by__in=Office.values
    )
    unasked = import_string(settings.VACANCY_COUNTS["deployed_unasked"])()
    known = DutyStation.objects.filter(
        code=centre, sub_county=OuterRef("sub_county"), latitude__isnull=False
    )
    counted = ours.order_by("pk").with_counts()
    if words:
        counted = counted.with_counts(prefix="matched_", matching=of_person(words))
    rows: QuerySet[Any, Any] = counted.annotate(
        unasked=unasked, centre_is_known=Exists(known) if centre else Value(True)
    ).values(
        "pk",
        "exam",
        "exam__abbreviation",
        "exam__year",
        "exam__ends_on",
        "position",
        "position__name",
        "position__rank",
        "places",
        "unasked",
        "centre_is_known",
        *(f"{prefix}{status}" for status in ApplicationStatus for prefix in _prefixes(words)),
    )
    lines: dict[tuple[int, int], Line] = {}
    centre_is_known = True
    for row in rows:
        key = (row["exam"], row["position"])
        _add(lines.setdefault(key, _line(row)), row, words=words)
        centre_is_known = row["centre_is_known"]
    return Overview(list(lines.values()), centre_is_known)


def _prefixes(words: str) -> list[str]:
    return ["", "matched_"] if words else [""]


def _line(row: dict[str, Any]) -> Line:
    return Line(
        exam=row["exam"],
        exam_name=f"{row['exam__abbreviation']} {row['exam__year']}",
        position=row["position"],
        position_name=row["position__name"],
        rank=row["position__rank"],
        is_over=row["exam__ends_on"] < timezone.localdate(),
    )


def _add(line: Line, row: dict[str, Any], *, words: str) -> None:
    line.places += row["places"]
    line.taken += row["unasked"]
    for status in ApplicationStatus:
        line.counts[status] += row[status]
        line.matched[status] += row[f"matched_{status}" if words else status.value]
    held = row["nominated"] + row["deployed"] + row["unasked"]
    line.left[row["pk"]] = max(row["places"] - held, 0)


# Applications


def applications(user: User, asked: dict[str, Any], *, near: str = "") -> ApplicationQuerySet:
    """As they were asked for, each with what it may be sorted by. What is unknown stands last, and
    whoever is equal in all else by when they applied, so that no page repeats another."""
    rows = _narrowed(Application.objects.decidable_by(user), asked).annotate(
        days_worked=days_worked(), km=_distance(user, near), **_past_service()
    )
    order: dict[str, list[Any]] = {
        "experience": [F("days_worked").desc()],
        "service": [F("days_served").desc()],
        "distance": [F("km").asc(nulls_last=True)],
        "name": [F("officer__full_name").asc()],
    }
    return rows.order_by(*order.get(asked.get("sort", ""), []), "-pk")


def _narrowed(rows: ApplicationQuerySet, asked: dict[str, Any]) -> ApplicationQuerySet:
    if asked.get("exam"):
        rows = rows.filter(exam=asked["exam"])
    if asked.get("position"):
        rows = rows.filter(vacancy__position=asked["position"])
    if asked.get("status"):
        rows = rows.filter(status=asked["status"])
    return rows.of_person(asked["q"]) if asked.get("q") else rows


def _past_service() -> dict[str, Any]:
    found: dict[str, Any] = import_string(settings.VACANCY_COUNTS["past_service"])()
    return found


def days_worked() -> RawSQL:
    """To today; time in two places at once counts once, as everywhere."""
    today = timezone.localdate()
    return RawSQL(
        """
        coalesce((
            SELECT sum(upper(spell) - lower(spell)) FROM unnest((
                SELECT range_agg(daterange(starts_on, least(coalesce(ends_on, %s), %s)))
                FROM profiles_workexperience
                WHERE profiles_workexperience.officer_id = vacancies_application.officer_id
                    AND starts_on < %s
            )) AS spell
        ), 0)
        """,
        [today, today, today],
        output_field=IntegerField(),
    )


def _distance(user: User, centre: str) -> Combinable:
    """In kilometres over the ground as the crow flies, from where the applicant works to a centre
    of the sub-county or to the middle of its stations; null where one of the two is unknown."""
    there = DutyStation.objects.filter(sub_county=user.sub_county_id)
    return distance_to(there.filter(code=centre) if centre else there)


def distance_to(there: QuerySet[DutyStation]) -> Combinable:
    """Of an application, to these stations or to the middle of them."""
    middle = there.order_by().annotate(all=Value(1)).values("all")

    def of_there(name: str) -> Combinable:
        mean = middle.annotate(mean=Avg(name)).values("mean")
        return Radians(Cast(Subquery(mean), FloatField()))

    def of_work(name: str) -> Combinable:
        return Radians(Cast(F(f"station__{name}"), FloatField()))

    here_north, there_north = of_work("latitude"), of_there("latitude")
    apart = Cos(here_north) * Cos(there_north) * Cos(
        of_work("longitude") - of_there("longitude")
    ) + Sin(here_north) * Sin(there_north)
    # a rounding error above one has no angle
    angle = ACos(Least(Greatest(apart, Value(-1.0)), Value(1.0)))
    work = WorkExperience.objects.filter(officer=OuterRef("officer"), ends_on=None)
    return Subquery(
        work.filter(station__latitude__isnull=False)
        .order_by()
        .annotate(km=EARTH * angle)
        .values("km"),
        output_field=FloatField(),
    )


def first(found: ApplicationQuerySet, overview: Overview, most: int) -> ApplicationQuerySet:
    """Those from the top of the list who wait and may be nominated, as far as there are places."""
    left, chosen = overview.places_left(), list[int]()
    waiting = found.filter(status=ApplicationStatus.SUBMITTED).exclude(
        officer__vetting=Vetting.BARRED
    )
    for pk, vacancy in waiting.values_list("pk", "vacancy"):
        if left[vacancy] > 0:
            left[vacancy] -= 1
            chosen.append(pk)
        if len(chosen) == most:
            break
    return found.filter(pk__in=chosen).for_vetting()


# What the page says of each


class Row(NamedTuple):
    application: Application
    standing: Standing
    km: int | None
    days_served: int
    exams_served: int
    against: list[str]


class Group(NamedTuple):
    line: Line
    chosen: int


def groups(rows: Iterable[Row], overview: Overview) -> list[Group]:
    """How many of which position are chosen."""
    chosen = Counter(
        (each.application.exam_id, each.application.vacancy.position_id) for each in rows
    )
    return [
        Group(line, count) for line in overview.lines if (count := chosen[line.exam, line.position])
    ]


def rows(page: Iterable[Any]) -> Iterator[Row]:
    """Of applications `for_vetting`; one more query for all of them."""
    found = list(page)
    terms: dict[tuple[int, int], PositionTerms] = {
        (each.exam_id, each.position_id): each
        for each in PositionTerms.objects.filter(exam__in={row.exam_id for row in found})
    }
    for row in found:
        yield Row(
            application=row,
            standing=standing(row.officer),
            km=None if row.km is None else round(row.km),
            days_served=row.days_served,
            exams_served=row.exams_served,
            against=[
                str(each)
                for each in _against(row, terms.get((row.exam_id, row.vacancy.position_id)))
            ],
        )


def _against(application: Application, terms: PositionTerms | None) -> Iterator[Objection]:
    """Whether they would still be let in; nothing of those about whom all is decided."""
    if not application.may_be_decided:
        return
    yield from against_the_person(application.officer)
    if terms:
        vacancy = application.vacancy
        yield from terms_unmet(
            application.officer, terms, exam=vacancy.exam, position=vacancy.position
        )
