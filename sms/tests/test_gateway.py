"""A gateway that is down is not hammered, one that takes no texts from us burns none, and texts to
many leave no faster than they may."""

import logging
import threading
import time
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import TestCase, override_settings

from cp2.tests import make
from sms import gateway, services
from sms.backends import NoAnswer, NotSent, OutOfService, Rejected, memory
from sms.models import Gateway, GatewayStatus, Kind, Message, MessageStatus

DOWN = NotSent("the gateway answered 503")
NO_MONEY = OutOfService("InsufficientBalance (405): no balance")


def number(n):
    return f"2547{n:08}"


def queue(many=1, **fields):
    """Each of its own words, so that each is a call."""
    return [
        Message.objects.create(
            **{"to": number(n), "template": "sms/help", "text": f"KNEC CP2: {n}"} | fields
        )
        for n in range(many)
    ]


def statuses():
    return list(Message.objects.order_by("pk").values_list("status", flat=True))


def a_minute_later():
    Gateway.objects.update(probe_at=Now())


class Watched(TestCase):
    def setUp(self):
        send = memory.Backend.send
        watch = patch.object(memory.Backend, "send", autospec=True, side_effect=send)
        self.calls = watch.start()
        self.addCleanup(watch.stop)

    def tick(self, times=1):
        for _ in range(times):
            for kind in Kind:
                services.send_while_due(kind)

    def state(self):
        return services.gateway_state().status


class Breaker(Watched):
    def go_down(self):
        memory.failures += [DOWN] * gateway.MOST_FAILURES
        self.tick()
        assert self.state() == GatewayStatus.DOWN

    def test_twenty_failed_calls_in_a_row_open_it_and_say_so_once(self):
        queue(30)
        memory.failures += [DOWN] * 100

        with self.assertLogs("sms.gateway") as logs:
            self.tick(5)

        assert self.calls.call_count == 20
        [record] = logs.records
        assert record.levelno == logging.ERROR
        state = services.gateway_state()
        assert (state.status, state.reason) == (GatewayStatus.DOWN, "the gateway answered 503")

    def test_one_call_that_goes_well_starts_the_count_afresh(self):
        queue(60)
        memory.failures += [DOWN] * 19
        self.tick()
        assert services.gateway_state().failures == 0
        Message.objects.update(not_before=Now())
        memory.failures += [DOWN] * 19
        self.tick()

        assert self.state() == GatewayStatus.WORKING

    def test_refusal_of_a_number_is_no_failure_of_the_gateway(self):
        queue(30)
        memory.refusals |= {number(n): Rejected("blocked (406)") for n in range(30)}
        self.tick()

        assert self.state() == GatewayStatus.WORKING

    def test_time_outs_open_it_too(self):
        queue(30)
        memory.failures += [NoAnswer("the gateway did not answer")] * 20
        self.tick()

        assert self.state() == GatewayStatus.DOWN
        assert statuses().count(MessageStatus.UNKNOWN) == 20
        assert statuses().count(MessageStatus.QUEUED) == 10

    def test_while_it_is_open_one_probe_a_minute_is_made_and_no_try_is_burned(self):
        queue(40)
        self.go_down()
        self.calls.reset_mock()
        memory.failures += [DOWN] * 100
        for _ in range(10):
            a_minute_later()
            self.tick(3)

        assert self.calls.call_count == 10
        assert set(Message.objects.values_list("attempts", flat=True)) == {0, 1}
        assert Message.objects.filter(attempts=1).count() == 19  # before it opened

    def test_ten_minutes_without_a_gateway_cost_sixty_calls_at_most(self):
        queue(80)
        queue(20, kind=Kind.BULK)
        user = make.officer().user
        services.send_credentials(user.phone, "accounts/password", user=user.pk)
        memory.failures += [DOWN] * 1000
        for _ in range(10):
            self.tick(3)
            a_minute_later()

        assert self.calls.call_count <= 60

    def test_probe_that_goes_well_closes_it_and_everything_leaves(self):
        queue(30)
        self.go_down()
        a_minute_later()

        with self.assertLogs("sms.gateway") as logs:
            self.tick()

        assert [record.levelno for record in logs.records] == [logging.INFO]
        assert self.state() == GatewayStatus.WORKING
        assert set(statuses()) == {MessageStatus.SENT}  # at once, those that had failed as well

    def test_call_that_was_under_way_when_it_opened_does_not_close_it(self):
        queue(30)
        taken_at = gateway._locked()[1]
        self.go_down()
        gateway.note(None, taken_at=taken_at)

        assert self.state() == GatewayStatus.DOWN

    def test_texts_of_a_batch_that_it_cuts_short_are_given_back_as_they_were(self):
        queue(50)
        self.go_down()

        untouched = Message.objects.filter(attempts=0, failure="", status=MessageStatus.QUEUED)
        assert untouched.count() == 30
        assert not Message.objects.filter(status=MessageStatus.SENDING).exists()

    def test_password_is_a_probe_too(self):
        queue(20)
        self.go_down()
        user = make.officer().user
        services.send_credentials(user.phone, "accounts/password", user=user.pk)
        a_minute_later()
        services.send_while_due(Kind.CREDENTIALS)

        assert [text.to for text in memory.outbox] == [user.phone]
        assert self.state() == GatewayStatus.WORKING

    def test_lane_without_texts_uses_no_probe_up(self):
        queue(20)
        self.go_down()
        a_minute_later()
        services.send_while_due(Kind.CREDENTIALS)
        services.send_while_due(Kind.BULK)
        services.send_while_due(Kind.NOTICE)

        assert self.state() == GatewayStatus.WORKING


