"""What dies while texts leave: the worker, the broker's memory, the broker itself.

With a real worker, beat and broker, and a stub of the gateway whose ledger says what it took. No
text is lost, and none leaves twice but for a password whose answer was lost: bin/test-faults.
"""

import os
import random
import secrets
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import setup_databases, teardown_databases
from django.utils import timezone

from cp2.rules import Role
from cp2.tests import make
from sms import services
from sms.models import Heartbeat, Kind, Message, MessageStatus
from sms.tests.stub_gateway import Stub

sys.path.insert(0, str(settings.BASE_DIR / "bin"))
from children import Child, kill_group
from embedded import Broker

pytestmark = pytest.mark.faults

SEEDS = range(5)
NOTICES, BULK, PASSWORDS = 70, 30, 10
LEASE, TIMEOUT = 4, 1.2  # seconds, that nobody need wait a minute
CALLS_AT_ONCE = 10 * 2  # of each of two processes
PATIENCE = 90.0  # seconds, on a busy machine


class Portal:
    """All of it but the web."""

    def __init__(self, var: Path, stub: Stub) -> None:
        self.broker = Broker(var)
        self.env = os.environ | {
            "CP2_ENV": "development",
            "SECRET_KEY": secrets.token_urlsafe(50),
            "ALLOWED_HOSTS": "localhost",
            "SITE_URL": "https://cp2.example",
            "DATABASE_URL": database_url(),
            "REDIS_URL": self.broker.url,
            "SMS_BACKEND": "sms.backends.africastalking",
            "SMS_INBOUND_SECRET": secrets.token_urlsafe(48),
            "SMS_DELIVERY_SECRET": secrets.token_urlsafe(48),
            "AFRICASTALKING_URL": stub.url,
            "AFRICASTALKING_USERNAME": "knec",
            "AFRICASTALKING_API_KEY": "the-key",
            "SMS_BULK_PER_SECOND": "1000",
            "SMS_LEASE": str(LEASE),
            "SMS_TIMEOUT": str(TIMEOUT),
            "VAR_DIR": str(var),
            "DJANGO_SETTINGS_MODULE": "cp2.settings",
        }
        celery = (sys.executable, "-m", "celery", "--app", "cp2")
        queues = ("--queues", "credentials,work", "--concurrency", "2")
        self.worker = Child(
            "worker", (*celery, "worker", *queues), var / "worker.log", env=self.env
        )
        beat = (*celery, "beat", "--pidfile", "")
        self.beat = Child("beat", beat, var / "beat.log", env=self.env)

    def start(self) -> None:
        for child in (self.broker, self.worker, self.beat):
            child.start()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        asked = timezone.now()
        self.wait_until(lambda: Heartbeat.objects.filter(at__gt=asked).exists(), "a tick is taken")

    def wait_until(self, true: Callable[[], bool], what: str) -> None:
        """Whatever ends is started again meanwhile, as systemd does: a worker that loses its broker
        at a bad moment gives itself up."""
        ends = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < ends, f"waited {PATIENCE} s in vain until {what}"
            for child in (self.worker, self.beat):
                if not child.alive():
                    child.start()
            time.sleep(0.1)

    def kill_worker(self) -> None:
        assert self.worker.process
        kill_group(self.worker.process.pid)
        self.worker.process.wait()

    def tell_broker(self, signum: int) -> None:
        assert self.broker.process
        self.broker.process.send_signal(signum)

    def stop(self) -> None:
        for child in (self.beat, self.worker, self.broker):
            child.stop()


def database_url() -> str:
    """The tests' own database, on the server that we were given."""
    given = urlsplit(os.environ["DATABASE_URL"])
    return given._replace(path=f"/{connection.settings_dict['NAME']}").geturl()


@pytest.fixture(scope="module")
def database(django_db_blocker) -> Iterator[None]:
    """Committed to for good, since others must see it, and gone afterwards."""
    with django_db_blocker.unblock():
        before = setup_databases(0, interactive=False)
        yield
        teardown_databases(before, 0)


@pytest.fixture(scope="module")
def only_stub(database) -> Iterator[Stub]:
    stub = Stub()
    yield stub
    stub.stop()


@pytest.fixture(scope="module")
def portal(tmp_path_factory, only_stub) -> Iterator[Portal]:
    """One for all of them: what it has lived through must not matter."""
    portal = Portal(tmp_path_factory.mktemp("faults"), only_stub)
    try:
        portal.start()
        yield portal
    finally:
        portal.stop()


@pytest.fixture
def stub(only_stub: Stub) -> Stub:
    Message.objects.all().delete()
    only_stub.forget()
    return only_stub


