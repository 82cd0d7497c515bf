"""The worker's side: a row is the promise, a task the hands, beat the pulse."""

import os
import time
from typing import Any

from celery import Celery, signals
from celery.worker import state

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cp2.settings")

app = Celery("cp2")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

SILENCE = 15.0  # seconds; every queue has a tick each second


class Pulse:
    """Connects a worker anew that has nothing to do and hears no ticks.

    A broker that stalls while a task is acknowledged leaves the worker counting that task as one it
    still has; with as many as it may have, it asks for no more, for ever, and looks alive.
    """

    def __init__(self) -> None:
        self.heard = time.monotonic()
        self.watch: Any = None

    def hear(self, **_: Any) -> None:
        self.heard = time.monotonic()

    def start(self, sender: Any, **_: Any) -> None:
        """At each connection."""
        self.hear()
        if self.watch:
            self.watch.cancel()
        self.watch = sender.timer.call_repeatedly(SILENCE / 5, self.check)

    def check(self) -> None:
        if not state.active_requests and time.monotonic() - self.heard > SILENCE:
            self.hear()
            raise ConnectionResetError(f"no tick for {SILENCE:.0f} seconds")


pulse = Pulse()
signals.task_received.connect(pulse.hear)
signals.worker_ready.connect(pulse.start)
