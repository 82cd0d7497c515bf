"""Looks at a deployment part by part, and says of each how it is and what to do.

A check is a function that yields findings; it is guarded by a time, and what it raises becomes a
finding, since a doctor is called when parts are down. No finding quotes a setting's value.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import partial
from importlib import import_module

from django.db import connection


class State(StrEnum):
    OK = "ok"
    LOOK = "look"
    BROKEN = "broken"


@dataclass(frozen=True)
class Finding:
    state: State
    said: str
    do: str = ""


@dataclass(frozen=True)
class Told:
    """A finding, with the name of the check that made it."""

    check: str
    state: State
    said: str
    do: str

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


ok = partial(Finding, State.OK)
look = partial(Finding, State.LOOK)
broken = partial(Finding, State.BROKEN)

Check = Callable[[], Iterator[Finding]]
CHECKS: dict[str, Check] = {}
MOST_SECONDS = 15.0


def check(run: Check) -> Check:
    CHECKS[run.__name__.strip("_")] = run
    return run


def examine(name: str) -> list[Told]:
    """Here and now; whatever it raises is told by its kind alone, since words may quote secrets."""
    found: list[Told] = []
    try:
        found.extend(
            Told(name, each.state, str(each.said), str(each.do)) for each in CHECKS[name]()
        )
    except Exception as error:
        said = f"could not be looked at: {type(error).__name__}"
        found.append(Told(name, State.BROKEN, said, "Mend what is broken above, and look again."))
    return found


def examine_within(name: str, seconds: float = MOST_SECONDS) -> list[Told]:
    """In a thread of its own, which has a connection of its own, so that nothing is waited for
    longer than that."""
    found: list[Told] = []

    def work() -> None:
        try:
            found.extend(examine(name))
        finally:
            connection.close()

    thread = threading.Thread(target=work, name=f"doctor: {name}", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        said = f"has not answered within {seconds:g} seconds"
        return [Told(name, State.BROKEN, said, "See whether it hangs, or is far away.")]
    return found


# As they are told: each module adds its checks.
MODULES = ["settings", "database", "broker", "work", "storage", "gateway", "clock", "printing"]


def load() -> None:
    for name in MODULES:
        import_module(f"{__name__}.{name}")
