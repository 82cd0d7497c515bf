"""From an approved claim to a file for M-Pesa: two people, one file, nothing paid twice."""

import csv
import hashlib
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

import profiles.services
from accounts.models import Entry
from claims import runs, services
from claims.channels.mpesa import COLUMNS
from claims.channels.sheet import cell
from claims.models import (
    BatchStatus,
    Claim,
    ClaimStatus,
    Hold,
    HoldCode,
    PaymentBatch,
    PaymentStatus,
)
from claims.tests import world
from cp2.rules import Refused
from cp2.tests import make
from profiles.models import Officer


class Approving(TestCase):
    def setUp(self):
        self.user = world.approver()
        self.claim = world.claim(ClaimStatus.VERIFIED)

    def test_approved_with_who_and_how_much(self):
        services.approve(self.claim, by=self.user)

        self.claim.refresh_from_db()
        assert (self.claim.status, self.claim.approved_by) == ("approved", self.user)
        assert Entry.objects.get().details == {"net": "1100.00"}

    def test_not_by_whoever_verified_it(self):
        Claim.objects.update(verified_by=self.user)
        with pytest.raises(Refused, match="You verified this claim"):
            services.approve(self.claim, by=self.user)
        assert not Entry.objects.exists()

    def test_not_ones_own(self):
        claim = world.claim(
            ClaimStatus.VERIFIED,
            deployment=make.deployment(officer=make.officer(user=self.user)),
        )
        with pytest.raises(Refused, match="your own"):
            services.approve(claim, by=self.user)

    def test_not_if_its_lines_do_not_add_up(self):
        Claim.objects.update(gross=9000, net=9000)
        with pytest.raises(Refused, match="do not add up"):
            services.approve(self.claim, by=self.user)

    def test_each_status_is_allowed_or_refused(self):
        for status in ClaimStatus:
            claim = world.claim(status)
            with self.subTest(status):
                if status == ClaimStatus.VERIFIED:
                    services.approve(claim, by=self.user)
                else:
                    with pytest.raises(Refused, match="cannot be approved"):
                        services.approve(claim, by=self.user)


class PreparingABatch(TestCase):
    def setUp(self):
        self.exam = make.exam()
        self.user = world.preparer()

    def test_copies_payee_and_amount_and_counts_them(self):
        claims = world.approved(3, exam=self.exam)
        batch = world.batch(*claims, by=self.user)

        assert (batch.status, batch.count, batch.total) == (BatchStatus.DRAFT, 3, 3300)
        for claim, payment in zip(claims, batch.payments.order_by("claim_id"), strict=True):
            assert payment.amount == claim.net
            assert payment.payee_name == claim.officer.payee_name
            assert payment.payee_phone == claim.officer.payee_phone
            assert payment.status == PaymentStatus.WAITING
            entry = Entry.objects.about(claim).get()
            assert (entry.verb, entry.actor) == ("claim.batched", self.user)
        assert set(Claim.objects.values_list("status", flat=True)) == {"paying"}
        entry = Entry.objects.get(verb="batch.prepared")
        assert entry.details == {"count": 3, "total": "3300.00"}

    def test_only_approved_claims_free_of_holds_and_with_somebody_to_pay(self):
        good, held, nameless, own, gone = world.approved(5, exam=self.exam)
        Hold.objects.create(claim=held, code=HoldCode.INVESTIGATION)
        nameless.officer.submitted_at, nameless.officer.payee_phone = None, ""
        nameless.officer.save()
        own.officer.payee_phone = self.user.phone = make.phone()
        own.officer.save()
        self.user.save()
        world.batch(gone)
        unseen = [
            world.claim(status, deployment=make.deployment(post=make.post(exam=self.exam)))
            for status in (ClaimStatus.PREPARED, ClaimStatus.VERIFIED, ClaimStatus.DISPUTED)
        ]
        batch = world.batch(good, held, nameless, own, gone, *unseen, by=self.user)

        assert list(batch.payments.values_list("claim", flat=True)) == [good.pk]

    def test_profiles_are_looked_at_at_that_moment(self):
        good, changed = world.approved(2, exam=self.exam)
        changed.officer.payee_name = "MARY WAIRIMU"
        changed.officer.save()
        batch = world.batch(good, changed)

        assert batch.count == 1
        assert changed.holds.get().code == HoldCode.PAYEE_NAME

    def test_not_what_one_approved_oneself(self):
        mine, theirs = world.approved(2, exam=self.exam)
        Claim.objects.filter(pk=mine.pk).update(approved_by=self.user)

        assert world.batch(mine, theirs, by=self.user).count == 1
        with pytest.raises(Refused, match="None of these claims"):
            world.batch(mine, by=self.user)

    def test_nothing_to_pay_leaves_no_batch(self):
        [claim] = world.approved(exam=self.exam)
        Hold.objects.create(claim=claim, code=HoldCode.RETURN)
        with pytest.raises(Refused):
            world.batch(claim)
        assert not PaymentBatch.objects.exists()

    def test_one_exam_a_batch(self):
        claims = [*world.approved(exam=self.exam), *world.approved()]
        with pytest.raises(Refused, match="one exam"):
            world.batch(*claims)
        assert set(Claim.objects.values_list("status", flat=True)) == {"approved"}

    def test_as_many_queries_for_one_claim_as_for_many(self):
        counts = []
        for number in (1, 6):
            claims = world.approved(number)
            with CaptureQueriesContext(connection) as queries:
                world.batch(*claims, by=self.user)
            counts.append(len(queries))
        assert counts[0] == counts[1] <= 45


