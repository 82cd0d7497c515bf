"""What each process counts by itself: requests, and what limits let through or refuse.

With PROMETHEUS_MULTIPROC_DIR set, all web processes of a machine count into files of that folder,
and any of them can tell what all have counted; without, each speaks for itself. The package looks
at the variable as it is imported.
"""

import fcntl
import os
from itertools import count
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, values
from prometheus_client.multiprocess import MultiProcessCollector

from cp2.limits import services as limits

FOLDER = "PROMETHEUS_MULTIPROC_DIR"


class Place:
    """Each process counts in a file of its own, which it leaves to the next when it ends: by its
    number, the package would leave one behind for every process that there ever was."""

    def __init__(self) -> None:
        self.process, self.number = 0, 0
        self.lock = -1

    def __call__(self) -> int:
        if self.process != os.getpid():  # also after a fork
            self.take()
        return self.number

    def take(self) -> None:
        """The kernel gives the lock back when we die, however we die."""
        for number in count():
            lock = os.open(
                Path(os.environ[FOLDER], f"{number}.lock"), os.O_RDWR | os.O_CREAT, 0o600
            )
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                continue
            self.lock, self.number, self.process = lock, number, os.getpid()
            return


if os.environ.get(FOLDER):
    values.ValueClass = values.MultiProcessValue(Place())  # type: ignore[no-untyped-call]  # prometheus_client has no types here

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
    if not os.environ.get(FOLDER):
        return OWN
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]  # prometheus_client has no types here
    return together


def listen() -> None:
    limits.asked.connect(note_limits, dispatch_uid="cp2.health.limits")
