"""A centre's register in a browser that loses its network: marked, kept, sent once, and forgotten
at sign-out. The profile is a folder, so that closing the browser is closing it."""

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from cp2.tests.browser.conftest import BASE, Visitor, manage
from cp2.tests.browser.link import Link

pytestmark = pytest.mark.browser


class Telephone:
    """A browser with a memory: what is on it outlives its being closed."""

    def __init__(self, browser: Browser, folder: Any) -> None:
        self.browser, self.folder, self.link = browser, folder, Link(BASE)
        self.context: BrowserContext | None = None

    def open(self) -> Page:
        self.context = self.browser.browser_type.launch_persistent_context(
            self.folder,
            executable_path=os.environ.get("CHROMIUM"),
            base_url=self.link.url,
            viewport={"width": 360, "height": 740},
        )
        self.context.set_default_timeout(30_000)
        self.context.set_offline(not self.link.is_up)
        return self.context.pages[0]

    def close(self) -> None:
        if self.context:
            self.context.close()
        self.context = None

    def network(self, *, on: bool) -> None:
        assert self.context
        self.link.is_up = on
        self.context.set_offline(not on)


@pytest.fixture
def telephone(browser: Browser, tmp_path: Any) -> Iterator[Telephone]:
    phone = Telephone(browser, tmp_path / "profile")
    yield phone
    phone.close()


@pytest.fixture(scope="module")
def centres() -> list[dict[str, str]]:
    rows = json.loads(manage("people", "--json"))
    return [row for row in rows if row["role"] == "centre"]


HAS_COPY = """async () => {
    for (const name of await caches.keys())
        for (const request of await (await caches.open(name)).keys())
            if (request.url.endsWith("/copy/")) return !!navigator.serviceWorker.controller;
}"""


def wait_until(done: Callable[[], Any], within: float = 10) -> None:
    deadline = time.monotonic() + within
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def sign_in(page: Page, person: dict[str, str]) -> str:
    """The number of the exam that the account is for, once its copy is on the phone."""
    page.goto("/accounts/login/")
    page.locator("#content [name=username]").fill(person["username"])
    page.locator("#content [name=password]").fill(person["password"])
    page.get_by_role("button", name="Log in", exact=True).first.click()
    page.wait_for_url("**/centre/")
    if page.locator("[name=distance_km]").count():
        page.fill("[name=distance_km]", "12.5")
        page.get_by_role("button", name="Save distance").click()
        page.wait_for_load_state()
    wait_until(lambda: page.evaluate(HAS_COPY))
    found = re.search(r"/centre/(\d+)/", page.content())
    assert found
    return found[1]


def today() -> str:
    return query("localdate().isoformat()")


def query(expression: str) -> str:
    imports = (
        "from django.utils.timezone import localdate; "
        "from attendance.models import Mark, Register, RegisterCopy; "
    )
    return manage("shell", "-v0", "--no-imports", "-c", f"{imports}print({expression})").strip()


def marks_of(person: dict[str, str], day: str) -> list[list[Any]]:
    station = person["username"][4:]
    return json.loads(
        query(
            "__import__('json').dumps(list(map(list, Mark.objects.filter("
            f"day='{day}', deployment__post__station__code='{station}')"
            ".order_by('officer').values_list('officer', 'status', 'way', 'acting_name'))))"
        )
    )


def copies_of(person: dict[str, str]) -> int:
    station = person["username"][4:]
    return int(query(f"RegisterCopy.objects.filter(entry__station__code='{station}').count()"))


def mark(page: Page, *, absent: int, name: str) -> int:
    """All present but the one; how many there are."""
    rows = page.locator(".register-row:visible")
    count = rows.count()
    assert count
    for number in range(count):
        rows.nth(number).locator("label").nth(1 if number == absent else 0).click()
    box = page.locator("#content [name=acting_name]")
    if box.is_visible():
        box.fill(name)
    page.locator(".register-bar button").click()
    return count


