"""What the gateway posts to us, and what a phone may send to the short code."""

import gzip
import logging
import threading
from unittest.mock import patch
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client, TestCase, override_settings

from sms import services
from sms.backends import memory
from sms.logs import WithoutSecrets
from sms.models import InboundMessage, Kind, Message, Receipt

INBOUND = f"/sms/inbound/{settings.SMS_INBOUND_SECRET}/"
DELIVERY = f"/sms/delivery/{settings.SMS_DELIVERY_SECRET}/"
FORM = {
    "from": "+254712345678",
    "to": "22262",
    "text": "HELLO",
    "date": "2026-11-03 06:04:45",
    "id": "at-1",
    "linkId": "",
}


class Posting(TestCase):
    def post(self, url=INBOUND, **changes):
        return self.client.post(url, {**FORM, **changes})

    def answer(self):
        services.read_inbox()
        services.send_due(Kind.NOTICE)
        return [text.to for text in memory.outbox]

    def test_text_is_kept_and_answered_ok(self):
        response = self.post()

        assert (response.status_code, response.content) == (200, b"OK")
        inbound = InboundMessage.objects.get()
        assert (inbound.sender, inbound.text) == ("+254712345678", "HELLO")

    def test_same_id_is_kept_once(self):
        for _ in range(5):
            self.post()

        assert InboundMessage.objects.count() == 1

    def test_missing_id_is_replaced_by_the_content(self):
        for _ in range(3):
            assert self.post(id="").status_code == 200

        assert InboundMessage.objects.count() == 1

    def test_text_without_a_sender_or_anything_else_is_kept(self):
        response = self.client.post(INBOUND, {"odd": "x"})

        assert response.status_code == 200
        assert self.answer() == []

    def test_id_that_is_too_long_is_clipped(self):
        for _ in range(2):
            assert self.post(id="9" * 300).status_code == 200

        assert InboundMessage.objects.get().provider_id == "9" * 100

    def test_strange_texts_are_kept_clipped(self):
        for number, text in enumerate(["x" * 2000, "😀", "a\x00b", "", "%00", "ĀĒ"]):
            assert self.post(text=text, id=f"n{number}").status_code == 200
        body = b"from=%2B254712345678&to=22262&id=bad&text=%ff%fe"
        response = self.client.post(INBOUND, body, content_type="application/x-www-form-urlencoded")
        assert response.status_code == 200
        assert InboundMessage.objects.count() == 7

    def test_unknown_words_get_one_help_text_a_day(self):
        for number, text in enumerate(["HELP", "nisaidie", "", "HALT", "PASSWRD"]):
            self.post(text=text, id=f"n{number}")

        assert self.answer() == ["254712345678"]
        assert "send PASSWORD for login details" in memory.outbox[0].text

    def test_machines_and_foreigners_are_never_answered(self):
        for number, sender in enumerate(
            ["", "+15551234567", "SAFARICOM", "22262", "+881612345678"]
        ):
            assert self.post(**{"from": sender, "id": f"n{number}"}).status_code == 200

        assert self.answer() == []
        assert InboundMessage.objects.exclude(outcome="ignored: not a Kenyan mobile").count() == 0

    def test_texts_of_one_number_are_answered_so_often_and_then_kept_in_silence(self):
        for number in range(23):
            self.post(text="STATUS", id=f"n{number}")
        self.post(text="STATUS", id="of-another", **{"from": "+254712345679"})
        services.read_inbox()

        outcomes = list(InboundMessage.objects.order_by("pk").values_list("outcome", flat=True))
        assert outcomes[20:23] == ["silent: too many texts from this number"] * 3
        assert not any("too many" in outcome for outcome in [*outcomes[:20], outcomes[23]])

    def test_texts_that_are_not_answered_anyway_use_nothing_up(self):
        for number in range(30):
            self.post(to="20078", id=f"n{number}")
        self.post()

        assert self.answer() == ["254712345678"]

    def test_another_short_code_is_ignored(self):
        self.post(to="20078", text="PASSWORD")

        assert self.answer() == []

    def test_delivery_report_is_kept(self):
        form = {
            "id": "ATXid_1",
            "status": "Failed",
            "failureReason": "UserInBlackList",
            "networkCode": "63902",
        }
        assert self.client.post(DELIVERY, form).status_code == 200
        assert self.client.post(DELIVERY, {"status": "Success"}).status_code == 200

        receipt = Receipt.objects.get()
        assert (receipt.reason, receipt.network) == ("UserInBlackList", "63902")

    def test_network_of_a_report_is_kept_with_its_text(self):
        text = Message.objects.create(
            to="254712345678", template="t", text="x", status="sent", provider_id="ATXid_2"
        )
        form = {"id": "ATXid_2", "status": "Success", "networkCode": "63903" + "9" * 50}
        self.client.post(DELIVERY, form)

        services.match_receipts()

        text.refresh_from_db()
        assert (text.status, text.network) == ("delivered", "6390399999")


