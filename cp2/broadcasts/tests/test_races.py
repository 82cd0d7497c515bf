import pytest
from django.test import override_settings

from cp2.broadcasts import report, services
from cp2.broadcasts.models import Broadcast, Recipient
from cp2.broadcasts.tests import steps
from cp2.runs import services as runs
from cp2.runs.models import Run
from cp2.tests import make
from cp2.tests.races import at_once, split
from sms.backends import memory
from sms.models import Message

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True, serialized_rollback=True)]


def test_of_two_approvals_one_counts():
    writer = steps.writer()
    others = [steps.writer() for _n in range(2)]
    make.officer()
    broadcast = steps.proposed(writer)
    seen = services.version(broadcast)
    done, refused = split(
        at_once(*(lambda by=by: services.approve(broadcast, seen=seen, by=by) for by in others))
    )
    assert (len(done), len(refused)) == (1, 1)
    assert Run.objects.filter(kind="send").count() == 1
    assert Broadcast.objects.get().approved_by in others


def test_approved_and_sent_back_at_once_it_is_one_of_them():
    writer, one, two = (steps.writer() for _n in range(3))
    make.officer()
    broadcast = steps.proposed(writer)
    seen = services.version(broadcast)
    done, refused = split(
        at_once(
            lambda: services.approve(broadcast, seen=seen, by=one),
            lambda: services.send_back(broadcast, reason="Not yet", by=two),
        )
    )
    assert (len(done), len(refused)) == (1, 1)
    assert Run.objects.filter(kind="send").count() == (done[0].status == "approved")


@steps.BY_DAY_AND_NIGHT
@override_settings(SMS_BULK_PER_SECOND=1000)
def test_stopped_while_workers_write_and_send_it_tells_the_truth():
    memory.outbox.clear()
    writer, other = steps.writer(), steps.writer()
    officers = steps.people(30)
    broadcast = steps.step(steps.approved(writer, other))

    def send():
        for _turn in range(10):
            steps.texts_leave(most=3)

    at_once(
        lambda: runs.work(seconds=1, run=broadcast.run),
        send,
        send,
        lambda: services.stop(broadcast, reason="Wrong day", by=writer),
    )
    broadcast = Broadcast.objects.get()
    assert broadcast.status in ("stopped", "sent")
    left = len(memory.outbox)
    send()
    assert len(memory.outbox) == left
    report.make(broadcast)
    told = {text.to for text in memory.outbox}
    assert len(told) == left  # nobody twice
    reached = Recipient.objects.filter(state="sent")
    assert {row.user.phone for row in reached.select_related("user")} == told
    withdrawn = Recipient.objects.filter(state="withdrawn")
    assert withdrawn.count() == len(officers) - left
    assert not Message.objects.filter(status="queued").exists()


@steps.BY_DAY_AND_NIGHT
def test_two_workers_at_one_broadcast_write_to_each_once():
    writer, other = steps.writer(), steps.writer()
    steps.people(20)
    broadcast = steps.step(steps.approved(writer, other))
    at_once(*(lambda: runs.work(seconds=1, run=broadcast.run) for _n in range(3)))
    assert Message.objects.count() == 20
    assert Recipient.objects.filter(state="written").count() == 20
