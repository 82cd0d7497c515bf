"""Every page × everybody × every place: who gets in, and that the rest learn nothing."""

import logging
from collections.abc import Iterator
from typing import Any, NamedTuple
from unittest.mock import patch
from uuid import uuid4

from django.apps import apps
from django.contrib import admin
from django.http import HttpResponseNotFound
from django.test import SimpleTestCase, TestCase
from django.urls import NoReverseMatch, reverse

from cp2.tests.matrix import headquarters, pages, world
from cp2.tests.matrix.asking import Asking, all_names, plain, taken_back, writes
from cp2.tests.matrix.pages import Page
from cp2.tests.matrix.world import EVERYBODY, GROUPS, PLACES, Place, Scope

WHERE = "add a line for it to cp2/tests/matrix/pages.py, or headquarters.py if it is the admin's"
MODEL_PAGES = ("changelist", "add", "change", "history", "delete")
DECLARED = [*pages.PAGES, *headquarters.PAGES]
NOBODY = 999_999_999  # the number of no row


def model_page(rows: headquarters.Rows, kind: str) -> str:
    return f"admin:{rows.model.replace('.', '_')}_{kind}"


class Expectations(SimpleTestCase):
    def test_every_page_has_an_expectation_and_every_expectation_a_page(self):
        told = {each.name for each in DECLARED}
        told |= {model_page(rows, kind) for rows in headquarters.MODELS for kind in MODEL_PAGES}
        silent = sorted(all_names() - told)
        assert not silent, f"Who may open {', '.join(silent)}? Please {WHERE}."
        gone = sorted(told - all_names())
        assert not gone, f"There is no page {', '.join(gone)} any more: take its line out."

    def test_every_model_of_headquarters_is_told_once(self):
        told = [rows.model for rows in headquarters.MODELS]
        assert sorted(told) == sorted(model._meta.label_lower for model in admin.site._registry)


class Case(NamedTuple):
    """One question of the matrix: may this person open this page of a row in this place?"""

    page: Page
    place: Place
    who: str
    url: str

    def __str__(self) -> str:
        return f"{self.page.name} ({self.place.scope.name.lower()}) as {self.who}"

    @property
    def is_inside(self) -> bool:
        return self._within(self.page.reach(self.who))

    @property
    def is_outside(self) -> bool:
        """By every line that the page has."""
        lines = [each for each in DECLARED if each.name == self.page.name]
        return not any(self._within(each.reach(self.who)) for each in lines)

    @property
    def goes_without_saying(self) -> bool:
        """The superuser has every right that a group has, so where that is not enough to come in,
        no group need be asked for."""
        return self.who in GROUPS and self._replace(who="superuser").is_outside

    def _within(self, reach: Scope) -> bool:
        return reach >= (self.place.scope if self.page.at else Scope.OWN)

    @property
    def nowhere(self) -> str | None:
        """The same address, but of a row that nobody has; none if it lists what it may name."""
        first, *rest = self.page.address(self.place)
        missing = uuid4() if "reference" in self.page.at[0] else "NOSUCH"
        if isinstance(first, int):
            missing = NOBODY
        try:
            return reverse(self.page.name, args=[missing, *rest])
        except NoReverseMatch:
            return None


class Matrix(TestCase):
    """What the questions share. They take minutes, so they are asked in parts, by several workers
    at once: each is its `part`th of `parts`."""

    part, parts = 0, 1

    @classmethod
    def setUpTestData(cls):
        cls.world = world.build()

    def setUp(self):
        self.asking = Asking(self.world)
        self.problems: list[str] = []
        logging.disable(logging.CRITICAL)  # thousands of pages are not found here
        self.addCleanup(logging.disable, logging.NOTSET)

    def cases(self) -> Iterator[Case]:
        for page in DECLARED[self.part :: self.parts]:
            # where an address names no row, one place stands for all
            for scope in PLACES if page.at else PLACES[:1]:
                place = self.world.places[scope]
                url = reverse(page.name, args=page.address(place))
                yield from (Case(page, place, who, url) for who in EVERYBODY)

    def ask(self, case: Case, url: str, **given: Any) -> Any:
        method = "post" if case.page.posted else "get"
        return self.asking.ask(case.who, url, method, **given)

    def check(self, good: bool, *what: object) -> None:
        if not good:
            self.problems.append(" ".join(map(str, what)))

    def conclude(self) -> None:
        assert not self.problems, "\n".join([f"{len(self.problems)} problems:", *self.problems])

    def must_sign_in(self, answer: Any) -> bool:
        to = answer.get("Location", "")
        return answer.status_code == 302 and to.startswith(reverse("accounts:login"))


class Inside(Matrix):
    def test_whoever_may_gets_in(self):
        for case in self.cases():
            if case.is_inside:
                given = case.page.form(case.place) if case.page.posted else {}
                with taken_back():
                    answer = self.ask(case, case.url, data=given)
                self.check(answer.status_code in case.page.answers, case, answer.status_code)
        self.conclude()


