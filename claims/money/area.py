"""The money of one sub-county, for its director: no names, and as it is at this moment."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from claims.models import MoneyState
from claims.money.lines import LINES, UNTOLD, rows

# Of the claims that have a line there; only what was earned there is added up.
OF_AREA = """
SELECT found.{key} AS key, {name} AS name, {order} AS place, found.state, found.is_held,
    count(DISTINCT found.claim_id)::int AS claims,
    sum(found.gross) AS gross, sum(found.tax) AS tax,
    sum(found.gross - found.tax - found.advance) AS net
FROM ({lines}) found JOIN {table} ON {table}.id = found.{key}
WHERE found.sub_county_id = %(area)s
GROUP BY 1, 2, 3, 4, 5
ORDER BY 3, 1
"""
THERE = """c.id IN (
    SELECT line.claim_id FROM claims_claimline line
    JOIN deployments_deployment deployment ON deployment.id = line.deployment_id
    JOIN deployments_post post ON post.id = deployment.post_id
    JOIN catalogue_dutystation station ON station.id = post.station_id
    WHERE station.sub_county_id = %(area)s
) AND (%(exam)s::bigint IS NULL OR c.exam_id = %(exam)s)"""
POSITION = {
    "key": "position_id",
    "table": "catalogue_position",
    "name": "catalogue_position.name",
    "order": "catalogue_position.rank",
}
CENTRE = {
    "key": "station_id",
    "table": "catalogue_dutystation",
    "name": "catalogue_dutystation.code || ' ' || catalogue_dutystation.name",
    "order": "catalogue_dutystation.code",
}


@dataclass
class Line:
    name: str
    states: dict[str, Decimal]
    held: Decimal = Decimal(0)
    claims: int = 0
    gross: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)

    def add(self, cell: dict[str, Any]) -> None:
        self.claims += cell["claims"]  # of which none is in two states
        self.gross += cell["gross"]
        self.tax += cell["tax"]
        self.states[cell["state"]] += cell["net"]
        if cell["is_held"] and cell["state"] == MoneyState.OWED:
            self.held += cell["net"]

    @property
    def net(self) -> Decimal:
        return sum(self.states.values(), Decimal(0))


def _empty(name: str) -> Line:
    return Line(name, dict.fromkeys(MoneyState.values, Decimal(0)))


def of_area(area: int, *, by_centre: bool, exam: int | None) -> tuple[list[Line], Line]:
    """A line for each position or centre, and all of them together. A claim of two of them is
    counted in both, so claims are not added up."""
    cut = CENTRE if by_centre else POSITION
    sql = OF_AREA.format(lines=LINES.format(which=THERE, trail=UNTOLD), **cut)
    lines: dict[int, Line] = {}
    total = _empty("")
    for cell in rows(sql, area=area, exam=exam):
        lines.setdefault(cell["key"], _empty(cell["name"])).add(cell)
        total.add(cell)
    return list(lines.values()), total
