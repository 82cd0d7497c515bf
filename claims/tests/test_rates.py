"""What claims are computed with: who may set it, and that approved claims keep what they rest
on."""

from datetime import timedelta
from decimal import Decimal

from django.db import connection
from django.test import TestCase
from django.urls import reverse
from django_webtest import WebTest

from accounts.models import Entry
from catalogue.models import PositionTerms
from claims import services
from claims.models import Claim, MarkingRate, MarkingRecord, RateChange, TaxRule
from claims.tests import world
from claims.tests.test_database import refused
from cp2.rights import rates
from cp2.rights.models import RateProposal
from cp2.tests import make


def sql(statement, *params):
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


class Approved(TestCase):
    """An approved claim of three days of an invigilator."""

    def setUp(self):
        self.deployment = make.deployment()
        self.exam = self.deployment.post.exam
        self.terms = make.terms(self.exam, self.deployment.post.position)
        self.rule = TaxRule.objects.create(exam=self.exam, rate=5, above=24_000)
        for n in range(3):
            make.mark(self.deployment, self.exam.rehearsal_on + timedelta(days=n))
        services.prepare(self.exam)
        self.claim = Claim.objects.get()

    def approve(self):
        Claim.objects.update(status="verified", verified_by=make.user())
        Claim.objects.update(status="approved", approved_by=make.user())


class Frozen(Approved):
    def test_terms(self):
        PositionTerms.objects.update(daily_rate=560)  # nothing is approved yet
        PositionTerms.objects.update(daily_rate=550)
        self.approve()
        name = "terms_of_approved_claims_stand_still"
        for fields in ({"daily_rate": 551}, {"paid_days": ["theory"]}):
            with self.subTest(fields), refused(name):
                PositionTerms.objects.update(**fields)
        with refused(name):
            self.terms.delete()
        PositionTerms.objects.update(daily_rate=550, days_to_respond=9)

    def test_terms_of_another_position(self):
        self.approve()
        other = make.terms(self.exam, make.position("SUP"), daily_rate=680)
        assert PositionTerms.objects.filter(pk=other.pk).update(daily_rate=700)

    def test_change_of_a_rate_that_was_approved(self):
        change = RateChange.objects.create(
            terms=self.terms,
            from_day=self.exam.rehearsal_on,
            daily_rate=600,
            reason="A circular",
            by=make.user(),
        )
        services.prepare(self.exam)
        self.approve()
        for statement in (
            "UPDATE claims_ratechange SET daily_rate = 610",
            "UPDATE claims_ratechange SET from_day = from_day + 1",
            "DELETE FROM claims_ratechange",
        ):
            with self.subTest(statement), refused("rate_of_approved_claims_stands_still"):
                sql(statement)
        RateChange.objects.filter(pk=change.pk).update(reason="Circular 7")

    def test_rates_of_marking(self):
        rate = MarkingRate.objects.create(
            exam=self.exam,
            position=self.deployment.post.position,
            coordination_fee=150,
            basic_fee=1100,
            script_fee=55,
        )
        MarkingRecord.objects.create(
            exam=self.exam,
            deployment=self.deployment,
            coordination_days=2,
            scripts=10,
            travel=0,
            advance=0,
            signed=True,
            by=make.user(),
        )
        services.prepare(self.exam)
        self.approve()
        name = "marking_rates_of_approved_claims_stand_still"
        with refused(name):
            MarkingRate.objects.update(script_fee=60)
        with refused(name):
            rate.delete()
        MarkingRate.objects.update(script_fee=55)  # as it is

    def test_tax(self):
        self.approve()
        name = "tax_of_approved_claims_stands_still"
        with refused(name):
            TaxRule.objects.update(rate=6)
        with refused(name):
            self.rule.delete()
        TaxRule.objects.update(rate=5)

    def test_tax_that_comes_after_approval_is_an_adjustment_of_tax_alone(self):
        TaxRule.objects.all().delete()
        self.approve()
        TaxRule.objects.create(exam=self.exam, rate=5, above=1000)
        services.prepare(self.exam)

        adjustment = self.claim.adjustments.get()
        assert (adjustment.days, adjustment.gross) == (0, 0)
        assert (adjustment.tax, adjustment.net) == (Decimal("82.50"), Decimal("-82.50"))
        assert not adjustment.lines.exists()

    def test_changed_rate_makes_two_lines_and_of_an_approved_claim_an_adjustment(self):
        RateChange.objects.create(
            terms=self.terms,
            from_day=self.exam.rehearsal_on + timedelta(days=2),
            daily_rate=600,
            reason="A circular",
            by=make.user(),
        )
        services.prepare(self.exam)
        lines = self.claim.lines.order_by("rate").values_list("quantity", "rate")
        assert list(lines) == [(2, 550), (1, 600)]

        self.approve()
        RateChange.objects.create(
            terms=self.terms,
            from_day=self.exam.rehearsal_on + timedelta(days=1),
            daily_rate=580,
            reason="Another",
            by=make.user(),
        )
        services.prepare(self.exam)

        adjustment = self.claim.adjustments.get()
        lines = adjustment.lines.order_by("rate").values_list("quantity", "rate")
        assert list(lines) == [(-1, 550), (1, 580)]
        assert (adjustment.days, adjustment.net) == (0, 30)


