"""Deadlines, codes and leases turn on clocks: this machine's, the database's and a stranger's."""

import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx
from django.conf import settings as conf

from cp2.health.doctor import Finding, broken, check, look, ok
from cp2.health.doctor.database import ask

SMALL, LARGE = 2.0, 20.0  # seconds; one-time codes live for thirty


@check
def clock() -> Iterator[Finding]:
    began = time.time()
    [(there,)] = ask("SELECT extract(epoch FROM clock_timestamp())::float8")
    yield of_difference("the database", there - (began + time.time()) / 2)


@check
def clock_outside() -> Iterator[Finding]:
    at = urlsplit(conf.AFRICASTALKING_URL)
    try:
        began = time.time()
        date = httpx.head(f"{at.scheme}://{at.netloc}/", timeout=5).headers.get("Date", "")
        there = parsedate_to_datetime(date).timestamp() + 0.5  # it tells whole seconds
    except (httpx.HTTPError, ValueError, TypeError):
        yield look("nobody outside could be asked for the time", "See: timedatectl")
        return
    yield of_difference("the gateway", there - (began + time.time()) / 2)


def of_difference(whose: str, seconds: float) -> Finding:
    by = abs(seconds)
    said = f"the clock of this machine and that of {whose} differ by {by:.0f} seconds"
    if by > LARGE:
        return broken(said, "Set the clock: timedatectl set-ntp true")
    if by > SMALL:
        return look(said, "See that NTP runs: timedatectl")
    return ok(f"this machine and {whose} agree on the time")
