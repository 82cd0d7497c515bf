"""Finance approves all claims at once that nothing speaks against, and no other."""

from unittest import mock

import pytest
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Entry
from claims import runs, services
from claims.models import (
    Claim,
    ClaimStatus,
    GhostCode,
    GhostSignal,
    Hold,
    HoldCode,
    MoneyRun,
    RunStatus,
)
from claims.services import checking
from claims.tests import world
from claims.tests.test_database import refused
from cp2.rules import Refused
from cp2.tests import make

URL = reverse("admin:claims_claim_approve")


def verified(exam, **fields):
    deployment = make.deployment(post=make.post(exam=exam), **fields)
    return world.claim(ClaimStatus.VERIFIED, deployment=deployment)


class Bulk(TestCase):
    def setUp(self):
        self.exam = make.exam()
        self.user = world.approver()
        make.sign_in(self.client, self.user)
        self.free = [verified(self.exam) for _ in range(3)]
        self.held = verified(self.exam)
        Hold.objects.create(claim=self.held, code=HoldCode.RETURN)
        self.own = verified(self.exam, officer=make.officer(user=self.user))
        self.seen = verified(self.exam)
        Claim.objects.filter(pk=self.seen.pk).update(verified_by=self.user)
        self.long = verified(self.exam)
        sql = "UPDATE claims_claimline SET quantity = 90, amount = 90 * rate WHERE claim_id = %s"
        with connection.cursor() as cursor:
            cursor.execute(sql, [self.long.pk])
        Claim.objects.filter(pk=self.long.pk).update(days=90, gross=90 * 550, net=90 * 550)
        self.other = verified(make.exam())
        self.prepared = world.claim(deployment=make.deployment(post=make.post(exam=self.exam)))

    def approve(self, **asked):
        page = self.client.post(URL, {"exam": self.exam.pk, **asked})
        run = MoneyRun.objects.first()
        assert page.url == reverse("admin:claims_moneyrun_change", args=[run.pk])
        return runs.finish(run)

    def approved(self):
        return set(Claim.objects.filter(status="approved").values_list("pk", flat=True))

    def test_what_waits_and_what_speaks_against_it(self):
        self.assertContains(self.client.get(URL), "Show what waits")
        seen = self.client.get(URL, {"exam": self.exam.pk}).context["seen"]
        assert (seen.waiting.count, seen.free.count, seen.free.net) == (7, 3, 3300)
        assert [(label, share.count) for label, share in seen.held] == [
            (str(HoldCode.RETURN.label), 1)
        ]
        assert (seen.own.count, seen.too_long.count) == (2, 1)

    def test_all_that_are_free_and_no_other(self):
        run = self.approve()
        assert (run.status, run.outcome) == (RunStatus.DONE, {"approved": 3, "refused": 0})
        assert self.approved() == {claim.pk for claim in self.free}
        entries = Entry.objects.filter(verb="claim.approved")
        assert {entry.subject_id for entry in entries} == self.approved()
        assert {entry.actor for entry in entries} == {self.user}
        assert entries[0].details == {"net": "1100.00"}

    def test_odd_ones_wait_until_somebody_has_looked_at_them(self):
        odd = GhostSignal.objects.create(
            exam=self.exam, claim=self.free[0], code=GhostCode.SAME_PAYEE, weight=5
        )
        seen = self.client.get(URL, {"exam": self.exam.pk})
        self.assertContains(seen, "A signal that nobody has looked at")
        assert (seen.context["seen"].doubtful.count, seen.context["seen"].free.count) == (1, 2)
        self.approve()
        assert self.free[0].pk not in self.approved()

        GhostSignal.objects.filter(pk=odd.pk).update(
            looked_by=make.user(), looked_at=timezone.now(), finding="Two sisters"
        )
        self.approve()
        assert self.free[0].pk in self.approved()

    def test_by_place(self):
        here = self.free[0].lines.get().deployment.post.station.sub_county
        there = self.free[1].lines.get().deployment.post.station.sub_county
        self.approve(county=here.county_id, sub_county=here.pk)
        assert self.free[0].pk in self.approved()
        if here != there:
            assert self.free[1].pk not in self.approved()
        page = self.client.post(URL, {"exam": self.exam.pk, "county": "9999"})
        assert page.status_code == 200
        assert page.context["form"].errors

    def test_what_changes_before_its_portion_comes_counts(self):
        self.client.post(URL, {"exam": self.exam.pk})
        run = MoneyRun.objects.get()
        with mock.patch.object(checking, "PORTION", 1):
            runs.work(seconds=0.001, run=run)  # the plan
        run.refresh_from_db()
        assert len(run.left) == 3
        Hold.objects.create(claim=self.free[1], code=HoldCode.INVESTIGATION)
        runs.finish(run)
        assert self.approved() == {self.free[0].pk, self.free[2].pk}

    def test_lines_that_do_not_add_up_hold_up_no_other(self):
        self.free[1].lines.update(quantity=1, amount=550)
        run = self.approve()
        assert run.outcome == {"approved": 2, "refused": 1}
        assert self.free[1].pk not in self.approved()

    def test_twice_at_once_is_one_run(self):
        self.client.post(URL, {"exam": self.exam.pk})
        page = self.client.post(URL, {"exam": self.exam.pk})
        self.assertContains(page, "This is being done already.")
        assert MoneyRun.objects.count() == 1

    def test_whoever_may_no_longer_approve_approves_nothing_more(self):
        self.client.post(URL, {"exam": self.exam.pk})
        self.user.groups.clear()
        run = runs.finish(MoneyRun.objects.get())
        assert run.status == RunStatus.FAILED
        assert "may no longer approve" in run.failure
        assert self.approved() == set()

    def test_only_approvers(self):
        for group in ("Finance preparer", "Auditor", "Help desk"):
            make.sign_in(self.client, world.staff(group))
            assert self.client.get(URL).status_code == 404
            assert self.client.post(URL, {"exam": self.exam.pk}).status_code == 404
        assert not MoneyRun.objects.exists()

    def test_the_same_queries_for_many_as_for_few(self):
        def count():
            with CaptureQueriesContext(connection) as queries:
                self.client.get(URL, {"exam": self.exam.pk})
            return len(queries)

        before = count()
        for _ in range(5):
            verified(self.exam)
        assert count() == before


