"""Freed places are filled from the reserve list: by the director in one click, or by a worker where
the exam's terms say so. `refill_due` on the deployment that left the place is the promise."""

import logging

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record
from cp2.rules import Refused
from deployments import reserve
from deployments.eligibility import first_day
from deployments.models import Deployment, DeploymentStatus, Post
from deployments.services.again import whole
from deployments.services.offers import offer
from deployments.services.steps import check_day, lock_officers, lock_posts, vacancies_of
from deployments.services.trail import last_of, made_by
from profiles.models import Officer
from vacancies.models import Application

logger = logging.getLogger(__name__)

TRIED = 10  # from the top of the list, who may all have been taken a moment ago


@whole
def fill(post: Post, *, application: Application, by: User) -> Deployment:
    """The director calls whom the reserve list named, or is told that it is another's turn now."""
    officer = lock_officers(application.officer_id)[application.officer_id]
    post = lock_posts(post.pk)[post.pk]
    starts_on = first_day(post)
    here = post.deployments.live().with_place().filter(officer=officer, ends_on__gte=starts_on)
    if (already := here.first()) and made_by(already, "deployment.offered", by):
        return already
    check_day(starts_on, earliest=post.exam.rehearsal_on, latest=post.exam.ends_on)
    _check_waiting(post, officer, application)
    freed = _freed(post)
    return offer(post, officer, by=by, from_day=starts_on, application=application, freed=freed)


def _check_waiting(post: Post, officer: Officer, application: Application) -> None:
    """Asked under the officer's lock."""
    if not reserve.ranked(post).filter(pk=application.pk).exists():
        changed = last_of(officer, post.exam.rehearsal_on, post.exam.ends_on)
        said = _("%(officer)s is not on the reserve list any more.") % {"officer": officer}
        raise Refused(*filter(None, [said, changed]))


def _freed(post: Post) -> Deployment | None:
    """The last that left a place here; it may be none, where one was never filled."""
    gone = [DeploymentStatus.REJECTED, DeploymentStatus.EXPIRED, DeploymentStatus.CANCELLED]
    rows = post.deployments.filter(status__in=[*gone, DeploymentStatus.MOVED], replaced_by=None)
    return rows.with_place().order_by("-pk").first()


def refill_due(*, most: int = 50) -> int:
    """Fill what the terms want filled, each on its own."""
    filled = 0
    waiting = Deployment.objects.filter(refill_due=True).with_place()
    for freed in waiting.order_by("pk")[:most]:
        try:
            filled += _refill(freed)
        except Refused:  # another worker did, or a director
            continue
        except Exception:  # it would stand before all later ones at every tick
            logger.exception("the place of deployment %s could not be filled", freed.pk)
            Deployment.objects.filter(pk=freed.pk).update(refill_due=False)
    return filled


@whole
def _refill(freed: Deployment) -> bool:
    """Officer, post, and last the row that promised it, in the order of all locks."""
    new = _first_who_can(freed)
    promised = Deployment.objects.filter(pk=freed.pk, refill_due=True).update(refill_due=False)
    if not promised:
        raise Refused(_("This place has just been filled."))
    if new is None and _is_open(freed.post):
        record("reserve.exhausted", freed, by=None, cause=freed.status)
    return new is not None


def _first_who_can(freed: Deployment) -> Deployment | None:
    post = freed.post
    if not _is_open(post):
        return None
    for candidate in reserve.eligible(post, reserve.unasked(post), most=TRIED):
        try:
            return _call(candidate.officer, candidate.application, freed)
        except Refused:  # taken elsewhere since the list was read
            continue
    return None


@whole
def _call(officer: Officer, application: Application | None, freed: Deployment) -> Deployment:
    """In a savepoint, which gives its locks back if it comes to nothing."""
    officer = lock_officers(officer.pk)[officer.pk]
    post = lock_posts(freed.post_id)[freed.post_id]
    if application is None or not reserve.ranked(post).filter(pk=application.pk).exists():
        raise Refused(_("%(officer)s is not on the reserve list any more.") % {"officer": officer})
    return offer(
        post,
        officer,
        by=None,
        from_day=first_day(post),
        application=application,
        freed=freed,
        bulk=True,
    )


def _is_open(post: Post) -> bool:
    starts_on = first_day(post)
    return starts_on <= post.exam.ends_on and bool(vacancies_of(post, starts_on, post.exam.ends_on))
