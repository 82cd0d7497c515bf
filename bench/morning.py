r"""The register morning: every centre signs in, opens its register, marks everybody and is done.

    .venv/bin/python bench/morning.py [ADDRESS] --rate 6 --centres 10765
    .venv/bin/python bin/serve.py .venv/bin/python bench/morning.py --rate 2

So many centres begin each second, whether those before are done or not; the time of a request
counts from the moment it was due. Each is a browser of its own: sign-in page, sign-in, the centre,
its days, the register, the marks, the days again, log out. One officer in eight is marked absent.
It keeps a ledger of what it marked; in the end the database must hold exactly that, one mark for
each officer, or it fails. It fails too on any answer that is none, and on a p95 above 0.8 seconds.

It wants a portal with a season in which many centres work today and have not marked, such as the
national one.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlencode, urlsplit

from bare import PROJECT
from django.utils import timezone

from accounts.models import User
from attendance.models import Mark, Register, RegisterStatus
from catalogue.models import CentreEntry, Exam
from cp2.rules import Role

STEPS = ("sign-in page", "sign-in", "centre", "days", "register", "mark", "days again", "log out")
P95 = 0.8  # seconds


class Failed(Exception):
    """An answer that was not the one it should have been."""


class Morning:
    def __init__(self, base: str, exam: Exam, password: str) -> None:
        self.there, self.exam, self.password = urlsplit(base), exam, password
        self.day = timezone.localdate()
        self.took: defaultdict[str, list[float]] = defaultdict(list)
        self.ledger: dict[int, str] = {}
        self.accounts: set[str] = set()
        self.failures: Counter[str] = Counter()

    def centre(self, username: str, due: float) -> None:
        """One centre's morning, from the moment at which it is to begin."""
        time.sleep(max(0.0, due - time.monotonic()))
        try:
            with browser(self.there.netloc) as ask:
                self.visit(ask, username, due)
        except (Failed, OSError, HTTPException) as error:
            self.failures[f"{error.__class__.__name__}: {error}"[:120]] += 1

    def visit(self, ask: "Browser", username: str, due: float) -> None:
        registers = f"/centre/{self.exam.pk}/register/"
        register = f"{registers}{self.day.isoformat()}/"
        moment = due

        def timed(step: str, path: str, form: dict[str, str] | None, wanted: int) -> str:
            nonlocal moment
            status, text = ask(path, form)
            self.took[step].append(time.monotonic() - moment)
            moment = time.monotonic()
            if status != wanted:
                raise Failed(f"{step}: {status}")
            return text

        page = timed(STEPS[0], "/accounts/login/", None, 200)
        who = {"username": username, "password": self.password}
        timed(STEPS[1], "/accounts/login/", token(page) | who, 302)
        timed(STEPS[2], "/centre/", None, 200)
        timed(STEPS[3], registers, None, 200)
        page = timed(STEPS[4], register, None, 200)
        officers = sorted(set(map(int, re.findall(r'name="officer_(\d+)"', page))))
        if not officers:
            raise Failed("register: nobody is on it")
        marks = {pk: "absent" if (pk * 7919) % 8 == 0 else "present" for pk in officers}
        posted = {f"officer_{pk}": status for pk, status in marks.items()}
        seen = re.search(r'name="seen" value="([^"]*)"', page)
        form = token(page) | posted | {"acting_name": "Bench Morning"}
        if seen:
            form["seen"] = seen[1]
        timed(STEPS[5], register, form, 302)
        self.ledger |= marks
        self.accounts.add(username)
        page = timed(STEPS[6], registers, None, 200)
        if "alert-success" not in page:
            raise Failed("mark: the next page does not say that it is saved")
        timed(STEPS[7], "/accounts/logout/", token(page), 302)

    def say(self, seconds: float, centres: int) -> float:
        every = [one for step in STEPS for one in self.took[step]]
        print(f"{centres} centres in {seconds:.0f} s: {centres / seconds:.2f} a second,")
        print(f"  {len(every) / seconds:.1f} requests a second, {len(self.ledger)} marks")
        print(f"  {'step':14} {'median':>8} {'p95':>8} {'p99':>8} {'most':>8}  seconds")
        for step, took in [*((step, self.took[step]) for step in STEPS), ("all", every)]:
            if len(took) < 2:
                continue
            cuts = statistics.quantiles(took, n=100)
            print(
                f"  {step:14} {statistics.median(took):8.3f} {cuts[94]:8.3f} {cuts[98]:8.3f}"
                f" {max(took):8.3f}"
            )
        for failure, number in self.failures.most_common(10):
            print(f"  {number} × {failure}")
        return statistics.quantiles(every, n=100)[94]

    def wrong_marks(self) -> int:
        """How many officers of these centres are not marked exactly once, as the ledger says."""
        theirs = Mark.objects.filter(day=self.day, marked_by__username__in=self.accounts)
        rows = Counter(theirs.values_list("officer", "status"))
        here = Counter(self.ledger.items())
        return sum(((rows - here) + (here - rows)).values())


