"""What Sentry is told of an error: what broke and where, and nothing of whom it befell."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cp2.health import sentry

PHONE, NAME, ID = "0712345678", "Atieno-Otieno", "23456789"
# A process of its own: Sentry changes Django for good.
SCRIPT = f"""
import json, os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "cp2.settings_test"
import django
django.setup()
from django.conf import settings
from django.test import Client
from django.urls import path
from sentry_sdk.transport import Transport
from cp2 import urls
from cp2.celery import app
from cp2.health import sentry

sent = []

class Fake(Transport):
    def capture_envelope(self, envelope):
        sent.append(envelope.serialize().decode())

sentry.start("https://key@sentry.example/1", environment="test", release="1", transport=Fake)

def broken(request, code):
    phone, name = request.POST["phone"], request.POST["name"]
    raise RuntimeError(f"no text for {{phone}}")

@app.task(name="broken")
def broken_task(phone, name):
    raise RuntimeError(f"no pay for {{phone}}")

broken.csrf_exempt = True
urls.urlpatterns.append(path("broken/<str:code>/", broken))
client = Client(raise_request_exception=False)
posted = {{"phone": "{PHONE}", "name": "{NAME}"}}
headers = {{"User-Agent": "{NAME}", "Cookie": "device={NAME}"}}
answer = client.post("/broken/SECRETCODE/?q={PHONE}", posted, headers=headers)
assert answer.status_code == 500, answer.status_code
broken_task.apply(kwargs=posted)
import logging
logging.getLogger("cp2").error("no letter for %s %s", "{NAME}", "{ID}")
print("SENT" + json.dumps(sent))
"""


@pytest.fixture(scope="module")
def sent():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=Path(__file__).parents[3],
        env=os.environ | {"DATABASE_URL": "postgres://portal@127.0.0.1:1/none"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "SENT" in done.stdout, done.stderr
    return json.loads(done.stdout.partition("SENT")[2].splitlines()[0])


def test_errors_of_pages_and_tasks_are_told(sent):
    told = " ".join(sent)
    assert "RuntimeError" in told
    assert "no text for <number>" in told
    assert "no pay for <number>" in told
    assert "no letter for %s %s" in told
    assert "broken" in told


@pytest.mark.parametrize("private", [PHONE, NAME, ID, "SECRETCODE", PHONE[1:]])
def test_nothing_of_anybody_is_told(sent, private):
    assert private not in " ".join(sent)


def test_what_is_not_known_to_be_harmless_is_left_out():
    event = {
        "request": {"data": NAME},
        "user": {"id": 1},
        "extra": {"celery-job": NAME},
        "breadcrumbs": {"values": [NAME]},
        "transaction": f"/letters/{NAME}/",
        "transaction_info": {"source": "url"},
        "level": "error",
        "exception": {"values": [{"value": ID, "stacktrace": {"frames": [{"vars": NAME}]}}]},
    }
    told = json.dumps(sentry.scrub(event, {}))
    assert NAME not in told
    assert ID not in told


def test_without_an_address_the_package_is_not_even_loaded():
    words = "import sys, cp2.settings_test; sys.exit('sentry_sdk' in sys.modules)"
    env = dict(os.environ)
    env.pop("SENTRY_DSN", None)
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", words], cwd=root, env=env).returncode == 0
