"""Wrong passwords delay, and lock nobody out: neither their owner nor whoever shares a network."""

import logging
import threading
from contextlib import contextmanager
from unittest.mock import patch

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import TestCase, override_settings
from django.urls import reverse
from django_webtest import WebTest

from accounts import hashers, services
from accounts.models import Entry
from accounts.sign_in import Device, sign_in
from cp2.limits.models import Bucket, Limit
from cp2.limits.services import Limited
from cp2.rules import Role
from cp2.tests import make
from cp2.tests.races import at_once

LOGIN = reverse("accounts:login")


@contextmanager
def hashes():
    """How often a password was really checked."""
    checked = []
    check = services.check_password
    with patch("accounts.services.check_password", lambda *a: checked.append(1) or check(*a)):
        yield checked


class FromABrowser(WebTest):
    def setUp(self):
        self.officer = make.officer()
        self.phone = self.officer.phone

    def sign_in(self, password, username=None, **options):
        form = self.app.get(LOGIN).forms[0]
        form["username"], form["password"] = username or self.phone, password
        return form.submit(expect_errors=True, **options)

    def issue(self):
        with patch("accounts.services.mint", return_value="abcde-fghjk"):
            message = services.sms.services.send_credentials(self.phone, "accounts/password")
            services.compose_credentials(message)
        return "abcde-fghjk"

    def exhaust(self):
        for _ in range(10):
            assert self.sign_in("wrong").status_code == 200

    def test_the_eleventh_wrong_password_is_told_to_wait_and_costs_no_hash(self):
        self.exhaust()

        with hashes() as checked:
            page = self.sign_in("wrong")

        assert page.status_code == 429
        assert "too many wrong passwords for this account" in page
        assert "send PASSWORD to 22262" in page
        assert 0 < int(page.headers["Retry-After"]) <= 16 * 60 + 15
        assert page.forms[0]["username"].value == self.phone
        assert checked == []

    def test_the_right_password_waits_too_but_not_for_ever(self):
        self.exhaust()
        assert self.sign_in(make.PASSWORD).status_code == 429

        make.time_passes(minutes=20)
        assert self.sign_in(make.PASSWORD).status_code == 302

    def test_a_browser_that_the_account_was_used_in_has_tries_of_its_own(self):
        self.sign_in(make.PASSWORD)
        known = self.app.cookies[settings.DEVICE_COOKIE_NAME]
        self.app.reset()
        self.exhaust()

        self.app.set_cookie(settings.DEVICE_COOKIE_NAME, known.strip('"'))
        assert self.sign_in(make.PASSWORD).status_code == 302

    def test_a_made_up_or_anothers_cookie_opens_nothing(self):
        other = make.officer()
        self.exhaust()
        for cookie in ("rubbish", Device().learn(other.user)):
            self.app.set_cookie(settings.DEVICE_COOKIE_NAME, cookie)
            assert self.sign_in(make.PASSWORD).status_code == 429

    def test_a_password_by_text_lets_its_owner_in_whatever_strangers_tried(self):
        self.exhaust()
        password = self.issue()

        assert self.sign_in(password).status_code == 302

    def test_a_right_password_starts_the_count_afresh(self):
        for _ in range(3):
            for _ in range(9):
                self.sign_in("wrong")
            assert self.sign_in(make.PASSWORD).status_code == 302
            self.app.reset()

    def test_ten_thousand_wrong_ones_on_one_account_do_not_touch_another_from_the_same_address(
        self,
    ):
        self.exhaust()
        for _ in range(30):
            self.sign_in("wrong")
        other = make.officer()

        assert self.sign_in(make.PASSWORD, other.phone).status_code == 302

    def test_one_answer_for_unknown_names_and_as_much_work(self):
        for username in (self.phone, "254799999999", "nobody", "KCSE00000000"):
            with hashes() as checked:
                assert "do not go together" in self.sign_in("wrong", username)
            assert len(checked) == 1

    def test_a_name_nobody_has_is_limited_like_any_other(self):
        for _ in range(10):
            self.sign_in("wrong", "nobody")

        assert self.sign_in("wrong", "Nobody").status_code == 429

    def test_very_long_input_is_refused_before_anything_is_counted(self):
        with hashes() as checked:
            page = self.sign_in("x" * 10_000)

        assert page.status_code == 200
        assert checked == []
        assert not Bucket.objects.exists()

    def test_a_forged_address_does_not_make_a_new_visitor(self):
        with override_settings(TRUSTED_PROXIES=1):
            for n in range(70):
                headers = {"X-Forwarded-For": f"10.0.0.{n}, 192.0.2.7"}
                self.sign_in("wrong", f"25470000{n:04d}", headers=headers)

        assert Bucket.objects.filter(limit__name="sign_in.address").count() == 1


