"""Each part of a deployment is broken here on purpose, and the doctor says so and what to do."""

import io
import json
import shutil
import socket
import threading
import time
from collections import namedtuple
from datetime import timedelta
from pathlib import Path
from unittest.mock import Mock, patch

import httpx
import pytest
import redis
from django.conf import settings
from django.core.files.storage import InMemoryStorage, default_storage
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import SimpleTestCase, TestCase, override_settings
from django.utils import timezone

import sms.services
from cp2.health import doctor, pulse
from cp2.health.doctor import State
from sms.models import Gateway, GatewayStatus, Message

doctor.load()
from cp2.health.doctor import clock, database, gateway, printing  # noqa: E402  # after what it needs was set

SECRET = "k8Jw3nZr5vXq9TdLh2Yb7CfGmPsAeUo4RiWz6NtBxQyVg1HjKl0MpDc"


class Said:
    def found(self, name, state=None):
        return [each for each in doctor.examine(name) if state in (None, each.state)]

    def says(self, name, state, words):
        told = self.found(name, state)
        assert any(words in each.said for each in told), (words, doctor.examine(name))
        assert state == State.OK or next(each.do for each in told if words in each.said)

    def is_well(self, name):
        assert {each.state for each in doctor.examine(name)} == {State.OK}, doctor.examine(name)


class Settings(Said, SimpleTestCase):
    def test_what_is_weak_is_named_and_never_quoted(self):
        for name, value, words in (
            ("DEBUG", True, "DEBUG is on"),
            ("SECRET_KEY", "hunter2", "SECRET_KEY is weak"),
            ("ALLOWED_HOSTS", ["*"], "names no host"),
        ):
            with override_settings(**{name: value}):
                self.says("settings", State.BROKEN, words)
                assert "hunter2" not in str(doctor.examine("settings"))
        with override_settings(PRODUCTION=True, SITE_URL="http://cp2.example"):
            self.says("settings", State.BROKEN, "SITE_URL is not https")
        with override_settings(SITE_URL="https://other.example"):
            self.says("settings", State.LOOK, "a host that is not in ALLOWED_HOSTS")
        with override_settings(
            PRODUCTION=True, ALLOWED_HOSTS=["cp2.example"], SITE_URL="https://cp2.example"
        ):
            self.is_well("settings")

    def test_cookies_and_redirects(self):
        good = {
            "PRODUCTION": True,
            "SECURE_SSL_REDIRECT": True,
            "SESSION_COOKIE_SECURE": True,
            "CSRF_COOKIE_SECURE": True,
            "SECURE_HSTS_SECONDS": 60,
        }
        with override_settings(**good):
            self.is_well("https")
        with override_settings(**good | {"SESSION_COOKIE_SECURE": False}):
            self.says("https", State.BROKEN, "SESSION_COOKIE_SECURE is off")
        with override_settings(**good | {"SECURE_HSTS_SECONDS": 0}):
            self.says("https", State.BROKEN, "browsers are not told")

    def test_djangos_own_check(self):
        with override_settings(PRODUCTION=True, SECURE_SSL_REDIRECT=False):
            self.says("deploy_check", State.BROKEN, "Django finds fault")
        with (
            override_settings(PRODUCTION=True),
            patch("cp2.health.doctor.settings.call_command"),
        ):
            self.is_well("deploy_check")

    def test_what_travels_in_clear(self):
        far = {"HOST": "db.example", "OPTIONS": {}}
        with (
            override_settings(PRODUCTION=True, REDIS_URL="redis://broker.example:6379/0"),
            patch.dict(settings.DATABASES["default"], far),
        ):
            self.says("encryption", State.BROKEN, "to the database may be read")
            self.says("encryption", State.BROKEN, "to the broker may be read")
        safe = {"HOST": "db.example", "OPTIONS": {"sslmode": "verify-full"}}
        with (
            override_settings(PRODUCTION=True, REDIS_URL="rediss://:secret@broker.example:6380/0"),
            patch.dict(settings.DATABASES["default"], safe),
        ):
            self.is_well("encryption")

    def test_who_pays(self):
        with override_settings(PAYER_NAME="", PAYER_ACCOUNT="", PAYER_BANK=""):
            self.says("money", State.LOOK, "cannot be made")
        with override_settings(PAYER_BANK=""):
            self.says("money", State.BROKEN, "cannot be made")
        self.is_well("money")

    def test_who_watches(self):
        with override_settings(METRICS_TOKEN="", SENTRY_DSN=""):
            self.says("watching", State.LOOK, "/metrics")
            self.says("watching", State.LOOK, "the log alone")


class Database(Said, TestCase):
    def test_a_good_one(self):
        for name in ("migrations", "triggers"):
            self.is_well(name)
        assert not self.found("database", State.BROKEN)
        assert not self.found("connections", State.BROKEN)

    def test_it_does_not_answer(self):
        with patch.object(connection, "cursor", side_effect=OperationalError("host=secret")):
            self.says("database", State.BROKEN, "could not be looked at: OperationalError")
            assert "secret" not in str(doctor.examine("database"))

    def test_it_is_too_old(self):
        assert database.of_version(140010).state == State.BROKEN
        assert "PostgreSQL 14 is too old" in database.of_version(140010).said
        assert database.of_version(150001).state == State.OK

    def answers(self, *row):
        return patch("cp2.health.doctor.database.ask", side_effect=[[row], [("plpgsql",)]])

    def test_it_is_not_as_it_should_be(self):
        with self.answers(160000, True, "LATIN1", "Africa/Nairobi", "en_US.utf8x", 4.0):
            told = doctor.examine("database")
        words = " ".join(each.said for each in told)
        for said in (
            "a replica",
            "not in UTF-8",
            "keeps the time of",
            "sorts by",
            "cost is 4",
            "btree_gist",
        ):
            assert said in words

    def test_a_migration_waits(self):
        MigrationRecorder.Migration.objects.filter(app="sms", name="0001_initial").delete()
        self.says("migrations", State.BROKEN, "not applied: sms.0001_initial")

    def test_a_trigger_is_missing_or_off(self):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT tgname, tgrelid::regclass FROM pg_trigger WHERE NOT tgisinternal"
                " AND tgrelid = 'accounts_entry'::regclass ORDER BY tgname LIMIT 1"
            )
            name, table = cursor.fetchone()
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
            self.says("triggers", State.BROKEN, f"switched off: {name}")
            cursor.execute(f"DROP TRIGGER {name} ON {table}")
            self.says("triggers", State.BROKEN, f"missing: {name}")

    def test_connections_run_out(self):
        with patch("cp2.health.doctor.database.ask", return_value=[(100, 90)]):
            self.says("connections", State.LOOK, "90 of 100 connections")
        with (
            patch("cp2.health.doctor.database.ask", return_value=[(20,)]),
            patch.dict("os.environ", {"WEB_CONCURRENCY": "40"}),
        ):
            self.says("capacity", State.BROKEN, "may want 45 of 20")
            self.says("capacity", State.LOOK, "as long as the network likes")

    def test_backups(self):
        for row, state, words in (
            (("off", None, False), State.LOOK, "cannot be known"),
            (("on", 60, True), State.BROKEN, "could not be archived"),
            (("on", 9999, False), State.LOOK, "in the last hour"),
            (("on", 60, False), State.OK, "is archived"),
        ):
            with patch("cp2.health.doctor.database.ask", return_value=[row]):
                self.says("backups", state, words)
        assert len(doctor.examine("backups")) == 1

    def test_the_clocks_differ(self):
        for seconds, state in ((0, State.OK), (5, State.LOOK), (-90, State.BROKEN)):
            rows = [(time.time() + seconds,)]
            with patch("cp2.health.doctor.clock.ask", return_value=rows):
                assert doctor.examine("clock")[0].state == state
        self.is_well("clock")


class Broker(Said, SimpleTestCase):
    def broker(self, policy="noeviction", length=3):
        asked = Mock(**{"llen.return_value": length})
        asked.config_get.return_value = {"maxmemory-policy": policy}
        found = Mock(__enter__=Mock(return_value=asked), __exit__=Mock(return_value=False))
        return patch("redis.Redis.from_url", return_value=found)

    def test_it_does_not_answer(self):
        self.says("broker", State.BROKEN, "does not answer: ConnectionError")

    def test_it_would_throw_tasks_away(self):
        with self.broker(policy="allkeys-lru"):
            self.says("broker", State.LOOK, "would throw tasks away")

    def test_nobody_empties_a_queue(self):
        with self.broker(length=4000):
            self.says("broker", State.LOOK, "4000 tasks wait in the queue work")

    def test_it_is_well(self):
        with self.broker():
            self.is_well("broker")

    def test_it_does_not_tell_its_policy(self):
        with self.broker() as made:
            asked = made.return_value.__enter__.return_value
            asked.config_get.side_effect = redis.ResponseError
            self.says("broker", State.LOOK, "does not tell")


