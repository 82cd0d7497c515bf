"""The best allocation there is: a flow of officers into posts, at the least cost.

What is better is decided in this order, whatever the figures are:

1. more places filled: the flow is a largest one;
2. more standing among those who are placed: one point outweighs all that follows together;
3. shorter ways, in steps of 100 m, and both genders at a post, which is worth a way that
   headquarters sets. The first half (rounded up) of a post's places costs nothing extra to either
   gender; each further officer of one gender costs that way. So a post's cost is convex in the
   women and in the men there, and stays a flow: two nodes a post, one for each gender, with a free
   arc to the post and a dear one beside it. No second pass can be better, and none is needed;
4. where a step of distance does not decide, a draw by the seed.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from ortools.graph.python import min_cost_flow  # type: ignore[import-untyped]  # of C++

from deployments.allocation.problem import (
    DRAW,
    FARTHEST,
    MAN,
    METRES,
    WOMAN,
    Ints,
    Problem,
    array,
    draws,
)

MOST_COST = 2**62


class Unsolved(Exception):
    """The solver gave up, which with whole numbers of this size it never should."""


@dataclass(frozen=True)
class Network:
    """Arcs with capacities and costs, from the source 0 to the sink 1."""

    tail: Ints
    head: Ints
    capacity: Ints
    cost: Ints
    nodes: int
    supply: int
    of_pairs: slice  # which arcs are the pairs of officer and post, in the problem's order


@dataclass(frozen=True)
class Solution:
    post: Ints  # for each officer the place of their post in the problem's posts, or -1
    cost: int

    @property
    def filled(self) -> int:
        return int((self.post >= 0).sum())


def solve(problem: Problem) -> Solution:
    network = build(problem)
    flow, cost = flows(network)
    post = np.full(len(problem.officers), -1, dtype=np.int64)
    used = flow[network.of_pairs] > 0
    post[problem.arcs.officer[used]] = problem.arcs.post[used]
    return Solution(post, cost)


def flows(network: Network) -> tuple[Ints, int]:
    """The bare solver."""
    if not network.supply or not len(network.tail):
        return np.zeros(len(network.tail), dtype=np.int64), 0
    solver: Any = min_cost_flow.SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(
        network.tail, network.head, network.capacity, network.cost
    )
    solver.set_nodes_supplies(array([0, 1]), array([network.supply, -network.supply]))
    status = solver.solve_max_flow_with_min_cost()
    if status != solver.OPTIMAL:
        raise Unsolved(status)
    return array(solver.flows(arcs)), int(solver.optimal_cost())


def build(problem: Problem) -> Network:
    officers, posts, pairs = problem.officers, problem.posts, problem.arcs
    n, m = len(officers), len(posts)
    first_post, first_women, first_men = 2 + n, 2 + n + m, 2 + n + 2 * m
    supply = int(min(n, posts.free.sum()))
    price = pair_costs(problem)
    dear = problem.prices.one_gender // METRES * DRAW
    point = _point(problem, supply, int(price.max(initial=0)) + dear)

    gender = officers.gender[pairs.officer]
    balanced = (posts.free > 1) & (dear > 0)
    entry = np.select(
        [balanced[pairs.post] & (gender == WOMAN), balanced[pairs.post] & (gender == MAN)],
        [first_women, first_men],
        first_post,
    )
    applied = np.arange(n)
    standing = officers.standing.max(initial=0) - officers.standing
    some = np.flatnonzero(balanced)
    half = _half(problem)
    tables = [
        (pairs.officer + 2, entry + pairs.post, np.ones(len(pairs)), price),
        (np.zeros(n), applied + 2, np.ones(n), standing * point),
        (first_post + np.arange(m), np.ones(m), posts.free, np.zeros(m)),
    ]
    for first, there in ((first_women, posts.women), (first_men, posts.men)):
        easy = np.clip(half - there, 0, posts.free)[some]
        tables += [
            (first + some, first_post + some, easy, np.zeros(len(some))),
            (first + some, first_post + some, posts.free[some] - easy, np.full(len(some), dear)),
        ]
    tail, head, capacity, cost = (
        np.concatenate([array(table[column]) for table in tables]) for column in range(4)
    )
    return Network(tail, head, capacity, cost, 2 + n + 3 * m, supply, slice(0, len(pairs)))


def _half(problem: Problem) -> Ints:
    """So many of one gender are no more than half of all who serve at a post, rounded up."""
    posts = problem.posts
    half: Ints = (posts.free + posts.women + posts.men + 1) // 2
    return half


def pair_costs(problem: Problem) -> Ints:
    pairs = problem.arcs
    steps = np.minimum(pairs.metres // METRES, FARTHEST)
    drawn = draws(problem.seed, problem.officers.pk[pairs.officer], problem.posts.pk[pairs.post])
    costs: Ints = steps * DRAW + drawn
    return costs


def _point(problem: Problem, supply: int, dearest: int) -> int:
    """What one point of standing costs: more than all ways together. The solver multiplies costs
    by the number of nodes, so they must leave room for that."""
    point = supply * dearest + 1
    standing = problem.officers.standing
    spread = int(standing.max(initial=0) - standing.min(initial=0)) + 1
    nodes = 2 + len(problem.officers) + 3 * len(problem.posts)
    if point * spread * (nodes + 1) >= MOST_COST:
        raise Unsolved("the figures are too large to put one before the other")
    return point
