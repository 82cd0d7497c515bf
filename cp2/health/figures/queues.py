"""What is due and has not been taken, and what workers have taken under a lease."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Now
from prometheus_client.core import GaugeMetricFamily, Metric

from cp2.health.figures import MOST, age_of_first, at_most, gauge, group
from sms.models import Kind, MessageStatus

DUE = Q(not_before__lte=Now())


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
    found = [(queue, rows) for queue in QUEUES if (rows := queue.rows()) is not None]
    yield gauge(
        "cp2_queue_oldest_seconds",
        "How long the longest due has waited to be taken.",
        "queue",
        ((queue.name, age_of_first(rows, queue.at)) for queue, rows in found),
    )
    yield gauge(
        "cp2_queue_due",
        f"How much is due and not taken, counted up to {MOST}.",
        "queue",
        ((queue.name, at_most(rows)) for queue, rows in found),
    )


@group
def leases() -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "cp2_leases", "Rows that workers have taken.", labels=["queue", "state"]
    )
    for name, (model, condition) in LEASED.items():
        rows = Queue(name, model, condition, "", ()).rows()
        if rows is not None:
            counts = rows.order_by().aggregate(
                held=Count("pk", filter=Q(lease_until__gte=Now())),
                expired=Count("pk", filter=Q(lease_until__lt=Now())),
            )
            for state, n in counts.items():
                family.add_metric([name, state], n)
    yield family
