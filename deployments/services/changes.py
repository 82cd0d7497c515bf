"""What happens to a deployment that stands: it is cut short, and another row goes on.

Where a rotation has given an officer several legs, redeploying and swapping change the one leg that
they name, and the officer goes on with the next. Replacing hands the rest of the plan over too.
"""

from collections.abc import Collection
from copy import copy
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record
from catalogue.models import DutyStation, PositionTerms
from cp2.rules import Refused
from deployments import letters
from deployments.models import Deployment, DeploymentStatus
from deployments.services.again import whole
from deployments.services.steps import (
    Locked,
    check_changeable,
    check_officer,
    check_seen,
    end,
    free_slot,
    given,
    go_on,
    lock_change,
    lock_deployments,
    lock_officers,
    lock_posts,
    mark_deployed,
    place,
    post_at,
    release,
    respond_by,
)
from deployments.services.telling import tell_officer, tell_stations
from deployments.services.trail import made_by
from profiles.models import Officer
from vacancies.rules import Rule


@whole
def redeploy(
    deployment: Deployment,
    *,
    to: DutyStation,
    from_day: date,
    by: User,
    reason: str,
    seen: str = "",
) -> Deployment:
    """Cut the old posting short and open a new one elsewhere. The old row keeps its days."""
    officer = lock_officers(deployment.officer_id)[deployment.officer_id]
    target = post_at(to, like=deployment.post)
    # the old post too, which the database shares when the old row is cut
    post = lock_posts(deployment.post_id, target.pk)[target.pk]
    old = lock_deployments(deployment.pk)[deployment.pk]
    reason = given(reason)
    done = old.replaced_by.filter(post=post, officer=officer, reason=reason).first()
    if done and made_by(done, "deployment.moved", by):
        return done
    check_seen(old, seen)
    if post.pk == old.post_id:
        raise Refused(_("This officer is at %(station)s already.") % {"station": to})
    check_changeable(old, from_day)
    was, starts_on = copy(old), max(from_day, old.starts_on)
    slot = free_slot(post, starts_on, old.ends_on)
    terms = check_officer(officer, post, from_day=starts_on, until=old.ends_on, leaving=old)

    end(old, from_day=from_day, reason=reason)
    new = go_on(was, post=post, slot=slot, starts_on=starts_on, terms=terms, reason=reason)
    record("deployment.moved", new, by=by, was=old.pk, reason=reason)
    tell_stations(was, new)
    return new


@whole
def replace(
    deployment: Deployment,
    *,
    officer: Officer,
    from_day: date,
    by: User,
    reason: str,
    seen: str = "",
) -> Deployment:
    """Another officer is offered the place, from today on if need be."""
    locked = lock_change(deployment, officers=[officer.pk])
    old, officer = locked.deployments[deployment.pk], locked.officers[officer.pk]
    reason = given(reason)
    done = old.replaced_by.filter(officer=officer, reason=reason).first()
    if done and made_by(done, "deployment.replaced", by):
        return done
    check_seen(old, seen)
    check_changeable(old, from_day)
    new = take_over(locked, old, officer, from_day=from_day, by=by, reason=reason)
    tell_officer(new, "offered")
    return new


