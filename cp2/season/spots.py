"""Where everything lies: made up, but inside its county, and not all in one place."""

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from catalogue.models import SubCounty
from cp2.season import draws

KM_PER_DEGREE = 111.2
GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))


class Spot(NamedTuple):
    """The middle of somewhere, and how far it reaches."""

    latitude: str
    longitude: str
    reach_km: float


def spots(sub_counties: Iterable[SubCounty]) -> dict[int, Spot]:
    """The middle of each sub-county: those of a county spread evenly round its own."""
    found: dict[int, Spot] = {}
    of_county: defaultdict[int, list[SubCounty]] = defaultdict(list)
    for place in SubCounty.objects.select_related("county").order_by("county__code", "name"):
        of_county[place.county.code].append(place)
    middles = {int(row["county_code"]): row for row in draws.table("county_centres", draws.DATA)}
    for code, row in middles.items():
        county = Spot(row["latitude"], row["longitude"], float(row["reach_km"]))
        places = of_county[code]
        for number, place in enumerate(places):
            distance = county.reach_km * math.sqrt((number + 0.5) / len(places))
            reach = county.reach_km / math.sqrt(len(places)) / 2
            found[place.pk] = _at(county, distance, number * GOLDEN_ANGLE, reach)
    return {place.pk: found[place.pk] for place in sub_counties}


def around(middle: Spot, seed: int, *of: Any) -> Spot:
    """A spot of its own there."""
    draw = draws.dice(seed, "spot", *of)
    distance = middle.reach_km * math.sqrt(draw.below(10_000) / 10_000)
    return _at(middle, distance, math.radians(draw.below(360_000) / 1000), 0)


def _at(middle: Spot, distance_km: float, angle: float, reach_km: float) -> Spot:
    latitude, longitude = float(middle.latitude), float(middle.longitude)
    north, east = distance_km * math.sin(angle), distance_km * math.cos(angle)
    narrower = math.cos(math.radians(latitude))  # the degrees of longitude
    return Spot(
        f"{latitude + north / KM_PER_DEGREE:.5f}",
        f"{longitude + east / KM_PER_DEGREE / narrower:.5f}",
        reach_km,
    )
