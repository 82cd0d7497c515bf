"""How texts fare: what waits, what arrived and what it costs, of a few bounded hours or days.

Everything is asked of the rows that were written in that time, by their index, so that it costs
the same however many seasons lie behind.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Min, Q, Sum
from django.db.models.functions import Now, TruncHour
from django.utils import timezone
from django.utils.translation import gettext as _

from sms.fates import because, network_name, reason_of, remedy
from sms.models import Kind, Message, MessageStatus

HOURS = 24
SLOW = timedelta(minutes=1)  # to wait longer is not how it should be
MOST_FAILURES = 20
NOT_LEFT = {MessageStatus.QUEUED, MessageStatus.SENDING, MessageStatus.HELD}


@dataclass(frozen=True)
class Lane:
    kind: str
    name: str
    waiting: int
    later: int  # written, but not to leave yet
    oldest: timedelta | None

    @property
    def is_slow(self) -> bool:
        """Texts to many are metered, so that they may well take hours."""
        return self.kind != Kind.BULK and self.oldest is not None and self.oldest > SLOW

    @property
    def oldest_in_words(self) -> str:
        """`40 s`, `12 min`, `3 h 20 min`."""
        minutes, seconds = divmod(int((self.oldest or timedelta()).total_seconds()), 60)
        hours, minutes = divmod(minutes, 60)
        if hours:
            return _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes}
        if minutes:
            return _("%(minutes)s min") % {"minutes": minutes}
        return _("%(seconds)s s") % {"seconds": seconds}


@dataclass(frozen=True)
class Waiting:
    lanes: list[Lane]
    held: int
    doubtful: int


def waiting() -> Waiting:
    """What has not left, of any age: in each lane how much, and for how long the oldest; and what
    waits for a person. Few rows at any time, and each kind of them has its index."""
    late = Q(not_before__lte=Now()) | Q(attempts__gt=0)
    stuck = Q(status__in=[MessageStatus.HELD, MessageStatus.UNKNOWN])
    rows: list[Any] = list(
        Message.objects.filter(Q(status=MessageStatus.QUEUED) | stuck)
        .order_by()
        .values("kind", "status")
        .annotate(
            n=Count("pk"),
            waiting=Count("pk", filter=late),
            since=Min("created_at", filter=late),
        )
    )
    return Waiting(
        [_lane(kind, rows) for kind in Kind],
        held=sum(row["n"] for row in rows if row["status"] == MessageStatus.HELD),
        doubtful=sum(row["n"] for row in rows if row["status"] == MessageStatus.UNKNOWN),
    )


def _lane(kind: Kind, rows: Iterable[dict[str, Any]]) -> Lane:
    for row in rows:
        if (row["kind"], row["status"]) == (kind, MessageStatus.QUEUED):
            oldest = timezone.now() - row["since"] if row["since"] else None
            later = row["n"] - row["waiting"]
            return Lane(kind, str(kind.label), row["waiting"], later, oldest)
    return Lane(kind, str(kind.label), 0, 0, None)


@dataclass
class Tally:
    """What became of some texts."""

    handed: int = 0
    delivered: int = 0
    failed: int = 0
    silent: int = 0  # taken, and no report yet
    left_out: int = 0  # not taken yet, or nobody knows

    def add(self, status: str, n: int, handed: int) -> None:
        self.handed += handed
        if status == MessageStatus.DELIVERED:
            self.delivered += n
        elif status == MessageStatus.FAILED:
            self.failed += n
        elif status == MessageStatus.SENT:
            self.silent += n
        else:
            self.left_out += n

    @property
    def all(self) -> int:
        return self.delivered + self.failed + self.silent + self.left_out

    @property
    def share(self) -> int | None:
        """Of those whose end is known, how many of a hundred arrived."""
        known = self.delivered + self.failed
        return round(100 * self.delivered / known) if known else None


@dataclass
class Network:
    name: str
    total: Tally = field(default_factory=Tally)
    hours: dict[datetime, Tally] = field(default_factory=dict)


@dataclass(frozen=True)
class Failure:
    said: str  # as the gateway or the network put it
    meaning: str
    advice: str
    status: str
    count: int


@dataclass(frozen=True)
class Day:
    hours: list[datetime]
    networks: list[Network]
    failures: list[Failure]


def last_day() -> Day:
    """The texts written in the last 24 hours, by network and hour, and why some did not arrive."""
    this_hour = timezone.localtime().replace(minute=0, second=0, microsecond=0)
    hours = [this_hour - timedelta(hours=ago) for ago in reversed(range(HOURS))]
    rows: list[Any] = list(
        Message.objects.filter(created_at__gte=hours[0])
        .order_by()
        .values("network", "status", "failure", hour=TruncHour("created_at"))
        .annotate(n=Count("pk"), handed=Count("sent_at"))
    )
    return Day(hours, _by_network(rows, hours), _failures(rows))


def _by_network(rows: Iterable[dict[str, Any]], hours: list[datetime]) -> list[Network]:
    networks: dict[str, Network] = {}
    for row in rows:
        code = row["network"]
        if code not in networks:
            networks[code] = Network(network_name(code), hours={hour: Tally() for hour in hours})
        network = networks[code]
        network.total.add(row["status"], row["n"], row["handed"])
        # a text written while we count may belong to an hour that has just begun
        tally = network.hours.get(row["hour"]) or network.hours[hours[-1]]
        tally.add(row["status"], row["n"], row["handed"])
    # without a report no network is known, so that row comes last
    return [networks[code] for code in sorted(networks, key=lambda code: (not code, code))]


def _failures(rows: Iterable[dict[str, Any]]) -> list[Failure]:
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        if row["status"] in (MessageStatus.FAILED, MessageStatus.UNKNOWN, MessageStatus.HELD):
            key = row["status"], row["failure"]
            counts[key] = counts.get(key, 0) + row["n"]
    ordered = sorted(counts.items(), key=lambda item: -item[1])[:MOST_FAILURES]
    return [_failure(status, said, n) for (status, said), n in ordered]


def _failure(status: str, said: str, n: int) -> Failure:
    if status == MessageStatus.UNKNOWN:
        meaning = _("taken perhaps: the gateway did not answer")
        return Failure(said, meaning, "", status, n)
    reason = reason_of(said)
    return Failure(said, because(reason), remedy(reason), status, n)


@dataclass(frozen=True)
class Spend:
    lane: str
    today: Decimal
    week: Decimal


def spend() -> list[Spend]:
    """Shillings for the texts written today, and since Monday; in each lane, and in all."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    monday = today - timedelta(days=today.weekday())
    rows = (
        Message.objects.filter(created_at__gte=monday)
        .order_by()
        .values("kind")
        .annotate(today=Sum("cost", filter=Q(created_at__gte=today)), week=Sum("cost"))
    )
    found: dict[str, Any] = {row["kind"]: row for row in rows}
    lines = [_spend(str(kind.label), found.get(kind, {})) for kind in Kind]
    total_today, total_week = sum(s.today for s in lines), sum(s.week for s in lines)
    return [*lines, Spend(_("In all"), Decimal(total_today), Decimal(total_week))]


def _spend(lane: str, row: dict[str, Any]) -> Spend:
    return Spend(lane, row.get("today") or Decimal(0), row.get("week") or Decimal(0))
