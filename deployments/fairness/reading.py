"""A report as it is read: its numbers from the report, the names from their own rows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from accounts.models import Entry, User
from catalogue.models import DutyStation, Position
from deployments.fairness.tables import SECTIONS, Kind, Section
from deployments.models import FairnessReport
from profiles.models import Officer
from vacancies.rules import Rule

SHOWN = 20  # rows of a table on the page; a file has all
NUMBERS = {Kind.NUMBER, Kind.SHARE}


@dataclass(frozen=True)
class Bar:
    kind: int  # which of a row's bars
    start: int
    width: int


@dataclass(frozen=True)
class Line:
    cells: list[tuple[bool, object]]  # whether it is a number, and what is shown
    bars: list[Bar]


@dataclass(frozen=True)
class Shown:
    section: Section
    lines: list[Line]
    more: int

    @property
    def heading(self) -> list[tuple[bool, Any]]:
        return [(kind in NUMBERS, label) for label, kind in self.section.columns]

    @property
    def drawn(self) -> list[tuple[int, Any]]:
        """What the colours stand for, where there are several."""
        labels = [self.section.columns[place][0] for place in self.section.bars]
        return list(enumerate(labels)) if len(labels) > 1 else []


class Names:
    """Of all that some rows name, by one query a kind."""

    def __init__(self, rows: Iterable[tuple[Section, list[Any]]]) -> None:
        wanted: dict[Kind, set[Any]] = {kind: set() for kind in Kind}
        for section, row in rows:
            for (_label, kind), value in zip(section.columns, row, strict=True):
                wanted[kind].add(value)
        self.known: dict[Kind, dict[Any, Any]] = {
            Kind.DIRECTOR: _directors(wanted[Kind.DIRECTOR]),
            Kind.OFFICER: dict(
                Officer.objects.filter(pk__in=_some(wanted[Kind.OFFICER])).values_list(
                    "pk", "full_name"
                )
            ),
            Kind.STATION: {
                row.pk: str(row)
                for row in DutyStation.objects.filter(pk__in=_some(wanted[Kind.STATION]))
            },
            Kind.POSITION: dict(
                Position.objects.filter(pk__in=_some(wanted[Kind.POSITION])).values_list(
                    "pk", "name"
                )
            ),
            Kind.ENTRY: {
                row.pk: row.details.get("reason", "")
                for row in Entry.objects.filter(pk__in=_some(wanted[Kind.ENTRY]))
            },
            Kind.RULE: {rule.value: rule.label for rule in Rule},
        }

    def cell(self, section: Section, kind: Kind, value: Any) -> object:
        if kind == Kind.WORD:
            words = section.words or {}
            return str(words.get(value, value))
        if kind in self.known:
            return str(self.known[kind].get(value, "–"))
        return "–" if value is None else value


def _some(values: set[Any]) -> list[Any]:
    return [value for value in values if value is not None]


def _directors(wanted: set[Any]) -> dict[Any, str]:
    users = User.objects.filter(pk__in=_some(wanted)).select_related("sub_county")
    return {
        user.pk: f"{user.username}, {user.sub_county or user.get_role_display()}" for user in users
    }


def shown(report: FairnessReport) -> list[Shown]:
    """The first rows of each table."""
    tables = [(section, report.result.get(section.key, [])) for section in SECTIONS]
    names = Names((section, row) for section, rows in tables for row in rows[:SHOWN])
    return [
        Shown(section, list(_lines(section, rows, names)), max(len(rows) - SHOWN, 0))
        for section, rows in tables
    ]


def _lines(section: Section, rows: list[list[Any]], names: Names) -> Iterator[Line]:
    drawn = section.bars
    most = max((sum(row[place] or 0 for place in drawn) for row in rows), default=0) or 1
    if [kind for _label, kind in section.columns if kind == Kind.SHARE]:
        most = 100
    for row in rows[:SHOWN]:
        cells = [
            (kind in NUMBERS, names.cell(section, kind, value))
            for (_label, kind), value in zip(section.columns, row, strict=True)
        ]
        whole = sum(row[place] or 0 for place in drawn) if len(drawn) > 1 else most
        yield Line(cells, list(_bars([row[place] or 0 for place in drawn], whole or 1)))


def _bars(counts: list[int], whole: int) -> Iterator[Bar]:
    """One bar against the largest; several as shares of their row."""
    at = 0
    for kind, count in enumerate(counts):
        start, at = 100 * at // whole, at + count
        if count:
            yield Bar(kind, start, max(100 * at // whole - start, 1))


def whole(report: FairnessReport, section: Section) -> Iterator[list[object]]:
    """All rows of a table, for a file."""
    rows = report.result.get(section.key, [])
    names = Names((section, row) for row in rows)
    for row in rows:
        yield [
            names.cell(section, kind, value)
            for (_label, kind), value in zip(section.columns, row, strict=True)
        ]
