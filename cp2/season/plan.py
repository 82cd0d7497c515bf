"""What is to happen: every place of every post meets one of the fates that a place can meet, in
turn, so that even the smallest season has them all."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import cycle, islice

from catalogue.models import DutyStation, Exam, ExamDay, PositionTerms, StationKind, SubCounty
from cp2.season.officers import School
from deployments.models import Post


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


@dataclass(frozen=True)
class Place:
    """One slot of one post."""

    post: Post
    slot: int
    fate: str


@dataclass
class Plan:
    """One sub-county: its places, and how many of them are left free per exam and position."""

    number: int  # the first sub-county is where newcomers try things out
    home: SubCounty
    runs: dict[int, Run]
    schools: list[School] = field(init=False)
    places: list[Place] = field(init=False)
    required: Counter[tuple[int, str]] = field(default_factory=Counter)
    gaps: Counter[tuple[int, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        centres = DutyStation.objects.filter(
            sub_county=self.home, kind=StationKind.EXAMINATION_CENTRE
        ).order_by("pk")
        self.schools = [School(centre.pk, centre.name, centre.level) for centre in centres]
        # Two secondary schools, the first of which has not given its distance yet.
        self.show = [school.station for school in self.schools[:2]] if self.number == 0 else []
        self.places = list(self._places())
        self._swap_two()
        for place in self.places:
            key = (place.post.exam_id, place.post.position.code)
            self.required[key] += 1
            self.gaps[key] += place.fate in LEAVES_A_GAP

    def _places(self) -> Iterator[Place]:
        fates = {exam: self._fates(run) for exam, run in self.runs.items()}
        posts = (
            Post.objects.filter(station__sub_county=self.home)
            .exclude(station__kind=StationKind.MARKING_CENTRE)
            .select_related("exam", "station", "position")
            .order_by("exam", "station", "position__rank")
        )
        for post in posts:
            for slot in range(1, post.required + 1):
                yield Place(post, slot, self._settled(post, slot) or next(fates[post.exam_id]))

    def _fates(self, run: Run) -> Iterator[str]:
        """In turn, from another beginning in each sub-county."""
        fates = FATES_OF_THE_PAST if run.is_over else FATES
        return islice(cycle(fates), self.number * 7 % len(fates), None)

    def _settled(self, post: Post, slot: int) -> str:
        """Where it is not left to the turn: schools have a head, and newcomers find an offer to
        accept in the first centre and a gap to fill in the second."""
        is_invigilator = post.position.code == "INV"
        if post.station_id not in self.show:
            return "accepted" if post.position.code == "CM" else ""
        if is_invigilator and post.station_id == self.show[0] and slot == 1:
            return "offered"
        if is_invigilator and post.station_id == self.show[1] and slot == post.required:
            return "free"
        return "accepted"

    def _swap_two(self) -> None:
        """Two invigilators of two secondary schools change places, if there are two."""
        by_station = {
            place.post.station_id: number
            for number, place in reversed(list(enumerate(self.places)))
            if place.fate == "accepted"
            and place.post.station_id not in self.show
            and place.post.exam.abbreviation == "KCSE"
            and place.post.position.code == "INV"
        }
        if len(by_station) >= 2:
            for number in sorted(by_station.values())[:2]:
                self.places[number] = replace(self.places[number], fate="swapped")
