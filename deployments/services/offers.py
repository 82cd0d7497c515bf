"""Offered, answered, called off."""

import logging
from collections.abc import Iterable
from copy import copy
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record, tell, tell_each
from cp2.rules import Refused, move
from deployments import letters
from deployments.eligibility import first_day
from deployments.models import Deployment, DeploymentStatus, Post
from deployments.services.again import whole
from deployments.services.steps import (
    ask_refill,
    check_changeable,
    check_day,
    check_officer,
    check_seen,
    end,
    free_place,
    given,
    lock_change,
    lock_offer,
    lock_officers,
    lock_posts,
    mark_deployed,
    place,
    release,
    respond_by,
    void_letter,
)
from deployments.services.telling import directors_of, tell_officer, tell_station, words
from deployments.services.trail import made_by
from profiles.models import Officer
from vacancies.models import Application

logger = logging.getLogger(__name__)


@whole
def deploy(
    post: Post,
    *,
    officer: Officer,
    by: User,
    application: Application | None = None,
    from_day: date | None = None,
    run: int | None = None,
    bulk: bool = False,
) -> Deployment:
    """Offer a free place to an officer, who applied for it or is nominated without. `run` is the
    allocation that proposed it, which the trail is to tell from what was done by hand."""
    officer = lock_officers(officer.pk)[officer.pk]
    post = lock_posts(post.pk)[post.pk]
    starts_on = from_day or first_day(post)
    here = post.deployments.live().with_place().filter(officer=officer, ends_on__gte=starts_on)
    if (already := here.first()) and made_by(already, "deployment.offered", by):
        return already
    check_day(starts_on, earliest=post.exam.rehearsal_on, latest=post.exam.ends_on)
    return offer(
        post, officer, by=by, from_day=starts_on, application=application, run=run, bulk=bulk
    )


def offer(
    post: Post,
    officer: Officer,
    *,
    by: User | None,
    from_day: date,
    application: Application | None = None,
    freed: Deployment | None = None,
    run: int | None = None,
    bulk: bool = False,
) -> Deployment:
    """To a locked officer, of a locked post. Without a director, `freed` says what it came of."""
    vacant = free_place(post, from_day, post.exam.ends_on)
    terms = check_officer(officer, post, from_day=vacant.starts_on, until=vacant.ends_on)
    applied = mark_deployed(officer, post, application, by=by)
    new = place(
        post,
        officer,
        **vacant._asdict(),
        respond_by=respond_by(terms),
        application=applied,
        replaces=freed,
    )
    cause: dict[str, Any] = {} if freed is None else {"cause": freed.status, "freed": freed.pk}
    if run is not None:
        cause["run"] = run
    record("deployment.offered", new, by=by, nominated=applied is None, **cause)
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


@whole
def accept(deployment: Deployment, *, by: User) -> Deployment:
    """The officer will serve, and may have the letter. Accepting twice is as good as once."""
    deployment, legs = lock_offer(deployment)
    if deployment.is_accepted:
        return deployment
    if deployment.is_offered and deployment.respond_by < timezone.now():
        raise Refused(
            _("The time to answer ended on %(day)s. Ask your sub-county director.")
            % {"day": date_format(timezone.localtime(deployment.respond_by), "j M Y, H:i")}
        )
    for leg in legs:
        move(leg, DeploymentStatus.ACCEPTED, answered_at=timezone.now())
        record("deployment.accepted", leg, by=by)
        letters.issue(leg)
    tell_officer(deployment, "accepted")
    return deployment


@whole
def reject(deployment: Deployment, *, by: User, reason: str) -> Deployment:
    """The officer will not serve, and says why. The place is free again at once."""
    deployment, legs = lock_offer(deployment)
    if deployment.status == DeploymentStatus.REJECTED:
        return deployment
    reason = given(reason)
    if deployment.is_accepted and deployment.has_started:
        raise Refused(_("This deployment has begun. Ask your sub-county director to be replaced."))
    for leg in legs:
        void_letter(leg)
        move(leg, DeploymentStatus.REJECTED, reason=reason, answered_at=timezone.now())
        record("deployment.rejected", leg, by=by, reason=reason)
    release(deployment, by=by)
    ask_refill(*legs)
    for director in directors_of(deployment.post):
        tell(director, "deployments/rejected", **words(deployment))
    return deployment


@whole
def cancel(deployment: Deployment, *, by: User, reason: str, seen: str = "") -> Deployment:
    """Call an officer off from today on, also from where a rotation would have taken them. Days
    that were worked stay."""
    locked, today = lock_change(deployment), timezone.localdate()
    old = locked.deployments[deployment.pk]
    reason = given(reason)
    if old.reason == reason and made_by(old, "deployment.cancelled", by):
        return old
    check_seen(old, seen)
    check_changeable(old)
    legs = [old, *locked.legs_of(old)]
    expecting = {leg.post.station_id: copy(leg) for leg in reversed(legs) if leg.is_accepted}
    for leg in legs:
        end(leg, from_day=today, reason=reason)
        record("deployment.cancelled", leg, by=by, reason=reason)
    release(old, by=by)
    ask_refill(*legs)
    tell_officer(old, "cancelled", from_day=today)
    for was in expecting.values():
        tell_station(was, from_day=max(today, was.starts_on), leaves=was.officer, comes=None)
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


@whole
def _expire(deployment: Deployment) -> bool:
    deployment, legs = lock_offer(deployment)
    if not deployment.is_offered:  # answered a moment ago
        return False
    for leg in legs:
        move(leg, DeploymentStatus.EXPIRED)
        record("deployment.expired", leg, by=None)
    release(deployment, by=None)
    ask_refill(*legs)
    tell_officer(deployment, "expired", bulk=True)
    return True


def remind_due(*, most: int = 1000) -> int:
    """Those whose time to answer is nearly up, each once."""
    with transaction.atomic():
        due = Deployment.objects.to_be_reminded().order_by("respond_by")
        taken = due.select_for_update(skip_locked=True, of=("self",))[:most]
        rows = list(taken.with_place().select_related("officer__user"))
        Deployment.objects.filter(pk__in=[row.pk for row in rows]).update(reminded_at=Now())
        # one text for what is answered at once
        told = {(row.officer_id, row.respond_by): row for row in reversed(rows)}
        tell_each(
            "deployments/reminder",
            (
                (row.officer.user, f"deployments/reminder {row.pk}", words(row))
                for row in told.values()
            ),
        )
    return len(rows)
