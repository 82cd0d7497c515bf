"""What the plainest way would give: in the order of the applications, each to the nearest place
that is free and that no rule forbids. It is what an office does that works through a pile."""

import numpy as np

from deployments.allocation.problem import Ints, Problem


def first_come(problem: Problem) -> Ints:
    """For each officer the place of their post in the problem's posts, or -1."""
    pairs = problem.arcs
    taken = np.full(len(problem.officers), -1, dtype=np.int64)
    free = problem.posts.free.copy()
    begins = np.searchsorted(pairs.officer, np.arange(len(problem.officers) + 1))
    for officer in np.argsort(problem.officers.applied, kind="stable"):
        mine = slice(begins[officer], begins[officer + 1])
        post, metres = pairs.post[mine], pairs.metres[mine]
        open_ = free[post] > 0
        if open_.any():
            nearest = post[open_][metres[open_].argmin()]
            taken[officer] = nearest
            free[nearest] -= 1
    return taken
