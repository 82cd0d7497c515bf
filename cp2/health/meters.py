"""What each process counts by itself: requests, and what limits let through or refuse.

With PROMETHEUS_MULTIPROC_DIR set, all web processes of a machine count into files of that folder,
and any of them can tell what all have counted; without, each speaks for itself. The package looks
at the variable as it is imported.
"""

import os
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

from cp2.limits import services as limits

OWN = CollectorRegistry()

# Routes, methods and statuses are few and known: no address, number or name is ever a label.
REQUEST_SECONDS = Histogram(
    "cp2_request_seconds",
    "Time that requests took, by the name of the page, the method and the class of the status.",
    ["route", "method", "status"],
    buckets=(0.05, 0.1, 0.3, 1, 3, 10),
    registry=OWN,
)
LIMIT_TAKEN = Counter("cp2_limit_taken", "Tries that a limit let through.", ["limit"], registry=OWN)
LIMIT_REFUSED = Counter("cp2_limit_refused", "Tries that a limit refused.", ["limit"], registry=OWN)


def note_request(route: str, method: str, status: int, seconds: float) -> None:
    REQUEST_SECONDS.labels(route, method, f"{status // 100}xx").observe(seconds)


def note_limits(sender: Any, taken: list[str], refused: str, **_: Any) -> None:
    for name in taken:
        LIMIT_TAKEN.labels(name).inc()
    if refused:
        LIMIT_REFUSED.labels(refused).inc()


def registry() -> CollectorRegistry:
    """All that the processes of this machine have counted."""
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return OWN
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return together


def listen() -> None:
    limits.asked.connect(note_limits, dispatch_uid="cp2.health.limits")
