"""What a centre's morning costs on 2G: bytes and seconds of each step, in a browser 360 wide.

    .venv/bin/python bin/serve.py .venv/bin/python bench/offline.py

The link is a forwarder of our own (250 kbit/s down, 50 up, 300 ms there and back, and as long again
for a new connection), for a browser's own throttling leaves its service worker out. It counts every
byte, headers too, that passes; TLS would add some 4 KB and 600 ms to a first connection.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from playwright.sync_api import Page, sync_playwright

from cp2.tests.browser.conftest import BASE, manage
from cp2.tests.browser.link import Link


def measure(link: Link, what: str, act: Callable[[], Any]) -> None:
    """Until the page is there; then what goes on behind it, until the air is quiet."""
    link.down = link.up = 0
    began = time.monotonic()
    act()
    shown, down = time.monotonic() - began, link.down
    while time.monotonic() - max(link.last, began) < 1.5:
        time.sleep(0.1)
    quiet = max(link.last, began) - began
    print(
        f"{what:52} {shown:6.1f} s {down:8,} B   all {quiet:5.1f} s "
        f"{link.down:8,} B down {link.up:6,} up"
    )


def mark(page: Page) -> None:
    for row in page.locator(".register-row:visible").all():
        row.locator("label").first.click()
    name = page.locator("#content [name=acting_name]")
    if name.is_visible():
        name.fill("Barasa Wafula")
    page.locator(".register-bar button").click()


def main() -> None:
    link = Link(BASE, down=250_000 / 8, up=50_000 / 8, there_and_back=0.3)
    people = json.loads(manage("people", "--json"))
    centre = next(row for row in people if row["role"] == "centre" and "to mark" in row["scope"])
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=os.environ.get("CHROMIUM"),
            base_url=link.url,
            viewport={"width": 360, "height": 740},
        )
        context.set_default_timeout(60_000)
        page = context.pages[0]
        morning(link, page, centre)
        context.close()


def morning(link: Link, page: Page, centre: dict[str, str]) -> None:
    def sign_in() -> None:
        page.locator("#content [name=username]").fill(centre["username"])
        page.locator("#content [name=password]").fill(centre["password"])
        page.get_by_role("button", name="Log in", exact=True).first.click()
        page.wait_for_url("**/centre/")

    def follow(name: str) -> None:
        page.get_by_role("link", name=name).first.click()
        page.locator(".register-bar").wait_for()

    measure(link, "first visit", lambda: page.goto("/accounts/login/"))
    measure(link, "signed in (behind it: script, worker, copy)", sign_in)
    measure(link, "register opened", lambda: follow("Mark today's register"))
    register = page.url

    def save() -> None:
        mark(page)
        page.get_by_text("was saved at").wait_for()

    measure(link, "marked and saved", save)

    link.is_up = False
    measure(link, "register opened without a network", lambda: page.goto(register))

    def keep() -> None:
        page.locator(".register-row:visible label.tap-absent").nth(1).click()
        name = page.locator("#content [name=acting_name]")
        name.fill("Barasa Wafula")
        page.locator(".register-bar button").click()
        page.get_by_text("One register waits").wait_for()

    measure(link, "marked and kept without a network", keep)
    link.is_up = True

    def send() -> None:
        page.evaluate("dispatchEvent(new Event('online'))")
        page.get_by_text("marked without a network at").wait_for()

    measure(link, "sent when the network is back (behind it: the copy)", send)


if __name__ == "__main__":
    main()
