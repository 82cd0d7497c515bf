"""A worker that counts tasks as its own which it has long done would wait for ever, and look alive;
bin/test-faults shows how it comes to that."""

import time
from unittest.mock import Mock, patch

import pytest

from cp2.celery import SILENCE, Pulse


@pytest.fixture
def silent():
    pulse = Pulse()
    pulse.heard = time.monotonic() - SILENCE - 1
    return pulse


def test_worker_that_hears_no_tick_connects_anew_and_then_waits_again(silent):
    with pytest.raises(ConnectionResetError):
        silent.check()

    silent.check()


def test_worker_that_hears_ticks_or_is_at_work_is_left_alone(silent):
    with patch("cp2.celery.state.active_requests", {"a long run"}):
        silent.check()
    silent.hear(sender=None, request=None)
    silent.check()


def test_there_is_one_watch_however_often_it_connects(silent):
    first, second = Mock(), Mock()
    silent.start(Mock(**{"timer.call_repeatedly.return_value": first}))
    silent.start(Mock(**{"timer.call_repeatedly.return_value": second}))

    first.cancel.assert_called_once()
    second.cancel.assert_not_called()
    silent.check()  # the connection itself was a sign of life
