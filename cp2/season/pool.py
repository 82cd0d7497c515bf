"""Who there is in one sub-county to fill its places: newcomers, and those who served before."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from catalogue.models import PositionTerms
from cp2.season import draws
from cp2.season.applications import HEADS, Applications
from cp2.season.officers import Officers, Person, School
from cp2.season.plan import Place, Plan
from cp2.season.rows import Batch
from cp2.season.scales import Scale
from cp2.season.vacancies import Advert

SOME_SCHOOL = {"primary": "Primary School", "junior": "Junior School", "secondary": "High School"}
FEW = 4  # are tried before somebody, or some school, is made up


@dataclass(frozen=True)
class Season:
    """What all sub-counties share."""

    scale: Scale
    seed: int
    today: date
    batch: Batch
    officers: Officers
    applications: Applications
    activities: dict[str, int]
    adverts: list[Advert]


class Pool:
    def __init__(self, plan: Plan, season: Season) -> None:
        self.plan, self.season = plan, season
        self.people: list[Person] = []  # with a complete profile
        self._schools: dict[tuple[str, ...], list[School]] = {}  # by levels, found once
        # who served in the exam that is over: heads by their school, the others by position
        self._heads: dict[int, Person] = {}
        self._served: defaultdict[str, list[Person]] = defaultdict(list)

    def find(self, place: Place) -> Person:
        """Somebody who served before, or somebody new."""
        if found := self._again(place):
            return found
        post = place.post
        terms = self.plan.runs[post.exam].terms[post.position]
        school: School | None
        if post.position == HEADS:
            school = School(post.station, post.station_name, post.level)
        else:
            school = self._school(terms.school_levels, not_at=post.station)
        return self._complete(post.position, terms, school)

    def newcomer(self, position: str, terms: PositionTerms, **profile: Any) -> Person:
        return self._complete(position, terms, self._school(terms.school_levels), **profile)

    def remember(self, place: Place, person: Person) -> None:
        """They served, in the exam that is over."""
        if place.post.position == HEADS:
            self._heads[place.post.station] = person
        else:
            self._served[place.post.position].append(person)

    def _complete(
        self, position: str, terms: PositionTerms, school: School | None, **profile: Any
    ) -> Person:
        person = self.season.officers.complete(
            self.season.batch,
            self.plan.home,
            position=position,
            terms=terms,
            school=school,
            **profile,
        )
        self.people.append(person)
        return person

    def _again(self, place: Place) -> Person | None:
        """Who served in the primary schools' exam serves in the junior schools' too: the head of
        the same school, and of the others some, never at their own."""
        post, run = place.post, self.plan.runs[place.post.exam]
        if run.exam.abbreviation != "KJSEA":
            return None
        if post.position == HEADS:
            return self._heads.get(post.station)
        served = self._served[post.position]
        draw = draws.dice(self.season.seed, "again", post.station_code, post.position, place.slot)
        if not draw.happens(self.season.scale.again):
            return None
        levels = run.terms[post.position].school_levels
        for _try in range(FEW if served else 0):
            number = draw.below(len(served))
            school = served[number].school
            if school and school.station != post.station and school.level in levels:
                served[number], served[-1] = served[-1], served[number]
                return served.pop()
        return None

    def _school(self, levels: list[str], *, not_at: int | None = None) -> School | None:
        """Where a teacher of one of these levels works: never the centre itself."""
        if not levels:
            return None
        draw = draws.dice(self.season.seed, "school", self.season.officers.count)
        schools = self._schools_of(tuple(levels))
        for _try in range(FEW if schools else 0):
            found = draw.choice(schools)
            if found.station != not_at:
                return found
        level = draw.choice(levels)
        return School(None, f"{draw.choice(draws.schools())} {SOME_SCHOOL[level]}", level)

    def _schools_of(self, levels: tuple[str, ...]) -> list[School]:
        if levels not in self._schools:
            self._schools[levels] = [each for each in self.plan.schools if each.level in levels]
        return self._schools[levels]
