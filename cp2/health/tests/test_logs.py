"""One line a request, in JSON: by the page's name, with an id, and with nobody's number or name."""

import io
import json
import logging
import logging.config
from copy import deepcopy
from unittest.mock import patch

import pytest
from celery import shared_task
from django.conf import settings
from django.test import Client, TestCase
from django.urls import reverse

from cp2.health import logs, middleware
from cp2.tests import make

FORGED = '\n{"level": "error", "event": "admin logged in"}\r\u2028'


@pytest.fixture
def written():
    """What the portal's own settings make of lines, on a logger of the test's."""
    stream = io.StringIO()
    config = deepcopy(settings.LOGGING)
    config["handlers"]["console"]["stream"] = stream
    config["root"] = {}
    config["loggers"] = {"test": {"handlers": ["console"], "level": "INFO", "propagate": False}}
    config["loggers"]["cp2.request"] = dict(config["loggers"]["test"])
    config["loggers"]["django.request"] = config["loggers"]["test"] | {
        "level": settings.LOGGING["loggers"]["django.request"]["level"]
    }
    logging.config.dictConfig(config)
    yield lambda: [json.loads(line) for line in stream.getvalue().split("\n") if line]
    back = deepcopy(settings.LOGGING)
    back["loggers"] |= {name: {"propagate": True} for name in ("test", "cp2.request")}
    logging.config.dictConfig(back)


@pytest.fixture
def say(written):
    return logging.getLogger("test")


def test_a_line_is_one_line_whatever_it_says(written, say):
    say.info("name: %s", FORGED)
    [line] = written()
    assert line["level"] == "info"
    assert "admin logged in" in line["event"]  # as words, inside of the line


@pytest.mark.parametrize(
    "number",
    ["254712345678", "+254712345678", "0712345678", "0712 345 678", "0712-345-678", "12345678",
     "A012345678Z", "0110 200 300"],
)  # fmt: skip
def test_numbers_are_masked(written, say, number):
    say.info("no officer with %s", number)
    try:
        raise ValueError(f"cannot pay {number}")
    except ValueError:
        say.exception("failed")
    told = json.dumps(written())
    assert number not in told
    assert number[-6:] not in told
    assert told.count("<number>") >= 2


def test_what_a_database_quotes_of_a_row_is_left_out(written, say):
    quoted = 'violates "one"\nDETAIL:  Failing row contains (1, Atieno\nOtieno, 7).\nCONTEXT:  SQL'
    try:
        raise ValueError(quoted)
    except ValueError:
        say.exception("failed")
    [line] = written()
    assert "Atieno" not in str(line)
    assert "Otieno" not in str(line)
    assert "CONTEXT" in line["exception"]


def test_secrets_of_the_gateway_are_masked_in_a_traceback_too(written, say):
    try:
        raise ValueError("/sms/inbound/abcdefghijklmnop/ is odd")
    except ValueError:
        say.exception("failed")
    assert "abcdefghijklmnop" not in str(written())


def test_short_numbers_and_ids_of_rows_stay(written, say):
    say.info("texts could not be sent: %s of %s", 12, 4031)
    assert written()[0]["event"] == "texts could not be sent: 12 of 4031"


@pytest.mark.parametrize("value", [None, True, 1.5, 3, "x", ["a"], {"k": ("v",)}])
def test_masking_leaves_what_is_no_number(value):
    assert logs.masked(value) == (json.loads(json.dumps(value)))


@shared_task(name="test.fails")
def fails(phone):
    logging.getLogger("test").info("at work")
    raise RuntimeError(f"no pay for {phone}")


def test_lines_of_a_task_carry_its_id_and_a_failure_its_traceback(written, say):
    with patch("cp2.health.tallies.gathered.write"):
        failed = fails.apply(args=["254712345678"])
    say.info("after it")
    at_work, *_failure, after = written()
    assert (at_work["task"], at_work["task_id"]) == ("test.fails", failed.id)
    assert "task_id" not in after


def test_a_failed_task_is_told_without_its_numbers(written, say):
    logs.begin_task(task_id="an-id", task=fails)
    try:
        raise RuntimeError("no pay for 254712345678")
    except RuntimeError:
        say.exception("Task failed: %s", "254712345678")
    logs.end_task()
    [line] = written()
    assert line["task_id"] == "an-id"
    assert "Traceback" in line["exception"]
    assert "254712345678" not in str(line)


@pytest.mark.django_db
class TestRequests:
    def ask(self, client, path, **headers):
        return client.get(path, headers=headers)

    def test_a_request_has_one_line_and_an_id(self, written):
        officer = make.officer()
        client = Client()
        client.force_login(officer.user)
        answer = self.ask(client, "/home/?phone=0712345678", **{"User-Agent": FORGED})
        [line] = written()
        assert line["request"] == answer[middleware.HEADER]
        assert line["route"] == "home"
        assert (line["method"], line["status"]) == ("GET", 200)
        assert (line["user"], line["role"]) == (officer.user.pk, "officer")
        assert line["queries"] > 0
        assert line["ms"] >= 0
        told = json.dumps(line)
        for private in (officer.phone, officer.full_name, "0712345678", "admin logged in", "/home"):
            assert private not in told

    def test_an_address_with_a_code_is_told_by_its_page(self, written):
        self.ask(Client(), reverse("deployments:letter_check", args=["SECRETCODE"]))
        assert {line.get("route") for line in written()} == {"deployments:letter_check"}
        assert "SECRETCODE" not in str(written())

    def test_our_proxys_id_is_kept(self):
        answer = self.ask(Client(), "/healthz", **{middleware.HEADER: "a1b2c3d4e5f60718"})
        assert answer[middleware.HEADER] == "a1b2c3d4e5f60718"

    @pytest.mark.parametrize("given", ["short", "x" * 65, "a b c d e f g", "abcdefgh\n", "ä" * 9])
    def test_anything_else_is_no_id(self, given):
        answer = self.ask(Client(), "/healthz", **{middleware.HEADER: given})
        assert answer[middleware.HEADER] != given
        assert len(answer[middleware.HEADER]) == 32

    def test_probes_that_are_well_have_no_line(self, written):
        self.ask(Client(), "/healthz")
        assert written() == []
        self.ask(Client(), "/metrics")
        assert [line["status"] for line in written()] == [404]

    def test_what_is_refused_at_the_door_has_its_line(self, written):
        self.ask(Client(), "/?a=%ff")
        Client().put("/")
        assert [(line["status"], line["method"]) for line in written()] == [
            (400, "GET"),
            (405, "other"),
        ]

    def test_an_error_is_told_with_its_traceback_and_without_the_address(
        self, written, monkeypatch
    ):
        def broken(*args, **kwargs):
            raise RuntimeError("no letter for 0712345678")

        monkeypatch.setattr("cp2.views.render", broken)
        client = Client(raise_request_exception=False)
        assert self.ask(client, "/help/?x=0712345678").status_code == 500
        failure, line = written()
        assert failure["event"] == "Internal Server Error: help"
        assert "RuntimeError: no letter for <number>" in failure["exception"]
        assert failure["request"] == line["request"]
        assert line["status"] == 500
        assert "0712345678" not in str(written())


class Lines(TestCase):
    def test_a_line_costs_no_query(self):
        with self.assertNumQueries(0), self.assertLogs("cp2.request", "INFO"):
            self.client.get("/help/")
