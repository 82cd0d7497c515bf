"""A proposal becomes deployments: by the one door, a block of officers at a time.

Whatever has changed since the proposal was made is found here, for every rule, lock and constraint
is asked again. What is refused stays in the proposal with its sentence.
"""

from collections.abc import Callable

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record
from cp2.rules import Refused, lock, move
from deployments.allocation.runs import Lost, ours_of
from deployments.models import (
    AllocationPart,
    AllocationRun,
    Deployment,
    Proposal,
    ProposalQuerySet,
    ProposalStatus,
    RunStatus,
)
from deployments.services.bulk import Wish, deploy_each

BLOCK = 200


@transaction.atomic
def confirm(run: AllocationRun, *, by: User) -> AllocationRun:
    """A person has looked at it. A worker begins within seconds; asked twice, it is done once."""
    run = lock(run)
    if run.status in {RunStatus.CONFIRMING, RunStatus.CONFIRMED}:
        return run
    if run.status == RunStatus.DONE and not _proposed(run).exists():
        raise Refused(_("Nobody is proposed, so there is nothing to confirm."))
    move(run, RunStatus.CONFIRMING, confirmed_by=by, progress=0)
    run.parts.update(progress=0, attempts=0)
    record("allocation.agreed", run, by=by, proposed=_proposed(run).count())
    return run


def _proposed(run: AllocationRun) -> ProposalQuerySet:
    return run.proposals.filter(status=ProposalStatus.PROPOSED)


def carry_out(part: AllocationPart, on: Callable[[float], None]) -> None:
    """All of one part, in blocks that each stand when they are committed."""
    left = total = part.proposals.filter(status=ProposalStatus.PROPOSED).count()
    while left:
        left -= _block(part)
        on(1 - left / total if left > 0 else 0.99)
        if left <= 0:
            left = part.proposals.filter(status=ProposalStatus.PROPOSED).count()


@transaction.atomic
def _block(part: AllocationPart) -> int:
    """By officer's number, as locks are taken."""
    if ours_of(part).select_for_update(of=("self",)).first() is None:
        raise Lost
    rows = list(
        part.proposals.filter(status=ProposalStatus.PROPOSED)
        .order_by("officer")
        .select_for_update(of=("self",))[:BLOCK]
    )
    assert part.run.confirmed_by is not None
    outcome = deploy_each(
        [Wish(row.post_id, row.officer_id, row.application_id) for row in rows],
        by=part.run.confirmed_by,
        run=part.run_id,
    )
    for row, came in zip(rows, outcome, strict=True):
        if isinstance(came, Deployment):
            row.status, row.deployment = ProposalStatus.CONFIRMED, came
        else:
            row.status, row.refusal = ProposalStatus.REFUSED, came[:500]
    Proposal.objects.bulk_update(rows, ["status", "deployment", "refusal"])
    return len(rows)
