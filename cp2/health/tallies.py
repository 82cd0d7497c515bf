"""Counts of the workers: gathered in the process, written every ten seconds in one statement.

A process that dies takes at most ten seconds of its counts with it; a failed task is written at
once.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

from celery import signals
from django.db import DatabaseError, connection, transaction

import sms.services
from cp2.health.models import Tally
from sms.backends import Accepted, NoAnswer, NotSent, OutOfService, Rejected

logger = logging.getLogger(__name__)

EVERY = 10.0  # seconds
Key = tuple[str, str]

# Of the gateway: how long a call took, so many seconds or less
SECONDS = (0.1, 0.3, 1.0, 3.0, 10.0)
OUTCOMES: dict[type[Any], str] = {
    Accepted: "sent",
    Rejected: "failed",
    NotSent: "not_sent",
    NoAnswer: "unknown",
    OutOfService: "out_of_service",
}

ADD = """
INSERT INTO health_tally (name, label, value)
SELECT * FROM unnest(%(names)s::text[], %(labels)s::text[], %(values)s::float8[])
ON CONFLICT (name, label) DO UPDATE SET value = {more}
"""
SUM = ADD.format(more="health_tally.value + excluded.value")
LATEST = ADD.format(more="greatest(health_tally.value, excluded.value)")


class Gathered:
    """From any thread; written by the worker's own, which has the database."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.counts: Counter[Key] = Counter()
        self.latest: dict[Key, float] = {}
        self.written = time.monotonic()

    def add(self, name: str, label: str = "", value: float = 1) -> None:
        with self.lock:
            self.counts[name, label] += value  # type: ignore[assignment]  # seconds too

    def last(self, name: str, value: float) -> None:
        with self.lock:
            self.latest[name, ""] = value

    def write(self) -> None:
        with self.lock:
            counts, self.counts = self.counts, Counter()
            latest, self.latest = self.latest, {}
            self.written = time.monotonic()
        try:
            with transaction.atomic():
                _write(SUM, counts)
                _write(LATEST, latest)
        except DatabaseError as error:
            logger.warning("counts could not be written: %s", type(error).__name__)
            with self.lock:
                self.counts.update(counts)
                self.latest = latest | self.latest

    def is_due(self) -> bool:
        return time.monotonic() - self.written >= EVERY


def _write(statement: str, counts: dict[Key, float] | Counter[Key]) -> None:
    """In one order, so that two who write at once wait for each other in turn."""
    if not counts:
        return
    keys = sorted(counts)
    rows: dict[str, Any] = {
        "names": [name for name, _label in keys],
        "labels": [label for _name, label in keys],
        "values": [counts[key] for key in keys],
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, rows)


gathered = Gathered()


def note_call(sender: Any, seconds: float, outcomes: Iterable[Any], **_: Any) -> None:
    """A call of the gateway, from the thread that made it."""
    for outcome in outcomes:
        gathered.add("gateway_texts", OUTCOMES.get(type(outcome), "error"))
        if isinstance(outcome, Accepted):
            gathered.last("gateway_success_at", time.time())
    gathered.add("gateway_calls")
    gathered.add("gateway_seconds", value=seconds)
    for most in SECONDS:
        if seconds <= most:
            gathered.add("gateway_calls_within", f"{most:g}")


def note_task(task: Any = None, state: str | None = None, **_: Any) -> None:
    gathered.add("tasks", f"{getattr(task, 'name', None) or 'unknown'}|{(state or '').lower()}")
    if state == "FAILURE" or gathered.is_due():
        gathered.write()


def listen() -> None:
    sms.services.gateway_called.connect(note_call, dispatch_uid="cp2.health.gateway")
    signals.task_postrun.connect(note_task, dispatch_uid="cp2.health.tasks")


def read() -> dict[Key, float]:
    return {(row.name, row.label): row.value for row in Tally.objects.all()[:1000]}
