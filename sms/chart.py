"""Bars for the hours of a day, as numbers that a template puts into an SVG."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sms.figures import Network, Tally

HEIGHT = 100
STEP = 20  # from one bar to the next
BAR = 16


@dataclass(frozen=True)
class Part:
    kind: str
    x: int
    y: int
    height: int


@dataclass(frozen=True)
class Label:
    hour: datetime
    x: int


@dataclass(frozen=True)
class Chart:
    network: Network
    tallies: list[tuple[datetime, Tally]]
    parts: list[Part]
    labels: list[Label]
    most: int  # texts in the hour with the highest bar


def chart(network: Network, hours: Sequence[datetime]) -> Chart:
    tallies = [(hour, network.hours[hour]) for hour in hours]
    most = max(tally.all for _hour, tally in tallies)
    parts = [
        part for place, (_hour, tally) in enumerate(tallies) for part in _bar(tally, place, most)
    ]
    labels = [
        Label(hour, place * STEP + BAR // 2)
        for place, hour in enumerate(hours)
        if hour.hour % 6 == 0
    ]
    return Chart(network, tallies, parts, labels, most)


def _bar(tally: Tally, place: int, most: int) -> Iterable[Part]:
    """From the ground up: what arrived, what nobody knows yet, and on top what did not."""
    counts = {
        "delivered": tally.delivered,
        "silent": tally.silent,
        "waiting": tally.left_out,
        "failed": tally.failed,
    }
    # even one failure among thousands can be seen, at the cost of the largest part
    heights = {kind: max(round(HEIGHT * n / most), 1) for kind, n in counts.items() if n}
    if heights:
        largest = max(heights, key=heights.__getitem__)
        heights[largest] -= max(sum(heights.values()) - HEIGHT, 0)
    ground = HEIGHT
    for kind, height in heights.items():
        ground -= height
        yield Part(kind, place * STEP, ground, height)