def kept_names(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(
        """async () => ({
            caches: await caches.keys(),
            databases: await indexedDB.databases(),
            workers: (await navigator.serviceWorker.getRegistrations()).length,
        })"""
    )
    return found


def test_marked_without_a_network_closed_opened_and_arrived_once(telephone, centres):
    person, day = ready(centres), today()
    page = telephone.open()
    exam = sign_in(page, person)
    register = f"/centre/{exam}/register/{day}/"

    before, copies = marks_of(person, day), copies_of(person)

    telephone.network(on=False)
    page.goto(register)
    assert page.get_by_text("You are looking at the copy of").is_visible()
    count = mark(page, absent=copies % 5, name="Barasa Wafula")
    page.get_by_text("One register waits on this phone to be sent.").wait_for()
    assert marks_of(person, day) == before

    telephone.close()
    page = telephone.open()
    page.goto("/centre/")
    page.get_by_text("One register waits on this phone to be sent.").wait_for()
    page.goto(register)
    page.locator("input[value=absent]:checked").wait_for(state="attached")
    assert page.locator("input[value=present]:checked").count() == count - 1

    telephone.network(on=True)
    page.get_by_text("marked without a network at").wait_for()
    assert page.get_by_text("One register waits").is_hidden()
    marked = marks_of(person, day)
    assert len(marked) == count
    changed = [each for each in marked if each not in before]
    assert {(way, name) for _pk, _mark, way, name in changed} == {("copy", "Barasa Wafula")}
    assert [status for _pk, status, _way, _name in marked].count("absent") == 1
    page.goto("/centre/")
    page.wait_for_timeout(1000)
    assert copies_of(person) == copies + 1


def test_copy_of_today_is_filled_in_by_the_form_that_was_online_too(telephone, centres):
    """The page was opened with a network, which went before it was sent."""
    person, day = ready(centres), today()
    page = telephone.open()
    exam = sign_in(page, person)
    page.goto(f"/centre/{exam}/register/{day}/")
    before = copies_of(person)

    telephone.network(on=False)
    mark(page, absent=0, name="Chebet Kiptoo")
    page.get_by_text("One register waits on this phone to be sent.").wait_for()
    telephone.network(on=True)
    page.get_by_text("marked without a network at").wait_for()

    assert copies_of(person) == before + 1


def test_day_to_come_is_shown_and_not_marked(telephone, centres):
    person = ready(centres)
    page = telephone.open()
    exam = sign_in(page, person)
    telephone.network(on=False)
    page.goto(f"/centre/{exam}/register/")
    link = page.locator("#copy-days a").last
    link.click()
    page.get_by_text("This register is to be marked on its day").wait_for()
    mark(page, absent=0, name="Chebet Kiptoo")
    page.wait_for_timeout(300)
    assert page.get_by_text("One register waits").count() == 0


def test_signing_out_leaves_nothing_and_another_account_finds_nothing(telephone, centres):
    person, day = ready(centres), today()
    other = next(row for row in centres if row["username"] != person["username"])
    page = telephone.open()
    exam = sign_in(page, person)
    register = f"/centre/{exam}/register/{day}/"
    device = [each for each in page.context.cookies() if each["name"].endswith("device")]
    assert kept_names(page)["databases"]

    # with something waiting and no network, it asks first
    telephone.network(on=False)
    page.goto(register)
    mark(page, absent=0, name="Naliaka Simiyu")
    page.get_by_text("One register waits on this phone to be sent.").wait_for()
    asked: list[str] = []
    page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    sign_out(page)
    page.wait_for_timeout(2000)
    assert "they are lost" in asked[0]
    assert page.get_by_text("One register waits").is_visible()

    # another account signs in at the same browser: it neither sees nor sends it
    before = copies_of(person)
    page.context.clear_cookies(name="session")
    telephone.network(on=True)
    page.goto("/accounts/login/")
    page.get_by_text("wait on this phone: 1").wait_for()
    sign_in(page, other)
    assert page.get_by_text("One register waits").count() == 0
    telephone.network(on=False)
    page.goto(register)
    assert person["username"] not in page.content()
    assert other["username"] in page.content()
    telephone.network(on=True)
    assert copies_of(person) == before

    # and back: it is sent
    page.goto("/centre/")
    page.context.clear_cookies(name="session")
    sign_in(page, person)
    page.get_by_text("marked without a network at").wait_for()
    assert copies_of(person) == before + 1

    # with a network: out, and nothing stays but the cookies
    sign_out(page)
    page.wait_for_url("**/")
    page.get_by_text("You are signed out.").wait_for()
    assert kept_names(page) == {"caches": [], "databases": [], "workers": 0}
    now = [each for each in page.context.cookies() if each["name"].endswith("device")]
    assert len(now) == len(device) == 1
    sign_in(page, person)


def test_signing_out_without_a_network_leaves_nothing_either(telephone, centres):
    person, day = ready(centres), today()
    page = telephone.open()
    exam = sign_in(page, person)
    telephone.network(on=False)
    page.goto(f"/centre/{exam}/register/{day}/")
    mark(page, absent=0, name="Naliaka Simiyu")
    page.get_by_text("One register waits on this phone to be sent.").wait_for()

    page.once("dialog", lambda dialog: dialog.accept())
    sign_out(page)

    page.get_by_text("Nothing is left on this phone.").wait_for()
    kept = kept_names(page)
    assert (kept["caches"], kept["databases"]) == ([], [])


def test_without_javascript_all_is_as_before(browser, centres):
    person, day = ready(centres), today()
    visitor = Visitor(browser, java_script_enabled=False)
    visitor.sign_in(person["username"], person["password"])
    exam = re.search(r"/centre/(\d+)/", visitor.page.content())
    assert exam
    visitor.open(f"/centre/{exam[1]}/register/{day}/?all=present")
    visitor.fill(acting_name="Barasa Wafula")
    with visitor.page.expect_navigation():
        visitor.page.locator(".register-bar button").click()
    assert visitor.says("was saved at")
    visitor.context.close()


def ready(centres: list[dict[str, str]]) -> dict[str, str]:
    return next(row for row in centres if "to mark" in row["scope"])


def sign_out(page: Page) -> None:
    summary = page.locator("details.fold > summary").first
    if summary.is_visible():
        summary.click()
    page.locator(".nav-account button").click()
