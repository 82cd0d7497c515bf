"""What happens to a deployment that stands: it is cut short, and another row goes on."""

from copy import copy
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record
from catalogue.models import DutyStation
from cp2.rules import Refused
from deployments.models import Deployment
from deployments.services.steps import (
    check_changeable,
    check_officer,
    end,
    free_slot,
    given,
    go_on,
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
from profiles.models import Officer


@transaction.atomic
def redeploy(
    deployment: Deployment, *, to: DutyStation, from_day: date, by: User, reason: str
) -> Deployment:
    """Cut the old posting short and open a new one elsewhere. The old row keeps its days."""
    officer = lock_officers(deployment.officer_id)[deployment.officer_id]
    target = post_at(to, like=deployment.post)
    # the old post too, which the database shares when the old row is cut
    post = lock_posts(deployment.post_id, target.pk)[target.pk]
    old = lock_deployments(deployment.pk)[deployment.pk]
    if done := old.replaced_by.filter(post=post, officer=officer).first():
        return done
    reason = given(reason)
    if post.pk == old.post_id:
        raise Refused(_("This officer is at %(station)s already.") % {"station": to})
    check_changeable(old, from_day)
    was, starts_on = copy(old), max(from_day, old.starts_on)
    terms = check_officer(officer, post, from_day=starts_on, leaving=old)
    slot = free_slot(post, starts_on, old.ends_on)

    end(old, from_day=from_day, reason=reason)
    new = go_on(was, post=post, slot=slot, starts_on=starts_on, terms=terms, reason=reason)
    record("deployment.moved", new, by=by, was=old.pk, reason=reason)
    tell_stations(was, new)
    return new


@transaction.atomic
def replace(
    deployment: Deployment, *, officer: Officer, from_day: date, by: User, reason: str
) -> Deployment:
    """Another officer takes the place, from today on if need be."""
    officer = lock_officers(deployment.officer_id, officer.pk)[officer.pk]
    post = lock_posts(deployment.post_id)[deployment.post_id]
    old = lock_deployments(deployment.pk)[deployment.pk]
    if done := old.replaced_by.filter(post=post, officer=officer).first():
        return done
    reason = given(reason)
    if officer.pk == old.officer_id:
        raise Refused(_("Choose another officer than the one to be replaced."))
    check_changeable(old, from_day)
    was, starts_on = copy(old), max(from_day, old.starts_on)
    terms = check_officer(officer, post, from_day=starts_on, instead_of=old)

    end(old, from_day=from_day, reason=reason)
    release(old, by=by)
    new = place(
        post,
        officer,
        slot=was.slot,
        starts_on=starts_on,
        ends_on=was.ends_on,
        respond_by=respond_by(terms),
        application=mark_deployed(officer, post, None, by=by),
        replaces=old,
        reason=reason,
    )
    record("deployment.replaced", new, by=by, was=old.pk, reason=reason)
    tell_officer(old, "cancelled", from_day=starts_on)
    tell_officer(new, "offered")
    tell_stations(was, new)
    return new


@transaction.atomic
def swap(
    first: Deployment, second: Deployment, *, from_day: date, by: User, reason: str
) -> tuple[Deployment, Deployment]:
    """Two officers of one position change places."""
    officers = lock_officers(first.officer_id, second.officer_id)
    posts = lock_posts(first.post_id, second.post_id)
    locked = lock_deployments(first.pk, second.pk)
    old = locked[first.pk], locked[second.pk]
    if done := _swapped_already(*old):
        return done
    reason = given(reason)
    _check_swappable(*old, from_day)
    terms = [
        check_officer(
            officers[leaving.officer_id],
            posts[place.post_id],
            from_day=max(from_day, place.starts_on),
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


def _swapped_already(one: Deployment, two: Deployment) -> tuple[Deployment, Deployment] | None:
    """A button was pressed twice."""
    first = one.replaced_by.filter(officer=one.officer_id, post=two.post_id).first()
    second = two.replaced_by.filter(officer=two.officer_id, post=one.post_id).first()
    return (first, second) if first and second else None


def _check_swappable(one: Deployment, two: Deployment, from_day: date) -> None:
    if one.post_id == two.post_id:
        raise Refused(_("Both officers are at the same station in the same position already."))
    if (one.post.exam_id, one.post.position_id) != (two.post.exam_id, two.post.position_id):
        raise Refused(_("Only officers of the same exam and the same position can change places."))
    for deployment in (one, two):
        check_changeable(deployment, from_day)
