"""What whoever answers is given: ready answers, what CP2 knows, notes, and who has taken it."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest

from accounts.models import Entry
from catalogue.models import Office
from cp2.rules import Refused
from cp2.tests import make
from enquiries import services
from enquiries.desk import trail
from enquiries.models import CannedAnswer, Enquiry, EnquiryStatus, Note, Reply, Topic
from enquiries.services.asking import promised_day
from enquiries.tests.test_ask import ask
from sms.models import Message


def ready(title="Soon", **fields):
    words = {"text_en": "It comes in March.", "text_sw": "Inakuja mwezi wa Machi."}
    return CannedAnswer.objects.create(title=title, **{**words, **fields})


def of_group(group, **fields):
    user = make.user(**fields)
    user.groups.add(Group.objects.get(name=group))
    return user


class ReadyAnswers(WebTest):
    def setUp(self):
        self.place = make.sub_county()
        self.officer = make.officer(sub_county=self.place)
        self.enquiry = ask(self.officer)
        self.answers = [ready("Any"), ready("Money", category="payment"), ready("Off", active=0)]

    def forms(self):
        """The office's answer, and headquarters'."""
        area = reverse("enquiries:area_enquiry", args=[self.enquiry.pk])
        admin = reverse("admin:enquiries_enquiry_change", args=[self.enquiry.pk])
        for user, url in (
            (make.director(self.place, Office.SCDE), area),
            (of_group("Helpdesk"), admin),
        ):
            client = make.sign_in(self.client, user)
            self.app.set_cookie("session", client.cookies["session"].value)
            page = self.app.get(url)
            forms = {form for form in page.forms.values() if "canned" in form.fields}
            yield next(iter(forms)), page

    def use(self, form):
        button = form.html.find("button", formaction=True)
        return self.app.post(button["formaction"], params=dict(form.submit_fields()))

    def test_those_that_fit_come_first_and_none_that_is_switched_off(self):
        for form, _page in self.forms():
            titles = [text for _value, _chosen, text in form["canned"].options]
            assert titles == ["None", "Money", "Any"]

    def test_it_is_put_in_the_box_in_the_officers_language_and_not_sent(self):
        self.officer.user.language = "sw"
        self.officer.user.save()
        for form, _page in self.forms():
            form["canned"] = self.answers[0].pk
            form["text"] = "Dear colleague"
            page = self.use(form)
            box = next(f for f in page.forms.values() if "canned" in f.fields)["text"].value
            assert box.strip().split("\n\n") == ["Dear colleague", "Inakuja mwezi wa Machi."]
        assert not Reply.objects.exists()
        assert not Message.objects.exists()

    def test_without_a_choice_it_says_so_and_keeps_what_was_typed(self):
        for form, _page in self.forms():
            form["text"] = "Kept words"
            page = self.use(form)
            assert "Choose a ready answer first" in page.text
            assert "Kept words" in page.text

    def test_what_was_said_meanwhile_is_shown_before_an_answer_is_sent(self):
        for form, _page in self.forms():
            services.reply(self.enquiry, by=self.officer.user, text="And here is more")
            said = Reply.objects.count()
            form["text"] = "Kept words"
            page = form.submit()
            assert "Somebody wrote while you did" in page.text
            assert "And here is more" in page.text
            assert Reply.objects.count() == said
            again = next(f for f in page.forms.values() if "canned" in f.fields)
            assert again["text"].value.strip() == "Kept words"
            assert again.submit().status_code == 302
            assert Reply.objects.count() == said + 1


class Beside(TestCase):
    def setUp(self):
        self.place = make.sub_county()
        self.exam = make.exam()
        self.officer = make.officer(sub_county=self.place)
        self.here = self.serve(make.station(sub_county=self.place), 1)
        self.claim = make.claim(deployment=self.here)
        self.earlier = ask(self.officer, subject="An earlier one")
        self.enquiry = ask(self.officer, exam=self.exam)

    def serve(self, station, slot):
        post = make.post(exam=self.exam, station=station)
        made = make.deployment(post=post, officer=self.officer, slot=slot)
        make.mark(made)
        return made

    def scde(self):
        make.sign_in(self.client, make.director(self.place, Office.SCDE))
        return self.client.get(reverse("enquiries:area_enquiry", args=[self.enquiry.pk]))

    def hq(self, group="Helpdesk"):
        make.sign_in(self.client, of_group(group))
        return self.client.get(reverse("admin:enquiries_enquiry_change", args=[self.enquiry.pk]))

    def test_the_office_sees_what_is_its_own(self):
        page = self.scde()
        self.assertContains(page, reverse("claims:area_claim", args=[self.claim.pk]))
        self.assertContains(page, self.here.post.station.name)
        self.assertContains(page, "Marked present on 1 days, absent on 0.")
        self.assertContains(page, "An earlier one")

    def test_and_not_what_is_anothers(self):
        Enquiry.objects.filter(pk=self.enquiry.pk).update(sub_county=make.sub_county())
        self.enquiry.refresh_from_db()
        self.place = self.enquiry.sub_county
        page = self.scde()
        self.assertContains(page, "None in your sub-county.", count=2)
        self.assertNotContains(page, self.here.post.station.name)
        self.assertNotContains(page, "An earlier one")

    def test_texts_reach_a_phone_but_what_they_say_is_for_headquarters(self):
        Message.objects.create(to=self.officer.phone, template="accounts/x", text="Secret words")
        page = self.scde()
        self.assertContains(page, "Do texts reach this phone?")
        self.assertNotContains(page, "Secret words")
        self.assertContains(self.hq(), "Secret words")

    def test_headquarters_is_led_to_its_own_pages_as_far_as_it_may(self):
        claim = reverse("admin:claims_claim_change", args=[self.claim.pk])
        served = reverse("admin:deployments_deployment_change", args=[self.here.pk])
        page = self.hq()
        self.assertContains(page, claim)
        self.assertContains(page, served)
        page = self.hq("Deployment")  # which has no part in money
        self.assertNotContains(page, claim)
        self.assertContains(page, served)

    def test_the_trail_says_who_did_what(self):
        helper = of_group("Helpdesk", name="Nekesa of the helpdesk")
        services.take(self.enquiry, by=helper)
        page = self.hq()
        self.assertContains(page, "The officer, asked")
        self.assertContains(page, "Nekesa of the helpdesk, took it")

    def test_of_a_long_trail_the_end_is_shown(self):
        helper = of_group("Helpdesk")
        for each in range(31):
            services.note(self.enquiry, by=helper, text=f"Note {each}")
        services.take(self.enquiry, by=helper)
        shown = trail(self.enquiry)
        assert len(shown) == 30
        assert [step.what for step in shown[-2:]] == ["left a note", "took it"]

    def test_the_number_to_be_paid_is_hinted_at(self):
        Enquiry.objects.update(payee_phone="254712345678")
        self.assertNotContains(self.hq(), "345 678")
        self.assertNotContains(self.hq(), "345678")


class Notes(TestCase):
    def setUp(self):
        self.enquiry = ask()
        self.scde = make.director(self.enquiry.sub_county, Office.SCDE)

    def test_staff_read_them_and_the_officer_does_not(self):
        make.sign_in(self.client, self.scde)
        url = reverse("enquiries:note", args=[self.enquiry.pk])
        self.assertContains(
            self.client.post(url, {"note": "The head confirms"}, follow=True), "head"
        )
        make.sign_in(self.client, of_group("Helpdesk"))
        url = reverse("admin:enquiries_enquiry_note", args=[self.enquiry.pk])
        page = self.client.post(url, {"note": "I ask the TSC"}, follow=True)
        self.assertContains(page, "The head confirms")
        self.assertContains(page, "I ask the TSC")
        self.client.force_login(self.enquiry.officer.user)
        page = self.client.get(reverse("enquiries:enquiry", args=[self.enquiry.pk]))
        self.assertNotContains(page, "The head confirms")
        data = self.client.post(reverse("own_data_file", args=["json"]))
        assert b"The head confirms" not in b"".join(data)
        assert Entry.objects.filter(verb="enquiry.noted").count() == 2

    def test_who_is_kept_out_and_what_is_refused(self):
        url = reverse("enquiries:note", args=[self.enquiry.pk])
        for user in (
            make.director(self.enquiry.sub_county),
            make.director(make.sub_county(), Office.SCDE),
            self.enquiry.officer.user,
        ):
            make.sign_in(self.client, user)
            assert self.client.post(url, {"note": "x"}).status_code == 404
        make.sign_in(self.client, self.scde)
        for typed in ("", " \n", "x" * 1001, "a\0b"):
            assert self.client.post(url, {"note": typed}).context["note"].errors
        services.escalate(self.enquiry, by=self.scde, reason="x")
        with pytest.raises(Refused, match="with headquarters now"):
            services.note(self.enquiry, by=self.scde, text="x")
        assert not Note.objects.exists()


class Taking(TestCase):
    def setUp(self):
        self.enquiry = ask()
        self.one, self.other = (of_group("Helpdesk", name=name) for name in ("Nekesa", "Otieno"))

    def post(self, user, name, **fields):
        make.sign_in(self.client, user)
        url = reverse(f"admin:enquiries_enquiry_{name}", args=[self.enquiry.pk])
        page = self.client.post(url, fields, follow=True)
        self.enquiry.refresh_from_db()
        return page

    def test_nobody_else_answers_it_until_it_is_given_back(self):
        self.post(self.one, "take")
        assert self.enquiry.taken_by == self.one
        page = self.post(self.other, "answer", text="Kept words")
        self.assertContains(page, "Nekesa at headquarters has taken this enquiry")
        self.assertContains(page, "Kept words")
        self.assertContains(self.post(self.other, "take"), "Nekesa at headquarters has taken")
        self.assertContains(self.post(self.other, "close"), "Nekesa at headquarters has taken")
        assert self.enquiry.status == EnquiryStatus.OPEN
        self.assertContains(self.post(self.other, "give_back"), "only they give it back")
        scde = make.director(self.enquiry.sub_county, Office.SCDE)
        with pytest.raises(Refused, match="has taken"):
            services.answer(self.enquiry, by=scde, text="x")
        assert not Reply.objects.exists()

        self.post(self.one, "give_back")
        assert self.enquiry.taken_by is None
        self.post(self.other, "answer", text="Paid on Monday")
        assert self.enquiry.status == EnquiryStatus.ANSWERED

    def test_it_is_free_again_once_it_is_answered_and_after_a_day(self):
        self.post(self.one, "take")
        self.post(self.one, "answer", text="Paid on Monday")
        assert self.enquiry.taken_by is None
        self.assertContains(self.post(self.one, "take"), "does not wait for an answer")
        services.reply(self.enquiry, by=self.enquiry.officer.user, text="When?")
        self.post(self.one, "take")
        Enquiry.objects.update(taken_at=timezone.now() - timedelta(hours=25))
        self.post(self.other, "take")
        assert self.enquiry.taken_by == self.other

    def test_offices_take_nothing(self):
        with pytest.raises(Refused, match="Only headquarters"):
            services.take(self.enquiry, by=make.director(self.enquiry.sub_county, Office.SCDE))

    def test_closing_tells_the_officer(self):
        self.post(self.one, "close")
        assert self.enquiry.status == EnquiryStatus.CLOSED
        assert self.enquiry.closed_at
        text = Message.objects.get()
        assert text.template == "enquiries/closed"
        assert 'your enquiry "Not paid for KCSE" is closed' in text.text


class Writing(TestCase):
    def test_the_helpdesk_writes_topics_promises_and_ready_answers(self):
        make.sign_in(self.client, of_group("Helpdesk"))
        url = reverse("admin:enquiries_topic_add")
        good = {"category": "payment", "name_en": "Late", "name_sw": "Kuchelewa", "order": "5"}
        page = self.client.post(url, {**good, "promised_days": "0"})
        self.assertContains(page, "from 1 to 90")
        self.client.post(url, {**good, "promised_days": "3", "active": "on"})
        topic = Topic.objects.get(name_en="Late")
        assert topic.promised_days == 3
        url = reverse("admin:enquiries_enquirypromise_add")
        assert "from 1 to 90" in self.client.post(url, {"category": "other", "days": "91"}).text
        self.client.post(url, {"category": "other", "days": "4"})
        assert promised_day("other", None) == make.today() + timedelta(days=4)
        url = reverse("admin:enquiries_cannedanswer_add")
        self.client.post(
            url,
            {"title": "T", "text_en": "E", "text_sw": "K", "topic": topic.pk, "active": "on"},
        )
        assert CannedAnswer.objects.get().topic == topic
        for name, row in (("topic", topic), ("cannedanswer", CannedAnswer.objects.get())):
            delete = reverse(f"admin:enquiries_{name}_delete", args=[row.pk])
            assert self.client.post(delete, {"post": "yes"}).status_code == 404
