"""A session lives as long as it should, and its owner can end it from anywhere."""

from datetime import timedelta

import time_machine
from django.conf import settings
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest

from accounts.models import Entry, Session
from accounts.sessions import SessionStore
from accounts.sign_in import MOST_SESSIONS
from catalogue.models import Office
from cp2.rules import Role
from cp2.tests import make

PHONE = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36"
SESSIONS = reverse("accounts:sessions")


class Sessions(WebTest):
    def setUp(self):
        self.officer = make.officer()
        self.user = self.officer.user

    def sign_in(self, browser=PHONE):
        """In a browser of its own; returns its session's key."""
        self.app.reset()
        form = self.app.get(reverse("accounts:login")).forms[0]
        form["username"], form["password"] = self.user.username, make.PASSWORD
        form.submit(headers={"User-Agent": browser})
        return self.key()

    def key(self):
        return self.app.cookies[settings.SESSION_COOKIE_NAME]

    def become(self, key):
        self.app.reset()
        self.app.set_cookie(settings.SESSION_COOKIE_NAME, key)

    def is_in(self, key):
        self.become(key)
        return self.app.get(reverse("home")).status_code == 200

    def test_signing_in_gives_a_new_key(self):
        before = SessionStore()
        before.create()
        self.become(before.session_key)
        form = self.app.get(reverse("accounts:login")).forms[0]
        form["username"], form["password"] = self.user.username, make.PASSWORD
        form.submit()

        assert self.key() != before.session_key
        assert not Session.objects.filter(session_key=before.session_key).exists()

    def test_the_page_lists_ones_own_with_what_tells_them_apart_and_no_key(self):
        other = self.sign_in("Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/131.0")
        here = self.sign_in()
        stranger = make.officer()
        Session.objects.create(
            session_key="strangers", session_data="", user=stranger.user, browser="Opera Mini",
            expire_date=timezone.now() + timedelta(days=1),
        )  # fmt: skip

        page = self.app.get(SESSIONS)

        assert "Chrome, Android" in page
        assert "Firefox, Windows" in page
        assert "Opera Mini" not in page
        assert "This is the one you are using now." in page
        assert not any(key in page for key in (here, other, "strangers"))

    def test_one_can_be_ended_from_another(self):
        other, here = self.sign_in(), self.sign_in()
        page = self.app.get(SESSIONS)
        form = next(form for form in page.forms.values() if "end" in form.fields)

        form.submit("end")

        assert self.is_in(here)
        assert not self.is_in(other)
        assert Entry.objects.filter(verb="session.ended", actor=self.user).count() == 1

    def test_all_others_can_be_ended_at_once(self):
        others, here = [self.sign_in() for _ in range(3)], self.sign_in()
        page = self.app.get(SESSIONS)
        form = next(form for form in page.forms.values() if "others" in form.fields)

        form.submit("others")

        assert self.is_in(here)
        assert not any(self.is_in(other) for other in others)

    def test_a_strangers_session_cannot_be_ended(self):
        stranger = make.officer()
        theirs = Session.objects.create(
            session_key="strangers", session_data="", user=stranger.user,
            expire_date=timezone.now() + timedelta(days=1),
        )  # fmt: skip
        self.sign_in()
        token = self.app.get(SESSIONS).forms[0]["csrfmiddlewaretoken"].value

        self.app.post(SESSIONS, {"csrfmiddlewaretoken": token, "end": theirs.reference})

        assert Session.objects.filter(pk="strangers").exists()

    def test_a_password_that_is_passed_around_opens_only_so_many_browsers(self):
        keys = [self.sign_in() for _ in range(MOST_SESSIONS + 2)]

        assert Session.objects.filter(user=self.user).count() == MOST_SESSIONS
        assert not self.is_in(keys[0])
        assert self.is_in(keys[-1])

    def test_being_switched_off_ends_them_at_the_next_page(self):
        key = self.sign_in()
        type(self.user).objects.update(is_active=False)

        assert not self.is_in(key)

    def test_losing_a_role_or_a_place_ends_them(self):
        director = make.director(make.sub_county())
        for change in (
            {"office": Office.SCDE},
            {"sub_county": make.sub_county()},
            {"role": Role.STAFF, "office": "", "sub_county": None},
        ):
            self.client.force_login(director)
            assert self.client.get(SESSIONS).status_code == 302  # to the one-time code
            assert self.client.session.get("_auth_user_id")
            type(director).objects.filter(pk=director.pk).update(**change)

            answer = self.client.get(SESSIONS)

            assert answer["Location"].startswith(reverse("accounts:login"))
            director.refresh_from_db()

    def test_an_old_key_of_ours_still_opens_them_while_it_is_rotated(self):
        key = self.sign_in()
        with override_settings(SECRET_KEY="another", SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
            assert self.is_in(key)

    def test_unused_they_end_after_half_a_day_and_used_they_go_on(self):
        key, now = self.sign_in(), timezone.now()
        with time_machine.travel(now + timedelta(hours=8)):
            assert self.is_in(key)
        with time_machine.travel(now + timedelta(hours=19)):
            assert self.is_in(key)
        with time_machine.travel(now + timedelta(hours=32)):
            assert not self.is_in(key)

    def test_however_much_used_they_end_after_a_week(self):
        key, now = self.sign_in(), timezone.now()
        for hours in range(0, 7 * 24, 8):
            with time_machine.travel(now + timedelta(hours=hours)):
                assert self.is_in(key)
        with time_machine.travel(now + timedelta(days=7, minutes=1)):
            self.become(key)
            page = self.app.get(reverse("home")).follow()
        assert "Sign in again." in page

    def test_directors_are_signed_out_after_half_an_hour(self):
        self.user = make.director(make.sub_county())
        key, now = self.sign_in(), timezone.now()
        with time_machine.travel(now + timedelta(minutes=31)):
            self.become(key)
            assert self.app.get(SESSIONS).location.startswith(reverse("accounts:login"))

    def test_what_has_expired_is_swept_away(self):
        self.sign_in()
        with time_machine.travel(timezone.now() + timedelta(days=30)):
            SessionStore.clear_expired()

        assert not Session.objects.exists()

    def test_signing_out_clears_what_the_browser_kept_but_not_that_it_is_known(self):
        self.sign_in()
        page = self.app.get(SESSIONS)
        form = next(form for form in page.forms.values() if form.action.endswith("/logout/"))

        answer = form.submit()

        assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
        assert settings.DEVICE_COOKIE_NAME in self.app.cookies
