"""What every change of who serves where is made of: locks, refusals, rows."""

from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

import vacancies.services
from accounts.models import User
from catalogue.models import DutyStation, PositionTerms
from cp2.rules import Refused, move
from deployments import letters
from deployments.eligibility import reasons_against, terms_of, with_history
from deployments.models import HOLDS_ITS_DAYS, Deployment, DeploymentStatus, Post
from deployments.services.telling import tell_officer
from deployments.sites import site_of
from profiles.models import Officer
from vacancies.models import Application

# Locks: whatever a change names, officers first, each kind by number


def lock_officers(*pks: int) -> dict[int, Officer]:
    """With their history, which the rules ask about."""
    rows = Officer.objects.select_for_update(of=("self",)).filter(pk__in=pks).order_by("pk")
    return {officer.pk: officer for officer in with_history(rows)}


def lock_posts(*pks: int) -> dict[int, Post]:
    rows = (
        Post.objects.select_for_update(of=("self",))
        .select_related("exam", "station", "position")
        .filter(pk__in=pks)
        .order_by("pk")
    )
    return {post.pk: post for post in rows}


def lock_deployments(*pks: int) -> dict[int, Deployment]:
    rows = (
        Deployment.objects.select_for_update(of=("self",))
        .with_place()
        .select_related("officer__user", "application")
        .filter(pk__in=pks)
        .order_by("pk")
    )
    return {deployment.pk: deployment for deployment in rows}


def lock_one(deployment: Deployment) -> Deployment:
    """For an answer, which needs nothing of the officer but that no director is at work there."""
    Officer.objects.select_for_update().get(pk=deployment.officer_id)
    return lock_deployments(deployment.pk)[deployment.pk]


def post_at(station: DutyStation, *, like: Post) -> Post:
    post = Post.objects.filter(
        exam=like.exam_id, position=like.position_id, station=station
    ).first()
    if post is None:
        raise Refused(
            _("%(station)s is not entitled to this position in this exam.") % {"station": station}
        )
    return post


# Refusals


def given(reason: str) -> str:
    if not reason.strip():
        raise Refused(_("Give the reason."))
    return reason.strip()


def check_day(day: date, *, earliest: date, latest: date) -> None:
    earliest = max(earliest, timezone.localdate())
    if latest < earliest:
        raise Refused(_("This exam is over."))
    if not earliest <= day <= latest:
        raise Refused(
            _("Choose a day from %(first)s to %(last)s.")
            % {"first": date_format(earliest, "j M Y"), "last": date_format(latest, "j M Y")}
        )


def check_changeable(old: Deployment, from_day: date | None = None) -> None:
    if not old.is_live:
        raise Refused(_("This deployment is over, or was changed a moment ago. Look at it again."))
    if from_day is not None:
        check_day(from_day, earliest=timezone.localdate(), latest=old.ends_on)


def check_officer(
    officer: Officer,
    post: Post,
    *,
    from_day: date,
    leaving: Deployment | None = None,
    instead_of: Deployment | None = None,
) -> PositionTerms:
    """Refuse with the first reason there is, else say under which terms the officer serves."""
    terms = terms_of(post)
    site = site_of(post, terms, instead_of=instead_of)
    for reason in reasons_against(
        officer, post, terms=terms, from_day=from_day, leaving=leaving, site=site
    ):
        raise Refused(str(reason))
    assert terms is not None  # its lack is a reason
    return terms


def free_slot(post: Post, starts_on: date, ends_on: date) -> int:
    taken = set(
        post.deployments.filter(
            status__in=HOLDS_ITS_DAYS, starts_on__lte=ends_on, ends_on__gte=starts_on
        ).values_list("slot", flat=True)
    )
    for slot in range(1, post.required + 1):
        if slot not in taken:
            return slot
    raise Refused(
        _("All places of this position at %(station)s are filled.") % {"station": post.station}
    )


# Writing


def respond_by(terms: PositionTerms) -> datetime:
    return timezone.now() + timedelta(days=terms.days_to_respond)


def mark_deployed(
    officer: Officer, post: Post, application: Application | None, *, by: User
) -> Application | None:
    """Whoever applied for this exam is deployed on that application, named or not."""
    if application is None:
        application = officer.applications.live().filter(exam=post.exam_id).first()
    if application is None:
        return None
    if (application.officer_id, application.exam_id) != (officer.pk, post.exam_id):
        raise Refused(_("This application is for another exam, or of another officer."))
    return vacancies.services.mark_deployed(application, by=by)


def place(post: Post, officer: Officer, **fields: Any) -> Deployment:
    """One row, in its own savepoint: the database has the last word on who holds what, when."""
    try:
        with transaction.atomic():
            return Deployment.objects.create(post=post, officer=officer, **fields)
    except IntegrityError as error:
        raise Refused(_in_words(error, officer=officer, post=post)) from error


def _in_words(error: IntegrityError, *, officer: Officer, post: Post) -> str:
    """What the database refused, said to the director who was a moment too late."""
    constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
    match constraint:
        case "one_place_at_a_time":
            return _("%(officer)s has just been deployed elsewhere.") % {"officer": officer}
        case "one_officer_in_a_slot" | "slot_within_post":
            return _("The post at %(station)s has just been filled.") % {"station": post.station}
    raise error


def end(old: Deployment, *, from_day: date, reason: str) -> None:
    """What was served before `from_day` stays; if there is nothing of that, it is cancelled."""
    void_letter(old)
    if old.is_accepted and old.starts_on < from_day:
        last_day = from_day - timedelta(days=1)
        move(old, DeploymentStatus.MOVED, ends_on=last_day, reason=reason)
    else:
        move(old, DeploymentStatus.CANCELLED, reason=reason)


def go_on(
    was: Deployment,
    *,
    post: Post,
    slot: int,
    starts_on: date,
    terms: PositionTerms,
    reason: str,
    ends_on: date | None = None,
) -> Deployment:
    """The same officer elsewhere: accepted if the old deployment was, else offered anew."""
    new = place(
        post,
        was.officer,
        slot=slot,
        status=was.status,
        starts_on=starts_on,
        ends_on=ends_on or was.ends_on,
        respond_by=was.respond_by if was.is_accepted else respond_by(terms),
        answered_at=was.answered_at,
        application=was.application,
        replaces_id=was.pk,
        reason=reason,
    )
    if new.is_accepted:
        letters.issue(new)
    tell_officer(new, "moved" if new.is_accepted else "offered")
    return new


def void_letter(deployment: Deployment) -> None:
    if deployment.is_accepted:
        letters.void(deployment)


def release(deployment: Deployment, *, by: User | None) -> None:
    if deployment.application is not None:
        vacancies.services.release(deployment.application, by=by, reason=deployment.reason)
