"""What the index costs each group of headquarters, and what it costs to count what it shows.

    .venv/bin/python bench/index.py [--plans]

Milliseconds are of the whole request, the median of some runs; with --plans the queries that read a
table of 50,000 rows or more from end to end are said too. It asks what the index asks, and counts
as the worker does; it changes nothing else.
"""

import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import django

from manage import settle_environment

settle_environment()
django.setup()

from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_otp import DEVICE_ID_SESSION_KEY, devices_for_user

from accounts.models import User
from catalogue.models import County
from cp2.picture import counting
from cp2.picture.models import Counted, Topic
from cp2.picture.season import Season
from cp2.picture.stages import Stage

RUNS = 9
MOST_MS, MOST_QUERIES = 300, 25
LARGE = 50_000  # rows


def signed_in(user: User) -> Client:
    # not "testserver": the test environment watches every template and would be measured too
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(user)
    session = client.session
    for device in devices_for_user(user):
        session[DEVICE_ID_SESSION_KEY] = device.persistent_id
    session.save()
    return client


def people() -> Iterator[tuple[str, User]]:
    for group in Group.objects.order_by("name"):
        if user := User.objects.filter(groups=group).order_by("pk").first():
            yield group.name, user
    if user := User.objects.filter(is_superuser=True).order_by("pk").first():
        yield "superuser", user


def pages(season: Season) -> Iterator[tuple[str, dict[str, str]]]:
    county = County.objects.order_by("code").values_list("pk", flat=True)[0]
    yield "/admin/", {}
    if season.offered:
        yield f"/admin/?of={season.offered[-1].pk}&county={county}", {}
    yield "/admin/picture/", {"HX-Request": "true"}


def lists(season: Season) -> Iterator[tuple[str, dict[str, str]]]:
    for stage in Stage:
        if stage.is_of_the_season:
            yield f"/admin/profiles/officer/?stage={stage.value}.{season.key}", {}


def measure(client: Client, path: str, headers: dict[str, str]) -> tuple[int, float, int, int]:
    client.get(path, headers=headers)  # warm: templates are compiled once
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(path, headers=headers)
    queries = len(captured)
    took = []
    for _ in range(RUNS):
        began = time.perf_counter()
        client.get(path, headers=headers)
        took.append((time.perf_counter() - began) * 1000)
    if "--plans" in sys.argv:
        for query in captured.captured_queries:
            say_scans(query["sql"])
    return answer.status_code, statistics.median(took), queries, len(answer.content)


def say_scans(sql: str) -> None:
    if not sql.startswith(("SELECT", "WITH")):
        return
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + sql.replace("%", "%%"))
        plan = "\n".join(line for (line,) in cursor.fetchall())
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples >= %s", [LARGE]
        )
        for (table,) in cursor.fetchall():
            if f"Seq Scan on {table} " in plan:
                print(f"         reads all of {table}: {sql[:300]}")


def count() -> None:
    """Each topic anew, and then a tick in which nothing has changed."""
    row = "{:14} {:>7}".format
    print(row("counted", "s"))
    counting.count_all()
    for topic, took in Counted.objects.values_list("topic", "took"):
        print(row(Topic(topic).value, f"{took.total_seconds():.2f}"))
    time.sleep(2)  # until the database has told of what was just written
    began = time.perf_counter()
    counting.count_due()
    print(row("a quiet tick", f"{time.perf_counter() - began:.3f}"))


def main() -> None:
    count()
    season = Season({})
    row = "{:18} {:52} {:>6} {:>7} {:>6} {:>7}".format
    print(row("who", "page", "status", "queries", "ms", "bytes"))
    is_slow = False
    for name, user in people():
        client = signed_in(user)
        asked = [*pages(season), *(lists(season) if name == "superuser" else [])]
        for path, headers in asked:
            status, ms, queries, size = measure(client, path, headers)
            print(row(name, path, status, queries, f"{ms:.0f}", size))
            is_slow |= ms > MOST_MS or queries > MOST_QUERIES or status != 200
        client.session.flush()
    sys.exit(1 if is_slow else 0)


if __name__ == "__main__":
    main()
