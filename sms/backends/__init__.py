"""Roads to the network. `SMS_BACKEND` names a module here, as `EMAIL_BACKEND` does for mail.

Each has a class `Backend`, a `Road`. Which error it raises or gives decides what becomes of the
text, so a backend must be honest about what it knows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import import_module
from typing import Protocol

from django.conf import settings

MOST_NUMBERS = 100  # in one call: what public integrations of the gateway keep to


@dataclass(frozen=True)
class Accepted:
    provider_id: str
    cost: Decimal | None = None


class GatewayError(Exception):
    """The text was not accepted; the message says why, without the text or the number."""


class Rejected(GatewayError):
    """It will never be accepted: a wrong number, a blocked line."""


class NotSent(GatewayError):
    """It surely did not leave; trying again later may help."""


class NoAnswer(GatewayError):
    """It may have left or not: nobody answered."""


class OutOfService(GatewayError):
    """No text can leave until a person acts: no balance, a bad sender, a wrong key."""


class Road(Protocol):
    # How many calls it may be in at once, each in a thread of its own. With 1 it is called by
    # the worker's own thread, and may use the database.
    calls_at_once: int

    def send(self, numbers: Sequence[str], text: str) -> list[Accepted | GatewayError]:
        """One text to up to MOST_NUMBERS different numbers; what became of each, in their order.

        Raises GatewayError where the whole call failed.
        """


@cache
def _backend(path: str) -> Road:
    backend: Road = import_module(path).Backend()
    return backend


def road() -> Road:
    """The configured one; built once a process."""
    return _backend(settings.SMS_BACKEND)
