"""An officer gives the account another number, and everything stays but the number."""

import logging
import re
from datetime import timedelta
from functools import partial

import pytest
import time_machine
from django.conf import settings
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest

import accounts.services
import sms.services
from accounts.models import Entry, User
from catalogue.models import Office
from cp2.tests import make
from cp2.tests.races import at_once, split
from profiles import numbers
from profiles.models import ChangeStatus, NumberChange, Officer
from sms.backends import memory
from sms.models import Kind, Message, MessageStatus

URL = reverse("profiles:phone")
CODE = reverse("profiles:phone_code")
OLD, NEW = "254711000111", "254722000222"


def send_texts():
    """What beat and a worker do within a second."""
    sms.services.send_due(Kind.CREDENTIALS)
    sms.services.send_due(Kind.NOTICE)


def code_to(phone):
    """The newest code that came to a phone."""
    send_texts()
    codes = [
        code[0]
        for text in memory.outbox
        if text.to == phone and (code := re.search(r"\b\d{6}\b", text.text))
    ]
    return codes[-1]


def another(code):
    return f"{(int(code) + 1) % 1_000_000:06d}"


def form_with(page, field):
    return next(form for form in page.forms.values() if field in form.fields)


def texts_to(phone):
    return list(Message.objects.filter(to=phone).order_by("pk").values_list("template", flat=True))


