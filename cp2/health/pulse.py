"""Signs of life: beat's own, and each queue's of a worker that takes its tasks.

The queue of credentials gives its own as it takes its tick (sms.tasks). The other one does so with
every task, since a long one may keep a tick waiting.
"""

import logging
import threading
import time
from typing import Any

from celery import signals
from django.db import DatabaseError, connection
from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Now

from sms.models import Heartbeat
from sms.services import beat

logger = logging.getLogger(__name__)

EVERY = 5.0  # seconds between two signs of life of one process
# After how many seconds of silence each counts as gone; a task of the second queue may take two
# minutes (CELERY_TASK_TIME_LIMIT), and all of its processes may be at such a task.
SILENCE = {"worker": 15, "work": 130, "beat": 15}


def ages() -> dict[str, float | None]:
    """Seconds since each last gave a sign of life, by the database's clock; None for never."""
    age = ExpressionWrapper(Now() - F("at"), output_field=DurationField())
    rows = Heartbeat.objects.filter(name__in=SILENCE).annotate(age=age)
    found = {row.name: row.age.total_seconds() for row in rows}
    return {name: found.get(name) for name in SILENCE}


class Beat:
    """Says that beat ticks, from a thread of its own: a database that hangs must not keep beat
    from ticking, and a thread that lives on must not speak for a beat that no longer ticks."""

    def __init__(self) -> None:
        self.ticked = threading.Event()

    def start(self, **_: Any) -> None:
        signals.before_task_publish.connect(self.tick, weak=False)
        threading.Thread(target=self.run, name="pulse", daemon=True).start()

    def tick(self, **_: Any) -> None:
        self.ticked.set()

    def run(self) -> None:
        while True:
            self.ticked.wait()
            self.ticked.clear()
            give("beat")
            time.sleep(EVERY)


class Queue:
    """Called with each task that a worker's process takes."""

    def __init__(self) -> None:
        self.given: dict[str, float] = {}

    def take(self, task: Any = None, **_: Any) -> None:
        about = getattr(getattr(task, "request", None), "delivery_info", None) or {}
        name = about.get("routing_key")
        if name != "work":
            return
        if time.monotonic() - self.given.get(name, float("-inf")) >= EVERY:
            self.given[name] = time.monotonic()
            give(name)


def give(name: str) -> None:
    """Whoever lives goes on living where the database does not."""
    try:
        beat(name)
    except DatabaseError as error:
        logger.warning("no sign of life could be given: %s", type(error).__name__)
        if not connection.in_atomic_block:
            connection.close()


the_beat, the_queue = Beat(), Queue()


def listen() -> None:
    signals.beat_init.connect(the_beat.start, dispatch_uid="cp2.health.beat")
    signals.task_prerun.connect(the_queue.take, dispatch_uid="cp2.health.queue")
