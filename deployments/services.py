"""Who serves where: entitlements, offers and answers, and every change after that.

Locks are taken in one order: officers by number, posts by number, deployments by number. The
officer's lock is what two directors meet at; the exclusion constraints are the last word.
"""

import logging
from collections.abc import Iterable
from copy import copy
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

import deployments.vacancies
import vacancies.services
from accounts.models import User
from accounts.services import record, tell
from catalogue.models import DutyStation, Exam, PositionTerms, SubCounty
from cp2.rules import Refused, Role, lock, move
from deployments import entitlement, letters
from deployments.eligibility import (
    HEADS_OF_THEIR_OWN,
    first_day,
    reasons_against,
    terms_of,
    with_history,
)
from deployments.models import HOLDS_ITS_DAYS, Deployment, DeploymentStatus, Post
from profiles.models import Officer
from vacancies.models import Application

logger = logging.getLogger(__name__)


# Entitlements


@transaction.atomic
def compute_posts(
    exam: Exam, *, by: User | None, sub_county: SubCounty | None = None
) -> entitlement.Outcome:
    """Entitle every station to its officers, by candidates and terms. Again is as good as once."""
    outcome = entitlement.compute(exam, sub_county)
    deployments.vacancies.follow(exam, sub_county, by=by)
    record(
        "posts.computed",
        exam,
        by=by,
        sub_county=sub_county.pk if sub_county else None,
        made=outcome.made,
        changed=outcome.changed,
        removed=outcome.removed,
        held=outcome.held,
    )
    return outcome


@transaction.atomic
def override_post(post: Post, *, required: int, reason: str, by: User) -> Post:
    """Headquarters entitles a station to another number than the rules give."""
    post = lock(post)
    reason = _given(reason)
    slots = post.deployments.live().order_by("-slot").values_list("slot", flat=True)
    held = slots.first() or 0
    if required < held:
        raise Refused(
            _("Officers are deployed up to place %(held)s, so the entitlement cannot be less.")
            % {"held": held}
        )
    was, post.required, post.override_reason = post.required, required, reason
    post.save(update_fields=["required", "override_reason"])
    deployments.vacancies.follow(post.exam, post.station.sub_county, by=by)
    record("post.overridden", post, by=by, was=was, now=required, reason=reason)
    return post


# Offers


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
    officer = _lock_officers(officer.pk)[officer.pk]
    post = _lock_posts(post.pk)[post.pk]
    starts_on, ends_on = from_day or first_day(post), post.exam.ends_on
    here = post.deployments.live().with_place().filter(officer=officer, ends_on__gte=starts_on)
    if already := here.first():
        return already
    _check_day(starts_on, earliest=post.exam.rehearsal_on, latest=ends_on)
    terms = _check_officer(officer, post, from_day=starts_on)
    new = _place(
        post,
        officer,
        slot=_free_slot(post, starts_on, ends_on),
        starts_on=starts_on,
        ends_on=ends_on,
        respond_by=_respond_by(terms),
        application=_mark_deployed(officer, post, application, by=by),
    )
    record("deployment.offered", new, by=by)
    _tell_officer(new, "offered", bulk=bulk)
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
    deployment = _lock(deployment)
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
    _tell_officer(deployment, "accepted")
    return deployment


@transaction.atomic
def reject(deployment: Deployment, *, by: User, reason: str) -> Deployment:
    """The officer will not serve, and says why. The place is free again at once."""
    deployment = _lock(deployment)
    if deployment.status == DeploymentStatus.REJECTED:
        return deployment
    reason = _given(reason)
    if deployment.is_accepted and deployment.has_started:
        raise Refused(_("This deployment has begun. Ask your sub-county director to be replaced."))
    _void(deployment)
    move(deployment, DeploymentStatus.REJECTED, reason=reason, answered_at=timezone.now())
    _release(deployment, by=by)
    record("deployment.rejected", deployment, by=by, reason=reason)
    for director in _directors_of(deployment.post):
        tell(director, "deployments/rejected", **words(deployment))
    return deployment


