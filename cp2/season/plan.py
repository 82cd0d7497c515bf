"""What is to happen: every place of every post meets one of the fates that a place can meet, in
turn, so that even the smallest season has them all."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import cycle, islice
from typing import NamedTuple

from django.db.models import Q

import deployments.models
from catalogue.models import DutyStation, Exam, ExamDay, PositionTerms, StationKind, SubCounty
from cp2.season.officers import School


def spread(*others: str, among: int) -> list[str]:
    """So many fates: the others evenly among places that are simply filled."""
    fates = ["accepted"] * among
    for number, other in enumerate(others):
        fates[number * among // len(others) + 2] = other
    return fates


# Each word here is a method of Crew: what becomes of a place …
FATES = spread(
    *("offered", "rejected", "replaced", "free", "refilled", "expired", "offered", "cancelled"),
    among=36,
)
FATES_OF_THE_PAST = spread("replaced", "refilled", "rejected", among=20)
LEAVES_A_GAP = {"free", "rejected", "expired", "cancelled"}
# … and of somebody who holds none.
STAGES = [
    *("registered", "applied", "submitted", "half_filled", "nominated"),
    *("applied", "vetted", "barred", "withdrawn", "unsuccessful"),
    *("applied", "submitted", "nominated", "registered", "vetted"),
]


@dataclass(frozen=True)
class Run:
    """An exam, what it asks of each position, and how far it is."""

    exam: Exam
    terms: dict[str, PositionTerms]  # by the position's code
    turn: date  # the past day on which those who change places do so
    is_over: bool


def runs(exams: list[Exam], today: date) -> dict[int, Run]:
    found = {}
    for exam in exams:
        days = ExamDay.objects.filter(exam=exam, day__lt=today).order_by("day")
        past = list(days.values_list("day", flat=True))
        terms = PositionTerms.objects.filter(exam=exam).select_related("position")
        found[exam.pk] = Run(
            exam=exam,
            terms={each.position.code: each for each in terms},
            turn=past[len(past) // 2],
            is_over=exam.ends_on < today,
        )
    return found


class Post(NamedTuple):
    """As much of an entitlement as fills it."""

    id: int
    exam: int
    required: int
    station: int
    station_code: str
    station_name: str
    level: str
    sub_county: int
    position: str
    deployed_by: str


class Place(NamedTuple):
    """One slot of one post."""

    post: Post
    slot: int
    fate: str


@dataclass
class Ground:
    """All that plans are drawn from, read once, by sub-county."""

    runs: dict[int, Run]
    posts: defaultdict[int, list[Post]] = field(default_factory=lambda: defaultdict(list))
    schools: defaultdict[int, list[School]] = field(default_factory=lambda: defaultdict(list))
    marking: defaultdict[int, list[tuple[int, str, int]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def __post_init__(self) -> None:
        for place, station, name, level in (
            DutyStation.objects.filter(kind=StationKind.EXAMINATION_CENTRE)
            .order_by("pk")
            .values_list("sub_county", "pk", "name", "level")
        ):
            self.schools[place].append(School(station, name, level))
        posts = deployments.models.Post.objects.order_by("exam", "station", "position__rank")
        # of whoever marks no paper by name it is not known yet who that will be
        at_large = Q(station__kind=StationKind.MARKING_CENTRE, position__paper="")
        for post in posts.exclude(at_large).values_list(
            *("pk", "exam", "required", "station", "station__code", "station__name"),
            *("station__level", "station__sub_county", "position__code", "position__deployed_by"),
        ):
            found = Post(*post)
            self.posts[found.sub_county].append(found)
        for place, exam, position, required in posts.filter(at_large).values_list(
            "station__sub_county", "exam", "position__code", "required"
        ):
            self.marking[place].append((exam, position, required))


@dataclass
class Plan:
    """One sub-county: its places, and how many of them are left free per exam and position, which
    is all of them when `nobody_is_deployed`."""

    number: int  # the first sub-county is where newcomers try things out
    home: SubCounty
    ground: Ground
    nobody_is_deployed: bool = False
    places: list[Place] = field(init=False)
    required: Counter[tuple[int, str]] = field(default_factory=Counter)
    gaps: Counter[tuple[int, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.runs = self.ground.runs
        self.schools = self.ground.schools[self.home.pk]
        self.marking = self.ground.marking[self.home.pk]
        # Two secondary schools, the first of which has not given its distance yet.
        self.show = [school.station for school in self.schools[:2]] if self.number == 0 else []
        self.places = list(self._places())
        self._swap_two()
        for place in self.places:
            key = (place.post.exam, place.post.position)
            self.required[key] += 1
            self.gaps[key] += self.nobody_is_deployed or place.fate in LEAVES_A_GAP

    def _places(self) -> Iterator[Place]:
        fates = {exam: self._fates(run) for exam, run in self.runs.items()}
        for post in self.ground.posts[self.home.pk]:
            for slot in range(1, post.required + 1):
                yield Place(post, slot, self._settled(post, slot) or next(fates[post.exam]))

    def _fates(self, run: Run) -> Iterator[str]:
        """In turn, from another beginning in each sub-county."""
        fates = FATES_OF_THE_PAST if run.is_over else FATES
        return islice(cycle(fates), self.number * 7 % len(fates), None)

    def _settled(self, post: Post, slot: int) -> str:
        """Where it is not left to the turn: schools have a head, and newcomers find an offer to
        accept in the first centre and a gap to fill in the second."""
        is_invigilator = post.position == "INV"
        if post.station not in self.show:
            return "accepted" if post.position == "CM" else ""
        if is_invigilator and post.station == self.show[0] and slot == 1:
            return "offered"
        if is_invigilator and post.station == self.show[1] and slot == post.required:
            return "free"
        return "accepted"

    def _swap_two(self) -> None:
        """Two invigilators of two secondary schools change places, if there are two."""
        by_station = {
            place.post.station: number
            for number, place in reversed(list(enumerate(self.places)))
            if place.fate == "accepted"
            and place.post.station not in self.show
            and self.runs[place.post.exam].exam.abbreviation == "KCSE"
            and place.post.position == "INV"
        }
        if len(by_station) >= 2:
            for number in sorted(by_station.values())[:2]:
                self.places[number] = self.places[number]._replace(fate="swapped")
