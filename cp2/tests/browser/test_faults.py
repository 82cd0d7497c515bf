"""What dies between a click and its text: the worker, the broker's memory, the broker itself.

The text still comes, once, and no page fails or waits.
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
import redis

from cp2.tests.browser.conftest import BASE, Phone

pytestmark = pytest.mark.browser

# Seconds that a page may take while something is down, on a busy machine; it takes a tenth of one.
# A page that talked to the broker would take four and more.
PROMPT = 2.0


SOCKET = os.environ.get("REDIS_URL", "").removeprefix("redis+socket://")


def processes(word: str, setting: str = "") -> list[int]:
    """Those with a word in their command line and, if named, a setting in their environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # gone, or another user's
            named = word in (entry / "cmdline").read_text()
            if named and setting in ["", *(entry / "environ").read_text().split("\0")]:
                found.append(int(entry.name))
    return found


def tell_workers(signum: int) -> None:
    workers = processes("celery\0--app\0cp2\0worker", f"VAR_DIR={os.environ['VAR_DIR']}")
    assert workers
    for pid in workers:
        os.kill(pid, signum)


def tell_broker(signum: int) -> None:
    [pid] = processes(f"unixsocket:{SOCKET}")
    os.kill(pid, signum)


def broker() -> redis.Redis:
    return redis.Redis(unix_socket_path=SOCKET, socket_timeout=1)


def register(number: str) -> None:
    """As a phone's browser would, and measure how long it waits."""
    with httpx.Client(base_url=BASE, follow_redirects=True) as client:
        client.get("/accounts/register/")
        form = {"phone": number, "confirm_phone": number}
        began = time.monotonic()
        answer = client.post(
            "/accounts/register/",
            data=form | {"csrfmiddlewaretoken": _token(client)},
            headers={"Referer": f"{BASE}/accounts/register/"},
        )
        took = time.monotonic() - began
    assert answer.status_code == 200
    assert "by text" in answer.text
    assert took < PROMPT


def _token(client: httpx.Client) -> str:
    page = client.get("/accounts/register/").text
    return page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]


def a_new_number() -> str:
    time.sleep(0.01)
    return f"2541{time.time_ns() // 10_000_000 % 10**8:08d}"


def comes_once(number: str, *, within: float) -> None:
    phone = Phone(number)
    phone.wait_for("your user name is", within=within)
    time.sleep(3)
    assert len(phone.texts()) == 1


def ready_again(within: float = 40) -> None:
    deadline = time.monotonic() + within
    while httpx.get(f"{BASE}/readyz").status_code != 200:
        assert time.monotonic() < deadline, httpx.get(f"{BASE}/readyz").text
        time.sleep(0.2)


@pytest.fixture(autouse=True)
def whole_portal() -> Iterator[None]:
    ready_again()
    yield
    ready_again()


def test_text_comes_although_the_worker_was_killed():
    number = a_new_number()
    tell_workers(signal.SIGKILL)
    register(number)
    comes_once(number, within=30)


def test_text_comes_although_the_broker_forgot_everything():
    number = a_new_number()
    tell_workers(signal.SIGSTOP)
    try:
        register(number)
        broker().flushall()
    finally:
        tell_workers(signal.SIGCONT)
    comes_once(number, within=30)


def test_text_comes_although_the_broker_was_killed():
    number = a_new_number()
    tell_broker(signal.SIGKILL)
    register(number)
    comes_once(number, within=40)


def test_no_page_waits_for_a_broker_that_takes_calls_and_never_answers():
    number = a_new_number()
    tell_broker(signal.SIGSTOP)
    try:
        time.sleep(1)
        register(number)
        for path in ("/", "/accounts/login/", "/help/"):
            assert httpx.get(BASE + path).elapsed.total_seconds() < PROMPT
        asked = httpx.get(f"{BASE}/readyz")
        assert asked.status_code == 503
        assert asked.json()["broker"] == "no answer"
        assert asked.elapsed.total_seconds() < PROMPT
        time.sleep(20)
        assert Phone(number).texts() == []
    finally:
        tell_broker(signal.SIGCONT)
    comes_once(number, within=30)
