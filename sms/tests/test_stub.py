"""What the gateway may do to us, and what must become of the texts, held against its own ledger.

A gateway that answered `sent` took a text once; one that refused took none; and where nobody
answered we say so, and send again at most once, and only a password.
"""

import random
import threading
import time
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection
from django.db.models.functions import Now
from django.test import override_settings

from cp2.tests import make
from sms import services
from sms.models import Gateway, GatewayStatus, Kind, Message, MessageStatus, Receipt
from sms.tests.stub_gateway import Stub

QUEUED, SENT, FAILED, UNKNOWN, HELD = (
    MessageStatus.QUEUED,
    MessageStatus.SENT,
    MessageStatus.FAILED,
    MessageStatus.UNKNOWN,
    MessageStatus.HELD,
)
DELIVERY = f"/sms/delivery/{settings.SMS_DELIVERY_SECRET}/"


@pytest.fixture(scope="module")
def one_stub() -> Iterator[Stub]:
    stub = Stub()
    yield stub
    stub.stop()


@pytest.fixture
def stub(one_stub: Stub) -> Iterator[Stub]:
    one_stub.forget()
    with override_settings(
        SMS_BACKEND="sms.backends.africastalking",
        AFRICASTALKING_URL=one_stub.url,
        AFRICASTALKING_USERNAME="knec",
        AFRICASTALKING_API_KEY="the-key",
        SMS_TIMEOUT=0.4,
    ):
        yield one_stub


def queue(many=1, **fields):
    return [
        Message.objects.create(
            **{"to": f"25411{n:07}", "template": "sms/help", "text": f"KNEC CP2: {n}"} | fields
        )
        for n in range(many)
    ]


def password():
    user = make.officer().user
    return services.send_credentials(user.phone, "accounts/password", user=user.pk)


def statuses():
    return list(Message.objects.order_by("pk").values_list("status", flat=True))


def hours_later():
    """All that waits for its time, or for a probe, is due."""
    Message.objects.update(not_before=Now())
    Gateway.objects.update(probe_at=Now())


@pytest.mark.parametrize(
    ("word", "status", "taken"),
    [
        ("ok", SENT, 1),
        ("slow", SENT, 1),
        ("hang", UNKNOWN, 0),
        ("drip", UNKNOWN, 0),
        ("reset", UNKNOWN, 0),
        ("drop", UNKNOWN, 1),
        ("missing", UNKNOWN, 1),
        ("500", QUEUED, 0),
        ("502-html", QUEUED, 0),
        ("429", QUEUED, 0),
        ("204", UNKNOWN, 0),
        ("301", UNKNOWN, 0),
        ("not-json", UNKNOWN, 0),
        ("html", UNKNOWN, 0),
        ("empty InvalidSenderId", HELD, 0),
        *[(f"codes {code}", SENT, 1) for code in (100, 101, 102)],
        *[(f"codes {code}", HELD, 0) for code in (401, 402, 405)],
        *[(f"codes {code}", FAILED, 0) for code in (403, 404, 406, 407, 409)],
        *[(f"codes {code}", QUEUED, 0) for code in (500, 501, 502, 777)],
    ],
)
@pytest.mark.django_db
def test_what_becomes_of_a_notice_and_of_a_password(stub, word, status, taken):
    stub.play(then=word, pause=0.01)
    [notice], credential = queue(), password()
    began = time.monotonic()
    services.send_due(Kind.NOTICE)
    Gateway.objects.update(status=GatewayStatus.WORKING, reason="")
    services.send_due(Kind.CREDENTIALS)

    assert time.monotonic() - began < 3
    # a password in doubt is worth another try
    assert statuses() == [status, QUEUED if status == UNKNOWN else status]
    assert len(stub.calls) == 2
    assert len(stub.texts) == 2 * taken
    if status in (QUEUED, FAILED, UNKNOWN, HELD):
        notice.refresh_from_db()
        assert notice.failure
    if status == SENT:
        ids = set(Message.objects.values_list("provider_id", flat=True))
        assert ids == {text["id"] for text in stub.texts}

    stub.play(then="ok")
    for _ in range(5):
        hours_later()
        for kind in Kind:
            services.send_due(kind)
    settled = status if status in (FAILED, UNKNOWN) else SENT
    assert statuses() == [settled, FAILED if status == FAILED else SENT]
    credential.refresh_from_db()
    assert credential.doubts == (status == UNKNOWN)
    notices = [text for text in stub.texts if text["number"] == f"+{notice.to}"]
    assert len(notices) == (1 if settled == SENT else taken)
    # never more than two copies of a password, and then only because nobody had answered
    assert len(stub.texts) - len(notices) == (settled != FAILED) + (status == UNKNOWN) * taken


@pytest.mark.django_db
def test_each_number_of_one_call_has_its_own_outcome(stub):
    stub.play("codes 101 406 501 405 102 missing")
    queue(10, text="KNEC CP2: the same")
    services.send_due(Kind.NOTICE)

    [call] = stub.calls
    assert len(call["to"]) == 10
    assert call["form"]["enqueue"] == "1"
    took = {text["number"]: text["id"] for text in stub.texts}
    for message in Message.objects.all():
        assert (message.status == SENT) == (f"+{message.to}" in took)
        assert message.provider_id == took.get(f"+{message.to}")


