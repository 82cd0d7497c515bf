"""Roads to the network. `SMS_BACKEND` names a module here, as `EMAIL_BACKEND` does for mail.

Each has a class `Backend` whose `send(to, text)` returns an `Accepted` or raises one of the errors
below. Which one decides what becomes of the text, so a backend must be honest about what it knows.
"""

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import import_module
from typing import Protocol

from django.conf import settings


@dataclass(frozen=True)
class Accepted:
    provider_id: str
    cost: Decimal | None = None


class Road(Protocol):
    def send(self, to: str, text: str) -> Accepted: ...


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


@cache
def _backend(path: str) -> Road:
    backend: Road = import_module(path).Backend()
    return backend


def road() -> Road:
    """The configured one; built once a process."""
    return _backend(settings.SMS_BACKEND)
