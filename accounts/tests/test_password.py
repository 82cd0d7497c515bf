"""From a phone number to a password of one's own, and back in when it is forgotten."""

from contextlib import suppress
from datetime import timedelta

import time_machine
from django.contrib.auth import get_user_model
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest

import sms.services
from accounts import services
from accounts.models import Entry, User
from cp2.limits.services import Limited
from cp2.tests import make
from sms.backends import NoAnswer, OutOfService, memory
from sms.models import Gateway, Kind, Message


def send_texts() -> None:
    """What beat and a worker do within a second."""
    sms.services.read_inbox()
    sms.services.send_due(Kind.CREDENTIALS)
    sms.services.send_due(Kind.NOTICE)


def texted_password() -> str:
    words = memory.outbox[-1].text.split()
    return words[words.index("password") + 1].rstrip(".")


class SigningIn(WebTest):
    def setUp(self):
        self.phone = make.phone()
        self.user = services.open_account(self.phone, language="en")
        make.Officer.objects.create(user=self.user)

    def sign_in(self, password, username=None):
        self.app.reset()
        form = self.app.get(reverse("accounts:login")).forms[0]
        form["username"], form["password"] = username or self.phone, password
        return form.submit()

    def choose(self, page, password="chosen-Pass-42"):
        form = next(f for f in page.forms.values() if "new_password1" in f.fields)
        form["new_password1"] = form["new_password2"] = password
        return form.submit()

    def test_texted_password_signs_in_and_leads_to_ones_own(self):
        send_texts()

        page = self.sign_in(texted_password()).follow().follow()

        assert page.request.path == reverse("accounts:change_password")
        assert self.choose(page).location == reverse("home")
        self.user.refresh_from_db()
        assert not self.user.must_choose_password
        assert self.user.check_password("chosen-Pass-42")

    def test_nothing_else_opens_before_an_own_password_is_chosen(self):
        send_texts()
        self.sign_in(texted_password())

        for name in ("home", "vacancies:search", "claims:list"):
            assert self.app.get(reverse(name)).location.startswith(
                reverse("accounts:change_password")
            )

    def test_number_may_be_written_as_people_write_it(self):
        services.choose_password(self.user, "chosen-Pass-42")
        local = f"0{self.phone[3:6]} {self.phone[6:9]} {self.phone[9:]}"

        for typed in (local, f"+{self.phone}", f" {self.phone} "):
            assert self.sign_in("chosen-Pass-42", typed).status_code == 302

    def test_wrong_password_is_refused_in_words_and_the_number_stays(self):
        page = self.sign_in("wrong")

        assert "The number and the password do not go together." in page
        assert page.forms[0]["username"].value == self.phone
        assert page.forms[0]["password"].value == ""
        assert not Entry.objects.filter(verb="session.began").exists()

    def test_unknown_and_disabled_accounts_get_the_same_answer(self):
        services.choose_password(self.user, "chosen-Pass-42")
        User.objects.update(is_active=False)

        for username in (self.phone, "254799999999", "nobody"):
            assert "do not go together" in self.sign_in("chosen-Pass-42", username)

    def test_centre_signs_in_in_capitals_or_not(self):
        station = make.station(code="08219108")
        make.centre(station)

        for typed in ("KCSE08219108", "kcse08219108"):
            assert self.sign_in(make.PASSWORD, typed).status_code == 302

    def test_issued_password_dies_after_a_day(self):
        send_texts()
        password = texted_password()

        with time_machine.travel(timezone.now() + timedelta(hours=24, minutes=1)):
            assert "do not go together" in self.sign_in(password)

    def test_issued_password_dies_after_a_day_even_when_it_was_used(self):
        send_texts()
        password = texted_password()
        self.sign_in(password)

        with time_machine.travel(timezone.now() + timedelta(hours=24, minutes=1)):
            assert "do not go together" in self.sign_in(password)

    def test_weak_passwords_are_refused_with_what_is_wrong(self):
        send_texts()
        page = self.sign_in(texted_password()).follow().follow()

        for password, said in {
            "short1": "at least 8 characters",
            "1234567890123": "entirely numeric",
            "kcse2025xyz": "without the words KNEC, KCSE",
            f"x{self.phone[3:]}": "without your phone number",
            "qwertyuiop": "too common",
        }.items():
            assert said in self.choose(page, password)
        self.user.refresh_from_db()
        assert self.user.must_choose_password

    def test_different_repetition_is_refused(self):
        send_texts()
        page = self.sign_in(texted_password()).follow().follow()
        form = next(f for f in page.forms.values() if "new_password1" in f.fields)
        form["new_password1"], form["new_password2"] = "chosen-Pass-42", "chosen-Pass-43"

        assert "The two passwords differ." in form.submit()

    def test_next_leads_on_within_the_portal_only(self):
        services.choose_password(self.user, "chosen-Pass-42")

        for target, leads_to in {
            "/claims/": "/claims/",
            "//evil.example/": "/home/",
            "https://evil.example/": "/home/",
            "javascript:alert(1)": "/home/",
        }.items():
            form = self.app.get(reverse("accounts:login"), params={"next": target}).forms[0]
            form["username"], form["password"] = self.phone, "chosen-Pass-42"
            form.action = f"{reverse('accounts:login')}?next={target}"
            assert form.submit().location == leads_to
            self.app.reset()

    def test_other_sessions_end_when_a_password_is_chosen(self):
        services.choose_password(self.user, "chosen-Pass-42")
        self.sign_in("chosen-Pass-42")
        services.choose_password(self.user, "another-Pass-43")

        assert self.app.get(reverse("home")).location.startswith(reverse("accounts:login"))

    def test_signing_out_needs_a_post(self):
        services.choose_password(self.user, "chosen-Pass-42")
        self.sign_in("chosen-Pass-42")

        assert self.app.get(reverse("accounts:logout"), status=405)

    def test_personal_pages_are_kept_by_no_cache(self):
        services.choose_password(self.user, "chosen-Pass-42")
        self.sign_in("chosen-Pass-42")

        kept = self.app.get(reverse("home")).headers["Cache-Control"]
        assert {"no-store", "private"} <= {part.strip() for part in kept.split(",")}


