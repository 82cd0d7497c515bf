r"""Many officers apply for one vacancy at once, some of them with a double click.

    .venv/bin/python bench/apply.py [ADDRESS]            in the portal that bin/run keeps here
    .venv/bin/python bin/serve.py \
        .venv/bin/python bench/apply.py                  in a new one, which is thrown away

It makes the officers it needs, who stay, signs them in past the password, has each open the page
and then all submit over so many connections. In the end each must have one application, one text
and one line in the trail, and nobody an error. Then it measures what one POST costs beside a bare
one: queries, and CPU of this process and of the database.
"""

import argparse
import os
import re
import statistics
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from http.client import HTTPConnection, HTTPException
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from bare import Cost, browser, cost
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection
from django.db.models import Max
from django.test.utils import override_settings
from django.utils import timezone

from accounts import sessions
from accounts.models import Entry, User
from catalogue.models import Level, StudyLevel
from cp2.rules import Role
from profiles.models import Employer, Officer, Qualification, Vetting, WorkExperience
from sms.models import Message
from vacancies.models import Application, Vacancy

BLOCK = 254_190_000_000  # numbers for them; no sample person has one of these
MEASURED = 60


class Answer(NamedTuple):
    seconds: float
    status: int
    location: str


class Visitor:
    """A browser with one session and what it needs to post a form."""

    def __init__(self, base: str, officer: Officer) -> None:
        self.base, self.officer = base, officer
        self.cookies = {settings.SESSION_COOKIE_NAME: signed_in(officer.user)}
        self.form: dict[str, str] = {}

    def ask(self, method: str, path: str, body: str = "") -> tuple[int, str, str]:
        there = urlsplit(self.base)
        wire = HTTPConnection(there.hostname or "", there.port, timeout=120)
        headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "Content-Type": "application/x-www-form-urlencoded",
            "Referer": f"{self.base}{path}",
        }
        try:
            wire.request(method, path, body or None, headers)
            answer = wire.getresponse()
            text = answer.read().decode()
            for cookie in answer.headers.get_all("Set-Cookie") or []:
                name, _, value = cookie.partition(";")[0].partition("=")
                self.cookies[name] = value
            return answer.status, answer.headers.get("Location") or "", text
        finally:
            wire.close()

    def open(self, path: str) -> None:
        status, _where, text = self.ask("GET", path)
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text))
        if status != 200 or "shown" not in hidden:
            raise SystemExit(f"No form on {path}: {status}\n{text[-3000:]}")
        names = ("csrfmiddlewaretoken", "shown")
        self.form = {name: hidden[name] for name in names} | {"confirm": "on"}

    def submit(self, path: str) -> Answer:
        began = time.monotonic()
        try:
            status, where, _text = self.ask("POST", path, urlencode(self.form))
        except (OSError, HTTPException) as error:
            return Answer(time.monotonic() - began, 0, repr(error))
        return Answer(time.monotonic() - began, status, where)


def signed_in(user: User) -> str:
    """A session as signing in makes one, but for the password, whose hash is not measured here."""
    session = sessions.SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    sessions.begin(session, role=user.role, browser="bench")
    session.save()
    return str(session.session_key)


def the_vacancy() -> Vacancy:
    found = Vacancy.objects.open().in_words().with_terms().order_by("-closes_at", "pk")
    vacancy = next((each for each in found[:500] if each.terms), None)
    if vacancy is None:
        raise SystemExit("No vacancy with terms is open in the season that is loaded.")
    return vacancy


def make_officers(count: int, vacancy: Vacancy) -> list[Officer]:
    """Who meet whatever the terms ask."""
    last = User.objects.filter(username__startswith="254190").aggregate(last=Max("username"))
    first = int(last["last"] or BLOCK) + 1
    users = User.objects.bulk_create(
        User(username=str(number), phone=str(number), role=Role.OFFICER, password="!")
        for number in range(first, first + count)
    )
    officers = Officer.objects.bulk_create(
        Officer(
            user=user,
            full_name=f"Bench {user.username[-6:]}",
            national_id=f"9{user.username[-8:]}",
            payee_name=f"BENCH {user.username[-6:]}",
            payee_phone=user.username,
            sub_county=vacancy.sub_county,
            submitted_at=timezone.now(),
            vetting=Vetting.VETTED,
        )
        for user in users
    )
    terms: Any = vacancy.terms
    today = timezone.localdate()
    WorkExperience.objects.bulk_create(
        WorkExperience(
            officer=officer,
            employer=Employer.TSC,
            institution="Uhuru Hill School",
            level=(terms.school_levels or [Level.SECONDARY])[0],
            designation="Teacher",
            sub_county=vacancy.sub_county,
            starts_on=today - timedelta(days=366 * 20),
        )
        for officer in officers
    )
    Qualification.objects.bulk_create(
        Qualification(
            officer=officer,
            level=StudyLevel.DOCTORATE,
            institution="Uhuru Hill College",
            course="Education",
            starts_on=today - timedelta(days=9000),
            ends_on=today - timedelta(days=8000),
        )
        for officer in officers
    )
    return officers


