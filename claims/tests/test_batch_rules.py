"""What the database refuses of batches, whatever statement it is asked by."""

from decimal import Decimal
from functools import partial

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import TestCase

import profiles.services
from claims import runs, services
from claims.models import (
    BatchStatus,
    Claim,
    ClaimStatus,
    HoldCode,
    LedgerEntry,
    Payment,
    PaymentBatch,
    Recovery,
)
from claims.services import exporting
from claims.tests import world
from claims.tests.test_build import owed
from cp2.rules import Refused
from cp2.tests import make

APPROVE = (
    "UPDATE claims_paymentbatch SET status = 'approved', approved_by_id = %s, approved_at = now() "
    "WHERE id = %s"
)


def refused(statement, values, constraint):
    with (
        pytest.raises(IntegrityError) as refusal,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, values)
    assert refusal.value.__cause__.diag.constraint_name == constraint


class BySql(TestCase):
    def setUp(self):
        self.claims = world.approved(2)
        self.debt = owed(self.claims[0])
        self.batch = world.batch(*self.claims)

    def test_nobody_approves_what_they_prepared(self):
        by = self.batch.prepared_by_id
        refused(APPROVE, [by, self.batch.pk], "nobody_approves_what_they_prepared")

    def test_nobody_prepares_what_they_approved(self):
        with connection.cursor() as cursor:
            cursor.execute("UPDATE claims_claim SET approved_by_id = %s", [world.approver().pk])
            approver = Claim.objects.values_list("approved_by", flat=True)[0]
            cursor.execute("UPDATE claims_paymentbatch SET prepared_by_id = %s", [approver])
        other = world.approver().pk
        refused(APPROVE, [other, self.batch.pk], "nobody_pays_what_they_approved")

    def test_nobody_approves_what_they_are_paid_by(self):
        own = self.claims[1].officer.user_id
        refused(APPROVE, [own, self.batch.pk], "nobody_decides_about_their_own_claim")

    def test_a_batch_that_does_not_add_up_is_not_approved(self):
        other = world.approver().pk
        for change in (
            "UPDATE claims_paymentbatch SET total = total + 1",
            "UPDATE claims_paymentbatch SET count = count + 1",
            "UPDATE claims_payment SET amount = amount - 1",
            "UPDATE claims_payment SET channel = 'eft', payee_phone = '', bank_code = '68', "
            "branch_code = '000', account = '12345'",
            "DELETE FROM claims_recovery",
            "UPDATE claims_recovery SET amount = amount - 1",
            "UPDATE claims_recovery SET returned_at = now()",
        ):
            with self.subTest(change), transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute(change)
                refused(APPROVE, [other, self.batch.pk], "approved_batch_equals_its_payments")
                transaction.set_rollback(True)

    def test_what_is_approved_stands_still(self):
        services.approve_batch(self.batch, by=world.approver())
        payment = Payment.objects.filter(recoveries__isnull=False).get()
        for change, constraint in (
            ("UPDATE claims_payment SET amount = amount + 1", "approved_payment_is_fixed"),
            ("UPDATE claims_payment SET payee_phone = '254700000000'", "approved_payment_is_fixed"),
            ("UPDATE claims_payment SET payee_name = 'X'", "approved_payment_is_fixed"),
            ("DELETE FROM claims_ledgerentry", "ledger_only_grows"),
            ("UPDATE claims_recovery SET amount = 1", "recovery_of_approved_batch_is_fixed"),
            ("DELETE FROM claims_recovery", "recovery_of_approved_batch_is_fixed"),
            ("UPDATE claims_paymentbatch SET total = 1", "approved_batch_is_fixed"),
            ("UPDATE claims_paymentbatch SET count = 1", "approved_batch_is_fixed"),
            ("UPDATE claims_paymentbatch SET channel = 'eft'", "approved_batch_is_fixed"),
            ("UPDATE claims_claim SET status = 'approved'", "claim_in_a_batch_stays_there"),
        ):
            with self.subTest(change):
                refused(change, [], constraint)
        refused(
            "INSERT INTO claims_recovery (payment_id, claim_id, amount) VALUES (%s, %s, 1)",
            [payment.pk, self.claims[1].pk],
            "recovery_of_approved_batch_is_fixed",
        )

    def test_no_second_live_line_of_a_claim_nor_of_a_debt(self):
        payment = Payment.objects.get(claim=self.claims[0])
        other = Payment.objects.get(claim=self.claims[1])
        payment.pk = None
        refuses = partial(pytest.raises, IntegrityError)
        with refuses(match="one_live_payment_per_claim"), transaction.atomic():
            payment.save()
        with refuses(match="one_live_recovery_per_claim"), transaction.atomic():
            Recovery.objects.create(payment=other, claim=self.debt, amount=300)


