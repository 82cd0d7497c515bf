"""What a worker does at a tick, with the solver loaded: the only way by which it is."""

from collections.abc import Callable

from deployments.allocation import runs
from deployments.allocation.confirm import carry_out
from deployments.allocation.parts import propose
from deployments.models import AllocationPart, AllocationRun


def work(
    *,
    run: AllocationRun | None = None,
    seconds: float = 20,
    on: Callable[[AllocationPart], None] = lambda part: None,
) -> int:
    """Parts that are due, one after the other, for so long; how many there were."""
    return runs.work(solve=propose, confirm=carry_out, run=run, seconds=seconds, on=on)
