"""What the channel says it did, written down once, whatever the file looks like."""

import csv
import io
import random
from datetime import timedelta
from unittest import mock

import pytest
import time_machine
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import TestCase, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Entry
from claims import ledger, results, runs, services
from claims.models import (
    BatchStatus,
    Claim,
    ClaimStatus,
    Hold,
    HoldCode,
    LedgerEntry,
    MoneyRun,
    PaymentStatus,
    ResultFile,
    ResultLine,
    ResultsStatus,
)
from claims.models.results import results_path
from claims.results import read_results
from claims.runs import work
from claims.services import exporting
from claims.tests import world
from claims.tests.test_database import refused
from cp2.exports import xlsx_file
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
        assert outcome.left == [(2, "No payment matches this line.")]

    def test_lines_that_a_person_must_look_at(self):
        foreign = world.export(world.batch(*world.approved()))
        self.read(self.paid(2))
        for row, why in (
            (self.paid(0, reference="CP2-999999999"), "No payment matches"),
            (
                self.paid(0, reference=f"CP2-{foreign.payments.get().pk}"),
                f"It belongs to payment batch {foreign.pk}.",
            ),
            (self.paid(0, reference="1" * 30, phone=""), "No payment matches"),
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
        assert outcome.paid == 0
        assert [why for _line, why in outcome.left] == [
            "This receipt number stands beside several payments."
        ] * 2

    def test_lines_that_contradict_each_other_are_all_left_whatever_their_order(self):
        for other in (
            self.failed(0),
            self.paid(0, receipt="SGH7777777"),
            self.paid(0, amount="600"),
            self.paid(0, status="Reversed", receipt=""),
        ):
            for rows in ([self.paid(0), other], [other, self.paid(0)]):
                with self.subTest(other, first=rows[0]):
                    outcome = self.read(*rows, self.paid(1))
                    assert outcome.paid + outcome.again == 1
                    assert [line for line, _why in outcome.left] == [2, 3]
        assert self.statuses().count(ClaimStatus.PAID) == 1

    def test_a_line_twice_counts_once(self):
        outcome = self.read(self.paid(0), self.paid(0), self.failed(1), self.failed(1))
        assert (outcome.paid, outcome.failed, outcome.again) == (1, 1, 2)
        assert Message.objects.count() == 2

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

    def test_what_was_kept_back_is_settled_or_still_owed(self):
        for status, back in (("Completed", False), ("Failed", True)):
            [claim] = world.approved()
            owes = world.owing(claim)
            self.batch = world.export(world.batch(claim))
            self.payments = [self.batch.payments.get()]
            self.read(self.paid(0, status=status, amount="800.00", receipt="SGHKEPT000"))

            owes.refresh_from_db()
            assert (owes.recoveries.get().returned_at is not None) == back
            assert owes.status == (ClaimStatus.APPROVED if back else ClaimStatus.PAID)
            reference = None if back else f"CP2-{self.payments[0].pk}-{owes.pk}"
            assert owes.payment_reference == reference
            assert not ledger.check()
            if not back:
                self.read(self.paid(0, status="Reversed", amount="800", receipt=""))
                owes.refresh_from_db()
                assert (owes.status, owes.payment_reference) == (ClaimStatus.APPROVED, None)
                assert not ledger.check()

    def test_a_payment_that_the_channel_takes_back(self):
        self.read(self.paid(0), self.paid(1), self.paid(2))
        Message.objects.all().delete()
        outcome = self.read(self.paid(1, status="Reversed", receipt="", reason="Wrong number"))

        assert (outcome.reversed, outcome.left) == (1, [])
        payment = self.payments[1]
        payment.refresh_from_db()
        assert (payment.status, payment.reference) == (PaymentStatus.REVERSED, "SGH0000001")
        claim = payment.claim
        assert (claim.status, claim.paid_at, claim.payment_reference) == ("approved", None, None)
        hold = claim.holds.standing().get()
        assert (hold.code, hold.note) == (HoldCode.PAYMENT_FAILED, "Wrong number")
        turned = LedgerEntry.objects.get(payment=payment, debit="paid")
        assert turned.reverses == LedgerEntry.objects.get(payment=payment, credit="paid")
        assert "was taken back" in Message.objects.get().text
        assert not ledger.check()

        again = self.read(self.paid(1), self.paid(0, status="Reversed"))  # an older file
        assert (again.again, again.reversed) == (1, 1)
        services.check_holds(Claim.objects.all(), by=world.approver())
        assert hold.claim.holds.standing().exists()  # it has no other payee yet

    def test_what_was_never_paid_cannot_be_taken_back(self):
        outcome = self.read(self.paid(0, status="Reversed", receipt=""))
        assert "we know of no payment before" in outcome.left[0][1]
        assert self.statuses() == [ClaimStatus.PAYING] * 3


class Reading(TestCase):
    def test_the_usual_shapes_of_a_file(self):
        for text in (
            "Reference,Status,Receipt\nCP2-7,Completed,SGH1234",
            "\ufeffreference;status;receipt\r\n7;PAID;sgh1234\r\n\r\n",
            "Payment ID\tResult\tTransaction ID\n'CP2-7\tsuccess\tSGH1234\n",
            'Status,Reference,Receipt\n"Successful","cp2-7","SGH1234"\n',
            "No,End To End Id,,Transaction Status,Bank Ref,Fee\n1,CP2-7,,Processed,SGH1234,9\n",
        ):
            with self.subTest(text):
                [result] = read_results(text)
                assert (result.payment, result.status, result.receipt) == (7, "paid", "SGH1234")
                assert result.line == 2

    def test_a_workbook_is_read_like_a_csv_file(self):
        rows = [["CP2-7", "Completed", "SGH1234", 1100], ["CP2-8", "Failed", "", "1,100.00"]]
        book = xlsx_file("Results", ["Reference", "Status", "Receipt", "Amount"], rows)
        first, second = results.read(io.BytesIO(book))
        assert (first.payment, first.status, first.amount) == (7, "paid", "1100")
        assert (second.payment, second.status, second.line) == (8, "failed", 3)

    def test_what_is_no_result_file_is_said_in_words(self):
        for text, words in (
            ("", "nothing in this file"),
            ("Reference,Receipt\n7,SGH1234", "“status” is missing"),
            ("Receipt,Status\nSGH1234,Paid", "must name the columns"),
            ("Reference,Status", "no payment below"),
            ("Reference,Status,Status\n7,Paid,Paid", "twice"),
            ('Reference,Status\n7,"Pa"id', "quotation mark"),
            ('Reference,Status\n7,"Paid', "quotation mark"),
            ("Reference,Status\n" + "x" * 200_000, "too long"),
        ):
            with self.subTest(words), pytest.raises(Refused, match=words):
                read_results(text)

    def test_a_row_that_is_cut_off_is_reported_and_the_others_count(self):
        found = read_results("Reference,Status,Receipt\nCP2-7,Paid,SGH1234\nCP2-8,Pa")
        assert [bool(each.fault) for each in found] == [False, True]
        cut = results.read(
            io.BytesIO(b"Reference,Status,Receipt\nCP2-7,Paid,SGH1234567\n8,Paid,SGH12")
        )
        assert [each.fault for each in cut] == [
            "",
            "The file ends within this line, so it may be cut off.",
        ]

    def test_whatever_the_bytes_they_are_read_or_refused(self):
        whole = xlsx_file("Results", ["Reference", "Status"], [["CP2-7", "Paid"]])
        for content in (b"", b"\0", b"\xff\xfe\0", b"x" * 10_000, whole[:200], whole[:-40]):
            with self.subTest(content[:20]), pytest.raises(Refused):
                results.read(io.BytesIO(content))


class Page(TestCase):
    """From the button to what is written down."""

    def setUp(self):
        self.claims = world.approved(3)
        self.batch = world.export(world.batch(*self.claims))
        self.payments = list(self.batch.payments.order_by("pk"))
        self.preparer = world.preparer()
        make.sign_in(self.client, self.preparer)
        self.url = reverse("admin:claims_paymentbatch_reconcile", args=[self.batch.pk])
        self.add = reverse("admin:claims_resultfile_add")
        self.lines = (
            "Reference,Status,Receipt\n"
            f"CP2-{self.payments[0].pk},Paid,SGH1234\n"
            f"CP2-{self.payments[1].pk},Failed,\n"
            "CP2-999999999999,Paid,X\n"
        )

    def file(self, content, name="results.csv"):
        content = content.encode() if isinstance(content, str) else content
        return {"file": SimpleUploadedFile(name, content)}

    def send(self, content=None, url=None):
        page = self.client.post(url or self.url, self.file(content or self.lines), follow=True)
        work()
        return page

    def page(self, file, name="change", *more):
        return reverse(f"admin:claims_resultfile_{name}", args=[file.pk, *more])

    def write(self, file, sha256=None, client=None):
        data = {"sha256": sha256 or file.sha256}
        page = (client or self.client).post(self.page(file, "apply"), data, follow=True)
        work()
        return page

    def statuses(self):
        return [payment.status for payment in self.batch.payments.order_by("pk")]

    def test_looked_at_first_and_then_written(self):
        page = self.send()
        self.assertContains(page, "Being read")
        assert page["Refresh"] == "2"
        file = ResultFile.objects.get()
        page = self.client.get(self.page(file))
        for said in (
            "Paid: 1",
            "Failed: 1",
            "Not understood: 1",
            "Waiting, and not in this file: 1",
        ):
            self.assertContains(page, said)
        self.assertContains(page, "No payment matches this line.")
        self.assertContains(page, "Will be written down")
        assert self.statuses() == ["waiting"] * 3

        form = page.context["form"]
        assert form.initial == {"sha256": file.sha256}
        self.write(file)
        assert self.statuses() == ["paid", "failed", "waiting"]
        file.refresh_from_db()
        assert (file.status, file.applied_by) == (ResultsStatus.APPLIED, self.preparer)
        run = MoneyRun.objects.first()
        assert run.outcome == {"paid": 1, "failed": 1, "taken_back": 0, "known": 0, "left": 0}
        assert not ledger.check()

    def test_the_same_file_again_says_so_and_changes_nothing(self):
        self.send()
        self.write(ResultFile.objects.get())
        entries, runs = Entry.objects.count(), MoneyRun.objects.count()
        page = self.send()
        self.assertContains(page, "This very file was sent before.")
        self.assertContains(self.write(ResultFile.objects.get()), "written down already")
        assert ResultFile.objects.count() == 1
        assert (Entry.objects.count(), MoneyRun.objects.count()) == (entries, runs)

        self.send(self.lines + "\n")  # the same lines in other bytes
        file = ResultFile.objects.first()
        assert file.counts["lines"] == {"known": 2, "unclear": 1}

    def test_only_the_bytes_that_were_looked_at_are_written(self):
        self.send()
        file = ResultFile.objects.get()
        self.assertContains(self.write(file, sha256="0" * 64), "not the file that you looked at")
        self.assertContains(self.write(file, sha256="x"), "not the file that you looked at")
        with file.file.storage.open(file.file.name, "wb") as stored:
            stored.write(self.lines.replace("Failed", "Paid").encode())
        self.assertContains(self.write(file), "not the one that was uploaded")
        page = self.client.get(self.page(file, "download"), follow=True)
        self.assertContains(page, "not the one that was uploaded")
        assert self.statuses() == ["waiting"] * 3

    def test_one_file_about_several_batches(self):
        other = world.export(world.batch(*world.approved()))
        theirs = other.payments.get()
        lines = self.lines + f"CP2-{theirs.pk},Paid,SGHOTHER\n"
        self.send(lines)
        assert ResultFile.objects.get().counts["lines"]["foreign"] == 1

        self.send(lines, url=self.add)
        file = ResultFile.objects.first()
        assert file.batch is None
        assert file.counts["touched"] == sorted([self.batch.pk, other.pk])
        self.write(file)
        theirs.refresh_from_db()
        assert (theirs.status, self.statuses()) == ("paid", ["paid", "failed", "waiting"])
        other.refresh_from_db()
        assert other.status == BatchStatus.RECONCILED

    def test_what_the_books_say_meanwhile_counts(self):
        self.send()
        file = ResultFile.objects.get()
        rows = world.results(f"CP2-{self.payments[0].pk},Failed,")
        services.reconcile(self.batch, rows, by=self.preparer)
        self.write(file)
        assert self.statuses() == ["failed", "failed", "waiting"]
        line = file.lines.get(payment=self.payments[0])
        assert (line.verdict, "before that this payment is failed" in line.why) == ("unclear", True)
        entry = Entry.objects.get(verb="results.written")
        assert entry.details["lines"] == {"failed": 1, "unclear": 2}

    def test_a_run_that_was_called_off_is_begun_anew(self):
        self.client.post(self.url, self.file(self.lines))
        runs.cancel(MoneyRun.objects.get(), by=self.preparer)
        self.send()
        file = ResultFile.objects.get()
        assert file.status == ResultsStatus.READ
        self.client.post(self.page(file, "apply"), {"sha256": file.sha256})
        busy = self.client.get(self.page(file))
        assert busy["Refresh"] == "2"
        self.assertNotContains(busy, "What this file said")
        runs.cancel(MoneyRun.objects.first(), by=self.preparer)
        page = self.client.get(self.page(file))
        assert not page.has_header("Refresh")
        self.assertContains(page, "Writing was called off before its end")
        self.assertContains(page, "Write these results down")
        self.write(file)
        assert self.statuses() == ["paid", "failed", "waiting"]
        self.assertNotContains(self.client.get(self.page(file)), "Write these results down")

    @override_settings(STORAGES=settings.STORAGES)  # a store of its own, with no other test's files
    def test_a_file_that_no_row_names_is_swept_up(self):
        self.send()
        kept = ResultFile.objects.get().file.name
        lost = default_storage.save(results_path(ResultFile(), ""), ContentFile(b"x"))
        assert exporting.sweep_files() == 0  # what is young may be about to be named
        with time_machine.travel(timezone.now() + timedelta(days=2)):
            assert exporting.sweep_files() == 1
        assert default_storage.exists(kept)
        assert not default_storage.exists(lost)

    def test_pasted_lines_are_a_file_too(self):
        self.client.post(self.url, {"text": self.lines})
        work()
        file = ResultFile.objects.get()
        assert (file.file_name, file.status) == ("pasted lines", ResultsStatus.READ)

    def test_lines_of_a_kind_are_taken_away(self):
        self.send("Reference,Status,Reason\n" + "".join(f"x{n},Paid,=1+1\n" for n in range(60)))
        file = ResultFile.objects.get()
        page = self.client.get(self.page(file))
        self.assertContains(page, "and 10 more.")
        self.assertNotContains(page, "Write these results down")  # there is nothing to write
        for verdict, count in (("unclear", 60), ("missing", 3), ("paid", 0)):
            taken = self.client.post(self.page(file, "lines", verdict), {"as": "csv"})
            rows = list(csv.reader(taken.getvalue().decode("utf-8-sig").splitlines()))
            assert len(rows) == 1 + count
        assert Entry.objects.filter(verb="results.taken").count() == 3
        unclear = self.client.post(self.page(file, "lines", "unclear"), {"as": "csv"})
        assert b",'=1+1," in unclear.getvalue()
        nonsense = self.client.post(self.page(file, "lines", "whim"), {"as": "csv"})
        assert nonsense.status_code == 404

    def test_what_cannot_be_read_is_said_and_writes_nothing(self):
        for data in (
            {},
            {"text": "  "},
            {"text": "a\0b"},
            {"text": self.lines, **self.file(self.lines)},
            self.file(b""),
            self.file(b"PK\x03\x04\x00\x00", "results.xlsx"),
            self.file(b"%PDF-1.7", "results.pdf"),
        ):
            page = self.client.post(self.url, data)
            assert page.status_code == 200
            assert page.context["form"].errors
        assert not ResultFile.objects.exists()
        with mock.patch("claims.forms.MOST_BYTES", 10):
            page = self.client.post(self.url, self.file(b"x" * 11))
            assert "larger than" in str(page.context["form"].errors)
        for content in (b"x", b"\x00\xff\xfe", b"Reference,Status\n\0,Paid", b"x" * 100_000):
            self.send(content)
            file = ResultFile.objects.first()
            assert file.status == ResultsStatus.FAILED
            self.assertContains(self.client.get(self.page(file)), "Cannot be read")
            again = self.client.post(self.page(file, "apply"), {"sha256": file.sha256})
            assert again.status_code == 302
        assert self.statuses() == ["waiting"] * 3

    def test_a_draft_has_nothing_to_be_read_back(self):
        draft = world.batch(*world.approved())
        url = reverse("admin:claims_paymentbatch_reconcile", args=[draft.pk])
        self.assertContains(self.client.post(url, {"text": self.lines}), "not sent to be paid yet")

    def test_who_may_look_and_who_may_write(self):
        self.send()
        file = ResultFile.objects.get()
        for user in (world.approver(), world.staff("Auditor")):
            client = self.client_class()
            make.sign_in(client, user)
            page = client.get(self.page(file))
            self.assertNotContains(page, "Write these results down")
            assert client.get(self.page(file, "download")).content == self.lines.encode()
            assert self.write(file, client=client).status_code == 404
            assert client.post(self.add, self.file("x")).status_code == 404
        client = self.client_class()
        make.sign_in(client, world.staff("Help desk"))
        assert client.get(self.page(file)).status_code == 404
        assert client.get(self.page(file, "download")).status_code == 404
        assert self.statuses() == ["waiting"] * 3

    def test_as_many_queries_for_many_lines_as_for_one(self):
        counts = []
        for n in (1, 60):
            self.send("Reference,Status\n" + f"x{n},Paid\n" * n)
            with CaptureQueriesContext(connection) as queries:
                self.client.get(self.page(ResultFile.objects.first()))
            counts.append(len(queries))
        assert counts[0] == counts[1]


class TakingBack(TestCase):
    """A person has it from the channel that the money came back."""

    def setUp(self):
        self.claim = world.claim(ClaimStatus.PAID)
        self.payment = self.claim.payments.get()
        self.url = reverse("admin:claims_payment_take_back", args=[self.payment.pk])
        self.page = reverse("admin:claims_payment_change", args=[self.payment.pk])

    def test_by_the_approver_with_a_reason(self):
        make.sign_in(self.client, world.approver())
        self.assertContains(self.client.get(self.page), self.url)
        Message.objects.all().delete()
        self.assertContains(self.client.post(self.url, {"reason": " "}), "Enter what the channel")
        page = self.client.post(self.url, {"reason": "Letter of 3 May"}, follow=True)

        self.assertContains(page, "The payment is taken back.")
        self.payment.refresh_from_db()
        assert (self.payment.status, self.payment.failure) == ("reversed", "Letter of 3 May")
        self.claim.refresh_from_db()
        assert self.claim.status == ClaimStatus.APPROVED
        assert self.claim.holds.standing().get().note == "Letter of 3 May"
        assert "was taken back" in Message.objects.get().text
        assert not ledger.check()

        again = self.client.post(self.url, {"reason": "Again"})
        self.assertContains(again, "is taken back, so it cannot be taken back")

    def test_not_by_whoever_prepared_the_batch_nor_of_ones_own(self):
        both = self.payment.batch.prepared_by
        with pytest.raises(Refused, match="You prepared this batch"):
            services.take_back(self.payment, by=both, reason="x")
        with pytest.raises(Refused, match="your own"):
            services.take_back(self.payment, by=self.claim.officer.user, reason="x")
        make.sign_in(self.client, world.preparer())
        assert self.client.get(self.url).status_code == 404
        assert self.client.post(self.url, {"reason": "x"}).status_code == 404
        self.assertNotContains(self.client.get(self.page), self.url)
        self.payment.refresh_from_db()
        assert self.payment.status == PaymentStatus.PAID


class TheDatabase(TestCase):
    def setUp(self):
        self.batch = world.export(world.batch(*world.approved()))
        self.file = ResultFile.objects.create(
            file="x", file_name="x", sha256="0" * 64, uploaded_by=make.user()
        )

    def refuses(self, name, **fields):
        with refused(name):
            ResultFile.objects.filter(pk=self.file.pk).update(**fields)

    def test_files(self):
        self.refuses("results_status", status="lost")
        for fields in ({"status": "applied"}, {"applied_at": timezone.now()}):
            self.refuses("applied_results_say_when_and_by_whom", **fields)
        for fields in ({"status": "failed"}, {"failure": "x"}):
            self.refuses("results_that_cannot_be_read_say_why", **fields)
        with refused("one_file_of_results_of_these_bytes"):
            ResultFile.objects.create(
                file="y", file_name="y", sha256="0" * 64, uploaded_by=make.user()
            )

    def test_lines(self):
        for name, fields in (
            ("a_line_of_results_is_read_once", {"line": 2, "verdict": "known"}),
            ("verdict_on_a_line", {"verdict": "whim"}),
            ("written_line_is_about_a_payment", {"verdict": "paid"}),
        ):
            ResultLine.objects.all().delete()
            ResultLine.objects.create(of=self.file, line=2, verdict="unclear")
            with self.subTest(name), refused(name):
                ResultLine.objects.create(of=self.file, **{"line": 3, **fields})
