"""What an address asks for is read by name and never handed on whole, so no lookup can be typed."""

import ast
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.test import TestCase
from django.urls import reverse

from cp2.tests.matrix import world
from cp2.tests.matrix.asking import Asking
from cp2.tests.matrix.pages import PAGES

ROOT = Path(__file__).resolve().parent.parent.parent.parent
QUERIES = {
    *("filter", "exclude", "get", "annotate", "alias", "aggregate", "update", "create", "order_by"),
    *("get_or_create", "update_or_create", "values", "values_list", "only", "defer", "Q"),
    *("get_object_or_404", "get_list_or_404", "select_related", "prefetch_related", "extra", "raw"),
}
TYPED = {"GET", "POST", "COOKIES", "META", "headers", "body", "query_params"}
INJECTED = [
    "_connector=OR%201=1&password__startswith=a",
    "password__startswith=a&_negated=1",
    "user__password__startswith=a&officer__user__password__regex=.",
    "sort=password&o=-user__password&order_by=password&ordering=-password",
    "page_size=1000000&limit=999999&all=&per_page=99999",
    "id=1&id=2&pk[]=1&pk[$ne]=1&id[id]=1",
]


def product_files() -> list[Path]:
    return [
        path
        for path in ROOT.rglob("*.py")
        if not {"tests", "migrations", ".venv", "var", "bin", "bench"}.intersection(path.parts)
    ]


def is_typed(node: ast.AST) -> bool:
    """Somewhere in it is what a request brought, as request.GET.dict() is."""
    return any(
        isinstance(part, ast.Attribute) and part.attr in TYPED and named_request(part.value)
        for part in ast.walk(node)
    )


def named_request(node: ast.AST) -> bool:
    return (isinstance(node, ast.Name) and node.id == "request") or (
        isinstance(node, ast.Attribute) and node.attr == "request"
    )


def handed_on(source: str) -> list[int]:
    """Lines where request data is spread into a call, or names a column of a query."""
    lines = []
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        spread = [keyword.value for keyword in call.keywords if keyword.arg is None]
        starred = [each.value for each in call.args if isinstance(each, ast.Starred)]
        columns = call.args if name in {"order_by", "values", "only", "extra", "raw"} else []
        if name in QUERIES and any(map(is_typed, [*spread, *starred, *columns])):
            lines.append(call.lineno)
    return lines


@pytest.mark.parametrize("path", product_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_query_is_made_of_whatever_a_request_brings(path):
    assert not handed_on(path.read_text())


@pytest.mark.parametrize(
    "line",
    [
        "Officer.objects.filter(**request.GET.dict())",
        "rows.exclude(**{name: request.GET[name] for name in request.GET})",
        "rows.order_by(request.GET.get('sort'))",
        "rows.values(*self.request.POST.getlist('columns'))",
        "get_object_or_404(Officer, **request.POST)",
    ],
)
def test_the_rule_is_seen_to_be_broken(line):
    assert handed_on(line) == [1]


class Injected(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.world = world.build()

    def setUp(self):
        self.asking = Asking(self.world)

    def test_a_lookup_in_the_address_is_passed_over(self):
        """Every page that may be opened, as whoever may open it, answers as without."""
        for page in PAGES:
            who = next((who for who in page.who if page.reach(who) >= 0), "stranger")
            url = reverse(page.name, args=page.address(self.world.own))
            for query in [] if page.posted else INJECTED:
                with self.subTest(page.name, query=query):
                    answer = self.asking.ask(who, f"{url}?{query}")
                    wanted = page.answers if not page.absent else (404,)
                    assert answer.status_code in wanted, answer.status_code

    def test_headquarters_lists_refuse_it(self):
        for model in admin.site._registry:
            url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
            for query in INJECTED:
                with self.subTest(model._meta.label, query=query):
                    assert self.is_refused(self.asking.ask("superuser", f"{url}?{query}"), query)

    def is_refused(self, answer: Any, query: str) -> bool:
        """Back to the list with an error, or not understood. How a list is sorted is a number in
        Django's admin, and anything else is passed over, as is how long it is."""
        if answer.status_code == 302:
            return "e=1" in answer["Location"]
        harmless = "password__" not in query and "id=" not in query
        return answer.status_code == 400 or (harmless and answer.status_code == 200)
