"""The database itself refuses, whatever the code above it does."""

from contextlib import contextmanager
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import TestCase
from django.utils import timezone

from claims.models import (
    Claim,
    ClaimLine,
    ClaimStatus,
    Hold,
    HoldCode,
    Payment,
    PaymentBatch,
    TaxRule,
)
from claims.tests import world
from cp2.tests import make


@contextmanager
def refused(*names):
    """By this constraint; where two forbid the same, by either."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        yield
    assert caught.value.__cause__.diag.constraint_name in names


def sql(statement, *params):
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


class Claims(TestCase):
    def setUp(self):
        self.claim = make.claim()
        self.user = make.user()

    def refuses(self, name, claim=None, **fields):
        with refused(name):
            Claim.objects.filter(pk=(claim or self.claim).pk).update(**fields)

    def test_one_of_an_officer_and_exam(self):
        with refused("one_claim_per_officer_and_exam"):
            sql(
                """INSERT INTO claims_claim (officer_id, exam_id, days, gross, tax, net, status)
                   SELECT officer_id, exam_id, days, gross, tax, net, 'prepared'
                   FROM claims_claim WHERE id = %s""",
                self.claim.pk,
            )

    def test_adds_up(self):
        for fields in (
            {"net": 1000},
            {"tax": 55},
            {"gross": -5, "net": -5},
            {"tax": -100, "net": 1200},
            {"tax": 1200, "net": -100},
        ):
            with self.subTest(fields):
                self.refuses("claim_adds_up", **fields)

    def test_unknown_status(self):
        with refused("claim_status", "claim_names_who_approved_it"):
            Claim.objects.update(status="lost")

    def test_paid_with_its_proof_and_nothing_else_has_one(self):
        paying = world.claim(ClaimStatus.PAYING)
        proof = {"paid_at": timezone.now(), "payment_reference": "SGH1"}
        name = "claim_is_paid_with_proof"
        self.refuses(name, paying, status="paid")
        self.refuses(name, paying, status="paid", paid_at=proof["paid_at"])
        self.refuses(name, paying, status="paid", payment_reference="SGH1")
        self.refuses(name, paying, **proof)

    def test_one_claim_of_a_reference(self):
        paid, paying = world.claim(ClaimStatus.PAID), world.claim(ClaimStatus.PAYING)
        self.refuses(
            "claims_claim_payment_reference_key",
            paying,
            status="paid",
            paid_at=timezone.now(),
            payment_reference=paid.payment_reference,
        )

    def test_approved_names_who_verified_and_approved_it(self):
        verified, name = world.claim(ClaimStatus.VERIFIED), "claim_names_who_approved_it"
        self.refuses(name, verified, status="approved")
        self.refuses(name, verified, approved_by=self.user)
        self.refuses(name, status="approved", approved_by=self.user)

    def test_nobody_approves_what_they_verified(self):
        verified = world.claim(ClaimStatus.VERIFIED)
        self.refuses(
            "nobody_approves_what_they_verified",
            verified,
            status="approved",
            approved_by=verified.verified_by,
        )

    def test_disputed_with_a_reason(self):
        self.refuses("disputed_with_a_reason", status="disputed")

    def test_approved_amounts_stand_still(self):
        for status in (ClaimStatus.APPROVED, ClaimStatus.PAYING, ClaimStatus.PAID):
            claim = world.claim(status)
            for fields in (
                {"gross": 2000, "net": 2000},
                {"days": 9},
                {"tax": 100, "net": 1000},
                {"officer": make.officer()},
                {"exam": make.exam()},
            ):
                with self.subTest(status, fields=list(fields)):
                    self.refuses("approved_claim_is_fixed", claim, **fields)
            with refused("approved_claim_is_fixed"):
                sql("DELETE FROM claims_claim WHERE id = %s", claim.pk)

    def test_paid_stays_paid(self):
        claim = world.claim(ClaimStatus.PAID)
        name = "approved_claim_is_fixed"
        self.refuses(name, claim, status="approved", paid_at=None, payment_reference=None)
        self.refuses(name, claim, payment_reference="SGH999")

    def test_a_claim_stays_in_its_batch_while_that_may_pay_it(self):
        paying = world.claim(ClaimStatus.PAYING)
        self.refuses("claim_in_a_batch_stays_there", paying, status="approved")

    def test_approved_only_if_its_lines_add_up(self):
        verified = world.claim(ClaimStatus.VERIFIED)
        name = "approved_claim_equals_its_lines"
        for fields in ({"gross": 9000, "net": 9000}, {"days": 3}):
            self.refuses(name, verified, status="approved", approved_by=self.user, **fields)
        verified.lines.all().delete()
        self.refuses(name, verified, status="approved", approved_by=self.user)


class Lines(TestCase):
    def setUp(self):
        self.line = make.claim().lines.get()

    def test_adds_up(self):
        for fields in (
            {"amount": 1099},
            {"quantity": 3},
            {"quantity": 0, "amount": 0},
            {"rate": -550, "amount": -1100},
        ):
            with self.subTest(fields), refused("line_adds_up"):
                ClaimLine.objects.filter(pk=self.line.pk).update(**fields)

    def test_one_of_a_deployment(self):
        with refused("one_line_of_a_kind_and_rate"):
            ClaimLine.objects.create(
                claim=self.line.claim,
                deployment=self.line.deployment,
                quantity=1,
                rate=Decimal(550),
                amount=Decimal(550),
            )

    def test_stand_still_with_their_claim(self):
        for status in (ClaimStatus.APPROVED, ClaimStatus.PAYING, ClaimStatus.PAID):
            lines = ClaimLine.objects.filter(claim=world.claim(status))
            with self.subTest(status):
                with refused("line_of_approved_claim_is_fixed"):
                    lines.update(quantity=1, amount=550)
                with refused("line_of_approved_claim_is_fixed"):
                    lines.delete()


class HoldsAndTax(TestCase):
    def setUp(self):
        self.hold = Hold.objects.create(claim=make.claim(), code=HoldCode.RETURN)

    def test_one_standing_hold_of_a_kind(self):
        with refused("one_standing_hold_of_a_kind"):
            Hold.objects.create(claim=self.hold.claim, code=HoldCode.RETURN)
        Hold.objects.update(cleared_at=timezone.now())
        Hold.objects.create(claim=self.hold.claim, code=HoldCode.RETURN)

    def test_unknown_code(self):
        with refused("hold_code"):
            Hold.objects.update(code="whim")

    def test_cleared_by_somebody_at_a_time(self):
        with refused("hold_is_cleared_at_a_time"):
            Hold.objects.update(cleared_by=make.user())

    def test_tax_is_a_part_above_a_threshold(self):
        exam = make.exam()
        for rate, above, name in (
            (101, 0, "tax_is_a_part_of_the_claim"),
            (-1, 0, "tax_is_a_part_of_the_claim"),
            (5, -1, "tax_threshold_not_negative"),
        ):
            with refused(name):
                TaxRule.objects.create(exam=exam, rate=rate, above=above)
        TaxRule.objects.create(exam=exam, rate=5, above=24000)
        with refused("claims_taxrule_exam_id_key"):
            TaxRule.objects.create(exam=exam, rate=6, above=24000)


class Batches(TestCase):
    def setUp(self):
        self.claims = world.approved(2)
        self.batch = world.batch(*self.claims)
        self.user = make.user()

    def refuses(self, name, batch=None, **fields):
        with refused(name):
            PaymentBatch.objects.filter(pk=(batch or self.batch).pk).update(**fields)

    def approve(self):
        return {"status": "approved", "approved_by": self.user, "approved_at": timezone.now()}

    def test_unknown_status(self):
        with refused("batch_status", "batch_names_who_approved_it"):
            PaymentBatch.objects.update(status="lost")

    def test_nobody_approves_what_they_prepared(self):
        given = self.approve() | {"approved_by": self.batch.prepared_by}
        self.refuses("nobody_approves_what_they_prepared", **given)

    def test_approved_by_somebody_at_a_time(self):
        name = "batch_names_who_approved_it"
        self.refuses(name, status="approved")
        self.refuses(name, approved_by=self.user)
        self.refuses(name, **self.approve() | {"approved_at": None})

    def test_pays_somebody(self):
        self.refuses("batch_pays_somebody", count=0)
        self.refuses("batch_pays_somebody", total=-1)

    def test_exported_with_its_file(self):
        PaymentBatch.objects.update(**self.approve())
        name = "exported_batch_has_its_file"
        self.refuses(name, status="exported")
        self.refuses(name, status="exported", exported_at=timezone.now())
        self.refuses(name, sha256="0" * 64)

    def test_approved_only_if_its_payments_add_up(self):
        name = "approved_batch_equals_its_payments"
        self.refuses(name, **self.approve(), total=9999)
        self.refuses(name, **self.approve(), count=3)
        Payment.objects.filter(claim=self.claims[0]).update(amount=1200)
        self.refuses(name, **self.approve(), total=2300)  # one pays more than its claim

    def test_nobody_pays_what_they_approved(self):
        Claim.objects.filter(pk=self.claims[0].pk).update(approved_by=self.batch.prepared_by)
        self.refuses("nobody_pays_what_they_approved", **self.approve())

    def test_approved_stands_still(self):
        for step in ("approved", "exported"):
            if step == "approved":
                PaymentBatch.objects.update(**self.approve())
            else:
                self.batch = world.export(world.batch(*world.approved()))
                self.refuses("approved_batch_is_fixed", sha256="1" * 64)
                self.refuses("approved_batch_is_fixed", file="batches/other.csv")
            for fields in ({"total": 1}, {"count": 9}, {"prepared_by": make.user()}):
                with self.subTest(step, fields=list(fields)):
                    self.refuses("approved_batch_is_fixed", **fields)
            with refused("approved_batch_is_fixed"):
                sql("DELETE FROM claims_paymentbatch WHERE id = %s", self.batch.pk)


class Payments(TestCase):
    def setUp(self):
        self.claims = world.approved(2)
        self.batch = world.batch(self.claims[0])
        self.payment = self.batch.payments.get()

    def pay(self, **fields):
        given = {
            "batch": self.batch,
            "claim": self.claims[1],
            "amount": 1100,
            "payee_name": "X",
            "payee_phone": make.phone(),
        }
        return Payment.objects.create(**{**given, **fields})

    def refuses(self, name, **fields):
        with refused(name):
            Payment.objects.filter(pk=self.payment.pk).update(**fields)

    def test_one_live_payment_per_claim(self):
        other = world.batch(self.claims[1])
        with refused("one_live_payment_per_claim"):
            self.pay(claim=self.claims[0], batch=other)
        Payment.objects.filter(pk=self.payment.pk).update(status="failed")
        self.pay(claim=self.claims[0], batch=other)

    def test_of_something_to_a_kenyan_mobile(self):
        with refused("payment_is_of_something"):
            self.pay(amount=0)
        for phone in ("", "0712345678", "254202222222", "+25471234567"):
            with refused("payment_goes_to_a_kenyan_mobile"):
                self.pay(payee_phone=phone)

    def test_unknown_status(self):
        self.refuses("payment_status", status="lost")

    def test_paid_with_its_proof_and_nothing_else_has_one(self):
        self.refuses("payment_is_paid_with_proof", status="paid")
        self.refuses("payment_is_paid_with_proof", reference="SGH1")

    def test_one_payment_of_a_reference(self):
        paid = world.claim(ClaimStatus.PAID).payments.get()
        self.refuses("claims_payment_reference_key", status="paid", reference=paid.reference)

    def test_approved_stands_still(self):
        for make_it in ("approved", "exported"):
            if make_it == "exported":
                self.payment = world.claim(ClaimStatus.PAYING).payments.get()
            else:
                PaymentBatch.objects.update(
                    status="approved", approved_by=make.user(), approved_at=timezone.now()
                )
            for fields in (
                {"amount": 9000},
                {"payee_phone": make.phone()},
                {"payee_name": "MARY WAIRIMU"},
                {"claim": self.claims[1]},
                {"batch": world.batch(*world.approved())},
            ):
                with self.subTest(make_it, fields=list(fields)):
                    self.refuses("approved_payment_is_fixed", **fields)
            with refused("approved_payment_is_fixed"):
                sql("DELETE FROM claims_payment WHERE id = %s", self.payment.pk)

    def test_approved_batch_takes_no_more(self):
        PaymentBatch.objects.update(
            status="approved", approved_by=make.user(), approved_at=timezone.now()
        )
        with refused("approved_payment_is_fixed"):
            self.pay()

    def test_paid_stays_paid(self):
        self.payment = world.claim(ClaimStatus.PAID).payments.get()
        self.refuses("approved_payment_is_fixed", status="failed", reference=None)
        self.refuses("approved_payment_is_fixed", reference="SGH999")
