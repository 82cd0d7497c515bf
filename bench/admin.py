"""What every list of headquarters' admin costs in the season that is loaded, and how it is read.

    .venv/bin/python bench/admin.py [--only accounts.entry] [--all]

Each list is opened plain, at its last page, sorted by each column that can be clicked, narrowed by
each filter, and searched by what each field of its search holds, as the superuser; and plain as
each group; and so are the whole stories of two officers. It fails where one costs more than LIMIT,
in CPU of this process and of PostgreSQL's beside it, which a busy machine changes little; or where
a large table is read in sequence. Only what is worth a look is printed, unless all is asked for.
"""

import argparse
import json
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import django

from manage import settle_environment

settle_environment()
django.setup()

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db import connection, transaction
from django.db.utils import OperationalError
from django.test import Client
from django.urls import reverse
from django_otp import DEVICE_ID_SESSION_KEY, devices_for_user

from accounts.models import User
from attendance.models import Mark
from claims.models import Payment

LIMIT = 300  # milliseconds, at the best of some tries
TRIES = 2
LARGE = 100_000  # rows; a smaller table may be read whole
READ = 20_000  # rows of a large one in sequence: a page's worth from its beginning is no harm
LONGEST = 20_000  # milliseconds until a query is stopped
MOST_QUERIES = 30
CHOICES = 4  # of each filter


@dataclass
class Answer:
    status: int
    took: float
    queries: list[tuple[str, float]]
    change_list: ChangeList | None


@dataclass
class Measured:
    what: str
    answer: Answer
    read: list[str] = field(default_factory=list)

    @property
    def fault(self) -> str:
        if self.answer.status != 200:
            return f"answered {self.answer.status}"
        if self.read:
            return "; ".join(self.read)
        if self.answer.took > LIMIT:
            return "slow"
        return "many queries" if len(self.answer.queries) > MOST_QUERIES else ""


def signed_in(user: User) -> Client:
    client = Client(headers={"host": "127.0.0.1"}, raise_request_exception=False)
    client.force_login(user)
    session = client.session
    for device in devices_for_user(user):
        session[DEVICE_ID_SESSION_KEY] = device.persistent_id
    session.save()
    return client


