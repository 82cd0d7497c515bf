"""Headquarters' runs; see accounts.running for how one is done."""

from typing import Any

from accounts.models import User
from accounts.running import Runs, Work
from cp2.runs.models import Run, RunKind

__all__ = ["RUNS", "Work", "cancel", "finish", "start", "try_again", "work"]

# The Work of each kind
WORKS: dict[str, str] = {
    RunKind.RETENTION: "cp2.protection.retention.WORK",
    RunKind.BREACH: "cp2.protection.breach.WORK",
    RunKind.DOSSIER: "cp2.protection.services.WORK",
    RunKind.AUDIENCE: "cp2.broadcasts.counting.WORK",
    RunKind.SEND: "cp2.broadcasts.sending.WORK",
    RunKind.CARRY: "cp2.opening.carrying.WORK",
    RunKind.CHECK: "cp2.opening.checking.WORK",
    RunKind.OPEN: "cp2.opening.centre_accounts.WORK",
    RunKind.READ: "cp2.transfers.importing.READ",
    RunKind.APPLY: "cp2.transfers.importing.APPLY",
    RunKind.EXPORT: "cp2.transfers.exporting.EXPORT",
    RunKind.VERIFY: "cp2.audit.work.WORK",
}
RUNS = Runs(Run, WORKS)

cancel, try_again, work, finish = RUNS.cancel, RUNS.try_again, RUNS.work, RUNS.finish


def start(
    kind: RunKind, *, by: User | None, title: str, about: str = "", page: str = "", **asked: Any
) -> Run:
    """A run that begins within seconds; `asked` is what its Work is to know, as JSON can hold it.

    Refused while another of the kind about the same thing is open.
    """
    return RUNS.start(
        Run(kind=kind, title=title[:200], about=about, page=page, asked=asked, started_by=by)
    )
