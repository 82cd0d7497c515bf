"""A worker fills a batch: what goes in, what is kept back, what it does when it dies."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Entry
from claims import runs, services
from claims.models import (
    Account,
    BatchStatus,
    Claim,
    ClaimStatus,
    Hold,
    HoldCode,
    LedgerEntry,
    MoneyRun,
    Payment,
    PaymentBatch,
    PaymentStatus,
    Recovery,
    RunStatus,
)
from claims.services import building
from claims.tests import world
from cp2.rules import Refused
from cp2.tests import make


def built(exam, *, by=None, channel="mpesa", **where):
    run = services.start_batch(exam, channel=channel, by=by or world.preparer(), **where)
    return PaymentBatch.objects.get(runs=runs.finish(run))


def owed(claim, net=-300, exam=None):
    """An approved adjustment of a claim; of another exam if one is given, an original."""
    fields = {"exam": exam} if exam else {"adjusts": claim, "exam": claim.exam}
    made = Claim.objects.create(
        officer=claim.officer,
        days=0,
        gross=net if not exam else 0,
        tax=0,
        advance=0 if not exam else -net,
        net=net,
        **fields,
    )
    deployment = claim.lines.get().deployment
    kind = "advance" if exam else "days"
    made.lines.create(deployment=deployment, kind=kind, quantity=-1, rate=-net, amount=net)
    if not exam:
        Claim.objects.filter(pk=made.pk).update(days=-1)
    Claim.objects.filter(pk=made.pk).update(status="verified", verified_by=make.user())
    Claim.objects.filter(pk=made.pk).update(status="approved", approved_by=make.user())
    made.refresh_from_db()
    return made


class Building(TestCase):
    def setUp(self):
        self.claims = world.approved(3)
        self.exam = self.claims[0].exam

    def test_all_that_can_be_paid_of_an_exam_in_portions(self, size=2):
        world.approved()  # of another exam
        by = world.preparer()
        run = services.start_batch(self.exam, channel="mpesa", by=by)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(building, "PORTION", size)
            run = runs.finish(run)

        assert (run.status, run.portions, run.outcome) == (RunStatus.DONE, 3, {"payments": 3})
        batch = PaymentBatch.objects.get()
        assert (batch.status, batch.count, batch.total) == (BatchStatus.DRAFT, 3, 3300)
        assert set(Claim.objects.filter(exam=self.exam).values_list("status")) == {("paying",)}
        assert Entry.objects.about(self.claims[0]).get().details == {"batch": batch.pk}
        assert Entry.objects.get(verb="batch.prepared").actor == by

    def test_of_a_sub_county_or_a_county(self):
        here = self.claims[0].lines.get().deployment.post.station.sub_county
        batch = built(self.exam, sub_county=here)
        assert (batch.count, batch.sub_county) == (1, here)
        elsewhere = make.sub_county(county="Kwale")
        assert built(self.exam, sub_county=elsewhere).status == BatchStatus.CANCELLED
        assert built(self.exam, county=elsewhere.county).status == BatchStatus.CANCELLED
        assert built(self.exam, county=here.county).count == 2

    def test_who_is_paid_by_a_bank_goes_into_a_batch_for_banks(self):
        officer = self.claims[1].officer
        account = make.bank_account(officer)
        officer.paid_by = "bank"
        officer.save()

        assert built(self.exam).count == 2
        batch = built(self.exam, channel="iso")
        payment = batch.payments.get()
        assert (payment.claim, payment.payee_name) == (self.claims[1], officer.full_name)
        assert (payment.bank_code, payment.branch_code) == ("68", "000")
        assert (payment.account, payment.payee_phone) == (account.number, "")

    def test_not_ones_own_under_any_account(self):
        by = world.preparer()
        first, second, third = (claim.officer for claim in self.claims)
        by.phone = make.phone()
        by.save()
        first.payee_phone = by.phone
        first.national_id = "01234567"
        first.save()
        second.national_id = "1234567"  # the same person once more
        second.save()
        batch = built(self.exam, by=by)

        assert batch.payments.get().claim.officer == third

    def test_nothing_to_pay_cancels_it(self):
        for claim in self.claims:
            Hold.objects.create(claim=claim, code=HoldCode.DUPLICATE, note="x")
        batch = built(self.exam)
        assert (batch.status, batch.count) == (BatchStatus.CANCELLED, 0)

    def test_one_that_is_cancelled_gives_all_back_and_its_worker_stops(self):
        run = services.start_batch(self.exam, channel="mpesa", by=world.preparer())
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(building, "PORTION", 2)
            runs.work(seconds=0, run=run)
            for _ in range(2):
                runs.RUNS.go_on(runs.RUNS.take(run))
        assert Claim.objects.filter(status="paying").count() == 2
        batch = PaymentBatch.objects.get()
        services.cancel_batch(batch, by=world.approver())

        run = runs.finish(MoneyRun.objects.get())
        assert run.status == RunStatus.CANCELLED
        assert set(Claim.objects.values_list("status", flat=True)) == {"approved"}
        assert built(self.exam).count == 3

    def test_a_run_that_is_called_off_cancels_its_batch(self):
        run = services.start_batch(self.exam, channel="mpesa", by=world.preparer())
        for _ in range(2):
            runs.RUNS.go_on(runs.RUNS.take(run))
        assert Claim.objects.filter(status="paying").count() == 3
        runs.cancel(run, by=world.preparer())

        assert PaymentBatch.objects.get().status == BatchStatus.CANCELLED
        assert set(Claim.objects.values_list("status", flat=True)) == {"approved"}


class KeptBack(TestCase):
    def setUp(self):
        [self.claim] = world.approved()

    def test_what_an_officer_owes_is_kept_back_from_what_they_are_paid(self):
        debt = owed(self.claim)
        batch = world.batch(self.claim)

        payment = batch.payments.get()
        assert (batch.total, payment.amount) == (800, 800)
        recovery = Recovery.objects.get()
        assert (recovery.payment, recovery.claim, recovery.amount) == (payment, debt, 300)
        debt.refresh_from_db()
        assert debt.status == ClaimStatus.PAYING
        services.approve_batch(batch, by=world.approver())
        entries = LedgerEntry.objects.values_list("debit", "credit", "amount")
        assert set(entries) == {
            (Account.OWED, Account.CHANNEL, Decimal(800)),
            (Account.OWED, Account.KEPT, Decimal(300)),
        }

    def test_oldest_first_whole_of_any_exam_and_something_is_left(self):
        debts = [
            owed(self.claim, -700, exam=make.exam()),
            owed(self.claim, -600, exam=make.exam()),  # too much by now
            owed(self.claim, -399, exam=make.exam()),
            owed(self.claim, -1, exam=make.exam()),  # nothing would be left
        ]
        batch = world.batch(self.claim)

        assert batch.payments.get().amount == 1
        kept = Recovery.objects.order_by("pk").values_list("claim", flat=True)
        assert list(kept) == [debts[0].pk, debts[2].pk]
        services.approve_batch(batch, by=world.approver())

    def test_a_claim_of_nothing_is_done_with_the_next_payment(self):
        nothing = owed(self.claim, 0, exam=make.exam())
        batch = world.batch(self.claim)

        assert batch.total == 1100
        nothing.refresh_from_db()
        assert nothing.status == ClaimStatus.PAYING
        services.approve_batch(batch, by=world.approver())
        assert LedgerEntry.objects.get().amount == 1100

    def test_it_comes_back_when_the_batch_is_cancelled(self):
        debt = owed(self.claim)
        batch = world.batch(self.claim)
        services.cancel_batch(batch, by=batch.prepared_by)

        debt.refresh_from_db()
        assert debt.status == ClaimStatus.APPROVED
        assert Recovery.objects.get().returned_at
        assert world.batch(self.claim).total == 800

    def test_it_comes_back_when_the_payment_is_left_out_and_the_ledger_balances(self):
        debt = owed(self.claim)
        [other] = world.approved(exam=self.claim.exam)
        batch = world.batch(self.claim, other)
        services.approve_batch(batch, by=world.approver())
        self.claim.officer.payee_phone = make.phone()
        self.claim.officer.save()
        services.export_batch(batch, by=batch.prepared_by)

        debt.refresh_from_db()
        self.claim.refresh_from_db()
        assert (debt.status, self.claim.status) == (ClaimStatus.APPROVED, ClaimStatus.APPROVED)
        payment = Payment.objects.get(claim=self.claim)
        assert payment.status == PaymentStatus.CANCELLED
        sums = {account: Decimal(0) for account in Account}
        for entry in payment.entries.all():
            sums[Account(entry.debit)] -= entry.amount
            sums[Account(entry.credit)] += entry.amount
        assert set(sums.values()) == {0}
        assert payment.entries.count() == 4

    def test_held_debts_and_others_debts_stay_where_they_are(self):
        held = owed(self.claim)
        Hold.objects.create(claim=held, code=HoldCode.DUPLICATE, note="x")
        [other] = world.approved(exam=self.claim.exam)
        owed(other)
        assert world.batch(self.claim).total == 1100


class Choosing(TestCase):
    def setUp(self):
        self.url = reverse("admin:claims_paymentbatch_new")
        self.claims = world.approved(8)
        self.exam = self.claims[0].exam
        self.by = world.preparer()
        make.sign_in(self.client, self.by)

    def ask(self, **given):
        return self.client.get(self.url, {"exam": self.exam.pk, "channel": "mpesa", **given})

    def test_shows_what_would_go_in_and_what_not_and_why_before_anything_is_built(self):
        own, mine, nobody, bank, waiting, held, *good = self.claims
        own.officer.payee_phone = self.by.phone = make.phone()
        own.officer.save()
        self.by.save()
        Claim.objects.filter(pk=mine.pk).update(approved_by=self.by)
        nobody.officer.submitted_at, nobody.officer.payee_phone = None, ""
        nobody.officer.save()
        bank.officer.paid_by = "bank"
        bank.officer.save()
        waiting.officer.payee_changed_at = timezone.now()
        waiting.officer.save()
        Hold.objects.create(claim=held, code=HoldCode.DUPLICATE, note="x")
        world.claim(
            ClaimStatus.VERIFIED, deployment=make.deployment(post=make.post(exam=self.exam))
        )
        owed(good[0])
        page = self.ask()

        found = page.context["found"]
        assert (found.count, found.total) == (2, 2200)
        assert [(why, count) for why, _text, count, _total in found.left_out] == [
            ("unapproved", 1),
            ("own", 1),
            ("approved_by_you", 1),
            ("owing", 1),
            ("other_channel", 1),
            ("no_payee", 1),
            ("waiting", 1),
            ("held", 1),
        ]
        assert [(code, n) for code, _text, n in found.held_by_code] == [("duplicate", 1)]
        for _text, _count, _total, url in page.context["left_out"]:
            assert not url or self.client.get(url).status_code == 200
        [(_text, _count, url)] = page.context["held"]
        self.assertContains(self.client.get(url), "Another claim looks like yours")
        assert not PaymentBatch.objects.exists()

        page = self.client.post(self.url, dict(page.context["hidden"]), follow=True)
        self.assertContains(page, "This page looks again by itself")
        runs.finish(MoneyRun.objects.get())
        batch = PaymentBatch.objects.get()
        assert (batch.count, batch.total, batch.prepared_by) == (2, 1900, self.by)

    def test_what_was_chosen_wrongly_is_said(self):
        for given, said in (
            ({"exam": "x"}, "Choose one of those that the page offers."),
            ({"exam": ""}, "Choose the exam"),
            ({"channel": "gold"}, "Select a valid choice"),
            (
                {
                    "county": make.sub_county(county="Kwale").county_id,
                    "sub_county": make.sub_county().pk,
                },
                "This sub-county is in another county.",
            ),
        ):
            with self.subTest(said):
                self.assertContains(self.ask(**given), said)
        page = self.client.post(self.url, {"exam": self.exam.pk, "channel": "gold"})
        assert page.status_code == 200
        assert not MoneyRun.objects.exists()

    def test_as_many_queries_for_one_claim_as_for_many(self):
        counts = []
        for exam in (self.exam, world.approved()[0].exam):
            with CaptureQueriesContext(connection) as queries:
                self.ask(exam=exam.pk)
            counts.append(len(queries))
        assert counts[0] == counts[1] <= 12

    def test_what_is_built_at_once_is_built_once(self):
        first = services.start_batch(self.exam, channel="mpesa", by=self.by)
        services.start_batch(self.exam, channel="mpesa", by=world.preparer())
        with pytest.raises(Refused, match="being done already"):
            runs.start(first.kind, self.exam, by=self.by, batch=first.batch)
        while runs.work(seconds=5):
            pass
        assert sorted(PaymentBatch.objects.values_list("count", "status")) == [
            (0, "cancelled"),
            (8, "draft"),
        ]