class Work(Said, TestCase):
    def test_nobody_was_ever_seen(self):
        self.says("pulses", State.BROKEN, "was never seen")

    def test_all_are_at_work(self):
        for name in pulse.SILENCE:
            sms.services.beat(name)
        self.is_well("pulses")
        self.is_well("queues")

    def test_a_password_waits(self):
        Message.objects.create(
            to="254712345678",
            template="t",
            kind="credentials",
            not_before=timezone.now() - timedelta(seconds=45),
        )
        self.says("queues", State.LOOK, "Passwords and codes by text")

    def test_the_gateway_is_down(self):
        row = Gateway.objects.create(failures=3)
        self.says("gateway_results", State.LOOK, "in a row: 3")
        row.status, row.reason = GatewayStatus.DOWN, "x"
        row.save()
        self.says("gateway_results", State.BROKEN, "does not answer")
        Message.objects.create(to="254712345678", template="t", text="x", status="unknown")
        self.says("gateway_results", State.LOOK, "wait for a person: 1")


AFRICAS = {
    "SMS_BACKEND": "sms.backends.africastalking",
    "AFRICASTALKING_USERNAME": "knec",
    "AFRICASTALKING_API_KEY": SECRET,
    "SMS_INBOUND_SECRET": SECRET,
    "SMS_DELIVERY_SECRET": SECRET,
}


@override_settings(**AFRICAS)
class TheGateway(Said, SimpleTestCase):
    def answer(self, status=200, **said):
        answered = httpx.Response(status, json=said)
        return patch("httpx.get", return_value=answered)

    def test_settings(self):
        self.is_well("gateway_settings")
        with override_settings(AFRICASTALKING_API_KEY=""):
            self.says("gateway_settings", State.BROKEN, "account is missing")
        with override_settings(SMS_INBOUND_SECRET="short"):
            self.says("gateway_settings", State.BROKEN, "SMS_INBOUND_SECRET is missing or weak")
        with override_settings(SMS_DELIVERY_SECRET=f"{SECRET},{SECRET[::-1]}"):
            self.says("gateway_settings", State.LOOK, "SMS_DELIVERY_SECRET is being changed")
        with override_settings(SMS_LEASE=10):
            self.says("gateway_settings", State.BROKEN, "SMS_LEASE is too short")
        with override_settings(SMS_BACKEND="sms.backends.memory"):
            self.says("gateway_settings", State.LOOK, "no real gateway")

    def test_it_is_asked_for_the_balance_and_sends_nothing(self):
        with self.answer(UserData={"balance": "KES 80123.50"}) as get, patch("httpx.post") as post:
            self.is_well("gateway_reached")
        assert get.call_args.kwargs["timeout"] == 5
        post.assert_not_called()
        with self.answer(UserData={"balance": "KES 12.00"}):
            self.says("gateway_reached", State.LOOK, "balance is 12 shillings")
        with self.answer(hello="x"):
            self.says("gateway_reached", State.LOOK, "tells no balance")

    def test_it_refuses_us_or_cannot_be_reached(self):
        with self.answer(401):
            self.says("gateway_reached", State.BROKEN, "refuses our account")
        with patch("httpx.get", side_effect=httpx.ConnectTimeout(SECRET)):
            self.says("gateway_reached", State.BROKEN, "cannot be reached: ConnectTimeout")
            assert SECRET not in str(doctor.examine("gateway_reached"))

    def test_its_clock(self):
        late = httpx.Response(200, headers={"Date": "Thu, 01 Jan 2026 00:00:00 GMT"})
        with patch("httpx.head", return_value=late):
            self.says("clock_outside", State.BROKEN, "differ by")
        with patch("httpx.head", side_effect=httpx.ConnectError("x")):
            self.says("clock_outside", State.LOOK, "nobody outside")
        assert clock.of_difference("x", 0.4).state == State.OK


