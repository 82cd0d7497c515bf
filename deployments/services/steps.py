"""What every change of who serves where is made of: locks, refusals, rows."""

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

import vacancies.services
from accounts.models import User
from catalogue.models import DutyStation, PositionTerms
from cp2.rules import Refused, move
from deployments import letters, waivers
from deployments.eligibility import reasons_against, terms_of, with_history
from deployments.models import (
    HOLDS_ITS_DAYS,
    LIVE,
    Deployment,
    DeploymentQuerySet,
    DeploymentStatus,
    Post,
)
from deployments.services.telling import tell_officer
from deployments.services.trail import last_at, last_change, last_of
from deployments.sites import site_of
from profiles.models import Officer
from vacancies.models import Application
from vacancies.rules import Rule

DAY = timedelta(days=1)

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
    return _locked(Q(pk__in=pks))


def _locked(which: Q) -> dict[int, Deployment]:
    rows = (
        Deployment.objects.select_for_update(of=("self",))
        .with_place()
        .select_related("officer__user", "application")
        .filter(which)
        .order_by("pk")
    )
    return {deployment.pk: deployment for deployment in rows}


def lock_offer(deployment: Deployment) -> tuple[Deployment, list[Deployment]]:
    """For an answer, which needs nothing of the officer but that no director is at work there. With
    all that it answers: the legs of a rotation that were offered in one breath."""
    Officer.objects.select_for_update().get(pk=deployment.officer_id)
    together = Q(
        officer=deployment.officer_id,
        status=DeploymentStatus.OFFERED,
        respond_by=deployment.respond_by,
        post__exam=deployment.post.exam_id,
        post__position=deployment.post.position_id,
    )
    rows = _locked(Q(pk=deployment.pk) | together)
    this = rows.pop(deployment.pk)
    others = sorted(rows.values(), key=lambda row: row.starts_on) if this.is_offered else []
    return this, [this, *others]


def lock_change(
    *deployments: Deployment, officers: Iterable[int] = (), posts: Iterable[int] = ()
) -> "Locked":
    """All that a change of these deployments touches, later legs of a rotation included."""
    held = lock_officers(*(each.officer_id for each in deployments), *officers)
    rows = {each.pk: each for each in deployments}
    # nobody gives the officers another leg meanwhile
    rows |= {leg.pk: leg for each in deployments for leg in later_legs(each)}
    return Locked(
        officers=held,
        posts=lock_posts(*(row.post_id for row in rows.values()), *posts),
        deployments=lock_deployments(*rows),
    )


class Locked(NamedTuple):
    officers: dict[int, Officer]
    posts: dict[int, Post]
    deployments: dict[int, Deployment]

    def legs_of(self, deployment: Deployment) -> list[Deployment]:
        """What the officer would do after this, the next first."""
        return sorted(
            (row for row in self.deployments.values() if follows(row, deployment)),
            key=lambda row: row.starts_on,
        )


def later_legs(deployment: Deployment) -> DeploymentQuerySet:
    """Where the officer goes next in the same exam and position: a rotation is several rows."""
    return Deployment.objects.live().filter(
        officer=deployment.officer_id,
        post__exam=deployment.post.exam_id,
        post__position=deployment.post.position_id,
        starts_on__gt=deployment.ends_on,
    )


def follows(row: Deployment, deployment: Deployment) -> bool:
    return (
        row.officer_id == deployment.officer_id
        and row.post.exam_id == deployment.post.exam_id
        and row.post.position_id == deployment.post.position_id
        and row.starts_on > deployment.ends_on
        and row.status in LIVE
    )


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


def check_seen(old: Deployment, seen: str) -> None:
    """Refuse a change of something that is not any more as its page showed it."""
    if seen and seen != old.version:
        changed = _("This deployment was changed a moment ago. Look at it again.")
        raise Refused(last_change(old) or changed)


def check_changeable(old: Deployment, from_day: date | None = None) -> None:
    if old.status not in LIVE:
        raise Refused(last_change(old) or _("This deployment is over. Look at it again."))
    if not old.is_live:
        raise Refused(_("This deployment is over."))
    if from_day is not None:
        check_day(from_day, earliest=timezone.localdate(), latest=old.ends_on)


