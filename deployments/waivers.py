"""Headquarters lets a rule pass for one officer in one exam, takes that back, and can tell which
deployments stand on it."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record, record_each
from catalogue.models import DutyStation, Exam
from cp2.rules import Refused, Role, lock
from deployments.eligibility import Lifted, lifted, terms_of, with_history
from deployments.models import Deployment, Waiver, WaiverUse
from deployments.sites import site_of
from profiles.models import Officer
from vacancies.rules import NEVER_WAIVED, OF_A_STATION, Rule


@transaction.atomic
def grant(
    officer: Officer,
    *,
    exam: Exam,
    rule: str,
    reason: str,
    by: User,
    station: DutyStation | None = None,
) -> Waiver:
    """Twice is as good as once: what stands already is found again."""
    officer = lock(officer)
    _refuse_others(by)
    _refuse_rule(rule, station)
    reason = _given(reason)
    standing = officer.waivers.standing().filter(exam=exam, rule=rule, station=station)
    if already := standing.first():
        return already
    waiver = Waiver.objects.create(
        officer=officer, exam=exam, rule=rule, station=station, reason=reason, granted_by=by
    )
    record(
        "waiver.granted",
        waiver,
        by=by,
        officer=officer.pk,
        rule=rule,
        exam=exam.pk,
        station=station.pk if station else None,
        reason=reason,
    )
    return waiver


@transaction.atomic
def withdraw(waiver: Waiver, *, reason: str, by: User) -> Waiver:
    """From now on the rule counts again. Whoever was deployed under it stays where they are."""
    waiver = lock(waiver)
    _refuse_others(by)
    reason = _given(reason)
    if not waiver.is_standing:
        raise Refused(_("This waiver was withdrawn already."))
    waiver.withdrawn_at, waiver.withdrawn_by = timezone.now(), by
    waiver.withdrawal_reason = reason
    waiver.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawal_reason"])
    record("waiver.withdrawn", waiver, by=by, officer=waiver.officer_id, reason=reason)
    return waiver


def _refuse_others(by: User) -> None:
    if by.role != Role.STAFF:
        raise Refused(_("Only headquarters waives a rule."))


def _refuse_rule(rule: str, station: DutyStation | None) -> None:
    if rule not in Rule.values or rule in NEVER_WAIVED:
        raise Refused(_("This rule cannot be waived."))
    if station is not None and rule not in OF_A_STATION:
        raise Refused(
            _("This rule does not turn on the station, so it is waived for all or for none.")
        )


def _given(reason: str) -> str:
    if not reason.strip():
        raise Refused(_("Give the reason."))
    return reason.strip()


# Which deployments stand on one


def note_uses(deployments: Iterable[Deployment]) -> list[WaiverUse]:
    """Keep by which waivers these deployments, just made, could be made at all. One query when
    nobody among them has a waiver, as is the rule."""
    made = list(deployments)
    standing = Waiver.objects.standing().filter(officer__in={each.officer_id for each in made})
    having = set(standing.values_list("officer", "exam"))
    made = [each for each in made if (each.officer_id, each.post.exam_id) in having]
    if not made:
        return []
    officers = with_history(Officer.objects.filter(pk__in={each.officer_id for each in made}))
    known = {officer.pk: officer for officer in officers}
    uses = [
        WaiverUse(waiver=each.waiver, deployment=deployment)
        for deployment in made
        for each in _lifted_for(deployment, known[deployment.officer_id])
    ]
    WaiverUse.objects.bulk_create(uses)
    said = [(use.deployment, {"waiver": use.waiver_id, "rule": use.waiver.rule}) for use in uses]
    record_each("waiver.used", said, by=None)
    return uses


def _lifted_for(deployment: Deployment, officer: Officer) -> list[Lifted]:
    post = deployment.post
    terms = terms_of(post)
    site = site_of(post, terms, instead_of=deployment)
    found = {each.waiver.pk: each for each in lifted(officer, post, terms=terms, site=site)}
    return list(found.values())


def used_in(exam: Exam) -> QuerySet[WaiverUse]:
    """The deployments of an exam that stand on a waiver, each with the waiver and who gave it, for
    a report to count."""
    return WaiverUse.objects.filter(deployment__post__exam=exam).select_related(
        "waiver__granted_by",
        "waiver__station",
        "deployment__officer",
        "deployment__post__station__sub_county",
        "deployment__post__position",
    )
