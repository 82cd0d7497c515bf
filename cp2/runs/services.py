"""Headquarters' runs; see accounts.running for how one is done."""

from typing import Any

from accounts.models import User
from accounts.running import Runs, Work
from cp2.runs.models import Run, RunKind

__all__ = ["RUNS", "Work", "cancel", "finish", "start", "try_again", "work"]

# The Work of each kind
WORKS: dict[str, str] = {
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
