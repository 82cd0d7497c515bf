"""An officer asks, in the fields of KNEC's query form; it goes to whoever must answer."""

import pytest
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_webtest import WebTest

from accounts.models import Entry
from catalogue.models import Office
from cp2.rules import Refused
from cp2.tests import make
from enquiries import services
from enquiries.models import Category, Enquiry, EnquiryStatus
from enquiries.services.rules import MOST_REPLIES
from sms.models import Message

LIST, NEW = reverse("enquiries:list"), reverse("enquiries:new")


def ask(officer=None, **fields):
    officer = officer or make.officer()
    given = {
        "category": Category.PAYMENT,
        "sub_county": officer.sub_county,
        "subject": "Not paid for KCSE",
        "text": "I worked for sixteen days.",
    }
    return services.ask(officer, by=officer.user, **{**given, **fields})


class Asking(WebTest):
    def setUp(self):
        self.officer = make.officer(payee_phone="254712345678")
        self.exam = make.exam()
        self.position = make.position("SUP")
        self.station = make.station()
        self.app.set_user(self.officer.user)

    def form(self, **fields):
        form = self.app.get(NEW).forms[1]
        given = {
            "category": "payment",
            "subject": "Not paid for KCSE",
            "text": "I worked for sixteen days.",
        }
        for name, value in {**given, **fields}.items():
            form[name] = value
        return form

    def test_the_whole_query_form(self):
        page = self.form(
            exam=self.exam.pk,
            centre_code=f" {self.station.code[:4]} {self.station.code[4:]}",
            position=self.position.pk,
            payee_phone="0799 000 111",
        ).submit()

        enquiry = Enquiry.objects.get()
        assert page.location == reverse("enquiries:enquiry", args=[enquiry.pk])
        assert enquiry.officer == self.officer
        assert enquiry.sub_county == self.officer.sub_county
        assert (enquiry.exam, enquiry.centre_code) == (self.exam, self.station.code)
        assert (enquiry.position, enquiry.payee_phone) == ("Supervisor", "254799000111")
        assert (enquiry.status, enquiry.category) == ("open", "payment")
        entry = Entry.objects.get()
        assert (entry.verb, entry.actor) == ("enquiry.opened", self.officer.user)
        assert not Message.objects.exists()

    def test_the_least_and_the_number_on_file(self):
        assert self.form().submit().status_code == 302
        assert Enquiry.objects.get().payee_phone == "254712345678"

    def test_comes_prepared_from_a_claim(self):
        form = self.app.get(NEW, {"category": "payment", "exam": self.exam.pk}).forms[1]
        assert form["category"].value == "payment"
        assert form["exam"].value == str(self.exam.pk)
        for rubbish in ("x", "9" * 40, "\u0661"):
            assert self.app.get(NEW, {"category": rubbish, "exam": rubbish}).status_code == 200

    def test_what_is_wrong_is_said_and_nothing_typed_is_lost(self):
        for fields, words in (
            ({"category": ""}, "Choose what it is about"),
            ({"subject": " "}, "Enter a subject"),
            ({"subject": "x" * 121}, "at most 120 characters"),
            ({"subject": "a\u202eb"}, "hidden characters"),
            ({"text": "\n \n"}, "Enter your question"),
            ({"text": "x" * 2001}, "at most 2000 characters"),
            ({"centre_code": "99999999"}, "no centre with this code"),
            ({"centre_code": "=1+1"}, "no centre with this code"),
            ({"payee_phone": "12345"}, "too short"),
            ({"payee_phone": "٠٧١٢٣٤٥٦٧٨"}, "digits 0 to 9"),
        ):
            with self.subTest(fields):
                page = self.form(**{"text": "Kept words", **fields}).submit()
                assert page.status_code == 200
                assert words in page.text
                assert "<title>Error: " in page.text
                assert "Kept words" in page.text or "text" in fields
        assert not Enquiry.objects.exists()

    def test_posted_past_the_page(self):
        self.client.force_login(self.officer.user)
        good = {"category": "payment", "subject": "x", "text": "y"}
        for fields in (
            {"exam": "9" * 30},
            {"exam": "x"},
            {"position": "\0"},
            {"category": "x"},
            {"subject": "a\0b"},
            {"text": "a\0b"},
            {"centre_code": "a\0b"},
            {"payee_phone": "\0"},
        ):
            with self.subTest(fields):
                page = self.client.post(NEW, {**good, **fields})
                assert page.status_code == 200
                assert page.context["form"].errors
        assert not Enquiry.objects.exists()

    def test_too_many_without_an_answer(self):
        for _ in range(services.MOST_WAITING):
            ask(self.officer)
        page = self.form(text="Kept words").submit()

        assert "10 enquiries without an answer" in page.text
        assert "Kept words" in page.text
        assert Enquiry.objects.count() == services.MOST_WAITING


class Routing(WebTest):
    """Who has given no workstation is routed by the centre, or asked."""

    def setUp(self):
        self.officer = make.bare_officer()
        self.station = make.station()
        self.app.set_user(self.officer.user)
        self.form = self.app.get(NEW).forms[1]
        self.form["category"] = "profile"
        self.form["subject"], self.form["text"] = "A subject", "A question"

    def test_by_the_centre(self):
        self.form["centre_code"] = self.station.code
        self.form.submit()
        assert Enquiry.objects.get().sub_county == self.station.sub_county

    def test_asked(self):
        assert "Choose your sub-county" in self.form.submit().text
        self.form["sub_county"] = self.station.sub_county_id
        self.form.submit()
        assert Enquiry.objects.get().sub_county == self.station.sub_county

    def test_who_has_one_is_not_asked(self):
        self.app.set_user(make.officer().user)
        assert "sub_county" not in self.app.get(NEW).forms[1].fields


