"""What has been counted is what the claims say, to the cent, whichever way it is cut."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as some
from hypothesis.extra.django import TestCase as PropertyCase

from claims import services
from claims.models import (
    AuditSample,
    Claim,
    ClaimStatus,
    Hold,
    HoldCode,
    MoneyChange,
    MoneyCount,
    MoneyDay,
    MoneyState,
)
from claims.money import counting
from claims.money.behind import behind
from claims.money.lines import of_claims
from claims.money.report import By, report
from claims.tests import money, world
from cp2.tests import make

SUMS = ["gross", "tax", "advance", "net"]


def by_hand(*claims: Claim) -> dict[str, Decimal]:
    return {name: sum((getattr(c, name) for c in claims), Decimal(0)) for name in SUMS}


class Counted(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.made = money.build()
        counting.count_due()

    def test_each_claim_is_in_one_state_and_the_sums_are_those_of_the_claims(self):
        made = self.made
        states = {
            MoneyState.OWED: [made.owed, made.held, made.split],
            MoneyState.APPROVED: [made.approved],
            MoneyState.PAYING: [],
            MoneyState.PAID: [made.paid],
            MoneyState.FAILED: [made.failed],
            MoneyState.DISPUTED: [made.disputed],
            MoneyState.KEPT_BACK: [made.taken_back],
        }
        total = report(By.EXAM, {}).total
        for state, claims in states.items():
            with self.subTest(state):
                found = total.states[state]
                assert found.claims == len(claims)
                assert {name: getattr(found, name) for name in SUMS} == by_hand(*claims)
        assert total.held.net == made.held.net
        assert total.all.net == Claim.objects.aggregate(net=Sum("net"))["net"]

    def test_rows_add_up_to_the_total_whichever_way_it_is_cut(self):
        for by in By:
            found = report(by, {})
            with self.subTest(by):
                assert found.lines
                for name in ["claims", "officers", *SUMS]:
                    rows = sum(getattr(line.all, name) for line in found.lines)
                    assert rows == getattr(found.total.all, name)

    def test_a_claim_of_two_places_is_split_between_them_and_its_tax_to_the_cent(self):
        split, made = self.made.split, self.made
        assert (split.gross, split.tax) == (Decimal("1650.00"), Decimal("82.51"))
        owed = {"state": MoneyState.OWED, "exam": made.first.pk}
        places = {line.name: line.all for line in report(By.COUNTY, owed).lines}
        # two days of three here, one there, beside one whole claim
        assert (places["Kisii"].gross, places["Kisii"].tax) == (1100, Decimal("55.01"))
        assert (places["Turkana"].gross, places["Turkana"].tax) == (550 + 1100, Decimal("27.50"))
        # and counted once, where most of it was earned
        assert (places["Kisii"].claims, places["Turkana"].claims) == (1, 1)
        assert report(By.POSITION, owed).total.all.net == split.net + made.held.net

    def test_an_officer_is_counted_once_in_a_state_whatever_adjustments_there_are(self):
        money.adjustment(self.made.approved, 1)
        counting.count_due()
        found = report(By.EXAM, {}).total.states[MoneyState.APPROVED]
        assert (found.claims, found.officers) == (2, 1)

    def test_narrowing_leaves_out_the_rest(self):
        made = self.made
        assert report(By.COUNTY, {"exam": made.second.pk}).total.all.claims == 3
        assert report(By.COUNTY, {"sub_county": made.here}).total.states["paid"].claims == 1
        assert report(By.COUNTY, {"sub_county": made.there}).total.states["paid"].claims == 0
        assert report(By.COUNTY, {"held": True, "state": "owed"}).total.all.claims == 1
        assert report(By.COUNTY, {"channel": "mpesa"}).total.all.claims == 8
        assert not report(By.COUNTY, {"channel": "iso"}).lines

    def test_a_week_is_the_one_in_which_a_claim_got_where_it_is(self):
        Claim.objects.filter(pk=self.made.owed.pk).update(
            prepared_at=make.moment("2025-12-29 10:00")
        )
        counting.count_due()
        monday = make.moment("2025-12-29 00:00").date()
        (line,) = report(By.WEEK, {"week": monday}).lines
        assert line.name == "2026, week 1 (from 29 Dec)"
        assert line.all.net == self.made.owed.net

    def test_one_query_however_many_there_are(self):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            report(By.COUNTY, {})
        assert len(queries) == 1

    def test_days_add_up_to_what_is_claimed_approved_and_paid(self):
        sums = MoneyDay.objects.aggregate(Sum("claimed"), Sum("approved"), Sum("paid"))
        made = self.made
        assert sums["claimed__sum"] == Claim.objects.aggregate(net=Sum("net"))["net"]
        approved = [made.approved, made.paid, made.failed, made.taken_back]
        assert sums["approved__sum"] == by_hand(*approved)["net"]
        assert sums["paid__sum"] == made.paid.net


class WhenToCount(TestCase):
    def test_nothing_is_counted_while_nothing_changes(self):
        claim = make.claim()
        assert counting.count_due() == 1
        assert counting.count_due() == 0
        assert not MoneyChange.objects.exists()

        services.verify(
            claim, by=make.director(claim.lines.get().deployment.post.station.sub_county)
        )
        assert counting.count_due() == 1
        assert MoneyCount.objects.get().status == ClaimStatus.VERIFIED

    def test_a_hold_is_a_change_and_so_is_its_clearing(self):
        claim = make.claim()
        counting.count_due()
        hold = Hold.objects.create(claim=claim, code=HoldCode.DUPLICATE)
        counting.count_due()
        assert MoneyCount.objects.get().is_held

        services.clear_hold(hold, by=make.user(), note="Looked")
        counting.count_due()
        assert not MoneyCount.objects.get().is_held

    def test_telling_the_officer_of_a_hold_is_no_change(self):
        hold = Hold.objects.create(claim=make.claim(), code=HoldCode.DUPLICATE)
        counting.count_due()
        hold.told_at = timezone.now()
        hold.save()
        assert counting.count_due() == 0

    def test_a_claim_that_goes_away_is_counted_no_more(self):
        claim = make.claim()
        counting.count_due()
        claim.delete()
        counting.count_due()
        assert not MoneyCount.objects.exists()
        assert not MoneyDay.objects.exists()

    def test_only_the_exam_that_changed_is_counted(self):
        make.claim()
        other = make.claim()
        assert counting.count_due() == 2
        Claim.objects.filter(pk=other.pk).update(prepared_at=timezone.now())
        assert counting.count_due() == 1

    def test_what_no_trigger_sees_is_caught_up_with_in_a_day(self):
        make.claim()
        counting.count_due()
        MoneyCount.objects.update(counted_at=timezone.now() - timedelta(days=1, minutes=1))
        assert counting.count_due() == 1

    def test_a_payment_that_is_under_way_is_by_its_batch(self):
        claim = world.claim(ClaimStatus.PAYING)
        counting.count_due()
        (row,) = MoneyCount.objects.all()
        assert (row.state, row.channel, row.net) == (MoneyState.PAYING, "mpesa", claim.net)


class Shares(PropertyCase):
    @settings(max_examples=25, deadline=None)
    @given(
        days=some.lists(some.integers(min_value=1, max_value=40), min_size=1, max_size=5),
        tax=some.integers(min_value=0, max_value=100_000),
    )
    def test_the_tax_of_a_claim_is_shared_out_to_the_last_cent(self, days, tax):
        exam = make.exam()
        claim = make.claim(deployment=money.deployed(exam, make.sub_county()))
        for number in days:
            elsewhere = money.deployed(
                exam, make.sub_county(), officer=claim.officer, status="cancelled"
            )
            money.earns(claim, elsewhere, number, tax="0")
        withheld = min(Decimal(tax) / 100, claim.gross)
        Claim.objects.filter(pk=claim.pk).update(tax=withheld, net=claim.gross - withheld)

        lines = of_claims([claim.pk])
        assert len(lines) == len(days) + 1
        assert sum(line["tax"] for line in lines) == withheld
        assert sum(line["is_main"] for line in lines) == 1
        for line in lines:
            exact = withheld * line["gross"] / claim.gross
            assert abs(line["tax"] - exact) < Decimal("0.01")


class TaxAlone(TestCase):
    def test_an_adjustment_without_lines_is_where_the_first_claim_is(self):
        claim = world.claim(ClaimStatus.APPROVED)
        alone = world.tax_alone(claim)
        counting.count_due()
        assert report(By.COUNTY, {}).total.all.net == claim.net - 7
        county = claim.lines.get().deployment.post.station.sub_county.county
        there = behind({"county": county}, to=world.staff("Auditor"))
        assert sorted(each.pk for each in there) == [claim.pk, alone.pk]


class Held(TestCase):
    """By the database."""

    def refuses(self, name, make_it):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            make_it()

    def test_counts(self):
        make.claim()
        counting.count_due()
        row = MoneyCount.objects.get()
        self.refuses("counted_money_adds_up", lambda: MoneyCount.objects.update(net=row.net + 1))
        row.pk = None
        self.refuses("one_count_of_a_kind_of_money", row.save)
        day = MoneyDay.objects.get()
        day.pk = None
        self.refuses("one_sum_of_money_a_day", day.save)

    def test_samples(self):
        def sample(**fields):
            given = {
                "exam": make.exam(),
                "seed": "7",
                "size": 1,
                "by_county": False,
                "drawn_from": 9,
                "payments": [1],
                "drawn_by": make.user(),
                "drawn_at": timezone.now(),
            }
            return AuditSample.objects.create(**{**given, **fields})

        sample()
        self.refuses("sample_has_its_seed", lambda: sample(seed=""))
        self.refuses("sample_is_of_what_there_is", lambda: sample(payments=[1, 2]))
        self.refuses("sample_is_of_what_there_is", lambda: sample(drawn_from=0))
