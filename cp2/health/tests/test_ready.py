"""Whether the portal works, as machines ask: each part that fails is named, and no more is said."""

from datetime import timedelta
from unittest.mock import Mock, patch

import pytest
import redis
from celery import signals
from django.db import DatabaseError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import TestCase
from django.utils import timezone

import sms.services
from cp2.health import pulse, ready
from sms import tasks
from sms.models import Heartbeat

KEYS = {"ready", "database", "migrations", "broker", "worker", "work", "beat"}


class Ready(TestCase):
    def setUp(self):
        ready.seen_applied.clear()
        self.ping = patch("redis.Redis.ping").start()
        self.addCleanup(patch.stopall)
        for name in pulse.SILENCE:
            sms.services.beat(name)

    def ask(self):
        answer = self.client.get("/readyz")
        said = answer.json()
        assert said.keys() == KEYS
        assert said["ready"] is (answer.status_code == 200)
        return {name: state for name, state in said.items() if state not in ("ok", True, False)}

    def silent_for(self, name, seconds):
        Heartbeat.objects.filter(name=name).update(at=timezone.now() - timedelta(seconds=seconds))

    def test_all_is_well(self):
        assert self.ask() == {}
        assert self.client.get("/readyz")["Cache-Control"] == "no-store"

    def test_it_costs_few_queries(self):
        self.ask()
        with self.assertNumQueries(2):
            self.ask()

    def test_silent_worker_and_beat_are_named(self):
        for name, seconds in {"worker": 20, "work": 140, "beat": 20}.items():
            with self.subTest(name):
                self.silent_for(name, seconds)
                assert self.ask() == {name: f"last seen {seconds} seconds ago"}
                sms.services.beat(name)

    def test_workers_at_long_tasks_are_not_gone(self):
        self.silent_for("work", 120)
        assert self.ask() == {}

    def test_who_was_never_seen_is_named(self):
        Heartbeat.objects.all().delete()
        assert self.ask() == dict.fromkeys(pulse.SILENCE, "never seen")

    def test_broker_that_does_not_answer_is_named(self):
        self.ping.side_effect = redis.TimeoutError
        assert self.ask() == {"broker": "no answer"}

    def test_database_that_does_not_answer_is_named_and_nothing_more_asked_of_it(self):
        with patch("cp2.health.ready._database", side_effect=DatabaseError("secret host")):
            unasked = dict.fromkeys(["migrations", "worker", "work", "beat"], "not asked")
            assert self.ask() == {"database": "no answer", **unasked}

    def test_database_that_takes_no_writing_is_named(self):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
        assert self.ask() == {"database": "takes no writing"}

    def test_migrations_that_wait_are_counted(self):
        MigrationRecorder.Migration.objects.filter(app="sms", name__startswith="0001").delete()
        assert self.ask() == {"migrations": "1 not applied"}

    def test_every_migration_of_this_release_is_looked_for(self):
        known = ready.of_this_release()
        assert ("health", "0001_tallies") in known
        assert ("auth", "0001_initial") in known
        assert not ready.unapplied()


class Pulse(TestCase):
    def ages(self):
        return {name for name, age in pulse.ages().items() if age is not None}

    def task_of(self, queue):
        return Mock(**{"request.delivery_info": {"routing_key": queue}})

    def test_tick_of_credentials_is_the_workers(self):
        tasks.send_credentials()
        assert self.ages() == {"worker"}

    def test_any_task_of_the_other_queue_is_its_workers(self):
        for queue in ("credentials", "elsewhere", None):
            pulse.Queue().take(self.task_of(queue))
        assert self.ages() == set()
        pulse.Queue().take(self.task_of("work"))
        assert self.ages() == {"work"}

    def test_a_process_writes_once_in_some_seconds(self):
        queue = pulse.Queue()
        queue.take(self.task_of("work"))
        with self.assertNumQueries(0):
            queue.take(self.task_of("work"))

    def test_tasks_are_listened_to(self):
        receivers = [each[0][0] for each in signals.task_prerun.receivers]
        assert "cp2.health.queue" in receivers

    def test_worker_lives_on_without_its_database(self):
        with (
            patch("cp2.health.pulse.beat", side_effect=DatabaseError("host")),
            self.assertLogs("cp2.health.pulse", "WARNING") as logged,
        ):
            pulse.Queue().take(self.task_of("work"))
        assert "host" not in str(logged.output)

    def test_beat_gives_a_sign_for_ticks_alone(self):
        beat = pulse.Beat()
        with (
            patch("cp2.health.pulse.give") as give,
            patch.object(pulse.time, "sleep", side_effect=StopIteration),
        ):
            beat.tick()
            with pytest.raises(StopIteration):
                beat.run()
        give.assert_called_once_with("beat")
        assert not beat.ticked.is_set()
