"""Work on claims that takes longer than a page may: a row is the promise, a worker keeps it.

Each kind of run is a `Work`: `plan` says into which portions it falls, `step` does the next one.
A step runs in one transaction together with its progress: a worker that dies leaves nothing
half-written, and whoever comes next goes on with the portion that was lost.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record
from catalogue.models import Exam, SubCounty
from claims.models import OPEN_RUNS, MoneyRun, PaymentBatch, RunKind, RunStatus
from cp2.rules import Refused, lock, move

LEASE = timedelta(seconds=60)
LONGEST = timedelta(seconds=600)  # that a worker may take, and no more, before it is stopped
MOST_ATTEMPTS = 3
WAIT = timedelta(seconds=5)

# Named rather than imported: what they do stands on much that web processes need not load.
WORKS = {
    RunKind.PREPARE: "claims.services.preparing.WORK",
    RunKind.GHOSTS: "claims.ghosts.finding.WORK",
    RunKind.BUILD: "claims.services.building.WORK",
    RunKind.EXPORT: "claims.services.exporting.WORK",
    RunKind.APPROVE: "claims.services.checking.WORK",
    RunKind.RECONCILE: "claims.services.reconciling.WORK",
}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """How a kind of run is done.

    `plan(run)` answers with its portions, each as JSON can hold it. `step(run, portion)` does one
    inside a transaction, and adds to the run's outcome by `run.count(...)`. `before(run, portion)`,
    where a kind has it, is called outside of any transaction first, for what asks another machine
    or takes long without writing; what it answers is handed to the step as a third argument.
    `called_off(run, by)`, where a kind has it, takes back what a run that is called off has done.
    """

    plan: Callable[[MoneyRun], list[Any]]
    step: Callable[..., None]
    before: Callable[[MoneyRun, Any], Any] | None = None
    called_off: Callable[[MoneyRun, User], None] | None = None


def work_of(kind: str) -> Work:
    found: Work = import_string(WORKS[RunKind(kind)])
    return found


# A person's part


@transaction.atomic
def start(
    kind: RunKind,
    exam: Exam,
    *,
    by: User | None,
    sub_county: SubCounty | None = None,
    batch: PaymentBatch | None = None,
    **asked: Any,
) -> MoneyRun:
    """A run that begins within seconds. One of a kind for the same thing at a time."""
    run = MoneyRun(
        kind=kind, exam=exam, sub_county=sub_county, batch=batch, asked=asked, started_by=by
    )
    try:
        with transaction.atomic():
            run.save()
    except IntegrityError as error:
        raise Refused(_("This is being done already. Look at the runs.")) from error
    record("run.started", run, by=by, kind=str(kind), exam=exam.pk)
    return run


@transaction.atomic
def cancel(run: MoneyRun, *, by: User) -> MoneyRun:
    """The portions that are done stay done, unless the kind says otherwise. Twice is once."""
    run = lock(run)
    if run.status == RunStatus.CANCELLED:
        return run
    move(run, RunStatus.CANCELLED, ended_at=timezone.now(), lease_until=None)
    record("run.cancelled", run, by=by)
    if called_off := work_of(run.kind).called_off:
        called_off(run, by)
    return run


@transaction.atomic
def try_again(run: MoneyRun, *, by: User) -> MoneyRun:
    """A person has looked at a run that failed: it goes on with the portions that are left."""
    run = lock(run)
    if run.is_open:
        return run
    try:
        with transaction.atomic():
            move(run, RunStatus.WAITING, attempts=0, failure="", not_before=timezone.now())
    except IntegrityError as error:
        raise Refused(_("This is being done already. Look at the runs.")) from error
    record("run.asked_again", run, by=by)
    return run


# A worker's part


def work(*, seconds: float = 20, run: MoneyRun | None = None) -> int:
    """Portions for so long, one after the other; how many. `run` is for somebody who waits for
    that one."""
    until, done = monotonic() + seconds, 0
    while monotonic() < until and (taken := _take(run)):
        if _go_on(taken):
            done += 1
    return done


def finish(run: MoneyRun) -> MoneyRun:
    """All of it, here and now, for the command line and for tests."""
    while _take(run):
        run.refresh_from_db()
        _go_on(run)
    run.refresh_from_db()
    return run


@transaction.atomic
def _take(run: MoneyRun | None) -> MoneyRun | None:
    """Lease what is due. Each attempt is counted before it is made: a worker may die of it."""
    now = timezone.now()
    due = MoneyRun.objects.filter(
        Q(lease_until=None) | Q(lease_until__lte=now), status__in=OPEN_RUNS, not_before__lte=now
    )
    if run is not None:
        due = MoneyRun.objects.filter(pk=run.pk, status__in=OPEN_RUNS)
    taken: MoneyRun | None = due.order_by("pk").select_for_update(skip_locked=True).first()
    if taken is None:
        return None
    if taken.attempts >= MOST_ATTEMPTS:
        _fail(taken, taken.failure or "the worker died of it")
        return None
    # what is done outside of a transaction holds no lock, so the lease alone keeps others away
    lease = LONGEST if work_of(taken.kind).before else LEASE
    taken.lease_until, taken.attempts = now + lease, taken.attempts + 1
    taken.save(update_fields=["lease_until", "attempts"])
    return taken


def _go_on(run: MoneyRun) -> bool:
    by = run.started_by
    with translation.override(by.language if by else "en"):
        try:
            _portion(run)
        except Refused as refusal:
            _fail(run, str(refusal))
            return False
        except Exception as error:  # whatever it is, the next tick tries again
            log.exception("money_run_broke", extra={"run": run.pk})
            _give_back(run, f"{type(error).__name__}: {error}")
            return False
    return True


def _portion(run: MoneyRun) -> None:
    """The plan, if there is none yet; else the next portion. Both with their progress."""
    how = work_of(run.kind)
    given: tuple[Any, ...] = ()
    if how.before and run.status == RunStatus.RUNNING and run.left:
        given = (how.before(run, run.left[0]),)
    with transaction.atomic():
        row = lock(run)
        if not row.is_open:
            return  # it was called off
        if row.status == RunStatus.WAITING:
            if not row.portions:  # else it was tried again
                row.left = how.plan(row)
                row.portions = len(row.left)
            move(row, RunStatus.RUNNING)
        elif row.left == run.left and row.left:
            how.step(row, row.left[0], *given)
            row.left = row.left[1:]
        row.attempts, row.failure, row.lease_until = 0, "", None
        row.save()
        if not row.left:
            move(row, RunStatus.DONE, ended_at=timezone.now())
            record("run.done", row, by=row.started_by, **row.outcome)


def _fail(run: MoneyRun, why: str) -> None:
    """A rule says no: trying again by itself would not help."""
    with transaction.atomic():
        row = lock(run)
        if row.status == RunStatus.WAITING:
            move(row, RunStatus.RUNNING)
        if row.status == RunStatus.RUNNING:
            move(row, RunStatus.FAILED, failure=why[:300], lease_until=None)


def _give_back(run: MoneyRun, why: str) -> None:
    """Tried again a little later, and longer after each attempt."""
    MoneyRun.objects.filter(pk=run.pk, status__in=OPEN_RUNS).update(
        failure=why[:300], lease_until=None, not_before=timezone.now() + WAIT * run.attempts
    )