class ApprovingABatch(TestCase):
    def setUp(self):
        self.claims = world.approved(2)
        self.batch = world.batch(*self.claims)
        self.user = world.approver()

    def refuses(self, match, user=None):
        with pytest.raises(Refused, match=match):
            services.approve_batch(self.batch, by=user or self.user)
        self.batch.refresh_from_db()
        assert self.batch.approved_by is None

    def test_by_a_second_person(self):
        services.approve_batch(self.batch, by=self.user)

        self.batch.refresh_from_db()
        assert (self.batch.status, self.batch.approved_by) == ("approved", self.user)
        assert self.batch.approved_at

    def test_not_by_whoever_prepared_it(self):
        self.refuses("You prepared this batch", self.batch.prepared_by)

    def test_not_with_a_claim_of_ones_own_in_it(self):
        self.user.phone = self.claims[0].officer.payee_phone
        self.refuses("claim of your own")

    def test_not_while_a_claim_in_it_is_held(self):
        services.raise_hold(
            self.claims[0], code=HoldCode.INVESTIGATION, by=world.approver(), note="x"
        )
        self.refuses("1 of its claims is held by now")

    def test_cancelled_before_it_is_approved(self):
        services.cancel_batch(self.batch, by=self.batch.prepared_by)

        assert set(Claim.objects.values_list("status", flat=True)) == {"approved"}
        assert set(self.batch.payments.values_list("status", flat=True)) == {"cancelled"}
        self.refuses("cannot be approved")
        assert world.batch(*self.claims).count == 2

    def test_not_cancelled_after(self):
        services.approve_batch(self.batch, by=self.user)
        with pytest.raises(Refused, match="cannot be cancelled"):
            services.cancel_batch(self.batch, by=self.user)
        assert set(Claim.objects.values_list("status", flat=True)) == {"paying"}


