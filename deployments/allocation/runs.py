"""The life of a run: asked for, worked at part by part, proposed; or called off.

A row is the promise. A worker takes one part at a time under a lease, reads and solves outside any
transaction, and writes all of the part in one: a worker that dies leaves nothing half-written, and
the next one begins with the part that was lost, not with the run.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Avg, Exists, F, OuterRef, Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record
from catalogue.models import County, Exam, SubCounty
from cp2.rules import Refused, lock, move
from deployments.allocation.merit import as_json, weights_of
from deployments.models import (
    AllocationPart,
    AllocationRun,
    Post,
    PostQuerySet,
    RunStatus,
    Spill,
    Whose,
)

LEASE = timedelta(seconds=60)
MOST_ATTEMPTS = 3
WAIT = timedelta(seconds=5)
# Parts under way at once, on all machines: texts and letters need workers too.
AT_ONCE = 1
UNSOLVED = [RunStatus.WAITING, RunStatus.RUNNING]

log = logging.getLogger(__name__)


class Lost(Exception):
    """The run was called off, or another worker has the part, since this one took it."""


# A person's part


@transaction.atomic
def start(
    exam: Exam,
    *,
    by: User | None,
    scope: SubCounty | None = None,
    county: County | None = None,
    whose: Whose = Whose.ALL,
    spill: Spill = Spill.NONE,
    seed: int | None = None,
) -> AllocationRun:
    """A run that begins within seconds.

    Whoever does not name a seed gets the exam's own: a director who could draw again would draw
    until a friend comes out.
    """
    if exam.ends_on < timezone.localdate():
        raise Refused(_("This exam is over."))
    run = AllocationRun(
        exam=exam,
        scope=scope,
        county=county,
        whose=whose,
        spill=Spill.NONE if scope else spill,
        seed=seed if seed is not None else exam.year * 100 + exam.code,
        weights=as_json(weights_of(exam)),
        started_by=by,
    )
    try:
        with transaction.atomic():
            run.save()
    except IntegrityError as error:
        raise Refused(
            _("There is a proposal for this already. Confirm it or call it off first.")
        ) from error
    if not _divide(run):
        raise Refused(
            _("No station here is entitled to officers in this exam. Headquarters computes that.")
        )
    record("allocation.started", run, by=by, place=run.place, whose=whose, seed=run.seed)
    return run


def posts_of(run: AllocationRun) -> PostQuerySet:
    """All that a run is about."""
    posts = Post.objects.filter(
        exam=run.exam_id, position__deployed_by__in=Whose(run.whose).offices, required__gt=0
    )
    if run.scope_id:
        posts = posts.filter(station__sub_county=run.scope_id)
    elif run.county_id:
        posts = posts.filter(station__sub_county__county=run.county_id)
    return posts


def _divide(run: AllocationRun) -> int:
    """Into its parts; says how many there are."""
    places = SubCounty.objects.filter(pk__in=posts_of(run).values("station__sub_county"))
    parts = [
        AllocationPart(run=run, sub_county_id=pk)
        for pk in places.order_by("county__code", "name").values_list("pk", flat=True)
    ]
    if run.spill == Spill.NATION or (run.spill == Spill.COUNTY and run.county_id):
        parts.append(AllocationPart(run=run, round=2, county_id=run.county_id))
    elif run.spill == Spill.COUNTY:
        counties = places.order_by("county__code").values_list("county", flat=True).distinct()
        parts += [AllocationPart(run=run, round=2, county_id=pk) for pk in counties]
    AllocationPart.objects.bulk_create(parts)
    return len(parts)


@transaction.atomic
def cancel(run: AllocationRun, *, by: User | None) -> AllocationRun:
    """Nothing of it was sent, so nothing has to be taken back. Twice is once."""
    run = lock(run)
    if run.status == RunStatus.CANCELLED:
        return run
    move(run, RunStatus.CANCELLED)
    record("allocation.cancelled", run, by=by)
    return run


@transaction.atomic
def try_again(run: AllocationRun, *, by: User | None) -> AllocationRun:
    """A person has looked at a run that failed. What was solved stays."""
    run = lock(run)
    if run.status in UNSOLVED:
        return run
    try:
        with transaction.atomic():
            move(run, RunStatus.WAITING)
    except IntegrityError as error:
        raise Refused(
            _("There is a proposal for this already. Confirm it or call it off first.")
        ) from error
    for part in run.parts.filter(status=RunStatus.FAILED).select_for_update():
        move(part, RunStatus.WAITING, attempts=0, failure="")
    record("allocation.asked_again", run, by=by)
    return run


# A worker's part


def due(run: AllocationRun | None = None) -> Any:
    """Parts to be solved or confirmed that nobody has. The second round waits for the first, and a
    sub-county's own run does not wait behind the nation's."""
    now = timezone.now()
    unsolved = AllocationPart.objects.filter(run=OuterRef("run"), round=1, status__in=UNSOLVED)
    parts = AllocationPart.objects.filter(
        Q(run__status__in=UNSOLVED, status__in=UNSOLVED)
        | Q(
            run__status=RunStatus.CONFIRMING,
            status__in=[RunStatus.DONE, RunStatus.CONFIRMING],
        ),
        Q(lease_until=None) | Q(lease_until__lte=now),
        not_before__lte=now,
    ).exclude(Q(round=2) & Exists(unsolved))
    if run is not None:
        parts = parts.filter(run=run)
    return parts.order_by(F("run__scope").asc(nulls_last=True), "run", "round", "pk")


@transaction.atomic
def take(run: AllocationRun | None = None) -> AllocationPart | None:
    """Lease what is due. `run` is for somebody who waits at the command line for that one."""
    if run is None and _under_way() >= AT_ONCE:
        return None
    part: AllocationPart | None = (
        due(run).select_for_update(skip_locked=True, of=("self",)).select_related("run").first()
    )
    if part is None:
        return None
    solving = part.status in UNSOLVED
    if solving and part.attempts >= MOST_ATTEMPTS:
        _fail(part, part.failure or "the worker died of it")
        return None
    part.lease_until, part.attempts = timezone.now() + LEASE, part.attempts + 1
    part.save(update_fields=["lease_until", "attempts"])
    if part.status == RunStatus.WAITING:
        move(part, RunStatus.RUNNING)
    elif part.status == RunStatus.DONE:
        move(part, RunStatus.CONFIRMING)
    if part.run.status == RunStatus.WAITING:
        _begin(part.run)
    return part


def _begin(run: AllocationRun) -> None:
    row = lock(run)
    if row.status == RunStatus.WAITING:  # another worker's part may have been the first
        move(row, RunStatus.RUNNING)


def _under_way() -> int:
    return AllocationPart.objects.filter(
        lease_until__gt=timezone.now(), status__in=[RunStatus.RUNNING, RunStatus.CONFIRMING]
    ).count()


def work(
    *,
    solve: Callable[[AllocationPart, Callable[[float], None]], Callable[[], dict[str, Any]]],
    confirm: Callable[[AllocationPart, Callable[[float], None]], None],
    run: AllocationRun | None = None,
    seconds: float = 20,
    on: Callable[[AllocationPart], None] = lambda part: None,
) -> int:
    """Parts for so long, one after the other; how many."""
    until, done = monotonic() + seconds, 0
    while monotonic() < until and (part := take(run)):
        _work_at(part, solve=solve, confirm=confirm)
        on(part)
        done += 1
    return done


def _work_at(part: AllocationPart, *, solve: Any, confirm: Any) -> None:
    by = part.run.confirmed_by if part.status == RunStatus.CONFIRMING else part.run.started_by
    beat = Beat(part)
    with translation.override(by.language if by else "en"):
        try:
            if part.status == RunStatus.CONFIRMING:
                confirm(part, beat)
                _finish(part, RunStatus.CONFIRMED)
            else:
                write = solve(part, beat)
                _finish(part, RunStatus.DONE, write)
        except Lost:
            log.info("allocation_part_lost", extra={"part": part.pk})
        except Exception as error:  # whatever it is, the next tick tries again
            log.exception("allocation_part_broke", extra={"part": part.pk})
            _give_back(part, f"{type(error).__name__}: {error}")


class Beat:
    """Says how far a part is; its lease goes on from here."""

    def __init__(self, part: AllocationPart) -> None:
        self.part, self.last = part, 0.0

    def __call__(self, done: float) -> None:
        if monotonic() - self.last < 0.5 and done < 1:
            return
        self.last = monotonic()
        ours = ours_of(self.part).update(
            progress=min(99, int(done * 100)), lease_until=timezone.now() + LEASE
        )
        if not ours:
            raise Lost
        note_progress(self.part.run_id)


def ours_of(part: AllocationPart) -> Any:
    """The row, if it is still this worker's."""
    return AllocationPart.objects.filter(
        pk=part.pk, status=part.status, attempts=part.attempts
    ).exclude(run__status=RunStatus.CANCELLED)


