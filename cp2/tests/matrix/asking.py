"""How the matrix asks: as each person, with whatever is written to the database in between."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from typing import Any

from django.db import connection, transaction
from django.test import Client, RequestFactory
from django.test.client import ClientHandler, conditional_content_removal
from django.urls import URLPattern, URLResolver, get_resolver

from cp2.tests import make
from cp2.tests.matrix.world import World

# Kept about those who ask, whatever they ask for.
OF_EVERY_REQUEST = re.compile(r"\b(accounts_session|limits_bucket)\b")
WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|WITH)\b", re.IGNORECASE)


def names_of(patterns: list[Any], space: str = "") -> Iterator[str]:
    """Every page that has a name, headquarters' too."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{pattern.namespace}:" if pattern.namespace else space
            yield from names_of(pattern.url_patterns, inner)
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield space + pattern.name


def all_names() -> set[str]:
    return set(names_of(get_resolver().url_patterns))


@contextmanager
def writes() -> Iterator[list[str]]:
    """The statements that change a row of somebody's, as they come."""
    seen: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if WRITES.match(sql) and not OF_EVERY_REQUEST.search(sql):
            seen.append(sql[:200])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield seen


@contextmanager
def taken_back() -> Iterator[None]:
    """What is done in here never was, so that the next finds the world as it was."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


class Asking:
    """Everybody signed in once; a sign-out in between costs nobody their session. Django's client
    keeps a copy of what each template was given, which takes longer than most pages."""

    def __init__(self, world: World) -> None:
        self.handler = ClientHandler(enforce_csrf_checks=False)
        self.handler.load_middleware()
        self.cookies: dict[str, str] = {"stranger": ""}
        for name, user in world.people.items():
            client = make.sign_in(Client(), user)
            self.cookies[name] = client.cookies.output(header="", sep=";")

    def ask(self, who: str, url: str, method: str = "get", **given: Any) -> Any:
        factory = RequestFactory()
        factory.cookies = SimpleCookie(self.cookies[who])
        request = getattr(factory, method)(url, **given)
        request._dont_enforce_csrf_checks = True
        return conditional_content_removal(request, self.handler.get_response(request))


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content if response.streaming else [response.content])


def plain(response: Any, *addresses: str) -> str:
    """All of an answer but what differs from one request to the next."""
    text = f"{response.status_code} {response.get('Location', '')} {body(response)!r}"
    text = re.sub(r'(csrfmiddlewaretoken" value=")[^"]+', r"\1", text)
    for address in addresses:
        text = text.replace(address, "(here)")
    return text
