"""What a person changes in a proposal before it is confirmed. Every change has a reason, which is
kept with it: an optimiser has no friends."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record
from cp2.rules import Refused, lock, move
from deployments.allocation.merit import NO_CONDUCT, conduct_of, weigh
from deployments.allocation.ways import metres
from deployments.eligibility import reasons_against, terms_of, with_history
from deployments.models import (
    AllocationRun,
    AllocationWeights,
    Post,
    Proposal,
    ProposalStatus,
    RunStatus,
)
from deployments.services.steps import given
from deployments.sites import site_of
from profiles.models import Officer
from vacancies.models import Application, ApplicationStatus


@transaction.atomic
def remove(proposal: Proposal, *, reason: str, by: User) -> Proposal:
    """The officer is not to go there; the place stays open. Twice is once."""
    _lock_run(proposal.run)
    proposal = _lock(proposal)
    if proposal.status == ProposalStatus.REMOVED:
        return proposal
    reason = given(reason)
    move(proposal, ProposalStatus.REMOVED, reason=reason, decided_by=by)
    record("proposal.removed", proposal, by=by, reason=reason)
    return proposal


@transaction.atomic
def put_in(proposal: Proposal, *, officer: Officer, reason: str, by: User) -> Proposal:
    """Another officer in the place of one who is proposed or was taken out."""
    run = _lock_run(proposal.run)
    proposal = _lock(proposal)
    reason = given(reason)
    if officer.pk == proposal.officer_id and proposal.is_proposed:
        raise Refused(_("This officer is proposed for this place already."))
    if proposal.is_proposed:
        move(proposal, ProposalStatus.REMOVED, reason=reason, decided_by=by)
    elif proposal.status != ProposalStatus.REMOVED:
        raise Refused(_("This place was decided on, so the proposal cannot be changed."))
    (new,) = _write(run, [(proposal, officer)], reason=reason, by=by)
    record("proposal.replaced", new, by=by, was=proposal.pk, reason=reason)
    return new


@transaction.atomic
def exchange(one: Proposal, other: Proposal, *, reason: str, by: User) -> tuple[Proposal, Proposal]:
    """Two officers change places."""
    run = _lock_run(one.run)
    locked = {each.pk: each for each in _rows(one.pk, other.pk)}
    first, second = locked[one.pk], locked[other.pk]
    reason = given(reason)
    if first.run_id != second.run_id or not (first.is_proposed and second.is_proposed):
        raise Refused(_("Only officers who are proposed now can change places."))
    if first.post.position_id != second.post.position_id or first.post_id == second.post_id:
        raise Refused(_("Choose an officer of the same position at another station."))
    for each in (first, second):
        move(each, ProposalStatus.REMOVED, reason=reason, decided_by=by)
    changed = [(first, second.officer), (second, first.officer)]
    new = _write(run, changed, reason=reason, by=by)
    for each, was in zip(new, (first, second), strict=True):
        record("proposal.exchanged", each, by=by, was=was.pk, reason=reason)
    return new[0], new[1]


def _lock_run(run: AllocationRun) -> AllocationRun:
    """Whoever confirms meanwhile waits, or has been faster."""
    run = lock(run)
    if run.status != RunStatus.DONE:
        raise Refused(
            _("This proposal can no longer be changed: it is %(now)s.")
            % {"now": run.get_status_display().lower()}
        )
    return run


def _rows(*pks: int) -> Any:
    return (
        Proposal.objects.select_for_update(of=("self",))
        .select_related("post__exam", "post__station", "post__position", "officer", "part")
        .filter(pk__in=pks)
        .order_by("pk")
    )


def _lock(proposal: Proposal) -> Proposal:
    row: Proposal = _rows(proposal.pk).get()
    return row


def _write(
    run: AllocationRun, changed: list[tuple[Proposal, Officer]], *, reason: str, by: User
) -> list[Proposal]:
    """The rules are asked now, so that nobody is put where they will be refused; and again when it
    is confirmed."""
    new = [_row(run, was, officer, reason=reason, by=by) for was, officer in changed]
    try:
        with transaction.atomic():
            for row in new:
                row.save()
    except IntegrityError as error:
        raise Refused(
            _("The officer is proposed for another place, or somebody else for this one.")
        ) from error
    return new


def _row(run: AllocationRun, was: Proposal, officer: Officer, *, reason: str, by: User) -> Proposal:
    officer = with_history(Officer.objects.filter(pk=officer.pk)).get()
    terms = terms_of(was.post)
    site = site_of(was.post, terms)
    for objection in reasons_against(officer, was.post, terms=terms, site=site):
        raise Refused(f"{officer}: {objection}")
    application = Application.objects.live().filter(officer=officer, exam=run.exam_id).first()
    weights = AllocationWeights(**run.weights)
    conduct = conduct_of([officer.pk], run.exam, weights.recent_years)
    weighed = weigh(
        officer,
        run.exam,
        weights,
        nominated=bool(application and application.status == ApplicationStatus.NOMINATED),
        conduct=conduct.get(officer.pk) or NO_CONDUCT,
    )
    return Proposal(
        run=run,
        part=was.part,
        post=was.post,
        place=was.place,
        officer=officer,
        application=application,
        standing=weighed.standing,
        metres=_metres(officer, was.post),
        weighed=weighed.as_json(),
        by_hand=True,
        reason=reason,
        decided_by=by,
    )


def _metres(officer: Officer, post: Post) -> int | None:
    """As the optimiser measures, where both ends are known."""
    work = officer.current_work
    here, there = work.station if work else None, post.station
    if here is None or here.latitude is None or there.latitude is None:
        return None
    return metres(
        float(here.latitude),
        float(here.longitude or 0),
        float(there.latitude),
        float(there.longitude or 0),
    )
