"""What the benches measure against, and how: a bare page and a bare POST, with our middleware.

The page reads 25 rows in one query and renders a plain table of them; the flat one reads one row
and is 10.5 KB for everybody. The POST takes one row for
update, looks whether a second is there, writes it and leads on. CPU is of this process and of its
PostgreSQL backend, where that runs on this machine.
"""

import gzip
import os
import re
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

import django

from manage import settle_environment

settle_environment()
django.setup()

from django.contrib.auth.decorators import login_required
from django.db import connection, transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template import engines
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import include, path
from django_otp import DEVICE_ID_SESSION_KEY, devices_for_user

from accounts import codes
from accounts.models import Entry, User
from accounts.requests import SignedIn
from catalogue.models import County, SubCounty

HOST = {"host": "127.0.0.1"}  # not "testserver": the test environment watches every template
TICKS = os.sysconf("SC_CLK_TCK")
TABLE = engines["django"].from_string(
    "<!doctype html><title>Bare</title><table>{% for row in rows %}<tr><td>{{ row.pk }}</td>"
    "<td>{{ row.name }}</td><td>{{ row.county.name }}</td><td>{{ row.county.code }}</td></tr>"
    "{% endfor %}</table>"
)


@login_required
def page(request: SignedIn) -> HttpResponse:
    rows = SubCounty.objects.select_related("county")[:25]
    return HttpResponse(TABLE.render({"rows": rows}, request))


FLAT = engines["django"].from_string(
    "<!doctype html><title>Flat</title><p>{{ row.name }}</p>"
    + "<p>The same on every page.</p>" * 375
)


@login_required
def flat(request: SignedIn) -> HttpResponse:
    """One row and ten kilobytes that are the same for everybody."""
    return HttpResponse(FLAT.render({"row": SubCounty.objects.first()}, request))


@login_required
def post(request: SignedIn) -> HttpResponse:
    """What it writes is taken back, so that measuring leaves nothing behind."""
    with transaction.atomic():
        County.objects.select_for_update().first()
        told: dict[str, Any] = {"verb": "bench.posted", "subject_type": "", "subject_id": 0}
        if not Entry.objects.filter(**told).exists():
            with transaction.atomic():
                Entry.objects.create(actor=request.user, **told)
        transaction.set_rollback(True)
    return redirect("home")


urlpatterns = [
    path("bare/", page),
    path("bare/flat/", flat),
    path("bare/post/", post),
    path("", include("cp2.urls")),
]


class Cost(NamedTuple):
    web: float  # CPU milliseconds, the median
    database: float  # the same of PostgreSQL's backend, the mean, for its clock is coarse
    queries: int
    size: int
    packed: int

    @property
    def cpu(self) -> float:
        return self.web + self.database


def browser(user: User) -> Client:
    client = Client(headers=HOST)
    client.force_login(user)
    session = client.session
    for device in devices_for_user(user):  # headquarters has proved a one-time code
        session[DEVICE_ID_SESSION_KEY] = device.persistent_id
        session[codes.PROVED_AT] = codes.clock()
    session.save()
    return client


def cost(visits: Sequence[Callable[[], Any]]) -> Cost:
    """Of each of some visits, all alike; the first two are for warming up and counting."""
    visits[0]()
    with CaptureQueriesContext(connection) as captured:
        response = visits[1]()
    said = [
        each["sql"]
        for each in captured.captured_queries
        if not re.match(r"BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE", each["sql"])
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
    took, before = [], _of_process(backend)
    for visit in visits[2:]:
        began = time.process_time()
        visit()
        took.append((time.process_time() - began) * 1000)
    return Cost(
        statistics.median(took),
        (_of_process(backend) - before) * 1000 / len(took),
        len(said),
        len(response.content),
        len(gzip.compress(response.content, 6)),
    )


def _of_process(pid: int) -> float:
    """Seconds of CPU so far; 0 for a server on another machine."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS
