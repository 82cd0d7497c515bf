from threading import Event
from unittest import mock

import pytest

from accounts import running
from accounts.promises import RunStatus
from accounts.tests.people import staff
from cp2.rules import Refused
from cp2.runs import services
from cp2.runs.models import RunKind
from cp2.runs.services import Work
from cp2.tests.races import at_once

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True, serialized_rollback=True)]


def test_nobody_waits_minutes_for_a_portion_to_call_its_run_off(monkeypatch):
    writes, tried = Event(), Event()

    def step(run, portion):
        run.count(portions=1)
        if portion == 1:
            writes.set()
            assert tried.wait(30)

    def call_off():
        assert writes.wait(30)
        try:
            services.cancel(run, by=by)
        finally:
            tried.set()

    monkeypatch.setattr(running, "PATIENCE", "100ms")
    work, by = Work(plan=lambda run: [1, 2], step=step), staff("Deployment")
    with mock.patch.object(services.RUNS, "work_of", return_value=work):
        run = services.start(RunKind.EXPORT, by=by, title="Officers")
        _done, answered = at_once(lambda: services.finish(run), call_off)
        assert isinstance(answered, Refused)
        assert "Try again shortly" in str(answered)
        run.refresh_from_db()
        assert (run.status, run.outcome) == (RunStatus.DONE, {"portions": 2})


def test_a_run_that_is_called_off_between_two_portions_does_no_more():
    work = Work(plan=lambda run: [1, 2], step=lambda run, portion: run.count(portions=1))
    by = staff("Deployment")
    with mock.patch.object(services.RUNS, "work_of", return_value=work):
        run = services.start(RunKind.EXPORT, by=by, title="Officers")
        for _turn in range(2):  # the plan, and one portion
            taken = services.RUNS.take(run)
            services.RUNS.go_on(taken)
        late = services.RUNS.take(run)  # leased by a worker that has not begun
        services.cancel(run, by=by)
        services.RUNS.go_on(late)
        run.refresh_from_db()
    assert (run.status, run.outcome, run.left) == (RunStatus.CANCELLED, {"portions": 1}, [2])
    assert run.percent == 50
