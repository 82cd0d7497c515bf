"""One-time codes and recovery codes, from the first sign-in to a lost phone."""

import base64
import hashlib
import hmac
import json
import re
import struct
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.test import TestCase, override_settings
from django.urls import reverse
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_webtest import WebTest

import sms.services
from accounts import codes
from accounts.models import Entry, RecoveryCode
from accounts.tests import people
from catalogue.models import Office
from cp2.limits.services import Limited
from cp2.rules import Refused, Role
from cp2.tests import make
from sms.backends import memory
from sms.models import Kind, Message

CODE = "/accounts/code/"
SHOWN = re.compile(r"<code>([a-z0-9]{5}-[a-z0-9]{5}-[a-z0-9]{5})</code>")


def director(**fields):
    return make.director(make.sub_county(), **fields)


class SettingUp(WebTest):
    def setUp(self):
        self.enterContext(people.clock_stands_still())
        self.director = director()
        self.page = people.enter(self.app, self.director, next="/area/")

    def key(self):
        return self.app.session["totp_key"]

    def set_up(self):
        return people.fill(self.page, "code", people.code(self.key()))

    def test_director_opens_nothing_with_a_password_alone(self):
        assert self.page.request.path == CODE
        assert self.app.get(reverse("area")).location.startswith(CODE)

    def test_first_code_sets_the_phone_up_and_shows_ten_recovery_codes(self):
        page = self.set_up()

        assert len(set(SHOWN.findall(page.text))) == 10
        assert self.director.totpdevice_set.count() == 1
        assert Entry.objects.about(self.director).filter(verb="code.set_up").count() == 1

    def test_nothing_else_opens_before_they_say_that_they_kept_the_codes(self):
        page = self.set_up()
        for url in ("/area/", "/area/claims/", "/account/codes/"):
            assert self.app.get(url).location.startswith("/account/codes/recovery/")

        page = people.fill(page, "kept", False)
        assert "Write the codes down first" in page
        assert not SHOWN.search(page.text)
        page = people.fill(page, "kept", True)
        assert page.location == "/area/"
        assert page.follow().status_code == 200

    def test_whoever_closed_the_page_too_soon_makes_new_ones(self):
        old = SHOWN.findall(self.set_up().text)
        page = self.app.get("/area/").follow()
        assert "cannot be shown again" in page
        new = SHOWN.findall(people.confirm(page).text)

        assert len(new) == 10
        assert not set(old) & set(new)
        with pytest.raises(Refused):
            codes.type_recovery_code(self.director, old[0])
        assert codes.type_recovery_code(self.director, new[0])

    def test_code_of_the_set_up_opens_nothing_again(self):
        code = people.code(self.key())
        people.fill(self.page, "code", code)

        page = people.enter(self.app, self.director)
        assert "wrong or was used before" in people.fill(page, "code", code)

    def test_wrong_code_sets_nothing_up(self):
        page = people.fill(self.page, "code", people.wrong(self.key()))
        assert "This code is wrong." in page
        for typed in ("abc", "12345", "1234567", "٠٠٠٠٠٠", "१२३४५६", "-12345", "12.456", ""):
            assert "Enter the" in people.fill(page, "code", typed)
        assert not TOTPDevice.objects.exists()
        assert not RecoveryCode.objects.exists()

    def test_code_may_be_typed_with_spaces(self):
        code = people.code(self.key())

        assert SHOWN.search(people.fill(self.page, "code", f" {code[:3]} {code[3:]} ").text)

    def test_looking_at_the_page_changes_no_row_and_keeps_the_key(self):
        key = self.key()
        self.app.get(CODE)

        assert self.key() == key
        assert not TOTPDevice.objects.exists()
        assert not Entry.objects.filter(verb__startswith="code.").exists()

    def test_key_is_gone_from_the_session_once_it_is_kept(self):
        self.set_up()

        assert "totp_key" not in self.app.session

    def test_second_window_cannot_set_up_another_app(self):
        key, form = self.key(), self.page
        codes.set_up(self.director, key=key, code=people.code(key, seconds=-30))

        with pytest.raises(Refused, match="set up already"):
            codes.set_up(self.director, key=key, code=people.code(key))
        people.fill(form, "code", people.code(key))
        assert self.director.totpdevice_set.count() == 1

    def test_a_clock_off_by_ten_minutes_sets_nothing_up(self):
        for minutes in (-10, 10):
            page = people.fill(self.page, "code", people.code(self.key(), minutes=minutes))
            assert "Check the clock of your phone" in page
        assert not TOTPDevice.objects.exists()

    def test_where_the_recovery_codes_rest(self):
        made = SHOWN.findall(self.set_up().text)

        rows = json.dumps(
            [
                *RecoveryCode.objects.values_list("digest", flat=True),
                *Entry.objects.values_list("details", flat=True),
                *Message.objects.values_list("text", flat=True),
                *(session.get_decoded() for session in Session.objects.all()),
            ]
        )
        for code in made:
            assert code not in rows
            assert code.replace("-", "") not in rows

    def test_those_without_power_have_no_such_pages(self):
        for user in (make.officer().user, make.centre(make.station())):
            people.enter(self.app, user)
            for url in (CODE, *(f"/account/codes/{page}" for page in ("", "recovery/", "move/"))):
                assert self.app.get(url, expect_errors=True).status_code == 404, url
        assert not TOTPDevice.objects.exists()