def check_officer(
    officer: Officer,
    post: Post,
    *,
    from_day: date,
    until: date | None = None,
    leaving: Deployment | None = None,
    instead_of: Deployment | None = None,
    lets: Collection[Rule] = (),
) -> PositionTerms:
    """Refuse with the first reason there is, else say under which terms the officer serves. What
    speaks against them by the rules that it `lets` pass is let pass."""
    terms = terms_of(post)
    site = site_of(post, terms, instead_of=instead_of)
    for reason in reasons_against(
        officer, post, terms=terms, from_day=from_day, until=until, leaving=leaving, site=site
    ):
        if reason.rule == Rule.ELSEWHERE:
            changed = last_of(officer, from_day, until or post.exam.ends_on)
            raise Refused(*filter(None, [str(reason), changed]))
        if reason.rule not in lets:
            raise Refused(str(reason))
    assert terms is not None  # its lack is a reason, and never let pass
    return terms


class Vacant(NamedTuple):
    """A place and the days for which it is free."""

    slot: int
    starts_on: date
    ends_on: date


def vacancies_of(post: Post, starts_on: date, ends_on: date) -> list[Vacant]:
    """What is free in these days: whole places first, then the days that somebody who left in the
    middle of a rotation leaves open, the soonest first."""
    held: dict[int, list[tuple[date, date]]] = {}
    rows = post.deployments.filter(
        status__in=HOLDS_ITS_DAYS, starts_on__lte=ends_on, ends_on__gte=starts_on
    ).order_by("starts_on")
    for slot, first, last in rows.values_list("slot", "starts_on", "ends_on"):
        held.setdefault(slot, []).append((first, last))
    whole, parts = list[Vacant](), list[Vacant]()
    for slot in range(1, post.required + 1):
        if slot not in held:
            whole.append(Vacant(slot, starts_on, ends_on))
            continue
        day = starts_on
        for first, last in held[slot]:
            if day < first:
                parts.append(Vacant(slot, day, first - DAY))
            day = max(day, last + DAY)
        if day <= ends_on:
            parts.append(Vacant(slot, day, ends_on))
    return whole + sorted(parts, key=lambda part: (part.starts_on, part.slot))


def free_place(post: Post, starts_on: date, ends_on: date) -> Vacant:
    for place in vacancies_of(post, starts_on, ends_on):
        return place
    raise Refused(*_full(post))


def free_slot(post: Post, starts_on: date, ends_on: date) -> int:
    """For all of these days."""
    for place in vacancies_of(post, starts_on, ends_on):
        if (place.starts_on, place.ends_on) == (starts_on, ends_on):
            return place.slot
    raise Refused(*_full(post))


def _full(post: Post) -> list[str]:
    said = _("All places of this position at %(station)s are filled.") % {"station": post.station}
    return [said, *filter(None, [last_at(post)])]


# Writing


def respond_by(terms: PositionTerms) -> datetime:
    return timezone.now() + timedelta(days=terms.days_to_respond)


def mark_deployed(
    officer: Officer, post: Post, application: Application | None, *, by: User | None
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
            new = Deployment.objects.create(post=post, officer=officer, **fields)
    except IntegrityError as error:
        raise Refused(in_words(error, officer=officer, post=post)) from error
    if getattr(officer, "waived", True):  # of one who comes without history it is not known
        waivers.note_uses([new])
    return new


def in_words(error: IntegrityError, *, officer: Officer, post: Post) -> str:
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
        last_day = from_day - DAY
        move(old, DeploymentStatus.MOVED, ends_on=last_day, reason=reason)
    else:
        move(old, DeploymentStatus.CANCELLED, reason=reason)
    import_string(settings.DEPLOYMENT_ENDED)(old)


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


def ask_refill(*freed: Deployment) -> None:
    """Where the exam's terms say so, a worker fills these places from the reserve list."""
    for deployment in freed:
        terms = terms_of(deployment.post)
        if terms is not None and terms.fills_from_reserve:
            deployment.refill_due = True
            deployment.save(update_fields=["refill_due"])


def void_letter(deployment: Deployment) -> None:
    if deployment.is_accepted:
        letters.void(deployment)


def release(deployment: Deployment, *, by: User | None) -> None:
    """The application is free again, unless another leg of a rotation still fulfils it."""
    if deployment.application is None:
        return
    if not deployment.application.deployments.live().exclude(pk=deployment.pk).exists():
        vacancies.services.release(deployment.application, by=by, reason=deployment.reason)