class Holding(Watched):
    def hold(self):
        memory.failures.append(NO_MONEY)
        self.tick()
        assert self.state() == GatewayStatus.HELD

    def test_no_balance_stops_every_lane_and_burns_nothing(self):
        queue(30)
        queue(5, kind=Kind.BULK)
        user = make.officer().user
        services.send_credentials(user.phone, "accounts/password", user=user.pk)

        with self.assertLogs("sms.gateway", logging.ERROR) as logs:
            self.hold()
            self.tick(3)

        assert len(logs.records) == 1
        assert self.calls.call_count == 1
        assert statuses().count(MessageStatus.HELD) == 1
        assert statuses().count(MessageStatus.QUEUED) == 35
        assert set(Message.objects.values_list("attempts", flat=True)) == {0}
        assert services.gateway_state().reason == str(NO_MONEY)

    def test_it_is_probed_once_a_minute(self):
        queue(30)
        self.hold()
        memory.failures += [NO_MONEY] * 100
        for _ in range(10):
            a_minute_later()
            self.tick(3)

        assert self.calls.call_count == 11
        assert set(Message.objects.values_list("attempts", flat=True)) == {0}

    def test_when_it_takes_texts_again_all_leave_by_themselves(self):
        queue(30)
        self.hold()
        memory.failures += [NO_MONEY] * 2
        for _ in range(3):
            a_minute_later()
            self.tick()

        assert self.state() == GatewayStatus.WORKING
        assert set(statuses()) == {MessageStatus.SENT}
        assert len(memory.outbox) == 30

    def test_the_only_text_there_is_is_probed_with(self):
        queue()
        self.hold()
        a_minute_later()
        self.tick()

        assert statuses() == [MessageStatus.SENT]

    def test_one_number_that_is_always_refused_does_not_hold_the_others_for_ever(self):
        memory.refusals[number(0)] = OutOfService("RiskHold (401): risk hold")
        queue(30)
        for _ in range(3):
            self.tick()
            a_minute_later()

        assert statuses() == [MessageStatus.HELD, *[MessageStatus.SENT] * 29]

    def test_balance_that_ends_within_a_call_holds_the_rest_of_it(self):
        queue(4, text="KNEC CP2: the same")
        memory.refusals |= dict.fromkeys((number(2), number(3)), NO_MONEY)
        self.tick()

        assert statuses() == [*[MessageStatus.SENT] * 2, *[MessageStatus.HELD] * 2]
        assert self.state() == GatewayStatus.HELD

    def test_person_who_sends_a_held_text_again_has_it_tried_at_once(self):
        [message] = queue()
        self.hold()
        services.send_again(Message.objects.get(pk=message.pk))
        self.tick()

        assert statuses() == [MessageStatus.SENT]
        assert self.state() == GatewayStatus.WORKING

    def test_password_that_is_held_is_promised_once(self):
        user = make.officer().user
        services.send_credentials(user.phone, "accounts/password", user=user.pk)
        self.hold()
        services.send_credentials(user.phone, "accounts/password", user=user.pk)

        assert statuses() == [MessageStatus.HELD]


class Meter(Watched):
    def take(self):
        services.send_due(Kind.BULK)
        return len(memory.outbox)

    def pass_seconds(self, seconds):
        gateway.current()
        Gateway.objects.update(bulk_until=Now() - timedelta(seconds=seconds))

    @override_settings(SMS_BULK_PER_SECOND=10)
    def test_quiet_hour_saves_up_two_seconds_and_no_more(self):
        queue(100, kind=Kind.BULK)
        self.pass_seconds(3600)

        began = time.monotonic()
        assert self.take() == 20
        assert self.take() <= 21 + 10 * (time.monotonic() - began)

    @override_settings(SMS_BULK_PER_SECOND=10)
    def test_allowance_that_was_not_used_is_left(self):
        queue(3, kind=Kind.BULK)
        self.pass_seconds(1)
        assert self.take() == 3

        queue(30, kind=Kind.BULK)
        assert 10 <= self.take() <= 23

    @override_settings(SMS_BULK_PER_SECOND=0.2)
    def test_fewer_than_one_a_second_is_possible(self):
        queue(3, kind=Kind.BULK)
        self.pass_seconds(4)
        assert self.take() == 0
        self.pass_seconds(6)
        assert self.take() == 1
        assert self.take() == 1

    @override_settings(SMS_BULK_PER_SECOND=0)
    def test_none_at_all_is_possible_and_the_other_lanes_do_not_mind(self):
        queue(3, kind=Kind.BULK)
        self.pass_seconds(60)
        assert self.take() == 0
        queue(2)
        self.tick()

        assert len(memory.outbox) == 2


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@override_settings(SMS_BULK_PER_SECOND=50)
def test_meter_holds_for_many_workers_together():
    queue(400, kind=Kind.BULK)
    began = time.monotonic()
    ends = began + 2

    def work():
        while time.monotonic() < ends:
            services.send_due(Kind.BULK)
            time.sleep(0.02)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    took = time.monotonic() - began

    assert 50 * 2 - 5 <= len(memory.outbox) <= 50 * (took + 2)
    assert len({text.to for text in memory.outbox}) == len(memory.outbox)


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_many_workers_make_one_probe():
    queue(50)
    Gateway.objects.create(status=GatewayStatus.DOWN, reason="x", since=Now(), probe_at=Now())
    memory.failures += [DOWN] * 50
    barrier = threading.Barrier(4)

    def work():
        barrier.wait()
        for _ in range(5):
            services.send_due(Kind.NOTICE)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(memory.failures) == 49
