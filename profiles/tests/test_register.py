"""From a phone number to an account: the first thing anybody does here."""

import threading

import pytest
from django.db import connection
from django.urls import reverse
from django_webtest import WebTest

import sms.services
from accounts.models import Entry, User
from cp2.rules import Refused, Role
from cp2.tests import make
from profiles import services
from profiles.models import Officer, Vetting
from sms.backends import memory
from sms.models import Kind, Message

URL = reverse("profiles:register")


class Registering(WebTest):
    def fill(self, phone, again=None):
        page = self.app.get(URL)
        form = next(form for form in page.forms.values() if "confirm_phone" in form.fields)
        form["phone"] = phone
        form["confirm_phone"] = phone if again is None else again
        return form.submit()

    def test_the_page_of_a_stranger_asks_the_database_nothing(self):
        with self.assertNumQueries(0):
            page = self.app.get(URL)

        assert "Create Account" in page.html.find("main").find("button").text

    def test_a_number_typed_in_two_ways_opens_an_account_and_promises_a_password(self):
        page = self.fill("0712 345 678", "+254 712 345 678").follow()

        officer = Officer.objects.get()
        assert officer.user.username == officer.user.phone == "254712345678"
        assert (officer.user.role, officer.vetting) == (Role.OFFICER, Vetting.PENDING)
        assert officer.submitted_at is None
        assert page.request.path == reverse("accounts:login")
        said = page.html.find(id="messages").text
        assert "0712 345 678" in said
        assert "*456*9*5*5*1#" in said
        assert "PASSWORD to 22262" in said

    def test_user_name_and_password_come_by_text(self):
        self.fill("0112345678")
        sms.services.send_due(Kind.CREDENTIALS)

        (text,) = memory.outbox
        assert text.to == "254112345678"
        assert "user name is 254112345678" in text.text

    def test_the_trail_says_that_the_officer_came_by_themselves(self):
        self.fill("0712345678")

        officer = Officer.objects.get()
        entry = Entry.objects.about(officer).get()
        assert (entry.verb, entry.actor) == ("officer.registered", officer.user)

    def test_a_known_number_is_told_by_the_field_how_to_get_in(self):
        make.officer(phone="254712345678")

        page = self.fill("0712345678")

        error = page.html.find(id="id_phone_error").text
        assert "already registered" in error
        assert "PASSWORD" in error
        assert "22262" in error
        assert page.html.find("input", id="id_phone")["value"] == "0712345678"
        assert User.objects.count() == 1
        assert not Message.objects.exists()

    def test_b_019_two_different_numbers_are_refused_by_the_second(self):
        page = self.fill("0712345678", "0712345679")

        assert "The two numbers differ" in page.html.find(id="id_confirm_phone_error").text
        assert not User.objects.exists()

    def test_a_number_from_abroad_is_refused_in_words_and_costs_no_text(self):
        page = self.fill("+447911123456")

        assert "Kenyan" in page.html.find(id="id_phone_error").text
        assert not User.objects.exists()
        assert not Message.objects.exists()

    def test_an_empty_form_says_what_to_enter(self):
        page = self.fill("")

        assert "Enter your phone number" in page.html.find(id="id_phone_error").text
        assert "Enter the phone number again" in page.html.find(id="id_confirm_phone_error").text

    def test_whoever_is_signed_in_is_home_already(self):
        officer = make.officer()

        assert self.app.get(URL, user=officer.user).location == reverse("home")

    def test_the_language_of_the_page_becomes_that_of_the_texts(self):
        self.app.set_cookie("language", "sw")

        page = self.app.get(URL)
        form = next(form for form in page.forms.values() if "confirm_phone" in form.fields)
        form["phone"] = form["confirm_phone"] = "0712345678"
        form.submit()

        assert Officer.objects.get().user.language == "sw"


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_people_who_register_one_number_at_once_get_one_account_and_one_refusal():
    barrier, outcomes = threading.Barrier(2), []

    def register():
        barrier.wait()
        try:
            services.register("254712345678", language="en")
            outcomes.append("opened")
        except Refused as refusal:
            outcomes.append(str(refusal))
        finally:
            connection.close()

    threads = [threading.Thread(target=register) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcome[:20] for outcome in outcomes) == ["This number is alrea", "opened"]
    assert Officer.objects.count() == User.objects.count() == 1
    assert Message.objects.count() == 1
