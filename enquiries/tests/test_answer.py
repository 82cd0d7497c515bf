"""The SCDE answers or sends on; headquarters answers what was sent on; the officer is told."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Entry
from catalogue.models import Office
from cp2.rules import Refused
from cp2.tests import make
from enquiries import services
from enquiries.models import Enquiry, EnquiryStatus, Reply
from enquiries.tests.test_ask import ask
from sms.models import Message

LIST = reverse("enquiries:area_enquiries")


class Desk(TestCase):
    def setUp(self):
        self.place = make.sub_county()
        self.officer = make.officer(sub_county=self.place)
        self.enquiry = ask(self.officer)
        self.scde = make.director(self.place, Office.SCDE)
        make.sign_in(self.client, self.scde)

    def url(self, verb=""):
        name = verb or "area_enquiry"
        return reverse(f"enquiries:{name}", args=[self.enquiry.pk])

    def post(self, verb, **fields):
        return self.client.post(self.url(verb), fields, follow=True)

    def set(self, status):
        Enquiry.objects.filter(pk=self.enquiry.pk).update(status=status)

    def status(self):
        self.enquiry.refresh_from_db()
        return self.enquiry.status


class Listing(Desk):
    def listed(self, **query):
        return list(self.client.get(LIST, query).context["page"])

    def test_open_ones_first_the_oldest_on_top(self):
        self.set(EnquiryStatus.ANSWERED)
        second, third = ask(self.officer), ask(make.officer(sub_county=self.place))
        ask()  # elsewhere

        assert self.listed() == [second, third, self.enquiry]
        assert self.listed(status="answered") == [self.enquiry]
        assert self.listed(category="profile") == []
        for query in ({"status": "lost"}, {"category": "\0"}, {"page": "9" * 30}):
            assert self.client.get(LIST, query).status_code == 200

    def test_who_is_kept_out(self):
        for user in (
            make.director(self.place),  # the other office
            make.director(make.sub_county(), Office.SCDE),
            make.centre(make.station(sub_county=self.place)),
            self.officer.user,
        ):
            make.sign_in(self.client, user)
            with self.subTest(user.role, office=user.office):
                assert self.client.get(self.url()).status_code == 404
                for verb in ("answer", "escalate"):
                    page = self.client.post(self.url(verb), {"text": "x", "reason": "x"})
                    assert page.status_code == 404
                if user.office != Office.SCDE:
                    assert self.client.get(LIST).status_code == 404
        assert not Reply.objects.exists()

    def test_same_queries_for_one_and_for_many(self):
        def count(path):
            with CaptureQueriesContext(connection) as queries:
                self.client.get(path)
            return len(queries)

        one = count(LIST)
        for _ in range(4):
            ask(make.officer(sub_county=self.place), exam=make.exam())
        assert count(LIST) == one <= 8
        assert count(self.url()) <= 16


class Answering(Desk):
    def test_answered_and_the_officer_gets_a_text(self):
        page = self.post("answer", text="You are paid in March.\n<b>Sincerely</b>")

        assert page.request["PATH_INFO"] == LIST
        assert self.status() == EnquiryStatus.ANSWERED
        reply = self.enquiry.replies.get()
        assert (reply.by, reply.text) == (self.scde, "You are paid in March.\n<b>Sincerely</b>")
        text = Message.objects.get()
        assert text.to == self.officer.phone
        assert 'your enquiry "Not paid for KCSE" is answered' in text.text
        assert Entry.objects.first().verb == "enquiry.answered"
        assert Entry.objects.first().actor == self.scde

        self.client.force_login(self.officer.user)
        page = self.client.get(reverse("enquiries:enquiry", args=[self.enquiry.pk]))
        self.assertContains(page, "You are paid in March.<br>&lt;b&gt;Sincerely&lt;/b&gt;")
        self.assertContains(page, "Sub-County Director of Education")

    def test_each_status_is_allowed_or_refused(self):
        for status in EnquiryStatus:
            self.set(status)
            Reply.objects.all().delete()
            written = Entry.objects.count(), Message.objects.count()
            page = self.post("answer", text="Kept words")
            with self.subTest(status):
                if status in (EnquiryStatus.OPEN, EnquiryStatus.ANSWERED):
                    assert self.status() == EnquiryStatus.ANSWERED
                    assert Reply.objects.count() == 1
                else:
                    assert self.status() == status
                    assert page.status_code == 200
                    assert page.context["form"].non_field_errors()
                    assert (Entry.objects.count(), Message.objects.count()) == written

    def test_nothing_is_no_answer(self):
        for typed in ("", " \n ", "x" * 2001, "a\0b", "a\u202eb"):
            page = self.post("answer", text=typed)
            assert page.context["form"].errors["text"]
        assert self.status() == EnquiryStatus.OPEN
        assert not Message.objects.exists()

    def test_looking_at_the_address_changes_nothing(self):
        for verb in ("answer", "escalate"):
            assert self.client.get(self.url(verb)).status_code == 405


class Escalating(Desk):
    def test_sent_on_with_a_reason_that_the_officer_reads(self):
        self.post("escalate", reason="The register is with KNEC")

        assert self.status() == EnquiryStatus.ESCALATED
        assert self.enquiry.replies.get().text == "The register is with KNEC"
        assert Entry.objects.first().details == {"reason": "The register is with KNEC"}
        text = Message.objects.get()
        assert (text.to, text.template) == (self.officer.phone, "enquiries/escalated")
        assert "is with KNEC headquarters now" in text.text
        page = self.client.get(self.url())
        self.assertNotContains(page, "<textarea")

    def test_each_status_is_allowed_or_refused(self):
        for status in EnquiryStatus:
            self.set(status)
            written = Entry.objects.count()
            self.post("escalate", reason="x")
            with self.subTest(status):
                if status in (EnquiryStatus.OPEN, EnquiryStatus.ANSWERED):
                    assert self.status() == EnquiryStatus.ESCALATED
                else:
                    assert self.status() == status
                    assert Entry.objects.count() == written

    def test_no_reason_is_refused_in_words(self):
        for typed in ("", "x" * 501, "a\0b"):
            assert self.post("escalate", reason=typed).context["form"].errors["reason"]
        assert self.status() == EnquiryStatus.OPEN

    def test_the_other_office_and_strangers_are_refused(self):
        for by in (make.director(self.place), make.director(make.sub_county(), Office.SCDE)):
            with pytest.raises(Refused, match="Only the Sub-County Director of Education"):
                services.escalate(self.enquiry, by=by, reason="x")
            with pytest.raises(Refused, match="Only the Sub-County Director of Education"):
                services.answer(self.enquiry, by=by, text="x")


class Headquarters(Desk):
    def setUp(self):
        super().setUp()
        self.sign_in("Helpdesk")

    def sign_in(self, group):
        self.user = make.user()
        self.user.groups.add(Group.objects.get(name=group))
        make.sign_in(self.client, self.user)

    def change(self):
        return reverse("admin:enquiries_enquiry_change", args=[self.enquiry.pk])

    def answer(self, text):
        page = self.client.get(self.change())
        assert page.status_code == 200
        data = {"text": text, "status": "closed", "subject": "typed over"}
        data["seen"] = page.context["answer"]["seen"].value()
        url = reverse("admin:enquiries_enquiry_answer", args=[self.enquiry.pk])
        return self.client.post(url, data, follow=True)

    def test_answers_what_was_sent_on(self):
        services.escalate(self.enquiry, by=self.scde, reason="The register is with KNEC")
        self.answer("Paid on Monday")

        assert self.status() == EnquiryStatus.ANSWERED
        reply = self.enquiry.replies.last()
        assert (reply.by, reply.text) == (self.user, "Paid on Monday")
        assert self.enquiry.subject == "Not paid for KCSE"
        told = Message.objects.order_by("pk").values_list("template", flat=True)
        assert list(told) == ["enquiries/escalated", "enquiries/answered"]
        assert Entry.objects.first().actor == self.user

    def test_an_empty_box_sends_nothing(self):
        self.answer("")
        assert self.status() == EnquiryStatus.OPEN
        assert not Message.objects.exists()

    def test_closed_ones_offer_no_box(self):
        self.set(EnquiryStatus.CLOSED)
        self.assertNotContains(self.client.get(self.change()), 'name="text"')

    def test_closes(self):
        url = reverse("admin:enquiries_enquiry_changelist")
        self.assertContains(make.act(self.client, url, "close", self.enquiry), "1 closed.")
        assert self.status() == EnquiryStatus.CLOSED
        self.assertContains(make.act(self.client, url, "close", self.enquiry), "cannot be closed")

    def test_auditor_only_looks(self):
        self.sign_in("Auditor")
        assert self.client.get(self.change()).status_code == 200
        for name in ("answer", "use_answer", "note", "take", "give_back", "close"):
            url = reverse(f"admin:enquiries_enquiry_{name}", args=[self.enquiry.pk])
            assert self.client.post(url, {"text": "x", "note": "x"}).status_code == 404
        assert not Reply.objects.exists()
        make.act(self.client, reverse("admin:enquiries_enquiry_changelist"), "close", self.enquiry)
        assert self.status() == EnquiryStatus.OPEN

    def test_nothing_is_removed_or_typed_over(self):
        services.answer(self.enquiry, by=self.scde, text="x")
        make.sign_in(self.client, make.user(is_superuser=True))
        for name, row in (("enquiry", self.enquiry), ("reply", self.enquiry.replies.get())):
            delete = reverse(f"admin:enquiries_{name}_delete", args=[row.pk])
            assert self.client.post(delete, {"post": "yes"}).status_code == 404
            assert self.client.get(reverse(f"admin:enquiries_{name}_add")).status_code == 404
        change = reverse("admin:enquiries_reply_change", args=[self.enquiry.replies.get().pk])
        assert self.client.post(change, {"text": "other"}).status_code == 404

    def test_lists_take_as_many_queries_for_one_as_for_many(self):
        def count(name):
            with CaptureQueriesContext(connection) as queries:
                page = self.client.get(reverse(f"admin:enquiries_{name}_changelist"))
                assert page.status_code == 200
            return len(queries)

        services.answer(self.enquiry, by=self.scde, text="x")
        self.sign_in("Helpdesk")
        before = {name: count(name) for name in ("enquiry", "reply")}
        for _ in range(3):
            enquiry = ask(make.officer(sub_county=self.place), exam=make.exam())
            services.answer(enquiry, by=self.scde, text="x")
        assert {name: count(name) for name in before} == before
