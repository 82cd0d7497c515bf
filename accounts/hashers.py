import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.files import locks

PATIENCE = 2.0  # seconds that a sign-in waits for its turn
LOOK_EVERY = 0.01


class Busy(Exception):
    """So many are signing in that this one should try again in a moment."""


@contextmanager
def turn() -> Iterator[None]:
    """One of HASHES_AT_ONCE places on this machine, among all its web processes.

    Processor time is the machine's, so the places are locked files of it; a process that dies
    gives its place back.
    """
    folder = Path(settings.VAR_DIR) / "hashing"
    folder.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for place in range(settings.HASHES_AT_ONCE):
            with (folder / str(place)).open("w") as handle:
                if locks.lock(handle, locks.LOCK_EX | locks.LOCK_NB):
                    yield
                    return
        time.sleep(LOOK_EVERY)
    raise Busy


class Argon2id(Argon2PasswordHasher):
    """OWASP's minimum. Django's default takes 100 MiB and ten times the CPU for each sign-in."""

    time_cost = 2
    memory_cost = 19 * 1024  # KiB
    parallelism = 1

    def verify(self, password: str, encoded: str) -> bool:
        """In turn: strangers can ask for this as often as they like, and it costs 30 ms."""
        with turn():
            return bool(super().verify(password, encoded))