class Exporting(TestCase):
    def setUp(self):
        self.claims = world.approved(3)
        self.batch = world.batch(*self.claims)
        services.approve_batch(self.batch, by=world.approver())
        self.user = self.batch.prepared_by

    def export(self):
        self.batch = services.export_batch(self.batch, by=self.user)
        return self.batch

    def rows(self):
        written = services.exported_file(self.batch, by=self.user)
        return list(csv.reader(io.StringIO(written.decode(), newline="")))

    def test_one_line_a_payment_and_they_add_up(self):
        self.export()
        head, *rows = self.rows()

        assert head == list(COLUMNS)
        assert len(rows) == self.batch.count == 3
        assert sum(Decimal(row[3]) for row in rows) == self.batch.total
        payment = self.batch.payments.first()
        assert rows[0][:4] == [
            f"CP2-{payment.pk}",
            payment.payee_phone,
            payment.payee_name,
            "1100.00",
        ]

    def test_written_once_and_the_same_bytes_every_time(self):
        written = services.exported_file(self.export(), by=self.user)
        assert hashlib.sha256(written).hexdigest() == self.batch.sha256
        assert services.exported_file(self.batch, by=self.user) == written

        with pytest.raises(Refused, match="cannot be exported"):
            self.export()
        assert Entry.objects.filter(verb="batch.downloaded").count() == 2

    def test_a_file_that_was_touched_is_not_given_out(self):
        name = self.export().file.name
        default_storage.delete(name)
        with default_storage.open(name, "wb") as file:
            file.write(b"Reference,MSISDN,Name,Amount,Remarks\r\n")
        with pytest.raises(Refused, match="not the one that was exported"):
            services.exported_file(self.batch, by=self.user)

    def test_no_cell_is_run_by_a_spreadsheet(self):
        for name in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "=cmd|'/C calc'!A0"):
            with self.subTest(name):
                assert cell(name).startswith("'") or cell(name).startswith(" ")
                assert "\r" not in cell(name)
        assert cell("Ng'ang'a, Wanjikũ") == "Ng'ang'a, Wanjikũ"

    def test_a_payee_changed_meanwhile_is_left_out_and_held(self):
        changed = self.claims[1]
        changed.officer.payee_phone = make.phone()
        changed.officer.save()
        self.export()

        assert len(self.rows()) == 1 + 2
        changed.refresh_from_db()
        assert changed.status == ClaimStatus.APPROVED
        assert changed.holds.standing().get().code == HoldCode.PAYEE_CHANGED
        assert changed.payments.get().status == PaymentStatus.CANCELLED
        entry = Entry.objects.get(verb="batch.exported")
        assert entry.details["left_out"] == [changed.pk]
        assert (self.batch.count, self.batch.total) == (3, 3300)  # as they were approved

    def test_a_changed_payee_is_paid_after_three_days_and_not_before(self):
        claims = world.approved(2)
        exam = Claim.objects.filter(exam=claims[0].exam)
        officer, by = claims[0].officer, world.preparer()
        name = officer.payee_name
        profiles.services.save_payee(officer, name=name, phone=make.phone(), by=officer.user)

        assert services.prepare_batch(exam, by=by).payments.get().claim == claims[1]
        assert claims[0].holds.standing().get().code == HoldCode.PAYEE_CHANGED

        Officer.objects.filter(pk=officer.pk).update(
            payee_changed_at=timezone.now() - timedelta(hours=72, minutes=1)
        )
        assert services.prepare_batch(exam, by=by).payments.get().claim == claims[0]
        assert not claims[0].holds.standing().exists()

    def test_nobody_left_to_pay_closes_the_batch(self):
        for claim in self.claims:
            claim.officer.payee_phone = make.phone()
            claim.officer.save()

        assert self.export().status == BatchStatus.RECONCILED
        assert len(self.rows()) == 1

    def test_drafts_are_not_exported(self):
        draft = world.batch(*world.approved())
        with pytest.raises(Refused, match="is draft, so it cannot be exported"):
            services.export_batch(draft, by=self.user)
        with pytest.raises(Refused, match="not exported yet"):
            services.exported_file(draft, by=self.user)


