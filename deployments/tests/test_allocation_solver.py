"""The solver against every allocation there is, against its own bound, and against the rules."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployments.allocation.explain import empty_posts, gauge, without_place
from deployments.allocation.first_come import first_come
from deployments.allocation.problem import (
    DRAW,
    MAN,
    METRES,
    UNSAID,
    WOMAN,
    Officers,
    Posts,
    Prices,
    Problem,
    array,
    haversine,
)
from deployments.allocation.reasons import Empty, Without
from deployments.allocation.solve import build, flows, pair_costs, solve

SPOTS = 0.2  # degrees, some 20 km
NOWHERE = np.nan


def officers(standing, **given):
    n = len(standing)
    fields = {
        "pk": array(range(101, 101 + n)),
        "kind": array([1] * n),
        "standing": array(standing),
        "gender": array([UNSAID] * n),
        "latitude": np.full(n, NOWHERE),
        "longitude": np.full(n, NOWHERE),
        "sub_county": array([1] * n),
        "county": array([1] * n),
        "applied": array(range(n)),
    }
    return Officers(**fields | given)


def posts(free, **given):
    m = len(free)
    fields = {
        "pk": array(range(501, 501 + m)),
        "kind": array([1] * m),
        "free": array(free),
        "women": array([0] * m),
        "men": array([0] * m),
        "latitude": np.full(m, NOWHERE),
        "longitude": np.full(m, NOWHERE),
        "sub_county": array([1] * m),
        "county": array([1] * m),
    }
    return Posts(**fields | given)


def problem(who, where, forbidden=(), **given):
    pairs = array([each[0] for each in forbidden]), array([each[1] for each in forbidden])
    return Problem(who, where, pairs, **given)


def at_random(seed, n, m, *, kinds=1, most=3, closed=0.2, unknown=0.2):
    rng = np.random.default_rng(seed)

    def spots(size):
        there = rng.uniform(0, SPOTS, size)
        return np.where(rng.random(size) < unknown, NOWHERE, there)

    who = officers(
        rng.integers(0, 6, n),
        kind=rng.integers(0, kinds, n),
        gender=rng.integers(0, 3, n),
        latitude=spots(n),
        longitude=36 + spots(n),
        sub_county=rng.integers(1, 3, n),
        applied=rng.permutation(n),
    )
    where = posts(
        rng.integers(0, most + 1, m),
        kind=rng.integers(0, kinds, m),
        women=rng.integers(0, 2, m),
        men=rng.integers(0, 2, m),
        latitude=spots(m),
        longitude=36 + spots(m),
        sub_county=rng.integers(1, 3, m),
    )
    closed = np.argwhere(rng.random((n, m)) < closed)
    return problem(who, where, [tuple(each) for each in closed], seed=seed)


def goodness(of, allocation):
    """What the rules of the order say of an allocation, the better the greater: filled, standing,
    and then the price of ways, genders and draws. Worked out anew, without the network."""
    price = dict(
        zip(
            zip(of.arcs.officer.tolist(), of.arcs.post.tolist(), strict=True),
            pair_costs(of).tolist(),
            strict=True,
        )
    )
    placed = [(who, where) for who, where in enumerate(allocation) if where >= 0]
    cost = sum(price[pair] for pair in placed)
    for where in range(len(of.posts)):
        here = [of.officers.gender[who] for who, post in placed if post == where]
        women, men = int(of.posts.women[where]), int(of.posts.men[where])
        half = (int(of.posts.free[where]) + women + men + 1) // 2
        for gender, there in ((WOMAN, women), (MAN, men)):
            easy = min(max(half - there, 0), int(of.posts.free[where]))
            beyond = max(0, here.count(gender) - easy)
            if of.posts.free[where] > 1:
                cost += beyond * (of.prices.one_gender // METRES) * DRAW
    standing = sum(int(of.officers.standing[who]) for who, _where in placed)
    return len(placed), standing, -cost


def every_allocation(of):
    choices = [
        [-1, *of.arcs.post[of.arcs.officer == who].tolist()] for who in range(len(of.officers))
    ]
    for allocation in product(*choices):
        held = np.bincount([each for each in allocation if each >= 0], minlength=len(of.posts))
        if (held <= of.posts.free).all():
            yield allocation


@pytest.mark.parametrize("seed", range(60))
def test_no_allocation_of_all_there_are_is_better(seed):
    of = at_random(seed, n=6, m=3, kinds=1 + seed % 2, most=1 + seed % 3)
    best = max(goodness(of, each) for each in every_allocation(of))
    assert goodness(of, solve(of).post) == best


def residual(network, flow):
    """What could still be sent, and taken back, with its price."""
    forth, back = flow < network.capacity, flow > 0
    return (
        np.concatenate([network.tail[forth], network.head[back]]),
        np.concatenate([network.head[forth], network.tail[back]]),
        np.concatenate([network.cost[forth], -network.cost[back]]),
    )


def certificate(network, flow):
    """Potentials under which no arc that could still be used is worth it. Raises where there are
    none, which is where a cheaper flow exists. That is the proof which linear programming gives,
    worked out by Bellman and Ford and not by the solver."""
    tail, head, cost = residual(network, flow)
    potential = np.zeros(network.nodes, dtype=np.int64)
    for _round in range(network.nodes + 1):
        better = potential.copy()
        np.minimum.at(better, head, potential[tail] + cost)
        if (better == potential).all():
            assert (cost + potential[tail] - potential[head] >= 0).all()
            return potential
        potential = better
    raise AssertionError("there is a cheaper flow")


def can_be_enlarged(network, flow):
    tail, head, _cost = residual(network, flow)
    reached = np.zeros(network.nodes, dtype=bool)
    reached[0] = True
    while True:
        more = reached.copy()
        more[head[reached[tail]]] = True
        if (more == reached).all():
            return bool(reached[1])
        reached = more


@pytest.mark.parametrize(("n", "m", "kinds"), [(150, 40, 3), (400, 60, 4), (900, 120, 4)])
def test_a_large_one_is_proven_to_be_the_best(n, m, kinds):
    of = at_random(n, n, m, kinds=kinds, most=8)
    network = build(of)
    flow, cost = flows(network)
    assert not can_be_enlarged(network, flow)
    certificate(network, flow)
    assert cost == int((flow * network.cost).sum())


def test_the_proof_finds_what_is_not_the_best():
    of = problem(
        officers([1, 1], latitude=np.array([0.0, 0.1]), longitude=np.array([36.0, 36.0])),
        posts([1, 1], latitude=np.array([0.0, 0.1]), longitude=np.array([36.0, 36.0])),
    )
    network = build(of)
    crossed = flows(network)[0].copy()
    pairs = crossed[network.of_pairs]
    crossed[network.of_pairs] = 1 - pairs
    with pytest.raises(AssertionError, match="cheaper"):
        certificate(network, crossed)


shapes = st.tuples(st.integers(0, 10_000), st.integers(0, 14), st.integers(0, 6), st.integers(1, 3))


@given(shapes)
@settings(max_examples=150, deadline=None)
def test_no_rule_is_broken(shape):
    seed, n, m, kinds = shape
    of = at_random(seed, n, m, kinds=kinds)
    closed = set(zip(*(each.tolist() for each in of.forbidden), strict=True))
    for allocation in (solve(of).post, first_come(of)):
        placed = [(who, int(where)) for who, where in enumerate(allocation) if where >= 0]
        assert not closed & set(placed)
        for who, where in placed:
            assert of.officers.kind[who] == of.posts.kind[where]
        held = np.bincount([where for _who, where in placed], minlength=m)
        assert (held <= of.posts.free).all()
    assert solve(of).filled >= (first_come(of) >= 0).sum()


@given(shapes)
@settings(max_examples=150, deadline=None)
def test_more_standing_is_never_without_a_place_that_less_has(shape):
    seed, n, m, kinds = shape
    of = at_random(seed, n, m, kinds=kinds)
    allocation = solve(of).post
    may = set(zip(of.arcs.officer.tolist(), of.arcs.post.tolist(), strict=True))
    for who in np.flatnonzero(allocation < 0):
        for other in np.flatnonzero(allocation >= 0):
            if (int(who), int(allocation[other])) in may:
                assert of.officers.standing[other] >= of.officers.standing[who]


@given(shapes)
@settings(max_examples=60, deadline=None)
def test_every_empty_place_and_every_officer_without_one_has_a_reason(shape):
    seed, n, m, kinds = shape
    of = at_random(seed, n, m, kinds=kinds)
    allocation = solve(of).post
    applied = array([(of.officers.kind == kind).sum() for kind in of.posts.kind])
    left = {post: (places, why) for post, places, _may, why in empty_posts(of, allocation, applied)}
    held = np.bincount(allocation[allocation >= 0], minlength=m)
    for post in range(m):
        assert left.get(post, (0, ""))[0] == of.posts.free[post] - held[post]
    may = set(zip(of.arcs.officer.tolist(), of.arcs.post.tolist(), strict=True))
    for post, (_places, why) in left.items():
        could = [who for who in range(n) if (who, post) in may]
        assert (why == Empty.TOO_FEW) == bool(could)
        assert all(allocation[who] >= 0 for who in could)  # else the flow were not a largest one
    without = {who for who, _why, _least in without_place(of, allocation)}
    assert without == set(np.flatnonzero(allocation < 0).tolist())


def test_standing_before_distance():
    near, far = 0.0, 0.9
    of = problem(
        officers([5, 6], latitude=np.array([near, far]), longitude=np.array([36.0, 36.0])),
        posts([1], latitude=np.array([0.0]), longitude=np.array([36.0])),
    )
    assert solve(of).post.tolist() == [-1, 0]
    assert list(without_place(of, solve(of).post)) == [(0, Without.OTHERS, 6)]


def test_a_place_is_filled_before_standing_counts():
    """The better officer may go to either station, the other to one of them only."""
    of = problem(officers([9, 1]), posts([1, 1]), [(1, 0)])
    assert solve(of).post.tolist() == [0, 1]


def test_the_nearer_of_equals():
    of = problem(
        officers([5, 5], latitude=np.array([0.5, 0.1]), longitude=np.array([36.0, 36.0])),
        posts([1], latitude=np.array([0.0]), longitude=np.array([36.0])),
    )
    assert solve(of).post.tolist() == [-1, 0]
    assert list(without_place(of, solve(of).post)) == [(0, Without.DRAW, 5)]


def both(prices):
    """Two stations, near to one another; the men live nearer to the first."""
    return problem(
        officers(
            [5] * 4,
            gender=array([MAN, MAN, WOMAN, WOMAN]),
            latitude=np.array([0.0, 0.0, 0.02, 0.02]),
            longitude=np.full(4, 36.0),
        ),
        posts([2, 2], latitude=np.array([0.0, 0.02]), longitude=np.full(2, 36.0)),
        prices=prices,
    )


def test_both_genders_at_a_post_where_it_is_worth_the_way():
    """Two kilometres each for two of them, where five are the price."""
    of = both(Prices(one_gender=5_000))
    allocation = solve(of).post
    assert gauge(of, allocation).alone == 0
    assert sorted(allocation.tolist()) == [0, 0, 1, 1]


def test_and_not_where_the_way_is_longer_or_it_does_not_count():
    for prices in (Prices(one_gender=1_000), Prices(one_gender=0)):
        assert solve(both(prices)).post.tolist() == [0, 0, 1, 1]


def test_who_is_there_already_counts_for_the_balance():
    of = problem(
        officers([5, 5], gender=array([WOMAN, MAN])),
        posts([1, 1], women=array([1, 0]), men=array([0, 1])),
    )
    assert solve(of).filled == 2
    two = problem(
        officers([5, 5, 5], gender=array([WOMAN, WOMAN, MAN])), posts([2], women=array([2]))
    )
    assert MAN in two.officers.gender[solve(two).post >= 0]


def test_a_draw_is_the_same_for_a_seed_whoever_else_takes_part():
    tie = [solve(problem(officers([1] * 8), posts([1]), seed=seed)).post for seed in range(30)]
    again = [solve(problem(officers([1] * 8), posts([1]), seed=seed)).post for seed in range(30)]
    assert [each.tolist() for each in tie] == [each.tolist() for each in again]
    assert len({int(each.argmax()) for each in tie}) > 3  # it is a draw, and not the first in line
    some, all_ = problem(officers([1] * 3), posts([1])), problem(officers([1] * 8), posts([1]))
    assert pair_costs(some).tolist() == pair_costs(all_)[:3].tolist()


def test_the_first_come_takes_the_nearest_free_place():
    spots = {"latitude": np.array([0.1, 0.1]), "longitude": np.array([36.0, 36.0])}
    of = problem(
        officers([1, 9], applied=array([0, 1]), **spots),
        posts([1, 1], latitude=np.array([0.0, 0.1]), longitude=np.array([36.0, 36.0])),
    )
    assert first_come(of).tolist() == [1, 0]


def test_an_unknown_distance_is_what_headquarters_says():
    of = problem(
        officers([1], sub_county=array([7]), county=array([3])),
        posts([1, 1, 1], sub_county=array([7, 8, 9]), county=array([3, 3, 4])),
    )
    assert of.arcs.metres.tolist() == [8_000, 40_000, 150_000]
    assert not of.arcs.known.any()
    assert gauge(of, solve(of).post).measured == 0


def test_distance_over_the_great_circle():
    """From Nairobi to Mombasa."""
    there = haversine(*(np.array([each]) for each in (-1.28638, 36.81722, -4.05466, 39.66359)))
    assert there[0] == pytest.approx(440_000, rel=0.01)


def test_nobody_and_nothing():
    for of in (
        problem(officers([]), posts([])),
        problem(officers([1]), posts([])),
        problem(officers([]), posts([3])),
        problem(officers([1]), posts([0])),
        problem(officers([1]), posts([1]), [(0, 0)]),
    ):
        assert solve(of).filled == 0
        assert gauge(of, solve(of).post).filled == 0
        assert (first_come(of) == -1).all()


def test_many_are_held_against_the_nearest_only_and_none_is_forgotten():
    of = at_random(5, 300, 80, closed=0, unknown=0, most=2)
    few = Problem(of.officers, of.posts, of.forbidden, seed=of.seed, nearest=20)
    assert len(few.arcs) < len(of.arcs) / 2
    assert set(few.arcs.post.tolist()) == set(of.arcs.post.tolist())
    assert solve(few).filled == solve(of).filled
