"""What an exam pays is confirmed by a finance approver, and changed by two from then on."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.test import TestCase, TransactionTestCase
from django.urls import reverse
from django_webtest import WebTest

from accounts.models import Entry
from accounts.services import record
from accounts.tests import people
from catalogue.models import PositionTerms
from claims.models import MarkingRate, TaxRule
from cp2.rights import pages, rates, reviewing
from cp2.rights.models import RateProposal, RatesSeen
from cp2.rules import Refused
from cp2.tests import make
from cp2.tests.races import at_once, split


def at(exam):
    return reverse("admin:rights_rates_of", args=[exam.pk])


class Pages(WebTest):
    def setUp(self):
        self.position = make.position("SUP")
        self.last = make.exam(code=3, year=2024)
        self.exam = make.exam(code=3, year=2025)
        make.terms(self.last, self.position, daily_rate=Decimal(680))
        self.terms = make.terms(self.exam, self.position, daily_rate=Decimal(700))
        TaxRule.objects.create(exam=self.exam, rate=5, above=24_000)

    def enter(self, group):
        user = people.staff(group)
        people.app(user)
        page = people.enter(self.app, user, next="/admin/")
        people.fill(page, "code", make.code(user))
        return user

    def confirm(self):
        page = self.app.get(at(self.exam))
        form = next(form for form in page.forms.values() if "seen" in form.fields)
        return form.submit().follow()

    def test_an_approver_confirms_what_differs_from_last_year(self):
        by = self.enter("Finance approver")
        index = self.app.get("/admin/")
        assert "Nobody has confirmed yet what KCSE 2025 pays." in index
        page = self.app.get(reverse("admin:rights_rates")).click("2025/3")
        assert "Daily rate, KES: <b>700.00</b> (was 680.00)" in page
        assert "24,000.00" in page
        page = self.confirm()
        assert "The rates of KCSE 2025 are confirmed." in page
        seen = RatesSeen.objects.get()
        assert (seen.exam, seen.seen_by) == (self.exam, by)
        entry = Entry.objects.about(self.exam).get(verb="rates.confirmed")
        assert entry.actor == by
        assert entry.details["paid"][str(self.position)][0] == "700.00"
        assert [exam for exam, _at in reviewing.unseen()] == [self.last]
        assert "Confirmed by" in self.app.get(at(self.exam))

    def test_others_look_and_cannot_confirm(self):
        for group in ("Finance preparer", "Deployment", "Auditor"):
            user = self.enter(group)
            page = self.app.get(at(self.exam))
            assert "Not confirmed yet" in page
            assert "These rates are right" not in page
            token = page.forms["logout-form"]["csrfmiddlewaretoken"].value
            posted = {"seen": reviewing.seen_now(self.exam), "csrfmiddlewaretoken": token}
            self.app.post(at(self.exam), posted, status=404)
            assert not RatesSeen.objects.exists(), user
            self.app.reset()
        self.enter("Helpdesk")
        self.app.get(at(self.exam), status=404)
        self.app.get(reverse("admin:rights_rates"), status=404)

    def test_nobody_confirms_what_they_typed(self):
        by = self.enter("Finance approver")
        rate = MarkingRate.objects.create(
            exam=self.exam,
            position=make.position("EX"),
            coordination_fee=1,
            basic_fee=2,
            script_fee=3,
        )
        record("marking_rate.changed", rate, by=by)
        page = self.app.get(at(self.exam))
        assert "You typed some of these rates" in page
        assert "These rates are right" not in page

    def test_what_was_changed_meanwhile_is_looked_at_once_more(self):
        self.enter("Finance approver")
        page = self.app.get(at(self.exam))
        PositionTerms.objects.filter(pk=self.terms.pk).update(daily_rate=7000)
        form = next(form for form in page.forms.values() if "seen" in form.fields)
        page = form.submit().follow()
        assert "Somebody changed these rates meanwhile" in page
        assert "7,000.00" in page
        assert not RatesSeen.objects.exists()

    def test_a_confirmed_rate_waits_for_a_second_person_though_nobody_is_deployed(self):
        RatesSeen.objects.create(exam=self.exam, seen_by=make.user())
        self.enter("Deployment")
        url = reverse("admin:catalogue_positionterms_change", args=[self.terms.pk])
        form = self.app.get(url).forms["positionterms_form"]
        form["daily_rate"], form["why"] = "900", "A circular"
        assert "The rate waits for a second person" in form.submit("_save").follow()
        self.terms.refresh_from_db()
        assert self.terms.daily_rate == 700
        assert RateProposal.objects.get().wanted == {"daily_rate": "900"}


class Rules(TestCase):
    def test_confirming_twice_is_once(self):
        exam, by = make.exam(), people.staff("Finance approver")
        make.terms(exam, make.position("SUP"))
        for _time in range(2):
            reviewing.confirm(exam, seen=reviewing.seen_now(exam), by=by)
        assert Entry.objects.filter(verb="rates.confirmed").count() == 1

    def test_an_exam_without_terms_has_nothing_to_confirm(self):
        exam, by = make.exam(), people.staff("Finance approver")
        with self.assertRaisesMessage(Refused, "No position of this exam has terms yet."):
            reviewing.confirm(exam, seen=reviewing.seen_now(exam), by=by)

    def test_an_exam_is_confirmed_by_one(self):
        seen = RatesSeen.objects.create(exam=make.exam(), seen_by=make.user())
        with pytest.raises(IntegrityError), transaction.atomic():
            RatesSeen.objects.create(exam=seen.exam, seen_by=make.user())

    def test_what_is_over_or_has_no_rates_alarms_nobody(self):
        make.exam()
        yesterday = make.today() - timedelta(days=1)
        over = make.exam(rehearsal_on=yesterday, starts_on=yesterday, ends_on=yesterday)
        make.terms(over, make.position("SUP"))
        assert not [a for a in pages.alarms(people.staff("Finance approver")) if "pays" in a.text]


class Races(TransactionTestCase):
    serialized_rollback = True

    def test_two_confirm_at_once(self):
        exam = make.exam()
        make.terms(exam, make.position("SUP"))
        seen, two = reviewing.seen_now(exam), [people.staff("Finance approver") for _ in range(2)]
        done, refused = split(
            at_once(*(lambda by=by: reviewing.confirm(exam, seen=seen, by=by) for by in two))
        )
        assert (len(done), refused) == (2, [])
        assert RatesSeen.objects.count() == 1

    def test_a_rate_is_not_typed_while_all_are_confirmed(self):
        exam, by = make.exam(), people.staff("Finance approver")
        row = make.terms(exam, make.position("SUP"), daily_rate=Decimal(680))
        seen = reviewing.seen_now(exam)

        def type_it():
            with transaction.atomic():
                rates.hold(row)
                if not rates.rests_on(row):
                    PositionTerms.objects.filter(pk=row.pk).update(daily_rate=6800)

        split(at_once(type_it, lambda: reviewing.confirm(exam, seen=seen, by=by)))
        row.refresh_from_db()
        assert (row.daily_rate == 680) == RatesSeen.objects.exists()
