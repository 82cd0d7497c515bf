"""How far a long portion is. What it writes cannot be seen before it is over, so this is written
over a connection of its own, which holds no lock for longer than that takes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.promises import OPEN_RUNS
from accounts.running import LEASE
from cp2.runs.models import Run

EVERY = 1.0  # seconds
# What comes after the last line, a few statements over all of them, says nothing on the way.
SILENCE = 3 * LEASE

BEAT = """
UPDATE runs_run SET lease_until = %(until)s,
    outcome = outcome || jsonb_build_object(%(name)s::text, %(n)s)
WHERE id = %(run)s AND status = ANY(%(open)s)
"""


class CalledOff(Exception):
    """Somebody wants no more of it."""


class Progress:
    """Called with a number it notes it, from time to time, and with it that the worker lives: the
    lease goes on from there, so that one who dies is missed within minutes."""

    def __init__(self, run: Run, name: str, other: Any) -> None:
        self.run, self.name, self.other = run, name, other
        self.next = time.monotonic() + EVERY

    def __call__(self, number: int) -> None:
        if time.monotonic() < self.next:
            return
        self.next = time.monotonic() + EVERY
        with self.other.cursor() as cursor:
            cursor.execute("SELECT status FROM runs_run WHERE id = %s", [self.run.pk])
            found = cursor.fetchone()
            if found and found[0] not in OPEN_RUNS:
                raise CalledOff
            cursor.execute(
                BEAT,
                {
                    "until": timezone.now() + SILENCE,
                    "name": self.name,
                    "n": number,
                    "run": self.run.pk,
                    "open": [str(status) for status in OPEN_RUNS],
                },
            )


@contextmanager
def watched(run: Run, name: str) -> Iterator[Progress]:
    other = connection.copy()
    try:
        yield Progress(run, name, other)
    finally:
        other.close()
