"""A text leaves once: whatever dies, and whatever the gateway answers."""

import threading
from datetime import timedelta
from unittest.mock import patch

import pytest
import time_machine
from django.db import connection, transaction
from django.test import TestCase
from django.utils import timezone

from cp2.tests import make
from sms import services
from sms.backends import NoAnswer, NotSent, OutOfService, Rejected, memory
from sms.models import InboundMessage, Kind, Message, MessageStatus, Receipt

TO = "254712345678"


def queue(**fields):
    return Message.objects.create(to=TO, template="sms/help", **{"text": "KNEC CP2: x", **fields})


def after(**delta):
    return time_machine.travel(timezone.now() + timedelta(**delta), tick=True)


class Sending(TestCase):
    def test_due_text_leaves_and_its_id_is_kept(self):
        message = queue()

        assert services.send_due(Kind.NOTICE) == 1

        message.refresh_from_db()
        assert (message.status, message.attempts) == (MessageStatus.SENT, 1)
        assert message.provider_id.startswith("memory-")
        assert message.lease_until is None
        assert [text.to for text in memory.outbox] == [TO]

    def test_text_leaves_once(self):
        queue()
        services.send_due(Kind.NOTICE)

        assert services.send_due(Kind.NOTICE) == 0
        assert len(memory.outbox) == 1

    def test_text_is_not_sent_before_its_time(self):
        queue(not_before=timezone.now() + timedelta(minutes=5))

        assert services.send_due(Kind.NOTICE) == 0

    def test_lanes_do_not_mix(self):
        queue()

        assert services.send_due(Kind.CREDENTIALS) == 0

    def test_same_dedupe_key_writes_one_text(self):
        for _ in range(3):
            services.send(TO, "sms/help", language="en", dedupe_key="k")

        assert Message.objects.count() == 1

    def test_rejected_text_fails_with_the_reason(self):
        message = queue()
        memory.failures.append(Rejected("UserInBlacklist (406)"))
        services.send_due(Kind.NOTICE)

        message.refresh_from_db()
        assert (message.status, message.failure) == (
            MessageStatus.FAILED,
            "UserInBlacklist (406)",
        )

    def test_unsent_text_waits_longer_each_time_then_fails(self):
        message = queue()
        waits = []
        for _ in range(len(services.WAITS)):
            Message.objects.update(not_before=timezone.now())
            memory.failures.append(NotSent("503"))
            services.send_due(Kind.NOTICE)
            message.refresh_from_db()
            assert message.status == MessageStatus.QUEUED
            waits.append(message.not_before - timezone.now())
        assert waits == sorted(waits)

        Message.objects.update(not_before=timezone.now())
        memory.failures.append(NotSent("503"))
        services.send_due(Kind.NOTICE)
        message.refresh_from_db()
        assert message.status == MessageStatus.FAILED
        assert memory.outbox == []

    def test_text_is_held_when_only_a_person_can_help_and_sent_again_by_one(self):
        message = queue()
        memory.failures.append(OutOfService("InsufficientBalance (405)"))
        services.send_due(Kind.NOTICE)
        message.refresh_from_db()
        assert message.status == MessageStatus.HELD

        services.send_again(message)
        services.send_due(Kind.NOTICE)
        message.refresh_from_db()
        assert message.status == MessageStatus.SENT

    def test_doubtful_notice_is_not_sent_again(self):
        message = queue()
        memory.failures.append(NoAnswer("time-out"))
        services.send_due(Kind.NOTICE)
        message.refresh_from_db()

        assert message.status == MessageStatus.UNKNOWN
        with after(days=1):
            assert services.send_due(Kind.NOTICE) == 0

    def test_doubtful_credential_is_sent_again_at_most_once(self):
        from accounts.services import open_account

        open_account(TO, language="en")
        message = Message.objects.get()
        memory.failures += [NoAnswer("time-out"), NoAnswer("time-out")]
        for _ in range(5):
            services.send_due(Kind.CREDENTIALS)
            Message.objects.update(not_before=timezone.now())

        message.refresh_from_db()
        assert (message.status, message.attempts) == (MessageStatus.UNKNOWN, 2)


