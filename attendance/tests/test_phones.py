"""Phones that a centre registers for marking by text."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_webtest import WebTest

from accounts.models import Entry
from attendance import services
from attendance.models import CentrePhone, Mark
from attendance.tests import world
from attendance.tests.test_texting import text
from cp2.tests import make
from cp2.tests.races import at_once, split
from sms.models import Message


class Registering(WebTest):
    def setUp(self):
        self.centre = world.centre(officers=2)
        self.phone = make.phone()

    def code(self):
        page = self.app.get(self.centre.url("phone"), user=self.centre.user)
        form = next(f for f in page.forms.values() if "acting_name" in f.fields)
        form["acting_name"] = "Barasa Wafula"
        return form.submit().context["code"]

    def test_code_from_the_phone_registers_it_and_it_marks(self):
        code = self.code()

        answer = text(self.phone, f"CENTRE {code}")

        assert "this phone marks for" in answer
        found = CentrePhone.objects.get()
        assert (found.phone, found.code_hash) == (self.phone, "")
        verbs = ["phone.asked", "phone.registered"]
        entries = Entry.objects.filter(verb__in=verbs).order_by("pk")
        assert [entry.verb for entry in entries] == verbs
        assert Entry.objects.get(verb="phone.asked").acting_name == "Barasa Wafula"
        told = Message.objects.get(to=self.centre.deployments[0].officer.phone)
        assert "may now mark your centre's register" in told.text
        text(self.phone, "ABSENT 2")
        assert {mark.acting_name for mark in Mark.objects.all()} == {
            f"0{self.phone[3:6]} {self.phone[6:9]} {self.phone[9:]}"
        }

    def test_however_it_is_typed(self):
        for change in (
            str.lower,
            lambda code: code.replace(" ", ""),
            lambda c: c[:4] + "-" + c[5:],
        ):
            phone = make.phone()
            assert "this phone marks for" in text(phone, f"centre {change(self.code())}")
            CentrePhone.objects.all().delete()

    def test_code_rests_nowhere_in_clear(self):
        code = self.code()

        assert code.replace(" ", "").lower() not in str(CentrePhone.objects.values())
        page = self.app.get(self.centre.url("phone"), user=self.centre.user)
        assert code not in page.text

    def test_code_is_over_after_a_day_after_use_and_after_another(self):
        first = self.code()
        second = self.code()
        assert "wrong or over" in text(self.phone, f"CENTRE {first}")
        CentrePhone.objects.update(asked_at=timezone.now() - timedelta(hours=25))
        assert "wrong or over" in text(self.phone, f"CENTRE {second}")
        third = self.code()
        text(self.phone, f"CENTRE {third}")
        assert "wrong or over" in text(make.phone(), f"CENTRE {third}")
        assert CentrePhone.objects.confirmed().count() == 1

    def test_one_number_tries_five_codes_a_day(self):
        answers = [text(self.phone, f"CENTRE ABCD {n}") for n in range(6)]

        assert all("wrong or over" in answer for answer in answers[:5])
        assert answers[5] == ""
        assert text(self.phone, f"CENTRE {self.code()}") == ""

    def test_strange_words_are_no_code(self):
        for words in ["CENTRE", "CENTRE 🙂", "CENTRE " + "9" * 400]:
            assert "wrong or over" in text(make.phone(), words)

    def test_same_phone_again_stays_one(self):
        text(self.phone, f"CENTRE {self.code()}")
        text(self.phone, f"CENTRE {self.code()}")

        assert CentrePhone.objects.count() == 1

    def test_three_are_all_that_a_centre_may_have(self):
        for _n in range(3):
            text(make.phone(), f"CENTRE {self.code()}")

        page = self.app.get(self.centre.url("phone"), user=self.centre.user)

        assert "Show a code" not in page.text
        assert "acting_name" not in page.text

    def test_removed_phone_marks_nothing(self):
        text(self.phone, f"CENTRE {self.code()}")
        page = self.app.get(self.centre.url("phone"), user=self.centre.user)
        form = next(f for f in page.forms.values() if f.action.endswith("/remove/"))

        assert "The phone is removed" in form.submit().follow().text

        assert "marks no register" in text(self.phone, "PRESENT")
        assert not Mark.objects.exists()
        assert Entry.objects.get(verb="phone.removed").actor == self.centre.user

    def test_help_tells_a_centre_of_its_words_and_nobody_else(self):
        text(self.phone, f"CENTRE {self.code()}")

        assert "send PRESENT if all came" in text(self.phone, "HELP")
        assert "PRESENT" not in text(make.phone(), "HELP")

    def test_ten_phones_cost_as_many_queries_as_one(self):
        counts = []
        self.app.get(self.centre.url("phone"), user=self.centre.user)  # signed in from here on
        for n in (1, 9):
            for _n in range(n):
                self.centre.entry.phones.create(phone=make.phone(), confirmed_at=timezone.now())
            with CaptureQueriesContext(connection) as queries:
                self.app.get(self.centre.url("phone"), user=self.centre.user)
            counts.append(len(queries))
        assert counts[0] == counts[1] <= 8


class Elsewhere(TestCase):
    def test_phone_of_another_centre_is_not_there(self):
        centre, other = world.centre(officers=1), world.centre(officers=1)
        row = other.entry.phones.create(phone=make.phone(), confirmed_at=timezone.now())
        self.client.force_login(centre.user)

        assert self.client.post(centre.url("remove_phone", row.pk)).status_code == 404
        assert self.client.get(other.url("phone")).status_code == 404
        assert CentrePhone.objects.filter(pk=row.pk).exists()


@pytest.mark.django_db
class TestDatabase:
    def refused(self, constraint, **fields):
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            CentrePhone.objects.create(**fields)

    def test_one_code_waits_and_each_phone_stands_once(self):
        entry, other, now = make.entry(), make.entry(), timezone.now()
        CentrePhone.objects.create(entry=entry, code_hash="a")
        CentrePhone.objects.create(entry=entry, phone="254712345678", confirmed_at=now)

        self.refused("one_code_waits_per_centre", entry=entry, code_hash="b")
        self.refused("code_is_of_one_centre", entry=other, code_hash="a")
        self.refused("centre_has_a_phone_once", entry=entry, phone="254712345678", confirmed_at=now)

    def test_phone_is_proven_or_waits(self):
        entry = make.entry()
        self.refused("centre_phone_is_proven", entry=entry, phone="254712345678")
        self.refused("centre_phone_is_proven", entry=entry, code_hash="")
        self.refused(
            "centre_phone_is_proven",
            entry=entry, phone="254712345678", code_hash="x", confirmed_at=timezone.now(),
        )  # fmt: skip


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_two_phones_with_one_code_one_is_registered():
    centre = world.centre(officers=1)
    code = services.ask_code(centre.entry, by=centre.user, acting_name="Barasa Wafula")

    done, refused = split(
        at_once(
            *[
                lambda phone=phone: services.confirm_phone(phone, code=code)
                for phone in [make.phone() for _n in range(6)]
            ]
        )
    )

    assert (len(done), len(refused)) == (1, 5)
    assert CentrePhone.objects.confirmed().count() == 1
