"""What an officer sees of their money: from which days it comes, and where it is."""

from datetime import timedelta

from django.db import connection
from django.test import TestCase, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Entry
from attendance.models import Amendment, Mark
from catalogue.models import Office
from claims import services
from claims.facts import expected
from claims.models import (
    Claim,
    ClaimLine,
    ClaimStatus,
    Hold,
    HoldCode,
    PaymentBatch,
    RateChange,
    TaxRule,
)
from claims.tests import world
from claims.tests.test_statement import words as words_of
from cp2.tests import make

LIST = reverse("claims:list")


def url(claim, verb="claim"):
    return reverse(f"claims:{verb}", args=[claim.pk])


class Looking(TestCase):
    def setUp(self):
        self.deployment = make.deployment()
        self.claim = make.claim(deployment=self.deployment)
        self.user = self.claim.officer.user
        self.client.force_login(self.user)

    def test_list_shows_ones_own_and_nobody_elses(self):
        make.claim()
        page = self.client.get(LIST)

        assert list(page.context["page"]) == [self.claim]
        self.assertContains(page, "KES 1,100.00")
        self.assertContains(page, "Prepared")

    def test_list_without_claims_says_when_they_come(self):
        self.client.force_login(make.officer().user)
        self.assertContains(self.client.get(LIST), "No claims yet")

    def test_a_claim_shows_days_rate_lines_and_what_comes_next(self):
        make.mark(self.deployment, self.deployment.starts_on)
        page = self.client.get(url(self.claim))

        for words in (
            str(self.claim.exam),
            self.deployment.post.station.name,
            "Invigilator",
            "KES 550.00",
            "KES 1,100.00 for 2 days",
            f"{self.deployment.starts_on:%-d %b}",
            "The sub-county director checks it next.",
            "Verified by the sub-county director",
        ):
            self.assertContains(page, words)

    def test_holds_are_shown_with_what_to_do(self):
        Hold.objects.create(claim=self.claim, code=HoldCode.PAYEE_NAME, note="MARY <b>W</b>")
        page = self.client.get(url(self.claim))

        self.assertContains(page, "MARY &lt;b&gt;W&lt;/b&gt;")
        self.assertContains(page, "write the payee&#x27;s name exactly as M-Pesa shows it")
        self.assertContains(page, reverse("profiles:profile"))
        self.assertContains(self.client.get(LIST), "Held")

    def test_what_is_paid_is_not_held_any_more(self):
        claim = world.claim(ClaimStatus.PAID)
        Hold.objects.create(claim=claim, code=HoldCode.PAYEE_NAME)
        self.client.force_login(claim.officer.user)
        page = self.client.get(LIST)
        self.assertContains(page, "Paid")
        self.assertNotContains(page, "Held")

    def test_each_status_has_its_sentence(self):
        sentences = set()
        for status in ClaimStatus:
            claim = world.claim(status)
            self.client.force_login(claim.officer.user)
            with self.subTest(status):
                page = self.client.get(url(claim))
                assert page.status_code == 200
                sentences.add(page.context["facts"].whereabouts)
        assert len(sentences) == len(ClaimStatus)

    def test_approved_but_held_says_so(self):
        claim = world.claim(ClaimStatus.APPROVED)
        Hold.objects.create(claim=claim, code=HoldCode.RETURN)
        self.client.force_login(claim.officer.user)

        self.assertContains(self.client.get(url(claim)), "approved, but held")

    def test_paid_claim_shows_its_reference_and_every_step(self):
        claim = world.claim(ClaimStatus.PAID)
        self.client.force_login(claim.officer.user)
        page = self.client.get(url(claim))

        self.assertContains(page, claim.payment_reference)
        assert all(step.done for step in page.context["facts"].steps)
        assert page.context["facts"].steps[-1].at

    def test_step_is_dated_by_the_last_time_it_was_taken(self):
        claim, director = self.claim, make.director(self.deployment.post.station.sub_county)
        services.verify(claim, by=director)
        services.dispute(claim, by=self.user, reason="A day is missing")
        assert not self.client.get(url(claim)).context["facts"].steps[1].done

        services.settle(claim, by=make.user(), note="It was not")
        assert not Claim.objects.filter(pk=claim.pk).exists()  # no mark, so nothing to claim

    def test_who_is_kept_out(self):
        place = self.deployment.post.station.sub_county
        self.client.logout()
        for page in (LIST, url(self.claim), url(self.claim, "dispute")):
            assert self.client.get(page).status_code == 302
        for stranger in (
            make.officer().user,
            make.centre(self.deployment.post.station),
            make.director(place),
            make.director(place, Office.SCDE),
        ):
            make.sign_in(self.client, stranger)
            with self.subTest(stranger.role):
                assert self.client.get(url(self.claim)).status_code == 404
                assert self.client.get(url(self.claim, "dispute")).status_code == 404
                assert (
                    self.client.post(url(self.claim, "dispute"), {"reason": "x"}).status_code == 404
                )

    def test_numbers_that_are_no_claim_are_not_found(self):
        for number in ("0", "999999999", str(10**30), "9" * 5000, "١"):
            for path in (f"/claims/{number}/", f"/claims/{number}/dispute/"):
                assert self.client.get(path).status_code == 404
        for page in ("0", "-1", "abc", str(10**30), "9" * 5000, "١"):
            assert self.client.get(LIST, {"page": page}).status_code == 200

    def test_same_queries_for_one_claim_and_for_many(self):
        def count(path):
            with CaptureQueriesContext(connection) as queries:
                self.client.get(path)
            return len(queries)

        one = count(LIST)
        for _ in range(3):
            make.claim(deployment=self.later())
        assert count(LIST) == one <= 7
        assert count(url(self.claim)) <= 8

    def later(self):
        """Another exam, once this one is over."""
        exam = make.exam()
        return make.deployment(
            post=make.post(exam=exam),
            officer=self.claim.officer,
            status="cancelled",
        )

    def test_looking_writes_nothing(self):
        before = Entry.objects.count()
        self.client.get(LIST)
        self.client.get(url(self.claim))
        assert Entry.objects.count() == before


