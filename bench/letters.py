"""Appointment letters: what one costs to print and to hand out, and a morning on which both happen.

    bin/serve.py .venv/bin/python bench/letters.py                 a new portal, thrown away after
    bin/serve.py .venv/bin/python bench/letters.py --loop 5000     and how memory goes

It prints letters of its own and changes nothing of the officers'. CPU of printing is this process's
and that of the program which draws; CPU of handing out is as in bare.py, beside its bare page.
"""

import argparse
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent))
from apply import signed_in
from bare import TICKS, Cost, browser, cost  # sets up Django
from django.conf import settings
from django.db.models import Q
from django.test import override_settings
from django.utils import timezone

from accounts.models import User
from deployments import letter_sample, letters, pdf
from deployments.models import Letter, LetterStatus, LetterText
from deployments.press import resident
from deployments.printer import printer


def seconds_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_of(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 2**20


def drawer() -> int:
    assert printer.program
    return printer.program.pid


# Printing


def printing(rows: list[Letter], count: int) -> None:
    print("\nprinting")
    pdf.appointment_letter(rows[0])
    began, own, theirs = time.monotonic(), time.process_time(), seconds_of(drawer())
    for n in range(count):
        pdf.appointment_letter(rows[n % len(rows)])
    wall = time.monotonic() - began
    cpu = time.process_time() - own + seconds_of(drawer()) - theirs
    print(f"  {count} letters: {cpu / count * 1000:.1f} ms of CPU each, {count / cpu:.1f} a second")
    print(f"  and core; {wall / count * 1000:.1f} ms of the clock each")
    some = LetterText.objects.model
    for said, language, paragraphs in (
        ("one page, English", "en", []),
        ("one page, Kiswahili", "sw", []),
        ("two pages", "en", ["You will\n" + "- see that all is done as it should be\n" * 55]),
    ):
        text = some(
            position=rows[0].deployment.post.position, language=language, paragraphs=paragraphs
        )
        once = letter_sample.content(text)
        took, theirs = time.process_time(), seconds_of(drawer())
        for _ in range(20):
            letter_sample.content(text)
        cpu = time.process_time() - took + seconds_of(drawer()) - theirs
        print(f"  {said}: {len(once):,} bytes, {cpu / 20 * 1000:.1f} ms of CPU")


def loop(rows: list[Letter], count: int) -> None:
    print(f"\nmemory over {count} letters, MB: this process, the program that draws")
    for n in range(count):
        pdf.appointment_letter(rows[n % len(rows)])
        if n % (count // 5) == count // 5 - 1:
            theirs = resident_of(drawer()) if printer.program else 0
            print(f"  after {n + 1:6}: {resident() / 2**20:6.1f} {theirs:6.1f}")


# Handing out


class Read:
    """A file's answer, read to its end as a browser does."""

    def __init__(self, answer: Any) -> None:
        assert answer.status_code == 200, answer.status_code
        self.content = b"".join(answer.streaming_content)


def handing_out(user: User, address: str) -> None:
    client = browser(user)
    visits: dict[str, Callable[[], Any]] = {
        "the letter, from storage": lambda: Read(client.get(address)),
        "a bare flat page": lambda: client.get("/bare/flat/"),
        "a bare page of 25 rows": lambda: client.get("/bare/"),
    }
    print("\nhanding out                  web ms     db ms  queries   bytes")
    for name, visit in visits.items():
        spent: Cost = cost([visit] * 202)
        print(
            f"  {name:26} {spent.web:6.2f}    {spent.database:6.2f}  {spent.queries:7} "
            f"{spent.size:7}"
        )


# The morning


def cookie_of(user: User) -> str:
    return f"{settings.SESSION_COOKIE_NAME}={signed_in(user)}"


def downloads(base: str, addresses: list[tuple[str, str]], at_once: int, seconds: float) -> str:
    """Over connections that stay open, each officer their own letter."""
    place = urlsplit(base)
    took: list[float] = []
    bad: list[int] = []
    until = time.monotonic() + seconds

    def visit(turn: int) -> None:
        line = HTTPConnection(place.hostname or "", place.port, timeout=30)
        while time.monotonic() < until:
            address, cookie = addresses[turn % len(addresses)]
            turn += at_once
            began = time.monotonic()
            line.request("GET", address, headers={"Cookie": cookie})
            answer = line.getresponse()
            content = answer.read()
            whole = content.startswith(b"%PDF-") and content.rstrip().endswith(b"%%EOF")
            if answer.status != 200 or not whole:
                bad.append(answer.status)
            took.append(time.monotonic() - began)

    crowd = [threading.Thread(target=visit, args=(n,)) for n in range(at_once)]
    for each in crowd:
        each.start()
    for each in crowd:
        each.join()
    p95 = statistics.quantiles(took, n=20)[-1] * 1000
    return (
        f"{len(took) / seconds:7.1f} a second, median {statistics.median(took) * 1000:.0f} ms, "
        f"p95 {p95:.0f} ms, not whole: {len(bad)}"
    )


def morning(base: str, rows: list[Letter], at_once: int, seconds: float) -> None:
    half = len(rows) // 2
    mine, theirs = rows[:half], [each.pk for each in rows[half:]]
    addresses = [
        (f"/deployments/{each.deployment_id}/letter.pdf", cookie_of(each.deployment.officer.user))
        for each in mine
    ]
    downloads(base, addresses, at_once, 2)
    print(f"\nthe morning: letters downloaded over {at_once} connections")
    print("  while nothing is printed  ", downloads(base, addresses, at_once, seconds))
    over, printed = threading.Event(), 0

    def ask_for_more() -> None:
        """So that the portal's own workers always have letters to print."""
        nonlocal printed
        while not over.is_set():
            ready = Letter.objects.filter(pk__in=theirs, status=LetterStatus.READY)
            printed += ready.update(
                status=LetterStatus.WAITING, attempts=0, not_before=timezone.now()
            )
            time.sleep(0.2)

    asking = threading.Thread(target=ask_for_more)
    asking.start()
    print("  while the workers print   ", downloads(base, addresses, at_once, seconds))
    over.set()
    asking.join()
    print(f"  and {printed / seconds:.1f} letters a second were printed meanwhile")


def main() -> None:
    words = argparse.ArgumentParser()
    default = os.environ.get("CP2_BASE_URL", "http://127.0.0.1:8000")
    words.add_argument("base", nargs="?", default=default)
    words.add_argument("--letters", type=int, default=200)
    words.add_argument("--loop", type=int, default=0)
    words.add_argument("--at-once", type=int, default=16)
    words.add_argument("--seconds", type=float, default=15)
    asked = words.parse_args()
    while Letter.objects.current().filter(Q(status=LetterStatus.WAITING)).exists():
        time.sleep(1)  # the sample season's own
    rows = list(
        Letter.objects.current()
        .filter(status=LetterStatus.READY)
        .select_related("deployment__officer__user", "deployment__post__position")
        .order_by("pk")[:200]
    )
    print(f"{len(rows)} letters in this season")
    printing(rows, asked.letters)
    one = rows[0]
    letters.note_download(one, by=one.deployment.officer.user)
    with override_settings(ROOT_URLCONF="bare"):
        handing_out(one.deployment.officer.user, f"/deployments/{one.deployment_id}/letter.pdf")
    morning(asked.base, rows, asked.at_once, asked.seconds)
    if asked.loop:
        loop(rows, asked.loop)
    printer.stop()


if __name__ == "__main__":
    main()