class Doors(TestCase):
    """What both callbacks ask of a caller before they look at what it says."""

    def all(self, method="post", ours=None, **kwargs):
        """What both answer, given as a set since both must answer the same."""
        urls = [INBOUND, DELIVERY] if ours is None else ours
        return {getattr(self.client, method)(url, **kwargs).status_code for url in urls}

    def test_without_the_secret_nothing_is_there_and_the_body_is_not_read(self):
        inbound, delivery = settings.SMS_INBOUND_SECRET, settings.SMS_DELIVERY_SECRET
        ours = [
            "/sms/inbound/guess/",
            "/sms/delivery/guess/",
            f"/sms/inbound/{delivery}/",
            f"/sms/delivery/{inbound}/",
            f"/sms/inbound/guess/?secret={inbound}",
            f"/sms/inbound/{inbound[:-1]}/",
            f"/sms/inbound/{inbound.upper()}/",
            f"/sms/inbound/{inbound},{inbound}/",
            "/sms/inbound/\u0663/",
            INBOUND.rstrip("/"),
        ]
        for url in ours:
            with patch("django.core.handlers.wsgi.LimitedStream.read") as read:
                for method in ("post", "get"):
                    assert getattr(self.client, method)(url).status_code == 404, url
                # as at every address of the portal, whether there is anything at it or not
                assert self.client.put(url).status_code == 405, url
                read.assert_not_called()
        assert not InboundMessage.objects.exists()

    @override_settings(
        SMS_INBOUND_SECRET="a-new-secret, an-old-secret",
        SMS_DELIVERY_SECRET="a-new-secret,an-old-secret",
    )
    def test_while_a_secret_is_changed_the_new_and_the_old_one_are_taken(self):
        both = [
            f"/sms/{what}/{secret}/"
            for what in ("inbound", "delivery")
            for secret in ("a-new-secret", "an-old-secret")
        ]
        assert self.all(ours=both, data=FORM) == {200}
        neither = ["/sms/inbound/a-new-secret, an-old-secret/", "/sms/inbound/an-older-secret/"]
        assert self.all(ours=neither, data=FORM) == {404}

    def test_only_posts_are_taken(self):
        for method in ("get", "head", "put", "delete"):
            assert self.all(method) == {405}

    def test_only_forms_are_taken(self):
        for kind in ("application/json", "text/plain", "application/octet-stream", "nonsense", ""):
            assert self.all(data=b'{"text": "PASSWORD"}', content_type=kind) == {415}
        packed = gzip.compress(urlencode(FORM).encode())
        form = "application/x-www-form-urlencoded"
        assert self.all(data=packed, content_type=form, headers={"content-encoding": "gzip"}) == {
            415
        }

    def test_forms_that_cannot_be_read_are_bad_requests(self):
        form = "application/x-www-form-urlencoded"
        assert self.all(data=b"", content_type=form) == {400}
        assert self.all() == {400}
        assert self.all(data=b"x=1", content_type=f"{form}; charset=utf-16") == {400}
        assert self.all(data=b"nothing of the kind", content_type="multipart/form-data") == {400}
        assert self.all(data=b"&".join([b"a=1"] * 1500), content_type=form) == {400}

    def test_large_body_is_not_read(self):
        with patch("django.core.handlers.wsgi.LimitedStream.read") as read:
            assert self.all(data={"text": "x" * 20_000}) == {413}
            read.assert_not_called()
        text = b"text=" + b"x" * (8 * 1024 - 5)
        form = "application/x-www-form-urlencoded"
        assert self.all(data=text, content_type=form) == {200}
        assert self.all(data=text + b"x", content_type=form) == {413}

    def test_odd_lengths_are_refused(self):
        for length in ("-1", "lots", "1e3"):
            assert self.all(data=FORM, CONTENT_LENGTH=length) == {413}

    def test_no_log_holds_the_secret(self):
        loggers = [logging.getLogger(name) for name in ("django.request", "gunicorn.error")]
        with self.assertLogs() as logs:
            for url in (INBOUND, DELIVERY):
                self.client.get(url)
                self.client.post(url, {"text": "x" * 20_000})
                self.client.post(url, b"{}", content_type="application/json")
                self.client.post(url)
                self.client.post(url.rstrip("/"), FORM)
                self.client.post(f"{url}more/", FORM)
                for logger in loggers:
                    logger.error("Error handling request %s", url)
            with (
                patch("sms.services.receive", side_effect=RuntimeError),
                pytest.raises(RuntimeError),
            ):
                self.client.post(INBOUND, FORM)

        assert len(logs.records) == 2 * 8 + 2
        said = "\n".join([*logs.output, *(str(record.args) for record in logs.records)])
        assert settings.SMS_INBOUND_SECRET not in said
        assert settings.SMS_DELIVERY_SECRET not in said
        assert "/sms/inbound/-/" in said

    def test_line_that_any_logger_writes_is_masked(self):
        record = logging.LogRecord("x", logging.INFO, "", 0, "POST %s", (INBOUND,), None)
        handlers = logging.getLogger().handlers
        [console] = [each for each in handlers if type(each) is logging.StreamHandler]

        assert console.filter(record)
        assert record.getMessage() == "POST /sms/inbound/-/"

    def test_line_that_logging_itself_cannot_put_together_passes(self):
        record = logging.LogRecord("x", logging.INFO, "", 0, "%d", ("x",), None)

        assert WithoutSecrets().filter(record)


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_fifty_of_the_same_at_the_same_moment_have_one_effect(client):
    text = {**FORM, "text": "STATUS"}
    report = {"id": "memory-1", "status": "Success"}
    barrier = threading.Barrier(50)
    answers = []

    def post(number):
        barrier.wait()
        url, form = ((INBOUND, text), (DELIVERY, report))[number % 2]
        answers.append(Client().post(url, form).status_code)
        connection.close()

    posts = [threading.Thread(target=post, args=(number,)) for number in range(50)]
    for each in posts:
        each.start()
    for each in posts:
        each.join()

    assert answers == [200] * 50
    assert InboundMessage.objects.count() == Receipt.objects.count() == 1
    for _ in range(3):
        services.read_inbox()
        services.send_due(Kind.NOTICE)
    assert len(memory.outbox) == 1


@pytest.mark.parametrize(
    "text", ["PASSWORD", "password", "  Password. ", "PASSWORD\u00a0", "PASSWORD 254722000000"]
)
@pytest.mark.django_db
def test_keyword_is_understood_however_it_is_typed_and_acts_on_the_sender_only(text):
    services.receive(provider_id="1", sender="+254712345678", shortcode="22262", text=text)
    services.read_inbox()

    assert list(Message.objects.values_list("to", "template")) == [
        ("254712345678", "accounts/unknown_number")
    ]