class Outside(Matrix):
    part, parts = 0, 2

    def test_to_all_others_there_is_no_such_page_and_they_change_nothing(self):
        """And a row that is another's answers word for word as one that is not there."""
        absent: dict[tuple[str, str], str] = {}
        for case in self.cases():
            if case.is_outside and not case.goes_without_saying:
                given = case.page.form(case.place) if case.page.posted else {}
                with taken_back(), writes() as written:
                    answer = self.ask(case, case.url, data=given)
                self.check(not written, case, written)
                self.check(self.is_kept_out(case, answer), case, answer)
                if case.page.at and case.nowhere:
                    key = (case.page.name, case.who)
                    if key not in absent:
                        none = self.ask(case, case.nowhere, data=given)
                        absent[key] = plain(none, case.nowhere)
                    self.check(plain(answer, case.url) == absent[key], case, "differs")
        self.conclude()

    def is_kept_out(self, case: Case, answer: Any) -> bool:
        if case.who == "stranger" and not case.page.absent:
            return self.must_sign_in(answer)
        return answer.status_code == 404


class OutsideToo(Outside):
    part = 1


class Forms(Matrix):
    """What a form names."""

    def test_a_form_of_ones_own_changes_no_row_of_another_place(self):
        for page, who in self.forms():
            for scope in PLACES:
                if scope > page.reach(who):
                    other = self.world.places[scope]
                    written = self.swap(page, who, other)
                    self.check(not written, page.name, "as", who, "of", scope.name, written)
        self.conclude()

    def test_a_form_of_ones_own_does_what_it_says(self):
        """Or else the test above would pass for forms that never change anything."""
        for page, who in self.forms():
            near = [place for scope, place in self.world.places.items() if scope <= page.reach(who)]
            self.check(any(self.swap(page, who, place) for place in near), page.name, "as", who)
        self.conclude()

    def forms(self) -> Iterator[tuple[Page, str]]:
        for page in DECLARED:
            for who in EVERYBODY:
                names_rows = any(path.endswith(".pk") for path in page.sends.values())
                if names_rows and page.reach(who) in (Scope.OWN, Scope.AREA):
                    yield page, who

    def swap(self, page: Page, who: str, other: Place) -> list[str]:
        """Post the form of one's own page with the rows of another place in it."""
        url = reverse(page.name, args=page.address(self.world.own))
        with taken_back(), writes() as written:
            answer = self.asking.ask(who, url, "post", data=page.form(other))
        self.check(answer.status_code in {200, 302, 404}, page.name, "as", who, answer)
        return written


class Headquarters(Matrix):
    """Its models."""

    part, parts = 0, 3

    @patch("django.conf.urls.handler404", lambda request, exception: HttpResponseNotFound())
    def test_headquarters_sees_and_changes_what_each_group_may(self):
        for rows in headquarters.MODELS[self.part :: self.parts]:
            row = world.one_of(apps.get_model(rows.model))
            assert row is not None, f"{rows.model} has no row: make one in world.py"
            for who in EVERYBODY:
                for kind in MODEL_PAGES:
                    self.look(rows, kind, who, row.pk)
        self.conclude()

    def look(self, rows: headquarters.Rows, kind: str, who: str, pk: int) -> None:
        named = kind in ("change", "history", "delete")
        url = reverse(model_page(rows, kind), args=[pk] if named else [])
        case = f"{model_page(rows, kind)} as {who}"
        may_look = who in {"add": rows.add, "delete": rows.delete}.get(kind, rows.look)
        may_save = who in {"change": rows.change}.get(kind, rows.look if may_look else ())
        with taken_back(), writes() as written:
            answer = self.asking.ask(who, url)
        if may_look:
            self.check(answer.status_code == 200, case, answer)
        else:
            self.keeps_out(case, who, answer, written)
        if kind == "change":
            saves = b'name="_save"' in answer.content
            self.check(saves == may_save, case, "may save:", saves)
        if named and (may_look or who == "newcomer"):
            absent = self.asking.ask(who, reverse(model_page(rows, kind), args=[NOBODY]))
            self.check(absent.status_code == 404, case, "of no row:", absent)
        if kind != "history" and may_look and not may_save:
            with taken_back(), writes() as written:
                answer = self.asking.ask(who, url, "post", data={"post": "yes"})
            self.keeps_out(case, who, answer, written)

    def keeps_out(self, case: str, who: str, answer: Any, written: list[str]) -> None:
        self.check(not written, case, written)
        out = self.must_sign_in(answer) if who == "stranger" else answer.status_code in (404, 405)
        self.check(out, case, answer)


class HeadquartersToo(Headquarters):
    part = 1


class HeadquartersAlso(Headquarters):
    part = 2
