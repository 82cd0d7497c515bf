"""What the gateway posts to us, and what a phone may send to the short code."""

import pytest
from django.conf import settings
from django.test import TestCase

from sms import services
from sms.backends import memory
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

    def test_wrong_secret_is_not_found_and_nothing_is_kept(self):
        for url in (
            "/sms/inbound/guess/",
            f"/sms/inbound/{settings.SMS_DELIVERY_SECRET}/",
            f"/sms/inbound/guess/?secret={settings.SMS_INBOUND_SECRET}",
            "/sms/delivery/guess/",
        ):
            assert self.post(url).status_code == 404
        assert not InboundMessage.objects.exists()

    def test_only_posts_are_taken(self):
        for method in ("get", "put", "delete"):
            assert getattr(self.client, method)(INBOUND).status_code == 405

    def test_large_body_is_not_read(self):
        assert self.post(text="x" * 20_000).status_code == 404

    def test_strange_texts_are_kept_clipped(self):
        for number, text in enumerate(["x" * 2000, "😀", "a\x00b", "", "%00", "ĀĒ"]):
            assert self.post(text=text, id=f"n{number}").status_code == 200
        body = b"from=%2B254712345678&to=22262&id=bad&text=%ff%fe"
        response = self.client.post(INBOUND, body, content_type="application/x-www-form-urlencoded")
        assert response.status_code == 200
        assert InboundMessage.objects.count() == 7

    def test_unknown_words_get_one_help_text_a_day(self):
        for number, text in enumerate(["HELP", "nisaidie", "", "STOP", "PASSWRD"]):
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