@pytest.mark.django_db
def test_number_that_the_answer_leaves_out_is_in_doubt_and_the_others_are_not(stub):
    stub.play("missing")
    queue(5, text="KNEC CP2: the same")
    services.send_due(Kind.NOTICE)

    assert sorted(statuses()) == sorted([*[SENT] * 4, UNKNOWN])
    assert len(stub.texts) == 5


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.django_db
@override_settings(SMS_BULK_PER_SECOND=1000)
def test_whatever_the_gateway_does_in_a_row_our_table_and_its_ledger_agree(stub, seed):
    words = [
        *["ok", "codes 101 406", "codes 501", "500", "429", "502-html", "reset", "drop"],
        *["missing", "not-json", "html", "204", "301", "empty InvalidSenderId", "codes 405 101"],
    ]
    chance = random.Random(seed)
    stub.play(*chance.choices(words, k=25))
    queue(15)
    queue(15, text="KNEC CP2: the same", kind=Kind.BULK)
    passwords = [password() for _ in range(3)]
    for _ in range(25):
        hours_later()
        for kind in Kind:
            services.send_due(kind, most=chance.choice([5, 20]))

    assert set(statuses()) <= {SENT, FAILED, UNKNOWN}
    taken = stub.texts
    by_id = {text["id"]: text for text in taken}
    numbers = [text["number"] for text in taken]
    for message in Message.objects.exclude(kind=Kind.CREDENTIALS):
        same = [
            text
            for text in taken
            if (text["number"], text["text"]) == (f"+{message.to}", message.text)
        ]
        match message.status:
            case MessageStatus.SENT:
                assert [text["id"] for text in same] == [message.provider_id]
            case MessageStatus.FAILED:
                assert same == []
            case _:
                assert len(same) <= 1
    for message in Message.objects.filter(pk__in=[each.pk for each in passwords]):
        assert numbers.count(f"+{message.to}") <= 1 + message.doubts
        assert message.status != SENT or message.provider_id in by_id


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.race
@override_settings(SMS_TIMEOUT=2)
def test_no_transaction_is_open_while_the_gateway_keeps_us_waiting(stub):
    stub.play(then="hang")
    queue(5)
    password()

    def work():
        services.send_due(Kind.NOTICE)
        services.send_due(Kind.CREDENTIALS)
        connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    seen = set()
    while worker.is_alive():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT state FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND xact_start < clock_timestamp() - interval '1 s'"
            )
            seen |= {state for (state,) in cursor}
        time.sleep(0.02)
    worker.join()

    assert len(stub.calls) == 6
    assert seen == set()


@pytest.mark.django_db
@override_settings(SMS_BULK_PER_SECOND=50, SMS_TIMEOUT=5)
def test_fifty_texts_of_different_words_leave_in_a_second_though_each_takes_a_tenth(stub):
    stub.play(pause=0.1)
    queue(150, kind=Kind.BULK)
    services.gateway_state()
    began = time.monotonic()
    while Message.objects.filter(status=QUEUED).exists():
        services.send_due(Kind.BULK)
        time.sleep(max(0, 0.5 - (time.monotonic() - began) % 0.5))
    took = time.monotonic() - began

    assert len(stub.texts) == 150
    # Three seconds, two of which may have been saved up; one after the other they would take 15,
    # and the machine may be busy.
    assert 0.9 < took < 8


# Delivery reports

REPORTS = [
    ("none", 0, 0, SENT),
    ("once", 1, 1, MessageStatus.DELIVERED),
    ("twice", 2, 1, MessageStatus.DELIVERED),
    ("many", 50, 1, MessageStatus.DELIVERED),
    ("early", 1, 1, MessageStatus.DELIVERED),
    ("reversed", 3, 3, MessageStatus.DELIVERED),
    ("failed-first", 2, 2, MessageStatus.DELIVERED),
    ("wrong-id", 1, 1, SENT),
    ("late", 1, 1, MessageStatus.DELIVERED),
]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_what_becomes_of_delivery_reports(stub, live_server, subtests):
    for reports, posts, kept, status in REPORTS:
        with subtests.test(reports), override_settings(SMS_TIMEOUT=10):
            stub.forget()
            stub.play(reports=reports, callback=live_server.url + DELIVERY)
            Receipt.objects.all().delete()
            [message] = queue()
            services.send_due(Kind.NOTICE)
            ends = time.monotonic() + 20
            while len(stub.ledger["reported"]) < posts and time.monotonic() < ends:
                services.match_receipts()
                time.sleep(0.02)
            services.match_receipts()

            assert stub.ledger["reported"] == [200] * posts
            assert Receipt.objects.count() == kept
            message.refresh_from_db()
            assert message.status == status
            assert Receipt.objects.waiting().exists() == (reports == "wrong-id")
