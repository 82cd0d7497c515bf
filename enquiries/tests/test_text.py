"""HELP by text: what may be sent, and a question that becomes an enquiry."""

from django.test import TestCase, override_settings
from django.urls import reverse

from cp2.tests import make
from enquiries import services
from enquiries.keywords import subject_of
from enquiries.models import Enquiry, Topic
from sms.models import InboundMessage, Message
from sms.services import read_inbox, receive

NUMBER = iter(range(1, 10_000))


class Help(TestCase):
    def setUp(self):
        self.officer = make.officer()

    def text(self, words, sender=None):
        Message.objects.all().delete()
        receive(
            provider_id=f"q-{next(NUMBER)}",
            sender=f"+{sender or self.officer.phone}",
            shortcode="22262",
            text=words,
        )
        read_inbox()
        return InboundMessage.objects.latest("pk").outcome

    def answer(self):
        return Message.objects.get()

    def test_alone_it_says_what_there_is(self):
        for words in ("HELP", "msaada", "Help me", "HELP me please"):
            Message.objects.all().delete()
            self.text(words)
            assert self.answer().template == "sms/help", words
        assert "HELP and your question" in self.answer().text
        assert not Enquiry.objects.exists()

    def test_a_question_opens_an_enquiry_and_its_number_comes_back(self):
        exam = make.exam(abbreviation="KPSEA")
        outcome = self.text("HELP I was not paid for KPSEA, and the centre code is 12345678")
        enquiry = Enquiry.objects.get()
        assert outcome == f"enquiry {enquiry.pk}"
        assert (enquiry.officer, enquiry.sub_county) == (self.officer, self.officer.sub_county)
        assert (enquiry.way, enquiry.category, enquiry.exam) == ("text", "payment", exam)
        assert enquiry.text == "I was not paid for KPSEA, and the centre code is 12345678"
        assert enquiry.subject == "I was not paid for KPSEA, and the centre code is 12345678"
        text = self.answer()
        assert text.template == "enquiries/noted"
        assert f"your question is enquiry {enquiry.pk}." in text.text
        self.client.force_login(self.officer.user)
        page = self.client.get(reverse("enquiries:enquiry", args=[enquiry.pk]))
        self.assertContains(page, "By text")

    def test_in_kiswahili(self):
        user = self.officer.user
        user.language = "sw"
        user.save()
        self.text("Msaada: sijalipwa pesa zangu za KCSE")
        assert Enquiry.objects.get().category == "payment"

    def test_simple_words_are_data_and_without_one_it_is_something_else(self):
        self.text("HELP where is the toilet of my centre")
        assert Enquiry.objects.get().category == "other"
        Topic.objects.create(
            category="deployment", name_en="Toilets", name_sw="Vyoo", words="toilet choo"
        )
        self.text("HELP where is the toilet of my centre")
        assert Enquiry.objects.first().topic.name_en == "Toilets"

    def test_no_other_word_opens_one(self):
        for words in ("I was not paid for KCSE at all", "PAY me what you owe me now", ""):
            self.text(words)
        assert not Enquiry.objects.exists()

    def test_strangers_and_centres_hear_how_to_text_alone(self):
        stranger, station = make.phone(), make.station()
        self.text("HELP I was not paid for KCSE", sender=stranger)
        assert self.answer().template == "sms/help"
        clerk = make.user(make.Role.CENTRE, station=station, exam=make.exam(), phone=make.phone())
        self.text("HELP I was not paid for KCSE", sender=clerk.phone)
        assert not Enquiry.objects.exists()

    def test_who_has_no_sub_county_is_sent_to_the_page(self):
        bare = make.bare_officer()
        self.text("HELP I was not paid for KCSE", sender=bare.phone)
        assert self.answer().template == "enquiries/no_place"
        assert not Enquiry.objects.exists()

    def test_three_a_day(self):
        for number in range(3):
            self.text(f"HELP I was not paid for exam {number}")
        assert Enquiry.objects.count() == 3
        assert self.text("HELP I was not paid again") == "refused: enquiry.text"
        assert self.answer().template == "enquiries/enough"
        make.time_passes(hours=26)
        self.text("HELP I was not paid again")
        assert Enquiry.objects.count() == 4

    @override_settings(DEBUG=False)
    def test_ten_that_wait_are_enough(self):
        for _each in range(services.MOST_WAITING):
            services.ask(
                self.officer,
                by=self.officer.user,
                category="other",
                sub_county=self.officer.sub_county,
                subject="x",
                text="x",
            )
        self.text("HELP I was not paid for KCSE")
        assert self.answer().template == "enquiries/refused"
        assert Enquiry.objects.count() == services.MOST_WAITING

    def test_what_nobody_can_read_is_left_out(self):
        self.text("HELP \u202eI was\n\nnot   paid \u0007for KCSE 😀")
        assert Enquiry.objects.get().text == "I was not paid for KCSE 😀"
        assert len(subject_of("word " * 100)) <= 60


class Merged(TestCase):
    def test_a_closed_account_asks_nothing(self):
        officer = make.officer()
        user = officer.user
        phone = officer.phone
        user.is_active = False
        user.save()
        receive(
            provider_id="m-1", sender=f"+{phone}", shortcode="22262", text="HELP I was not paid"
        )
        read_inbox()
        assert not Enquiry.objects.exists()
