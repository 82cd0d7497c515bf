"""PostgreSQL about itself."""

from collections.abc import Iterator

from django.db import connection
from prometheus_client.core import Metric

from cp2.health.figures import gauge, group

ASK = """
SELECT
    count(*) FILTER (WHERE state = 'active'),
    count(*) FILTER (WHERE state = 'idle'),
    count(*) FILTER (WHERE state LIKE 'idle in transaction%'),
    count(*) FILTER (WHERE state IS NULL OR state NOT IN ('active', 'idle')
        AND state NOT LIKE 'idle in transaction%'),
    coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)
        FILTER (WHERE pid <> pg_backend_pid())), 0),
    current_setting('max_connections')::int,
    pg_database_size(current_database())
FROM pg_stat_activity
WHERE datname = current_database()
"""


@group
def database() -> Iterator[Metric]:
    with connection.cursor() as cursor:
        cursor.execute(ASK.replace("%", "%%"), [])
        active, idle, in_transaction, other, longest, most, size = cursor.fetchone()
    states = {"active": active, "idle": idle, "in_transaction": in_transaction, "other": other}
    yield gauge("cp2_database_connections", "Connections by what they do.", "state", states.items())
    yield gauge("cp2_database_connections_most", "How many there may be.", None, [("", most)])
    yield gauge("cp2_database_size_bytes", "Size on disk.", None, [("", size)])
    yield gauge(
        "cp2_database_longest_transaction_seconds",
        "Age of the oldest transaction but our own.",
        None,
        [("", float(longest))],
    )