def take_over(
    locked: Locked,
    old: Deployment,
    officer: Officer,
    *,
    from_day: date,
    by: User,
    reason: str,
    at_gate: bool = False,
    lets: Collection[Rule] = (),
) -> Deployment:
    """The new officer has the place and, as far as the rules allow, the rest of a rotation. What
    they may not take is free for somebody else. At the gate they have accepted by being there."""
    if officer.pk == old.officer_id:
        raise Refused(_("Choose another officer than the one to be replaced."))
    was, legs, starts_on = copy(old), locked.legs_of(old), max(from_day, old.starts_on)
    terms = check_officer(
        officer,
        locked.posts[old.post_id],
        from_day=starts_on,
        until=old.ends_on,
        instead_of=old,
        lets=lets,
    )
    taken = [leg for leg in legs if _may_take(locked, leg, officer, lets)]

    for leg in (old, *legs):
        end(leg, from_day=from_day, reason=reason)
    release(old, by=by)
    fields = {
        "application": mark_deployed(officer, was.post, None, by=by),
        "reason": reason,
        **_answer(officer, terms, at_gate=at_gate),
    }
    rows = [
        place(
            locked.posts[leg.post_id],
            officer,
            slot=leg.slot,
            starts_on=max(from_day, leg.starts_on),
            ends_on=until,
            replaces=leg,
            **fields,
        )
        for leg, until in [(old, was.ends_on), *((leg, leg.ends_on) for leg in taken)]
    ]
    if at_gate:
        for row in rows:
            letters.issue(row)
    how: dict[str, Any] = {"at_gate": True} if at_gate else {}
    left = [leg.pk for leg in legs if leg not in taken]
    record("deployment.replaced", rows[0], by=by, was=old.pk, reason=reason, left=left, **how)
    for row in rows[1:]:
        record("deployment.replaced", row, by=by, was=row.replaces_id, reason=reason, **how)
    tell_officer(old, "cancelled", from_day=starts_on)
    for before, row in zip([was, *taken], rows, strict=True):
        tell_stations(before, row)
    return rows[0]


def _may_take(locked: Locked, leg: Deployment, officer: Officer, lets: Collection[Rule]) -> bool:
    try:
        check_officer(
            officer,
            locked.posts[leg.post_id],
            from_day=leg.starts_on,
            until=leg.ends_on,
            instead_of=leg,
            lets=lets,
        )
    except Refused:
        return False
    return True


def _answer(officer: Officer, terms: PositionTerms, *, at_gate: bool) -> dict[str, object]:
    if not at_gate:
        return {"respond_by": respond_by(terms)}
    now = timezone.now()
    return {
        "status": DeploymentStatus.ACCEPTED,
        "respond_by": now,
        "answered_at": now,
        "papers_due": not officer.is_in_order,
    }


@whole
def swap(
    first: Deployment, second: Deployment, *, from_day: date, by: User, reason: str
) -> tuple[Deployment, Deployment]:
    """Two officers of one position change places."""
    officers = lock_officers(first.officer_id, second.officer_id)
    posts = lock_posts(first.post_id, second.post_id)
    locked = lock_deployments(first.pk, second.pk)
    old = locked[first.pk], locked[second.pk]
    reason = given(reason)
    if done := _swapped_already(*old, by=by, reason=reason):
        return done
    _check_swappable(*old, from_day)
    terms = [
        check_officer(
            officers[leaving.officer_id],
            posts[place.post_id],
            from_day=max(from_day, place.starts_on),
            until=place.ends_on,
            leaving=leaving,
            instead_of=place,
        )
        for leaving, place in (old, old[::-1])
    ]

    before = copy(old[0]), copy(old[1])
    for deployment in old:
        end(deployment, from_day=from_day, reason=reason)
    new = [
        go_on(
            was,
            post=place.post,
            slot=place.slot,
            starts_on=max(from_day, place.starts_on),
            ends_on=place.ends_on,
            terms=asked,
            reason=reason,
        )
        for was, place, asked in zip(before, before[::-1], terms, strict=True)
    ]
    for was, deployment in zip(before, new, strict=True):
        record("deployment.swapped", deployment, by=by, was=was.pk, reason=reason)
        tell_stations(was, deployment)
    return new[0], new[1]


def _swapped_already(
    one: Deployment, two: Deployment, *, by: User, reason: str
) -> tuple[Deployment, Deployment] | None:
    """A button was pressed twice."""
    first = one.replaced_by.filter(officer=one.officer_id, post=two.post_id, reason=reason).first()
    second = two.replaced_by.filter(officer=two.officer_id, post=one.post_id, reason=reason).first()
    if first and second and made_by(first, "deployment.swapped", by):
        return first, second
    return None


def _check_swappable(one: Deployment, two: Deployment, from_day: date) -> None:
    if one.post_id == two.post_id:
        raise Refused(_("Both officers are at the same station in the same position already."))
    if (one.post.exam_id, one.post.position_id) != (two.post.exam_id, two.post.position_id):
        raise Refused(_("Only officers of the same exam and the same position can change places."))
    for deployment in (one, two):
        check_changeable(deployment, from_day)