@transaction.atomic
def cancel(deployment: Deployment, *, by: User, reason: str) -> Deployment:
    """Call an officer off from today on. Days that were worked stay."""
    old, today = _lock(deployment), timezone.localdate()
    reason = _given(reason)
    _check_changeable(old)
    accepted, starts_on = old.is_accepted, old.starts_on
    _end(old, from_day=today, reason=reason)
    _release(old, by=by)
    record("deployment.cancelled", old, by=by, reason=reason)
    _tell_officer(old, "cancelled", from_day=today)
    if accepted:
        _tell_station(old, from_day=max(today, starts_on), leaves=old.officer, comes=None)
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
    deployment = _lock(deployment)
    if not deployment.is_offered:  # answered a moment ago
        return False
    move(deployment, DeploymentStatus.EXPIRED)
    _release(deployment, by=None)
    record("deployment.expired", deployment, by=None)
    _tell_officer(deployment, "expired", bulk=True)
    return True


# Changes


@transaction.atomic
def redeploy(
    deployment: Deployment, *, to: DutyStation, from_day: date, by: User, reason: str
) -> Deployment:
    """Cut the old posting short and open a new one elsewhere. The old row keeps its days."""
    officer = _lock_officers(deployment.officer_id)[deployment.officer_id]
    target = _post_at(to, like=deployment.post)
    # the old post too, which the database shares when the old row is cut
    post = _lock_posts(deployment.post_id, target.pk)[target.pk]
    old = _lock_deployments(deployment.pk)[deployment.pk]
    if done := old.replaced_by.filter(post=post, officer=officer).first():
        return done
    reason = _given(reason)
    if post.pk == old.post_id:
        raise Refused(_("This officer is at %(station)s already.") % {"station": to})
    _check_changeable(old, from_day)
    was, starts_on = copy(old), max(from_day, old.starts_on)
    terms = _check_officer(officer, post, from_day=starts_on, leaving=old)
    slot = _free_slot(post, starts_on, old.ends_on)

    _end(old, from_day=from_day, reason=reason)
    new = _continue(was, post=post, slot=slot, starts_on=starts_on, terms=terms, reason=reason)
    record("deployment.moved", new, by=by, was=old.pk, reason=reason)
    _tell_stations(was, new)
    return new


@transaction.atomic
def replace(
    deployment: Deployment, *, officer: Officer, from_day: date, by: User, reason: str
) -> Deployment:
    """Another officer takes the place, from today on if need be."""
    officer = _lock_officers(deployment.officer_id, officer.pk)[officer.pk]
    post = _lock_posts(deployment.post_id)[deployment.post_id]
    old = _lock_deployments(deployment.pk)[deployment.pk]
    if done := old.replaced_by.filter(post=post, officer=officer).first():
        return done
    reason = _given(reason)
    if officer.pk == old.officer_id:
        raise Refused(_("Choose another officer than the one to be replaced."))
    _check_changeable(old, from_day)
    was, starts_on = copy(old), max(from_day, old.starts_on)
    terms = _check_officer(officer, post, from_day=starts_on)

    _end(old, from_day=from_day, reason=reason)
    _release(old, by=by)
    new = _place(
        post,
        officer,
        slot=was.slot,
        starts_on=starts_on,
        ends_on=was.ends_on,
        respond_by=_respond_by(terms),
        application=_mark_deployed(officer, post, None, by=by),
        replaces=old,
        reason=reason,
    )
    record("deployment.replaced", new, by=by, was=old.pk, reason=reason)
    _tell_officer(old, "cancelled", from_day=starts_on)
    _tell_officer(new, "offered")
    _tell_stations(was, new)
    return new