class WhatIsShown(TestCase):
    """All that a claim rests on, and all that became of it."""

    def setUp(self):
        self.deployment = make.deployment()
        self.exam = self.deployment.post.exam
        self.terms = make.terms(self.exam, self.deployment.post.position, paid_days=["theory"])
        self.officer = self.deployment.officer
        self.client.force_login(self.officer.user)

    def page(self, claim):
        return self.client.get(url(claim))

    def test_a_day_present_that_the_terms_do_not_pay_is_shown_as_such(self):
        make.mark(self.deployment, self.exam.rehearsal_on)
        make.mark(self.deployment, self.exam.starts_on, status="absent")
        make.mark(self.deployment, self.exam.starts_on + timedelta(days=1))
        page = self.page(make.claim(deployment=self.deployment))

        assert [mark.said for mark in page.context["facts"].days] == [
            "Present, not paid by the terms: rehearsal",
            "Absent",
            "Present",
        ]
        self.assertContains(page, f"All at {self.deployment.post.station}")

    def test_whoever_marked_is_the_centre_and_no_name(self):
        make.mark(self.deployment, self.exam.starts_on)
        page = self.page(make.claim(deployment=self.deployment))

        self.assertContains(page, "by the centre on the page")
        self.assertNotContains(page, "Barasa Wafula")

    def test_a_changed_rate_is_shown_with_its_day_and_reason(self):
        claim = make.claim(deployment=self.deployment)
        RateChange.objects.create(
            terms=self.terms,
            from_day=self.exam.starts_on,
            daily_rate=550,
            reason="Circular 7",
            by=make.user(),
        )
        self.assertContains(self.page(claim), "on: Circular 7")

    def test_an_examiners_parts_are_lines_of_their_own(self):
        claim = make.claim(
            deployment=self.deployment, gross=26100, tax=1305, advance=10000, net=14795
        )
        for kind, quantity, rate in (("scripts", 500, 50), ("advance", -1, 10000)):
            ClaimLine.objects.create(
                claim=claim,
                deployment=self.deployment,
                kind=kind,
                quantity=quantity,
                rate=rate,
                amount=quantity * rate,
            )
        TaxRule.objects.create(exam=self.exam, rate=5, above=24000)
        page = self.page(claim)

        for words in (
            "Scripts",
            "Paid in advance",
            "KES -10,000.00",
            "5% of all, since you earned more than KES 24,000.00.",
            "KES 14,795.00",
        ):
            self.assertContains(page, words)

    def test_why_no_tax_is_withheld_is_said(self):
        claim = make.claim(deployment=self.deployment)
        self.assertContains(self.page(claim), "No tax is withheld in this exam.")
        TaxRule.objects.create(exam=self.exam, rate=5, above=24000)
        self.assertContains(self.page(claim), "None: up to KES 24,000.00 nothing is withheld.")

    def test_each_hold_leads_to_where_it_is_put_right(self):
        claim = make.claim(deployment=self.deployment)
        for code, name in (
            (HoldCode.PAYEE_NAME, "profiles:payee"),
            (HoldCode.MISSING_NUMBER, "profiles:personal"),
            (HoldCode.NOT_SUBMITTED, "profiles:submit"),
            (HoldCode.PAYMENT_FAILED, "profiles:payee"),
            (HoldCode.DUPLICATE, "enquiries:new"),
        ):
            with self.subTest(code):
                hold = Hold.objects.create(claim=claim, code=code)
                self.assertContains(self.page(claim), f'href="{reverse(name)}')
                hold.delete()

    def test_each_try_to_pay_is_shown_with_a_masked_number(self):
        phone = make.phone()
        claim = world.claim(
            ClaimStatus.PAID, deployment=make.deployment(officer=make.officer(payee_phone=phone))
        )
        self.client.force_login(claim.officer.user)
        page = self.page(claim)

        self.assertContains(page, f"M-Pesa 0{phone[3:6]} … {phone[-3:]}")
        self.assertNotContains(page, phone[4:])
        sent = next(step for step in page.context["facts"].steps if step.text == "Sent to be paid")
        assert sent.at

    def test_to_a_bank_the_end_of_the_account_is_shown(self):
        claim = world.claim(ClaimStatus.APPROVED)
        account = make.bank_account(claim.officer)
        claim.officer.paid_by = "bank"
        claim.officer.save()
        batch = services.prepare_batch(
            Claim.objects.filter(pk=claim.pk), by=world.preparer(), channel="eft"
        )
        services.approve_batch(batch, by=world.approver())
        PaymentBatch.objects.update(status="exported", exported_at=timezone.now(), sha256="x" * 64)
        self.client.force_login(claim.officer.user)
        page = self.page(claim)

        self.assertContains(page, f"bank account … {account.number[-3:]}")
        self.assertNotContains(page, "0012345678901")
        assert page.context["facts"].whereabouts == "It is on its way to your bank."

    @override_settings(CLAIM_USUAL_DAYS={"verified": "14"})
    def test_how_long_a_step_usually_takes_is_said_where_it_is_known(self):
        page = self.page(make.claim(deployment=self.deployment))
        self.assertContains(page, "usually 14 days after the step before", count=1)

    def test_nothing_is_said_of_time_that_nobody_knows(self):
        self.assertNotContains(self.page(make.claim(deployment=self.deployment)), "usually")

    def test_an_adjustment_is_shown_with_its_claim_and_why(self):
        first = world.claim(ClaimStatus.PAID, deployment=self.deployment)
        entry = make.entry(exam=self.exam, station=self.deployment.post.station)
        director = make.director(entry.station.sub_county)
        mark = make.mark(self.deployment, self.exam.starts_on, status="absent")
        amendment = Amendment.objects.create(
            entry=entry,
            day=mark.day,
            status="granted",
            reason="He had left at nine",
            asked_by=director,
            acting_name="x",
            decided_by=director,
            decided_at=timezone.now(),
        )
        Mark.objects.update(amendment=amendment)
        change = Claim.objects.create(
            officer=self.officer,
            exam=self.exam,
            adjusts=first,
            days=-1,
            gross=-550,
            tax=0,
            net=-550,
            prepared_at=timezone.now() + timedelta(seconds=1),
        )
        page = self.page(change)
        for words in (
            "A change of your claim",
            f'href="{url(first)}"',
            "TSC Sub-County Director",
            "He had left at nine",
            "To be kept back",
        ):
            self.assertContains(page, words)
        page = self.page(first)
        self.assertContains(page, f'href="{url(change)}"')
        self.assertContains(page, "KES 550.00")  # together
        page = self.client.get(LIST)
        assert page.context["rows"] == [(first, [change])]
        self.assertContains(page, "To be kept back KES 550.00")
        self.assertNotContains(page, "KES -")
        statement = self.client.get(reverse("claims:statement_pdf", args=[change.pk]))
        said = words_of(statement)
        assert "To be kept back" in said
        assert "To be paid" not in said

    def test_what_was_kept_back_of_a_payment_is_shown_on_both(self):
        old = world.claim(ClaimStatus.PAID, deployment=self.deployment)
        owed = Claim.objects.create(
            officer=self.officer, exam=self.exam, adjusts=old, days=-1, gross=-550, tax=0, net=-550
        )
        ClaimLine.objects.create(
            claim=owed, deployment=self.deployment, quantity=-1, rate=550, amount=-550
        )
        Claim.objects.filter(pk=owed.pk).update(
            status="approved", verified_by=make.user(), approved_by=make.user()
        )
        later = make.deployment(post=make.post(), officer=self.officer, status="cancelled")
        new = world.claim(ClaimStatus.APPROVED, deployment=later)
        world.cleared(new)
        world.batch(new)

        self.assertContains(self.page(new), "KES 550.00 of it was kept back")
        page = self.page(owed)
        self.assertContains(page, "It is being kept back from a payment to you.")
        self.assertContains(page, f"was kept back from the payment for {new.exam.short}")

    def test_queries_stay_few_in_every_state(self):
        for status in ClaimStatus:
            claim = world.claim(status)
            self.client.force_login(claim.officer.user)
            with CaptureQueriesContext(connection) as queries:
                self.page(claim)
            assert len(queries) <= 8, status


