"""What it costs us, and what strangers learn, when somebody means harm."""

import gc
import io
import logging
import re
import statistics
import sys
import time

import pytest
from django.apps import apps
from django.core.cache import cache
from django.core.signals import got_request_exception
from django.db import connection, transaction
from django.test import Client, TestCase
from django.urls import reverse
from django.views.debug import ExceptionReporter

import sms.services
from accounts import services
from accounts.models import User
from accounts.tests.test_password import send_texts, texted_password
from cp2.limits.models import Limit
from cp2.tests import make
from sms.backends import NoAnswer, NotSent, memory
from sms.models import Kind, Message

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')
REGISTER, FORGOT = reverse("profiles:register"), reverse("accounts:forgot")
LOGIN = reverse("accounts:login")


def rows_of_everything():
    """All that the database holds, as text."""
    with connection.cursor() as cursor:
        for model in apps.get_models():
            cursor.execute(f"SELECT t::text FROM {model._meta.db_table} t")
            for (row,) in cursor.fetchall():
                yield row


class Draining(TestCase):
    """Each text costs money, and anybody may ask for one."""

    def register(self, number, address):
        form = {"phone": number, "confirm_phone": number}
        return self.client.post(REGISTER, form, REMOTE_ADDR=address)

    def test_a_thousand_registrations_from_fifty_addresses_cost_no_more_than_the_budget(self):
        Limit.objects.filter(name="text.everyone").update(takes=150)

        answers = {
            self.register(f"2547{n * 1009 % 10**8:08d}", f"192.0.2.{n % 50}").status_code
            for n in range(1000)
        }

        assert answers == {302, 429}
        assert Message.objects.count() == User.objects.count() == 150

    def test_numbers_one_after_another_are_stopped_long_before(self):
        for n in range(100):
            self.register(f"2547123450{n:02d}", f"192.0.2.{n % 50}")

        assert Message.objects.count() == 20

    def test_one_address_may_ask_for_a_hundred_an_hour_and_is_told_when_it_may_again(self):
        for n in range(101):
            answer = self.register(f"2547{n * 1009 % 10**8:08d}", "192.0.2.1")

        assert answer.status_code == 429
        assert "from another network" in answer.content.decode()
        assert Message.objects.count() == 100
        make.time_passes(minutes=70)
        assert self.register("254712345678", "192.0.2.1").status_code == 302

    def without(self, table):
        """As when somebody takes the table away under a running portal."""
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table} RENAME TO taken_away")

    def test_nothing_leaves_when_the_limits_cannot_be_read(self):
        for table in ("limits_limit", "limits_bucket"):
            point = transaction.savepoint()
            self.without(table)
            for url in (REGISTER, FORGOT):
                form = {"phone": "0712345678", "confirm_phone": "0712345678"}
                answer = self.client.post(url, form)
                page = answer.content.decode()
                assert answer.status_code == 429
                assert "This cannot be done at the moment. Try again in 5 minutes." in page
                assert "0712345678" in page
            transaction.savepoint_rollback(point)
        assert not Message.objects.exists()

    def test_people_get_in_all_the_same(self):
        officer = make.officer()
        form = {"username": officer.phone, "password": make.PASSWORD}
        for table in ("limits_limit", "limits_bucket"):
            point = transaction.savepoint()
            self.without(table)
            assert self.client.post(LOGIN, form).status_code == 302
            assert self.client.post(LOGIN, form | {"password": "wrong"}).status_code == 200
            transaction.savepoint_rollback(point)