class Files(Said, SimpleTestCase):
    def test_storage(self):
        self.is_well("storage")
        assert default_storage.listdir("probe") == ([], [])
        with patch.object(InMemoryStorage, "_save", side_effect=PermissionError("secret")):
            self.says("storage", State.BROKEN, "PermissionError")
        with patch.object(InMemoryStorage, "delete"):
            self.says("storage", State.LOOK, "cannot be deleted")

    def test_room(self):
        usage = namedtuple("usage", "total used free")
        with patch.object(shutil, "disk_usage", return_value=usage(1, 1, 1024**3)):
            self.says("room", State.BROKEN, "1 GB are free")
        with patch.object(shutil, "disk_usage", return_value=usage(1, 1, 9 * 1024**3)):
            self.is_well("room")

    def test_fonts(self):
        self.is_well("fonts")
        with patch.object(printing, "LETTER", ["none.woff2"]):
            self.says("fonts", State.BROKEN, "fonts are missing: none.woff2")
        with patch.dict("sys.modules", weasyprint=None):
            self.says("fonts", State.BROKEN, "a library is missing")

    def test_translations_and_static_files(self):
        with override_settings(STATIC_ROOT=Path("/nonexistent")):
            self.says("static_files", State.BROKEN, "not collected")

    def test_viruses(self):
        self.says("viruses", State.LOOK, "not scanned")
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]

            def answer(said):
                def run():
                    with server.accept()[0] as asked:
                        asked.recv(16)
                        asked.sendall(said)

                threading.Thread(target=run, daemon=True).start()

            with override_settings(CLAMD=f"127.0.0.1:{port}"):
                answer(b"PONG\0")
                self.is_well("viruses")
                answer(b"HTTP/1.1 400")
                self.says("viruses", State.BROKEN, "no ClamAV")
        with override_settings(CLAMD=f"127.0.0.1:{port}"):
            self.says("viruses", State.BROKEN, "ConnectionRefusedError")


def test_words_that_are_not_compiled_are_named(tmp_path):
    folder = tmp_path / "sw" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").touch()
    with override_settings(LOCALE_PATHS=[tmp_path]):
        assert doctor.examine("translations")[0].said == "sw is not compiled"
        (folder / "django.mo").touch()
        assert doctor.examine("translations")[0].state == State.OK


def test_static_files_that_are_old_are_named(tmp_path):
    (tmp_path / "staticfiles.json").touch()
    with override_settings(STATIC_ROOT=tmp_path):
        assert doctor.examine("static_files")[0].state == State.OK


# The command


@pytest.fixture
def two_checks():
    checks = {
        "good": lambda: iter([doctor.ok("fine")]),
        "bad": lambda: iter([doctor.broken("it is torn", "Mend it.")]),
    }
    with patch.dict(doctor.CHECKS, checks, clear=True), patch.object(doctor, "load"):
        yield checks


def run(*words):
    out, code = io.StringIO(), 0
    try:
        call_command("doctor", *words, stdout=out, no_color=True)
    except SystemExit as end:
        code = end.code
    return code, out.getvalue()


def test_it_tells_line_by_line_and_fails_when_something_is_broken(two_checks):
    code, said = run()
    assert code == 1
    assert said.splitlines() == [
        "ok      good: fine",
        "broken  bad: it is torn",
        "        → Mend it.",
    ]


def test_it_does_not_fail_for_what_should_be_looked_at(two_checks):
    two_checks["bad"] = lambda: iter([doctor.look("odd", "See.")])
    with patch.dict(doctor.CHECKS, two_checks):
        assert run()[0] == 0
    assert run("good") == (0, "ok      good: fine\n")


def test_it_tells_machines(two_checks):
    code, said = run("--json")
    assert code == 1
    assert json.loads(said) == [
        {"check": "good", "state": "ok", "said": "fine", "do": ""},
        {"check": "bad", "state": "broken", "said": "it is torn", "do": "Mend it."},
    ]


def test_a_check_that_hangs_is_left_behind(two_checks):
    ended = threading.Event()
    with patch.dict(doctor.CHECKS, {"bad": lambda: iter([ended.wait(20)])}):
        [told] = doctor.examine_within("bad", 0.1)
    ended.set()
    assert told.state == State.BROKEN
    assert "has not answered within 0.1 seconds" in told.said


def test_unknown_checks_are_not_passed_over(two_checks):
    assert run("goood")[0] == 2


def test_no_check_calls_for_a_text():
    assert gateway.BALANCE.endswith("/user")
