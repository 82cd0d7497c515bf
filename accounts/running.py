"""Work that takes longer than a page may: a row is the promise, a worker keeps it.

Each kind of run is a `Work`: `plan` says into which portions it falls, `step` does the next one.
A step runs in one transaction together with its progress: a worker that dies leaves nothing
half-written, and whoever comes next goes on with the portion that was lost.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import monotonic
from traceback import walk_tb
from typing import Any, Generic, TypeVar

import pghistory
from django.conf import settings
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone, translation
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.promises import OPEN_RUNS, LongRun, RunStatus
from accounts.services import record
from cp2.rules import Refused, lock, move

LEASE = timedelta(seconds=60)
LONGEST = timedelta(seconds=600)  # that a worker may take, and no more, before it is stopped
MOST_ATTEMPTS = 3
WAIT = timedelta(seconds=5)
PATIENCE = "5s"  # of somebody who looks at a page
LOCK_NOT_AVAILABLE = "55P03"  # of PostgreSQL's errors

log = logging.getLogger(__name__)

R = TypeVar("R", bound=LongRun)


@dataclass(frozen=True, slots=True)
class Work:
    """How a kind of run is done.

    `plan(run)` answers with its portions, each as JSON can hold it. `step(run, portion)` does one
    inside a transaction, and adds to the run's outcome by `run.count(...)`, to its log by
    `run.note(...)`. `before(run, portion)`, where a kind has it, is called outside of any
    transaction first, for what asks another machine or takes long without writing; what it answers
    is handed to the step as a third argument. `called_off(run, by)`, where a kind has it, takes
    back what a run that is called off has done.
    """

    plan: Callable[[Any], list[Any]]
    step: Callable[..., None]
    before: Callable[[Any, Any], Any] | None = None
    called_off: Callable[[Any, User], None] | None = None


@contextmanager
def acting(by: User | None) -> Iterator[None]:
    """For the triggers that write changes down: whoever asked for a run did what it does. A worker
    does those of many people, one after the other."""
    with pghistory.context() as known:
        before = known.metadata.get("user")
        known.metadata["user"] = by.pk if by else None
        try:
            yield
        finally:
            known.metadata["user"] = before


def _in_short(error: Exception) -> str:
    """Which error it was, and where. Its words are the log's, which masks them: what a database
    refuses it quotes, and all of headquarters reads what a run says."""
    words = f": {error.strerror}" if isinstance(error, OSError) and error.strerror else ""
    places = [
        f" ({path.relative_to(settings.BASE_DIR)}, line {line})"
        for frame, line in walk_tb(error.__traceback__)
        if (path := Path(frame.f_code.co_filename)).is_relative_to(settings.BASE_DIR)
        and "site-packages" not in path.parts
        and "__tracebackhide__" not in frame.f_locals
    ]
    return f"{type(error).__name__}{words}{places[-1]}"


class Runs(Generic[R]):
    """The runs of one model. `works` names each kind's Work rather than importing it: what that
    does stands on much that web processes need not load."""

    def __init__(self, model: type[R], works: Mapping[str, str]) -> None:
        self.model = model
        self.works = works

    def work_of(self, kind: str) -> Work:
        found: Work = import_string(self.works[kind])
        return found

    # A person's part

    @transaction.atomic
    def start(self, run: R, **told: Any) -> R:
        """It begins within seconds. Refused where the database says that it is at work already."""
        self._save(run.save)
        record("run.started", run, by=run.started_by, kind=str(run.kind), **told)
        return run

    @transaction.atomic
    def cancel(self, run: R, *, by: User) -> R:
        """The portions that are done stay done, unless the kind says otherwise. Twice is once."""
        run = self._between_portions(run)
        if run.status == RunStatus.CANCELLED:
            return run
        run.note(_("Called off by %(who)s.") % {"who": by})
        move(run, RunStatus.CANCELLED, ended_at=Now(), lease_until=None, log=run.log)
        run.refresh_from_db(fields=["ended_at"])
        record("run.cancelled", run, by=by)
        if called_off := self.work_of(run.kind).called_off:
            called_off(run, by)
        return run

    @transaction.atomic
    def try_again(self, run: R, *, by: User) -> R:
        """A person has looked at a run that failed: it goes on with the portions that are left."""
        run = lock(run)
        if run.is_open:
            return run
        run.note(_("Tried again by %(who)s.") % {"who": by})
        again = {"attempts": 0, "failure": "", "not_before": timezone.now(), "log": run.log}
        self._save(lambda: move(run, RunStatus.WAITING, **again))
        record("run.asked_again", run, by=by)
        return run

    def _between_portions(self, run: R) -> R:
        """Locked, or refused after as long as somebody waits for a page: all of a file may be one
        portion, which takes minutes."""
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = %s", [PATIENCE])
                locked = lock(run)
                cursor.execute("SET LOCAL lock_timeout TO DEFAULT")
                return locked
        except OperationalError as error:
            if getattr(error.__cause__, "pgcode", "") != LOCK_NOT_AVAILABLE:
                raise
            raise Refused(
                _("It is writing at this moment, and nothing stays half done. Try again shortly.")
            ) from error

    def _save(self, save: Callable[[], None]) -> None:
        try:
            with transaction.atomic():
                save()
        except IntegrityError as error:
            raise Refused(_("This is being done already. Look at the runs.")) from error

    # A worker's part

    def work(self, *, seconds: float = 20, run: R | None = None) -> int:
        """Portions for so long, one after the other; how many. `run` is for somebody who waits for
        that one."""
        until, done = monotonic() + seconds, 0
        while monotonic() < until and (taken := self.take(run)):
            if self.go_on(taken):
                done += 1
        return done

    def finish(self, run: R) -> R:
        """All of it, here and now, for the command line and for tests."""
        while self.take(run):
            run.refresh_from_db()
            self.go_on(run)
        run.refresh_from_db()
        return run

    @transaction.atomic
    def take(self, run: R | None) -> R | None:
        """Lease what is due. Each attempt is counted before it is made: a worker may die of it."""
        now = timezone.now()
        rows = self.model._default_manager.filter(status__in=OPEN_RUNS)
        if run is None:
            is_free = Q(lease_until=None) | Q(lease_until__lte=now)
            due = rows.filter(is_free, not_before__lte=now)
        else:
            due = rows.filter(pk=run.pk)
        taken: R | None = due.order_by("pk").select_for_update(skip_locked=True).first()
        if taken is None:
            return None
        if taken.attempts >= MOST_ATTEMPTS:
            self._fail(taken, taken.failure or "the worker died of it")
            return None
        # what is done outside of a transaction holds no lock, so the lease alone keeps others away
        lease = LONGEST if self.work_of(taken.kind).before else LEASE
        taken.lease_until, taken.attempts = now + lease, taken.attempts + 1
        taken.save(update_fields=["lease_until", "attempts"])
        return taken

    def go_on(self, run: R) -> bool:
        """The next portion of what was leased; whether it was done."""
        by = run.started_by
        with translation.override(by.language if by else "en"), acting(by):
            try:
                self._portion(run)
            except Refused as refusal:
                self._fail(run, str(refusal))
                return False
            except Exception as error:  # whatever it is, the next tick tries again
                log.exception("run_broke", extra={"run": run.pk, "kind": run.kind})
                self._give_back(run, _in_short(error))
                return False
        return True

    def _portion(self, run: R) -> None:
        """The plan, if there is none yet; else the next portion. Both with their progress."""
        how = self.work_of(run.kind)
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
                row.note(_("Begun: %(n)s portions left.") % {"n": len(row.left)})
                move(row, RunStatus.RUNNING)
            elif row.left == run.left and row.left:
                how.step(row, row.left[0], *given)
                row.left = row.left[1:]
            row.attempts, row.failure, row.lease_until = 0, "", None
            if not row.left:
                row.note(_("Done."))
            row.save()
            if not row.left:
                # by the clock that said when it was asked for
                move(row, RunStatus.DONE, ended_at=Now())
                record("run.done", row, by=row.started_by, **row.outcome)

    @transaction.atomic
    def _fail(self, run: R, why: str) -> None:
        """A rule says no: trying again by itself would not help."""
        row = lock(run)
        if row.status == RunStatus.WAITING:
            move(row, RunStatus.RUNNING)
        if row.status == RunStatus.RUNNING:
            row.note(why[:300])
            move(row, RunStatus.FAILED, failure=why[:300], lease_until=None, log=row.log)

    @transaction.atomic
    def _give_back(self, run: R, why: str) -> None:
        """Tried again a little later, and longer after each attempt."""
        row = lock(run)
        if row.is_open:
            row.note(why[:300])
            row.failure, row.lease_until = why[:300], None
            row.not_before = timezone.now() + WAIT * run.attempts
            row.save(update_fields=["failure", "lease_until", "not_before", "log"])
