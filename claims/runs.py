"""Work on claims that takes longer than a page may; see accounts.running."""

from typing import Any

from accounts.models import User
from accounts.running import Runs, Work
from catalogue.models import Exam, SubCounty
from claims.models import MoneyRun, PaymentBatch, RunKind

__all__ = ["RUNS", "Work", "cancel", "finish", "start", "try_again", "work"]

WORKS: dict[str, str] = {
    RunKind.PREPARE: "claims.services.preparing.WORK",
    RunKind.GHOSTS: "claims.ghosts.finding.WORK",
    RunKind.BUILD: "claims.services.building.WORK",
    RunKind.EXPORT: "claims.services.exporting.WORK",
    RunKind.APPROVE: "claims.services.checking.WORK",
    RunKind.RECONCILE: "claims.services.reconciling.WORK",
}
RUNS = Runs(MoneyRun, WORKS)

cancel, try_again, work, finish = RUNS.cancel, RUNS.try_again, RUNS.work, RUNS.finish


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
    return RUNS.start(run, exam=exam.pk)
