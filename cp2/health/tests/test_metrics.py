"""Figures for Prometheus: for who shows the token alone, of nobody, and at a bounded cost."""

import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import TestCase, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

import sms.services
from cp2.health import meters, scrape, tallies
from cp2.health.figures import GROUPS
from cp2.health.models import Tally
from cp2.limits.models import Limit
from cp2.limits.services import Limited, take
from cp2.tests import make
from sms.backends import NoAnswer, memory
from sms.models import InboundMessage, Kind, Message

TOKEN = "token-of-the-tests-0123456789-abcdefghijklmnop"


@override_settings(METRICS_TOKEN=TOKEN)
class Scraped(TestCase):
    def setUp(self):
        scrape.figures.read_at = float("-inf")
        tallies.gathered = tallies.Gathered()

    def page(self, **headers):
        headers = headers or {"Authorization": f"Bearer {TOKEN}"}
        return self.client.get("/metrics", headers=headers)

    def figures(self):
        scrape.figures.read_at = float("-inf")
        text = self.page().content.decode()
        return {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def write(self, minutes=0, **fields):
        defaults = {"to": "254712345678", "template": "t", "text": "x"}
        when = timezone.now() - timedelta(minutes=minutes)
        return Message.objects.create(**{**defaults, "not_before": when, **fields})

    def test_there_is_no_such_page_without_the_token(self):
        for shown in ("", "Bearer", "Bearer ", "Bearer x", f"Bearer {TOKEN}x", TOKEN[:-1], "ä"):
            assert self.page(Authorization=shown).status_code == 404
        with override_settings(METRICS_TOKEN=""):
            for shown in ("", "Bearer ", f"Bearer {TOKEN}"):
                assert self.page(Authorization=shown).status_code == 404

    def test_it_is_no_page_for_headquarters_either(self):
        make.sign_in(self.client, make.user("staff", is_superuser=True))
        assert self.client.get("/metrics").status_code == 404

    def test_it_is_kept_nowhere(self):
        answer = self.page()
        assert answer["Cache-Control"] == "no-store"
        assert answer["Content-Type"].startswith("text/plain")

    def test_what_waits_is_told_by_its_age(self):
        self.write(minutes=5)
        self.write(minutes=1)
        self.write(minutes=-60)
        self.write(kind=Kind.CREDENTIALS, text="")
        InboundMessage.objects.create(provider_id="1", sender="254712345678", shortcode="22262")
        found = self.figures()
        assert 300 <= found["cp2_queue_oldest_seconds", "texts_notice"] < 330
        assert found["cp2_queue_due", "texts_notice"] == 2
        assert found["cp2_queue_due", "texts_credentials"] == 1
        assert found["cp2_queue_due", "inbox"] == 1
        assert found["cp2_queue_oldest_seconds", "texts_bulk"] == 0
        assert found["cp2_queue_oldest_seconds", "letters"] == 0

    def test_leases_are_told_by_whether_they_hold(self):
        now = timezone.now()
        for minutes in (-1, 1, 2):
            self.write(status="sending", lease_until=now + timedelta(minutes=minutes))
        found = self.figures()
        assert found["cp2_leases", "held", "texts"] == 2
        assert found["cp2_leases", "expired", "texts"] == 1

    def test_calls_of_the_gateway_are_counted_by_what_came_of_them(self):
        memory.failures.append(NoAnswer("nobody"))
        for _ in range(3):
            self.write()
            sms.services.send_while_due(Kind.NOTICE)
        tallies.gathered.write()
        found = self.figures()
        assert found["cp2_gateway_texts_total", "sent"] == 2
        assert found["cp2_gateway_texts_total", "unknown"] == 1
        assert found["cp2_gateway_call_seconds_count",] == 3
        assert found["cp2_gateway_call_seconds_bucket", "10"] == 3
        assert found["cp2_gateway_success_age_seconds",] < 60
        assert found["cp2_gateway_state", "working"] == 1

    def test_counts_add_up_over_processes_and_time(self):
        for _ in range(2):
            process = tallies.Gathered()
            process.add("gateway_texts", "sent", 5)
            process.last("gateway_success_at", 1000)
            process.write()
        assert tallies.read() == {
            ("gateway_texts", "sent"): 10,
            ("gateway_success_at", ""): 1000,
        }

    def test_counts_that_cannot_be_written_are_kept(self):
        process = tallies.Gathered()
        process.add("tasks", "a|failure")
        with (
            patch("cp2.health.tallies._write", side_effect=DatabaseError("host")),
            self.assertLogs("cp2.health.tallies", "WARNING"),
        ):
            process.write()
        process.write()
        assert tallies.read() == {("tasks", "a|failure"): 1}

    def test_failed_task_is_counted_at_once(self):
        class Task:
            name = "sms.tasks.sweep"

        tallies.note_task(task=Task, state="SUCCESS")
        assert tallies.read() == {}
        tallies.note_task(task=Task, state="FAILURE")
        found = self.figures()
        assert found["cp2_tasks_total", "failure", "sms.tasks.sweep"] == 1
        assert found["cp2_tasks_total", "sms.tasks.sweep", "success"] == 1

    def test_limits_are_counted_by_name_alone(self):
        Limit.objects.filter(name="text.number").update(takes=2)
        before = self.figures()
        for _ in range(2):
            take(("text.number", "254712345678"))
        with pytest.raises(Limited):
            take(("text.number", "254712345678"))
        after = self.figures()
        for name, more in {"cp2_limit_taken_total": 2, "cp2_limit_refused_total": 1}.items():
            key = (name, "text.number")
            assert after[key] - before.get(key, 0) == more

    def test_requests_are_counted_by_the_pages_name(self):
        self.client.get("/help/?a=0712345678")
        self.client.get("/nowhere/254712345678/")
        found = self.figures()
        assert found["cp2_request_seconds_count", "2xx", "GET", "help"] >= 1
        assert found["cp2_request_seconds_count", "4xx", "GET", "none"] >= 1
        text = self.page().content.decode()
        assert "254712345678" not in text
        assert "/help" not in text

    def test_runs_and_the_database_are_told(self):
        found = self.figures()
        assert found["cp2_database_up",] == 1
        assert found["cp2_database_size_bytes",] > 0
        assert found["cp2_database_connections_most",] > 0
        assert {name for (name, *_rest) in found} >= {"cp2_figures_seconds"}
        assert [found["cp2_figures_failed", name] for name in GROUPS] == [0] * len(GROUPS)

    def test_it_is_read_once_in_some_seconds(self):
        self.page()
        with self.assertNumQueries(0):
            self.page()

    def test_it_costs_the_same_with_many_rows(self):
        def asked():
            scrape.figures.read_at = float("-inf")
            with CaptureQueriesContext(
                connection,
            ) as queries:
                self.page()
            return len(queries)

        few = asked()
        for n in range(30):
            self.write(minutes=n)
        assert asked() == few <= 32

    def test_a_group_that_fails_takes_no_other_with_it(self):
        def broken():
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1/0")
            return []

        with (
            patch.dict(GROUPS, {"queues": broken}),
            self.assertLogs("cp2.health.scrape", "WARNING"),
        ):
            found = self.figures()
        assert found["cp2_figures_failed", "queues"] == 1
        assert found["cp2_figures_failed", "leases"] == 0
        assert found["cp2_leases", "held", "texts"] == 0

    def test_database_that_is_away_is_told_with_all_else_that_is_known(self):
        with (
            patch("cp2.health.scrape.transaction.atomic", side_effect=DatabaseError("host")),
            self.assertLogs("cp2.health.scrape", "WARNING"),
        ):
            found = self.figures()
        assert found["cp2_database_up",] == 0
        assert any(name == "cp2_request_seconds_count" for name, *_rest in found)


class Rows(TestCase):
    def refuses(self, constraint, **fields):
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            Tally.objects.create(**fields)

    def test_a_tally_is_one_row_and_no_less_than_nothing(self):
        Tally.objects.create(name="a", label="b", value=0)
        self.refuses("one_tally_of_a_kind", name="a", label="b", value=1)
        self.refuses("tally_only_grows", name="a", label="c", value=-1)


COUNTING = """
import os, django
django.setup()
from prometheus_client import generate_latest
from cp2.health import meters
for _ in range(2):  # one after the other, as web processes are forked
    if not os.fork():
        meters.note_request("home", "GET", 200, 0.01)
        os._exit(0)
    os.wait()
print(generate_latest(meters.registry()).decode())
"""


def test_processes_of_one_machine_are_counted_together(tmp_path):
    said = subprocess.run(
        [sys.executable, "-c", COUNTING],
        env=os.environ
        | {
            "PROMETHEUS_MULTIPROC_DIR": str(tmp_path),
            "DJANGO_SETTINGS_MODULE": "cp2.settings_test",
        },
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert 'cp2_request_seconds_count{method="GET",route="home",status="2xx"} 2.0' in said
    # the second went on in the file of the first; nought is their parent's
    assert [file.name for file in tmp_path.glob("*.db")] == ["histogram_1.db"]


def test_processes_that_live_at_once_count_in_files_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    first, second = meters.Place(), meters.Place()
    assert (first(), second(), first()) == (0, 1, 0)
    os.close(first.lock)
    assert meters.Place()() == 0


def test_without_a_folder_a_process_speaks_for_itself(monkeypatch):
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    assert meters.registry() is meters.OWN


@override_settings(METRICS_TOKEN=TOKEN)
class Rules(TestCase):
    def test_alarms_ask_for_what_there_is(self):
        """A rule about a metric that nobody gives would be silent for ever."""
        meters.note_request("home", "GET", 200, 0.01)
        meters.note_limits(None, taken=["text.number"], refused="text.number")
        for key, value in {
            ("gateway_success_at", ""): 1.0,
            ("tasks", "a|failure"): 1.0,
        }.items():
            Tally.objects.create(name=key[0], label=key[1], value=value)
        scrape.figures.read_at = float("-inf")
        headers = {"Authorization": f"Bearer {TOKEN}"}
        text = self.client.get("/metrics", headers=headers).content.decode()
        there = {
            name
            for family in text_string_to_metric_families(text)
            for name in [family.name, *(sample.name for sample in family.samples)]
        }
        rules = (Path(__file__).parents[3] / "deploy/prometheus/rules.yml").read_text()
        asked = set(re.findall(r"\bcp2_\w+", "\n".join(re.findall(r"expr: (.*)", rules))))
        assert len(asked) > 10
        assert asked - there == set()

    def test_each_alarm_says_what_and_how_urgently(self):
        rules = (Path(__file__).parents[3] / "deploy/prometheus/rules.yml").read_text()
        alarms = rules.split("- alert: ")[1:]
        for alarm in alarms:
            assert re.search(r"severity: (page|look)", alarm)
            assert re.search(r'summary: ".{20,}"', alarm)