def press(visitor: Visitor, path: str, *, times: int) -> list[Answer]:
    with ThreadPoolExecutor(times) as fingers:
        return list(fingers.map(lambda _: visitor.submit(path), range(times)))


def ledger(officers: list[Officer]) -> dict[str, int]:
    """What is in the database of these officers; each figure must be their number."""
    made = Application.objects.filter(officer__in=officers)
    keys = list(made.values_list("pk", flat=True))
    subject = Application._meta.label_lower
    return {
        "applications": len(keys),
        "officers with one": made.values("officer").distinct().count(),
        "lines in the trail": Entry.objects.filter(
            verb="application.made", subject_type=subject, subject_id__in=keys
        ).count(),
        "texts": Message.objects.filter(to__in=[each.user.phone for each in officers]).count(),
    }


def run(base: str, people: int, at_once: int, doubles: int) -> bool:
    vacancy = the_vacancy()
    path = f"/vacancies/{vacancy.pk}/apply/"
    print(f"{people} officers, {at_once} connections, {doubles} % double clicks\n{vacancy}")
    officers = make_officers(people, vacancy)
    visitors = [Visitor(base, officer) for officer in officers]
    connection.close()  # the threads need none
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(lambda visitor: visitor.open(path), visitors))
        began = time.monotonic()
        answers = list(
            pool.map(
                lambda pair: press(pair[1], path, times=1 + (pair[0] * doubles % 100 < doubles)),
                enumerate(visitors),
            )
        )
        took = time.monotonic() - began
    every = [answer for pressed in answers for answer in pressed]
    wrong = Counter(
        (answer.status, re.sub(r"\d+", "N", answer.location))
        for answer in every
        if answer.status != 302 or not re.fullmatch(r"/applications/\d+/", answer.location)
    )
    apart = sum(len({answer.location for answer in pressed}) > 1 for pressed in answers)
    times = sorted(answer.seconds * 1000 for answer in every)
    print(
        f"{len(every)} POSTs in {took:.1f} s, {len(every) / took:.0f} a second; milliseconds: "
        f"p50 {statistics.median(times):.0f}, p95 {times[int(len(times) * 0.95)]:.0f}, "
        f"max {times[-1]:.0f}"
    )
    print(f"errors {sum(wrong.values())} {dict(wrong)}, double clicks led apart {apart}")
    held = ledger(officers)
    print(", ".join(f"{what} {number}" for what, number in held.items()))
    return not wrong and not apart and set(held.values()) == {people}


def measure() -> bool:
    """One POST in this process, each by another officer, and a bare one."""
    vacancy = the_vacancy()
    path = f"/vacancies/{vacancy.pk}/apply/"
    visits = []
    for officer in make_officers(MEASURED + 2, vacancy):
        client = browser(officer.user)
        shown = re.search(r'name="shown" value="(\w+)"', client.get(path).text)
        form = {"confirm": "on", "shown": shown[1] if shown else ""}
        visits.append(partial(client.post, path, form))
    bare = [partial(client.post, "/bare/post/")] * (MEASURED + 2)
    ours, theirs = cost(visits), cost(bare)

    def said(name: str, spent: Cost) -> None:
        print(
            f"{name:12} {spent.queries} queries, CPU {spent.web:.1f} ms here and "
            f"{spent.database:.1f} ms in the database"
        )

    said("a bare POST", theirs)
    said("applying", ours)
    print(f"ratio        {ours.cpu / theirs.cpu:.2f}")
    return ours.queries <= 12


def main() -> int:
    words = argparse.ArgumentParser()
    default = os.environ.get("CP2_BASE_URL", "http://127.0.0.1:8000")
    words.add_argument("base", nargs="?", default=default)
    words.add_argument("--people", type=int, default=1000)
    words.add_argument("--at-once", type=int, default=40)
    words.add_argument("--doubles", type=int, default=10, help="per cent")
    asked = words.parse_args()
    if settings.PRODUCTION:
        raise SystemExit("It makes people up: not in production.")
    held = run(asked.base.rstrip("/"), asked.people, asked.at_once, asked.doubles)
    with override_settings(ROOT_URLCONF="bare"):
        cheap = measure()
    print("as it must be" if held and cheap else "NOT as it must be")
    return 0 if held and cheap else 1


if __name__ == "__main__":
    sys.exit(main())