class Browser:
    def __init__(self, wire: HTTPConnection) -> None:
        self.wire = wire
        self.cookies: dict[str, str] = {}

    def __call__(self, path: str, form: dict[str, str] | None) -> tuple[int, str]:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        body = None
        if form is not None:
            body = urlencode(form)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            headers["Referer"] = f"http://{self.wire.host}:{self.wire.port}{path}"
        self.wire.request("POST" if form is not None else "GET", path, body, headers)
        answer = self.wire.getresponse()
        text = answer.read().decode()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, text


@contextmanager
def browser(netloc: str) -> Iterator[Browser]:
    wire = HTTPConnection(netloc, timeout=60)
    try:
        yield Browser(wire)
    finally:
        wire.close()


def token(page: str) -> dict[str, str]:
    return {
        "csrfmiddlewaretoken": page.partition('name="csrfmiddlewaretoken" value="')[2].partition(
            '"'
        )[0]
    }


def password_of_centres() -> str:
    listed = subprocess.run(
        [sys.executable, "manage.py", "people", "--json"],
        cwd=PROJECT,
        capture_output=True,
        check=True,
    )
    people = json.loads(listed.stdout)
    return str(next(row["password"] for row in people if row["role"] == Role.CENTRE))


def centres(exam: Exam, most: int, *, again: bool) -> list[str]:
    """Accounts of centres that work today, may open their register and have not marked it, or
    have."""
    today = timezone.localdate()
    marked = Register.objects.filter(day=today).exclude(status=RegisterStatus.OPEN)
    entries = CentreEntry.objects.working_on(today).filter(exam=exam, distance_km__isnull=False)
    if not again:
        entries = entries.exclude(pk__in=marked.values("entry"))
    accounts = User.objects.filter(
        role=Role.CENTRE, exam=exam, station__in=entries.values("station")
    )
    return list(accounts.order_by("pk").values_list("username", flat=True)[:most])


def main() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("base", nargs="?", default=os.environ.get("CP2_BASE_URL"))
    words.add_argument("--rate", type=float, default=6, help="centres that begin each second")
    words.add_argument("--centres", type=int, default=10_765)
    words.add_argument("--password", help="of the centres, where it is not that of the sample")
    words.add_argument("--again", action="store_true", help="centres that have marked, too")
    asked = words.parse_args()
    today = timezone.localdate()
    exam = (
        Exam.objects.filter(days__day=today, entries__isnull=False)
        .order_by("-code", "-year")
        .first()
    )
    if exam is None:
        raise SystemExit("No exam sits today in the season that is loaded.")
    accounts = centres(exam, asked.centres, again=asked.again)
    morning = Morning(
        asked.base or "http://127.0.0.1:8000", exam, asked.password or password_of_centres()
    )
    print(f"{len(accounts)} centres of {exam.short}, {asked.rate:g} a second", flush=True)

    began = time.monotonic()
    with ThreadPoolExecutor(64) as pool:
        for number, username in enumerate(accounts):
            pool.submit(morning.centre, username, began + number / asked.rate)
    p95 = morning.say(time.monotonic() - began, len(accounts))
    wrong = morning.wrong_marks()
    print(f"  {wrong} officers are not marked as the ledger says")
    if wrong or morning.failures or p95 > P95:
        raise SystemExit("The morning failed.")


if __name__ == "__main__":
    main()