class Changing(WebTest):
    def setUp(self):
        self.officer = make.officer(phone=OLD)
        self.user = self.officer.user
        self.sign_in(OLD)

    def sign_in(self, username, password=make.PASSWORD):
        form = form_with(self.app.get(reverse("accounts:login")), "username")
        form["username"], form["password"] = username, password
        return form.submit()

    def ask(self, phone="0722 000 222", payee_too="no", again=None):
        form = form_with(self.app.get(URL), "phone")
        form["phone"], form["confirm_phone"] = phone, again or phone
        if payee_too is not None:
            form["payee_too"] = payee_too
        return form.submit(expect_errors=True)

    def type(self, code):
        form = form_with(self.app.get(CODE), "code")
        form["code"] = code
        return form.submit()

    def change(self, **asked):
        self.ask(**asked)
        return self.type(code_to(NEW))

    # It works

    def test_the_new_number_signs_in_and_the_old_one_does_not(self):
        assert self.ask().location == CODE
        page = self.type(f" {code_to(NEW)} ").follow()

        assert "From now on you sign in with 0722 000 222." in page.html.find(id="messages").text
        self.user.refresh_from_db()
        assert (self.user.username, self.user.phone) == (NEW, NEW)
        self.app.reset()
        assert self.sign_in(OLD).status_code == 200
        assert self.sign_in(NEW).status_code == 302
        assert Officer.objects.get(user=self.user) == self.officer

    def test_this_session_goes_on_and_all_others_end(self):
        here = dict(self.app.cookies)
        self.app.reset()
        self.sign_in(OLD)
        elsewhere = dict(self.app.cookies)
        self.app.reset()
        self.use(here)
        self.change()

        assert self.app.get(reverse("home")).status_code == 200
        self.app.reset()
        self.use(elsewhere)
        login = self.app.get(reverse("home")).location
        assert login.startswith(reverse("accounts:login"))

    def use(self, cookies):
        for name, value in cookies.items():
            self.app.set_cookie(name, value.strip('"'))

    def test_both_numbers_are_told_in_the_officers_language(self):
        User.objects.update(language="sw")
        self.change()

        assert texts_to(OLD) == ["profiles/number_left"]
        assert texts_to(NEW) == ["profiles/number_code", "profiles/number_taken"]
        left = Message.objects.get(template="profiles/number_left")
        assert "0722...22" in left.text
        assert NEW[3:] not in left.text

    def test_the_trail_holds_both_numbers_masked(self):
        self.change()

        asked, changed = Entry.objects.about(self.officer).order_by("pk")
        assert (asked.verb, changed.verb) == ("number.asked", "number.changed")
        assert changed.actor == self.user
        assert changed.details["was"] == "•••••111"
        assert changed.details["now"] == "•••••222"
        assert NEW not in str(Entry.objects.values())
        assert OLD not in str(Entry.objects.values("details"))

    def test_a_password_on_its_way_to_the_old_number_opens_nothing(self):
        accounts.services.ask_for_password(OLD, road="page")
        send_texts()
        issued = re.search(r"\w{5}-\w{5}", memory.outbox[-1].text)[0]
        make.time_passes(minutes=2)
        accounts.services.ask_for_password(OLD, road="page")
        waiting = Message.objects.get(status=MessageStatus.QUEUED)
        self.ask()
        Message.objects.filter(pk=waiting.pk).update(not_before=timezone.now() + timedelta(hours=1))
        self.type(code_to(NEW))
        Message.objects.filter(pk=waiting.pk).update(not_before=timezone.now())
        memory.outbox.clear()
        send_texts()

        waiting.refresh_from_db()
        assert (waiting.status, waiting.failure) == ("failed", "no account has this number")
        assert all("password" not in text.text for text in memory.outbox if text.to == OLD)
        self.app.reset()
        assert self.sign_in(NEW, issued).status_code == 200

    # The money

    def test_pay_stays_on_the_old_number_unless_it_is_asked_for(self):
        self.change(payee_too="no")

        self.officer.refresh_from_db()
        assert (self.officer.payee_phone, self.officer.payee_changed_at) == (OLD, None)

    def test_pay_follows_if_asked_for_and_waits_as_ever(self):
        self.change(payee_too="yes")

        self.officer.refresh_from_db()
        assert self.officer.payee_phone == NEW
        assert self.officer.payee_settles_at > timezone.now() + timedelta(hours=71)
        assert "profiles/payee_changed" in texts_to(OLD)
        assert Entry.objects.filter(verb="payee.changed").count() == 1

    def test_nobody_is_asked_about_pay_that_goes_elsewhere(self):
        Officer.objects.update(payee_phone="254733000333")
        page = self.app.get(URL)
        assert "payee_too" not in form_with(page, "phone").fields

        self.change(payee_too=None)

        self.officer.refresh_from_db()
        assert self.officer.payee_phone == "254733000333"

    # What is refused

    def test_input_is_refused_by_the_field_and_nothing_typed_is_lost(self):
        for phone, again, said in (
            ("0711 000 111", None, "the number that you sign in with now"),
            ("0722 000 222", "0722 000 223", "The two numbers differ"),
            ("+447911123456", None, "Enter a Kenyan mobile number"),
            ("22262", None, "too short"),
            ("٠٧١٢٣٤٥٦٧٨", None, "Use only the digits 0 to 9"),
            ("0712345678,0722000000", None, "Use only the digits"),
            ("+254202222222", None, "not a mobile number"),
            ("9" * 10_000, None, "Enter one mobile number"),
        ):
            page = self.ask(phone=phone, again=again)
            assert said in page.html.find("main").text
            assert form_with(page, "phone")["phone"].value == phone
        form = form_with(self.app.get(URL), "phone")
        form["phone"] = form["confirm_phone"] = "0722000222"
        assert "Say where your pay should go" in form.submit()
        assert not NumberChange.objects.exists()
        assert not Message.objects.exists()

    def test_a_number_of_another_account_is_refused_and_its_owner_told_once_a_day(self):
        other = make.officer(phone=NEW)

        for _ in range(2):
            page = self.ask()
            error = page.html.find(id="id_phone_error")
            assert "it is in use" in error.text
            assert error.find("a")["href"] == reverse("profiles:lost_number")
            assert other.full_name not in page.text

        assert texts_to(NEW) == ["profiles/number_wanted"]
        assert not NumberChange.objects.exists()
        with time_machine.travel(timezone.now() + timedelta(days=1)):
            self.sign_in(OLD)
            self.ask()
        assert texts_to(NEW) == ["profiles/number_wanted"] * 2

    def test_a_refused_number_keeps_its_own_right_to_texts(self):
        make.officer(phone=NEW)
        for _ in range(4):
            self.ask()

        numbers.take(("text.number", NEW))

    def test_somebody_who_registers_with_it_meanwhile_has_it(self):
        self.ask()
        code = code_to(NEW)
        make.officer(phone=NEW)

        assert "it is in use" in self.type(code)
        self.user.refresh_from_db()
        assert self.user.phone == OLD

    # The code

    def test_a_wrong_code_opens_nothing_and_five_kill_it(self):
        self.ask()
        code = code_to(NEW)

        for left in (4, 3, 2, 1):
            assert f"You have {left} more tr" in self.type(another(code))
        assert "typed wrongly too often" in self.type(another(code))
        page = self.type(code)

        assert "typed wrongly too often" in page
        assert form_with(page, "code")["code"].value == ""
        self.user.refresh_from_db()
        assert self.user.phone == OLD

    def test_what_is_no_code_costs_no_try(self):
        self.ask()
        code_to(NEW)

        for typed in ("", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "0" * 20):
            assert self.type(typed).status_code == 200
        assert NumberChange.objects.get().tries == 0

    def test_a_code_lives_a_quarter_of_an_hour_from_its_sending(self):
        self.ask()
        assert "No code has left yet" in self.type("123456")
        code = code_to(NEW)

        with time_machine.travel(timezone.now() + timedelta(minutes=15, seconds=1)):
            assert "This code is over" in self.type(code)
        with time_machine.travel(timezone.now() + timedelta(minutes=14)):
            assert self.type(code).status_code == 302

    def test_a_new_code_takes_the_place_of_the_old_one_and_gives_new_tries(self):
        self.ask()
        first = code_to(NEW)
        self.type(another(first))
        make.time_passes(minutes=2)
        page = form_of(self.app.get(CODE), reverse("profiles:phone_code_again")).submit().follow()
        assert "A new code is on its way." in page
        second = code_to(NEW)

        assert NumberChange.objects.get().tries == 0
        if first != second:
            assert "not the code" in self.type(first)
        assert self.type(second).status_code == 302

    def test_codes_are_limited_per_number(self):
        self.ask()
        page = form_of(self.app.get(CODE), reverse("profiles:phone_code_again")).submit().follow()

        assert "Too many tries. Try again in" in page
        assert Message.objects.count() == 1

    def test_requests_are_limited_per_account_and_write_nothing_more(self):
        for n in range(5):
            self.ask(phone=f"072200030{n}")
        page = self.ask(phone="0722000309")

        assert page.status_code == 429
        assert "Too many tries. Try again in" in page
        assert form_with(page, "phone")["phone"].value == "0722000309"
        assert NumberChange.objects.count() == 5
        assert not Message.objects.filter(to="254722000309").exists()

    def test_asking_anew_ends_the_request_before(self):
        self.ask(phone="0722000301")
        self.ask()

        statuses = NumberChange.objects.order_by("pk").values_list("status", flat=True)
        assert list(statuses) == ["expired", "asked"]
        send_texts()
        earlier = Message.objects.get(to="254722000301")
        assert earlier.failure == "nobody waits for this code any more"

    def test_a_password_asked_for_meanwhile_is_not_taken_for_the_code(self):
        self.ask()
        other = make.officer()
        sms.services.send_credentials(NEW, "accounts/password", user=other.user_id)

        assert texts_to(NEW) == ["profiles/number_code", "accounts/password"]

    # Who is kept out

    def test_only_officers_have_such_a_page(self):
        place = make.sub_county()
        for user in (
            make.director(place, Office.TSC),
            make.director(place, Office.SCDE),
            make.centre(make.station()),
            make.user(),
        ):
            make.sign_in(self.client, user)
            for url in (URL, CODE):
                assert self.client.get(url).status_code == 404
                assert self.client.post(url, {"phone": NEW}).status_code == 404

    def test_another_officer_finds_no_request_to_type_a_code_for(self):
        self.ask()
        make.sign_in(self.client, make.officer().user)

        response = self.client.post(CODE, {"code": code_to(NEW)})

        assert response["Location"] == URL
        self.user.refresh_from_db()
        assert self.user.phone == OLD


