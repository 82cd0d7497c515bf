"""A rotation is planned as a whole and carried out as a whole: one row, and one letter, for each
leg, and one text for each officer."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from django.db import IntegrityError
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record_each, tell_each
from catalogue.models import DutyStation, Exam, Position, PositionTerms
from cp2.rules import Refused
from deployments import letters, waivers
from deployments.eligibility import (
    against_everywhere,
    elsewhere,
    held_by,
    stations_refused,
    with_history,
)
from deployments.models import Deployment, DeploymentQuerySet, DeploymentStatus, Letter
from deployments.rotation import MOST_OFFICERS, Plan, Turning, Week, weeks_of
from deployments.services.again import whole
from deployments.services.steps import (
    DAY,
    check_changeable,
    given,
    in_words,
    lock_deployments,
    lock_officers,
    lock_posts,
)
from deployments.services.telling import of_the_station, words
from deployments.services.trail import made_by
from profiles.models import Officer


class Scope(NamedTuple):
    """Who turns: of one exam and position, from a day on."""

    exam: Exam
    position: Position
    from_day: date
    terms: PositionTerms
    weeks: list[Week]


def scope_of(exam: Exam, position: Position, from_day: date) -> Scope:
    terms = PositionTerms.objects.filter(exam=exam, position=position).first()
    if terms is None or not terms.rotation_days:
        raise Refused(
            _("Headquarters has set no rotation for %(position)s in %(exam)s.")
            % {"position": position, "exam": exam.short}
        )
    if not max(timezone.localdate(), exam.rehearsal_on + DAY) <= from_day <= exam.ends_on:
        raise Refused(
            _("Choose a day of the exam, today or later, and after its first: to %(last)s.")
            % {"last": date_format(exam.ends_on, "j M Y")}
        )
    sits = exam.days.values_list("day", flat=True)
    return Scope(
        exam, position, from_day, terms, weeks_of(from_day, exam.ends_on, terms.rotation_days, sits)
    )


def ready(by: User, scope: Scope) -> DeploymentQuerySet:
    """Who can turn: at work before that day and until the end, and with no legs to come."""
    return (
        Deployment.objects.deployable_by(by)
        .filter(
            post__exam=scope.exam,
            post__position=scope.position,
            status=DeploymentStatus.ACCEPTED,
            starts_on__lt=scope.from_day,
            ends_on__gte=scope.weeks[-1].ends_on,
        )
        .with_place()
        .order_by("post__station__code", "slot")
    )


def turning(scope: Scope, rows: Sequence[Deployment]) -> list[Turning]:
    """With all that speaks against a station, in a few queries for all of them."""
    officers = {
        officer.pk: officer
        for officer in with_history(
            Officer.objects.filter(pk__in=[row.officer_id for row in rows])
        ).prefetch_related("work__station")
    }
    return [_turning(scope, row, officers[row.officer_id]) for row in rows]


def _turning(scope: Scope, row: Deployment, officer: Officer) -> Turning:
    row.officer = officer
    held = held_by(officer)
    work = officer.current_work
    return Turning(
        deployment=row,
        home=work.station if work and work.station else row.post.station,
        been={each.post.station_id for each in held if each.post.exam_id == scope.exam.pk},
        closed={
            station: " ".join(str(each) for each in against)
            for station, against in stations_refused(officer, scope.exam, scope.terms).items()
        },
    )


@whole
def rotate(scope: Scope, plan: Plan, deployments: Sequence[int], *, by: User, reason: str) -> int:
    """Carry out a plan that the director has looked at, all of it or none. Says how many turn."""
    rows = list(Deployment.objects.deployable_by(by).filter(pk__in=deployments))
    if not plan.weeks or len(rows) != len(plan.cells) or len(rows) > MOST_OFFICERS:
        raise Refused(_("This plan names other officers than yours. Draw it again."))
    lock_officers(*(row.officer_id for row in rows))
    posts = lock_posts(*(place.post for place in plan.places))
    locked = lock_deployments(*(row.pk for row in rows))
    reason = given(reason)
    old = [locked[pk] for pk in deployments]
    legs = _legs(scope, plan, old)
    if _done(old[0], legs, by):
        return len(old)
    turners = turning(scope, old)
    _check(scope, plan, turners, {pk: post.station for pk, post in posts.items()})

    Deployment.objects.filter(pk__in=deployments).update(ends_on=scope.from_day - DAY)
    made = _write(legs, old, reason)
    record_each(
        "deployment.rotated",
        [(row, {"was": row.replaces_id, "reason": reason}) for row in made],
        by=by,
    )
    for row in made:
        row.post = posts[row.post_id]
    waivers.note_uses(made)
    _tell(scope, old, made)
    return len(old)


def _legs(scope: Scope, plan: Plan, old: Sequence[Deployment]) -> list[list[Deployment]]:
    """By officer; consecutive weeks at one place are one leg."""
    last = plan.weeks[-1].ends_on
    return [
        [
            Deployment(
                post_id=plan.places[cell].post,
                slot=plan.places[cell].slot,
                officer_id=was.officer_id,
                application_id=was.application_id,
                status=DeploymentStatus.ACCEPTED,
                starts_on=week.starts_on,
                # a plan that could not be drawn to the end leaves them where it ends
                ends_on=was.ends_on if week.ends_on == last else week.ends_on,
                respond_by=was.respond_by,
                answered_at=was.answered_at,
            )
            for cell, week in zip(row, plan.weeks, strict=True)
        ]
        for row, was in zip(plan.cells, old, strict=True)
    ]


def _done(first: Deployment, legs: list[list[Deployment]], by: User) -> bool:
    """The button was pressed twice."""
    leg = legs[0][0]
    there = first.replaced_by.filter(
        post=leg.post_id, slot=leg.slot, starts_on=leg.starts_on, officer=leg.officer_id
    ).first()
    return there is not None and made_by(there, "deployment.rotated", by)


def _check(
    scope: Scope, plan: Plan, turners: Sequence[Turning], stations: dict[int, DutyStation]
) -> None:
    """What the page showed is held against the rules once more, under the locks."""
    own = {(each.deployment.post_id, each.deployment.slot) for each in turners}
    if set(plan.places) - own or {*stations} - {post for post, _slot in own}:
        raise Refused(_("This plan names other places than those of its officers. Draw it again."))
    for week in range(len(plan.weeks)):
        if len({row[week] for row in plan.cells}) < len(plan.cells):
            raise Refused(_("This plan sends two officers to one place. Draw it again."))
    for each, row in zip(turners, plan.cells, strict=True):
        old, officer = each.deployment, each.deployment.officer
        check_changeable(old, scope.from_day)
        if not old.is_accepted or old.ends_on < plan.weeks[-1].ends_on:
            raise Refused(
                _("%(officer)s does not serve to the end any more. Draw the plan again.")
                % {"officer": officer}
            )
        against = [
            *against_everywhere(officer, scope.exam, scope.position, scope.terms),
            *elsewhere(officer, scope.exam, scope.from_day, old),
        ]
        for objection in against:
            raise Refused(f"{officer}: {objection}")
        for said in objections(plan, row, each, stations):
            if said:
                raise Refused(f"{officer}: {said}")


def objections(
    plan: Plan, row: Sequence[int], each: Turning, stations: dict[int, DutyStation]
) -> list[str]:
    """By week: what speaks against an officer's station there, or nothing."""
    before, said = list[int](), list[str]()
    for cell in row:
        station = stations[plan.places[cell].post]
        against = each.against(station, before)
        if against == "again":
            against = _("Has been at %(station)s already.") % {"station": station.code}
        said.append(against)
        before.append(station.pk)
    return said


