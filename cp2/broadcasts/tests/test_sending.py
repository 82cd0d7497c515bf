from datetime import timedelta
from unittest import mock

import pytest
from django.test import TestCase, override_settings
from django.utils import timezone

import sms.services
from accounts.news import News
from accounts.services import choose_news
from cp2.broadcasts import hours, report, sending, services, shown
from cp2.broadcasts.models import Broadcast, Recipient
from cp2.broadcasts.tests import steps
from cp2.rules import Refused
from cp2.runs import services as runs
from cp2.tests import make
from deployments.models import Deployment
from sms.backends import NotSent, OutOfService, Rejected, memory
from sms.models import Kind, Message, MessageStatus


@steps.BY_DAY_AND_NIGHT
class Sending(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.writer, cls.other = steps.writer(), steps.writer()

    def setUp(self):
        memory.outbox.clear()
        memory.refusals.clear()
        memory.failures.clear()

    def approved(self, **fields):
        return steps.approved(self.writer, self.other, **fields)

    def test_everybody_gets_it_once_in_their_language(self):
        one, two = steps.people(2)
        two.user.language = "sw"
        two.user.save()
        broadcast = steps.sent(self.approved())
        assert sorted(memory.outbox) == sorted(
            [
                (one.phone, "Dear Wanjiku, come at 7."),
                (two.phone, "Ndugu Wanjiku, njoo saa moja."),
            ]
        )
        assert broadcast.report["states"] == {"sent": 2}
        assert broadcast.run.outcome["texts"] == 2
        assert {message.kind for message in Message.objects.all()} == {Kind.BULK}

    @override_settings(SMS_BULK_PER_SECOND=0.05)  # six texts in two minutes
    def test_no_more_is_written_ahead_than_leaves_in_two_minutes(self):
        steps.people(10)
        broadcast = steps.step(steps.step(self.approved()))
        assert Message.objects.count() == 6
        broadcast = steps.step(broadcast)
        assert Message.objects.count() == 6
        assert broadcast.run.not_before > timezone.now() + timedelta(seconds=5)
        assert steps.texts_leave() == 1
        steps.step(broadcast)
        assert Message.objects.count() == 7

    @override_settings(SMS_BULK_PER_SECOND=0.05)
    def test_stopped_at_once_nothing_more_leaves(self):
        steps.people(10)
        broadcast = steps.step(steps.step(self.approved()))
        steps.texts_leave()
        in_hand = steps.in_hand()
        broadcast = services.stop(broadcast, reason="The day is wrong", by=self.writer)
        sms.services.deliver([in_hand])

        assert len(memory.outbox) == 1
        assert not Message.objects.filter(status=MessageStatus.QUEUED).exists()
        for _turn in range(3):
            assert runs.RUNS.take(broadcast.run) is None
            steps.texts_leave()
        assert len(memory.outbox) == 1
        report.make(broadcast)
        assert broadcast.report["states"] == {"sent": 1, "withdrawn": 9}
        assert (broadcast.status, broadcast.reason) == ("stopped", "The day is wrong")
        with pytest.raises(Refused):
            services.stop(broadcast, reason="again", by=self.writer)

    def test_before_it_began_it_is_stopped_too(self):
        steps.people(2)
        broadcast = services.stop(self.approved(), reason="No", by=self.writer)
        assert (broadcast.status, set(steps.states(broadcast).values())) == (
            "stopped",
            {"withdrawn"},
        )

    def test_calling_off_its_run_stops_it(self):
        steps.people(2)
        broadcast = steps.step(self.approved())
        runs.cancel(broadcast.run, by=self.other)
        broadcast.refresh_from_db()
        assert broadcast.status == "stopped"

    @override_settings(SMS_BULK_PER_SECOND=0.05)
    def test_paused_it_takes_back_what_waits_and_goes_on_with_it(self):
        officers = steps.people(10)
        broadcast = steps.step(steps.step(self.approved()))
        steps.texts_leave()
        broadcast = services.pause(broadcast, by=self.writer)
        assert Message.objects.filter(status=MessageStatus.QUEUED).count() == 0
        broadcast = steps.step(broadcast)
        steps.texts_leave()
        assert len(memory.outbox) == 1
        services.resume(broadcast, by=self.writer)
        broadcast = Broadcast.objects.in_full().get()
        assert broadcast.run.not_before <= timezone.now()
        broadcast = steps.sent(broadcast)
        assert sorted(text.to for text in memory.outbox) == sorted(o.phone for o in officers)

    def test_what_lies_in_hand_at_a_pause_is_not_written_twice(self):
        steps.people(1)
        broadcast = steps.step(steps.step(self.approved()))
        in_hand = steps.in_hand()
        broadcast = services.pause(broadcast, by=self.writer)
        sms.services.deliver([in_hand])
        services.resume(broadcast, by=self.writer)
        steps.sent(broadcast)
        assert len(memory.outbox) == 1

    def test_a_worker_that_dies_in_a_portion_leaves_nobody_out_and_nobody_with_two(self):
        officers = steps.people(7)
        with mock.patch.object(sending, "PORTION", 2):
            broadcast = steps.step(self.approved())
            for dies_at in (2, 3):
                broadcast = steps.step(broadcast)
                with mock.patch.object(sending, "_note", side_effect=SystemExit):
                    taken = runs.RUNS.take(broadcast.run)
                    with pytest.raises(SystemExit):
                        runs.RUNS.go_on(taken)
                assert Message.objects.count() == 2 * (dies_at - 1)
            broadcast = steps.sent(broadcast)
        assert sorted(text.to for text in memory.outbox) == sorted(o.phone for o in officers)
        assert Message.objects.count() == 7

    def test_a_text_that_is_there_already_is_not_written_again(self):
        [officer] = steps.people(1)
        broadcast = steps.step(self.approved())
        there = Message.objects.create(
            to=officer.phone,
            template=sending.TEMPLATE,
            text="x",
            kind=Kind.BULK,
            context={"broadcast": broadcast.pk},
            dedupe_key=sending.key(broadcast, officer.user_id),
        )
        steps.sent(broadcast)
        assert Message.objects.count() == 1
        assert Recipient.objects.get().message == there

    def test_whoever_left_the_audience_since_is_passed_over(self):
        exam = make.exam()
        stays, opted_out, called_off, closed = (
            make.deployment(post=make.post(exam=exam)) for _n in range(4)
        )
        broadcast = steps.step(self.approved(stage="accepted", exam=exam))
        choose_news(opted_out.officer.user, [News.REMINDERS])
        Deployment.objects.filter(pk=called_off.pk).update(status="cancelled")
        closed.officer.user.is_active = False
        closed.officer.user.save()
        late = make.deployment(post=make.post(exam=exam))
        broadcast = steps.sent(broadcast)
        assert [text.to for text in memory.outbox] == [stays.officer.phone]
        told = shown.report(broadcast)
        assert [line["n"] for line in told["states"]] == [0, 0, 1, 0, 0, 1, 1, 1]
        assert (told["all"], told["unreached"]) == (4, 3)
        assert sum(sum(line.cells) for line in told["lines"]) == 4  # nobody is missing by county
        assert steps.states(broadcast) == {
            stays.officer.user_id: "sent",
            opted_out.officer.user_id: "opted_out",
            called_off.officer.user_id: "left",
            closed.officer.user_id: "closed",
        }
        assert late.officer.user_id not in steps.states(broadcast)

    def test_a_text_goes_to_the_number_that_somebody_has_now(self):
        [officer] = steps.people(1)
        broadcast = steps.step(self.approved())
        officer.user.phone = new = make.phone()
        officer.user.save()
        steps.sent(broadcast)
        assert [text.to for text in memory.outbox] == [new]

    def test_a_gateway_that_takes_no_texts_holds_it_up_and_no_more(self):
        officers = steps.people(3)
        broadcast = steps.step(steps.step(self.approved()))
        memory.failures.append(OutOfService("no balance"))
        steps.texts_leave()
        broadcast = steps.step(broadcast)
        assert broadcast.status == "sending"
        broadcast = services.stop(broadcast, reason="No balance", by=self.writer)
        assert set(steps.states(broadcast).values()) == {"withdrawn"}
        assert not Message.objects.exists()
        assert len(officers) == 3

    def test_a_text_that_is_tried_again_after_the_stop_stays_here(self):
        steps.people(1)
        broadcast = steps.step(steps.step(self.approved()))
        in_hand = steps.in_hand()
        broadcast = services.stop(broadcast, reason="Wrong", by=self.writer)
        Message.objects.filter(pk=in_hand.pk).update(
            status=MessageStatus.QUEUED, lease_until=None
        )  # as the sweep gives back what a dead worker had
        steps.texts_leave()
        assert memory.outbox == []
        report.make(broadcast)
        assert broadcast.report["states"] == {"withdrawn": 1}

    def test_the_report_says_who_was_not_reached_and_why(self):
        good, bad, silent = steps.people(3)
        memory.refusals[bad.phone] = Rejected("UserInBlackList (406)")
        memory.refusals[silent.phone] = Rejected("InvalidPhoneNumber (403)")
        broadcast = steps.sent(self.approved())
        provider = Message.objects.get(to=good.phone).provider_id
        sms.services.note_receipt(provider_id=provider, status="Success", reason="")
        sms.services.match_receipts()
        Broadcast.objects.update(reported_at=timezone.now() - timedelta(hours=1))
        assert report.make_due() == 1
        broadcast.refresh_from_db()
        assert broadcast.report["states"] == {"delivered": 1, "failed": 2}
        assert sorted(broadcast.report["reasons"]) == [["blocked", 1], ["wrong number", 1]]
        assert [counts for _hour, *counts in broadcast.report["hours"]] == [[1, 1, 0]]
        assert report.make_due() == 0

    def test_a_passing_fault_is_waited_for(self):
        steps.people(1)
        broadcast = steps.step(steps.step(self.approved()))
        memory.failures.append(NotSent("busy"))
        steps.texts_leave()
        broadcast = steps.step(broadcast)
        assert (broadcast.status, broadcast.run.left) == ("sending", ["end"])
        Message.objects.update(not_before=timezone.now())
        steps.sent(broadcast)
        assert len(memory.outbox) == 1


class AtNight(TestCase):
    def test_nothing_leaves_between_nine_and_seven(self):
        for at, until in (
            ("2026-03-02 20:59", None),
            ("2026-03-02 21:00", "2026-03-03 07:00"),
            ("2026-03-03 06:59", "2026-03-03 07:00"),
            ("2026-03-03 07:00", None),
        ):
            assert hours.quiet_until(make.moment(at)) == (until and make.moment(until)), at

    def test_what_waits_in_the_evening_is_taken_back_until_the_morning(self):
        writer, other = steps.writer(), steps.writer()
        steps.people(3)
        memory.outbox.clear()
        hour = timezone.localtime().hour
        with steps.BY_DAY_AND_NIGHT:
            broadcast = steps.step(steps.step(steps.approved(writer, other)))
            assert Message.objects.count() == 3
        night = (0, hour) if hour else (1, 24)
        with override_settings(BROADCASTS_FROM=night[0], BROADCASTS_UNTIL=night[1]):
            broadcast = steps.step(broadcast)
            assert Message.objects.count() == 0
            assert broadcast.run.not_before > timezone.now()
            assert steps.texts_leave() == 0
        with steps.BY_DAY_AND_NIGHT:
            steps.sent(broadcast)
        assert len(memory.outbox) == 3

    def test_what_lay_in_hand_in_the_evening_is_not_tried_again_at_night(self):
        steps.people(1)
        memory.outbox.clear()
        with steps.BY_DAY_AND_NIGHT:
            broadcast = steps.step(steps.step(steps.approved(steps.writer(), steps.writer())))
        in_hand = steps.in_hand()
        hour = timezone.localtime().hour
        night = (0, hour) if hour else (1, 24)
        with override_settings(BROADCASTS_FROM=night[0], BROADCASTS_UNTIL=night[1]):
            broadcast = steps.step(broadcast)
            assert broadcast.run.not_before < timezone.now() + timedelta(minutes=1)
            memory.failures.append(NotSent("busy"))
            sms.services.deliver([in_hand])
            broadcast = steps.step(broadcast)
            assert not Message.objects.exists()
            assert broadcast.run.not_before > timezone.now() + timedelta(minutes=1)
        assert memory.outbox == []
