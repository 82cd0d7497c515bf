"""The problem of one place, read from the database in a few queries for each block of officers."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
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
from deployments.eligibility import first_day, with_history
from deployments.models import (
    HOLDS_ITS_DAYS,
    AllocationRun,
    AllocationWeights,
    Deployment,
    Post,
    PostQuerySet,
)
from deployments.sites import Site, sites_of
from profiles.models import Gender, Officer
from vacancies.models import ApplicationQuerySet, ApplicationStatus
from vacancies.rules import Objection

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
    closed: dict[int, list[Objection]]  # the rows of the posts that are closed to them


class Barred(NamedTuple):
    application: Applied
    weighed: Weighed
    objections: list[Objection]


class Row(NamedTuple):
    """Free places of a post that ask for the same; one is kept for each skill that is lacking."""

    post: Post
    kind: int
    free: int
    site: Site


@dataclass
class Loaded:
    problem: Problem
    rows: list[Row]  # as the problem's posts
    candidates: list[Candidate]  # as the problem's officers
    barred: list[Barred]
    applied: Ints  # for each row, who wants one of its kind
    kept_away: list[Counter[str]]  # how many each rule keeps from it

    @property
    def applicants(self) -> int:
        return len(self.candidates) + len(self.barred)


def kind_of(position: int, station_kind: str) -> int:
    """The posts that an applicant wants, as one number."""
    return position * 10 + StationKind.values.index(station_kind)


@dataclass
class Place:
    """What is asked of everybody who would serve in one place, read once."""

    run: AllocationRun
    weights: AllocationWeights
    rows: list[Row]
    held: dict[int, "Held"]
    terms: dict[int, PositionTerms]
    at: dict[int, dict[int, list[int]]]  # by kind and station: the rows
    particular: dict[int, list[int]]  # by kind: the rows that ask for something of their own

    @property
    def from_day(self) -> date:
        return first_day(self.rows[0].post)


def load(
    run: AllocationRun,
    posts: PostQuerySet,
    applications: ApplicationQuerySet,
    *,
    left: Mapping[int, int] | None = None,
    skilled: Mapping[int, set[str]] | None = None,
    on: Callable[[float], None] = lambda done: None,
) -> Loaded:
    """`left` says how many places a post still has where a first round has taken some, and
    `skilled` what those whom it put there can do."""
    place = _place(run, posts, left, skilled or {})
    wanting = [each for each in _applied(applications) if _kind(each) in place.at]
    candidates: list[Candidate] = []
    barred: list[Barred] = []
    for start in range(0, len(wanting), BLOCK):
        for each in _judged(place, wanting, slice(start, start + BLOCK)):
            if isinstance(each, Candidate):
                candidates.append(each)
            else:
                barred.append(each)
        on(min(1.0, (start + BLOCK) / len(wanting)))
    candidates.sort(key=lambda each: each.application.officer)
    return _together(place, candidates, barred)


def _place(
    run: AllocationRun,
    posts: PostQuerySet,
    left: Mapping[int, int] | None,
    skilled: Mapping[int, set[str]],
) -> Place:
    found = list(posts.select_related("exam", "station__sub_county", "position").order_by("pk"))
    terms = {
        each.position_id: each
        for each in PositionTerms.objects.filter(exam=run.exam_id).select_related("position")
    }
    held = held_at(found)
    sites = sites_of(found, terms)
    rows: list[Row] = []
    for post in found:
        free = free_at(post, held.get(post.pk)) if left is None else left[post.pk]
        rows += _rows(post, free, sites[post.pk], skilled.get(post.pk, set()))
    at: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    particular: dict[int, list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        at[row.kind][row.post.station_id].append(number)
        if rules.is_particular(terms.get(row.post.position_id), row.site):
            particular[row.kind].append(number)
    return Place(run, AllocationWeights(**run.weights), rows, held, terms, dict(at), particular)


def _rows(post: Post, free: int, site: Site, skilled: set[str]) -> Iterator[Row]:
    """The last places are kept for whoever has what the candidates need: a place for each skill, so
    that two who read Braille do not take the one kept for a signer."""
    kind = kind_of(post.position_id, post.station.kind)
    lacks = sorted(site.lacks - skilled)[:free]
    yield Row(post, kind, free - len(lacks), site._replace(lacks=frozenset()))
    for skill in lacks:
        yield Row(post, kind, 1, Site(site.is_hosted, frozenset([skill]), 1))


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


def _judged(place: Place, wanting: list[Applied], block: slice) -> Iterator[Candidate | Barred]:
    some, run, weights = wanting[block], place.run, place.weights
    numbers = [applied.officer for applied in some]
    officers = {each.pk: each for each in with_history(Officer.objects.filter(pk__in=numbers))}
    conduct = conduct_of(officers, run.exam, weights.recent_years)
    spots = _spots(officers.values())
    positions = {row.post.position_id: row.post.position for row in place.rows}
    for order, applied in enumerate(some, start=block.start):
        officer = officers[applied.officer]
        position, terms = positions[applied.position], place.terms.get(applied.position)
        weighed = weigh(
            officer,
            run.exam,
            weights,
            nominated=applied.status == ApplicationStatus.NOMINATED,
            conduct=conduct.get(officer.pk) or NO_CONDUCT,
        )
        against = rules.everywhere(officer, run.exam, position, terms, place.from_day)
        if against:
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
            _closed(place, officer, terms, _kind(applied)),
        )


def _closed(
    place: Place, officer: Officer, terms: PositionTerms | None, kind: int
) -> dict[int, list[Objection]]:
    """Of the rows of a kind, those that an officer may not fill."""
    at = place.at[kind]
    found: dict[int, list[Objection]] = {}
    for station, said in rules.stations(officer, place.run.exam, terms, at).items():
        for row in at.get(station, ()):
            found[row] = list(said)
    for row in place.particular.get(kind, ()):
        of = place.rows[row]
        if said := list(rules.here(officer, of.post, terms, of.site)):
            found.setdefault(row, []).extend(said)
    return found


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


def _together(place: Place, candidates: list[Candidate], barred: list[Barred]) -> Loaded:
    rows, held = place.rows, place.held
    away: dict[int, Counter[str]] = defaultdict(Counter)
    wanted: Counter[int] = Counter(_kind(each.application) for each in candidates)
    for each in barred:
        kind = _kind(each.application)
        wanted[kind] += 1
        away[kind].update({said.rule for said in each.objections})
    kept_away = [Counter(away[row.kind]) for row in rows]
    who: list[int] = []
    where: list[int] = []
    for number, candidate in enumerate(candidates):
        for row, objections in candidate.closed.items():
            who.append(number)
            where.append(row)
            kept_away[row].update({said.rule for said in objections})
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
        pk=array([row.post.pk for row in rows]),
        kind=array([row.kind for row in rows]),
        free=array([row.free for row in rows]),
        women=array([held.get(row.post.pk, nobody).women for row in rows]),
        men=array([held.get(row.post.pk, nobody).men for row in rows]),
        latitude=_floats(row.post.station.latitude for row in rows),
        longitude=_floats(row.post.station.longitude for row in rows),
        sub_county=array([row.post.station.sub_county_id for row in rows]),
        county=array([row.post.station.sub_county.county_id for row in rows]),
    )
    many = len(candidates) * int((posts.free > 0).sum()) > MOST_PAIRS
    problem = Problem(
        officers,
        posts,
        (array(who), array(where)),
        prices=prices_of(place.weights),
        seed=place.run.seed,
        nearest=NEAREST if many else None,
    )
    applied = array([wanted[row.kind] for row in rows])
    return Loaded(problem, rows, candidates, barred, applied, kept_away)


def prices_of(weights: AllocationWeights) -> Prices:
    return Prices(
        same_sub_county=weights.same_sub_county_km * 1000,
        same_county=weights.same_county_km * 1000,
        elsewhere=weights.elsewhere_km * 1000,
        one_gender=weights.one_gender_km * 1000,
    )


def _floats(values: Any) -> Any:
    return np.array([np.nan if each is None else float(each) for each in values], dtype=float)