class Typing(WebTest):
    def setUp(self):
        self.director = director()
        self.app_ = people.app(self.director)
        self.key = self.app_.key

    def type(self, code):
        page = people.enter(self.app, self.director, next="/area/")
        return people.fill(page, "code", code)

    def refused(self, code):
        make.rest(self.director)
        page = self.type(code)
        return "wrong or was used before" in page

    def test_opens_what_they_came_for(self):
        assert self.type(people.code(self.key)).location == "/area/"

    def test_same_code_opens_no_second_session(self):
        code = people.code(self.key)
        assert self.type(code).status_code == 302

        assert self.refused(code)
        assert self.app.get("/area/").location.startswith(CODE)

    def test_button_pressed_twice_lets_its_owner_in(self):
        page = people.enter(self.app, self.director, next="/area/")
        code = people.code(self.key)

        for _ in range(2):
            assert people.fill(page, "code", code).location == "/area/"
        session = self.app.session
        session[codes.PROVED_AT] -= 11
        session.save()
        make.rest(self.director)
        assert "wrong or was used before" in people.fill(page, "code", code)

    def test_older_code_opens_nothing_after_a_newer_one(self):
        self.enterContext(people.clock_stands_still())
        older = people.code(self.key, seconds=-30)
        assert self.type(people.code(self.key)).status_code == 302

        assert self.refused(older)

    def test_one_step_early_or_late_is_near_enough_and_two_are_not(self):
        self.enterContext(people.clock_stands_still())
        for off in (-60, 60, -90, 90):
            assert self.refused(people.code(self.key, seconds=off)), off
        make.rest(self.director)
        assert self.type(people.code(self.key, seconds=-30)).status_code == 302
        assert self.type(people.code(self.key, seconds=30)).status_code == 302

    def test_near_enough_stays_one_step_however_often_it_was_used(self):
        self.enterContext(people.clock_stands_still())
        assert self.type(people.code(self.key, seconds=30)).status_code == 302

        assert self.refused(people.code(self.key, seconds=60))

    def test_a_phone_ten_minutes_fast_or_slow_opens_nothing(self):
        for minutes in (10, -10):
            assert self.refused(people.code(self.key, minutes=minutes))

    def test_a_server_whose_clock_is_ten_minutes_off_goes_by_the_databases(self):
        for minutes in (10, -10):
            TOTPDevice.objects.update(last_t=-1)
            with time_machine.travel(timezone.now() + timedelta(minutes=minutes)):
                assert self.refused(people.code(self.key, minutes=minutes))
                make.rest(self.director)
                assert self.type(people.code(self.key)).status_code == 302

    def test_any_client_of_the_standard_gives_the_same_code(self):
        secret = base64.b32encode(bytes.fromhex(self.key)).decode()
        counter = struct.pack(">Q", int(codes.clock()) // 30)
        digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
        at = digest[-1] & 0xF
        number = struct.unpack(">I", digest[at : at + 4])[0] & 0x7FFFFFFF

        assert self.type(f"{number % 10**6:06d}").status_code == 302

    def test_after_a_wrong_code_there_is_a_pause_that_grows(self):
        wrong = people.wrong(self.key)
        assert self.type(wrong).status_code == 200
        page = self.type(people.code(self.key))

        assert page.status_code == 429
        assert "too soon after a wrong code. Wait 1 second, then" in page
        assert page.headers["Retry-After"] == "1"
        TOTPDevice.objects.update(throttling_failure_count=7)
        page = self.type(people.code(self.key))
        assert "Wait 2 minutes, then" in page
        assert 60 < int(page.headers["Retry-After"]) <= 64
        make.rest(self.director)
        assert self.type(people.code(self.key)).status_code == 302
        self.app_.refresh_from_db()
        assert self.app_.throttling_failure_count == 0

    def test_no_pause_is_longer_than_nine_minutes(self):
        self.type(people.wrong(self.key))
        TOTPDevice.objects.update(throttling_failure_count=200)

        assert 500 < int(self.type("123456").headers["Retry-After"]) <= 512

    def test_ten_wrong_codes_in_a_quarter_of_an_hour_are_the_limit(self):
        wrong = people.wrong(self.key)
        for _ in range(10):
            assert self.refused(wrong)
        assert not Entry.objects.filter(verb="code.failed").exists()

        for code in (wrong, people.code(self.key)):
            make.rest(self.director)
            page = self.type(code)
            assert page.status_code == 429
            assert re.search(r"Too many tries. Try again in 1\d minutes.", page.text)
            assert int(page.headers["Retry-After"]) > 600
        assert Entry.objects.about(self.director).filter(verb="code.failed").count() == 1
        assert self.app.get("/area/").location.startswith(CODE)

        make.time_passes(minutes=17)
        make.rest(self.director)
        assert self.type(people.code(self.key)).status_code == 302

    def test_one_accounts_wrong_codes_are_no_others(self):
        for _ in range(11):
            make.rest(self.director)
            self.type(people.wrong(self.key))
        other = director()
        people.app(other)

        page = people.enter(self.app, other, next="/area/")
        assert people.fill(page, "code", make.code(other)).location == "/area/"

    def test_right_codes_use_up_nothing(self):
        for _ in range(12):
            assert self.type(make.code(self.director)).status_code == 302

    def test_no_input_is_an_error_of_ours(self):
        page = people.enter(self.app, self.director)
        for typed in ("\0", "0" * 5000, "９９９９９９", "<b>", "1e5   "):
            assert people.fill(page, "code", typed).status_code == 200
            assert people.fill(page, "recovery_code", typed).status_code in {200, 429}


class Recovering(WebTest):
    def setUp(self):
        self.director = director(phone=make.phone())
        self.app_ = people.app(self.director)
        self.made = codes.renew_recovery_codes(self.director)

    def type(self, code, user=None):
        page = people.enter(self.app, user or self.director, next="/area/")
        return people.fill(page, "recovery_code", code)

    def test_ten_of_them_none_like_another_nor_hard_to_read(self):
        assert len(set(self.made)) == codes.RECOVERY_CODES == 10
        letters = {letter for code in self.made for letter in code if letter != "-"}
        assert not letters & set("ilo01")
        assert all(len(code.replace("-", "")) == 15 for code in self.made)

    def test_opens_the_account_once_and_its_owner_is_told(self):
        page = self.type(self.made[0])
        assert page.location == "/area/"
        assert "9 recovery codes are left" in page.follow()
        entry = Entry.objects.about(self.director).get(verb="recovery_code.used")
        assert entry.details == {"left": 9}
        sms.services.send_due(Kind.NOTICE)
        assert memory.outbox[-1].to == self.director.phone
        assert "a recovery code opened your account" in memory.outbox[-1].text

        page = self.type(self.made[0])
        assert "This recovery code is wrong, was used before" in page
        assert self.app.get("/area/").location.startswith(CODE)
        assert codes.recovery_codes_left(self.director) == 9

    def test_last_one_says_so(self):
        for code in self.made[:9]:
            codes.type_recovery_code(self.director, code)

        assert "That was your last recovery code." in self.type(self.made[9]).follow()

    def test_may_be_typed_in_capitals_with_other_gaps(self):
        assert self.type(f" {self.made[0].upper().replace('-', ' ')} ").location == "/area/"
        assert self.type(self.made[1].replace("-", "")).location == "/area/"

    def test_opens_no_other_account(self):
        other = director()
        people.app(other)
        codes.renew_recovery_codes(other)

        assert "This recovery code is wrong" in self.type(self.made[0], other)
        assert codes.recovery_codes_left(self.director) == 10
        assert codes.recovery_codes_left(other) == 10

    def test_new_ones_make_the_old_void(self):
        codes.renew_recovery_codes(self.director)

        assert "one of an older list" in self.type(self.made[0])

    def test_wrong_ones_count_with_wrong_codes_of_the_app(self):
        for _ in range(10):
            assert self.type("aaaaa-bbbbb-ccccc").status_code == 200
        page = self.type(self.made[0])

        assert page.status_code == 429
        assert "Try again in" in page
        assert int(page.headers["Retry-After"]) > 600
        assert codes.recovery_codes_left(self.director) == 10
        assert Entry.objects.filter(verb="code.failed").count() == 1
        with pytest.raises(Limited):
            codes.type_code(self.director, people.code(self.app_.key))

    def test_survive_a_change_of_the_secret_key_as_long_as_the_old_one_is_named(self):
        old = settings.SECRET_KEY
        with override_settings(SECRET_KEY="another" * 10), pytest.raises(Refused):
            codes.type_recovery_code(self.director, self.made[0])
        with override_settings(SECRET_KEY="another" * 10, SECRET_KEY_FALLBACKS=[old]):
            assert codes.type_recovery_code(self.director, self.made[0])
            with pytest.raises(Refused):
                codes.type_recovery_code(self.director, self.made[0])

    def test_without_an_app_they_open_nothing(self):
        TOTPDevice.objects.all().delete()

        with pytest.raises(Refused):
            codes.type_recovery_code(self.director, self.made[0])
        assert codes.recovery_codes_left(self.director) == 10


class LookingAfterThem(WebTest):
    def setUp(self):
        self.director = director(phone=make.phone())
        self.app_ = people.app(self.director)
        page = people.enter(self.app, self.director, next="/account/codes/")
        self.page = people.fill(page, "code", make.code(self.director)).follow()

    def age(self, minutes):
        session = self.app.session
        session[codes.PROVED_AT] -= minutes * 60
        session.save()

    def test_shows_since_when_and_how_many(self):
        codes.renew_recovery_codes(self.director)
        day = f"{timezone.localtime(self.app_.created_at):%-d %B %Y}"
        page = self.app.get("/account/codes/")

        assert f"Set up on {day}" in page
        assert "10 of 10 left" in page
        assert "0 of 10 left" in self.page

    def test_is_two_links_from_any_page(self):
        account = self.app.get("/area/").click(href="^/account/$")
        assert account.click(href="^/account/codes/$").status_code == 200

    def test_new_ones_are_shown_once(self):
        page = people.confirm(self.page.click("Make new recovery codes"))
        made = SHOWN.findall(page.text)

        assert len(made) == 10
        assert people.fill(page, "kept", True).location == "/home/"
        assert not SHOWN.search(self.app.get("/account/codes/recovery/").text)
        assert Entry.objects.filter(verb="recovery_codes.made").count() == 1

    def test_new_ones_need_a_fresh_code(self):
        codes.renew_recovery_codes(self.director)
        before = set(RecoveryCode.objects.values_list("digest", flat=True))
        page = self.page.click("Make new recovery codes")
        self.age(16)
        page = people.confirm(page)

        assert page.location == f"{CODE}?next=%2Faccount%2Fcodes%2Frecovery%2F"
        page = page.follow()
        assert "What you chose is still there" in page
        assert set(RecoveryCode.objects.values_list("digest", flat=True)) == before
        page = people.fill(page, "code", make.code(self.director)).follow()
        page = people.confirm(page)
        assert len(SHOWN.findall(page.text)) == 10

    def test_moving_makes_the_old_phone_void(self):
        old, thief = self.app_.key, self.app.session.session_key
        codes.renew_recovery_codes(self.director)
        page = people.enter(self.app, self.director, next="/account/codes/move/")
        page = people.fill(page, "code", make.code(self.director)).follow()
        key = self.app.session["new_totp_key"]
        assert "Check the clock" in people.fill(page, "code", people.wrong(key))
        assert TOTPDevice.objects.get().key == old
        page = people.fill(page, "code", people.code(key)).follow()

        assert "Your codes come from the new phone now" in page
        assert TOTPDevice.objects.get().key == key
        assert codes.recovery_codes_left(self.director) == 10
        assert Entry.objects.about(self.director).filter(verb="code.moved").count() == 1
        sms.services.send_due(Kind.NOTICE)
        assert "come from a new phone now" in memory.outbox[-1].text
        assert self.app.get("/area/").status_code == 200

        self.app.set_cookie(settings.SESSION_COOKIE_NAME, thief)
        assert self.app.get("/area/").location.startswith(CODE)
        page = people.enter(self.app, self.director)
        assert "wrong or was used before" in people.fill(page, "code", people.code(old))

    def test_moving_needs_a_fresh_code_or_a_recovery_code(self):
        made = codes.renew_recovery_codes(self.director)
        self.age(16)
        page = self.app.get("/account/codes/move/")
        assert page.location == f"{CODE}?next=%2Faccount%2Fcodes%2Fmove%2F"
        assert "new_totp_key" not in self.app.session

        page = people.fill(page.follow(), "recovery_code", made[0])
        assert page.location == "/account/codes/move/"
        assert "The key as a QR code" in page.follow()


class Doors(TestCase):
    """Who gets in, by role and by how far they came with their code."""

    def state(self, user, name):
        self.client.logout()
        self.client.force_login(user)
        session = self.client.session
        stranger = people.app(make.user())
        if name != "no app":
            mine = people.app(user)
        if name == "another's app":
            session["otp_device_id"] = stranger.persistent_id
        if name in {"proved", "app gone", "unconfirmed"}:
            session["otp_device_id"] = mine.persistent_id
            session[codes.PROVED_AT] = codes.clock()
        session.save()
        if name == "app gone":
            mine.delete()
        if name == "unconfirmed":
            TOTPDevice.objects.filter(pk=mine.pk).update(confirmed=False)

    STATES = ["no app", "unproved", "another's app", "app gone", "unconfirmed", "proved"]
    URLS = [
        *("/home/", "/area/", "/area/claims/", "/area/deployments/", "/account/codes/"),
        *("/admin/", "/admin/accounts/user/", "/admin/claims/claim/", "/admin/auth/group/"),
    ]

    def test_only_a_proved_code_opens_anything(self):
        place = make.sub_county()
        cast = [
            lambda: make.director(place, Office.TSC),
            lambda: make.director(place, Office.SCDE),
            *(lambda group=group: people.staff(group) for group in GROUPS),
            lambda: make.user(Role.STAFF, is_superuser=True),
        ]
        for member in cast:
            for state in self.STATES:
                user = member()
                self.state(user, state)
                for url in self.URLS:
                    answer = self.client.get(url)
                    to_code = answer.status_code == 302 and answer.url.startswith(CODE)
                    assert to_code == (state != "proved"), (user.role, state, url)

    def test_a_posts_way_is_barred_as_well(self):
        user = make.user(Role.STAFF, is_superuser=True)
        for state in self.STATES[:-1]:
            self.state(user, state)
            answer = self.client.post("/admin/accounts/user/add/", {"username": "x"})
            assert answer.url.startswith(CODE), state
            TOTPDevice.objects.all().delete()


GROUPS = ["Deployment", "Finance preparer", "Finance approver", "Helpdesk", "Auditor"]


class Database(TestCase):
    def test_one_app_for_each_person(self):
        user = director()
        people.app(user)
        with (
            pytest.raises(IntegrityError, match="one_app_for_each_person"),
            transaction.atomic(),
        ):
            people.app(user)

    def test_what_is_no_digest(self):
        for digest in ("abcde-fghjk-mnpqr", "", "A" * 64):
            with (
                pytest.raises(IntegrityError, match="recovery_code_is_a_digest"),
                transaction.atomic(),
            ):
                RecoveryCode.objects.create(user=director(), digest=digest)

    def test_the_same_one_twice(self):
        user = director()
        RecoveryCode.objects.create(user=user, digest="a" * 64)
        with (
            pytest.raises(IntegrityError, match="one_recovery_code_of_a_kind_for_a_person"),
            transaction.atomic(),
        ):
            RecoveryCode.objects.create(user=user, digest="a" * 64)
