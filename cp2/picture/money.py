"""Where the money of a season is, and in which week it got there."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from claims.models import MoneyState
from claims.money.report import By, Line, report
from claims.money.report import Money as Sum
from cp2.picture.charts import Series, bars
from cp2.picture.season import Season

WEEKS = 12
# From the ground up: paid is what all is to become.
PARTS = {
    "paid": [MoneyState.PAID],
    "paying": [MoneyState.PAYING, MoneyState.APPROVED],
    "owed": [MoneyState.OWED],
    "stuck": [MoneyState.FAILED, MoneyState.DISPUTED, MoneyState.KEPT_BACK],
}


@dataclass(frozen=True)
class State:
    label: str
    part: str  # how it is coloured
    claims: int
    net: Decimal
    url: str


@dataclass(frozen=True)
class Week:
    name: str
    amounts: list[Decimal]


@dataclass(frozen=True)
class Money:
    states: list[State]
    weeks: list[Week]
    chart: SafeString | str
    url: str
    counted_at: datetime | None

    @property
    def net(self) -> Decimal:
        return sum((state.net for state in self.states if state.part), Decimal(0))


def money(season: Season) -> Money:
    """As it was counted within the last minute: to add up a nation's takes too long here."""
    asked: dict[str, Any] = season.money
    found = report(By.WEEK, asked)
    states = []
    for part, members in PARTS.items():
        for state in members:
            states.append(_state(str(state.label), part, found.total.states[state], asked, state))
            if state == MoneyState.OWED:
                held = asked | {"held": "on"}
                states.append(_state(_("of which held"), "", found.total.held, held, state))
    weeks = found.lines[-WEEKS:]
    return Money(
        states,
        [Week(line.name, [_net(line, part) for part in PARTS]) for line in weeks],
        _chart(weeks) if weeks else "",
        f"{reverse('admin:claims_money')}?{urlencode(asked)}",
        found.counted_at,
    )


def _state(label: str, part: str, found: Sum, asked: dict[str, Any], state: MoneyState) -> State:
    url = f"{reverse('admin:claims_money_claims')}?{urlencode(asked | {'state': state.value})}"
    return State(label, part, found.claims, found.net, url)


def _net(line: Line, part: str) -> Decimal:
    return sum((line.states[state].net for state in PARTS[part]), Decimal(0))


def _chart(weeks: list[Line]) -> SafeString:
    labels = [date_format(week.key, "j M") for week in weeks]
    series = [Series(part, part, [float(_net(week, part)) for week in weeks]) for part in PARTS]
    return bars(series, labels, labels[:: max(len(labels) // 4, 1)])
