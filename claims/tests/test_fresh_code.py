"""Whatever moves money asks for a fresh code, and has done nothing before it."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Model
from django.test import TestCase
from django.urls import reverse

from accounts import codes
from accounts.models import Entry
from claims import runs, services
from claims.models import (
    BatchStatus,
    Claim,
    ClaimStatus,
    Hold,
    HoldCode,
    Payment,
    PaymentBatch,
    ResultFile,
    TaxRule,
)
from claims.tests import world
from cp2.tests import make

CODE = reverse("accounts:code")
CLAIMS = reverse("admin:claims_claim_changelist")
HOLDS = reverse("admin:claims_hold_changelist")
BATCHES = reverse("admin:claims_paymentbatch_changelist")


def chosen(action: str, row: Model, **fields: Any) -> dict[str, Any]:
    return {"action": action, "_selected_action": [row.pk], **fields}


class Money(TestCase):
    def setUp(self) -> None:
        self.preparer, self.approver = world.preparer(), world.approver()

    def rows(self) -> list[Any]:
        return [
            list(model.objects.order_by("pk").values())
            for model in (Claim, Hold, PaymentBatch, Payment, TaxRule, Entry)
        ]

    def guarded(self, user: Any, url: str, data: Any = None, *, back: str = "") -> Any:
        """Sixteen minutes after a code it asks for another; with a new one it is done."""
        make.sign_in(self.client, user, minutes_ago=16)
        before = self.rows()
        asked = self.client.post(url, data) if data is not None else self.client.get(url)
        assert asked.status_code == 302
        assert asked.url.startswith(f"{CODE}?next="), asked.url
        assert self.rows() == before
        assert self.client.post(asked.url, {"code": "000000"}).status_code == 200
        assert self.rows() == before
        proved = self.client.post(asked.url, {"code": make.code(user)})
        assert self.rows() == before
        held = self.client.session.get(codes.HELD)
        if held is None or held["fields"] is None:
            assert proved.url == (back or url)
            return self.client.get(proved.url)
        assert proved.url == reverse("accounts:go_on")
        page = self.client.get(proved.url)
        for name, value in held["fields"]:
            self.assertContains(page, f'name="{name}" value="{value}"')
        done: dict[str, list[str]] = {}
        for name, value in held["fields"]:
            done.setdefault(name, []).append(value)
        assert page.context["held"]["to"] == url
        return self.client.post(page.context["held"]["to"], done, follow=True)

    def test_approving_a_claim(self):
        claim = world.claim(ClaimStatus.VERIFIED)
        self.guarded(self.approver, CLAIMS, chosen("approve", claim))

        claim.refresh_from_db()
        assert claim.status == ClaimStatus.APPROVED

    def test_preparing_a_batch(self):
        self.guarded(self.preparer, CLAIMS, chosen("prepare_batch", world.approved()[0]))

        assert PaymentBatch.objects.get().prepared_by == self.preparer

    def test_approving_and_exporting_a_batch(self):
        batch = world.batch(*world.approved(), by=self.preparer)
        for user, action, status in (
            (self.approver, "approve_batch", BatchStatus.APPROVED),
            (self.preparer, "export_batch", BatchStatus.EXPORTED),
        ):
            self.guarded(user, BATCHES, chosen(action, batch, confirmed="yes"))
            runs.work()  # exporting is a worker's
            batch.refresh_from_db()
            assert batch.status == status

    def test_downloading_the_file_from_the_page_of_its_batch(self):
        batch = world.export(world.batch(*world.approved(), by=self.preparer))
        url = reverse("admin:claims_paymentbatch_download", args=[batch.pk])
        page = reverse("admin:claims_paymentbatch_change", args=[batch.pk])

        shown = self.guarded(self.preparer, url, back=page)
        self.assertContains(shown, "Choose again what you want to do")
        self.assertContains(shown, "Download the file")
        assert self.client.get(url)["Content-Type"].startswith("text/csv")

    def test_reconciling(self):
        batch = world.export(world.batch(*world.approved(), by=self.preparer))
        url = reverse("admin:claims_paymentbatch_reconcile", args=[batch.pk])
        payment = batch.payments.get()
        csv = f"Reference,Status,Receipt\nCP2-{payment.pk},Completed,SGH0000001\n".encode()

        def results() -> dict[str, Any]:
            return {"file": SimpleUploadedFile("results.csv", csv, "text/csv")}

        self.assertContains(self.guarded(self.preparer, url), 'type="file"')
        page = self.guarded(self.preparer, url, results())
        self.assertContains(page, "Choose again what you want to do")
        assert not ResultFile.objects.exists()
        self.client.post(url, results())
        runs.work()
        file = ResultFile.objects.get()
        apply = reverse("admin:claims_resultfile_apply", args=[file.pk])
        self.guarded(self.preparer, apply, {"sha256": file.sha256})
        runs.work()
        payment.refresh_from_db()
        assert payment.reference == "SGH0000001"

    def test_preparing_the_claims_of_an_exam(self):
        exam = make.exam()
        url = reverse("admin:claims_claim_prepare")
        self.guarded(self.preparer, url)
        page = self.guarded(self.preparer, url, {"exam": exam.pk})

        self.assertContains(page, "Preparing claims: KCSE 2025")

    def test_sending_a_return_of_marking(self):
        self.assertContains(
            self.guarded(self.preparer, reverse("admin:claims_markingrecord_import")),
            'type="file"',
        )

    def test_changing_rates(self):
        for name in ("ratechange", "markingrate"):
            url = reverse(f"admin:claims_{name}_add")
            page = self.guarded(self.approver, url, {})
            self.assertContains(page, "errornote")

    def test_clearing_a_hold(self):
        hold = services.raise_hold(
            make.claim(), code=HoldCode.INVESTIGATION, by=self.approver, note="x"
        )
        page = self.guarded(self.approver, HOLDS, chosen("clear", hold, note="Looked into"))

        self.assertContains(page, "1 hold cleared.")
        hold.refresh_from_db()
        assert hold.cleared_by == self.approver

    def test_raising_a_hold_stops_money_and_asks_for_nothing(self):
        make.sign_in(self.client, self.approver, minutes_ago=600)
        claim = make.claim()
        data = {"claim": claim.pk, "code": HoldCode.INVESTIGATION, "note": "A call came in"}
        self.client.post(reverse("admin:claims_hold_add"), data)

        assert Hold.objects.get().claim == claim

    def test_a_rule_of_tax(self):
        superuser = make.user(is_superuser=True)
        url = reverse("admin:claims_taxrule_add")
        exam = make.exam()
        self.guarded(superuser, url, {"exam": exam.pk, "rate": "0.05", "above": "24000"})

        assert TaxRule.objects.get(exam=exam).above == 24_000

    def test_a_directors_verifying(self):
        claim = make.claim()
        director = make.director(claim.lines.get().deployment.post.station.sub_county)
        url = f"{reverse('claims:verify')}?exam={claim.exam_id}"
        back = f"{reverse('claims:area_claims')}?exam={claim.exam_id}"
        self.guarded(director, url, {"claim": [claim.pk]}, back=back)

        claim.refresh_from_db()
        assert claim.status == ClaimStatus.VERIFIED

    def test_within_a_quarter_of_an_hour_nobody_is_asked_again(self):
        for minutes in (0, 14):
            claim = world.claim(ClaimStatus.VERIFIED)
            make.sign_in(self.client, self.approver, minutes_ago=minutes)
            self.client.post(CLAIMS, chosen("approve", claim))
            claim.refresh_from_db()
            assert claim.status == ClaimStatus.APPROVED

    def test_a_session_of_before_that_never_noted_when_is_asked(self):
        claim = world.claim(ClaimStatus.VERIFIED)
        make.sign_in(self.client, self.approver)
        session = self.client.session
        del session[codes.PROVED_AT]
        session.save()

        assert self.client.post(CLAIMS, chosen("approve", claim)).url.startswith(CODE)
        claim.refresh_from_db()
        assert claim.status == ClaimStatus.VERIFIED

    def test_looking_asks_for_nothing(self):
        batch = world.batch(*world.approved(), by=self.preparer)
        make.sign_in(self.client, self.preparer, minutes_ago=600)
        page = reverse("admin:claims_paymentbatch_change", args=[batch.pk])

        for url in (CLAIMS, HOLDS, BATCHES, page):
            assert self.client.get(url).status_code == 200