def note_progress(run: int) -> None:
    """Of a run: the mean of its parts."""
    mean = AllocationPart.objects.filter(run=run).aggregate(mean=Avg("progress"))["mean"]
    AllocationRun.objects.filter(pk=run).update(progress=int(mean or 0))


@transaction.atomic
def _finish(
    part: AllocationPart, status: RunStatus, write: Callable[[], dict[str, Any]] | None = None
) -> None:
    """The part is done, and with the last one the run."""
    run = lock(part.run)
    row = ours_of(part).select_for_update(of=("self",)).first()
    if row is None or not run.is_at_work:
        raise Lost
    outcome = write() if write else row.outcome
    move(row, status, progress=100, lease_until=None, outcome=outcome, failure="")
    if run.parts.exclude(status=status).exists():
        note_progress(run.pk)
    elif status == RunStatus.DONE:
        _propose(run)
    else:
        _close(run)


def _propose(run: AllocationRun) -> None:
    run.outcome = together(list(run.parts.all()))
    move(run, RunStatus.DONE, progress=100, proposed_at=timezone.now(), outcome=run.outcome)
    record("allocation.proposed", run, by=run.started_by, outcome=run.outcome)


def together(parts: list[AllocationPart]) -> dict[str, Any]:
    """Places and applicants are the first round's; what a second one fills comes on top."""
    first = [part.outcome for part in parts if part.round == 1]
    all_ = [part.outcome for part in parts]
    return {
        **{
            name: sum(outcome[name] for outcome in first)
            for name in ("places", "applicants", "eligible")
        },
        "best": _sum([outcome["best"] for outcome in all_]),
        "queue": _sum([outcome["queue"] for outcome in first]),
        "second": sum(part.outcome["best"]["filled"] for part in parts if part.round == 2),
    }


