"""The second person looks at the whole of a batch, and takes out what changed."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Entry
from claims import services
from claims.models import (
    BatchStatus,
    Claim,
    ClaimStatus,
    HoldCode,
    PaymentBatch,
    Recovery,
)
from claims.tests import world
from claims.tests.test_build import owed
from cp2.rules import Refused
from cp2.tests import make


class Whole(TestCase):
    def setUp(self):
        self.claims = world.approved(4)
        self.by = world.approver()
        self.batch = world.batch(*self.claims)
        make.sign_in(self.client, self.by)

    def get(self, batch=None):
        url = reverse("admin:claims_paymentbatch_whole", args=[(batch or self.batch).pk])
        return self.client.get(url)

    def press(self, act, batch=None):
        url = reverse("admin:claims_paymentbatch_decide", args=[(batch or self.batch).pk])
        return self.client.post(url, {"act": act}, follow=True)

    def test_totals_by_place_and_position_the_largest_and_payees_paid_twice(self):
        review = self.get().context["review"]
        assert sum(count for _name, count, _total in review.by_place) == 4
        assert [(count, total) for _name, count, total in review.by_position] == [(4, 4400)]
        assert [payment.amount for payment in review.largest] == [1100] * 4
        assert review.repeated == []

        number = make.phone()
        for claim in self.claims[:2]:
            claim.officer.payee_phone = number
            claim.officer.save()
        services.cancel_batch(self.batch, by=self.by)
        world.cleared(*self.claims)
        again = world.batch(*self.claims)
        [(shown, count, total)] = self.get(again).context["review"].repeated
        assert (count, total) == (2, Decimal(2200))
        assert number not in shown

    def test_by_bank(self):
        for claim in self.claims:
            make.bank_account(claim.officer)
            claim.officer.paid_by = "bank"
            claim.officer.save()
        services.cancel_batch(self.batch, by=self.by)
        world.cleared(*self.claims)
        claims = Claim.objects.filter(pk__in=[claim.pk for claim in self.claims])
        batch = services.prepare_batch(claims, by=world.preparer(), channel="eft")
        review = self.get(batch).context["review"]
        assert review.by_bank == [(f"68 {make.branch().bank.name}", 4, Decimal(4400))]
        assert review.repeated == [("•••••901", 4, Decimal(4400))]  # one account of them all

    def test_what_changed_is_shown_and_keeps_it_from_being_approved_until_it_is_taken_out(self):
        held, changed, moved, good = self.claims
        debt = owed(good)
        services.cancel_batch(self.batch, by=self.by)
        self.batch = world.batch(*self.claims)
        services.raise_hold(held, code=HoldCode.INVESTIGATION, by=self.by, note="x")
        changed.officer.payee_phone = make.phone()
        changed.officer.save()
        make.bank_account(moved.officer)
        moved.officer.paid_by = "bank"
        moved.officer.save()

        page = self.get()
        assert page.context["review"].changed_count == 3
        self.assertContains(page, "The centre is under investigation")
        self.assertContains(page, "Another payee", count=2)
        self.assertNotContains(page, "Approve the whole")
        self.assertContains(self.press("approve"), "3 of its claims are held by now")

        self.assertContains(self.press("take_out"), "3 payments taken out.")
        self.batch.refresh_from_db()
        assert (self.batch.status, self.batch.count, self.batch.total) == ("draft", 1, 800)
        for claim, code in ((held, "investigation"), (changed, "payee_changed")):
            claim.refresh_from_db()
            assert claim.status == ClaimStatus.APPROVED
            assert claim.holds.standing().get().code == code
        assert Entry.objects.about(held).first().verb == "claim.taken_out"
        assert Recovery.objects.filter(returned_at=None).get().claim == debt

        self.assertContains(self.press("approve"), "The batch is approved.")
        self.batch.refresh_from_db()
        assert (self.batch.status, self.batch.approved_by) == (BatchStatus.APPROVED, self.by)
        self.assertContains(self.press("take_out"), "Only from a draft")

    def test_a_debt_that_is_held_takes_its_payment_out(self):
        debt = owed(self.claims[0])
        services.cancel_batch(self.batch, by=self.by)
        self.batch = world.batch(*self.claims)
        services.raise_hold(debt, code=HoldCode.DUPLICATE, by=self.by, note="x")
        assert services.take_out_changed(self.batch, by=self.by) == 1
        debt.refresh_from_db()
        assert debt.status == ClaimStatus.APPROVED
        assert not Recovery.objects.filter(returned_at=None).exists()

    def test_nothing_left_cancels_it(self):
        for claim in self.claims:
            services.raise_hold(claim, code=HoldCode.RETURN, by=self.by, note="x")
        self.press("take_out")
        self.batch.refresh_from_db()
        assert self.batch.status == BatchStatus.CANCELLED

    def test_nothing_changed_takes_nothing_out(self):
        assert services.take_out_changed(self.batch, by=self.by) == 0
        self.batch.refresh_from_db()
        assert self.batch.count == 4

    def test_an_approver_who_prepared_it_or_is_paid_by_it_is_refused(self):
        both = world.staff("Finance preparer", "Finance approver")
        services.cancel_batch(self.batch, by=self.by)
        mine = world.batch(*self.claims, by=both)
        make.sign_in(self.client, both)
        self.assertContains(self.press("approve", mine), "You prepared this batch")
        for officer in (self.claims[0].officer, self.claims[1].officer):
            make.bank_account(officer)  # the same account
        self.by.phone = self.claims[0].officer.payee_phone
        with pytest.raises(Refused, match="claim of your own"):
            services.approve_batch(mine, by=self.by)
        self.claims[0].officer.refresh_from_db()
        services.cancel_batch(mine, by=both)
        world.cleared(self.claims[1])
        one = world.batch(self.claims[1], by=both)
        with pytest.raises(Refused, match="claim of your own"):  # by the account that they share
            services.approve_batch(one, by=self.by)

    def test_who_may_press_what(self):
        for user, act in (
            (world.preparer(), "approve"),
            (world.staff("Auditor"), "take_out"),
            (self.by, "x"),
        ):
            make.sign_in(self.client, user)
            assert self.press(act).status_code == 404
        make.sign_in(self.client, world.staff("Auditor"))
        self.assertNotContains(self.get(), "Approve the whole")
        self.batch.refresh_from_db()
        assert self.batch.status == BatchStatus.DRAFT

    def test_as_many_queries_for_one_payment_as_for_many(self):
        one = world.batch(*world.approved())
        counts = []
        for batch in (self.batch, one):
            with CaptureQueriesContext(connection) as queries:
                self.get(batch)
            counts.append(len(queries))
        assert counts[0] == counts[1] <= 18

    def test_the_list_leads_to_a_new_one(self):
        make.sign_in(self.client, world.preparer())
        page = self.client.get(reverse("admin:claims_paymentbatch_changelist"))
        self.assertContains(page, reverse("admin:claims_paymentbatch_new"))
        change = reverse("admin:claims_paymentbatch_change", args=[self.batch.pk])
        self.assertContains(self.client.get(change), "Look at the whole")
        assert PaymentBatch.objects.count() == 1
