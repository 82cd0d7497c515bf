"""Every page that a sample person can reach: looking changes no row, and no input breaks it."""

import re
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

from django.apps import apps
from django.db import connection
from django.test import TestCase
from django.utils import timezone
from lxml import html

from accounts.models import User
from cp2.rules import Role
from cp2.season.build import build
from cp2.season.people import people
from cp2.tests import make

MOST_PAGES = 120  # for each person
# Reading one of these is itself recorded: the trail says who took a list or a letter, and looks at
# other people are counted.
RECORDED = {
    "accounts_entry",
    "accounts_session",
    "deployments_letter",
    "limits_bucket",
    "sms_heartbeat",
}

# Each in every field of every form at once, as bytes that a browser would not send.
GARBAGE = {
    "nothing": b"",
    "a NUL": b"a%00b",
    "half a character": b"%ed%a0%80",
    "not UTF-8": b"%ff%fe",
    "a huge number": b"9" * 30,
    "digits of another script": quote("١٢٣٤٥٦٧٨").encode(),
    "markup": quote("<script>alert(1)</script>{{ 7*7 }}").encode(),
    "turned around": quote("\u202eabc\u200b").encode(),
    "far too much": b"x" * 20_000,
}


def pattern_of(url: str) -> str:
    """Pages that differ by a number, a code or a day are one page."""
    return re.sub(r"\d[\d-]*", "N", urlsplit(url).path)


def pictures_of_tables() -> dict[str, str]:
    with connection.cursor() as cursor:
        return {table: _picture(cursor, table) for table in _tables()}


def _tables() -> Iterator[str]:
    for model in apps.get_models():
        if model._meta.db_table not in RECORDED:
            yield model._meta.db_table


def _picture(cursor, table):
    """All of it but the time of the last sign-in, which the tests themselves change."""
    cursor.execute(
        f"SELECT count(*) || coalesce(md5(string_agg(row, '' ORDER BY row)), '') "
        f"FROM (SELECT (to_jsonb(t) - 'last_login')::text AS row FROM {table} t) rows"
    )
    return cursor.fetchone()[0]


class Crawl(TestCase):
    @classmethod
    def setUpTestData(cls):
        build("tiny", 1, timezone.localdate(), lambda what: None)
        cls.people = [
            User.objects.get(username=person.username)
            for person in people()
            if person.role != "headquarters"
        ]

    def pages(self, user) -> Iterator[tuple[str, html.HtmlElement]]:
        """What this person's links lead to, one page of each kind."""
        self.client.logout()
        make.sign_in(self.client, user)
        waiting, seen = ["/home/"], set()
        while waiting and len(seen) < MOST_PAGES:
            url = waiting.pop(0)
            if pattern_of(url) in seen:
                continue
            seen.add(pattern_of(url))
            response = self.client.get(url, follow=True)
            assert response.status_code < 400, f"{url} as {user}: {response.status_code}"
            if not response["Content-Type"].startswith("text/html"):
                continue
            page = html.fromstring(response.content)
            yield url, page
            waiting += [
                link.split("#")[0] for link in page.xpath("//a/@href") if link.startswith("/")
            ]
            waiting += [
                f"{urlsplit(url).path}{link}" for link in page.xpath("//a/@href") if link[:1] == "?"
            ]

    def test_looking_around_changes_no_row(self):
        before = pictures_of_tables()
        for user in self.people:
            walked = [url for url, _ in self.pages(user)]
            assert len(walked) > 3, f"{user} sees {walked}"
        assert pictures_of_tables() == before

    def test_every_page_says_what_it_is_once(self):
        for user in self.people:
            for url, page in self.pages(user):
                with self.subTest(url, user=str(user)):
                    assert len(page.xpath("//h1")) == 1
                    assert page.xpath("string(//title)").strip()
                    ids = page.xpath("//@id")
                    assert len(ids) == len(set(ids))
                    assert page.xpath("//a[not(@href) or @href='']") == []

    def test_every_field_has_a_label(self):
        for user in self.people:
            for url, page in self.pages(user):
                for field in page.xpath(
                    "//main//input[not(@type='hidden') and not(@type='submit')]"
                    "|//main//select|//main//textarea"
                ):
                    with self.subTest(url, name=field.get("name")):
                        named = field.get("aria-label") or page.xpath(
                            "//label[@for=$id]", id=field.get("id") or ""
                        )
                        assert len(named) > 0 or field.xpath("ancestor::label")

    def test_no_input_breaks_a_form(self):
        for user in self.people:
            done = set()
            for url, page in self.pages(user):
                for form in page.xpath("//main//form[@method='post']"):
                    action = form.get("action") or url
                    if pattern_of(action) in done:
                        continue
                    done.add(pattern_of(action))
                    self.stuff(action, set(form.xpath(".//@name")) - {"csrfmiddlewaretoken"})
                    # what a form began must not stand between here and the pages to come
                    self.client.logout()
                    make.sign_in(self.client, user)

    def test_no_input_breaks_a_search(self):
        for user in self.people:
            for url, page in self.pages(user):
                asked = set(page.xpath("//main//form[@method='get']//@name"))
                names = asked | {"page"}
                # where nothing is searched, there is next to nothing that reads an address
                for what, value in list(GARBAGE.items())[: None if asked else 2]:
                    query = b"&".join(name.encode() + b"=" + value[:2000] for name in names)
                    with self.subTest(url, what=what):
                        response = self.client.get(f"{urlsplit(url).path}?{query.decode()}")
                        assert response.status_code < 500

    def stuff(self, url: str, names: set[str]) -> None:
        for what, value in GARBAGE.items():
            body = b"&".join(quote(name).encode() + b"=" + value for name in sorted(names))
            with self.subTest(url, what=what):
                response = self.client.post(
                    url, body, content_type="application/x-www-form-urlencoded"
                )
                assert response.status_code < 500


class PublicForms(TestCase):
    def test_no_input_breaks_a_public_form(self):
        for url in (
            "/accounts/login/",
            "/accounts/register/",
            "/accounts/password/forgot/",
            "/accounts/number/lost/",
        ):
            page = html.fromstring(self.client.get(url).content)
            names = set(page.xpath("//main//form[@method='post']//@name")) - {"csrfmiddlewaretoken"}
            assert names
            Crawl.stuff(self, url, names)
        assert not User.objects.filter(role=Role.OFFICER).exists()
