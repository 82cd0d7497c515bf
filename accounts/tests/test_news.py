"""What one is texted: in which language, and which of it may be turned off."""

from django.test import TestCase
from django.urls import reverse
from django_webtest import WebTest

import sms.services
from accounts import services
from accounts.models import Entry, User
from accounts.news import News
from accounts.tests.test_password import send_texts, texted_password
from cp2.tests import make
from sms.backends import memory
from sms.models import InboundMessage, Kind, Message

URL = reverse("accounts:texts")
ALL_OFF = sorted(News.values)


class Choosing(WebTest):
    def setUp(self):
        self.user = make.officer().user

    def form(self):
        page = self.app.get(URL, user=self.user)
        return next(form for form in page.forms.values() if "wanted" in form.fields)

    def ticked(self):
        return [box._value for box in self.form().fields["wanted"] if box.checked]

    def test_all_news_is_on_until_somebody_turns_it_off(self):
        assert self.ticked() == News.values

    def test_what_is_not_ticked_is_turned_off_and_comes_back_when_it_is(self):
        form = self.form()
        form["wanted"] = [News.VACANCIES]
        page = form.submit().follow()

        assert "Your choice is saved." in page.text
        self.user.refresh_from_db()
        assert self.user.news_off == [News.ANNOUNCEMENTS, News.REMINDERS]
        assert self.ticked() == [News.VACANCIES]

        form = self.form()
        form["wanted"] = News.values
        form.submit()
        self.user.refresh_from_db()
        assert self.user.news_off == []
        noted = Entry.objects.about(self.user).filter(verb="news.chosen").order_by("pk")
        assert [entry.details["off"] for entry in noted] == [["announcements", "reminders"], []]

    def test_saving_what_was_so_before_writes_nothing(self):
        self.form().submit()

        assert not Entry.objects.exists()

    def test_a_kind_that_is_not_on_offer_is_refused_and_nothing_changes(self):
        form = self.form()
        form.fields["wanted"][0].force_value("passwords")
        page = form.submit()

        assert "There is a problem" in page.text
        self.user.refresh_from_db()
        assert self.user.news_off == []

    def test_the_page_says_what_always_comes_and_why(self):
        text = self.app.get(URL, user=self.user).html.find("main").text

        for what in ("Passwords and codes", "deployments", "whom we pay", "payments"):
            assert what in text
        assert "text STOP to 22262" in text

    def test_the_account_leads_to_it(self):
        assert URL in self.app.get(reverse("accounts:account"), user=self.user)


class OfNobody(TestCase):
    def test_whoever_has_no_number_has_no_such_page_and_no_link_to_it(self):
        make.sign_in(self.client, make.user())

        assert self.client.get(URL).status_code == 404
        assert URL not in self.client.get(reverse("accounts:account")).text


class Language(WebTest):
    def test_the_language_chosen_on_the_account_is_that_of_pages_and_texts(self):
        user = make.officer().user
        page = self.app.get(reverse("accounts:account"), user=user)
        form = next(f for f in page.forms.values() if f.id == "language")
        assert form["language"].value == "en"

        form["language"] = "sw"
        page = form.submit().follow()

        user.refresh_from_db()
        assert user.language == "sw"
        assert page.request.path == reverse("accounts:account")
        assert page.html.html["lang"] == "sw"
        told = services.tell(user, "accounts/password_chosen")
        assert told.text == sms.services.render("accounts/password_chosen", language="sw")


class Telling(TestCase):
    def test_news_that_is_off_is_not_written_and_everything_else_is(self):
        user = make.officer().user
        services.choose_news(user, [News.REMINDERS])
        user.refresh_from_db()

        assert services.tell(user, "accounts/started", news=News.VACANCIES) is None
        assert services.tell(user, "accounts/started", news=News.REMINDERS) is not None
        assert services.tell(user, "accounts/started", bulk=True) is not None
        assert [text.kind for text in Message.objects.order_by("pk")] == [Kind.NOTICE, Kind.BULK]

    def test_those_who_want_news_are_found_in_one_question(self):
        wants, stopped, closed = (make.officer().user for _ in range(3))
        services.choose_news(stopped, [])
        User.objects.filter(pk=closed.pk).update(is_active=False)
        make.user()  # without a number

        assert list(User.objects.filter(services.wanting(News.VACANCIES))) == [wants]


class Texting(TestCase):
    def setUp(self):
        self.user = make.officer().user

    def text(self, words, sender=""):
        sms.services.receive(
            provider_id=f"in-{make.number()}",
            sender=f"+{sender or self.user.phone}",
            shortcode="22262",
            text=words,
        )
        send_texts()
        self.user.refresh_from_db()
        return InboundMessage.objects.latest("pk").outcome

    def test_stop_turns_all_news_off_and_says_what_stays_on(self):
        assert self.text(" stop.") == "answered: accounts/stopped"

        assert self.user.news_off == ALL_OFF
        answer = memory.outbox[-1]
        assert answer.to == self.user.phone
        for what in ("Passwords", "deployments", "changes of payee", "payments", "START"):
            assert what in answer.text
        entry = Entry.objects.get(verb="news.chosen")
        assert (entry.actor, entry.details["road"]) == (self.user, "text")

    def test_start_turns_all_news_on_again(self):
        self.text("STOP")

        assert self.text("Start") == "answered: accounts/started"
        assert self.user.news_off == []

    def test_stop_and_start_are_answered_whenever_they_change_something(self):
        for words in ("STOP", "START", "STOP"):
            self.text(words)

        assert len(memory.outbox) == 3

    def test_stop_again_is_answered_once_a_day_so_that_no_machine_talks_on(self):
        said = [self.text("STOP") for _ in range(3)]

        assert said[2] == "silent: answered today already"
        assert len(memory.outbox) == 2

    def test_the_answer_comes_in_ones_own_language(self):
        services.choose_language(self.user, "sw")

        self.text("STOP")

        assert memory.outbox[-1].text == sms.services.render("accounts/stopped", language="sw")

    def test_a_password_still_comes_after_stop(self):
        self.text("STOP")

        assert self.text("PASSWORD") == "password promised"
        assert self.user.phone in memory.outbox[-1].to
        assert texted_password()

    def test_a_number_of_no_account_is_told_so_once_a_day(self):
        said = [self.text("STOP", sender=make.phone()) for _ in range(1)]

        assert said == ["answered: accounts/unknown_number"]
        assert not Entry.objects.filter(verb="news.chosen").exists()
