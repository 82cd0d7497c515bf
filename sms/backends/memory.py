"""For tests: keeps what was sent, and can be told to fail."""

from itertools import count
from typing import NamedTuple

from sms.backends import Accepted, GatewayError


class Text(NamedTuple):
    to: str
    text: str


outbox: list[Text] = []
failures: list[GatewayError] = []  # raised one by one before anything is taken

_ids = count(1)


class Backend:
    def send(self, to: str, text: str) -> Accepted:
        if failures:
            raise failures.pop(0)
        outbox.append(Text(to, text))
        return Accepted(f"memory-{next(_ids)}")
