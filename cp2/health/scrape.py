"""What Prometheus reads: what web processes have counted, and figures from the database, which are
read once in some seconds however often anybody asks."""

import logging
import time
from collections.abc import Iterator

from django.db import DatabaseError, connection, transaction
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric

from cp2.health import meters
from cp2.health.figures import GROUPS, Group, gauge
from cp2.health.figures import database as _database  # noqa: F401  # each adds its groups
from cp2.health.figures import queues as _queues  # noqa: F401  # registers its figures
from cp2.health.figures import work as _work  # noqa: F401  # registers its figures

logger = logging.getLogger(__name__)

KEPT = 5.0  # seconds
LONGEST = 500  # milliseconds for one question; it is measuring that must not be a burden


class Figures:
    def __init__(self) -> None:
        self.kept: list[Metric] = []
        self.read_at = float("-inf")

    def collect(self) -> Iterator[Metric]:
        if time.monotonic() - self.read_at >= KEPT:
            self.kept, self.read_at = read(), time.monotonic()
        yield from self.kept


def read() -> list[Metric]:
    """All that can be told; a database that does not answer is told too."""
    began = time.perf_counter()
    found: list[Metric] = []
    failed: dict[str, float] = {}
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = %s", [LONGEST])
            for name, group in GROUPS.items():
                failed[name] = not _add(found, name, group)
            cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
        answers = True
    except DatabaseError as error:
        logger.warning("figures cannot be read: %s", type(error).__name__)
        answers = False
    took = time.perf_counter() - began
    return [
        *found,
        gauge("cp2_database_up", "Whether the database answers.", None, [("", float(answers))]),
        gauge("cp2_figures_failed", "1: could not be read.", "group", failed.items()),
        gauge("cp2_figures_seconds", "Time to read these figures.", None, [("", took)]),
    ]


def _add(found: list[Metric], name: str, group: Group) -> bool:
    try:
        with transaction.atomic():
            found += group()
    except Exception as error:
        if isinstance(error, DatabaseError) and not connection.is_usable():
            raise
        logger.warning("figures cannot be read: %s: %s", name, type(error).__name__)
        return False
    return True


figures = Figures()


def text() -> bytes:
    ours = CollectorRegistry(auto_describe=False)
    ours.register(figures)
    return generate_latest(meters.registry()) + generate_latest(ours)
