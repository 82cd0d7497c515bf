"""Why a place stayed empty, why somebody went without one, and what an allocation comes to."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np

from deployments.allocation.problem import MAN, WOMAN, Ints, Problem
from deployments.allocation.reasons import Empty, Without


@dataclass
class Gauge:
    """What an allocation comes to. Metres only where they are measured."""

    filled: int = 0
    standing: int = 0
    metres: int = 0
    measured: int = 0
    women: int = 0
    men: int = 0
    alone: int = 0  # posts of two or more, all of one gender

    def __add__(self, other: "Gauge") -> "Gauge":
        there = asdict(other)
        return Gauge(**{name: value + there[name] for name, value in asdict(self).items()})


def gauge(problem: Problem, post: Ints) -> Gauge:
    officers, posts, pairs = problem.officers, problem.posts, problem.arcs
    who = np.flatnonzero(post >= 0)
    where = post[who]
    # the arcs are sorted, so a pair is found among them by one number
    key = pairs.officer * max(1, len(posts)) + pairs.post
    arc = np.searchsorted(key, who * max(1, len(posts)) + where)
    women = posts.women + np.bincount(where[officers.gender[who] == WOMAN], minlength=len(posts))
    men = posts.men + np.bincount(where[officers.gender[who] == MAN], minlength=len(posts))
    together = women + men > 1
    known = pairs.known[arc]
    return Gauge(
        filled=len(who),
        standing=int(officers.standing[who].sum()),
        metres=int(pairs.metres[arc][known].sum()),
        measured=int(known.sum()),
        women=int((officers.gender[who] == WOMAN).sum()),
        men=int((officers.gender[who] == MAN).sum()),
        alone=int((together & ((women == 0) | (men == 0))).sum()),
    )


def metres_of(problem: Problem, officer: int, post: int) -> int | None:
    """From the workstation to the post, if that is measured."""
    pairs = problem.arcs
    first, last = np.searchsorted(pairs.officer, [officer, officer + 1])
    arc = first + int(np.searchsorted(pairs.post[first:last], post))
    return int(pairs.metres[arc]) if pairs.known[arc] else None


def empty_posts(
    problem: Problem, post: Ints, applied: Ints
) -> Iterator[tuple[int, int, int, Empty]]:
    """Each post with free places left: its place, how many, how many may serve there, and why.
    `applied` counts, for each post, all who want one of its kind, whatever the rules say."""
    posts = problem.posts
    held = np.bincount(post[post >= 0], minlength=len(posts))
    may = np.bincount(problem.arcs.post, minlength=len(posts))
    for each in np.flatnonzero(posts.free > held):
        if not applied[each]:
            why = Empty.NOBODY_APPLIED
        elif not may[each]:
            why = Empty.NOBODY_MAY
        else:
            why = Empty.TOO_FEW
        yield int(each), int(posts.free[each] - held[each]), int(may[each]), why


def without_place(problem: Problem, post: Ints) -> Iterator[tuple[int, Without, int]]:
    """Each officer whom no rule keeps from serving and who has no place: why, and the least
    standing that got one where they might have served, or 0."""
    officers, posts, pairs = problem.officers, problem.posts, problem.arcs
    begins = np.searchsorted(pairs.officer, np.arange(len(officers) + 1))
    lowest = np.full(len(posts), np.iinfo(np.int64).max)
    who = np.flatnonzero(post >= 0)
    np.minimum.at(lowest, post[who], officers.standing[who])
    offered = set(posts.kind[posts.free > 0].tolist())
    for officer in np.flatnonzero(post < 0):
        mine = pairs.post[begins[officer] : begins[officer + 1]]
        if len(mine):
            least = int(lowest[mine].min())
            more = least > officers.standing[officer]
            yield int(officer), Without.OTHERS if more else Without.DRAW, least
        elif int(officers.kind[officer]) in offered:
            yield int(officer), Without.RULES_HERE, 0
        else:
            yield int(officer), Without.NO_PLACES, 0
