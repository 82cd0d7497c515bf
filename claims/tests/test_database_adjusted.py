"""The database itself refuses, for adjustments, banks, what is kept back, rates, runs and the
ledger."""

from datetime import timedelta
from decimal import Decimal

from django.test import TestCase
from django.utils import timezone

from claims.models import (
    Claim,
    ClaimLine,
    ClaimStatus,
    LedgerEntry,
    MarkingRate,
    MarkingRecord,
    MoneyRun,
    Payment,
    PaymentBatch,
    RateChange,
    Recovery,
    RunKind,
)
from claims.tests import world
from claims.tests.test_database import refused, sql
from cp2.tests import make


def adjustment(claim, **fields):
    given = {"days": -1, "gross": -550, "tax": 0, "net": -550, **fields}
    return Claim.objects.create(officer=claim.officer, exam=claim.exam, adjusts=claim, **given)


class Adjustments(TestCase):
    def setUp(self):
        self.claim = world.claim(ClaimStatus.APPROVED)

    def test_one_is_open_at_a_time(self):
        adjustment(self.claim)
        for status in ("prepared", "disputed"):
            with self.subTest(status), refused("one_open_adjustment"):
                adjustment(self.claim, status=status, dispute_reason="Not so")

    def test_of_itself(self):
        made = adjustment(self.claim)
        with refused("no_claim_adjusts_itself"):
            Claim.objects.filter(pk=made.pk).update(adjusts=made)

    def test_takes_back_but_adds_up(self):
        made = adjustment(self.claim)
        with refused("claim_adds_up"):
            Claim.objects.filter(pk=made.pk).update(advance=5)

    def test_only_the_first_claim_may_not_be_of_less_than_nothing(self):
        first = world.claim()
        with refused("claim_adds_up"):
            Claim.objects.filter(pk=first.pk).update(days=-1)

    def test_lines_are_not_added_to_what_is_approved(self):
        line = self.claim.lines.get()
        with refused("line_of_approved_claim_is_fixed"):
            ClaimLine.objects.create(
                claim=self.claim, deployment=line.deployment, quantity=1, rate=9, amount=9
            )

    def test_nobody_decides_about_their_own(self):
        claim = world.claim()
        own, other = claim.officer.user, make.user()
        with refused("nobody_decides_about_their_own_claim"):
            sql(
                "UPDATE claims_claim SET status = 'verified', verified_by_id = %s WHERE id = %s",
                own.pk,
                claim.pk,
            )
        Claim.objects.filter(pk=claim.pk).update(status="verified", verified_by=other)
        with refused("nobody_decides_about_their_own_claim"):
            sql(
                "UPDATE claims_claim SET status = 'approved', approved_by_id = %s WHERE id = %s",
                own.pk,
                claim.pk,
            )

    def test_line_of_no_known_kind(self):
        with refused("line_kind"):
            ClaimLine.objects.filter(claim=world.claim()).update(kind="lunch")


class Batches(TestCase):
    def setUp(self):
        self.claims = world.approved(2)
        self.batch = world.batch(self.claims[0])
        self.payment = self.batch.payments.get()

    def test_by_a_known_channel(self):
        with refused("batch_channel"):
            PaymentBatch.objects.update(channel="bird")

    def test_by_a_bank_to_an_account(self):
        name = "payment_by_a_bank_goes_to_an_account"
        for fields in (
            {"channel": "eft"},
            {"channel": "eft", "bank_code": "01", "branch_code": "100", "account": "12E+7"},
            {"channel": "mpesa", "account": "0012345678901"},
        ):
            with self.subTest(fields), refused(name):
                Payment.objects.filter(pk=self.payment.pk).update(**fields)

    def test_nobody_approves_a_batch_that_pays_them(self):
        with refused("nobody_decides_about_their_own_claim"):
            sql(
                """UPDATE claims_paymentbatch
                   SET status = 'approved', approved_by_id = %s, approved_at = now()
                   WHERE id = %s""",
                self.claims[0].officer.user_id,
                self.batch.pk,
            )

    def test_paid_is_taken_back_only_with_its_payment(self):
        paid = world.claim(ClaimStatus.PAID)
        back = "UPDATE claims_claim SET status = 'approved', paid_at = NULL, "
        back += "payment_reference = NULL WHERE id = %s"
        with refused("approved_claim_is_fixed"):
            sql(back, paid.pk)
        sql("UPDATE claims_payment SET status = 'reversed' WHERE claim_id = %s", paid.pk)
        sql(back, paid.pk)
        paid.refresh_from_db()
        assert paid.status == ClaimStatus.APPROVED