class SoFar(TestCase):
    """What no claim says yet."""

    def setUp(self):
        self.deployment = make.deployment()
        self.exam = self.deployment.post.exam
        self.terms = make.terms(self.exam, self.deployment.post.position, paid_days=["theory"])
        self.user = self.deployment.officer.user
        self.client.force_login(self.user)
        make.mark(self.deployment, self.exam.rehearsal_on)  # not paid
        for each, status in enumerate(["present", "absent", "present"]):
            make.mark(self.deployment, self.exam.starts_on + timedelta(days=each), status=status)

    def test_the_register_adds_up_to_an_expected_sum(self):
        make.mark(make.deployment())  # another's
        [found] = expected(self.user)
        assert (found.exam, found.days, found.amount) == (self.exam, 2, 1100)
        for page in (LIST, reverse("home")):
            self.assertContains(self.client.get(page), "KES 1,100.00 before tax")

    def test_at_the_rate_in_force_on_each_day(self):
        RateChange.objects.create(
            terms=self.terms,
            from_day=self.exam.starts_on + timedelta(days=1),
            daily_rate=600,
            reason="Circular 7",
            by=make.user(),
        )
        assert expected(self.user)[0].amount == 1150

    def test_not_once_there_is_a_claim(self):
        make.claim(deployment=self.deployment)
        assert expected(self.user) == []
        self.assertNotContains(self.client.get(LIST), "before tax")

    def test_of_nobody_else(self):
        assert expected(make.user()) == []
        assert expected(make.officer().user) == []

    def test_same_queries_for_one_exam_and_for_many(self):
        def count():
            with CaptureQueriesContext(connection) as queries:
                self.client.get(LIST)
            return len(queries)

        one = count()
        for number in range(3):
            post = make.post()
            make.terms(post.exam, post.position)
            later = make.deployment(post=post, officer=self.deployment.officer, status="cancelled")
            make.mark(later, self.exam.starts_on + timedelta(days=10 + number))
        assert len(expected(self.user)) == 4
        assert count() == one <= 8
