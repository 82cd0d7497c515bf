"""What is to be solved, as arrays: officers, posts, and which of them may come together.

Nothing here knows the database. Officers and posts are named by their numbers there, so that a
draw is the same whoever else takes part in it.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deployments.allocation.ways import EARTH

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

METRES = 100  # distances are held against each other in steps of so many
FARTHEST = 1_500_000 // METRES  # nobody in Kenya has farther to go
A_DEGREE = 111_195  # metres, of latitude
DRAW = 16  # a draw decides where less than one step of distance does

WOMAN, MAN, UNSAID = 0, 1, 2


@dataclass(frozen=True)
class Officers:
    pk: Ints
    # What kind of post each wants: their position and the kind of station, as one number.
    kind: Ints
    standing: Ints  # points; more goes first
    gender: Ints
    latitude: Floats  # of the workstation; not a number where it is unknown
    longitude: Floats
    sub_county: Ints
    county: Ints
    applied: Ints  # the order of the applications

    def __len__(self) -> int:
        return len(self.pk)


@dataclass(frozen=True)
class Posts:
    pk: Ints
    kind: Ints
    free: Ints  # places
    women: Ints  # who are there already
    men: Ints
    latitude: Floats
    longitude: Floats
    sub_county: Ints
    county: Ints

    def __len__(self) -> int:
        return len(self.pk)


@dataclass(frozen=True)
class Prices:
    """In metres: what it weighs not to know a distance, and to have one gender among themselves."""

    same_sub_county: int = 8_000
    same_county: int = 40_000
    elsewhere: int = 150_000
    one_gender: int = 5_000


@dataclass(frozen=True)
class Problem:
    officers: Officers
    posts: Posts
    # Pairs that a rule forbids, as places in the arrays above.
    forbidden: tuple[Ints, Ints]
    prices: Prices = Prices()
    seed: int = 1
    nearest: int | None = None  # so many of the others for each; all if none is said
    arcs: "Arcs" = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "arcs", arcs(self))


@dataclass(frozen=True)
class Arcs:
    """Who may go where, and how far that is. Sorted by officer, then post."""

    officer: Ints
    post: Ints
    metres: Ints
    known: Bools  # whether the distance is measured, or stands for one

    def __len__(self) -> int:
        return len(self.officer)


def array(values: Any) -> Ints:
    return np.asarray(values, dtype=np.int64)


def arcs(problem: Problem) -> Arcs:
    """Every officer with every post of the kind that they want, but for what a rule forbids."""
    officers, posts = problem.officers, problem.posts
    pairs = [
        _pairs(problem, np.flatnonzero(officers.kind == kind), np.flatnonzero(posts.kind == kind))
        for kind in np.intersect1d(officers.kind, posts.kind)
    ]
    nothing = Arcs(array([]), array([]), array([]), np.array([], dtype=bool))
    if not pairs:
        return nothing
    one = Arcs(
        *(
            np.concatenate([getattr(each, name) for each in pairs])
            for name in ("officer", "post", "metres", "known")
        )
    )
    order = np.lexsort((one.post, one.officer))
    return Arcs(one.officer[order], one.post[order], one.metres[order], one.known[order])


def _pairs(problem: Problem, officer: Ints, post: Ints) -> Arcs:
    """In blocks of officers, so that a nation fits into memory."""
    found: list[Arcs] = []
    block = max(1, 4_000_000 // max(1, len(post)))
    for start in range(0, len(officer), block):
        some = officer[start : start + block]
        allowed = _allowed(problem, some, post)
        if problem.nearest:
            allowed &= _near(
                np.where(allowed, _roughly(problem, some, post), np.inf), problem.nearest
            )
        row, column = np.nonzero(allowed)
        who, where = some[row], post[column]
        found.append(Arcs(who, where, *between(problem, who, where)))
    return Arcs(
        *(
            np.concatenate([getattr(each, name) for each in found])
            for name in ("officer", "post", "metres", "known")
        )
    )


def _roughly(problem: Problem, officer: Ints, post: Ints) -> Floats:
    """Squares of ways over a flat country, which tell who is near to whom as well, and sooner."""
    officers, posts = problem.officers, problem.posts
    north = officers.latitude[officer, None] - posts.latitude[None, post]
    east = officers.longitude[officer, None] - posts.longitude[None, post]
    rough: Floats = north * north + east * east
    unknown = np.isnan(rough)
    if unknown.any():
        row, column = np.nonzero(unknown)
        guessed = between(problem, officer[row], post[column])[0] / A_DEGREE
        rough[row, column] = guessed * guessed
    return rough


def _allowed(problem: Problem, officer: Ints, post: Ints) -> Bools:
    allowed = np.broadcast_to(problem.posts.free[post] > 0, (len(officer), len(post))).copy()
    who, where = problem.forbidden
    row = _place_in(officer, who)
    column = _place_in(post, where)
    both = (row >= 0) & (column >= 0)
    allowed[row[both], column[both]] = False
    return allowed


def _place_in(some: Ints, values: Ints) -> Ints:
    """Where each of the values stands among some that are sorted; -1 where it does not."""
    if not len(some) or not len(values):
        return np.full(len(values), -1)
    place = np.minimum(np.searchsorted(some, values), len(some) - 1)
    return np.where(some[place] == values, place, -1)


def _near(rough: Floats, most: int) -> Bools:
    """The nearest posts of each officer, and of each post the nearest officers, so that a remote
    one is not forgotten."""
    near = np.zeros(rough.shape, dtype=bool)
    for axis in (0, 1):
        if most >= rough.shape[axis]:
            return np.ones(rough.shape, dtype=bool)
        nearest = np.argpartition(rough, most - 1, axis=axis).take(range(most), axis=axis)
        np.put_along_axis(near, nearest, True, axis=axis)
    return near


def between(problem: Problem, officer: Ints, post: Ints) -> tuple[Ints, Bools]:
    """For each pair the metres from the workstation to the post, and whether they are measured."""
    officers, posts, prices = problem.officers, problem.posts, problem.prices
    measured = haversine(
        officers.latitude[officer],
        officers.longitude[officer],
        posts.latitude[post],
        posts.longitude[post],
    )
    known = ~np.isnan(measured)
    same = officers.sub_county[officer] == posts.sub_county[post]
    county = officers.county[officer] == posts.county[post]
    guessed = np.where(
        same, prices.same_sub_county, np.where(county, prices.same_county, prices.elsewhere)
    )
    metres = np.where(known, np.nan_to_num(measured), guessed)
    return metres.astype(np.int64), known


def haversine(lat1: Floats, lon1: Floats, lat2: Floats, lon2: Floats) -> Floats:
    """Over the great circle."""
    lat1, lon1, lat2, lon2 = (np.radians(each) for each in (lat1, lon1, lat2, lon2))
    a = (
        np.sin((lat2 - lat1) / 2) ** 2
        + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    )
    metres: Floats = 2 * EARTH * np.arcsin(np.sqrt(a))
    return metres


def draws(seed: int, officer: Ints, post: Ints) -> Ints:
    """0 to DRAW-1 for each pair: a fixed mixture of the seed and the two numbers (splitmix64), so
    that anybody can work it out again for one pair alone."""
    with np.errstate(over="ignore"):
        mixed = officer.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= post.astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)
        mixed ^= np.uint64(seed % 2**63) * np.uint64(0x165667B19E3779F9)
        mixed ^= mixed >> np.uint64(30)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(27)
        mixed *= np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    return (mixed % np.uint64(DRAW)).astype(np.int64)