class InAdmin(TestCase):
    def setUp(self):
        self.claims = world.approved(2)
        self.preparer, self.approver = world.preparer(), world.approver()

    def act(self, user, model, action, *rows):
        make.sign_in(self.client, user)
        data = {"action": action, "_selected_action": [row.pk for row in rows], "confirmed": "yes"}
        return self.client.post(reverse(f"admin:claims_{model}_changelist"), data, follow=True)

    def get(self, verb, batch):
        return self.client.get(reverse(f"admin:claims_paymentbatch_{verb}", args=[batch.pk]))

    def test_the_whole_way_by_two_people(self):
        claim = world.claim(ClaimStatus.VERIFIED)
        page = self.act(self.approver, "claim", "approve", claim)
        self.assertContains(page, "1 claim approved.")

        page = self.act(self.preparer, "claim", "prepare_batch", claim)
        self.assertContains(page, "1 payments, KES 1,100.00")
        batch = PaymentBatch.objects.get()
        assert page.request["PATH_INFO"] == reverse(
            "admin:claims_paymentbatch_change", args=[batch.pk]
        )
        self.assertNotContains(page, "Download the file")

        self.act(self.approver, "paymentbatch", "approve_batch", batch)
        page = self.act(self.preparer, "paymentbatch", "export_batch", batch)
        self.assertContains(page, "This page looks again by itself")
        run = runs.finish(batch.runs.get())
        assert (run.status, run.outcome["payments"]) == ("done", 1)
        batch.refresh_from_db()
        assert batch.status == BatchStatus.EXPORTED

        page = self.get("change", batch)
        self.assertContains(page, "Download the file")
        first, second = self.get("download", batch), self.get("download", batch)
        assert first.content == second.content
        assert first["Content-Disposition"] == f'attachment; filename="cp2-batch-{batch.pk}.csv"'
        assert hashlib.sha256(first.content).hexdigest() == batch.sha256

    def test_refusals_are_shown_and_change_nothing(self):
        both = world.staff("Finance preparer", "Finance approver")
        batch = world.batch(*self.claims, by=both)
        page = self.act(both, "paymentbatch", "approve_batch", batch)
        self.assertContains(page, "You prepared this batch")

        page = self.act(both, "claim", "prepare_batch", *self.claims)
        self.assertContains(page, "None of these claims can be paid by you now")
        page = self.act(both, "claim", "approve", *self.claims)
        self.assertContains(page, "cannot be approved")

    def test_a_batch_is_approved_only_once_its_sum_has_been_read(self):
        batch = world.batch(self.claims[0], by=self.preparer)
        make.sign_in(self.client, self.approver)
        chosen = {"action": "approve_batch", "_selected_action": [batch.pk]}
        page = self.client.post(reverse("admin:claims_paymentbatch_changelist"), chosen)
        self.assertContains(page, f"{batch}: 1 payment, KES 1,100.00")
        batch.refresh_from_db()
        assert batch.status == "draft"

    def test_each_action_belongs_to_its_group(self):
        verified = world.claim(ClaimStatus.VERIFIED)
        batch = world.batch(self.claims[0], by=self.preparer)
        written = Entry.objects.count()
        for user, model, action, row in (
            (self.preparer, "claim", "approve", verified),
            (self.approver, "claim", "prepare_batch", self.claims[1]),
            (self.preparer, "paymentbatch", "approve_batch", batch),
            (self.approver, "paymentbatch", "export_batch", batch),
            *(
                (world.staff(group), model, action, row)
                for group in ("Auditor", "Helpdesk", "Deployment")
                for model, action, row in (
                    ("claim", "approve", verified),
                    ("claim", "prepare_batch", self.claims[1]),
                    ("paymentbatch", "approve_batch", batch),
                    ("paymentbatch", "cancel_batch", batch),
                    ("paymentbatch", "export_batch", batch),
                )
            ),
        ):
            with self.subTest(action):
                self.act(user, model, action, row)
        assert Entry.objects.count() == written

    def test_file_and_results_are_the_preparers(self):
        batch = world.export(world.batch(*self.claims))
        for user in (self.approver, world.staff("Auditor")):
            make.sign_in(self.client, user)
            assert self.get("download", batch).status_code == 404
            assert self.get("reconcile", batch).status_code == 404
        make.sign_in(self.client, make.officer().user)
        assert self.get("download", batch).status_code == 404

    def test_what_is_no_batch_is_not_found(self):
        make.sign_in(self.client, self.preparer)
        for number in ("0", "999999", str(10**30)):
            for verb in ("download", "reconcile"):
                page = self.client.get(f"/admin/claims/paymentbatch/{number}/{verb}/")
                assert page.status_code == 404

    def test_draft_has_no_file(self):
        make.sign_in(self.client, self.preparer)
        batch = world.batch(*self.claims)
        page = self.client.get(
            reverse("admin:claims_paymentbatch_download", args=[batch.pk]), follow=True
        )
        self.assertContains(page, "This batch is not exported yet.")

    def test_money_is_never_typed_over(self):
        batch = world.batch(*self.claims)
        user = make.user(is_superuser=True)
        make.sign_in(self.client, user)
        for model, row in (
            ("claim", self.claims[0]),
            ("claimline", self.claims[0].lines.get()),
            ("paymentbatch", batch),
            ("payment", batch.payments.first()),
        ):
            change = reverse(f"admin:claims_{model}_change", args=[row.pk])
            with self.subTest(model):
                assert self.client.get(change).status_code == 200
                assert self.client.post(change, {"status": "paid"}).status_code == 404
                assert self.client.post(change.replace("change", "delete")).status_code == 404
                assert self.client.get(reverse(f"admin:claims_{model}_add")).status_code == 404

    def test_lists_mask_the_payee_and_a_look_at_one_is_written_down(self):
        batch = world.batch(*self.claims)
        payment = batch.payments.first()
        make.sign_in(self.client, self.preparer)
        page = self.client.get(reverse("admin:claims_payment_changelist"))
        self.assertNotContains(page, payment.payee_phone)
        self.assertNotContains(page, payment.payee_name)

        url = reverse("admin:claims_payment_change", args=[payment.pk])
        page = self.client.get(url)
        self.assertNotContains(page, payment.payee_phone)
        self.assertNotContains(page, payment.payee_name)
        assert not Entry.objects.filter(verb="payee.viewed").exists()
        page = self.client.post(url, {"look_why": "payment"}, follow=True)
        self.assertContains(page, payment.payee_phone)
        entry = Entry.objects.get(verb="payee.viewed")
        assert (entry.actor, entry.subject_id) == (self.preparer, payment.pk)

    def test_lists_take_as_many_queries_for_one_as_for_many(self):
        def count(model):
            with CaptureQueriesContext(connection) as queries:
                page = self.client.get(reverse(f"admin:claims_{model}_changelist"))
                assert page.status_code == 200
            return len(queries)

        Hold.objects.create(claim=self.claims[0], code=HoldCode.RETURN)
        world.export(world.batch(self.claims[1]))
        make.sign_in(self.client, world.preparer())
        models = ["claim", "claimline", "hold", "paymentbatch", "payment", "taxrule"]
        before = {model: count(model) for model in models}
        for claim in world.approved(3):
            Hold.objects.create(claim=claim, code=HoldCode.RETURN)
        world.batch(*world.approved(2))
        world.batch(*world.approved(2))
        for model in models:
            with self.subTest(model):
                assert count(model) <= before[model] <= 14

    def test_claims_are_found_by_number_and_filtered_by_holds(self):
        held, free = self.claims
        Hold.objects.create(claim=held, code=HoldCode.RETURN)
        make.sign_in(self.client, self.preparer)
        url = reverse("admin:claims_claim_changelist")

        for query, found in (
            ({"q": held.officer.user.username}, [held]),
            ({"q": held.officer.national_id}, [held]),
            ({"q": "'%_\\"}, []),
            ({"held": "yes"}, [held]),
            ({"held": "no"}, [free]),
        ):
            assert list(self.client.get(url, query).context["cl"].result_list) == found

    def test_tax_rules_are_typed_by_the_preparer_and_leave_a_trace(self):
        make.sign_in(self.client, self.preparer)
        exam = make.exam()  # of which nobody is deployed yet
        data = {"exam": exam.pk, "rate": "5.00", "above": "24000"}
        url = reverse("admin:claims_taxrule_add")
        self.client.post(url, data)

        assert Entry.objects.get(verb="tax_rule.changed").details["rate"] == "5.00"
        make.sign_in(self.client, world.staff("Auditor"))
        assert self.client.post(url, data).status_code == 404