def form_of(page, action):
    return next(form for form in page.forms.values() if form.action == action)


class WhereACodeRests(TestCase):
    def test_it_is_in_no_row_no_log_and_no_task(self):
        records = []
        handler = logging.Handler()
        handler.emit = lambda record: records.append(record.getMessage())
        logging.getLogger().addHandler(handler)
        self.addCleanup(logging.getLogger().removeHandler, handler)
        officer = make.officer(phone=OLD)
        # until there is one that no number, time or hash here has in it by chance
        for n in range(5):
            change = numbers.ask(officer, phone=f"25472200040{n}", payee_too=False, by=officer.user)
            code = code_to(change.new_phone)

            message = Message.objects.get(to=change.new_phone)
            assert message.context == {"change": change.pk}
            assert message.text == ""
            rows = [str(m.objects.values()) for m in (Message, Entry, User)]
            change.refresh_from_db()
            kept = {k: v for k, v in vars(change).items() if k not in ("code_hash", "reference")}
            assert not any(re.search(rf"(?<!\d){code}(?!\d)", row) for row in [*rows, str(kept)])
            assert len(change.code_hash) == 64
            assert not any(code in line for line in records)

    def test_the_worker_alone_knows_it(self):
        """Beat's task carries nothing at all: it finds the row."""
        tasks = {each["task"]: each for each in settings.CELERY_BEAT_SCHEDULE.values()}
        assert "args" not in tasks["sms.tasks.send_credentials"]


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
class TestAtTheSameMoment:
    def test_two_threads_type_the_code_and_one_has_changed_it(self):
        officer = make.officer(phone=OLD)
        change = numbers.ask(officer, phone=NEW, payee_too=True, by=officer.user)
        code = code_to(NEW)
        act = partial(numbers.complete, change, code=code, by=officer.user)

        done, refused = split(at_once(act, act))

        assert len(done) == len(refused) == 1
        assert "used already" in str(refused[0])
        assert Entry.objects.filter(verb="number.changed").count() == 1
        assert texts_to(OLD).count("profiles/number_left") == 1

    def test_wrong_codes_at_once_are_all_counted(self):
        officer = make.officer(phone=OLD)
        change = numbers.ask(officer, phone=NEW, payee_too=False, by=officer.user)
        wrong = another(code_to(NEW))
        act = partial(numbers.complete, change, code=wrong, by=officer.user)

        done, refused = split(at_once(*[act] * 9))

        assert (len(done), len(refused)) == (0, 9)
        assert sum("too often" in str(refusal) for refusal in refused) == 5
        change.refresh_from_db()
        assert change.tries == 5

    def test_two_officers_complete_for_the_same_number_and_one_has_it(self):
        acts = []
        for _ in range(2):
            officer = make.officer()
            make.time_passes(minutes=2)
            change = numbers.ask(officer, phone=NEW, payee_too=False, by=officer.user)
            code = code_to(NEW)
            acts.append(lambda c=change, k=code, u=officer.user: numbers.complete(c, code=k, by=u))

        done, refused = split(at_once(*acts))

        assert len(done) == len(refused) == 1
        assert User.objects.get(phone=NEW) == done[0]
        assert NumberChange.objects.filter(status=ChangeStatus.DONE).count() == 1
