"""Runs, signs of life, the gateway, and what workers have counted."""

import time
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from cp2.health import pulse, tallies
from cp2.health.figures import MOST, gauge, group, table
from sms.models import Gateway, GatewayStatus

# What headquarters starts and a worker does: whose kinds a column tells, or which are of one kind.
RUNS = {
    "claims.MoneyRun": "kind",
    "deployments.AllocationRun": None,
    "deployments.LetterPack": None,
    "profiles.RegisterImport": None,
    "runs.Run": "kind",
}


@group
def runs() -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "cp2_runs", f"The latest {MOST} runs of each sort.", labels=["sort", "kind", "status"]
    )
    for name, kind in RUNS.items():
        for row in _runs(name, kind):
            family.add_metric([name.partition(".")[2], *row[:2]], row[2])
    yield family


def _runs(name: str, kind: str | None) -> list[tuple[Any, ...]]:
    app, _, model = name.partition(".")
    if app not in apps.app_configs:
        return []
    quote = connection.ops.quote_name
    columns = f"{quote(kind) if kind else repr('')} AS kind, status"
    latest = f"SELECT {columns} FROM {quote(table(apps.get_model(app, model)))}"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT kind, status, count(*) FROM ({latest} ORDER BY id DESC LIMIT {MOST}) AS latest"
            " GROUP BY kind, status ORDER BY kind, status"
        )
        counts: list[tuple[Any, ...]] = cursor.fetchall()
    return counts


@group
def pulses() -> Iterator[Metric]:
    yield gauge(
        "cp2_pulse_age_seconds",
        "Since beat, and a worker of each queue (`worker`: credentials), last gave a sign of life.",
        "name",
        pulse.ages().items(),
    )


@group
def gateway() -> Iterator[Metric]:
    row = Gateway.objects.annotate(for_long=Now() - F("since")).first()
    status = row.status if row else GatewayStatus.WORKING
    yield gauge(
        "cp2_gateway_state",
        "1 for the state that the gateway is in.",
        "state",
        ((str(each), float(each == status)) for each in GatewayStatus),
    )
    yield gauge(
        "cp2_gateway_failures_in_a_row",
        "Calls that went wrong since one went well.",
        None,
        [("", row.failures if row else 0)],
    )


@group
def counted() -> Iterator[Metric]:
    """By workers, on whichever machine."""
    values = tallies.read()
    texts = CounterMetricFamily(
        "cp2_gateway_texts", "Texts by what the gateway made of them.", labels=["outcome"]
    )
    for outcome in [*tallies.OUTCOMES.values(), "error"]:
        texts.add_metric([outcome], values.get(("gateway_texts", outcome), 0))
    yield texts
    calls = values.get(("gateway_calls", ""), 0)
    within = [
        (f"{s:g}", values.get(("gateway_calls_within", f"{s:g}"), 0)) for s in tallies.SECONDS
    ]
    took = HistogramMetricFamily("cp2_gateway_call_seconds", "Time that calls of the gateway took.")
    took.add_metric([], [*within, ("+Inf", calls)], values.get(("gateway_seconds", ""), 0))
    yield took
    success = values.get(("gateway_success_at", ""))
    yield gauge(
        "cp2_gateway_success_age_seconds",
        "Since the gateway last took a text.",
        None,
        [("", max(time.time() - success, 0) if success else None)],
    )
    tasks = CounterMetricFamily(
        "cp2_tasks", "Tasks of the workers by how they ended.", labels=["task", "state"]
    )
    for (name, label), value in sorted(values.items()):
        if name == "tasks":
            task, _, state = label.rpartition("|")
            tasks.add_metric([task, state], value)
    yield tasks
