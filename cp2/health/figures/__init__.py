"""Figures that are read from the database when Prometheus asks: what waits, what is leased, how it
stands with the gateway, the runs and the database itself.

Each function below is a group; one that fails takes no other with it. Everything is read by an
index or from small tables, and counted no further than MOST, so that it costs the same whatever a
nation has written.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from django.db.models import DurationField, ExpressionWrapper, F, Model, QuerySet
from django.db.models.functions import Now
from prometheus_client.core import GaugeMetricFamily, Metric

MOST = 10_000

Group = Callable[[], Iterable[Metric]]
GROUPS: dict[str, Group] = {}


def group(read: Group) -> Group:
    GROUPS[read.__name__] = read
    return read


def gauge(
    name: str, said: str, label: str | None, values: Iterable[tuple[str, float | None]]
) -> GaugeMetricFamily:
    """What is not known is left out: a nought would say that all is well."""
    family = GaugeMetricFamily(name, said, labels=[label] if label else [])
    for key, value in values:
        if value is not None:
            family.add_metric([key] if label else [], value)
    return family


def age_of_first(rows: QuerySet[Any, Any], at: str) -> float:
    """Seconds since the first of these, by the database's clock; nought when there is none."""
    age = ExpressionWrapper(Now() - F(at), output_field=DurationField())
    found: timedelta | None = rows.annotate(_age=age).values_list("_age", flat=True).first()
    return max(found.total_seconds(), 0) if found is not None else 0


def table(model: type[Model]) -> str:
    return model._meta.db_table