class KeptBack(TestCase):
    def setUp(self):
        self.claims = world.approved(2)
        self.batch = world.batch(*self.claims)
        self.first, self.second = self.batch.payments.order_by("pk")
        self.owed = adjustment(self.first.claim)
        self.kept = Recovery.objects.create(payment=self.first, claim=self.owed, amount=550)

    def test_once(self):
        with refused("one_live_recovery_per_claim"):
            Recovery.objects.create(payment=self.second, claim=self.owed, amount=550)

    def test_never_less_than_nothing(self):
        with refused("recovery_keeps_something_back"):
            Recovery.objects.filter(pk=self.kept.pk).update(amount=-1)

    def test_batch_is_approved_only_if_it_adds_up_with_what_is_kept_back(self):
        approve = {
            "status": "approved",
            "approved_by": make.user(),
            "approved_at": timezone.now(),
        }
        these = PaymentBatch.objects.filter(pk=self.batch.pk)
        with refused("approved_batch_equals_its_payments"):
            these.update(**approve)
        Claim.objects.filter(pk=self.owed.pk).update(
            status="paying", verified_by=make.user(), approved_by=make.user()
        )
        Payment.objects.filter(pk=self.first.pk).update(amount=550)
        assert these.update(**approve, total=1650) == 1
        with refused("recovery_of_approved_batch_is_fixed"):
            Recovery.objects.filter(pk=self.kept.pk).update(amount=1)
        with refused("claim_in_a_batch_stays_there"):
            Claim.objects.filter(pk=self.owed.pk).update(status="approved")


class Rates(TestCase):
    def setUp(self):
        self.deployment = make.deployment()
        self.post = self.deployment.post
        self.terms = self.post.exam.terms.first() or make.terms(
            exam=self.post.exam, position=self.post.position
        )
        self.user = make.user()

    def change(self, **fields):
        given = {
            "terms": self.terms,
            "from_day": self.post.exam.starts_on,
            "daily_rate": 600,
            "reason": "As gazetted",
            "by": self.user,
        }
        return RateChange.objects.create(**{**given, **fields})

    def test_changes_of_a_rate(self):
        self.change()
        with refused("one_rate_from_a_day"):
            self.change()
        later = self.post.exam.starts_on + timedelta(days=1)
        with refused("changed_rate_not_negative"):
            self.change(from_day=later, daily_rate=-1)
        with refused("rate_changes_with_a_reason"):
            self.change(from_day=later, reason="")

    def test_rates_of_marking(self):
        given = {"exam": self.post.exam, "position": self.post.position}
        fees = {"coordination_fee": 150, "basic_fee": 1100, "script_fee": 55}
        MarkingRate.objects.create(**given, **fees)
        with refused("one_set_of_marking_rates_per_position"):
            MarkingRate.objects.create(**given, **fees)
        with refused("marking_rates_not_negative"):
            MarkingRate.objects.update(script_fee=-1)

    def test_records_of_marking(self):
        made = MarkingRecord.objects.create(
            exam=self.post.exam,
            deployment=self.deployment,
            coordination_days=3,
            scripts=300,
            travel=0,
            advance=10_000,
            signed=True,
            by=self.user,
        )
        these = MarkingRecord.objects.filter(pk=made.pk)
        for fields in ({"scripts": 20_001}, {"coordination_days": 61}):
            with self.subTest(fields), refused("marking_record_is_of_one_person"):
                these.update(**fields)
        for fields in ({"travel": -1}, {"advance": 100_001}):
            with self.subTest(fields), refused("marking_record_pays_within_reason"):
                these.update(**fields)


class Runs(TestCase):
    def setUp(self):
        self.exam = make.exam()
        self.run_ = MoneyRun.objects.create(kind=RunKind.PREPARE, exam=self.exam)

    def test_one_of_a_kind_is_open(self):
        with refused("one_open_money_run"):
            MoneyRun.objects.create(kind=RunKind.PREPARE, exam=self.exam)

    def test_known_kind_and_status(self):
        with refused("money_run_kind"):
            MoneyRun.objects.update(kind="x")
        with refused("money_run_status", "money_run_ends_after_it_was_asked_for"):
            MoneyRun.objects.update(status="x")

    def test_ends_after_it_was_asked_for(self):
        name = "money_run_ends_after_it_was_asked_for"
        for fields in (
            {"status": "done"},
            {"ended_at": timezone.now()},
            {"status": "done", "ended_at": self.run_.asked_at - timedelta(days=1)},
        ):
            with self.subTest(fields), refused(name):
                MoneyRun.objects.update(**fields)


class Ledger(TestCase):
    def setUp(self):
        payment = world.claim(ClaimStatus.PAYING).payments.get()
        self.given = {"batch": payment.batch, "payment": payment, "amount": Decimal(5)}
        self.entry = LedgerEntry.objects.create(**self.given, debit="owed", credit="channel")

    def test_only_grows(self):
        with refused("ledger_only_grows"):
            LedgerEntry.objects.update(amount=6)
        with refused("ledger_only_grows"):
            sql("DELETE FROM claims_ledgerentry")
        sql("SET CONSTRAINTS ALL IMMEDIATE")
        with refused("ledger_only_grows"):
            sql("TRUNCATE claims_ledgerentry")

    def test_between_two_accounts(self):
        name = "ledger_entry_goes_between_two_accounts"
        for debit, credit in (("owed", "owed"), ("owed", "pocket")):
            with self.subTest(credit), refused(name):
                LedgerEntry.objects.create(**self.given, debit=debit, credit=credit)

    def test_of_something(self):
        with refused("ledger_entry_is_of_something"):
            LedgerEntry.objects.create(**self.given | {"amount": 0}, debit="owed", credit="paid")
