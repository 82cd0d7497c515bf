"""The rules, as the allocator asks them: once for each officer, never once for each pair. Only the
few posts that ask for something of their own are held against everybody, without a query."""

from collections.abc import Iterable, Iterator
from datetime import date

from catalogue.models import Exam, Position, PositionTerms
from deployments.eligibility import (
    against_everywhere,
    against_here,
    elsewhere,
    only_at,
    stations_refused,
)
from deployments.models import Post
from deployments.sites import Site
from profiles.models import Officer
from vacancies.rules import Objection, Rule


def everywhere(
    officer: Officer, exam: Exam, position: Position, terms: PositionTerms | None, from_day: date
) -> list[Objection]:
    """What keeps them from serving, wherever it may be."""
    return [
        *against_everywhere(officer, exam, position, terms),
        *elsewhere(officer, exam, from_day),
    ]


def stations(
    officer: Officer, exam: Exam, terms: PositionTerms | None, among: Iterable[int]
) -> dict[int, list[Objection]]:
    """What keeps them from stations, by the number of the station."""
    closed = stations_refused(officer, exam, terms)
    if (open_to := only_at(officer, exam, terms)) is not None:
        for station in among:
            if station not in open_to:
                said = Objection(Rule.NOT_THEIR_SCHOOL, str(Rule.NOT_THEIR_SCHOOL.label))
                closed.setdefault(station, []).append(said)
    return closed


def is_particular(terms: PositionTerms | None, site: Site) -> bool:
    """Whether the post itself asks for something."""
    return bool(site.lacks) or (
        terms is not None and site.is_hosted and not terms.in_hosted_centres
    )


def here(
    officer: Officer, post: Post, terms: PositionTerms | None, site: Site
) -> Iterator[Objection]:
    """What a particular post has against them, but for whose school it is, which is known."""
    for objection in against_here(officer, post, terms, site):
        if objection.rule != Rule.NOT_THEIR_SCHOOL:
            yield objection


def label(rule: str) -> str:
    return str(Rule(rule).label) if rule in Rule.values else rule
