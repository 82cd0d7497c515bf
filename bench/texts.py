"""How fast texts leave, with the workers of deploy/ and a stub of the gateway that takes 100 ms.

    .venv/bin/python bench/texts.py [TEXTS]

Four figures: texts a second of the same words, and each of its own words, with the meter wide open;
each of its own words with the meter at 50; and how long a password takes to the gateway while TEXTS
(100,000) wait in the lane for many. Servers of its own are started in a new folder and stopped.
"""

import os
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROJECT), str(PROJECT / "bin")]

from children import Child, stop_together
from embedded import Broker, Postgres

QUEUED = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
PASSWORDS = 60
PAUSE = 0.1  # seconds that the stub takes for a call
numbers = count(10_000_000)

Times = dict[str, float]  # when the gateway took the text to each number


def settle(var: Path, stub_url: str) -> tuple[Child, Child]:
    postgres, broker = Postgres(var), Broker(var)
    postgres.start()
    broker.start()
    os.environ |= {
        "CP2_ENV": "development",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "ALLOWED_HOSTS": "localhost",
        "SITE_URL": "https://cp2.example",
        "DATABASE_URL": postgres.url,
        "REDIS_URL": broker.url,
        "SMS_BACKEND": "sms.backends.africastalking",
        "SMS_INBOUND_SECRET": secrets.token_urlsafe(48),
        "SMS_DELIVERY_SECRET": secrets.token_urlsafe(48),
        "AFRICASTALKING_URL": stub_url,
        "AFRICASTALKING_USERNAME": "knec",
        "AFRICASTALKING_API_KEY": "key",
        "VAR_DIR": str(var),
        "DJANGO_SETTINGS_MODULE": "cp2.settings",
    }
    return postgres, broker


@contextmanager
def workers(var: Path, *, bulk_per_second: int) -> Iterator[None]:
    """As the units in deploy/systemd start them."""
    env = os.environ | {"SMS_BULK_PER_SECOND": str(bulk_per_second)}
    celery = (sys.executable, "-m", "celery", "--app", "cp2")
    commands = {
        "credentials": ("worker", "--queues", "credentials", "--concurrency", "2", "-n", "c@%h"),
        "work": ("worker", "--queues", "work", "--concurrency", "2", "-n", "w@%h"),
        "beat": ("beat", "--pidfile", ""),
    }
    children = [
        Child(name, (*celery, *command), var / f"{name}.log", env=env)
        for name, command in commands.items()
    ]
    for child in children:
        child.start()
    try:
        wait_for_a_tick()
        yield
    finally:
        stop_together(children)


def wait_for_a_tick() -> None:
    from sms.services import last_beat

    while (age := last_beat("worker")) is None or age > 2:
        time.sleep(0.2)
    time.sleep(3)  # for the other worker


def queue(many: int, *, same_words: bool) -> None:
    from sms.models import Kind, Message

    Message.objects.bulk_create(
        (
            Message(
                to=f"2547{number}",
                kind=Kind.BULK,
                template="bench",
                text="KNEC CP2: the same" if same_words else f"KNEC CP2: {number}",
            )
            for number, _ in zip(numbers, range(many), strict=False)
        ),
        batch_size=5_000,
    )


def a_second(stub: "Stub", many: int, *, same_words: bool, saved_up: int = 0) -> float:
    """From the first to the last that the gateway took, without those that leave at once."""
    stub.forget()
    stub.play(pause=PAUSE)
    queue(many, same_words=same_words)
    while len(stub.texts) < many:
        time.sleep(0.5)
    at: list[float] = sorted(text["at"] for text in stub.texts)[saved_up:]
    return len(at) / (at[-1] - at[0] + PAUSE)


def waits_for_passwords(stub: "Stub") -> list[float]:
    from accounts.models import User
    from cp2.rules import Role
    from sms.services import send_credentials

    asked: Times = {}
    for number, _ in zip(numbers, range(PASSWORDS), strict=False):
        phone = f"2547{number}"
        user = User.objects.create_user(phone, phone=phone, role=Role.OFFICER)
        asked[phone] = time.time()
        send_credentials(phone, "accounts/password", user=user.pk)
        time.sleep(0.37)  # at no fixed place between two ticks
    while True:
        took = {text["number"][1:]: text["at"] for text in stub.texts}
        if asked.keys() <= took.keys():
            return sorted(took[phone] - at for phone, at in asked.items())
        time.sleep(0.5)


def measure(var: Path, stub: "Stub") -> None:
    with workers(var, bulk_per_second=100_000):
        rate = a_second(stub, 10_000, same_words=True)
        print(f"the same words:           {rate:7.0f} texts a second", flush=True)
        rate = a_second(stub, 2_000, same_words=False)
        print(f"each of its own words:    {rate:7.0f} texts a second", flush=True)
    with workers(var, bulk_per_second=50):
        rate = a_second(stub, 1_000, same_words=False, saved_up=100)
        print(f"own words, meter at 50:   {rate:7.1f} texts a second", flush=True)
    stub.forget()
    stub.play(pause=PAUSE)
    queue(QUEUED, same_words=False)
    with workers(var, bulk_per_second=10):
        waits = waits_for_passwords(stub)
    middle, p95 = statistics.median(waits), waits[int(len(waits) * 0.95)]
    print(f"password behind {QUEUED:,}: median {middle:.2f} s, 95 % {p95:.2f} s,", end=" ")
    print(f"longest {waits[-1]:.2f} s, of {len(waits)}")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="cp2-bench-") as folder:
        stub = Stub()
        servers = settle(Path(folder), stub.url)
        try:
            django.setup()
            call_command("migrate", verbosity=0)
            measure(Path(folder), stub)
        finally:
            stop_together(servers)
            stub.stop()


if __name__ == "__main__":
    import django
    from django.core.management import call_command

    from sms.tests.stub_gateway import Stub

    main()
