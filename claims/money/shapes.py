"""What the trail is made of: sections with facts, steps and days."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format

from claims.money.gathering import Found
from claims.money.words import what, who, why


@dataclass(frozen=True)
class Step:
    at: datetime | None
    who: str
    what: str
    why: str = ""


@dataclass
class Day:
    day: date
    kind: str
    is_paid: bool
    status: str
    made: Step  # who marked it, how and when
    received_at: datetime
    was: list[Step]
    amended: Step | None
    register: Step | None
    late_reason: str = ""


@dataclass
class Section:
    title: str
    facts: list[tuple[str, str]] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    days: list[Day] = field(default_factory=list)
    links: list[tuple[str, int, str]] = field(default_factory=list)  # kind, number, words


def told(found: Found, thing: Any) -> Iterator[Step]:
    """What the audit trail says of it, the oldest first."""
    for entry in found.told(thing):
        yield Step(entry.at, who(entry.actor, entry.acting_name), what(entry), why(entry))


def when(step: Step) -> float:
    return step.at.timestamp() if step.at else 0.0


def moment(at: datetime) -> str:
    return date_format(timezone.localtime(at), "j M Y H:i")
