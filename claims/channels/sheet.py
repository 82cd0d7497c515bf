"""What every channel is told, before it is put into the words of one of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from cp2.exports import harmless


class Line(NamedTuple):
    """One payment, as it was approved."""

    payment: int
    name: str
    phone: str
    bank: str
    branch: str
    account: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Sheet:
    """The payments of a batch that leave now. `lines` can be gone through more than once."""

    batch: int
    remarks: str
    at: datetime
    count: int
    total: Decimal
    lines: Callable[[], Iterator[Line]]


def reference(payment: int) -> str:
    """Our name for a payment, which the channel gives back."""
    return f"CP2-{payment}"


def cell(text: str) -> str:
    """One line of text that no spreadsheet will run."""
    plain = text
    if not text.isprintable():
        plain = "".join(char if char.isprintable() else " " for char in text)
    return str(harmless(plain.strip()))