@contextmanager
def noted() -> Iterator[list[tuple[str, float]]]:
    """What is asked of the database meanwhile, and how long each took."""
    asked: list[tuple[str, float]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            written = context["cursor"].cursor.query or b""
            asked.append((written.decode(), (time.perf_counter() - began) * 1000))

    with connection.execute_wrapper(note):
        yield asked


def ask(client: Client, url: str) -> Answer:
    best: Answer | None = None
    for _try in range(TRIES):
        began = cpu()
        with noted() as queries:
            response = client.get(url)
        took = cpu() - began
        if best is None or took < best.took:
            shown = (getattr(response, "context_data", None) or {}).get("cl")
            best = Answer(response.status_code, took, queries, shown)
        if best.took <= LIMIT or took > LONGEST:
            break
    assert best is not None
    return best


def cpu() -> float:
    """Milliseconds so far: of this process, and of the one that serves its connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    behind = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(behind[11]) + int(behind[12])
    return time.process_time() * 1000 + ticks * 1000 / os.sysconf("SC_CLK_TCK")


def sizes() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname, reltuples FROM pg_class WHERE relkind = 'r'")
        return {name: int(rows) for name, rows in cursor.fetchall()}


def read_whole(queries: list[tuple[str, float]], rows: dict[str, int]) -> list[str]:
    """Large tables that were read in sequence, by the plans of what took long enough for that."""
    found = []
    for sql, took in queries:
        if took < 4 or not sql.lstrip().upper().startswith(("SELECT", "(SELECT", "WITH")):
            continue
        if "pghistory" in sql:  # stands before what writes
            continue
        with connection.cursor() as cursor:
            try:
                with transaction.atomic():
                    cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}", None)
                    (plan,) = cursor.fetchone()
            except OperationalError:
                found.append("stopped")
                continue
        plan = json.loads(plan) if isinstance(plan, str) else plan
        found += list(scans(plan[0]["Plan"], rows))
    return sorted(set(found))


def scans(node: dict[str, Any], rows: dict[str, int]) -> Iterator[str]:
    table = node.get("Relation Name", "")
    if node["Node Type"] in {"Seq Scan", "Sample Scan"} and rows.get(table, 0) > LARGE:
        passed = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
        if passed * node["Actual Loops"] > READ:
            found = passed * node["Actual Loops"]
            yield f"{table}: {found:,} rows in sequence"
    for below in node.get("Plans", []):
        yield from scans(below, rows)


# What is asked of a list


def queries_of(registered: Any, plain: Answer) -> Iterator[tuple[str, str]]:
    shown = plain.change_list
    if shown is None:
        return
    pages = shown.paginator.num_pages
    if pages > 1:
        yield "last page", urlencode({"p": pages})
    for place, name in enumerate(shown.list_display):
        if shown.get_ordering_field(name):
            for way in ("", "-"):
                yield f"by {way}{name}", urlencode({"o": f"{way}{place}"})
    for spec in shown.filter_specs:
        for choice in list(spec.choices(shown))[1 : CHOICES + 1]:
            query = str(choice.get("query_string", "")).lstrip("?")
            if query:
                yield f"filter {query}", query
    if registered.search_fields:
        for typed in sorted({"98061252", "Zzz Nobody", "Wanjiru", *held(registered)}):
            yield f"search {typed}", urlencode({"q": typed})
            for spec in shown.filter_specs[:2]:
                choices = list(spec.choices(shown))
                if len(choices) > 1 and choices[1].get("query_string"):
                    query = str(choices[1]["query_string"]).lstrip("?")
                    yield f"search {typed} within {query}", f"{query}&{urlencode({'q': typed})}"


def held(registered: Any) -> Iterator[str]:
    """Something that each field of the search finds, of the newest row."""
    for name in registered.search_fields:
        path = name.lstrip("=^@")
        for ending in ("__exact", "__iexact", "__startswith", "__istartswith", "__icontains"):
            path = path.removesuffix(ending)
        rows = registered.model._base_manager.order_by("-pk")
        value = rows.values_list(path, flat=True).first()
        if value not in (None, ""):
            yield str(value)


def measure(
    who: str, client: Client, registered: Any, rows: dict[str, int], *, whole: bool
) -> Iterator[Measured]:
    opts = registered.opts
    url = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
    plain = ask(client, url)
    if plain.status == 404:
        return  # not for this group
    yield Measured(who, plain, read_whole(plain.queries, rows))
    for what, query in queries_of(registered, plain) if whole else ():
        answer = ask(client, f"{url}?{query}")
        yield Measured(what, answer, read_whole(answer.queries, rows))


def stories() -> Iterator[tuple[str, str]]:
    """Of an officer who was paid, and of the one who was marked last."""
    for model, path in ((Payment, "claim__officer"), (Mark, "officer")):
        row = model._base_manager.order_by("-pk").values_list(path, flat=True).first()
        if row:
            yield model._meta.label_lower, reverse("admin:profiles_officer_story", args=[row])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--all", action="store_true", help="print what is as it should be, too")
    asked = parser.parse_args()
    logging.disable()  # of pages that are not for a group
    with connection.cursor() as cursor:
        cursor.execute(f"SET statement_timeout = {LONGEST}")
        cursor.execute("SET max_parallel_workers_per_gather = 0")  # whose CPU nobody counts
    rows = sizes()
    superuser = User.objects.filter(is_superuser=True).first()
    assert superuser, "This season has no superuser."
    people = {"superuser": superuser} | {
        user.groups.all()[0].name: user
        for user in User.objects.filter(groups__isnull=False).order_by("-pk")
    }
    clients = {who: signed_in(user) for who, user in people.items()}
    faults = measured = 0
    row = "{:32} {:60} {:>7} {:>7}  {}".format
    print(row("list", "what", "queries", "ms", "fault"))
    for model, registered in admin.site._registry.items():
        label = model._meta.label_lower
        if asked.only and not any(label.startswith(each) for each in asked.only):
            continue
        for who, client in clients.items():
            for each in measure(who, client, registered, rows, whole=who == "superuser"):
                measured += 1
                faults += bool(each.fault)
                if each.fault or asked.all:
                    took = f"{each.answer.took:.0f}"
                    print(
                        row(label, each.what[:60], len(each.answer.queries), took, each.fault),
                        flush=True,
                    )
    for what, url in stories() if not asked.only else ():
        answer = ask(clients["superuser"], url)
        each = Measured(f"story, by {what}", answer, read_whole(answer.queries, rows))
        measured, faults = measured + 1, faults + bool(each.fault)
        took = f"{answer.took:.0f}"
        print(row("profiles.officer", each.what, len(answer.queries), took, each.fault))
    print(f"{measured} pages measured, {faults} with a fault")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
