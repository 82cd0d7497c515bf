"""Every door of the portal: who may open it, and that looking changes nothing."""

import re
from collections.abc import Iterator

from django.test import TestCase
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from catalogue.models import Office
from cp2.rules import Role
from cp2.tests import make

# Open to everybody; all others ask for a sign-in first, and a new page must be decided about.
PUBLIC = {
    "front",
    "help",
    "privacy",
    "worker",
    "manifest",
    "healthz",
    "readyz",
    "accounts:login",
    "accounts:forgot",
    "profiles:register",
    "profiles:lost_number",
    "profiles:lost_number_code",
    "deployments:letter_check",
    "deployments:letter_find",
}
# Answer to POST alone.
POSTED = {
    "set_language",
    "accounts:logout",
    "profiles:lost_number_code_again",
    "sms:inbound",
    "sms:delivery",
}
# Not there unless configured, and what only leads on to a static file.
OTHERS = {"metrics", "sms:phones", "sms:faults", "sms:simulator", "favicon"}

SAMPLES = {"int": "1", "str": "x", "slug": "x", "path": "x", "uuid": "0" * 32, "day": "2025-11-03"}


def routes(
    patterns: list[URLPattern | URLResolver], space: str = "", before: str = ""
) -> Iterator[tuple[str, str]]:
    """Name and a sample path of each of our own pages; the admin has its own tests."""
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            if pattern.namespace != "admin":
                inner = f"{pattern.namespace}:" if pattern.namespace else space
                yield from routes(pattern.url_patterns, inner, route)
        elif pattern.name:
            path = re.sub(r"<(?:(\w+):)?\w+>", lambda m: SAMPLES.get(m[1] or "str", "1"), route)
            yield space + pattern.name, "/" + path


ROUTES = dict(routes(get_resolver().url_patterns))
GUARDED = {name: path for name, path in ROUTES.items() if name not in PUBLIC | POSTED | OTHERS}


class Doors(TestCase):
    @classmethod
    def setUpTestData(cls):
        place = make.sub_county()
        cls.people = {
            "officer": make.officer().user,
            "centre": make.centre(make.station()),
            "tsc": make.director(place, Office.TSC),
            "scde": make.director(place, Office.SCDE),
        }

    def test_every_door_but_the_public_ones_asks_for_a_sign_in(self):
        for name, path in GUARDED.items():
            with self.subTest(name):
                response = self.client.get(path)

                if response.status_code == 405:
                    response = self.client.post(path)
                assert response.status_code == 302, response.status_code
                assert response["Location"].startswith(reverse("accounts:login"))

    def test_public_doors_are_open_without_a_query(self):
        # what is held for how long, and by whom, is data
        some = {"privacy": 2}
        for name in PUBLIC - {"readyz", "deployments:letter_check", "profiles:lost_number_code"}:
            with self.subTest(name), self.assertNumQueries(some.get(name, 0)):
                assert self.client.get(ROUTES[name]).status_code == 200

    def test_an_area_is_a_directors_alone(self):
        for role in ("officer", "centre"):
            make.sign_in(self.client, self.people[role])
            for name, path in GUARDED.items():
                if path.startswith("/area/"):
                    with self.subTest(name, role=role):
                        assert self.client.get(path).status_code in {404, 405}

    def test_a_centres_pages_are_a_centres_alone(self):
        for role in ("officer", "tsc", "scde"):
            make.sign_in(self.client, self.people[role])
            for name, path in GUARDED.items():
                if path.startswith("/centre/"):
                    with self.subTest(name, role=role):
                        assert self.client.get(path).status_code in {404, 405}

    def test_numbers_that_no_row_has_are_not_found(self):
        for user in self.people.values():
            make.sign_in(self.client, user)
            for number in ("0", "999999999", str(10**30)):
                for name, path in GUARDED.items():
                    if "/1/" in path:
                        with self.subTest(name, number=number, role=user.role):
                            response = self.client.get(path.replace("/1/", f"/{number}/"))
                            assert response.status_code in {404, 405}

    def test_director_without_a_code_opens_nothing(self):
        self.client.force_login(self.people["tsc"])

        for name, path in GUARDED.items():
            if name not in {"accounts:code"}:
                with self.subTest(name):
                    response = self.client.get(path)
                    assert response["Location"].startswith(reverse("accounts:code"))

    def test_each_role_has_its_front_door(self):
        for role, door in {
            "officer": None,
            "centre": "centre",
            "tsc": "area",
            "scde": "area",
        }.items():
            make.sign_in(self.client, self.people[role])
            response = self.client.get(reverse("home"))
            assert response.status_code == (302 if door else 200)
            if door:
                assert response["Location"] == reverse(door)
        staff = make.user(Role.STAFF)
        make.sign_in(self.client, staff)
        assert self.client.get(reverse("home"))["Location"] == reverse("admin:index")


class Headers(TestCase):
    def test_every_answer_carries_the_strict_headers(self):
        for path in ("/", "/nowhere/", "/home/", "/healthz"):
            response = self.client.get(path)

            policy = response["Content-Security-Policy"]
            assert "default-src 'self'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert response["X-Content-Type-Options"] == "nosniff"
            assert response["Referrer-Policy"] == "same-origin"

    def test_foreign_host_is_refused(self):
        assert self.client.get("/", headers={"host": "evil.example"}).status_code == 400

    def test_garbage_in_path_and_query_is_no_error_of_ours(self):
        for path in (
            "/%ff%fe/",
            "/deployments/%00/",
            "/vacancies/?exam=%ff%fe&position=%00",
            "/letters/%00/",
        ):
            assert self.client.get(path).status_code < 500
