"""Offered, answered, called off."""

import logging
from collections.abc import Iterable
from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record, tell
from cp2.rules import Refused, move
from deployments import letters
from deployments.eligibility import (
    first_day,
)
from deployments.models import Deployment, DeploymentStatus, Post
from deployments.services.steps import (
    check_changeable,
    check_day,
    check_officer,
    end,
    free_slot,
    given,
    lock_officers,
    lock_one,
    lock_posts,
    mark_deployed,
    place,
    release,
    respond_by,
    void_letter,
)
from deployments.services.telling import directors_of, tell_officer, tell_station, words
from profiles.models import Officer
from vacancies.models import Application

logger = logging.getLogger(__name__)


@transaction.atomic
def deploy(
    post: Post,
    *,
    officer: Officer,
    by: User,
    application: Application | None = None,
    from_day: date | None = None,
    bulk: bool = False,
) -> Deployment:
    """Offer a free place to an officer, who applied for it or is nominated without."""
    officer = lock_officers(officer.pk)[officer.pk]
    post = lock_posts(post.pk)[post.pk]
    starts_on, ends_on = from_day or first_day(post), post.exam.ends_on
    here = post.deployments.live().with_place().filter(officer=officer, ends_on__gte=starts_on)
    if already := here.first():
        return already
    check_day(starts_on, earliest=post.exam.rehearsal_on, latest=ends_on)
    terms = check_officer(officer, post, from_day=starts_on)
    new = place(
        post,
        officer,
        slot=free_slot(post, starts_on, ends_on),
        starts_on=starts_on,
        ends_on=ends_on,
        respond_by=respond_by(terms),
        application=mark_deployed(officer, post, application, by=by),
    )
    record("deployment.offered", new, by=by)
    tell_officer(new, "offered", bulk=bulk)
    return new


def deploy_all(
    post: Post, *, applications: Iterable[Application], officers: Iterable[Officer], by: User
) -> tuple[list[Deployment], list[str]]:
    """Deploy each on their own: what is refused to one keeps nobody else waiting."""
    chosen: list[tuple[Officer, Application | None]] = [
        *((application.officer, application) for application in applications),
        *((officer, None) for officer in officers),
    ]
    bulk = len(chosen) > 1
    done: list[Deployment] = []
    refusals: list[str] = []
    for officer, application in chosen:
        try:
            done.append(deploy(post, officer=officer, application=application, by=by, bulk=bulk))
        except Refused as refusal:
            refusals.append(f"{officer}: {refusal}")
    return done, refusals


@transaction.atomic
def accept(deployment: Deployment, *, by: User) -> Deployment:
    """The officer will serve, and may have the letter. Accepting twice is as good as once."""
    deployment = lock_one(deployment)
    if deployment.is_accepted:
        return deployment
    if deployment.is_offered and deployment.respond_by < timezone.now():
        raise Refused(
            _("The time to answer ended on %(day)s. Ask your sub-county director.")
            % {"day": date_format(timezone.localtime(deployment.respond_by), "j M Y, H:i")}
        )
    move(deployment, DeploymentStatus.ACCEPTED, answered_at=timezone.now())
    record("deployment.accepted", deployment, by=by)
    letters.issue(deployment)
    tell_officer(deployment, "accepted")
    return deployment


@transaction.atomic
def reject(deployment: Deployment, *, by: User, reason: str) -> Deployment:
    """The officer will not serve, and says why. The place is free again at once."""
    deployment = lock_one(deployment)
    if deployment.status == DeploymentStatus.REJECTED:
        return deployment
    reason = given(reason)
    if deployment.is_accepted and deployment.has_started:
        raise Refused(_("This deployment has begun. Ask your sub-county director to be replaced."))
    void_letter(deployment)
    move(deployment, DeploymentStatus.REJECTED, reason=reason, answered_at=timezone.now())
    release(deployment, by=by)
    record("deployment.rejected", deployment, by=by, reason=reason)
    for director in directors_of(deployment.post):
        tell(director, "deployments/rejected", **words(deployment))
    return deployment


@transaction.atomic
def cancel(deployment: Deployment, *, by: User, reason: str) -> Deployment:
    """Call an officer off from today on. Days that were worked stay."""
    old, today = lock_one(deployment), timezone.localdate()
    reason = given(reason)
    check_changeable(old)
    accepted, starts_on = old.is_accepted, old.starts_on
    end(old, from_day=today, reason=reason)
    release(old, by=by)
    record("deployment.cancelled", old, by=by, reason=reason)
    tell_officer(old, "cancelled", from_day=today)
    if accepted:
        tell_station(old, from_day=max(today, starts_on), leaves=old.officer, comes=None)
    return old


def expire_due(*, most: int = 500) -> int:
    """Take back the offers that nobody answered in time, each on its own."""
    expired = 0
    for deployment in Deployment.objects.lapsed().order_by("respond_by")[:most]:
        try:
            expired += _expire(deployment)
        except Exception:  # it would stand before all later ones at every tick
            logger.exception("deployment %s could not expire", deployment.pk)
    return expired


@transaction.atomic
def _expire(deployment: Deployment) -> bool:
    deployment = lock_one(deployment)
    if not deployment.is_offered:  # answered a moment ago
        return False
    move(deployment, DeploymentStatus.EXPIRED)
    release(deployment, by=None)
    record("deployment.expired", deployment, by=None)
    tell_officer(deployment, "expired", bulk=True)
    return True
