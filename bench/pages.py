"""What each page costs, in the season that is loaded: queries, CPU, bytes.

    .venv/bin/python bench/pages.py

CPU milliseconds are of this process alone, the median of some runs; beside them, as a measure that
travels, the same divided by the cost of the sign-in page in the same run.
"""

import gzip
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

from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_otp import DEVICE_ID_SESSION_KEY, devices_for_user

from accounts.models import User
from attendance.models import Register
from claims.models import Claim
from cp2.rules import Role
from deployments.models import Deployment, DeploymentStatus
from vacancies.models import Vacancy

RUNS = 15
BOTH = [
    "",
    "applications/",
    "applications/?sort=service",
    "applications/?sort=distance",
    "centres/",
    "centre-passwords/",
    "allocate/",
    "letters/",
    "deployments/",
    "deployments/new/",
    "attendance/",
    "attendance/absent/",
    "attendance/season/",
]
AREA = {
    "tsc": [*BOTH, "officers/", "claims/", "claims/centres/"],
    "scde": [*BOTH, "registers/", "enquiries/", "enquiries/statistics/"],
}


def signed_in(user: User | AnonymousUser) -> Client:
    # not "testserver": the test environment watches every template and would be measured too
    client = Client(headers={"host": "127.0.0.1"})
    if user.is_authenticated:
        client.force_login(user)
        session = client.session
        for device in devices_for_user(user):
            session[DEVICE_ID_SESSION_KEY] = device.persistent_id
        session.save()
    return client


def pages() -> Iterator[tuple[str, User | AnonymousUser, str]]:
    nobody = AnonymousUser()
    for path in ("/", "/accounts/login/", "/accounts/register/", "/help/"):
        yield "anyone", nobody, path

    deployment = Deployment.objects.filter(status=DeploymentStatus.ACCEPTED).latest("pk")
    officer = deployment.officer.user
    vacancy = Vacancy.objects.open().first()
    claim = Claim.objects.first()
    yield from (
        ("officer", officer, path)
        for path in (
            "/home/",
            "/profile/",
            "/profile/personal/",
            "/vacancies/",
            "/applications/",
            "/deployments/",
            f"/deployments/{deployment.pk}/",
            "/claims/",
            "/enquiries/",
        )
    )
    if vacancy:
        yield "officer", officer, f"/vacancies/{vacancy.pk}/apply/"
    if claim:
        yield "officer", claim.officer.user, f"/claims/{claim.pk}/"

    register = Register.objects.exclude(entry__distance_km=None).latest("day")
    entry = register.entry
    centre = User.objects.get(role=Role.CENTRE, station=entry.station, exam=entry.exam)
    for path in (
        "/centre/",
        *(f"/centre/{entry.exam_id}/{page}/" for page in ("officers", "register")),
    ):
        yield "centre", centre, path
    yield "centre", centre, f"/centre/{entry.exam_id}/register/{register.day}/"

    for director in User.objects.filter(
        role=Role.DIRECTOR, sub_county=entry.station.sub_county
    ).order_by("-office"):
        for page in AREA[director.office]:
            yield director.office, director, f"/area/{page}"


def measure(client: Client, path: str) -> tuple[int, float, int, int, int]:
    client.get(path)  # warm: templates are compiled once
    with CaptureQueriesContext(connection) as captured:
        response = client.get(path)
    queries = len(captured)  # at once: the next request starts a new log
    body = b"".join(response) if response.streaming else response.content
    took = []
    for _ in range(RUNS):
        began = time.process_time()
        client.get(path)
        took.append((time.process_time() - began) * 1000)
    return (
        response.status_code,
        statistics.median(took),
        queries,
        len(body),
        len(gzip.compress(body, 6)),
    )


def main() -> None:
    row = "{:8} {:44} {:>6} {:>7} {:>6} {:>6} {:>7} {:>6}".format
    print(row("who", "page", "status", "queries", "ms", "ratio", "bytes", "gzip"))
    base = measure(signed_in(AnonymousUser()), "/accounts/login/")[1]
    for who, user, path in pages():
        status, ms, queries, size, packed = measure(signed_in(user), path)
        ratio = f"{ms / base:.2f}"
        print(row(who, path[:44], status, queries, f"{ms:.1f}", ratio, size, packed))


if __name__ == "__main__":
    main()
