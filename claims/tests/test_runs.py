"""Who has a run leased is left alone with it."""

from datetime import timedelta
from unittest.mock import patch

from django.test import TestCase
from django.utils import timezone

from accounts import running
from claims import runs, tasks
from claims.models import MoneyRun, RunKind, RunStatus
from cp2.tests import make


class Leases(TestCase):
    def started(self, work):
        patching = patch.object(runs.RUNS, "work_of", lambda kind: work)
        self.enterContext(patching)
        return runs.start(RunKind.EXPORT, make.exam(), by=None)

    def test_what_is_done_before_a_step_is_done_by_one_worker_however_long_it_takes(self):
        begun = []

        def before(run, portion):
            begun.append(portion)
            if len(begun) == 1:  # some minutes later another worker looks for something to do
                late = timezone.now() + timedelta(minutes=9)
                with patch.object(timezone, "now", lambda: late):
                    assert runs.work(seconds=1) == 0

        def step(run, portion, _given):
            run.count(done=1)

        run = self.started(runs.Work(plan=lambda run: ["one"], step=step, before=before))
        assert runs.finish(run).status == RunStatus.DONE
        assert begun == ["one"]
        assert run.outcome == {"done": 1}

    def test_lease_ends_with_the_worker_at_the_latest(self):
        assert tasks.work_runs.time_limit == running.LONGEST.seconds

    def test_one_that_the_worker_died_of_each_time_fails(self):
        run = self.started(runs.Work(plan=lambda run: [], step=lambda run, portion: None))
        MoneyRun.objects.update(attempts=running.MOST_ATTEMPTS)
        assert runs.work(seconds=1) == 0
        run.refresh_from_db()
        assert (run.status, run.lease_until) == (RunStatus.FAILED, None)
        assert run.failure == "the worker died of it"
