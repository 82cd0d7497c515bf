"""For tests: keeps what was sent, and can be told to fail."""

from collections.abc import Sequence
from itertools import count
from typing import NamedTuple

from sms.backends import Accepted, GatewayError


class Text(NamedTuple):
    to: str
    text: str


outbox: list[Text] = []
failures: list[GatewayError] = []  # raised one by one, each by a whole call
refusals: dict[str, GatewayError] = {}  # given for these numbers, while the call goes well

_ids = count(1)


class Backend:
    calls_at_once = 1  # so that the outbox has the order in which they were sent

    def send(self, numbers: Sequence[str], text: str) -> list[Accepted | GatewayError]:
        if failures:
            raise failures.pop(0)
        return [refusals.get(number) or self._take(number, text) for number in numbers]

    def _take(self, number: str, text: str) -> Accepted:
        outbox.append(Text(number, text))
        return Accepted(f"memory-{next(_ids)}")
