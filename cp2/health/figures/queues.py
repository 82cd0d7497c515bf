"""What is due and has not been taken, and what workers have taken under a lease."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from prometheus_client.core import GaugeMetricFamily, Metric

from cp2.health.figures import MOST, gauge, group
from sms.models import Kind, MessageStatus

DUE = Q(not_before__lte=Now())
HELD, EXPIRED = Q(lease_until__gte=Now()), Q(lease_until__lt=Now())
Part = tuple[str, tuple[Any, ...]]  # a question, and what it is asked with


@dataclass(frozen=True)
class Queue:
    """Rows that wait for a worker. `order` is the one that their index keeps."""

    name: str
    model: str
    due: Q
    at: str
    order: tuple[str, ...]

    def rows(self) -> QuerySet[Any, Any] | None:
        """None where the portal has no such thing."""
        app, _, model = self.model.partition(".")
        if app not in apps.app_configs:
            return None
        rows: QuerySet[Any, Any] = apps.get_model(app, model)._default_manager.filter(self.due)
        return rows.order_by(*self.order)


def texts(kind: Kind) -> Queue:
    due = Q(status=MessageStatus.QUEUED, kind=kind) & DUE
    return Queue(f"texts_{kind}", "sms.Message", due, "not_before", ("not_before", "pk"))


def runs(name: str, model: str) -> Queue:
    return Queue(name, model, Q(status="waiting") & DUE, "not_before", ("not_before",))


QUEUES = [
    *(texts(kind) for kind in Kind),
    Queue("inbox", "sms.InboundMessage", Q(read_at=None), "received_at", ("pk",)),
    runs("letters", "deployments.Letter"),
    Queue("letter_packs", "deployments.LetterPack", Q(status="waiting"), "asked_at", ("pk",)),
    Queue("allocations", "deployments.AllocationRun", Q(status="waiting"), "created_at", ("pk",)),
    Queue("registers", "profiles.RegisterImport", Q(status="uploaded"), "uploaded_at", ("pk",)),
    runs("money_runs", "claims.MoneyRun"),
    runs("runs", "runs.Run"),
]
# Rows with a lease. Letters have none here: no index would find them among a nation's.
LEASED = {
    "texts": ("sms.Message", Q(status=MessageStatus.SENDING)),
    "letter_packs": ("deployments.LetterPack", Q(status__in=["waiting", "making"])),
    "allocations": ("deployments.AllocationPart", Q(lease_until__isnull=False)),
    "registers": ("profiles.RegisterImport", Q(lease_until__isnull=False)),
    "money_runs": ("claims.MoneyRun", Q(status__in=["waiting", "running"])),
    "runs": ("runs.Run", Q(status__in=["waiting", "running"])),
}


@group
def queues() -> Iterator[Metric]:
    """In one statement: to ask for each by itself would take ten times as long."""
    found = together(
        (queue.name, (oldest(rows, queue.at), (f"SELECT count(*) FROM ({sql}) AS due", params)))
        for queue in QUEUES
        if (rows := queue.rows()) is not None
        for sql, params in [rows.order_by().values("pk")[:MOST].query.sql_with_params()]
    )
    yield gauge(
        "cp2_queue_oldest_seconds",
        "How long the longest due has waited to be taken.",
        "queue",
        ((name, max(float(age or 0), 0)) for name, age, _n in found),
    )
    yield gauge(
        "cp2_queue_due",
        f"How much is due and not taken, counted up to {MOST}.",
        "queue",
        ((name, n) for name, _age, n in found),
    )


@group
def leases() -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "cp2_leases", "Rows that workers have taken.", labels=["queue", "state"]
    )
    wanted = [(name, Queue(name, *what, "", ()).rows()) for name, what in LEASED.items()]
    for name, held, expired in together(
        (name, tuple(counted(rows.filter(each)) for each in (HELD, EXPIRED)))
        for name, rows in wanted
        if rows is not None
    ):
        family.add_metric([name, "held"], held)
        family.add_metric([name, "expired"], expired)
    yield family


def oldest(rows: QuerySet[Any, Any], at: str) -> Part:
    sql, params = rows.values(at)[:1].query.sql_with_params()
    return f"SELECT extract(epoch FROM statement_timestamp() - ({sql}))", params


def counted(rows: QuerySet[Any, Any]) -> Part:
    sql, params = rows.order_by().values("pk").query.sql_with_params()
    return f"SELECT count(*) FROM ({sql}) AS leased", params


def together(asked: Iterable[tuple[str, tuple[Part, ...]]]) -> list[tuple[Any, ...]]:
    """A row for each: its name, and what each of its questions is answered."""
    lines, params = [], []
    for name, parts in asked:
        lines.append(f"SELECT %s, {', '.join(f'({sql})' for sql, _params in parts)}")
        params += [name, *(value for _sql, given in parts for value in given)]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(lines), params)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
