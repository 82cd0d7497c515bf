"""The problem of one place, read from the database in a few queries for each block of officers."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from django.db.models import Q

from catalogue.models import DutyStation, PositionTerms, StationKind
from deployments.allocation import rules
from deployments.allocation.merit import NO_CONDUCT, Weighed, conduct_of, weigh
from deployments.allocation.problem import (
    MAN,
    UNSAID,
    WOMAN,
    Ints,
    Officers,
    Posts,
    Prices,
    Problem,
    array,
)
from deployments.allocation.rules import Objection
from deployments.eligibility import first_day, with_history
from deployments.models import (
    HOLDS_ITS_DAYS,
    AllocationRun,
    AllocationWeights,
    Deployment,
    Post,
    PostQuerySet,
)
from profiles.models import Gender, Officer
from vacancies.models import ApplicationQuerySet, ApplicationStatus

BLOCK = 1000  # officers in memory at once, with all that the rules ask about
# Where so many pairs are possible, each officer is held against the nearest posts only.
MOST_PAIRS = 8_000_000
NEAREST = 40
GENDERS = {Gender.FEMALE: WOMAN, Gender.MALE: MAN, "": UNSAID}


class Applied(NamedTuple):
    pk: int
    officer: int
    exam: int
    position: int
    station_kind: str
    status: str


class Candidate(NamedTuple):
    """An applicant against whom no rule speaks everywhere."""

    application: Applied
    weighed: Weighed
    gender: int
    sub_county: int
    county: int
    latitude: float
    longitude: float
    order: int
    closed: dict[int, list[Objection]]  # stations


class Barred(NamedTuple):
    application: Applied
    weighed: Weighed
    objections: list[Objection]


@dataclass
class Loaded:
    problem: Problem
    posts: list[Post]
    candidates: list[Candidate]  # as the problem's officers
    barred: list[Barred]
    applied: Ints  # for each post, who wants one of its kind
    # How many each rule keeps from a post.
    kept_away: list[Counter[str]]

    @property
    def applicants(self) -> int:
        return len(self.candidates) + len(self.barred)


def kind_of(position: int, station_kind: str) -> int:
    """The posts that an applicant wants, as one number."""
    return position * 10 + StationKind.values.index(station_kind)


def load(
    run: AllocationRun,
    posts: PostQuerySet,
    applications: ApplicationQuerySet,
    *,
    left: Mapping[int, int] | None = None,
    on: Callable[[float], None] = lambda done: None,
) -> Loaded:
    """`left` says how many places a post still has, where a first round has taken some."""
    weights = AllocationWeights(**run.weights)
    places = list(posts.select_related("exam", "station__sub_county", "position").order_by("pk"))
    kinds = {kind_of(post.position_id, post.station.kind) for post in places}
    wanting = [each for each in _applied(applications) if _kind(each) in kinds]
    candidates: list[Candidate] = []
    barred: list[Barred] = []
    for start in range(0, len(wanting), BLOCK):
        for each in _judged(run, weights, wanting, slice(start, start + BLOCK), places):
            if isinstance(each, Candidate):
                candidates.append(each)
            else:
                barred.append(each)
        on(min(1.0, (start + BLOCK) / len(wanting)))
    candidates.sort(key=lambda each: each.application.officer)
    return _together(run, weights, places, candidates, barred, left)


def _kind(applied: Applied) -> int:
    return kind_of(applied.position, applied.station_kind)


def _applied(applications: ApplicationQuerySet) -> list[Applied]:
    """In the order in which they were made."""
    waiting = applications.filter(
        status__in=[ApplicationStatus.NOMINATED, ApplicationStatus.SUBMITTED]
    )
    rows = waiting.order_by("submitted_at", "pk").values_list(
        "pk", "officer", "exam", "vacancy__position", "vacancy__station_kind", "status"
    )
    return [Applied(*row) for row in rows]


def _judged(
    run: AllocationRun,
    weights: AllocationWeights,
    wanting: list[Applied],
    block: slice,
    places: list[Post],
) -> Iterator[Candidate | Barred]:
    some = wanting[block]
    officers = {
        officer.pk: officer
        for officer in with_history(
            Officer.objects.filter(pk__in=[applied.officer for applied in some])
        )
    }
    conduct = conduct_of(officers, run.exam, weights.recent_years)
    spots = _spots(officers.values())
    terms = {
        each.position_id: each
        for each in PositionTerms.objects.filter(exam=run.exam_id).select_related("position")
    }
    positions = {post.position_id: post.position for post in places}
    from_day = first_day(places[0])
    for order, applied in enumerate(some, start=block.start):
        officer = officers[applied.officer]
        position = positions[applied.position]
        of = terms.get(applied.position)
        weighed = weigh(
            officer,
            run.exam,
            weights,
            nominated=applied.status == ApplicationStatus.NOMINATED,
            conduct=conduct.get(officer.pk) or NO_CONDUCT,
        )
        if against := rules.everywhere(officer, run.exam, position, of, from_day):
            yield Barred(applied, weighed, against)
            continue
        latitude, longitude = spots.get(officer.pk, (np.nan, np.nan))
        yield Candidate(
            applied,
            weighed,
            GENDERS[officer.gender],
            officer.sub_county_id or 0,
            officer.sub_county.county_id if officer.sub_county else 0,
            latitude,
            longitude,
            order,
            rules.stations(officer, run.exam, position, of),
        )


def _spots(officers: Any) -> dict[int, tuple[float, float]]:
    """Where each works now, where that is known."""
    works = {
        officer.pk: officer.current_work.station_id
        for officer in officers
        if officer.current_work and officer.current_work.station_id
    }
    rows = DutyStation.objects.filter(pk__in=set(works.values()), latitude__isnull=False)
    known = {pk: (float(lat), float(lon)) for pk, lat, lon in rows.values_list(*SPOT)}
    return {officer: known[at] for officer, at in works.items() if at in known}


SPOT = ("pk", "latitude", "longitude")


class Held(NamedTuple):
    slots: set[int]
    women: int
    men: int


def held_at(posts: list[Post]) -> dict[int, Held]:
    """The slots that are taken on any day from now on, and how many women and men are there."""
    if not posts:
        return {}
    from_day, to_day = first_day(posts[0]), posts[0].exam.ends_on
    rows = Deployment.objects.filter(
        Q(starts_on__lte=to_day, ends_on__gte=from_day),
        status__in=HOLDS_ITS_DAYS,
        post__in=[post.pk for post in posts],
    ).values_list("post", "slot", "officer__gender")
    slots: dict[int, dict[int, str]] = defaultdict(dict)
    for post, slot, gender in rows:
        slots[post][slot] = gender
    return {
        post: Held(
            set(there),
            sum(gender == Gender.FEMALE for gender in there.values()),
            sum(gender == Gender.MALE for gender in there.values()),
        )
        for post, there in slots.items()
    }


def free_at(post: Post, held: Held | None) -> int:
    return post.required - len(
        {slot for slot in held.slots if slot <= post.required} if held else ()
    )


def _together(
    run: AllocationRun,
    weights: AllocationWeights,
    places: list[Post],
    candidates: list[Candidate],
    barred: list[Barred],
    left: Mapping[int, int] | None,
) -> Loaded:
    held = held_at(places)
    free = [free_at(post, held.get(post.pk)) if left is None else left[post.pk] for post in places]
    kinds = [kind_of(post.position_id, post.station.kind) for post in places]
    there: dict[tuple[int, int], int] = {
        (post.station_id, kind): place
        for place, (post, kind) in enumerate(zip(places, kinds, strict=True))
    }
    away: dict[int, Counter[str]] = defaultdict(Counter)
    for each in barred:
        away[_kind(each.application)].update({said.rule for said in each.objections})
    kept_away = [Counter(away[kind]) for kind in kinds]
    who: list[int] = []
    where: list[int] = []
    for place, candidate in enumerate(candidates):
        kind = _kind(candidate.application)
        for station, objections in candidate.closed.items():
            if (post := there.get((station, kind))) is not None:
                who.append(place)
                where.append(post)
                kept_away[post].update({said.rule for said in objections})
    wanted = Counter(_kind(each.application) for each in candidates)
    wanted.update(_kind(each.application) for each in barred)
    officers = Officers(
        pk=array([each.application.officer for each in candidates]),
        kind=array([_kind(each.application) for each in candidates]),
        standing=array([each.weighed.standing for each in candidates]),
        gender=array([each.gender for each in candidates]),
        latitude=_floats(each.latitude for each in candidates),
        longitude=_floats(each.longitude for each in candidates),
        sub_county=array([each.sub_county for each in candidates]),
        county=array([each.county for each in candidates]),
        applied=array([each.order for each in candidates]),
    )
    nobody = Held(set(), 0, 0)
    posts = Posts(
        pk=array([post.pk for post in places]),
        kind=array(kinds),
        free=array(free),
        women=array([held.get(post.pk, nobody).women for post in places]),
        men=array([held.get(post.pk, nobody).men for post in places]),
        latitude=_floats(post.station.latitude for post in places),
        longitude=_floats(post.station.longitude for post in places),
        sub_county=array([post.station.sub_county_id for post in places]),
        county=array([post.station.sub_county.county_id for post in places]),
    )
    many = len(candidates) * int((posts.free > 0).sum()) > MOST_PAIRS
    problem = Problem(
        officers,
        posts,
        (array(who), array(where)),
        prices=prices_of(weights),
        seed=run.seed,
        nearest=NEAREST if many else None,
    )
    return Loaded(
        problem=problem,
        posts=places,
        candidates=candidates,
        barred=barred,
        applied=array([wanted[kind] for kind in kinds]),
        kept_away=kept_away,
    )


def prices_of(weights: AllocationWeights) -> Prices:
    return Prices(
        same_sub_county=weights.same_sub_county_km * 1000,
        same_county=weights.same_county_km * 1000,
        elsewhere=weights.elsewhere_km * 1000,
        one_gender=weights.one_gender_km * 1000,
    )


def _floats(values: Any) -> Any:
    return np.array([np.nan if each is None else float(each) for each in values], dtype=float)
