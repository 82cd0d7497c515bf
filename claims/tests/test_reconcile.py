"""What the channel says it did, written down once, whatever the file looks like."""

import random

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import TestCase
from django.urls import reverse

from accounts.models import Entry
from claims import services
from claims.models import BatchStatus, Claim, ClaimStatus, Hold, HoldCode, PaymentStatus
from claims.results import read_results
from claims.tests import world
from cp2.rules import Refused
from cp2.tests import make
from sms.models import Kind, Message

HEAD = "Reference,MSISDN,Amount,Status,Receipt,Reason"


class Reconciling(TestCase):
    def setUp(self):
        self.claims = world.approved(3)
        self.batch = world.export(world.batch(*self.claims))
        self.payments = list(self.batch.payments.order_by("pk"))

    def paid(self, n, **fields):
        payment = self.payments[n]
        given = {
            "reference": f"CP2-{payment.pk}",
            "phone": payment.payee_phone,
            "amount": "1100.00",
            "status": "Completed",
            "receipt": f"SGH{n:07d}",
            "reason": "",
        }
        return ",".join({**given, **fields}.values())

    def failed(self, n, reason="Not registered"):
        return self.paid(n, status="Failed", receipt="", reason=reason)

    def read(self, *rows):
        return services.reconcile(
            self.batch, world.results(*rows, head=HEAD), by=self.batch.prepared_by
        )

    def statuses(self):
        return list(Claim.objects.order_by("pk").values_list("status", flat=True))

    def test_paid_with_reference_and_the_officer_is_told(self):
        outcome = self.read(self.paid(0))

        assert (outcome.paid, outcome.failed, outcome.again, outcome.left) == (1, 0, 0, [])
        claim = Claim.objects.get(pk=self.payments[0].claim_id)
        assert (claim.status, claim.payment_reference) == (ClaimStatus.PAID, "SGH0000000")
        assert claim.paid_at
        text = Message.objects.get()
        assert text.to == claim.officer.phone
        assert text.text == (
            f"KNEC CP2: KES 1,100.00 for {claim.exam.short} was sent to "
            f"0{text.to[3:6]} … {text.to[-3:]}. M-Pesa reference: SGH0000000."
        ).replace("…", "...")
        entry = Entry.objects.about(claim).first()
        assert entry.details == {"amount": "1100.00", "reference": "SGH0000000"}
        self.batch.refresh_from_db()
        assert self.batch.status == BatchStatus.EXPORTED

    def test_failed_goes_back_held_and_the_officer_is_told_what_to_do(self):
        outcome = self.read(self.failed(1))

        assert outcome.failed == 1
        payment = self.payments[1]
        payment.refresh_from_db()
        assert (payment.status, payment.failure) == (PaymentStatus.FAILED, "Not registered")
        claim = payment.claim
        hold = claim.holds.standing().get()
        assert claim.status == ClaimStatus.APPROVED
        assert (hold.code, hold.note) == (HoldCode.PAYMENT_FAILED, "Not registered")
        assert "could not be paid" in Message.objects.get().text

        services.clear_hold(hold, by=world.approver(), note="Registered now")
        assert world.batch(claim).count == 1  # a second attempt

    def test_the_batch_closes_when_the_last_is_known(self):
        self.read(self.paid(0), self.failed(1), self.paid(2))

        assert list(Message.objects.values_list("kind", flat=True)) == [Kind.BULK] * 3
        self.batch.refresh_from_db()
        assert self.batch.status == BatchStatus.RECONCILED
        assert Entry.objects.get(verb="batch.reconciled").details == {"paid": "2200.00"}

    def test_the_same_file_again_in_any_order_or_in_part_changes_nothing(self):
        rows = [self.paid(0), self.failed(1), self.paid(2)]
        self.read(*rows[:1])
        self.read(*rows)
        after, texts, entries = self.statuses(), Message.objects.count(), Entry.objects.count()
        for seed in range(3):
            shuffled = random.Random(seed).sample(rows, 3)[: seed + 1]
            outcome = self.read(*shuffled, *shuffled)
            assert (outcome.paid, outcome.failed, outcome.left) == (0, 0, [])
            assert outcome.again == 2 * len(shuffled)

        assert self.statuses() == after
        assert Message.objects.count() == texts == 3
        assert Entry.objects.count() == entries + 3  # that it was read

    def test_found_by_number_where_there_is_no_reference(self):
        payment = self.payments[0]
        assert self.read(self.paid(0, reference="")).paid == 1

        other = make.officer(payee_phone=payment.payee_phone)
        exam = payment.claim.exam
        claims = [
            *world.approved(exam=exam),
            world.claim(
                ClaimStatus.APPROVED,
                deployment=make.deployment(post=make.post(exam=exam), officer=other),
            ),
        ]
        claims[0].officer.payee_phone = payment.payee_phone
        claims[0].officer.save()
        services.check_holds(Claim.objects.filter(exam=exam), by=world.preparer())
        services.clear_all(Hold.objects.standing(), by=world.approver(), note="A couple")
        self.batch = world.export(world.batch(*claims))
        outcome = self.read(self.paid(0, reference="", receipt="SGHX000001"))
        assert outcome.left == [(2, "No payment of this batch matches this line.")]

    def test_lines_that_a_person_must_look_at(self):
        foreign = world.export(world.batch(*world.approved()))
        self.read(self.paid(2))
        for row, why in (
            (self.paid(0, reference="CP2-999999999"), "No payment of this batch"),
            (
                self.paid(0, reference=f"CP2-{foreign.payments.get().pk}"),
                "No payment of this batch",
            ),
            (self.paid(0, reference="1" * 30, phone=""), "No payment of this batch"),
            (self.paid(0, status="Pending"), "none that we know"),
            (self.paid(0, receipt=""), "no receipt number"),
            (self.paid(0, receipt="=1+1"), "no receipt number"),
            (self.paid(0, receipt="SGH0000002"), "belongs to another payment"),
            (self.paid(0, amount="100"), "amount"),
            (self.paid(0, amount="1.1e3"), "amount"),
            (self.paid(0, amount="-1100"), "amount"),
            (self.paid(0, amount="١١٠٠"), "amount"),
            (self.paid(0, phone=make.phone()), "number is not the one"),
            (self.paid(2, receipt="SGH0000009"), "before that this payment is paid"),
            (self.failed(2), "before that this payment is paid"),
        ):
            with self.subTest(row):
                outcome = self.read(row)
                assert (outcome.paid, outcome.failed, outcome.again) == (0, 0, 0)
                [(line, said)] = outcome.left
                assert line == 2
                assert why in said
        assert self.statuses().count(ClaimStatus.PAID) == 1

    def test_one_receipt_proves_one_payment_within_a_file_too(self):
        outcome = self.read(self.paid(0), self.paid(1, receipt="SGH0000000"))
        assert (outcome.paid, len(outcome.left)) == (1, 1)

    def test_paid_after_we_wrote_failed_is_for_a_person(self):
        self.read(self.failed(0))
        outcome = self.read(self.paid(0))
        assert "before that this payment is failed" in outcome.left[0][1]

    def test_only_a_batch_that_was_sent(self):
        claims = world.approved()
        draft = world.batch(*claims)
        for status in ("draft", "approved"):
            if status == "approved":
                services.approve_batch(draft, by=world.approver())
            with pytest.raises(Refused, match="not sent to be paid yet"):
                services.reconcile(draft, [], by=draft.prepared_by)


