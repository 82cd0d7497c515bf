"""The database itself refuses, whatever the code above it does."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import TestCase
from django.utils import timezone

from sms.models import Gateway, InboundMessage, Kind, Message, MessageStatus, Receipt

GOOD = {"to": "254712345678", "template": "t", "text": "x"}


class Texts(TestCase):
    def refuses(self, name, **fields):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Message.objects.create(**{**GOOD, **fields})

    def test_unknown_status(self):
        self.refuses("text_status", status="lost")

    def test_unknown_kind(self):
        self.refuses("text_kind", kind="parcel")

    def test_foreign_number(self):
        self.refuses("text_goes_to_a_kenyan_mobile", to="447911123456")

    def test_a_password_in_a_row(self):
        self.refuses("no_password_rests_in_a_text", kind=Kind.CREDENTIALS)

    def test_an_empty_notice(self):
        self.refuses("no_password_rests_in_a_text", text="")

    def test_sending_without_a_lease_and_a_lease_without_sending(self):
        self.refuses("text_is_leased_while_sending", status=MessageStatus.SENDING)
        self.refuses("text_is_leased_while_sending", lease_until=timezone.now())

    def test_two_texts_of_one_key_or_one_id(self):
        Message.objects.create(**GOOD, dedupe_key="k", provider_id="p")
        self.refuses("dedupe_key", dedupe_key="k")
        self.refuses("provider_id", provider_id="p")

    def test_inbound_text_that_was_sent_after_it_came(self):
        later = timezone.now() + timedelta(minutes=1)
        with pytest.raises(IntegrityError, match="inbound_is_sent_before_it_comes"):
            InboundMessage.objects.create(
                provider_id="1", sender="s", shortcode="22262", sent_at=later
            )

    def test_inbound_text_twice_and_read_without_an_outcome(self):
        InboundMessage.objects.create(provider_id="1", sender="s", shortcode="22262")
        with pytest.raises(IntegrityError, match="provider_id"), transaction.atomic():
            InboundMessage.objects.create(provider_id="1", sender="s", shortcode="22262")
        unread = "inbound_is_read_with_an_outcome"
        with pytest.raises(IntegrityError, match=unread), transaction.atomic():
            InboundMessage.objects.update(read_at=timezone.now())

    def test_second_gateway_one_of_unknown_status_and_one_that_stands_still_without_a_reason(self):
        for name, fields in (
            ("there_is_one_gateway", {"pk": 2}),
            ("gateway_status", {"status": "odd", "reason": "x"}),
            ("gateway_says_why_it_is_not_working", {"status": "held"}),
        ):
            with pytest.raises(IntegrityError, match=name), transaction.atomic():
                Gateway.objects.create(**fields)

    def test_receipt_that_is_matched_and_given_up(self):
        both = {"matched_at": timezone.now(), "unmatched_at": timezone.now()}
        with (
            pytest.raises(IntegrityError, match="receipt_is_matched_or_given_up"),
            transaction.atomic(),
        ):
            Receipt.objects.create(provider_id="1", status="Success", **both)

    def test_receipt_twice(self):
        Receipt.objects.create(provider_id="1", status="Success")
        twice = "one_receipt_of_a_kind_per_text"
        with pytest.raises(IntegrityError, match=twice), transaction.atomic():
            Receipt.objects.create(provider_id="1", status="Success")
