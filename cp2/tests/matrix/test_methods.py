"""Pages are read with GET, asked about with HEAD and written to with POST; nothing else is done."""

from collections.abc import Iterator

from django.test import TestCase
from django.urls import reverse

from cp2.tests.matrix import world
from cp2.tests.matrix.asking import Asking, body, taken_back, writes
from cp2.tests.matrix.pages import Page
from cp2.tests.matrix.test_matrix import DECLARED
from cp2.tests.matrix.world import EVERYBODY
from profiles.models import WorkExperience

OTHERS = ["put", "patch", "delete", "trace", "options"]
SAME = ["Content-Type", "Location", "Content-Disposition", "Allow", "Cache-Control"]


class Methods(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.world = world.build()

    def setUp(self):
        self.asking = Asking(self.world)

    def opened(self) -> Iterator[tuple[Page, str, str]]:
        """Each page once, by the first who may open it."""
        for page in DECLARED:
            who = next((who for who in EVERYBODY if page.reach(who) >= 0), "stranger")
            yield page, who, reverse(page.name, args=page.address(self.world.own))

    def test_no_page_takes_any_other_method(self):
        for page, who, url in self.opened():
            for method in OTHERS:
                with self.subTest(page.name, method=method), writes() as written:
                    answer = self.asking.ask(who, url, method)
                    assert answer.status_code == 405
                    assert not written

    def test_a_head_answers_as_a_get_and_changes_nothing(self):
        for page, who, url in self.opened():
            if not page.posted:
                with self.subTest(page.name, who=who):
                    with taken_back():
                        read = self.asking.ask(who, url)
                    with taken_back(), writes() as written:
                        asked = self.asking.ask(who, url, "head")
                    assert not written
                    assert asked.status_code == read.status_code
                    assert not body(asked)
                    for name in SAME:
                        assert asked.get(name) == read.get(name), name

    def test_a_page_that_is_posted_to_is_never_read(self):
        for page, who, url in self.opened():
            if page.posted:
                with self.subTest(page.name, who=who), writes() as written:
                    answer = self.asking.ask(who, url)
                    assert answer.status_code in {404, 405}
                    assert not written

    def test_a_method_in_the_form_or_in_a_header_means_nothing(self):
        row = self.world.own.work
        url = reverse("profiles:change_work", args=[row.pk])
        for given in (
            {"data": {"_method": "DELETE"}},
            {"headers": {"X-HTTP-Method-Override": "DELETE"}},
        ):
            answer = self.asking.ask("officer", url, "post", **given)
            assert answer.status_code == 200  # the form, with what is missing
        assert WorkExperience.objects.filter(pk=row.pk).exists()
