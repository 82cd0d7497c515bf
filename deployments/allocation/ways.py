"""Distance over the great circle, for whoever needs one of them and no arrays."""

from math import asin, cos, radians, sin, sqrt

EARTH = 6_371_008.8  # metres, its mean radius


def metres(lat1: float, lon1: float, lat2: float, lon2: float) -> int:
    lat1, lon1, lat2, lon2 = (radians(each) for each in (lat1, lon1, lat2, lon2))
    a = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return int(2 * EARTH * asin(sqrt(a)))
