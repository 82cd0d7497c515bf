"""The sub-county in bars: how far each centre is filled, and how offers are answered day by day."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Case, Count, DateField, F, QuerySet, Value, When
from django.db.models.functions import TruncDate
from django.utils import timezone

from accounts.models import User
from deployments.models import Deployment, DeploymentStatus

MOST_CENTRES = 20
WIDTH, HEIGHT = 100, 100  # of a picture, in parts
DAYS = 28
STEP, BAR = 10, 8  # from one day's bar to the next
ANSWERS = {
    DeploymentStatus.ACCEPTED: "accepted",
    DeploymentStatus.MOVED: "accepted",  # and served elsewhere since
    DeploymentStatus.REJECTED: "rejected",
    DeploymentStatus.EXPIRED: "expired",
}


# Positions and centres


def positions(posts: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Per exam and position: entitled, deployed, accepted; gaps first."""
    found: dict[tuple[int, int], dict[str, Any]] = {}
    for post in posts:
        key = post["exam_id"], post["position_id"]
        row = found.setdefault(key, post | dict.fromkeys(("required", "live", "accepted"), 0))
        for name in ("required", "live", "accepted"):
            row[name] += post[name]
    for row in found.values():
        row["gap"] = row["required"] - row["live"]
    return sorted(found.values(), key=lambda row: (-row["gap"], row["exam_id"], row["rank"]))


@dataclass
class Centre:
    code: str
    name: str
    required: int = 0
    accepted: int = 0
    offered: int = 0
    scale: int = 1  # places that fill the whole width

    @property
    def gap(self) -> int:
        return self.required - self.accepted - self.offered

    @property
    def parts(self) -> Iterator[tuple[str, int, int]]:
        """Kind, from where, how wide."""
        at = 0
        counts = {"accepted": self.accepted, "offered": self.offered, "gap": max(self.gap, 0)}
        for kind, count in counts.items():
            if count:
                ends = at + count
                start = WIDTH * at // self.scale
                yield kind, start, WIDTH * ends // self.scale - start
                at = ends


@dataclass(frozen=True)
class Centres:
    worst: list[Centre]
    more: int


def centres(posts: Iterable[dict[str, Any]]) -> Centres:
    """Those with the largest gaps; bars of one scale."""
    found: dict[int, Centre] = {}
    for post in posts:
        place = found.get(post["station_id"])
        if place is None:
            place = found[post["station_id"]] = Centre(post["code"], post["station_name"])
        place.required += post["required"]
        place.accepted += post["accepted"]
        place.offered += post["live"] - post["accepted"]
    ordered = sorted(found.values(), key=lambda place: (-place.gap, -place.required, place.code))
    worst = ordered[:MOST_CENTRES]
    scale = max((max(place.required, 1) for place in worst), default=1)
    for place in worst:
        place.scale = max(scale, place.accepted + place.offered)
    return Centres(worst, len(ordered) - len(worst))


# Answers over time


@dataclass
class Day:
    on: date
    offered: int = 0
    accepted: int = 0
    rejected: int = 0
    expired: int = 0

    @property
    def answers(self) -> int:
        return self.accepted + self.rejected + self.expired


@dataclass(frozen=True)
class Answers:
    days: list[Day]
    parts: list[tuple[str, int, int, int]]  # kind, from the left, from the top, height
    line: str  # how many were offered, as the points of a line
    labels: list[tuple[date, int]]
    most: int

    @property
    def width(self) -> int:
        return len(self.days) * STEP


def answers(user: User) -> Answers | None:
    """Of the last weeks in which anything happened; nothing if nothing did."""
    today = timezone.localdate()
    days = {on: Day(on) for on in (today - timedelta(days=back) for back in range(DAYS))}
    for status, offered_on, answered_on, count in _by_day(user, since=min(days)):
        if offered_on in days:
            days[offered_on].offered += count
        if (kind := ANSWERS.get(status)) and answered_on in days:
            day = days[answered_on]
            setattr(day, kind, getattr(day, kind) + count)
    ordered = sorted(days.values(), key=lambda day: day.on)
    first = next((at for at, day in enumerate(ordered) if day.offered or day.answers), None)
    return _chart(ordered[min(first, DAYS - 7) :]) if first is not None else None


def _by_day(user: User, *, since: date) -> QuerySet[Any, Any]:
    """How many share a status, the day of the offer and the day of the answer. An offer expires
    with its deadline."""
    ended = Case(
        When(status=DeploymentStatus.EXPIRED, then=TruncDate("respond_by")),
        When(answered_at=None, then=Value(None)),
        # one who is redeployed keeps the answer that was given elsewhere
        When(answered_at__lt=F("offered_at"), then=Value(None)),
        default=TruncDate("answered_at"),
        output_field=DateField(),
    )
    return (
        Deployment.objects.deployable_by(user)
        .filter(post__exam__ends_on__gte=since)
        .order_by()
        .values(offered_on=TruncDate("offered_at"), answered_on=ended)
        .annotate(n=Count("pk"))
        .values_list("status", "offered_on", "answered_on", "n")
    )


def _chart(days: list[Day]) -> Answers:
    most = max(max(day.offered, day.answers) for day in days) or 1
    parts = [part for place, day in enumerate(days) for part in _bar(day, place, most)]
    points = (
        f"{place * STEP + BAR // 2},{HEIGHT - HEIGHT * day.offered // most}"
        for place, day in enumerate(days)
    )
    labels = [(day.on, place * STEP) for place, day in enumerate(days) if place % 7 == 0]
    return Answers(days, parts, " ".join(points), labels, most)


def _bar(day: Day, place: int, most: int) -> Iterator[tuple[str, int, int, int]]:
    """From the ground up. Even one of a kind can be seen."""
    ground = HEIGHT
    for kind in ("accepted", "rejected", "expired"):
        if count := getattr(day, kind):
            height = max(HEIGHT * count // most, 2)
            ground = max(ground - height, 0)
            yield kind, place * STEP, ground, height