def _sum(gauges: list[dict[str, int]]) -> dict[str, int]:
    return {name: sum(each[name] for each in gauges) for name in (gauges[0] if gauges else {})}


def _close(run: AllocationRun) -> None:
    counts = {
        status: run.proposals.filter(status=status).count() for status in ("confirmed", "refused")
    }
    move(
        run,
        RunStatus.CONFIRMED,
        progress=100,
        confirmed_at=timezone.now(),
        outcome=run.outcome | counts,
    )
    record("allocation.confirmed", run, by=run.confirmed_by, outcome=counts)


@transaction.atomic
def _give_back(part: AllocationPart, why: str) -> None:
    row = ours_of(part).select_related("run").select_for_update(of=("self",)).first()
    if row is None:
        return
    if row.attempts >= MOST_ATTEMPTS and row.status == RunStatus.RUNNING:
        _fail(row, why)
    else:
        row.lease_until, row.failure = None, why[:300]
        row.not_before = timezone.now() + WAIT * min(row.attempts, 12)
        row.save(update_fields=["lease_until", "failure", "not_before"])


def _fail(part: AllocationPart, why: str) -> None:
    if part.status == RunStatus.WAITING:  # given up before it began
        move(part, RunStatus.RUNNING)
    move(part, RunStatus.FAILED, lease_until=None, failure=why[:300])
    run = lock(part.run)
    if run.status == RunStatus.WAITING:
        move(run, RunStatus.RUNNING)
    if run.status == RunStatus.RUNNING:
        move(run, RunStatus.FAILED)
        record("allocation.failed", run, by=None, part=str(part))
