"""A rate that somebody is deployed on is set and changed by two people."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest

from accounts.models import Entry
from accounts.tests import people
from catalogue.models import PositionTerms
from claims import services
from claims.models import Claim, MarkingRate, RateChange, TaxRule
from claims.tests.test_database import refused
from cp2.rights import rates
from cp2.rights.models import RateProposal
from cp2.rules import Refused
from cp2.tests import make
from cp2.tests.races import at_once, split


def preparer():
    return people.staff("Finance preparer")


def approver():
    return people.staff("Finance approver")


class Typing(WebTest):
    def setUp(self):
        self.deployment = make.deployment()
        self.exam, self.position = self.deployment.post.exam, self.deployment.post.position
        self.terms = make.terms(self.exam, self.position)
        self.empty = make.exam()  # nobody is deployed in it

    def enter(self, user):
        if not hasattr(user, "totpdevice"):
            people.app(user)
        page = people.enter(self.app, user, next="/admin/")
        people.fill(page, "code", make.code(user))
        return user

    def form(self, model, row=None):
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        url = reverse(f"{name}_change", args=[row.pk]) if row else reverse(f"{name}_add")
        return self.app.get(url).forms[f"{model._meta.model_name}_form"]

    def confirm(self, user=None):
        by = self.enter(user or approver())
        proposal = RateProposal.objects.latest("pk")
        page = self.app.get(reverse("admin:rights_rateproposal_change", args=[proposal.pk]))
        form = next(
            form
            for form in page.forms.values()
            if "act" in form.fields and form["act"].value == "confirm"
        )
        return by, page, form.submit().follow()

    def test_a_rule_of_tax_waits_and_then_holds(self):
        by = self.enter(preparer())
        form = self.form(TaxRule)
        form["exam"], form["rate"], form["above"] = self.exam.pk, "5", "24000"
        assert "Say why: a second person reads it." in form.submit("_save")
        form["why"] = "The law of July"
        page = form.submit("_save").follow()
        assert "The rate waits for a second person" in page
        assert "The law of July" in page
        assert not TaxRule.objects.exists()

        second, _page, page = self.confirm()
        assert "Confirmed" in page
        rule = TaxRule.objects.get()
        assert (rule.exam, rule.rate, rule.above) == (self.exam, 5, 24_000)
        entry = Entry.objects.about(rule).get(verb="tax_rule.changed")
        assert (entry.actor, entry.details["proposed_by"]) == (second, by.pk)

    def test_a_change_of_a_daily_rate_says_whom_it_touches_and_is_its_proposers(self):
        make.mark(self.deployment, self.exam.rehearsal_on)
        services.prepare(self.exam)
        Claim.objects.update(status="verified", verified_by=make.user())
        Claim.objects.update(status="approved", approved_by=make.user())
        by = self.enter(preparer())
        form = self.form(RateChange)
        form["terms"].force_value(self.terms.pk)
        form["from_day"], form["daily_rate"] = f"{self.exam.rehearsal_on}", "700"
        form["reason"], form["seen"] = "A circular", True
        form.submit("_save")
        assert not RateChange.objects.exists()

        _by, page, _after = self.confirm()
        assert "It touches the claim of 1 officer" in page
        assert "1 of these claims is approved" in page
        change = RateChange.objects.get()
        assert (change.by, change.daily_rate, change.reason) == (by, 700, "A circular")

    def test_terms_that_somebody_is_deployed_on_go_to_no_other_position_and_none_come(self):
        """Or else a rate that nobody confirmed would be put in the place of one that is paid."""
        self.enter(people.staff("Deployment"))
        other, free = make.position("SUP"), make.position("SEC")
        dear = make.terms(self.exam, other, daily_rate=5000)
        form = self.move(self.terms, free)
        assert "they stay where they are" in form.submit("_save")
        exam = reverse("admin:catalogue_exam_change", args=[self.exam.pk])
        form = self.app.get(exam).forms["exam_form"]
        row = next(n for n in range(2) if form[f"terms-{n}-id"].value == str(self.terms.pk))
        form[f"terms-{row}-position"] = free.pk
        assert "they stay where they are" in form.submit("_save")
        self.terms.refresh_from_db()
        assert self.terms.position == self.position

        PositionTerms.objects.filter(pk=self.terms.pk).update(position=free)
        form = self.move(dear, self.position)
        assert "they stay where they are" in form.submit("_save")
        PositionTerms.objects.filter(pk=self.terms.pk).update(position=self.position)
        self.move(dear, free).submit("_save")
        dear.refresh_from_db()
        assert dear.position == free

    def move(self, terms, position):
        form = self.form(PositionTerms, terms)
        form["position"].force_value(position.pk)
        return form

    def test_rates_of_marking_change_once_confirmed(self):
        rate = MarkingRate.objects.create(
            exam=self.exam,
            position=self.position,
            coordination_fee=150,
            basic_fee=1100,
            script_fee=55,
        )
        self.enter(preparer())
        form = self.form(MarkingRate, rate)
        form["script_fee"], form["why"] = "60", "Agreed with the unions"
        form.submit("_save")
        rate.refresh_from_db()
        assert rate.script_fee == 55
        page = self.app.get(reverse("admin:claims_markingrate_change", args=[rate.pk]))
        assert "A change waits for a second person" in page
        self.confirm()
        rate.refresh_from_db()
        assert (rate.script_fee, rate.basic_fee) == (60, 1100)
        entry = Entry.objects.about(rate).get(verb="marking_rate.changed")
        assert entry.details["was"] == {"script_fee": "55.00"}

    def test_the_daily_rate_of_terms_waits_and_what_is_no_money_is_saved(self):
        self.enter(people.staff("Deployment"))
        form = self.form(PositionTerms, self.terms)
        form["daily_rate"], form["days_to_respond"], form["why"] = "900", "9", "A circular"
        page = form.submit("_save").follow()
        assert "The rate waits for a second person" in page
        was = self.terms.daily_rate
        self.terms.refresh_from_db()
        assert (self.terms.daily_rate, self.terms.days_to_respond) == (was, 9)

        self.confirm()
        self.terms.refresh_from_db()
        assert self.terms.daily_rate == 900

    def test_the_exams_own_page_is_no_way_around(self):
        self.enter(people.staff("Deployment"))
        url = reverse("admin:catalogue_exam_change", args=[self.exam.pk])
        form = self.app.get(url).forms["exam_form"]
        name = next(n for n in form.fields if n and n.endswith("-daily_rate") and "__" not in n)
        form[name] = "900"
        page = form.submit("_save")
        assert "change it on the page of these terms" in page
        self.terms.refresh_from_db()
        assert self.terms.daily_rate != 900

    def test_before_anybody_is_deployed_rates_are_typed_freely(self):
        self.enter(approver())
        form = self.form(TaxRule)
        form["exam"], form["rate"], form["above"] = self.empty.pk, "5", "24000"
        form.submit("_save")
        assert TaxRule.objects.get().exam == self.empty
        self.enter(people.staff("Deployment"))
        terms = make.terms(self.empty, make.position("SUP"))
        form = self.form(PositionTerms, terms)
        form["daily_rate"] = "901"
        form.submit("_save")
        terms.refresh_from_db()
        assert terms.daily_rate == 901

    def test_whoever_proposed_finds_no_button(self):
        by = self.enter(approver())
        form = self.form(TaxRule)
        form["exam"], form["rate"], form["above"] = self.exam.pk, "5", "24000"
        form["why"] = "x"
        page = form.submit("_save").follow()
        assert 'value="Confirm"' not in page
        assert "someone else must decide" in page
        with pytest.raises(Refused):
            rates.confirm(RateProposal.objects.get(), by=by)
        assert not TaxRule.objects.exists()

    def test_one_change_of_a_rate_waits_at_a_time(self):
        self.enter(preparer())
        for said in ("The rate waits", "waits for a second person already"):
            form = self.form(TaxRule)
            form["exam"], form["rate"], form["above"] = self.exam.pk, "5", "24000"
            form["why"] = "x"
            assert said in form.submit("_save").maybe_follow()
        assert RateProposal.objects.count() == 1


class Rules(TestCase):
    def setUp(self):
        deployment = make.deployment()
        self.rule = TaxRule.objects.create(exam=deployment.post.exam, rate=5, above=24_000)
        self.by, self.second = preparer(), approver()
        self.proposal = self.propose()

    def propose(self, rate="6"):
        row = TaxRule.objects.get(pk=self.rule.pk)
        row.rate = Decimal(rate)
        return rates.propose(row, changed=["rate"], reason="x", by=self.by)

    def test_who_prepares_does_not_confirm(self):
        with pytest.raises(Refused, match="may not decide"):
            rates.confirm(self.proposal, by=preparer())

    def test_a_rate_that_changed_since_is_not_written_over(self):
        TaxRule.objects.update(rate=7)
        with pytest.raises(Refused, match="changed since"):
            rates.confirm(self.proposal, by=self.second)

    def test_refused_and_withdrawn_change_nothing(self):
        rates.refuse(self.proposal, reason="No", by=self.second)
        rates.withdraw(self.propose(), by=self.by)
        self.rule.refresh_from_db()
        assert self.rule.rate == 5
        assert {*RateProposal.objects.values_list("status", flat=True)} == {"refused", "withdrawn"}

    def test_what_is_no_rate_is_refused_with_a_sentence(self):
        rates.withdraw(self.proposal, by=self.by)
        with pytest.raises(Refused):
            rates.confirm(self.propose("101"), by=self.second)
        self.rule.refresh_from_db()
        assert self.rule.rate == 5

    def test_after_seven_days_it_has_lapsed(self):
        RateProposal.objects.update(proposed_at=timezone.now() - timedelta(days=8))
        with pytest.raises(Refused, match="lapsed"):
            rates.confirm(RateProposal.objects.get(), by=self.second)
        self.propose()
        assert RateProposal.objects.filter(status="lapsed").count() == 1

    def test_the_database_keeps_the_rules_too(self):
        rows, now = RateProposal.objects, timezone.now()
        with refused("rate_proposal_status_known"):
            rows.update(status="nonsense")
        with refused("second_person_decides_about_rates"):
            rows.update(status="applied", decided_by=self.by, decided_at=now)
        with refused("rate_is_proposed_for_a_reason"):
            rows.update(reason="")
        with refused("one_proposal_waits_for_a_rate"):
            rows.create(
                model="claims.taxrule",
                about=self.proposal.about,
                title="x",
                was={},
                wanted={},
                reason="x",
                proposed_by=self.by,
            )


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_confirm_at_once_and_it_is_done_once():
    deployment = make.deployment()
    row = TaxRule(exam=deployment.post.exam, rate=Decimal(5), above=Decimal(24_000))
    proposal = rates.propose(row, changed=["rate"], reason="x", by=preparer())
    both = [approver(), approver()]
    done, no = split(at_once(*(lambda by=by: rates.confirm(proposal, by=by) for by in both)))
    assert len(done) == len(no) == 1
    assert TaxRule.objects.count() == 1
    assert Entry.objects.filter(verb="tax_rule.changed").count() == 1