class Reading(TestCase):
    def setUp(self):
        self.enquiry = ask()
        self.officer = self.enquiry.officer
        self.client.force_login(self.officer.user)
        self.url = reverse("enquiries:enquiry", args=[self.enquiry.pk])

    def test_own_ones_with_their_status(self):
        ask()
        page = self.client.get(LIST)
        assert list(page.context["page"]) == [self.enquiry]
        self.assertContains(page, "Open")

    def test_none_yet(self):
        self.client.force_login(make.officer().user)
        self.assertContains(self.client.get(LIST), "No enquiries")

    def test_everything_is_shown_literally(self):
        nasty = "<script>alert(1)</script> {{ 7*7 }} ${7*7} %s\nsecond line 😀"
        enquiry = ask(self.officer, subject=nasty[:60], text=nasty)
        services.reply(enquiry, by=self.officer.user, text=nasty)
        page = self.client.get(reverse("enquiries:enquiry", args=[enquiry.pk]))

        self.assertNotContains(page, "<script>alert")
        safe = "&lt;script&gt;alert(1)&lt;/script&gt; {{ 7*7 }} ${7*7} %s<br>second line 😀"
        self.assertContains(page, safe, count=2)

    def test_who_is_kept_out(self):
        station = make.station(sub_county=self.enquiry.sub_county)
        for user in (
            make.officer().user,
            make.centre(station),
            make.director(self.enquiry.sub_county),
            make.director(self.enquiry.sub_county, Office.SCDE),
        ):
            make.sign_in(self.client, user)
            with self.subTest(user.role):
                assert self.client.get(self.url).status_code == 404
                for verb in ("reply", "close"):
                    assert self.client.post(f"{self.url}{verb}/", {"text": "x"}).status_code == 404
        make.sign_in(self.client, make.centre(make.station()))
        assert self.client.get(LIST).status_code == 404
        assert self.client.get(NEW).status_code == 404
        self.client.logout()
        for path in (LIST, NEW, self.url):
            assert self.client.get(path).status_code == 302
        assert not self.enquiry.replies.exists()

    def test_numbers_that_are_no_enquiry(self):
        for number in ("0", str(10**30), "9" * 5000, "١"):
            for path in (f"/enquiries/{number}/", f"/area/enquiries/{number}/"):
                assert self.client.get(path).status_code == 404
        for page in ("0", "-1", "x", str(10**30)):
            assert self.client.get(LIST, {"page": page}).status_code == 200

    def test_same_queries_for_one_and_for_many(self):
        def count(path):
            with CaptureQueriesContext(connection) as queries:
                self.client.get(path)
            return len(queries)

        services.reply(self.enquiry, by=self.officer.user, text="x")
        one, thread = count(LIST), count(self.url)
        for _ in range(4):
            services.reply(ask(self.officer), by=self.officer.user, text="x")
            services.reply(self.enquiry, by=self.officer.user, text="x")
        assert count(LIST) == one <= 5
        assert count(self.url) == thread <= 6
        assert count(NEW) <= 8


class AddingAndClosing(WebTest):
    def setUp(self):
        self.enquiry = ask()
        self.user = self.enquiry.officer.user
        self.app.set_user(self.user)
        self.page = self.app.get(reverse("enquiries:enquiry", args=[self.enquiry.pk]))

    def add(self, text):
        form = self.page.forms[1]
        form["text"] = text
        return form.submit()

    def set(self, status):
        Enquiry.objects.update(status=status)

    def status(self):
        self.enquiry.refresh_from_db()
        return self.enquiry.status

    def test_adds_below(self):
        page = self.add("One thing more").follow()
        assert "One thing more" in page.text
        assert self.enquiry.replies.get().by == self.user
        assert self.status() == EnquiryStatus.OPEN
        assert Entry.objects.first().verb == "enquiry.added_to"

    def test_what_cannot_be_sent_is_not_lost(self):
        for text, words in (("", "Enter what you want to add"), ("x" * 2001, "at most 2000")):
            page = self.add(text)
            assert words in page.text
            assert text[:50] in page.text
        assert not self.enquiry.replies.exists()

    def test_asking_again_opens_it_again(self):
        for status, after in (
            (EnquiryStatus.OPEN, EnquiryStatus.OPEN),
            (EnquiryStatus.ANSWERED, EnquiryStatus.OPEN),
            (EnquiryStatus.ESCALATED, EnquiryStatus.ESCALATED),
        ):
            self.set(status)
            self.add("And now?")
            assert self.status() == after

    def test_closed_is_closed(self):
        self.set(EnquiryStatus.CLOSED)
        page = self.add("And now?")

        assert "This enquiry is closed" in page.text
        assert not self.enquiry.replies.exists()
        assert "<textarea" not in self.app.get(self.page.request.url).text

    def test_closes_their_own(self):
        for status in EnquiryStatus:
            self.set(status)
            written = Entry.objects.count()
            page = self.page.forms[2].submit().follow()
            assert self.status() == EnquiryStatus.CLOSED
            if status == EnquiryStatus.CLOSED:
                assert "cannot be closed" in page.text
                assert Entry.objects.count() == written
            else:
                assert "The enquiry is closed." in page.text

    def test_only_the_one_who_asked(self):
        for by in (make.officer().user, make.director(self.enquiry.sub_county, Office.SCDE)):
            with pytest.raises(Refused, match="Only the officer"):
                services.reply(self.enquiry, by=by, text="x")
            with pytest.raises(Refused, match="Only the officer"):
                services.close(self.enquiry, by=by)

    def test_a_thread_has_an_end(self):
        for _ in range(MOST_REPLIES):
            self.enquiry.replies.create(by=self.user, text="x")
        assert "too long already" in self.add("x").text
