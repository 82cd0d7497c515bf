"""People and phones for tests that drive a real Chromium against a running portal.

`bin/test-browser` starts the portal and gives its address in CP2_BASE_URL. The tests see it only
from outside: pages, the phone in the browser, and what `manage.py people` prints.
"""

import json
import os
import subprocess
import sys
import time
from base64 import b32decode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from django_otp.oath import totp
from playwright.sync_api import Browser, Locator, Page, sync_playwright

PROJECT = Path(__file__).resolve().parents[3]
BASE = os.environ.get("CP2_BASE_URL", "")


def manage(*words: str) -> str:
    """One of Django's commands, with the settings of the portal and not of the tests."""
    ran = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=PROJECT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "cp2.settings"},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return ran.stdout


class Phone:
    """A phone of the simulator."""

    def __init__(self, number: str) -> None:
        self.number = number
        self.url = f"{BASE}/sms/simulator/{number}/"
        self.waited: list[float] = []  # seconds, for each text that was waited for

    def texts(self) -> list[dict[str, str]]:
        answer = httpx.get(self.url, headers={"Accept": "application/json"})
        texts: list[dict[str, str]] = answer.raise_for_status().json()
        return texts

    def send(self, text: str) -> None:
        httpx.post(self.url, data={"text": text})

    def wait_for(self, words: str, *, after: int = 0, within: float = 10) -> str:
        """The newest text with these words, among those that came after the first `after`."""
        began = time.monotonic()
        while time.monotonic() < began + within:
            texts = self.texts()
            for text in texts[: len(texts) - after]:
                if words in text["text"]:
                    self.waited.append(time.monotonic() - began)
                    return text["text"]
            time.sleep(0.05)
        raise AssertionError(f"no text “{words}” came to {self.number} within {within} s")


class Visitor:
    """Somebody at a phone's screen, with cookies of their own."""

    def __init__(self, browser: Browser, *, width: int = 360, **options: Any) -> None:
        self.context = browser.new_context(
            base_url=BASE, viewport={"width": width, "height": 740}, **options
        )
        self.context.set_default_timeout(10_000)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on(
            "console",
            lambda said: self.complaints.append(said.text) if said.type == "error" else None,
        )
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, path: str) -> Page:
        answer = self.page.goto(path)
        assert answer is not None
        assert answer.status < 400, f"{path}: {answer.status}"
        return self.page

    def fill(self, **fields: str) -> "Visitor":
        for name, value in fields.items():
            field = self.page.locator(f"main [name={name}], #content [name={name}]").first
            if field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(label=value)
            else:
                field.fill(value)
        return self

    def choose(self, name: str, words: str) -> "Visitor":
        """Of a drop-down, by the first words of the choice; a count may stand behind them."""
        field = self.page.locator(f"#content [name={name}]").first
        choice = field.locator("option").filter(has_text=words).first
        field.select_option(value=choice.get_attribute("value"))
        return self

    def press(self, text: str) -> None:
        self.click(self.page.get_by_role("button", name=text, exact=True).first)

    def click(self, place: Locator) -> None:
        """Everything here is a link or a form, so a page must come of it."""
        with self.page.expect_navigation():
            place.click()

    def says(self, words: str) -> bool:
        return words in " ".join(self.page.locator("body").inner_text().split())

    def sign_in(self, username: str, password: str, secret: str = "") -> "Visitor":
        self.open("/accounts/login/")
        self.fill(username=username, password=password).press("Log in")
        if secret:
            self.fill(code=f"{totp(b32decode(secret)):06d}").press("Go on")
        return self


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    assert BASE, "run these with bin/test-browser, which starts a portal for them"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM"))
        yield chromium
        chromium.close()


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """Makes visitors; none of them may have seen an error in the browser's console."""
    made: list[Visitor] = []

    def make(**options: Any) -> Visitor:
        made.append(Visitor(browser, **options))
        return made[-1]

    yield make
    complaints = [complaint for each in made for complaint in each.complaints]
    for each in made:
        each.context.close()
    assert complaints == []


@pytest.fixture(scope="session")
def people() -> dict[str, dict[str, str]]:
    """By user name for headquarters, by role for all others; of several, the last."""
    rows: list[dict[str, str]] = json.loads(manage("people", "--json"))
    assert rows
    return {row["username"] if row["role"] == "headquarters" else row["role"]: row for row in rows}