class Reading(TestCase):
    def test_the_usual_shapes_of_a_file(self):
        for text in (
            "Reference,Status,Receipt\nCP2-7,Completed,SGH1234",
            "\ufeffreference;status;receipt\r\n7;PAID;sgh1234\r\n\r\n",
            "Payment ID\tResult\tTransaction ID\n'CP2-7\tsuccess\tSGH1234\n",
            'Status,Reference,Receipt\n"Successful","cp2-7","SGH1234"\n',
        ):
            with self.subTest(text):
                [result] = read_results(text)
                assert (result.payment, result.status, result.receipt) == (7, "paid", "SGH1234")
                assert result.line == 2

    def test_what_is_no_result_file_is_said_in_words(self):
        for text, words in (
            ("", "must name the columns"),
            ("Reference,Receipt\n7,SGH1234", "must name the columns"),
            ("Receipt,Status\nSGH1234,Paid", "must name the columns"),
            ("Reference,Status", "no payment below"),
            ("Reference,Status,Status\n7,Paid,Paid", "twice"),
            ('Reference,Status\n7,"Pa"id', "cannot be read"),
            ('Reference,Status\n7,"Paid', "cannot be read"),
            ("Reference,Status\n" + "7,Paid\n" * 5001, "5000 payments at most"),
            ("Reference,Status\n" + "7,Paid\n" * 150_000, "too long"),
            ("Reference,Status\n" + "x" * 200_000, "cannot be read"),
        ):
            with self.subTest(words), pytest.raises(ValidationError, match=words):
                read_results(text)


class Page(TestCase):
    def setUp(self):
        [self.claim] = world.approved()
        self.batch = world.export(world.batch(self.claim))
        self.payment = self.batch.payments.get()
        self.url = reverse("admin:claims_paymentbatch_reconcile", args=[self.batch.pk])
        make.sign_in(self.client, world.preparer())
        self.lines = f"Reference,Status,Receipt\nCP2-{self.payment.pk},Paid,SGH1234\nCP2-1,Paid,X\n"

    def file(self, content, name="results.csv"):
        return {"file": SimpleUploadedFile(name, content)}

    def test_by_file_or_by_pasting(self):
        page = self.client.post(self.url, self.file(self.lines.encode()))
        outcome = page.context["outcome"]
        assert (outcome.paid, len(outcome.left)) == (1, 1)
        self.assertContains(page, "No payment of this batch matches this line.")
        self.claim.refresh_from_db()
        assert self.claim.payment_reference == "SGH1234"

        page = self.client.post(self.url, {"text": self.lines})
        assert page.context["outcome"].again == 1

    def test_what_cannot_be_read_is_said_and_writes_nothing(self):
        written = Entry.objects.count()
        for data in (
            {},
            {"text": "  "},
            {"text": "a\0b"},
            {"text": "x"},
            {"text": self.lines, **self.file(self.lines.encode())},
            self.file(b""),
            self.file(self.lines.encode("utf-16")),
            self.file(b"\x00\xff\xfe"),
            self.file(b"Reference,Status\n\0,Paid"),
            self.file(b"x" * 1_000_001),
            self.file(b"PK\x03\x04\x00\x00", "results.xlsx"),
        ):
            page = self.client.post(self.url, data)
            assert page.status_code == 200
            assert page.context["form"].errors or page.context["outcome"].left
        assert Entry.objects.exclude(verb="batch.read_back").count() == written
        self.claim.refresh_from_db()
        assert self.claim.status == ClaimStatus.PAYING

    def test_a_draft_has_nothing_to_be_read_back(self):
        draft = world.batch(*world.approved())
        url = reverse("admin:claims_paymentbatch_reconcile", args=[draft.pk])
        self.assertContains(self.client.post(url, {"text": self.lines}), "not sent to be paid yet")
