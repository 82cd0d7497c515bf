"""One part of a run: read, solved, written down."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import F, Max

from deployments.allocation.explain import empty_posts, gauge, metres_of, without_place
from deployments.allocation.first_come import first_come
from deployments.allocation.load import Loaded, load
from deployments.allocation.reasons import Without
from deployments.allocation.runs import posts_of
from deployments.allocation.solve import solve
from deployments.models import (
    AllocationPart,
    AllocationRun,
    EmptyPost,
    Post,
    Proposal,
    Unplaced,
)
from vacancies.models import Application

AT_ONCE = 1000  # rows of one statement
MOST_RULES = 10  # that are named of somebody who is without a place

Beat = Callable[[float], None]


def propose(part: AllocationPart, on: Beat) -> Callable[[], dict[str, Any]]:
    """Who is to go where. Nothing is written yet: what is given back writes it, inside the caller's
    transaction, and says what it comes to."""
    loaded = _first(part, on) if part.round == 1 else _second(part, on)
    on(0.6)
    solution = solve(loaded.problem)
    on(0.8)
    queue = first_come(loaded.problem)
    on(0.9)
    return lambda: _write(part, loaded, solution.post, queue)


def _first(part: AllocationPart, on: Beat) -> Loaded:
    run = part.run
    posts = posts_of(run).filter(station__sub_county=part.sub_county_id)
    applications = Application.objects.filter(
        vacancy__exam=run.exam_id, vacancy__sub_county=part.sub_county_id
    )
    return load(run, posts, applications, on=lambda done: on(done * 0.6))


def _second(part: AllocationPart, on: Beat) -> Loaded:
    """Who has no place in their sub-county, for the places that its neighbours could not fill."""
    run = part.run
    empty = run.empty_posts.all()
    waiting = run.unplaced.exclude(why=Without.RULES)
    if part.county_id:
        empty = empty.filter(post__station__sub_county__county=part.county_id)
        waiting = waiting.filter(application__vacancy__sub_county__county=part.county_id)
    left = dict(empty.values_list("post", "places"))
    return load(
        run,
        Post.objects.filter(pk__in=left),
        Application.objects.filter(pk__in=waiting.values("application")),
        left=left,
        skilled=_skilled(run, left),
        on=lambda done: on(done * 0.6),
    )


def _skilled(run: AllocationRun, posts: Iterable[int]) -> dict[int, set[str]]:
    """What those can do whom the first round put at posts."""
    found: dict[int, set[str]] = defaultdict(set)
    rows = run.proposals.filter(post__in=list(posts)).exclude(officer__skills=[])
    for post, skills in rows.values_list("post", "officer__skills"):
        found[post].update(skills)
    return found


@transaction.atomic
def _write(part: AllocationPart, loaded: Loaded, post: Any, queue: Any) -> dict[str, Any]:
    proposals = list(_proposals(part, loaded, post))
    Proposal.objects.bulk_create(proposals, batch_size=AT_ONCE)
    if part.round == 1:
        EmptyPost.objects.bulk_create(_empty(part, loaded, post), batch_size=AT_ONCE)
        Unplaced.objects.bulk_create(_unplaced(part, loaded, post), batch_size=AT_ONCE)
    else:
        _settle(part.run, proposals)
    problem = loaded.problem
    return {
        "places": int(problem.posts.free.sum()),
        "applicants": loaded.applicants,
        "eligible": len(loaded.candidates),
        "standing": int(problem.officers.standing.sum()),
        "best": asdict(gauge(problem, post)),
        "queue": asdict(gauge(problem, queue)),
    }


def _proposals(part: AllocationPart, loaded: Loaded, post: Any) -> Iterable[Proposal]:
    placed: Counter[int] = Counter(_places_taken(part, loaded))
    for officer in np.flatnonzero(post >= 0):
        candidate, place = loaded.candidates[officer], int(post[officer])
        of = loaded.rows[place].post
        placed[of.pk] += 1
        yield Proposal(
            run_id=part.run_id,
            part=part,
            post_id=of.pk,
            place=placed[of.pk],
            officer_id=candidate.application.officer,
            application_id=candidate.application.pk,
            standing=candidate.weighed.standing,
            metres=metres_of(loaded.problem, int(officer), place),
            weighed=candidate.weighed.as_json(),
        )


def _places_taken(part: AllocationPart, loaded: Loaded) -> dict[int, int]:
    """By an earlier round."""
    if part.round == 1:
        return {}
    of_these = Proposal.objects.filter(
        run=part.run_id, post__in=[row.post.pk for row in loaded.rows]
    )
    return dict(of_these.order_by().values_list("post").annotate(last=Max("place")))


def _empty(part: AllocationPart, loaded: Loaded, post: Any) -> Iterable[EmptyPost]:
    """One line for each post, also where places of it are kept for skills."""
    found: dict[int, EmptyPost] = {}
    for place, left, may, why in empty_posts(loaded.problem, post, loaded.applied):
        number = loaded.rows[place].post.pk
        rules = dict(loaded.kept_away[place].most_common())
        if number in found:
            found[number].places += left
            found[number].rules |= rules
            continue
        found[number] = EmptyPost(
            run_id=part.run_id,
            post_id=number,
            places=left,
            applied=int(loaded.applied[place]),
            eligible=may,
            why=why,
            rules=rules,
        )
    return found.values()


def _unplaced(part: AllocationPart, loaded: Loaded, post: Any) -> Iterable[Unplaced]:
    for applied, weighed, objections in loaded.barred:
        yield Unplaced(
            run_id=part.run_id,
            application_id=applied.pk,
            officer_id=applied.officer,
            standing=weighed.standing,
            why=Without.RULES,
            rules=[[said.rule, said.words] for said in objections],
        )
    for officer, why, least in without_place(loaded.problem, post):
        candidate = loaded.candidates[officer]
        closed = {said for each in candidate.closed.values() for said in each}
        yield Unplaced(
            run_id=part.run_id,
            application_id=candidate.application.pk,
            officer_id=candidate.application.officer,
            standing=candidate.weighed.standing,
            why=why,
            least=least if why in {Without.OTHERS, Without.DRAW} else None,
            rules=[[said.rule, said.words] for said in sorted(closed)[:MOST_RULES]],
        )


def _settle(run: AllocationRun, proposals: list[Proposal]) -> None:
    """What the second round filled is no longer empty, and who got a place not without one."""
    run.unplaced.filter(officer__in=[each.officer_id for each in proposals]).delete()
    for post, filled in Counter(each.post_id for each in proposals).items():
        row = run.empty_posts.filter(post=post)
        if not row.filter(places__gt=filled).update(places=F("places") - filled):
            row.delete()
