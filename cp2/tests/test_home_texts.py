"""An officer's own texts on their first page: what became of each, and what to do."""

from datetime import timedelta

from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

import sms.services
from accounts.services import ask_for_password, choose_password
from cp2.tests import make
from sms.backends import Rejected, memory
from sms.models import Gateway, GatewayStatus, Kind, Message


class Home(TestCase):
    def setUp(self):
        self.officer = make.officer()
        self.user = self.officer.user
        make.sign_in(self.client, self.user)

    def home(self):
        return " ".join(self.client.get(reverse("home")).content.decode().split())

    def password_comes(self):
        ask_for_password(self.user.phone, road="page")
        assert sms.services.send_due(Kind.CREDENTIALS) == 1

    def test_text_that_did_not_arrive_says_why_and_what_to_do(self):
        memory.refusals[self.user.phone] = Rejected("UserInBlacklist (406)")
        self.password_comes()
        memory.refusals.clear()

        page = self.home()

        assert "Not delivered: the line blocks texts from companies" in page
        assert "Dial *456*9*5*5*1# on this line and wait a minute. Then ask for a new one." in page

    def test_password_text_says_that_its_words_are_kept_nowhere_and_how_long_it_works(self):
        ask_for_password(self.user.phone, road="page")
        assert "Its words are kept nowhere. It will work for a day from when it" in self.home()

        sms.services.send_due(Kind.CREDENTIALS)
        self.user.refresh_from_db()
        ends = timezone.localtime(self.user.issued_at + timedelta(hours=24))
        assert f"It works once, until {ends:%-d %b, %H:%M}." in self.home()

    def test_password_that_was_replaced_works_no_more(self):
        self.password_comes()
        make.sign_in(self.client, choose_password(self.user, "my-own-Pass-77"))

        assert "It was used or replaced: it works no more." in self.home()

    def test_the_last_two_passwords_work_and_no_earlier_one(self):
        for _ in range(3):
            self.password_comes()
            make.time_passes(minutes=20)

        page = self.home()
        assert page.count("It works once, until") == 2
        assert page.count("It works no more.") == 1
        assert page.rindex("It works once") < page.index("It works no more.")

    def test_a_code_is_called_a_code(self):
        Message.objects.create(
            to=self.user.phone, kind=Kind.CREDENTIALS, template="profiles/number_code"
        )

        assert "A code. Its words are kept nowhere." in self.home()

    def test_while_no_text_can_leave_what_waits_says_so(self):
        sms.services.send(self.user.phone, "sms/help", language="en")
        assert "It leaves by itself, mostly within seconds." in self.home()
        Gateway.objects.update_or_create(
            pk=1, defaults={"status": GatewayStatus.DOWN, "reason": "503"}
        )

        page = self.home()
        assert "Waiting: texts cannot leave at the moment" in page
        assert "The fault is ours and we are on it. It will leave by itself." in page

    def test_nobody_sees_the_texts_of_another(self):
        other = make.officer()
        sms.services.send(other.phone, "accounts/password_chosen", language="en")

        assert "None yet." in self.home()

    def test_many_texts_take_no_more_queries_than_one(self):
        counts = []
        for more in (1, 4):
            for _ in range(more):
                sms.services.send(self.user.phone, "sms/help", language="en")
            self.home()
            with CaptureQueriesContext(connection) as queries:
                self.home()
            counts.append(len(queries))
        assert counts[0] == counts[1] <= 8
