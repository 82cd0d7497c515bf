"""What is owed, approved and paid, cut one way or another, from what has been counted."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import F, Min, Q, QuerySet, Sum
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from claims.models import MoneyCount, MoneyState, Road


class By(models.TextChoices):
    """What each line of the report is about."""

    COUNTY = "county", gettext_lazy("County")
    SUB_COUNTY = "sub_county", gettext_lazy("Sub-county")
    POSITION = "position", gettext_lazy("Position")
    EXAM = "exam", gettext_lazy("Exam")
    CHANNEL = "channel", gettext_lazy("Channel")
    WEEK = "week", gettext_lazy("Week")


# How a line is told apart, how it is called, and what one asks about it next.
KEYS = {
    By.COUNTY: F("sub_county__county"),
    By.SUB_COUNTY: F("sub_county"),
    By.POSITION: F("position"),
    By.EXAM: F("exam"),
    By.CHANNEL: F("channel"),
    By.WEEK: F("week"),
}
NAMES: dict[By, list[str]] = {
    By.COUNTY: ["sub_county__county__name"],
    By.SUB_COUNTY: ["sub_county__name", "sub_county__county__name"],
    By.POSITION: ["position__name", "position__rank"],
    By.EXAM: ["exam__abbreviation", "exam__year"],
    By.CHANNEL: [],
    By.WEEK: [],
}
NEXT = {By.COUNTY: By.SUB_COUNTY, By.SUB_COUNTY: By.POSITION}
FIGURES = ["claims", "officers", "gross", "tax", "advance", "net"]


@dataclass
class Money:
    claims: int = 0
    officers: int = 0
    gross: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    advance: Decimal = Decimal(0)
    net: Decimal = Decimal(0)

    def add(self, found: dict[str, Any]) -> None:
        for name in FIGURES:
            setattr(self, name, getattr(self, name) + found[name])

    @property
    def is_nothing(self) -> bool:
        return not (self.claims or self.gross or self.net)


@dataclass
class Line:
    """One line of the report: each state's money, and what is held of that which is owed."""

    key: Any
    name: str
    order: Any
    states: dict[str, Money] = field(
        default_factory=lambda: {state: Money() for state in MoneyState.values}
    )
    held: Money = field(default_factory=Money)
    all: Money = field(default_factory=Money)

    def add(self, found: dict[str, Any]) -> None:
        self.states[found["state"]].add(found)
        self.all.add(found)
        if found["is_held"] and found["state"] == MoneyState.OWED:
            self.held.add(found)


@dataclass
class Report:
    by: By
    lines: list[Line]
    total: Line
    counted_at: datetime | None  # as of when the oldest of it is


def chosen(asked: dict[str, Any]) -> QuerySet[MoneyCount]:
    """As it was narrowed."""
    conditions = {
        "exam": "exam",
        "year": "exam__year",
        "state": "state",
        "channel": "channel",
        "county": "sub_county__county",
        "sub_county": "sub_county",
        "position": "position",
        "week": "week",
        "held": "is_held",
    }
    wanted = Q()
    for name, lookup in conditions.items():
        if value := asked.get(name):
            wanted &= Q((lookup, value))
    return MoneyCount.objects.filter(wanted)


def report(by: By, asked: dict[str, Any]) -> Report:
    """One query, however it is cut."""
    sums = {name: Sum(name) for name in FIGURES}
    names = NAMES[by]
    cells: QuerySet[Any, Any] = (
        chosen(asked)
        .order_by()
        .values("state", "is_held", *names, key=KEYS[by])
        .annotate(at=Min("counted_at"), **sums)
    )
    lines: dict[Any, Line] = {}
    total = Line(None, _("In all"), None)
    oldest: datetime | None = None
    for cell in cells:
        line = lines.get(cell["key"])
        if line is None:
            name = _name(by, cell["key"], [cell[column] for column in names])
            line = lines[cell["key"]] = Line(cell["key"], name, _order(by, cell))
        line.add(cell)
        total.add(cell)
        oldest = min(oldest or cell["at"], cell["at"])
    return Report(by, sorted(lines.values(), key=lambda line: line.order), total, oldest)


def _name(by: By, key: Any, names: list[Any]) -> str:
    match by:
        case By.EXAM:
            return f"{names[0]} {names[1]}"
        case By.SUB_COUNTY:
            return f"{names[0]}, {names[1]}"
        case By.CHANNEL:
            return str(Road(key).label)
        case By.WEEK:
            return week_name(key)
        case _:
            return str(names[0])


def week_name(monday: date) -> str:
    """As calendars count weeks, and from which day."""
    year, number, _day = monday.isocalendar()
    return _("%(year)s, week %(number)s (from %(day)s)") % {
        "year": year,
        "number": number,
        "day": date_format(monday, "j M"),
    }


def _order(by: By, cell: dict[str, Any]) -> Any:
    match by:
        case By.POSITION:
            return cell["position__rank"], cell["position__name"]
        case By.EXAM:
            return -cell["exam__year"], cell["exam__abbreviation"]
        case By.CHANNEL:
            return Road.values.index(cell["key"])
        case By.WEEK:
            return cell["key"]
        case _:
            return cell[NAMES[by][0]], cell["key"]


def flat(found: Report) -> Iterator[list[Any]]:
    """For a file: a row for each line and state in which there is something, then the totals."""
    for line in [*found.lines, found.total]:
        for state in MoneyState:
            if not (money := line.states[state]).is_nothing:
                held = line.held.net if state == MoneyState.OWED else None
                yield [line.name, state.label, *(getattr(money, n) for n in FIGURES), held]


def flat_heading(by: By) -> list[str]:
    return [
        str(by.label), _("Where the money is"), _("Claims"), _("Officers"), _("Gross"), _("Tax"),
        _("Paid in advance"), _("Net"), _("Of which held"),
    ]  # fmt: skip
