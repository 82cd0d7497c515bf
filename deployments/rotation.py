"""A plan by which the officers of a cluster change places every so many days.

Each week is an assignment of officers to places at the least distance, under which nobody returns
to a station where they have been and nobody comes to one that is closed to them. Where one week's
best leaves none for a later one, the plan is drawn again; if there is none after all tries, the
weeks that could be planned stand.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from math import asin, cos, radians, sin, sqrt
from random import Random
from typing import NamedTuple

from catalogue.models import DutyStation
from deployments.models import Deployment

MOST_OFFICERS = 40  # more than a director can oversee, and a second's work
TRIES = 20
CLOSED = 10**9
UNKNOWN_WAY = 30_000  # metres, where somebody works or serves off the map
DRAW = 3_000  # metres by which one draw may differ from another


class Place(NamedTuple):
    post: int
    slot: int


class Week(NamedTuple):
    starts_on: date
    ends_on: date


@dataclass
class Turning:
    """An officer who moves on, and what that may not lead to."""

    deployment: Deployment
    home: DutyStation | None = None  # where they work
    been: set[int] = field(default_factory=set)  # stations
    closed: dict[int, str] = field(default_factory=dict)  # stations, and why

    def against(self, station: DutyStation, before: Iterable[int]) -> str:
        """Why not there, after these stations of the plan."""
        if station.pk in self.been or station.pk in before:
            return "again"
        return self.closed.get(station.pk, "")


@dataclass
class Plan:
    """By officer and week: the number of a place among the places."""

    weeks: list[Week]
    places: list[Place]
    cells: list[list[int]]
    metres: int = 0

    def exchange(self, week: int, one: int, other: int) -> None:
        row, second = self.cells[one], self.cells[other]
        row[week], second[week] = second[week], row[week]


def weeks_of(from_day: date, last: date, days: int, sits: Iterable[date]) -> list[Week]:
    """Legs of equal length; an end of less than half of it, or without a day of the exam, belongs
    to the leg before it."""
    sitting, weeks = set(sits), list[Week]()
    while from_day <= last:
        until = min(from_day + timedelta(days=days - 1), last)
        week = Week(from_day, until)
        short = 2 * ((until - from_day).days + 1) < days
        if weeks and (short or not any(from_day <= day <= until for day in sitting)):
            weeks[-1] = Week(weeks[-1].starts_on, until)
        else:
            weeks.append(week)
        from_day = until + timedelta(days=1)
    return weeks


def draw(
    turning: Sequence[Turning],
    places: Sequence[tuple[Place, DutyStation]],
    weeks: Sequence[Week],
    *,
    seed: int,
) -> Plan:
    """The longest plan of several tries; the same for the same seed."""
    chance, best = Random(seed), Plan([], [], [])
    for attempt in range(TRIES):
        most = 1 if seed == 0 and attempt == 0 else DRAW  # the first draw is the plain best
        cells = _try(turning, places, weeks, partial(chance.randrange, most))
        if len(cells) > len(best.weeks) or attempt == 0:
            rows = [[week[each] for week in cells] for each in range(len(turning))]
            best = Plan(list(weeks[: len(cells)]), [place for place, _at in places], rows)
        if len(best.weeks) == len(weeks):
            break
    stations = [station for _place, station in places]
    best.metres = sum(
        way(each.home, stations[cell]) or 0
        for each, row in zip(turning, best.cells, strict=True)
        for cell in row
    )
    return best


def _try(
    turning: Sequence[Turning],
    places: Sequence[tuple[Place, DutyStation]],
    weeks: Sequence[Week],
    differ: Callable[[], int],
) -> list[list[int]]:
    """By week and officer, as far as there is a way."""
    been = [{*each.been} for each in turning]
    ways = [
        [
            UNKNOWN_WAY if (metres := way(each.home, station)) is None else metres
            for _place, station in places
        ]
        for each in turning
    ]
    planned = list[list[int]]()
    for _week in weeks:
        costs = [
            [
                CLOSED
                if station.pk in been[row] or station.pk in each.closed
                else ways[row][column] + differ()
                for column, (_place, station) in enumerate(places)
            ]
            for row, each in enumerate(turning)
        ]
        chosen = assign(costs)
        if chosen is None:
            break
        for row, column in enumerate(chosen):
            been[row].add(places[column][1].pk)
        planned.append(chosen)
    return planned


def assign(costs: Sequence[Sequence[int]]) -> list[int] | None:
    """Each row to a column of its own at the least cost in all, by shortest augmenting paths; None
    where that takes a closed cell."""
    size = len(costs)
    by_row, by_column = [0] * (size + 1), [0] * (size + 1)
    row_of, path = [0] * (size + 1), [0] * (size + 1)
    for row in range(1, size + 1):
        row_of[0], column = row, 0
        least, done = [CLOSED * size * 2] * (size + 1), [False] * (size + 1)
        while row_of[column]:
            done[column] = True
            at, delta, following = row_of[column], CLOSED * size * 2, 0
            for other in range(1, size + 1):
                if done[other]:
                    continue
                cost = costs[at - 1][other - 1] - by_row[at] - by_column[other]
                if cost < least[other]:
                    least[other], path[other] = cost, column
                if least[other] < delta:
                    delta, following = least[other], other
            for other in range(size + 1):
                if done[other]:
                    by_row[row_of[other]] += delta
                    by_column[other] -= delta
                else:
                    least[other] -= delta
            column = following
        while column:
            row_of[column] = row_of[path[column]]
            column = path[column]
    chosen = [0] * size
    for column in range(1, size + 1):
        chosen[row_of[column] - 1] = column - 1
    return None if any(costs[row][chosen[row]] >= CLOSED for row in range(size)) else chosen


def way(home: DutyStation | None, there: DutyStation) -> int | None:
    """Metres as the crow flies; None where one of the two is not on the map."""
    if home is None or home.latitude is None or there.latitude is None:
        return None
    assert home.longitude is not None and there.longitude is not None  # noqa: PT018  # a constraint
    north, south = radians(home.latitude), radians(there.latitude)
    east = radians(there.longitude - home.longitude)
    half = sin((south - north) / 2) ** 2 + cos(north) * cos(south) * sin(east / 2) ** 2
    return int(2 * 6_371_000 * asin(sqrt(half)))
