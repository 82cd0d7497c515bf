"""A text leaves once: whatever dies, and whatever the gateway answers."""

import threading
from datetime import timedelta
from decimal import Decimal
from unittest.mock import patch

import pytest
import time_machine
from django.db import connection, transaction
from django.test import TestCase, override_settings
from django.utils import timezone, translation

from cp2.tests import make
from sms import services
from sms.backends import Accepted, NoAnswer, NotSent, OutOfService, Rejected, memory
from sms.models import InboundMessage, Kind, Message, MessageStatus, Receipt

TO = "254712345678"


def queue(**fields):
    plain = {"to": TO, "template": "sms/help", "text": "KNEC CP2: x"}
    return Message.objects.create(**plain | fields)


def watched_calls():
    send = memory.Backend.send
    return patch.object(memory.Backend, "send", autospec=True, side_effect=send)


def after(**delta):
    return time_machine.travel(timezone.now() + timedelta(**delta), tick=True)


class ManyAtOnce(TestCase):
    """Written in one statement, they are what they would be one by one."""

    # what differs by itself
    OWN = {"id", "created_at", "not_before"}

    def rows(self):
        found = Message.objects.order_by("pk").values()
        rows = [{name: row[name] for name in row.keys() - self.OWN} for row in found]
        Message.objects.all().delete()
        return rows

    def written_both_ways(self, template, texts):
        for to, language, key, context in texts:
            services.send(
                to, template, language=language, kind=Kind.BULK, dedupe_key=key, **context
            )
        one_by_one = self.rows()
        with translation.override("sw"):  # whoever writes them reads another language than some
            services.send_each(template, iter(texts))
            assert translation.get_language() == "sw"
        return one_by_one, self.rows()

    def test_words_rows_and_order_are_the_same(self):
        paid = {"amount": Decimal("1234567.5"), "number": "0712 … 678", "reference": "SGH1"}
        exams = (
            "KCSE 2026",
            "Ng'ang'a & Mũthoni <b>",
            "100% {{ x }} %(y)s",
            "“Ünï” 😀\t\x00",
            "x" * 90,
        )
        texts = [
            (str(254712000000 + place * 2 + at), language, key and f"{key} {place} {at}", context)
            for place, exam in enumerate(exams)
            for at, (language, key) in enumerate((("en", None), ("sw", "k")))
            for context in [paid | {"exam": exam}]
        ]
        one_by_one, at_once = self.written_both_ways("claims/paid", texts)
        assert at_once == one_by_one
        assert len(at_once) == 10
        assert at_once[0]["text"] == (
            "KNEC CP2: KES 1,234,567.50 for KCSE 2026 was sent to 0712 ... 678. "
            "M-Pesa reference: SGH1."
        )
        assert at_once[1]["text"] != at_once[0]["text"]
        assert "Ng'ang'a & Muthoni <b>"[:15] in at_once[2]["text"]

    def test_days_are_in_the_language_of_each(self):
        context = {
            "position": "Supervisor", "station": "St. Mary's", "exam": "KCSE",
            "respond_by": make.moment("2026-12-05 07:30"),
        }  # fmt: skip
        texts = [(TO, "en", None, context), (TO, "sw", None, context), (TO, "en", None, context)]
        one_by_one, at_once = self.written_both_ways("deployments/offered", texts)
        assert at_once == one_by_one
        assert at_once[0] == at_once[2] != at_once[1]

    def test_what_is_written_already_is_left_as_it_is(self):
        text = (TO, "en", "once", {"site": "https://a.example", "amount": 1, "exam": "KCSE"})
        services.send_each("claims/failed", [text, text])
        services.send_each("claims/failed", [text])
        assert Message.objects.get().dedupe_key == "once"

    def test_each_text_can_say_where_the_portal_is_though_its_caller_does_not(self):
        told = ("protection/decided", {"asked": "All of it"})
        with override_settings(SITE_URL="https://here.example"):
            words = services.render(told[0], language="en", **told[1])
            services.send_each(told[0], [(TO, "en", None, told[1])])
        assert "Read it at https://here.example under" in words
        assert Message.objects.get().text == words
        there = services.render(told[0], language="en", site="https://there.example", **told[1])
        assert "at https://there.example under" in there

    def test_a_name_that_nobody_gave_breaks_where_it_is_tested(self):
        for template, missing in (("protection/decided", "asked"), ("protection/breach", "day")):
            with pytest.raises(AssertionError, match=missing):
                services.render(template, language="en")

    def test_nothing_takes_no_query(self):
        with self.assertNumQueries(0):
            services.send_each("claims/paid", [])


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

    def test_unsent_text_waits_longer_each_time_and_fails_after_a_day(self):
        message = queue()
        memory.refusals[TO] = NotSent("GatewayError (501)")
        waits = []
        while services.send_due(Kind.NOTICE):
            message.refresh_from_db()
            waits.append((message.not_before - timezone.now()).total_seconds())
            Message.objects.update(not_before=timezone.now())

        assert message.status == MessageStatus.FAILED
        assert memory.outbox == []
        meant = [10, 60, 5 * 60, 15 * 60, 60 * 60]
        assert [round(wait / meant[min(n, 4)]) for n, wait in enumerate(waits[:-1])] == [1] * 27
        assert len(set(waits[4:-1])) > 20  # not all that failed together are tried together
        assert 22 < sum(waits[:-1]) / 3600 < 26

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

    def test_texts_of_the_same_words_go_out_in_one_call_and_each_is_told_apart(self):
        numbers = [f"2547000000{n:02}" for n in range(5)]
        for number in numbers:
            queue(to=number)
        queue(text="KNEC CP2: another")
        memory.refusals[numbers[1]] = Rejected("UserInBlacklist (406)")
        memory.refusals[numbers[2]] = NotSent("GatewayError (501)")
        memory.refusals[numbers[3]] = NoAnswer("not named")

        with watched_calls() as calls:
            services.send_due(Kind.NOTICE)

        assert sorted(len(call.args[1]) for call in calls.call_args_list) == [1, 5]
        assert list(Message.objects.order_by("pk").values_list("status", flat=True)) == [
            MessageStatus.SENT,
            MessageStatus.FAILED,
            MessageStatus.QUEUED,
            MessageStatus.UNKNOWN,
            MessageStatus.SENT,
            MessageStatus.SENT,
        ]

    def test_one_call_never_names_a_number_twice_nor_more_than_it_may_hold(self):
        for n in range(150):
            queue(to=f"254700000{n:03}")
        for _ in range(2):
            queue()

        with watched_calls() as calls:
            services.send_due(Kind.NOTICE)

        asked = [call.args[1] for call in calls.call_args_list]
        assert all(len(numbers) == len(set(numbers)) <= 100 for numbers in asked)
        assert sum(map(len, asked)) == 152

    def test_id_that_the_gateway_gives_twice_undoes_nothing(self):
        queue()
        queue(to="254712345679")
        queue(text="KNEC CP2: another")
        with patch.object(memory.Backend, "_take", return_value=Accepted("the-same")):
            services.send_due(Kind.NOTICE)

        assert sorted(Message.objects.values_list("status", "provider_id"), key=str) == [
            (MessageStatus.SENT, "the-same"),
            (MessageStatus.SENT, None),
            (MessageStatus.SENT, None),
        ]

    def test_text_that_need_not_leave_any_more_fails_with_its_reason_and_nobody_is_called(self):
        user = make.officer().user
        message = services.send_credentials(user.phone, "accounts/password", user=user.pk)
        gone = services.Unsendable("the account has another number now")
        with patch("accounts.services.compose_credentials", side_effect=gone):
            services.send_due(Kind.CREDENTIALS)

        message.refresh_from_db()
        assert (message.status, message.failure) == (MessageStatus.FAILED, str(gone))
        assert memory.outbox == []

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

    def test_worker_s_death_is_laid_at_no_innocent_text_s_door(self):
        """Twenty texts are taken together and one of them ends every worker that has it."""
        for n in range(20):
            queue(to=f"2547000000{n:02}", text=f"KNEC CP2: {n}")
        poison = queue(to="254711111111", not_before=timezone.now() - timedelta(days=1))
        for _ in range(30):
            taken = services.take(Kind.NOTICE, most=50)
            if poison in taken:  # as if the worker had ended here
                Message.objects.filter(status=MessageStatus.SENDING).update(
                    lease_until=timezone.now() - timedelta(seconds=1)
                )
                services.sweep()
            else:
                services.deliver(taken)

        poison.refresh_from_db()
        assert (poison.status, poison.deaths) == (MessageStatus.FAILED, 2)
        assert Message.objects.filter(status=MessageStatus.SENT).count() == 20


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

    def test_lost_worker_is_no_try_of_the_text(self):
        message = self.take()
        services.sweep()

        message.refresh_from_db()
        assert (message.attempts, message.deaths) == (0, 1)

    def test_credential_in_doubt_is_sent_once_more_however_often_it_had_been_tried(self):
        user = make.officer().user
        message = services.send_credentials(user.phone, "accounts/password", user=user.pk)
        Message.objects.update(attempts=7)
        for expected in (MessageStatus.QUEUED, MessageStatus.UNKNOWN):
            Message.objects.update(not_before=timezone.now())
            services.take(Kind.CREDENTIALS, most=5)
            Message.objects.update(
                lease_until=timezone.now() - timedelta(seconds=1), handed_at=timezone.now()
            )
            services.sweep()
            message.refresh_from_db()
            assert message.status == expected

    def test_text_is_not_handed_over_with_less_time_left_than_a_call_may_take(self):
        message = queue()
        with override_settings(SMS_LEASE=9):
            services.send_due(Kind.NOTICE)

        message.refresh_from_db()
        assert (message.status, message.attempts) == (MessageStatus.QUEUED, 0)
        assert memory.outbox == []

    def test_running_lease_is_left_alone(self):
        queue()
        services.take(Kind.NOTICE, most=5)

        assert services.sweep() == 0

    def test_slow_worker_does_not_send_what_was_given_back(self):
        queue()
        [taken] = services.take(Kind.NOTICE, most=5)
        Message.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        services.sweep()

        services.deliver([taken])

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

    def test_word_that_we_do_not_know_is_kept_as_it_came_and_changes_nothing(self):
        message = self.sent()
        self.note(message, "success", "DeliveredToHandset", "")

        assert message.status == MessageStatus.SENT
        kept = set(Receipt.objects.values_list("status", flat=True))
        assert kept == {"success", "DeliveredToHandset", ""}

    def test_many_words_that_we_do_not_know_raise_an_alarm(self):
        message = self.sent()
        for n in range(150):
            services.note_receipt(provider_id=f"p{n}", status="Sent", reason="")
        self.note(message, "odd")
        with self.assertNoLogs("sms.services"):
            services.give_up_receipts()
        self.note(message, "odder")
        with self.assertLogs("sms.services", "ERROR") as logs:
            services.give_up_receipts()

        assert logs.records[0].getMessage() == "2 of 152 delivery reports say what we do not know"

    def test_receipt_of_no_text_is_kept_for_a_day_and_then_set_aside_and_counted(self):
        for provider_id in ("p1", "p2"):
            services.note_receipt(provider_id=provider_id, status="Success", reason="")
        services.match_receipts()
        old, new = Receipt.objects.order_by("pk")
        Receipt.objects.filter(pk=old.pk).update(received_at=timezone.now() - timedelta(hours=25))

        with self.assertLogs("sms.services", "WARNING") as logs:
            assert services.give_up_receipts() == 1

        assert logs.records[0].getMessage() == "1 delivery reports were of no text of ours"
        assert list(Receipt.objects.waiting()) == [new]
        assert services.give_up_receipts() == 0

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