class Pages(WebTest, Approved):
    def page(self, url, user):
        self.app.set_user(None)
        make.sign_in(self.client, user)
        self.app.set_cookie("session", self.client.cookies["session"].value)
        return self.app.get(url)

    def change_rate(self, rate="600", day=None, user=None):
        form = self.page(reverse("admin:claims_ratechange_add"), user or world.preparer()).forms[
            "ratechange_form"
        ]
        form["terms"].force_value(str(self.terms.pk))
        form["from_day"] = f"{day or self.exam.rehearsal_on + timedelta(days=1):%Y-%m-%d}"
        form["daily_rate"] = rate
        form["reason"] = "A circular"
        return form.submit()

    def confirm(self):
        """What one person proposed of money that rests on it, by another."""
        return rates.confirm(RateProposal.objects.latest("pk"), by=world.approver())

    def test_a_rate_is_changed_by_two_people_and_the_trail_says_so(self):
        self.change_rate().follow()
        assert not RateChange.objects.exists()
        self.confirm()

        entry = Entry.objects.get(verb="rate.changed")
        assert (entry.details["daily_rate"], entry.details["reason"]) == ("600", "A circular")
        assert RateChange.objects.exists()

    def test_how_many_approved_claims_it_touches_is_said_before_it_is_saved(self):
        self.approve()
        page = self.change_rate()

        assert "1 officer has an approved claim with days from then on" in page.text
        assert not RateChange.objects.exists()

        form = page.forms["ratechange_form"]
        form["seen"] = True
        form.submit().follow()
        self.confirm()
        assert RateChange.objects.get().daily_rate == 600

    def test_a_day_outside_the_exam_is_refused(self):
        page = self.change_rate(day=self.exam.ends_on + timedelta(days=1))
        assert "before the rehearsal or after the end" in page.text

    def test_what_is_no_rate_is_said_in_words(self):
        for typed in (
            "-1",
            "1e3",
            "1_0",
            "NaN",
            "Infinity",
            "-0",
            "1,000",
            "٥٠٠",
            "0.005",
            "9" * 12,
        ):
            with self.subTest(typed):
                page = self.change_rate(typed)
                assert page.context["adminform"].form.errors["daily_rate"]
        assert not RateChange.objects.exists()

    def test_terms_of_approved_claims_are_refused_beside_their_box(self):
        self.approve()
        url = reverse("admin:catalogue_positionterms_change", args=[self.terms.pk])
        form = self.page(url, world.staff("Deployment")).forms["positionterms_form"]
        form["daily_rate"] = "600"
        page = form.submit()

        assert page.context["adminform"].form.errors["daily_rate"] == [
            "Claims at this rate are approved: add a change of rate from a day instead."
        ]
        self.terms.refresh_from_db()
        assert self.terms.daily_rate == 550

    def test_tax_of_approved_claims_is_refused_beside_its_box(self):
        self.approve()
        url = reverse("admin:claims_taxrule_change", args=[self.rule.pk])
        form = self.page(url, world.preparer()).forms["taxrule_form"]
        form["rate"] = "6"
        assert form.submit().context["adminform"].form.errors["rate"] == [
            "Claims of this exam are approved, so what is withheld from them stays."
        ]

    def test_preparer_sets_rates_of_marking_and_nobody_else_does(self):
        add = reverse("admin:claims_markingrate_add")
        form = self.page(add, world.preparer()).forms["markingrate_form"]
        form["exam"].force_value(str(self.exam.pk))
        form["position"].force_value(str(make.position("EXM").pk))
        form["coordination_fee"], form["basic_fee"], form["script_fee"] = "150", "1100", "55.50"
        form.submit().follow()
        assert MarkingRate.objects.get().script_fee == Decimal("55.50")
        assert Entry.objects.filter(verb="marking_rate.changed").exists()

        change = reverse("admin:claims_markingrate_change", args=[MarkingRate.objects.get().pk])
        form = self.page(change, world.preparer()).forms["markingrate_form"]
        form["script_fee"] = "56"
        form.submit().follow()
        details = Entry.objects.filter(verb="marking_rate.changed").first().details
        assert (details["was"]["script_fee"], details["script_fee"]) == ("55.50", "56")

        for user in (world.staff("Deployment"), world.staff("Auditor"), world.staff("Helpdesk")):
            make.sign_in(self.client, user)
            assert self.client.get(add).status_code in (403, 404)