def queue(seed: int) -> None:
    """In one go, as an office does it: words of their own, the same words for many, passwords."""
    plain = {"template": "sms/help"}
    texts = [
        Message(to=f"25410{seed}{n:06}", text=f"KNEC CP2: {seed}.{n}", **plain)
        for n in range(NOTICES)
    ]
    same = [
        Message(to=f"25411{seed}{n:06}", text=f"KNEC CP2: {seed}", kind=Kind.BULK, **plain)
        for n in range(BULK)
    ]
    Message.objects.bulk_create(texts + same)
    for _ in range(PASSWORDS):
        phone = make.phone()
        user = make.user(Role.OFFICER, username=phone, phone=phone)
        services.send_credentials(user.phone, "accounts/password", user=user.pk)


def some_have_left(portal: Portal, stub: Stub, seed: int) -> None:
    """The moment of the fault: early, late, or in between."""
    moment = random.Random(seed).randrange(3, NOTICES)
    portal.wait_until(lambda: len(stub.texts) >= moment, "some texts have left")


def copies(stub: Stub) -> Counter[str]:
    return Counter(text["number"].removeprefix("+") for text in stub.texts)


def wait_for_all(portal: Portal) -> None:
    def settled() -> bool:
        # nobody need wait for the second thought about a password either
        Message.objects.filter(doubts=1, status=MessageStatus.QUEUED).update(not_before=Now())
        under_way = (MessageStatus.QUEUED, MessageStatus.SENDING, MessageStatus.HELD)
        return not Message.objects.filter(status__in=under_way).exists()

    portal.wait_until(settled, "nothing is under way")


def each_left_once(stub: Stub) -> None:
    assert set(Message.objects.values_list("status", flat=True)) == {MessageStatus.SENT}
    assert set(copies(stub).values()) == {1}
    assert len(stub.texts) == NOTICES + BULK + PASSWORDS
    ids = set(Message.objects.values_list("provider_id", flat=True))
    assert ids == {text["id"] for text in stub.texts}


def none_is_lost_and_none_left_twice_but_in_doubt(stub: Stub) -> None:
    took = copies(stub)
    ids = {text["id"] for text in stub.texts}
    for message in Message.objects.all():
        if message.kind == Kind.CREDENTIALS:
            assert message.status == MessageStatus.SENT
            assert 1 <= took[message.to] <= 1 + message.doubts
        else:
            assert took[message.to] <= 1
            assert message.status == MessageStatus.UNKNOWN or took[message.to] == 1
        if message.status == MessageStatus.SENT:
            assert message.provider_id in ids
    in_doubt = Message.objects.filter(status=MessageStatus.UNKNOWN)
    assert set(in_doubt.values_list("failure", flat=True)) <= {
        "the worker died while it was sending"
    }
    calls = in_doubt.values("text").distinct().count()
    assert calls + Message.objects.filter(doubts=1).count() <= CALLS_AT_ONCE


@pytest.mark.parametrize("seed", SEEDS)
def test_worker_and_all_its_processes_are_killed(portal, stub, seed):
    stub.play(pause=0.1)
    queue(seed)
    some_have_left(portal, stub, seed)
    portal.kill_worker()
    portal.worker.start()
    wait_for_all(portal)

    none_is_lost_and_none_left_twice_but_in_doubt(stub)


@pytest.mark.parametrize("seed", SEEDS)
def test_broker_forgets_everything(portal, stub, seed):
    stub.play(pause=0.1)
    queue(seed)
    for _ in range(3):
        some_have_left(portal, stub, seed)
        portal.broker.client().flushall()
        time.sleep(0.2)
    wait_for_all(portal)

    each_left_once(stub)


@pytest.mark.parametrize("seed", SEEDS)
def test_broker_is_killed_and_comes_back_empty(portal, stub, seed):
    stub.play(pause=0.1)
    queue(seed)
    some_have_left(portal, stub, seed)
    portal.tell_broker(signal.SIGKILL)
    portal.broker.wait()
    shutil.rmtree(portal.broker.data)
    portal.broker.start()
    wait_for_all(portal)

    none_is_lost_and_none_left_twice_but_in_doubt(stub)
    portal.wait_until_ready()


@pytest.mark.parametrize("seed", SEEDS)
def test_broker_takes_calls_and_never_answers(portal, stub, seed):
    stub.play(pause=0.1)
    portal.tell_broker(signal.SIGSTOP)
    try:
        began = time.monotonic()
        queue(seed)  # nobody who writes a text waits for the broker
        assert time.monotonic() - began < 5
        time.sleep(1 + seed)
    finally:
        portal.tell_broker(signal.SIGCONT)
    wait_for_all(portal)

    none_is_lost_and_none_left_twice_but_in_doubt(stub)
    portal.wait_until_ready()
