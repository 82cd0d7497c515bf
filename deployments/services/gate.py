"""On the morning of an exam: whoever stands at the gate is deployed at once, papers to follow.

What only papers can show is let pass until they come: the profile, the vetting, what the position
asks of a career. What protects the exam is not: one's own school, an interest, cooling-off, a bar,
a place elsewhere today.
"""

from typing import Any

from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

import accounts.services
import profiles.services
from accounts.models import User
from accounts.services import record
from catalogue.models import OwnSchool
from cp2.rules import Refused
from deployments import letters
from deployments.eligibility import terms_of
from deployments.models import Deployment, DeploymentStatus, Post
from deployments.services.again import whole
from deployments.services.changes import take_over
from deployments.services.steps import (
    check_changeable,
    check_officer,
    check_seen,
    free_place,
    given,
    lock_change,
    lock_officers,
    lock_posts,
    mark_deployed,
    place,
)
from deployments.services.telling import tell_officer, tell_station
from deployments.services.trail import made_by
from profiles.models import Officer
from vacancies.rules import Rule

ROAD = "gate"  # in the trail

# Of anybody who has a profile
LET_PASS = {Rule.UNSUBMITTED, Rule.UNVETTED}
# Of somebody whose profile is not there yet: it will show these, or the claim stays on hold
UNKNOWN = {
    Rule.TSC_EMPLOYMENT,
    Rule.SCHOOL_LEVEL,
    Rule.QUALIFICATION,
    Rule.EXPERIENCE,
    Rule.AGE,
    Rule.TRAINING,
    Rule.SUBJECT,
    Rule.NOT_THEIR_SCHOOL,
}


def lets(officer: Officer) -> set[Rule]:
    return LET_PASS if officer.submitted_at else LET_PASS | UNKNOWN


@whole
def take_on(
    post: Post,
    *,
    officer: Officer,
    works_here: bool,
    by: User,
    reason: str,
    instead_of: Deployment | None = None,
    seen: str = "",
) -> Deployment:
    """From today, accepted at once: in somebody's place, or in one that is empty today."""
    if instead_of is None:
        return _into_empty(post, officer, works_here=works_here, by=by, reason=given(reason))
    locked = lock_change(instead_of, officers=[officer.pk])
    old, officer = locked.deployments[instead_of.pk], locked.officers[officer.pk]
    reason, today = given(reason), timezone.localdate()
    done = old.replaced_by.filter(officer=officer, starts_on=today).first()
    if done and made_by(done, "deployment.replaced", by):
        return done
    check_seen(old, seen)
    check_changeable(old, today)
    check_today(old.post, old)
    check_house(officer, old.post, works_here=works_here)
    new = take_over(
        locked,
        old,
        officer,
        from_day=today,
        by=by,
        reason=reason,
        at_gate=True,
        lets=lets(officer),
    )
    tell_officer(new, "taken_on")
    return new


def _into_empty(
    post: Post, officer: Officer, *, works_here: bool, by: User, reason: str
) -> Deployment:
    officer = lock_officers(officer.pk)[officer.pk]
    post = lock_posts(post.pk)[post.pk]
    today, now = timezone.localdate(), timezone.now()
    here = post.deployments.live().with_place().filter(officer=officer, starts_on=today)
    if (already := here.first()) and made_by(already, "deployment.taken_on", by):
        return already
    check_today(post)
    check_house(officer, post, works_here=works_here)
    vacant = free_place(post, today, post.exam.ends_on)
    if vacant.starts_on > today:
        raise Refused(
            _("All places of this position at %(station)s are filled today.")
            % {"station": post.station}
        )
    check_officer(officer, post, from_day=today, until=vacant.ends_on, lets=lets(officer))
    new = place(
        post,
        officer,
        **vacant._asdict(),
        status=DeploymentStatus.ACCEPTED,
        respond_by=now,
        answered_at=now,
        application=mark_deployed(officer, post, None, by=by),
        papers_due=not officer.is_in_order,
        reason=reason,
    )
    letters.issue(new)
    record("deployment.taken_on", new, by=by, reason=reason, at_gate=True)
    tell_officer(new, "taken_on")
    tell_station(new, from_day=today, leaves=None, comes=officer)
    return new


def check_today(post: Post, old: Deployment | None = None) -> None:
    """The gate is for days on which the exam is on."""
    first = max(post.exam.rehearsal_on, old.starts_on if old else post.exam.rehearsal_on)
    if not first <= timezone.localdate() <= post.exam.ends_on:
        raise Refused(_("Somebody at the gate is taken on for today, and this is not on today."))


def check_house(officer: Officer, post: Post, *, works_here: bool) -> None:
    """What a profile that is not there cannot say, the director is asked."""
    terms = terms_of(post)
    forbidden = terms is None or terms.at_own_school == OwnSchool.FORBIDDEN
    if works_here and forbidden:
        raise Refused(_("Whoever works at this school may not serve here."))
    if not works_here and terms and terms.at_own_school == OwnSchool.REQUIRED:
        raise Refused(_("This position is for somebody who works at this school."))


def take_on_stranger(
    post: Post, *, phone: str, person: dict[str, Any], by: User, **fields: Any
) -> Deployment:
    """Registered on the spot: the account comes with the place or not at all. A password follows by
    text, and the profile is theirs to complete. Raises Limited."""
    accounts.services.refuse_known(phone)
    refuse_known_id(person["national_id"])
    accounts.services.take_a_text(phone, address="", road="register")
    return _take_on_stranger(post, phone=phone, person=person, by=by, **fields)


@whole
def _take_on_stranger(
    post: Post, *, phone: str, person: dict[str, Any], by: User, **fields: Any
) -> Deployment:
    officer = profiles.services.open_for(phone, by=by, road=ROAD, language=by.language)
    try:
        profiles.services.save_personal(officer, by=by, **person)
    except (profiles.services.Taken, IntegrityError) as error:
        raise Refused(known_id()) from error
    return take_on(post, officer=officer, by=by, **fields)


def refuse_known_id(number: str) -> None:
    if Officer.objects.filter(national_id=number).exists():
        raise Refused(known_id())


def known_id() -> str:
    return _("Somebody with this ID number has an account already. Search for them by the number.")