@transaction.atomic
def swap(
    first: Deployment, second: Deployment, *, from_day: date, by: User, reason: str
) -> tuple[Deployment, Deployment]:
    """Two officers of one position change places."""
    officers = _lock_officers(first.officer_id, second.officer_id)
    posts = _lock_posts(first.post_id, second.post_id)
    locked = _lock_deployments(first.pk, second.pk)
    old = locked[first.pk], locked[second.pk]
    if done := _swapped_already(*old):
        return done
    reason = _given(reason)
    _check_swappable(*old, from_day)
    terms = [
        _check_officer(
            officers[leaving.officer_id],
            posts[place.post_id],
            from_day=max(from_day, place.starts_on),
            leaving=leaving,
        )
        for leaving, place in (old, old[::-1])
    ]

    before = copy(old[0]), copy(old[1])
    for deployment in old:
        _end(deployment, from_day=from_day, reason=reason)
    new = [
        _continue(
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
        _tell_stations(was, deployment)
    return new[0], new[1]


def _swapped_already(one: Deployment, two: Deployment) -> tuple[Deployment, Deployment] | None:
    """A button was pressed twice."""
    first = one.replaced_by.filter(officer=one.officer_id, post=two.post_id).first()
    second = two.replaced_by.filter(officer=two.officer_id, post=one.post_id).first()
    return (first, second) if first and second else None


# Locks: whatever a change names, officers first, each kind by number


def _lock_officers(*pks: int) -> dict[int, Officer]:
    """With their history, which the rules ask about."""
    rows = Officer.objects.select_for_update(of=("self",)).filter(pk__in=pks).order_by("pk")
    return {officer.pk: officer for officer in with_history(rows)}


def _lock_posts(*pks: int) -> dict[int, Post]:
    rows = (
        Post.objects.select_for_update(of=("self",))
        .select_related("exam", "station", "position")
        .filter(pk__in=pks)
        .order_by("pk")
    )
    return {post.pk: post for post in rows}


def _lock_deployments(*pks: int) -> dict[int, Deployment]:
    rows = (
        Deployment.objects.select_for_update(of=("self",))
        .with_place()
        .select_related("officer__user", "application")
        .filter(pk__in=pks)
        .order_by("pk")
    )
    return {deployment.pk: deployment for deployment in rows}


def _lock(deployment: Deployment) -> Deployment:
    """For an answer, which needs nothing of the officer but that no director is at work there."""
    Officer.objects.select_for_update().get(pk=deployment.officer_id)
    return _lock_deployments(deployment.pk)[deployment.pk]


def _post_at(station: DutyStation, *, like: Post) -> Post:
    post = Post.objects.filter(
        exam=like.exam_id, position=like.position_id, station=station
    ).first()
    if post is None:
        raise Refused(
            _("%(station)s is not entitled to this position in this exam.") % {"station": station}
        )
    return post


# Refusals


def _given(reason: str) -> str:
    if not reason.strip():
        raise Refused(_("Give the reason."))
    return reason.strip()


def _check_day(day: date, *, earliest: date, latest: date) -> None:
    earliest = max(earliest, timezone.localdate())
    if latest < earliest:
        raise Refused(_("This exam is over."))
    if not earliest <= day <= latest:
        raise Refused(
            _("Choose a day from %(first)s to %(last)s.")
            % {"first": date_format(earliest, "j M Y"), "last": date_format(latest, "j M Y")}
        )


def _check_changeable(old: Deployment, from_day: date | None = None) -> None:
    if not old.is_live:
        raise Refused(_("This deployment is over, or was changed a moment ago. Look at it again."))
    if from_day is not None:
        _check_day(from_day, earliest=timezone.localdate(), latest=old.ends_on)


def _check_swappable(one: Deployment, two: Deployment, from_day: date) -> None:
    if one.post_id == two.post_id:
        raise Refused(_("Both officers are at the same station in the same position already."))
    if (one.post.exam_id, one.post.position_id) != (two.post.exam_id, two.post.position_id):
        raise Refused(_("Only officers of the same exam and the same position can change places."))
    for deployment in (one, two):
        _check_changeable(deployment, from_day)


def _check_officer(
    officer: Officer, post: Post, *, from_day: date, leaving: Deployment | None = None
) -> PositionTerms:
    """Refuse with the first reason there is, else say under which terms the officer serves."""
    terms = terms_of(post)
    for reason in reasons_against(officer, post, terms=terms, from_day=from_day, leaving=leaving):
        raise Refused(reason)
    assert terms is not None  # its lack is a reason
    return terms


def _free_slot(post: Post, starts_on: date, ends_on: date) -> int:
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


def _respond_by(terms: PositionTerms) -> datetime:
    return timezone.now() + timedelta(days=terms.days_to_respond)


def _mark_deployed(
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


def _place(post: Post, officer: Officer, **fields: Any) -> Deployment:
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


def _end(old: Deployment, *, from_day: date, reason: str) -> None:
    """What was served before `from_day` stays; if there is nothing of that, it is cancelled."""
    _void(old)
    if old.is_accepted and old.starts_on < from_day:
        last_day = from_day - timedelta(days=1)
        move(old, DeploymentStatus.MOVED, ends_on=last_day, reason=reason)
    else:
        move(old, DeploymentStatus.CANCELLED, reason=reason)


def _continue(
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
    new = _place(
        post,
        was.officer,
        slot=slot,
        status=was.status,
        starts_on=starts_on,
        ends_on=ends_on or was.ends_on,
        respond_by=was.respond_by if was.is_accepted else _respond_by(terms),
        answered_at=was.answered_at,
        application=was.application,
        replaces_id=was.pk,
        reason=reason,
    )
    if new.is_accepted:
        letters.issue(new)
    _tell_officer(new, "moved" if new.is_accepted else "offered")
    return new


def _void(deployment: Deployment) -> None:
    if deployment.is_accepted:
        letters.void(deployment)


def _release(deployment: Deployment, *, by: User | None) -> None:
    if deployment.application is not None:
        vacancies.services.release(deployment.application, by=by, reason=deployment.reason)


# Telling


def words(deployment: Deployment) -> dict[str, Any]:
    """What the texts may name."""
    post = deployment.post
    return {
        "officer": str(deployment.officer),
        "position": post.position.name,
        "station": post.station.name,
        "exam": post.exam.short,
        "from_day": deployment.starts_on,
        "respond_by": deployment.respond_by,
        "reason": deployment.reason,
        "site": settings.SITE_URL,
    }


def _tell_officer(
    deployment: Deployment, event: str, *, bulk: bool = False, **context: Any
) -> None:
    told = {**words(deployment), **context}
    tell(deployment.officer.user, f"deployments/{event}", bulk=bulk, **told)


def _directors_of(post: Post) -> Iterable[User]:
    """The office that has a gap to fill now."""
    return User.objects.filter(
        role=Role.DIRECTOR,
        office=post.position.deployed_by,
        sub_county=post.station.sub_county_id,
        is_active=True,
        phone__isnull=False,
    )


def _tell_station(
    deployment: Deployment, *, from_day: date, leaves: Officer | None, comes: Officer | None
) -> None:
    """A centre is told who goes and who comes, on its own phone and on its manager's."""
    manager = Q(
        officer__deployments__in=Deployment.objects.filter(
            post__station=deployment.post.station_id,
            post__exam=deployment.post.exam_id,
            post__position__code__in=HEADS_OF_THEIR_OWN,
            status=DeploymentStatus.ACCEPTED,
            ends_on__gte=from_day,
        )
    )
    moving = [each.user_id for each in (leaves, comes) if each]
    centre = Q(station=deployment.post.station_id, exam=deployment.post.exam_id)
    of_the_centre = User.objects.filter(
        centre | manager, is_active=True, phone__isnull=False
    ).exclude(pk__in=moving)
    told = {**words(deployment), "from_day": from_day, "leaves": leaves, "comes": comes}
    for user in of_the_centre.distinct():
        tell(user, "deployments/staff_changed", **told)


def _tell_stations(was: Deployment, new: Deployment) -> None:
    """The place that an officer leaves and the one where an officer comes; they may be one."""
    day = new.starts_on
    if was.post_id == new.post_id:
        _tell_station(new, from_day=day, leaves=was.officer, comes=new.officer)
    else:
        _tell_station(was, from_day=day, leaves=was.officer, comes=None)
        _tell_station(new, from_day=day, leaves=None, comes=new.officer)
