"""The rules, as the allocator asks them: once for each officer, never once for each pair."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from catalogue.models import Exam, Position, PositionTerms
from deployments.eligibility import HEADS_OF_THEIR_OWN, _cooling_off, _elsewhere, _own_school
from deployments.models import Post
from profiles.models import Officer
from vacancies.vetting import against_the_person, terms_unmet


class Objection(NamedTuple):
    rule: str
    words: str


def everywhere(
    officer: Officer, exam: Exam, position: Position, terms: PositionTerms | None, from_day: date
) -> list[Objection]:
    return [Objection("terms", words) for words in _everywhere(officer, exam, terms, from_day)]


def _everywhere(
    officer: Officer, exam: Exam, terms: PositionTerms | None, from_day: date
) -> Iterator[str]:
    yield from against_the_person(officer)
    if terms is None:
        yield "no terms"
    else:
        yield from terms_unmet(officer, terms)
    yield from _elsewhere(officer, Post(exam=exam), from_day, None)


def stations(
    officer: Officer, exam: Exam, position: Position, terms: PositionTerms | None
) -> dict[int, list[Objection]]:
    if position.code in HEADS_OF_THEIR_OWN:
        return {}
    known = {work.station_id for work in officer.work.all()}
    known |= {held.post.station_id for held in officer.held}  # type: ignore[attr-defined]
    found: dict[int, list[Objection]] = {}
    for station in known - {None}:
        post = Post(exam=exam, station_id=station, position=position)
        said = [Objection("own_school", words) for words in _own_school(officer, post)]
        said += [Objection("cooling_off", words) for words in _cooling_off(officer, post)]
        if said:
            found[station] = said
    return found


def label(rule: str) -> str:
    return rule