class Ticked(TestCase):
    def test_each_refusal_is_said_and_the_others_are_approved(self):
        user, exam = world.approver(), make.exam()
        good, seen = verified(exam), verified(exam)
        Claim.objects.filter(pk=seen.pk).update(verified_by=user)
        own = verified(exam, officer=make.officer(payee_phone=user.phone or make.phone()))
        prepared = make.claim()
        tally = services.approve_all(Claim.objects.order_by("pk"), by=user)
        said = {claim.pk: why for claim, why in tally.refused}
        assert tally.done == (1 if user.phone else 2)
        assert "You verified this claim" in said[seen.pk]
        assert "is prepared, so it cannot be approved" in said[prepared.pk]
        good.refresh_from_db()
        assert good.status == ClaimStatus.APPROVED
        assert not user.phone or "your own" in said[own.pk]

    def test_a_few_statements_for_all(self):
        user, exam = world.approver(), make.exam()
        counts = []
        for n in (1, 10):
            claims = [verified(exam) for _ in range(n)]
            with CaptureQueriesContext(connection) as queries:
                assert services.approve_all(claims, by=user).done == n
            counts.append(len(queries))
        assert counts[0] == counts[1]

    def test_a_paid_claim_is_not_approved_by_this_road(self):
        with pytest.raises(Refused, match="being paid"):
            services.approve(world.claim(ClaimStatus.PAID), by=world.approver())


class BehindThePortal(TestCase):
    """The same two people, by raw SQL."""

    def update(self, name, table, row, **fields):
        columns = ", ".join(f"{column} = %s" for column in fields)
        with refused(name), connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE claims_{table} SET {columns} WHERE id = %s",
                [*fields.values(), row.pk],
            )

    def test_whoever_verified_a_claim_does_not_approve_it(self):
        claim = world.claim(ClaimStatus.VERIFIED)
        self.update(
            "nobody_approves_what_they_verified",
            "claim",
            claim,
            status="approved",
            approved_by_id=claim.verified_by_id,
        )

    def test_nobody_verifies_or_approves_their_own(self):
        claim, own = world.claim(ClaimStatus.VERIFIED), "nobody_decides_about_their_own_claim"
        theirs = claim.officer.user_id
        self.update(own, "claim", claim, status="approved", approved_by_id=theirs)
        self.update(own, "claim", make.claim(officer=claim.officer), verified_by_id=theirs)

    def test_nobody_approves_the_batch_that_they_prepared_or_that_pays_them(self):
        batch = world.batch(*world.approved())
        approval = {"status": "approved", "approved_at": "2026-01-01T00:00Z"}
        self.update(
            "nobody_approves_what_they_prepared",
            "paymentbatch",
            batch,
            **approval,
            approved_by_id=batch.prepared_by_id,
        )
        paid = batch.payments.get().claim.officer.user_id
        self.update(
            "nobody_decides_about_their_own_claim",
            "paymentbatch",
            batch,
            **approval,
            approved_by_id=paid,
        )

    def test_whoever_approved_a_claim_does_not_pay_it(self):
        claim = world.approved()[0]
        batch = world.batch(claim)
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE claims_paymentbatch SET prepared_by_id = %s WHERE id = %s",
                [claim.approved_by_id, batch.pk],
            )
        self.update(
            "nobody_pays_what_they_approved",
            "paymentbatch",
            batch,
            status="approved",
            approved_at="2026-01-01T00:00Z",
            approved_by_id=make.user().pk,
        )