class FromOneAddress(TestCase):
    """Somebody tries one password on many accounts."""

    def attempt(self, username, password="wrong", device=None, address="192.0.2.1"):
        return sign_in(username, password, address=address, device=device or Device())

    def spray(self, accounts):
        through = 0
        with hashes() as checked:
            for n in range(accounts):
                try:
                    self.attempt(f"2547111{n:05d}")
                except Limited:
                    continue
                through += 1
        assert len(checked) == through
        return through

    def test_no_more_than_sixty_of_five_hundred_accounts_are_really_tried(self):
        assert self.spray(500) == 60

    def test_whoever_shares_the_address_gets_in_from_their_own_phone_or_with_a_text(self):
        officer = make.officer()
        self.spray(80)

        with pytest.raises(Limited):
            self.attempt(officer.phone, make.PASSWORD)
        device = Device(marks={str(officer.user.pk): "mark"})
        assert self.attempt(officer.phone, make.PASSWORD, device=device).user == officer.user

        officer.user.issued_password = make_password("abcde-fghjk")
        officer.user.issued_at = make.timezone.now()
        officer.user.save()
        assert self.attempt(officer.phone, "abcde-fghjk").user == officer.user

    def test_other_addresses_are_not_touched(self):
        officer = make.officer()
        self.spray(80)

        assert self.attempt(officer.phone, make.PASSWORD, address="192.0.2.2")

    def test_right_passwords_make_up_for_wrong_ones(self):
        """As on a morning when a whole county signs in through a few addresses."""
        Limit.objects.filter(name="sign_in.address").update(takes=5)
        for n in range(40):
            if n % 3:
                assert self.attempt(make.officer().phone, make.PASSWORD)
            else:
                assert self.attempt(f"2547222{n:05d}") is None

    def test_ones_own_right_password_again_and_again_buys_no_wrong_ones(self):
        Limit.objects.filter(name="sign_in.address").update(takes=5)
        own, through = make.officer().phone, 0
        for n in range(40):
            assert self.attempt(own, make.PASSWORD)
            try:
                self.attempt(f"2547444{n:05d}")
            except Limited:
                continue
            through += 1

        assert through <= 5 + 1

    def test_too_many_wrong_ones_in_all_raise_one_alarm(self):
        Limit.objects.filter(name="sign_in.everyone").update(takes=3)

        with self.assertLogs("accounts.sign_in", logging.ERROR) as logged:
            for n in range(20):
                self.attempt(f"2547333{n:05d}", address=f"192.0.2.{n}")

        assert len(logged.output) == 1


class Codes(TestCase):
    def test_issued_passwords_are_known_by_their_shape_and_cannot_be_chosen(self):
        user = make.user(Role.STAFF)

        assert all(services.looks_issued(services.mint()) for _ in range(50))
        assert not services.looks_issued("chosen-Pass-42")
        with pytest.raises(ValidationError, match="of your own"):
            validate_password("abcde-fghjk", user)


class Hashing(TestCase):
    def test_only_so_many_passwords_are_checked_at_once_and_the_rest_are_told_to_wait(self):
        inside, most, waiting = [], [], threading.Barrier(6)
        refused = []

        def check():
            waiting.wait()
            try:
                with hashers.turn():
                    inside.append(1)
                    most.append(len(inside))
                    threading.Event().wait(0.15)
                    inside.pop()
            except hashers.Busy:
                refused.append(1)

        with (
            override_settings(HASHES_AT_ONCE=2),
            patch.object(hashers, "PATIENCE", 0.25),
        ):
            threads = [threading.Thread(target=check) for _ in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        assert max(most) == 2
        assert refused

    def test_a_sign_in_that_cannot_be_checked_in_time_says_so_and_is_not_held_against_anybody(self):
        officer = make.officer()
        with patch("accounts.services.check_password", side_effect=hashers.Busy):
            page = self.client.post(LOGIN, {"username": officer.phone, "password": "x"})

        assert page.status_code == 503
        assert page["Retry-After"] == "5"
        assert "Nothing is wrong with your password" in page.content.decode()

    def test_the_hash_is_owasps_minimum(self):
        encoded = hashers.Argon2id().encode("a password", "somesaltsomesalt")

        assert encoded.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
        assert hashers.Argon2id().verify("a password", encoded)


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_30_browsers_with_10_tries_each_exactly_10_passwords_are_checked():
    officer = make.officer()
    barrier, through = threading.Barrier(30), []

    def guess(n):
        barrier.wait()
        for _ in range(10):
            try:
                sign_in(officer.phone, "wrong", address=f"192.0.2.{n}", device=Device())
            except Limited:
                continue
            through.append(n)
        connection.close()

    threads = [threading.Thread(target=guess, args=(n,)) for n in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(through) == 10
    assert not Entry.objects.filter(verb="session.began").exists()


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_many_who_sign_in_to_one_account_at_once_all_get_in():
    officer = make.officer()

    def come_in():
        return [
            sign_in(officer.phone, make.PASSWORD, address="192.0.2.1", device=Device()).fit
            for _ in range(12)
        ]

    assert at_once(*[come_in] * 8) == [[services.Fit.CHOSEN] * 12] * 8
