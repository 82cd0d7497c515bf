"""Whoever lost the old number gets the account back on a new one, if a person says so."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest

from accounts.models import Entry, User
from catalogue.models import Office
from cp2.rules import Refused
from cp2.tests import make
from profiles import numbers
from profiles.models import ChangeStatus, NumberChange, Officer, RegisterEntry, Vetting
from profiles.tests.test_number import (
    another,
    at_once,
    code_to,
    form_of,
    form_with,
    split,
    texts_to,
)
from sms.backends import memory
from sms.models import Message

URL = reverse("profiles:lost_number")
LIST = reverse("profiles:area_numbers")
OLD, NEW = "254711000111", "254722000222"


def owner(**fields):
    place = fields.pop("sub_county", None) or make.sub_county()
    return make.officer(
        **{
            "phone": OLD,
            "full_name": "Wanjikũ Ng'ang'a Mũthoni",
            "national_id": "30000001",
            "sub_county": place,
            **fields,
        }
    )


def asked(officer, *, phone=NEW, payee_too=False, **fields):
    """A request as the page leaves it: matching, and not proven yet."""
    return NumberChange.objects.create(
        officer=officer,
        road="lost",
        old_phone=officer.phone,
        new_phone=phone,
        payee_too=payee_too,
        why="Phone stolen",
        **fields,
    )


def proven(officer, **fields):
    return asked(officer, **{"status": "proven", "proven_at": timezone.now(), **fields})


def without_tokens(text):
    """Of a page, what does not differ each time: no references, no tokens against forgery."""
    return re.sub(r'[0-9a-f-]{36}|value="\w{64}"', "", text)


class Asking(WebTest):
    def setUp(self):
        self.officer = owner()
        self.typed = {
            "old_phone": "0711 000 111",
            "national_id": "30 000 001",
            "full_name": "wanjiku nganga",
            "new_phone": "0722 000 222",
            "payee_too": "no",
            "why": "The phone was stolen in Kisii",
        }

    def ask(self, **changed):
        form = form_with(self.app.get(URL), "old_phone")
        for name, value in (self.typed | changed).items():
            form[name] = value
        return form.submit(expect_errors=True)

    def type(self, page, code):
        form = form_with(page, "code")
        form["code"] = code
        return form.submit()

    def prove(self, **changed):
        page = self.ask(**changed).follow()
        return self.type(page, code_to(NEW)).follow()

    # It works, and says the same to everybody

    def test_a_matching_request_that_is_proven_waits_for_a_decision(self):
        page = self.prove()

        assert "We have your request" in page
        change = NumberChange.objects.get()
        assert (change.officer, change.status) == (self.officer, ChangeStatus.PROVEN)
        assert (change.old_phone, change.new_phone, change.payee_too) == (OLD, NEW, False)
        assert change.code_hash == ""
        self.officer.user.refresh_from_db()
        assert self.officer.user.phone == OLD

    def test_the_old_number_hears_of_it_once_a_day_when_it_is_proven(self):
        page = self.ask().follow()
        assert texts_to(OLD) == []
        self.type(page, code_to(NEW))

        assert texts_to(OLD) == ["profiles/number_asked"]
        assert "0722...22" in Message.objects.get(to=OLD).text
        make.time_passes(hours=2)
        self.prove()
        assert texts_to(OLD) == ["profiles/number_asked"]

    def test_strangers_see_the_same_pages_as_owners(self):
        """A wrong number, ID or name is like none at all, page by page."""

        def walk(**changed):
            NumberChange.objects.all().delete()
            make.time_passes(days=2)
            pages = [self.ask(**changed).follow()]
            pages.append(self.type(pages[0], another(code_to(NEW))))
            pages.append(self.type(pages[0], code_to(NEW)).follow())
            pages.append(self.app.get(pages[0].request.path))
            return [without_tokens(page.text) for page in pages]

        seen = walk()
        for changed in (
            {"old_phone": "0711 000 112"},
            {"national_id": "30000002"},
            {"full_name": "Barasa Wafula"},
        ):
            assert walk(**changed) == seen, changed
        assert not NumberChange.objects.filter(officer=self.officer).exists()

    def test_asking_takes_the_same_work_for_owners_and_strangers(self):
        counts = []
        for national_id in ("30000001", "30000002"):
            make.time_passes(days=2)
            self.ask()
            make.time_passes(days=2)
            with CaptureQueriesContext(connection) as queries:
                self.ask(national_id=national_id)
            counts.append(len(queries))
        assert counts[0] == counts[1]

    def test_a_request_for_nobody_keeps_nothing_that_was_typed(self):
        self.prove(national_id="30000002")

        change = NumberChange.objects.get()
        kept = str(NumberChange.objects.values())
        assert (change.officer, change.status) == (None, ChangeStatus.PROVEN)
        for typed in (OLD, "30000002", "30000001", "wanjiku", "stolen"):
            assert typed not in kept
        assert not Entry.objects.exists()
        assert texts_to(OLD) == []

    def test_people_leave_out_names_and_accents(self):
        for name, found in {
            "Muthoni Wanjiku": True,
            "WANJIKU NG’ANG’A MUTHONI": True,
            "Wanjiku": False,
            "Wanjiku Otieno": False,
        }.items():
            make.time_passes(days=2)
            self.ask(full_name=name)
            assert (NumberChange.objects.latest("pk").officer is not None) == found, name

    def test_a_switched_off_account_is_no_account(self):
        User.objects.filter(pk=self.officer.user_id).update(is_active=False)
        self.ask()

        assert NumberChange.objects.get().officer is None

    def test_texts_come_in_the_language_of_the_page(self):
        self.app.set_cookie("language", "sw")
        self.ask()

        assert NumberChange.objects.get().language == "sw"

    def test_an_officer_with_a_second_account_finds_its_number_filled_in(self):
        second = make.bare_officer(phone=NEW)

        form = form_with(self.app.get(URL, user=second.user), "old_phone")

        assert form["new_phone"].value == "0722 000 222"

    # What is refused

    def test_input_is_refused_by_the_field_and_nothing_typed_is_lost(self):
        for field, value, said in (
            ("old_phone", "22262", "too short"),
            ("new_phone", "0711000111", "the lost number again"),
            ("national_id", "12AB", "6 to 9 digits"),
            ("full_name", "12345", "Use only letters"),
            ("why", "", "Say what became of the old number"),
        ):
            page = self.ask(**{field: value})
            assert said in page.html.find(id=f"id_{field}_error").text
            assert form_with(page, "why")["old_phone"].value
            assert form_with(page, "why")[field].value == value
        assert not NumberChange.objects.exists()

    def test_limits_come_before_anything_is_written(self):
        for _n in range(2):
            page = self.ask()
        assert page.status_code == 429
        assert int(page.headers["Retry-After"]) > 0
        assert "Too many tries. Try again in" in page
        assert form_with(page, "why")["why"].value == self.typed["why"]
        assert NumberChange.objects.count() == Message.objects.count() == 1

    def test_one_address_asks_only_so_often(self):
        for n in range(20):
            assert self.ask(new_phone=f"07220003{n:02}").status_code == 302
        assert "Too many tries" in self.ask(new_phone="0722000399")
        assert NumberChange.objects.count() == 20

    def test_nobody_gets_in_by_guessing_a_reference(self):
        for reference in (uuid4(), "0" * 32, "x", "1"):
            url = f"{URL}{reference}/"
            assert self.client.get(url).status_code == 404
            assert self.client.post(url, {"code": "123456"}).status_code == 404
            assert self.client.post(f"{url}again/").status_code == 404

    def test_an_officers_own_request_has_no_public_page(self):
        change = numbers.ask(self.officer, phone=NEW, payee_too=False, by=self.officer.user)

        url = reverse("profiles:lost_number_code", args=[change.reference])
        assert self.client.get(url).status_code == 404

    def test_a_code_of_another_request_opens_nothing(self):
        one = self.ask().follow()
        first = code_to(NEW)
        make.time_passes(minutes=2)
        two = self.ask(national_id="30000002").follow()
        second = code_to(NEW)

        if first != second:
            assert "not the code" in self.type(one, second)
            assert "not the code" in self.type(two, first)
        assert "We have your request" in self.type(one, first).follow()

    def test_a_new_code_can_be_asked_for(self):
        page = self.ask().follow()
        code_to(NEW)
        make.time_passes(minutes=2)
        action = f"{page.request.path}again/"
        page = form_of(page, action).submit().follow()

        assert "A new code is on its way." in page
        assert "We have your request" in self.type(page, code_to(NEW)).follow()
        assert texts_to(NEW) == ["profiles/number_code"] * 2

    # Whose request counts

    def test_the_latest_proof_counts_for_an_account_and_for_a_number(self):
        self.prove(national_id="30000002")  # a slip of the finger
        make.time_passes(days=2)
        self.prove()
        make.time_passes(days=2)
        page = self.ask(new_phone="0722 000 333").follow()
        self.type(page, code_to("254722000333"))

        statuses = NumberChange.objects.order_by("pk").values_list("status", flat=True)
        assert list(statuses) == ["expired", "expired", "proven"]
        assert NumberChange.objects.waiting().get().new_phone == "254722000333"

    def test_a_request_that_nobody_proved_claims_nothing(self):
        self.prove()
        make.time_passes(days=2)
        self.ask(new_phone="0722 000 333")
        self.ask(new_phone="0722 000 334")

        assert NumberChange.objects.waiting().get().new_phone == NEW


class Deciding(TestCase):
    def setUp(self):
        self.place = make.sub_county()
        self.officer = owner(sub_county=self.place)
        make.work(self.officer, institution="Mwangaza Primary School")
        self.director = make.director(self.place)
        self.change = proven(self.officer)
        make.sign_in(self.client, self.director)

    def url(self, what, change=None):
        return reverse(f"profiles:{what}_number", args=[(change or self.change).pk])

    def decide(self, what, reason="Came with the ID card", change=None):
        return self.client.post(self.url(what, change), {"reason": reason}, follow=True)

    def phone(self):
        return User.objects.get(pk=self.officer.user_id).phone

    # What is seen

    def test_the_list_shows_what_is_needed_and_no_number_in_full(self):
        RegisterEntry.objects.create(
            register="id", number="30000001", national_id="30000001", name="Wanjiku Nganga"
        )
        User.objects.filter(pk=self.officer.user_id).update(last_login=make.moment("2025-03-04"))
        Entry.objects.create(
            verb="officer.vetted",
            subject_type="profiles.officer",
            subject_id=self.officer.pk,
            at=make.moment("2025-02-03"),
        )
        text = self.client.get(LIST).text

        for fact in (
            "Wanjikũ Ng&#x27;ang&#x27;a Mũthoni",
            "Mwangaza Primary School",
            "•••••111",
            "•••••222",
            "•••••001",
            "Phone stolen",
            "4 March 2025",
            "3 February 2025",
            "as Wanjiku Nganga",
        ):
            assert fact in text
        for number in ("30000001", OLD, NEW, "0711000111", "711000111", "722000222"):
            assert number not in text

    def test_the_oldest_stands_first_and_only_what_is_proven_is_there(self):
        older = proven(
            make.officer(sub_county=self.place),
            phone="254722000301",
            proven_at=timezone.now() - timedelta(days=3),
        )
        asked(make.officer(sub_county=self.place), phone="254722000302")
        NumberChange.objects.create(
            road="lost", new_phone="254722000303", status="proven", proven_at=timezone.now()
        )

        page = self.client.get(LIST)

        assert [change.pk for change in page.context["page"].object_list] == [
            older.pk,
            self.change.pk,
        ]

    def test_one_or_many_take_as_many_queries(self):
        with CaptureQueriesContext(connection) as few:
            self.client.get(LIST)
        for n in range(9):
            officer = make.officer(sub_county=self.place)
            make.work(officer)
            proven(officer, phone=f"25472200040{n}")
        with CaptureQueriesContext(connection) as many:
            assert len(self.client.get(LIST).context["page"].object_list) == 10

        assert len(many) == len(few) <= 8

    def test_other_requests_for_the_account_are_pointed_out(self):
        for n in range(2):
            asked(self.officer, phone=f"25472200050{n}")

        assert "There were 2 other requests for this account" in self.client.get(LIST).text

    def test_the_first_page_counts_them(self):
        page = self.client.get(reverse("area"))

        assert page.context["waiting"]["numbers"] == 1
        assert f'href="{LIST}"' in page.text

    def test_an_empty_list_says_so(self):
        NumberChange.objects.all().delete()

        assert "Nobody waits" in self.client.get(LIST).text

    # Approval

    def test_approval_moves_the_account_and_texts_a_password_to_the_new_number(self):
        page = self.decide("approve")

        assert "signs in with the new number now" in page.text
        self.change.refresh_from_db()
        assert self.change.status == ChangeStatus.DONE
        assert (self.change.decided_by, self.change.decision) == (
            self.director,
            "Came with the ID card",
        )
        user = User.objects.get(pk=self.officer.user_id)
        assert (user.username, user.phone) == (NEW, NEW)
        assert texts_to(OLD) == ["profiles/number_left"]
        assert texts_to(NEW) == ["accounts/password"]
        code_less = Message.objects.get(template="accounts/password")
        assert code_less.context == {"user": user.pk}
        entry = Entry.objects.get(verb="number.changed")
        assert (entry.actor, entry.subject_id) == (self.director, self.officer.pk)
        assert entry.details["reason"] == "Came with the ID card"

    def test_the_texted_password_signs_in_with_the_new_number_and_old_sessions_are_over(self):
        browser = self.client_class()
        browser.force_login(self.officer.user)
        self.decide("approve")
        numbers.sms.services.send_due("credentials")
        password = re.search(r"\w{5}-\w{5}", memory.outbox[-1].text)[0]

        assert browser.get(reverse("home"))["Location"].startswith(reverse("accounts:login"))
        login = {"username": "0722 000 222", "password": password}
        assert browser.post(reverse("accounts:login"), login).status_code == 302
        browser.logout()
        login["username"] = OLD
        assert browser.post(reverse("accounts:login"), login).status_code == 200

    def test_pay_stays_or_moves_as_was_asked(self):
        self.decide("approve")
        self.officer.refresh_from_db()
        assert (self.officer.payee_phone, self.officer.payee_changed_at) == (OLD, None)

        other = make.officer(sub_county=self.place, phone="254711000999")
        change = proven(other, phone="254722000999", payee_too=True)
        self.decide("approve", change=change)

        other.refresh_from_db()
        assert other.payee_phone == "254722000999"
        assert other.payee_settles_at > timezone.now() + timedelta(hours=71)
        assert "profiles/payee_changed" in texts_to("254711000999")

    def test_an_empty_second_account_with_the_new_number_makes_way(self):
        second = make.bare_officer(phone=NEW)
        assert "which is closed if it is empty" in self.client.get(LIST).text

        self.decide("approve")

        second.refresh_from_db()
        assert second.merged_into == self.officer
        assert (second.user.is_active, second.user.phone) == (False, None)
        assert self.phone() == NEW
        assert Entry.objects.get(verb="officer.closed").details["into"] == self.officer.pk

    def test_a_second_account_that_is_in_use_does_not_make_way(self):
        for second in (
            make.officer(phone=NEW),
            make.bare_officer(phone="254722000333", national_id="30000009"),
        ):
            NumberChange.objects.all().delete()
            change = proven(self.officer, phone=second.phone)

            page = self.decide("approve", change=change)

            assert "Headquarters must first make the two accounts one" in page.text
            second.user.refresh_from_db()
            assert second.user.is_active
        bare = make.bare_officer(phone="254722000444")
        make.application(officer=bare)
        NumberChange.objects.all().delete()
        page = self.decide("approve", change=proven(self.officer, phone=bare.phone))
        assert "Headquarters must first make the two accounts one" in page.text
        assert self.phone() == OLD

    def test_the_account_of_an_office_does_not_make_way(self):
        make.director(make.sub_county(), phone=NEW)

        assert "Headquarters must first" in self.decide("approve").text
        assert self.phone() == OLD

    def test_a_page_left_open_says_that_it_is_too_late(self):
        self.decide("approve")

        for what in ("approve", "refuse"):
            for answer in (self.client.get(self.url(what), follow=True), self.decide(what)):
                assert "waits no more: done." in answer.text
        assert Entry.objects.filter(verb="number.changed").count() == 1
        unproven = asked(self.officer, phone="254722000888")
        assert self.client.get(self.url("approve", unproven)).status_code == 404

    def test_a_number_that_was_changed_meanwhile_is_not_changed_again(self):
        own = numbers.ask(self.officer, phone="254722000777", payee_too=False, by=self.director)
        numbers.complete(own, code=code_to("254722000777"), by=self.officer.user)

        self.change.refresh_from_db()
        assert self.change.status == ChangeStatus.EXPIRED
        with pytest.raises(Refused, match="is expired, so it cannot be done"):
            numbers.approve(self.change, reason="x", by=self.director)
        assert self.phone() == "254722000777"

    # Refusal

    def test_refusal_changes_nothing_and_tells_the_new_number_why(self):
        NumberChange.objects.update(language="sw")
        page = self.decide("refuse", reason="Bring your ID card.")

        assert "the new number is told why" in page.text
        self.change.refresh_from_db()
        assert self.change.status == ChangeStatus.REFUSED
        assert self.phone() == OLD
        told = Message.objects.get()
        assert (told.to, told.template) == (NEW, "profiles/number_refused")
        assert "Bring your ID card." in told.text
        assert Entry.objects.get(verb="number.refused").details["reason"] == "Bring your ID card."

    def test_a_reason_must_be_given_either_way(self):
        for what in ("approve", "refuse"):
            assert "Say why" in self.decide(what, reason=" ").text
        self.change.refresh_from_db()
        assert self.change.status == ChangeStatus.PROVEN
        assert not Message.objects.exists()

    # Who is kept out

    def test_nobody_else_sees_or_decides(self):
        for user in (
            make.director(make.sub_county()),
            make.director(self.place, Office.SCDE),
            make.centre(make.station()),
            make.officer().user,
            self.officer.user,
            make.user(),
        ):
            make.sign_in(self.client, user)
            page = self.client.get(LIST)
            assert page.status_code == 404 or not page.context["page"].object_list
            for what in ("approve", "refuse"):
                assert self.client.get(self.url(what)).status_code == 404
                assert self.decide(what).status_code == 404
        self.change.refresh_from_db()
        assert self.change.status == ChangeStatus.PROVEN

    def test_the_service_itself_refuses_whoever_may_not(self):
        for by in (
            make.director(make.sub_county()),
            make.director(self.place, Office.SCDE),
            make.user(),
            self.officer.user,
        ):
            for decide in (numbers.approve, numbers.refuse):
                with pytest.raises(Refused, match="own sub-county, or the helpdesk"):
                    decide(self.change, reason="x", by=by)

    def test_nobody_decides_about_a_number_of_their_own(self):
        for phone in (OLD, NEW):
            User.objects.filter(pk=self.officer.user_id).update(phone="254700000000")
            self.director.phone = phone
            self.director.save()
            for what in ("approve", "refuse"):
                assert "Somebody else must decide" in self.decide(what).text
        self.change.refresh_from_db()
        assert self.change.status == ChangeStatus.PROVEN

    def test_each_status_is_decided_from_or_not(self):
        for status in ChangeStatus:
            change = NumberChange(status=status)
            may = ChangeStatus.REFUSED in NumberChange.MOVES.get(change.status, [])
            assert may == (status == ChangeStatus.PROVEN)


class TheHelpdesk(TestCase):
    def setUp(self):
        self.officer = owner(vetting=Vetting.PENDING)
        self.change = proven(self.officer)
        self.list = reverse("admin:profiles_numberchange_changelist")

    def sign_in(self, group):
        user = make.user()
        user.groups.set(numbers_group(group))
        make.sign_in(self.client, user)
        return user

    def act(self, action, reason="Called the TSC office"):
        return make.act(self.client, self.list, action, self.change, reason=reason)

    def test_it_approves_with_a_reason(self):
        by = self.sign_in("Helpdesk")

        page = self.act("approve")

        assert "Done" in page.text
        self.change.refresh_from_db()
        assert (self.change.status, self.change.decided_by) == (ChangeStatus.DONE, by)
        assert User.objects.get(pk=self.officer.user_id).phone == NEW

    def test_it_refuses_with_a_reason_and_not_without(self):
        self.sign_in("Helpdesk")

        assert "Enter the reason" in self.act("refuse", reason="").text
        self.change.refresh_from_db()
        assert self.change.status == ChangeStatus.PROVEN
        self.act("refuse")
        self.change.refresh_from_db()
        assert self.change.status == ChangeStatus.REFUSED

    def test_auditors_look_and_others_do_not_even_that(self):
        self.sign_in("Auditor")
        assert self.client.get(self.list).status_code == 200
        self.act("approve")
        for group in ("Deployment", "Finance preparer", "Finance approver"):
            self.sign_in(group)
            assert self.client.get(self.list).status_code == 404
            assert self.act("approve").status_code == 404
        self.change.refresh_from_db()
        assert self.change.status == ChangeStatus.PROVEN

    def test_requests_for_nobody_and_the_codes_hash_are_not_shown(self):
        nobody = NumberChange.objects.create(road="lost", new_phone="254722000303")
        NumberChange.objects.filter(pk=self.change.pk).update(status="asked", proven_at=None)
        NumberChange.objects.filter(pk=self.change.pk).update(
            code_hash="f" * 64, code_sent_at=timezone.now()
        )
        self.sign_in("Helpdesk")

        listed = self.client.get(self.list)
        assert [row.pk for row in listed.context["cl"].result_list] == [self.change.pk]
        assert NEW not in listed.text
        row = self.client.get(
            reverse("admin:profiles_numberchange_change", args=[self.change.pk])
        ).text
        assert "f" * 64 not in row
        assert str(self.change.reference) not in row
        assert Entry.objects.filter(verb="officer.viewed", subject_id=self.officer.pk).exists()
        gone = reverse("admin:profiles_numberchange_change", args=[nobody.pk])
        assert self.client.get(gone).status_code == 404

    def test_no_hash_or_number_can_be_guessed_through_the_address(self):
        self.sign_in("Helpdesk")
        for query in ("code_hash__startswith=f", "new_phone__startswith=2547"):
            assert self.client.get(f"{self.list}?{query}").status_code in {302, 400}

    def test_the_helpdesk_finds_who_typed_a_number_of_another_account(self):
        bare = make.bare_officer()
        with pytest.raises(Refused):
            numbers.services.save_personal(bare, by=bare.user, national_id="30000001")
        self.sign_in("Helpdesk")

        url = reverse("admin:profiles_officer_changelist")
        found = self.client.get(url, {"clashed": "yes"}).context["cl"].result_list

        assert [officer.pk for officer in found] == [bare.pk]


def numbers_group(name):
    from django.contrib.auth.models import Group

    return Group.objects.filter(name=name)


class Time(TestCase):
    def tidy_after(self, **delta):
        with time_machine.travel(timezone.now() + timedelta(**delta)):
            return numbers.tidy()

    def test_what_nobody_decided_expires_after_two_weeks(self):
        change = proven(owner())

        assert self.tidy_after(days=13, hours=23) == 0
        assert self.tidy_after(days=14, minutes=1) == 1
        change.refresh_from_db()
        assert change.status == ChangeStatus.EXPIRED
        assert Entry.objects.get().verb == "number.expired"

    def test_what_nobody_proved_expires_after_a_day_for_owners_and_strangers_alike(self):
        for officer in (owner(), None):
            known = {"officer": officer, "old_phone": OLD} if officer else {}
            change = NumberChange.objects.create(road="lost", new_phone=NEW, **known)
            assert self.tidy_after(days=1, minutes=1) == 1
            page = self.client.get(reverse("profiles:lost_number_code", args=[change.reference]))
            assert "This request is over" in page.text

    def test_a_request_for_nobody_is_gone_after_two_weeks(self):
        NumberChange.objects.create(
            road="lost", new_phone=NEW, status="proven", proven_at=timezone.now()
        )
        kept = proven(owner(), phone="254722000333")

        self.tidy_after(days=14, minutes=1)

        assert NumberChange.objects.get() == kept

    def test_after_two_weeks_no_reference_opens_a_page(self):
        change = proven(owner())
        url = reverse("profiles:lost_number_code", args=[change.reference])
        assert self.client.get(url).status_code == 200

        with time_machine.travel(timezone.now() + timedelta(days=14, minutes=1)):
            assert self.client.get(url).status_code == 404

    def test_a_refusal_does_not_show_on_the_page_of_the_request(self):
        change = proven(owner())
        url = reverse("profiles:lost_number_code", args=[change.reference])
        before = without_tokens(self.client.get(url).text)
        numbers.refuse(change, reason="x", by=make.director(change.officer.sub_county))

        assert without_tokens(self.client.get(url).text) == before


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
class TestAtTheSameMoment:
    def test_two_directors_approve_at_once_and_one_has_done_it(self):
        change = proven(owner())
        place = change.officer.sub_county
        people = [make.director(place), make.director(place)]

        done, refused = split(
            at_once(*(lambda by=by: numbers.approve(change, reason="x", by=by) for by in people))
        )

        assert len(done) == len(refused) == 1
        assert "is done, so it cannot be done" in str(refused[0])
        assert Entry.objects.filter(verb="number.changed").count() == 1
        assert texts_to(NEW) == ["accounts/password"]

    def test_one_approves_while_another_refuses(self):
        change = proven(owner())
        place = change.officer.sub_county
        people = [make.director(place), make.director(place)]

        done, refused = split(
            at_once(
                lambda: numbers.approve(change, reason="x", by=people[0]),
                lambda: numbers.refuse(change, reason="x", by=people[1]),
            )
        )

        assert len(done) == len(refused) == 1
        change.refresh_from_db()
        moved = Officer.objects.get(pk=change.officer_id).phone == NEW
        assert moved == (change.status == ChangeStatus.DONE)

    def test_two_people_prove_the_same_new_number_at_once_and_one_waits(self):
        changes = [asked(make.officer()) for _ in range(4)]
        codes = []
        for change in changes:
            numbers.sms.services.send_code(NEW, numbers.CODE, change=change.pk)
            codes.append(code_to(NEW))

        done, refused = split(
            at_once(
                *(
                    lambda c=change, k=code: numbers.prove(c, code=k)
                    for change, code in zip(changes, codes, strict=True)
                )
            )
        )

        assert (len(done), refused) == (4, [])
        statuses = sorted(NumberChange.objects.values_list("status", flat=True))
        assert statuses == ["expired", "expired", "expired", "proven"]

    def test_one_account_is_asked_for_from_two_phones_at_once_and_one_request_waits(self):
        officer = owner()
        acts = []
        for n in range(4):
            change = asked(officer, phone=f"25472200060{n}")
            numbers.sms.services.send_code(change.new_phone, numbers.CODE, change=change.pk)
            code = code_to(change.new_phone)
            acts.append(lambda c=change, k=code: numbers.prove(c, code=k))

        done, refused = split(at_once(*acts))

        assert (len(done), refused) == (4, [])
        assert NumberChange.objects.waiting().count() == 1

    def test_somebody_registers_with_the_new_number_while_it_is_approved(self):
        for n in range(4):
            officer = make.officer()
            phone = f"25472200070{n}"
            change = proven(officer, phone=phone)
            by = make.director(officer.sub_county)

            results = at_once(
                lambda c=change, b=by: numbers.approve(c, reason="x", by=b),
                lambda p=phone: numbers.services.register(p, language="en"),
            )

            split(results)
            assert User.objects.filter(phone=phone).count() == 1