class Forgetting(WebTest):
    def setUp(self):
        self.officer = make.officer()
        self.phone = self.officer.phone

    def forget(self, phone):
        page = self.app.get(reverse("accounts:forgot"))
        form = next(f for f in page.forms.values() if "phone" in f.fields)
        form["phone"] = phone
        return form.submit().follow()

    def sign_in(self, password):
        self.app.reset()
        form = self.app.get(reverse("accounts:login")).forms[0]
        form["username"], form["password"] = self.phone, password
        return form.submit()

    def test_old_password_works_until_the_new_one_is_used(self):
        """Used means that its owner came in with it; see test_confirm for those with a name."""
        type(self.officer).objects.update(national_id=None, submitted_at=None, vetting="pending")
        self.forget(self.phone)
        send_texts()
        new = texted_password()

        assert self.sign_in(make.PASSWORD).status_code == 302
        assert self.sign_in(new).status_code == 302
        assert self.sign_in(make.PASSWORD).status_code == 200

    def test_whoever_comes_in_with_the_old_one_hears_that_a_new_one_was_asked_for(self):
        self.forget(self.phone)
        send_texts()

        page = self.sign_in(make.PASSWORD).follow()

        assert "A new password was asked for at" in page
        assert "yours goes on working" in page

    def test_of_two_texts_that_come_late_either_password_works(self):
        for _ in range(2):
            self.forget(self.phone)
            send_texts()
            make.time_passes(minutes=10)
        first, second = (text.text.split("password ")[1][:11] for text in memory.outbox)

        assert first != second
        for password in (first, second):
            assert self.sign_in(password).status_code == 302

    def test_the_earlier_of_two_dies_after_its_own_day(self):
        self.forget(self.phone)
        send_texts()
        first = texted_password()
        make.time_passes(minutes=10)
        with time_machine.travel(timezone.now() + timedelta(hours=23)):
            self.forget(self.phone)
            send_texts()
            second = texted_password()

        with time_machine.travel(timezone.now() + timedelta(hours=25)):
            assert "do not go together" in self.sign_in(first)
            assert self.sign_in(second).status_code == 302

    def test_asking_ends_no_session(self):
        self.sign_in(make.PASSWORD)
        self.forget(self.phone)
        send_texts()

        assert self.app.get(reverse("home")).status_code == 200

    def test_answer_is_the_same_for_unknown_numbers_and_sends_nothing(self):
        known, unknown = self.forget(self.phone), self.forget("254799999998")

        said = "If this number has an account"
        assert said in known
        assert said in unknown
        send_texts()
        assert [text.to for text in memory.outbox] == [self.phone]
        refused = Message.objects.get(to="254799999998")
        assert (refused.status, refused.failure) == ("failed", "no account has this number")

    def test_asking_twice_sends_once_while_the_first_is_on_its_way(self):
        self.forget(self.phone)
        make.time_passes(minutes=2)
        self.forget(self.phone)

        assert Message.objects.count() == 1

    def test_asking_again_within_a_minute_says_to_wait_for_known_and_unknown_alike(self):
        for phone in (self.phone, "254799999998"):
            self.forget(phone)
            form = self.app.get(reverse("accounts:forgot")).forms[0]
            form["phone"] = phone
            page = form.submit(status=429)

            assert "asked for this number a short while ago" in page
            assert page.forms[0]["phone"].value == phone
            assert int(page.headers["Retry-After"]) <= 65
        send_texts()
        assert len(memory.outbox) == 1

    def test_no_number_gets_more_than_three_texts_an_hour_and_five_a_day(self):
        received = []
        for hour in range(20):
            for _ in range(4):
                with suppress(Limited):
                    services.ask_for_password(self.phone, road="page", address="192.0.2.1")
                send_texts()
                received.append(hour)
                make.time_passes(minutes=15)
            if hour == 0:
                assert len(memory.outbox) == 3

        assert len(memory.outbox) == 5

    def test_asking_stands_once_in_the_trail_however_often_the_text_is_tried(self):
        self.forget(self.phone)
        for failure in (OutOfService("no balance"), NoAnswer("time-out"), None):
            if failure:
                memory.failures.append(failure)
            Gateway.objects.update(probe_at=timezone.now() - timedelta(minutes=1))
            Message.objects.filter(status="queued").update(
                not_before=timezone.now() - timedelta(minutes=1)
            )
            send_texts()

        assert len(memory.outbox) == 1
        entry = Entry.objects.get(verb="password.asked")
        assert (entry.actor, entry.details["road"]) == (self.officer.user, "page")

    def test_foreign_number_is_refused_next_to_the_field(self):
        form = self.app.get(reverse("accounts:forgot")).forms[0]
        form["phone"] = "+447911123456"

        assert "Enter a Kenyan mobile number" in form.submit()

    def test_word_password_by_text_brings_login_details(self):
        sms.services.receive(
            provider_id="1", sender=f"+{self.phone}", shortcode="22262", text=" password. "
        )
        send_texts()

        assert memory.outbox[-1].to == self.phone
        assert self.sign_in(texted_password()).status_code == 302

    def test_unknown_sender_is_told_how_to_register_once_a_day(self):
        for provider_id in "ab":
            sms.services.receive(
                provider_id=provider_id,
                sender="+254799999998",
                shortcode="22262",
                text="PASSWORD",
            )
        send_texts()

        assert [text.to for text in memory.outbox] == ["254799999998"]
        assert "Create Account" in memory.outbox[0].text
        assert not get_user_model().objects.filter(username="254799999998").exists()


class WhereAPasswordRests(TestCase):
    def test_clear_password_is_in_no_row(self):
        user = services.open_account(make.phone(), language="en")
        send_texts()
        password = texted_password()

        message = Message.objects.get()
        assert password not in str(Message.objects.values())
        assert password not in str(User.objects.values())
        assert password not in str(Entry.objects.values())
        assert message.text == ""
        user.refresh_from_db()
        assert user.issued_password.startswith(("md5$", "argon2$"))

    def test_message_says_only_whose_password_it_is(self):
        user = services.open_account(make.phone(), language="en")

        assert Message.objects.get().context == {"user": user.pk}

    def test_minted_passwords_differ_and_have_no_letters_that_look_alike(self):
        minted = {services.mint() for _ in range(500)}

        assert len(minted) == 500
        assert not set("".join(minted)) & set("ilo01")


class Language(WebTest):
    def test_chosen_language_is_kept_with_the_account_and_used_in_texts(self):
        officer = make.officer()
        self.app.set_user(officer.user)
        page = self.app.get(reverse("help"))
        form = next(f for f in page.forms.values() if "language" in f.fields)

        form.submit(name="language", value="sw")

        officer.user.refresh_from_db()
        assert officer.user.language == "sw"
