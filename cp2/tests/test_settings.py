import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
KEY = "k8Jw3nZr5vXq9TdLh2Yb7CfGmPsAeUo4RiWz6NtBxQyVg1HjKl0MpDc"
GOOD = {
    "SECRET_KEY": KEY,
    "ALLOWED_HOSTS": "cp2.example",
    "SITE_URL": "https://cp2.example",
    "DATABASE_URL": "postgres://portal@/portal",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "SMS_BACKEND": "sms.backends.africastalking",
    "SMS_INBOUND_SECRET": KEY,
    "SMS_DELIVERY_SECRET": KEY,
    "AFRICASTALKING_USERNAME": "knec",
    "AFRICASTALKING_API_KEY": "key",
}


def start(**changes):
    """What a production process says when it is started with these variables."""
    env = {"PATH": os.environ["PATH"], **GOOD, **changes}
    env = {name: value for name, value in env.items() if value is not None}
    done = subprocess.run(
        [sys.executable, "-c", "import cp2.settings"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


def test_production_starts_with_everything_set():
    assert start() == (0, "")


@pytest.mark.parametrize("name", sorted(GOOD))
def test_production_refuses_a_missing_variable_and_names_it(name):
    code, said = start(**{name: None})

    assert code != 0
    assert name in said.splitlines()[-1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "a" * 60),
        ("DEBUG", "1"),
        ("ALLOWED_HOSTS", "*"),
        ("SMS_BACKEND", "sms.backends.simulator"),
        ("SMS_INBOUND_SECRET", "guess"),
        ("SMS_DELIVERY_SECRET", "guess"),
        ("SMS_INBOUND_SECRET", KEY[:42]),
        ("SMS_INBOUND_SECRET", KEY + "/"),
        ("SMS_INBOUND_SECRET", "a" * 60),
        ("SMS_INBOUND_SECRET", f"{KEY},guess"),
        ("SMS_DELIVERY_SECRET", f"{KEY},"),
        ("SMS_DELIVERY_SECRET", f"{KEY},{KEY[::-1]},{KEY[5:]}"),
    ],
)
def test_production_refuses_what_is_weak_and_says_which(name, value):
    code, said = start(**{name: value})

    assert code != 0
    assert name in said.splitlines()[-1]


def test_production_takes_two_secrets_while_one_is_changed():
    assert start(SMS_INBOUND_SECRET=f"{KEY[::-1]}, {KEY[:43]}") == (0, "")


def test_every_variable_that_is_read_is_in_the_example():
    source = (ROOT / "cp2" / "settings.py").read_text()
    read = set(re.findall(r'env\.\w+\(\s*"(\w+)"', source))
    example = set(re.findall(r"^#? ?(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert read == example