class Learning(TestCase):
    """Nobody finds out from the answer, or from its time, whose numbers have accounts."""

    def test_a_reset_takes_as_long_and_says_as_much_for_an_unknown_number(self):
        Limit.objects.filter(name__startswith="text.").update(takes=10_000)
        known = [make.officer().phone for _ in range(20)]
        took, said = {True: [], False: []}, {True: set(), False: set()}
        gc.disable()
        for n in range(400):
            is_known = n % 2 == 0
            phone = known[n // 2 % 20] if is_known else f"25479{n:07d}"
            client = Client()
            began = time.perf_counter()
            answer = client.post(FORGOT, {"phone": phone})
            took[is_known].append(time.perf_counter() - began)
            page = client.get(answer["Location"]).content.decode() if n < 20 else ""
            page = TOKEN.sub("", page)
            said[is_known].add((answer.status_code, *answer.headers, answer["Location"], page))
            Message.objects.all().delete()
        gc.enable()

        assert said[True] == said[False]
        assert len(said[True]) == 2  # with the page and without
        medians = {known: statistics.median(times) for known, times in took.items()}
        assert abs(medians[True] - medians[False]) < 0.020


class Canary(TestCase):
    """A password made known to us alone is looked for wherever one could have been left."""

    def setUp(self):
        self.logged = io.StringIO()
        self.handler = logging.StreamHandler(self.logged)
        logging.getLogger().addHandler(self.handler)
        self.addCleanup(logging.getLogger().removeHandler, self.handler)
        level = logging.getLogger().level
        logging.getLogger().setLevel(logging.DEBUG)
        self.addCleanup(logging.getLogger().setLevel, level)

    def assert_nowhere(self, secret):
        assert secret not in self.logged.getvalue()
        assert not any(secret in row for row in rows_of_everything())
        assert secret not in str(getattr(cache, "_cache", ""))

    def test_an_issued_password_is_in_no_row_and_no_log_whatever_the_gateway_says(self):
        officer = make.officer()
        for failure in (None, NotSent("503"), NoAnswer("time-out")):
            services.ask_for_password(officer.phone, road="page")
            if failure:
                memory.failures.append(failure)
            send_texts()
            Message.objects.filter(kind=Kind.CREDENTIALS).delete()
            make.time_passes(minutes=30)
        password = texted_password()

        self.assert_nowhere(password)
        self.assert_nowhere(password.replace("-", ""))

    def test_nor_when_sending_breaks_in_a_way_nobody_thought_of(self):
        officer = make.officer()
        seen = []

        class Broken(memory.Backend):
            def send(self, numbers, text):
                seen.append(text)
                raise RuntimeError("the network card is on fire")

        services.ask_for_password(officer.phone, road="page")
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("sms.services.road", lambda: Broken())
            sms.services.send_due(Kind.CREDENTIALS)

        assert "could not be sent" in self.logged.getvalue() or "fire" in self.logged.getvalue()
        password = seen[0].split("password ")[1][:11]
        assert services.looks_issued(password)
        self.assert_nowhere(password)

    def test_what_somebody_types_to_sign_in_or_chooses_is_in_no_row_and_no_log(self):
        officer = make.officer()
        canary = "Canary-in-the-mine-7"
        self.client.post(reverse("accounts:login"), {"username": officer.phone, "password": canary})
        self.client.force_login(officer.user)
        self.client.post(
            reverse("accounts:change_password"),
            {"new_password1": canary, "new_password2": canary},
        )

        officer.user.refresh_from_db()
        assert officer.user.check_password(canary)
        self.assert_nowhere(canary)

    def test_a_report_of_an_error_shows_none_of_it(self):
        """What would be mailed or sent to a collector: every frame with its variables."""
        officer, canary = make.officer(), "Canary-in-the-mine-7"
        reports = []

        def report(request, **kwargs):
            reporter = ExceptionReporter(request, *sys.exc_info())
            reports.extend([reporter.get_traceback_text(), reporter.get_traceback_html()])

        self.client.raise_request_exception = False
        got_request_exception.connect(report)
        self.addCleanup(got_request_exception.disconnect, report)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("accounts.services.check_password", lambda *a: 1 / 0)
            self.client.post(
                reverse("accounts:login"), {"username": officer.phone, "password": canary}
            )
            patched.setattr("accounts.services.make_password", lambda *a: 1 / 0)
            self.client.force_login(officer.user)
            self.client.post(
                reverse("accounts:change_password"),
                {"new_password1": canary, "new_password2": canary},
            )

        assert len(reports) == 4
        assert all("ZeroDivisionError" in text for text in reports)
        assert not any(canary in text for text in reports)
        self.assert_nowhere(canary)

    def test_a_task_carries_no_word_of_a_text(self):
        """What beat hands to the broker has no arguments at all."""
        from cp2.celery import app

        assert all("args" not in tick for tick in app.conf.beat_schedule.values())
        assert app.conf.task_ignore_result
        assert app.conf.accept_content == ["json"]