class Exported(TestCase):
    """The rest of the way, with what happens between its steps."""

    def setUp(self):
        self.claims = world.approved(3)
        self.batch = world.batch(*self.claims)
        services.approve_batch(self.batch, by=world.approver())
        self.by = self.batch.prepared_by

    def change_payee(self, claim):
        officer = claim.officer
        profiles.services.save_payee(
            officer, name=officer.payee_name, phone=make.phone(), by=officer.user
        )

    def test_a_payee_that_changes_while_the_file_is_written_is_left_out_of_the_next_try(self):
        run = services.start_export(self.batch, by=self.by)
        written = []
        write = exporting._write

        def interrupted(batch):
            made = write(batch)
            if not written:
                self.change_payee(self.claims[0])
            written.append(made)
            return made

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(exporting, "_write", interrupted)
            run = runs.finish(run)
        assert (run.status, [made.count for made in written]) == ("done", [3, 2])
        assert run.outcome["left_out"] == 1
        self.batch.refresh_from_db()
        assert self.batch.sha256 == written[1].sha256
        assert not exporting.default_storage.exists(written[0].path)
        self.claims[0].refresh_from_db()
        assert self.claims[0].status == ClaimStatus.APPROVED
        assert self.claims[0].holds.standing().get().code == HoldCode.PAYEE_CHANGED
        payment = self.claims[0].payments.get()
        sums = {"owed": Decimal(0), "channel": Decimal(0)}
        for entry in LedgerEntry.objects.filter(payment=payment):
            sums[entry.debit] -= entry.amount
            sums[entry.credit] += entry.amount
        assert set(sums.values()) == {0}

    def test_whoever_was_left_out_and_let_go_by_a_person_is_paid_by_the_next_batch(self):
        self.change_payee(self.claims[0])
        services.export_batch(self.batch, by=self.by)
        hold = self.claims[0].holds.standing().get()
        services.clear_hold(hold, by=world.approver(), note="Asked by phone")
        assert world.batch(self.claims[0]).count == 1

    def test_it_is_asked_for_once_at_a_time_and_not_again(self):
        services.start_export(self.batch, by=self.by)
        with pytest.raises(Refused, match="being done already"):
            services.start_export(self.batch, by=world.preparer())
        runs.finish(self.batch.runs.get())
        with pytest.raises(Refused, match="cannot be exported"):
            services.start_export(self.batch, by=self.by)

    def test_what_cannot_be_written_leaves_it_approved_and_says_why(self):
        run = services.start_export(self.batch, by=self.by)

        def full(batch):
            raise OSError(28, "No space left on device")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(exporting, "_write", full)
            run = runs.finish(run)
        assert (run.status, "No space left" in run.failure) == ("failed", True)
        self.batch.refresh_from_db()
        assert (self.batch.status, self.batch.sha256) == (BatchStatus.APPROVED, "")
        runs.try_again(run, by=self.by)
        runs.finish(run)
        self.batch.refresh_from_db()
        assert self.batch.status == BatchStatus.EXPORTED
        assert PaymentBatch.objects.exclude(file="").count() == 1