def _write(
    legs: list[list[Deployment]], old: Sequence[Deployment], reason: str
) -> list[Deployment]:
    """Week by week, so that each leg points back to the one before it."""
    before, made = list(old), list[Deployment]()
    try:
        for week in zip(*legs, strict=True):
            for leg, was in zip(week, before, strict=True):
                leg.replaces_id, leg.reason = was.pk, reason
            before = Deployment.objects.bulk_create(week)
            made += before
    except IntegrityError as error:
        first = old[0]
        raise Refused(in_words(error, officer=first.officer, post=first.post)) from error
    Letter.objects.current().filter(deployment__in=old).update(voided_at=Now())
    Letter.objects.bulk_create(
        Letter(deployment=row, code=letters.mint_code()) for row in [*old, *made]
    )
    return made


def _tell(scope: Scope, old: Sequence[Deployment], made: Sequence[Deployment]) -> None:
    """One text each, and one to each centre: its people change from now on."""
    coming: dict[int, list[Deployment]] = {}
    for row in made:
        coming.setdefault(row.officer_id, []).append(row)
    tell_each(
        "deployments/rotated",
        ((was.officer.user, None, {"plan": _in_short(coming[was.officer_id])}) for was in old),
    )
    tell_each(
        "deployments/rotation_here",
        (
            (user, None, {**words(was), "from_day": scope.from_day})
            for was in {was.post.station_id: was for was in old}.values()
            for user in of_the_station(was, from_day=scope.from_day)
        ),
    )


def _in_short(legs: Sequence[Deployment]) -> str:
    """A whole plan for one text: `10/11 40103111, 17/11 40103127`."""
    return ", ".join(f"{leg.starts_on:%-d/%-m} {leg.post.station.code}" for leg in legs)
