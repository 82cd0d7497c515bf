"""What every test gets: an empty phone network, no real one, and no leftovers between tests."""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.template import engines
from django.test import TransactionTestCase
from django.utils import translation

from sms.backends import memory

ONLY_GROW = [
    "accounts_entry",
    "attendance_markhistory",
    "audit_change",
    "audit_seal",
    "claims_ledgerentry",
]


def without_triggers(act: Callable[..., None]) -> Callable[..., None]:
    """Races commit for real, so their database is emptied afterwards, and filled again before the
    next one; the audit trail's triggers would not have it, which is what they are for."""

    def done(*args: Any, **kwargs: Any) -> None:
        with connection.cursor() as cursor:
            for table in ONLY_GROW:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            act(*args, **kwargs)
            for table in ONLY_GROW:
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")

    return done


TransactionTestCase._fixture_teardown = without_triggers(TransactionTestCase._fixture_teardown)
TransactionTestCase._fixture_setup = classmethod(
    without_triggers(TransactionTestCase._fixture_setup.__func__)
)


class Hole:
    """What stands where a text names something that nobody gave: a name between two blanks, which
    reads well enough that no one sees it. Here it breaks instead."""

    def __contains__(self, part: str) -> bool:
        return True  # so that the name is put in, which says what is missing

    def __mod__(self, name: object) -> str:
        raise AssertionError(f"a text names {name}, which its caller did not give")


@pytest.fixture(autouse=True)
def no_holes() -> None:
    """Each time: whoever changes settings of templates gets new engines."""
    engines["text"].engine.string_if_invalid = Hole()


@pytest.fixture(autouse=True)
def fresh_phones() -> Iterator[None]:
    memory.outbox.clear()
    memory.failures.clear()
    memory.refusals.clear()
    cache.clear()
    yield
    translation.activate("en")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Only this machine may be called: the database, and stubs that a test starts itself."""
    if request.node.get_closest_marker("browser"):
        return
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and address[0] not in {"127.0.0.1", "::1", "localhost"}:
            raise AssertionError(f"a test called {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
