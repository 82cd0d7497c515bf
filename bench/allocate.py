r"""How long it takes to allocate, and how good it is.

    .venv/bin/python bench/allocate.py                made-up arrays; no database
    .venv/bin/python bin/serve.py \
        .venv/bin/python bench/allocate.py --season   the exams to come of a new portal's season

Three problems are made up: a sub-county; 300 of them with some 60,000 officers and 50,000 places,
as a run for the nation has them; and the second round over what those leave, each officer held
against the 40 nearest posts. Each is built and solved in this process, beside the bare solver on
the same arrays; it fails if the nation takes more than twice as long as that. What comes out is
held against the plainest way: first come, first served, the nearest free place.
"""

import argparse
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from deployments.allocation.explain import Gauge, gauge
from deployments.allocation.first_come import first_come
from deployments.allocation.problem import Officers, Posts, Problem, array
from deployments.allocation.solve import build, flows, solve

BLOCKS = 300
BUDGET = 2.0  # times the bare solver
WIDTH = 0.1  # degrees, some 11 km: a sub-county
Made = TypeVar("Made")


Block = tuple[Officers, Posts, Any]


def block(number: int, rng: Any, officers: int = 200, posts: int = 33) -> Block:
    """A sub-county: a square, in which people live and schools stand anywhere. One school in the
    square is an officer's own."""
    row, column = divmod(number, 20)
    first = number * 10_000

    def spots(n: int) -> dict[str, Any]:
        return {
            "latitude": -4 + row * WIDTH + rng.uniform(0, WIDTH, n),
            "longitude": 34 + column * WIDTH + rng.uniform(0, WIDTH, n),
            "sub_county": np.full(n, number),
            "county": np.full(n, number // 6),
        }

    officers = int(rng.integers(officers * 7 // 10, officers * 13 // 10))
    who = Officers(
        pk=array(range(first, first + officers)),
        kind=array([1] * officers),
        standing=array(rng.integers(0, 60, officers)),
        gender=array(rng.integers(0, 2, officers)),
        applied=array(rng.permutation(officers)),
        **spots(officers),
    )
    where = Posts(
        pk=array(range(first, first + posts)),
        kind=array([1] * posts),
        free=array(np.maximum(1, rng.poisson(5, posts))),
        women=array([0] * posts),
        men=array([0] * posts),
        **spots(posts),
    )
    return who, where, (array(range(officers)), array(rng.integers(0, posts, officers)))


def together(blocks: list[Block]) -> Block:
    def joined(kind: Any, rows: list[Any]) -> Any:
        names = kind.__dataclass_fields__
        columns = {name: [getattr(row, name) for row in rows] for name in names}
        return kind(**{name: np.concatenate(column) for name, column in columns.items()})

    people = np.cumsum([0, *(len(who) for who, _where, _closed in blocks)])
    places = np.cumsum([0, *(len(where) for _who, where, _closed in blocks)])
    closed = [each for _who, _where, each in blocks]
    return (
        joined(Officers, [who for who, _where, _closed in blocks]),
        joined(Posts, [where for _who, where, _closed in blocks]),
        (
            np.concatenate([each[0] + first for each, first in zip(closed, people, strict=False)]),
            np.concatenate([each[1] + first for each, first in zip(closed, places, strict=False)]),
        ),
    )


def timed(act: Callable[[], Made]) -> tuple[float, Made]:
    began = time.process_time()
    made = act()
    return time.process_time() - began, made


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(name: str, make: Callable[[], list[Problem]]) -> tuple[float, float]:
    """Seconds of this process: to build the arrays, all of ours, the bare solver alone."""
    built, problems = timed(make)
    ours, solutions = timed(lambda: [solve(problem) for problem in problems])
    networks = [build(problem) for problem in problems]
    bare, _flows = timed(lambda: [flows(network) for network in networks])
    arcs = sum(len(network.tail) for network in networks)
    queued, queues = timed(lambda: [first_come(problem) for problem in problems])
    ratio = (built + ours) / bare
    places = sum(int(problem.posts.free.sum()) for problem in problems)
    print(f"\n{name}: {arcs:,} arcs, {places:,} places")
    print(
        f"  ours {built + ours:.2f} s (arrays {built:.2f}), bare solver {bare:.2f} s: "
        f"x {ratio:.2f}; first come {queued:.2f} s; peak {peak():.0f} MB"
    )
    say("proposal", problems, [solution.post for solution in solutions], places)
    say("first come", problems, queues, places)
    return built + ours, bare


def say(what: str, problems: list[Problem], found: list[Any], places: int) -> None:
    total = Gauge()
    for problem, post in zip(problems, found, strict=True):
        total += gauge(problem, post)
    print(
        f"  {what:10}  {total.filled:,} filled ({100 * total.filled / places:.1f} %), "
        f"{total.metres / max(1, total.measured) / 1000:.2f} km, "
        f"standing {total.standing / max(1, total.filled):.1f}, {total.alone:,} all of one gender"
    )


def left_over(problems: list[Problem], found: list[Any]) -> Problem:
    """What a second round is about: who has no place, and the places that nobody has."""
    blocks: list[Block] = []
    for problem, post in zip(problems, found, strict=True):
        without = np.flatnonzero(post < 0)
        free = problem.posts.free - np.bincount(post[post >= 0], minlength=len(problem.posts))
        empty = np.flatnonzero(free > 0)
        left = {name: getattr(problem.posts, name)[empty] for name in WHERE}
        officers = Officers(**{name: getattr(problem.officers, name)[without] for name in WHO})
        blocks.append((officers, Posts(**left | {"free": free[empty]}), (array([]), array([]))))
    who, where, closed = together(blocks)
    return Problem(who, where, closed, nearest=40)


WHO, WHERE = Officers.__dataclass_fields__, Posts.__dataclass_fields__


def made_up() -> bool:
    rng = np.random.default_rng(1)
    blocks = [block(number, rng) for number in range(BLOCKS)]
    list(map(solve, [Problem(*blocks[1])]))  # so that nothing has to be loaded
    measure("One sub-county", lambda: [Problem(*blocks[0])])
    first = measure("300 sub-counties", lambda: [Problem(*each) for each in blocks])
    problems = [Problem(*each) for each in blocks]
    found = [solve(problem).post for problem in problems]
    second = measure("The second round", lambda: [left_over(problems, found)])
    ours, bare = (sum(each) for each in zip(first, second, strict=True))
    print(f"\nThe nation, both rounds: {ours:.2f} s, bare solver {bare:.2f} s: x {ours / bare:.2f}")
    return ours <= BUDGET * bare


# The season of a portal


def season() -> bool:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cp2.settings")
    django.setup()
    from django.db.models import Count
    from django.utils import timezone

    from catalogue.models import Exam, SubCounty

    posts = Count("posts", distinct=True)
    exams = Exam.objects.filter(ends_on__gte=timezone.localdate()).annotate(n=posts)
    for exam in exams.filter(n__gt=0):
        for place in [SubCounty.objects.filter(stations__posts__exam=exam).first(), None]:
            of_season(exam, place)
    return True


def of_season(exam: Any, place: Any) -> None:
    """Read, solved, written; then taken back, so that it can be measured again."""
    from django.db import transaction

    from deployments.allocation import parts, runs
    from deployments.allocation.confirm import carry_out

    spent = {"read": 0.0, "solve": 0.0, "write": 0.0}

    def noting(name: str, act: Callable[..., Made]) -> Callable[..., Made]:
        def noted(*args: Any, **kwargs: Any) -> Made:
            began = time.monotonic()
            try:
                return act(*args, **kwargs)
            finally:
                spent[name] += time.monotonic() - began

        return noted

    for name, part in (("read", "load"), ("solve", "solve"), ("write", "_write")):
        setattr(parts, part, noting(name, getattr(parts, part)))
    try:
        with transaction.atomic():
            run = runs.start(exam, by=None, scope=place)
            while runs.work(solve=parts.propose, confirm=carry_out, run=run, seconds=3600):
                pass
            run.refresh_from_db()
            outcome = run.outcome
            print(f"\n{run}: {outcome['applicants']:,} applicants, {outcome['places']:,} places")
            print("  " + ", ".join(f"{name} {s:.2f} s" for name, s in spent.items()))
            for what in ("best", "queue"):
                each = outcome[what]
                print(f"  {what:6} {in_words(each)}")
            if outcome["best"]["filled"]:
                _confirm(run)
            raise Undone
    except Undone:
        pass


def in_words(gauge: dict[str, int]) -> str:
    km = gauge["metres"] / max(1, gauge["measured"]) / 1000
    standing = gauge["standing"] / max(1, gauge["filled"])
    return (
        f"{gauge['filled']:,} filled, {km:.2f} km, standing {standing:.1f}, "
        f"{gauge['alone']:,} all of one gender"
    )


def _confirm(run: Any) -> None:
    from accounts.models import User
    from cp2.rules import Role
    from deployments.allocation import parts, runs
    from deployments.allocation.confirm import carry_out, confirm

    by = User.objects.filter(role=Role.STAFF)[0]
    began = time.monotonic()
    confirm(run, by=by)
    while runs.work(solve=parts.propose, confirm=carry_out, run=run, seconds=3600):
        pass
    took = time.monotonic() - began
    run.refresh_from_db()
    done, refused = run.outcome["confirmed"], run.outcome["refused"]
    each = 1000 * took / (done + refused)
    print(f"  {done:,} deployed, {refused:,} refused: {took:.1f} s, {each:.1f} ms each")
    print(f"  peak {peak():.0f} MB")


class Undone(Exception):
    """Nothing of it is to stay."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--season", action="store_true", help="the exams to come of this portal")
    return 0 if (season() if parser.parse_args().season else made_up()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
