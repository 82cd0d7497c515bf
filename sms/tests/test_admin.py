"""The lists of texts at headquarters: any number is found however it is written, and quickly."""

from datetime import timedelta
from unittest.mock import patch

from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cp2.lists import CappedPaginator
from cp2.tests import make
from sms.models import InboundMessage, Message, Receipt

TEXTS = "admin:sms_message_changelist"
TO = "254712345678"
SPELLINGS = [TO, f"+{TO}", "0712345678", "0712 345 678", "712345678", "+254 (0)712-345-678"]


class Lists(TestCase):
    def setUp(self):
        make.sign_in(self.client, make.user(is_superuser=True))
        for number in (TO, "254712999999", "254112345678"):
            Message.objects.create(to=number, template="t", text="x", provider_id=f"at-{number}")
            Receipt.objects.create(provider_id=f"at-{number}", status="Success")
            InboundMessage.objects.create(
                provider_id=f"in-{number}", sender=f"+{number}", shortcode="22262", text="HELP"
            )

    def found(self, model, query):
        page = self.client.get(reverse(f"admin:sms_{model}_changelist"), {"q": query})
        return list(page.context["cl"].result_list)

    def test_a_number_is_found_in_any_spelling(self):
        for typed in SPELLINGS:
            assert [text.to for text in self.found("message", typed)] == [TO], typed
            assert [text.sender for text in self.found("inboundmessage", typed)] == [f"+{TO}"]
            assert [text.provider_id for text in self.found("receipt", typed)] == [f"at-{TO}"]

    def test_numbers_are_found_by_how_they_begin(self):
        for typed in ("0712", "254712", "+254 712", "712"):
            for model in ("message", "inboundmessage", "receipt"):
                assert len(self.found(model, typed)) == 2, (typed, model)
        assert len(self.found("message", "011")) == 1
        assert self.found("message", "0799") == []

    def test_a_gateways_id_is_found_whole(self):
        for model in ("message", "receipt"):
            assert len(self.found(model, f"at-{TO}")) == 1
            assert self.found(model, "at-") == []

    def test_what_became_of_it_stands_in_words(self):
        Message.objects.filter(to=TO).update(status="failed", failure="UserInBlacklist (406)")
        InboundMessage.objects.update(read_at=timezone.now(), outcome="password promised")
        Receipt.objects.update(network="63902")

        def page(model):
            return self.client.get(reverse(f"admin:sms_{model}_changelist")).content.decode()

        assert "Not delivered: the line blocks texts from companies" in page("message")
        assert "A new password was promised." in page("inboundmessage")
        assert "Safaricom" in page("receipt")

    def test_password_that_somebody_texts_us_is_nobodys_to_read(self):
        inbound = InboundMessage.objects.create(
            provider_id="1", sender=f"+{TO}", shortcode="22262", text="password my-own-Pass-9"
        )
        for url in (
            reverse("admin:sms_inboundmessage_changelist"),
            reverse("admin:sms_inboundmessage_change", args=[inbound.pk]),
        ):
            page = self.client.get(url).content.decode()
            assert "my-own" not in page
            assert "password …" in page

    def test_days_narrow_the_list(self):
        for days in (1, 3, 10, 40):
            text = Message.objects.create(to=TO, template="t", text="x")
            Message.objects.filter(pk=text.pk).update(
                created_at=timezone.now() - timedelta(days=days)
            )
        counts = {}
        for day in ("today", "yesterday", "week", "month", "nonsense"):
            page = self.client.get(reverse(TEXTS), {"day": day})
            counts[day] = page.context["cl"].result_count
        assert counts == {"today": 3, "yesterday": 1, "week": 5, "month": 6, "nonsense": 7}

    def test_no_list_takes_more_queries_for_more_texts(self):
        for model in ("message", "inboundmessage", "receipt"):
            url = reverse(f"admin:sms_{model}_changelist")
            with CaptureQueriesContext(connection) as few:
                self.client.get(url)
            self.more()
            with CaptureQueriesContext(connection) as many:
                self.client.get(url)
            assert len(many) == len(few), model

    def more(self):
        for _ in range(30):
            n = make.number()
            Message.objects.create(to=TO, template="t", text="x", provider_id=f"m{n}")
            Receipt.objects.create(provider_id=f"m{n}", status="Success")
            InboundMessage.objects.create(provider_id=f"m{n}", sender=f"+{TO}", shortcode="22262")

    def test_nothing_is_counted_further_than_anybody_leafs(self):
        with patch.object(CappedPaginator, "most", 2), CaptureQueriesContext(connection) as queries:
            assert CappedPaginator(Message.objects.all(), 50).count == 2
        assert "LIMIT 2" in queries[0]["sql"]
        page = self.client.get(reverse(TEXTS))
        assert page.context["cl"].paginator.__class__ is CappedPaginator

    def test_to_show_a_list_asks_no_table_which_filters_there_are(self):
        for model in ("message", "receipt"):
            with CaptureQueriesContext(connection) as queries:
                self.client.get(reverse(f"admin:sms_{model}_changelist"), {"_facets": "True"})
            assert not [query for query in queries if "DISTINCT" in query["sql"]]
            counts = [query["sql"] for query in queries if "COUNT(" in query["sql"]]
            assert counts
            assert all("LIMIT 10000" in sql for sql in counts), counts