class Poison(TestCase):
    """A text, or an answer, that breaks whatever touches it."""

    def test_text_that_cannot_be_made_holds_up_no_other_and_is_parked(self):
        poison = Message.objects.create(
            to=TO, template="accounts/password", kind=Kind.CREDENTIALS, context={"user": 0}
        )
        user = make.officer().user
        services.send_credentials(user.phone, "accounts/password", user=user.pk)

        for _ in range(services.MOST_DEATHS):
            services.send_due(Kind.CREDENTIALS)
            Message.objects.filter(status=MessageStatus.SENDING).update(
                lease_until=timezone.now() - timedelta(seconds=1)
            )
            services.sweep()

        poison.refresh_from_db()
        assert poison.status == MessageStatus.FAILED
        assert [text.to for text in memory.outbox] == [user.phone]

    def test_inbound_text_that_cannot_be_answered_does_not_stand_before_later_ones(self):
        for number in "12":
            services.receive(provider_id=number, sender=f"+{TO}", shortcode="22262", text="HI")
        first, second = InboundMessage.objects.order_by("pk")

        with patch("sms.services._answer", side_effect=[RuntimeError, "answered"]):
            services.read_inbox()

        first.refresh_from_db()
        second.refresh_from_db()
        assert first.outcome == "failed: see the worker's log"
        assert second.outcome == "answered"


class Sweeping(TestCase):
    """What a worker had taken when it was killed."""

    def take(self, **fields):
        message = queue()
        services.take(Kind.NOTICE, most=5)
        Message.objects.update(lease_until=timezone.now() - timedelta(seconds=1), **fields)
        return message

    def test_text_that_was_not_handed_over_is_given_back(self):
        message = self.take()

        assert services.sweep() == 1
        message.refresh_from_db()
        assert message.status == MessageStatus.QUEUED
        services.send_due(Kind.NOTICE)
        assert len(memory.outbox) == 1

    def test_text_that_may_have_left_is_in_doubt(self):
        message = self.take(handed_at=timezone.now())

        services.sweep()
        message.refresh_from_db()
        assert message.status == MessageStatus.UNKNOWN

    def test_running_lease_is_left_alone(self):
        queue()
        services.take(Kind.NOTICE, most=5)

        assert services.sweep() == 0

    def test_slow_worker_does_not_send_what_was_given_back(self):
        queue()
        [taken] = services.take(Kind.NOTICE, most=5)
        Message.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        services.sweep()

        services.deliver(taken)

        assert memory.outbox == []


class Receipts(TestCase):
    def sent(self):
        message = queue()
        services.send_due(Kind.NOTICE)
        message.refresh_from_db()
        return message

    def note(self, message, *statuses):
        for status in statuses:
            services.note_receipt(
                provider_id=message.provider_id, status=status, reason="AbsentSubscriber"
            )
        services.match_receipts()
        message.refresh_from_db()

    def test_success_delivers(self):
        message = self.sent()
        self.note(message, "Success")

        assert message.status == MessageStatus.DELIVERED
        assert message.delivered_at

    def test_failure_keeps_the_reason(self):
        message = self.sent()
        self.note(message, "Failed")

        assert (message.status, message.failure) == (MessageStatus.FAILED, "AbsentSubscriber")

    def test_delivered_is_final(self):
        message = self.sent()
        self.note(message, "Success", "Failed", "Sent", "Buffered")

        assert message.status == MessageStatus.DELIVERED

    def test_delivery_after_a_failure_counts(self):
        message = self.sent()
        self.note(message, "Failed", "Success")

        assert (message.status, message.failure) == (MessageStatus.DELIVERED, "")

    def test_receipt_that_comes_too_early_is_matched_later(self):
        services.note_receipt(provider_id="memory-early", status="Success", reason="")
        services.match_receipts()
        message = self.sent()
        Message.objects.filter(pk=message.pk).update(provider_id="memory-early")

        services.match_receipts()

        message.refresh_from_db()
        assert message.status == MessageStatus.DELIVERED

    def test_the_same_receipt_twice_is_kept_once(self):
        message = self.sent()
        self.note(message, "Success", "Success")

        assert Receipt.objects.count() == 1


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_many_workers_send_each_text_once():
    for _ in range(60):
        queue()
    barrier = threading.Barrier(4)

    def work():
        barrier.wait()
        while services.send_due(Kind.NOTICE, most=5):
            pass
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(memory.outbox) == 60
    assert set(Message.objects.values_list("status", "attempts")) == {(MessageStatus.SENT, 1)}


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_text_of_a_transaction_that_fails_never_leaves():
    def work_that_fails():
        with transaction.atomic():
            queue()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        work_that_fails()

    assert services.send_due(Kind.NOTICE) == 0
