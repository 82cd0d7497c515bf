"""Each rule that holds a claim: what raises it, what cures it, what a person decided."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Entry
from accounts.services import record
from attendance.models import RegisterReturn
from claims import holds, services
from claims.models import Claim, ClaimStatus, Hold, HoldCode
from claims.tests import world
from cp2.rules import Refused
from cp2.tests import make
from deployments.models import DeploymentStatus
from profiles.services import CLASHED
from sms.models import Kind, Message


def check(*claims):
    return holds.check(Claim.objects.filter(pk__in=[claim.pk for claim in claims]))


def codes(claim):
    return list(claim.holds.standing().order_by("code").values_list("code", flat=True))


def returned(entry, status="received"):
    return RegisterReturn.objects.create(
        entry=entry,
        code=f"R{make.number()}",
        status=status,
        stamped_by=make.user(),
        received_by=make.user() if status == "received" else None,
    )


class Rules(TestCase):
    def setUp(self):
        self.exam = make.exam()
        self.post = make.post(exam=self.exam, required=9)
        make.terms(self.exam, self.post.position)

    def claim(self, post=None, deployed=DeploymentStatus.ACCEPTED, **fields):
        post = post or make.post(exam=self.exam, required=9)
        officer = make.officer(**fields)
        return make.claim(
            deployment=make.deployment(
                deployed, post=post, officer=officer, slot=make.number() % 9 + 1
            )
        )

    def test_not_vetted_or_barred_where_the_terms_ask_for_it(self):
        pending = self.claim(self.post, vetting="pending")
        check(pending)
        assert codes(pending) == [HoldCode.NOT_VETTED]

        pending.officer.vetting, pending.officer.vetting_reason = "barred", "Forged papers"
        pending.officer.save()
        services.clear_hold(pending.holds.standing().get(), by=world.approver(), note="Known")
        check(pending)
        assert codes(pending) == [HoldCode.NOT_VETTED]  # barred is not what was decided about

        make.terms(self.exam, self.post.position, vetting_required=False)
        check(pending)
        assert codes(pending) == []

    def test_no_signed_register_until_headquarters_has_received_it(self):
        claim = self.claim(self.post)
        check(claim)
        assert codes(claim) == []  # a place that enters nobody returns no register

        entry = make.entry(exam=self.exam, station=self.post.station)
        paper = returned(entry, "stamped")
        check(claim)
        assert claim.holds.standing().get().note == self.post.station.code

        paper.status, paper.received_by = "received", make.user()
        paper.save()
        assert check(claim) == (0, 1)
        paper.status, paper.received_by, paper.stamped_by = "signed", None, None
        paper.save()
        check(claim)
        assert codes(claim) == [HoldCode.RETURN]

    def test_same_number_of_two_officers_holds_both(self):
        one, other = self.claim(), self.claim()
        other.officer.payee_phone = one.officer.payee_phone
        other.officer.save()
        check(one, other)
        assert codes(one) == codes(other) == [HoldCode.DUPLICATE]
        assert one.holds.get().note == ""  # whose it is, is not for them to know

        other.officer.payee_phone = make.phone()
        other.officer.save()
        assert check(one, other) == (0, 2)

    def test_same_number_in_another_exam_is_no_duplicate(self):
        one, other = self.claim(), make.claim()
        other.officer.payee_phone = one.officer.payee_phone
        other.officer.save()
        check(one, other)
        assert codes(one) == codes(other) == []

    def test_same_bank_account_and_the_same_person_by_a_number_that_met_another(self):
        one, other = self.claim(paid_by="bank"), self.claim(paid_by="bank")
        third = self.claim()
        make.bank_account(one.officer)
        make.bank_account(other.officer)
        record(CLASHED, third.officer, by=make.user(), field="x", other=one.officer_id)
        check(one, other, third)
        assert codes(one) == codes(other) == codes(third) == [HoldCode.DUPLICATE]

    def test_what_both_have_given_but_one_is_not_paid_by_is_no_duplicate(self):
        one, other = self.claim(), self.claim(paid_by="bank")
        other.officer.payee_phone = one.officer.payee_phone
        other.officer.save()
        for claim in (one, other):
            make.bank_account(claim.officer)
        check(one, other)
        assert codes(one) == codes(other) == []

        other.officer.paid_by = "mpesa"
        other.officer.save()
        check(one, other)
        assert codes(one) == codes(other) == [HoldCode.DUPLICATE]

    def test_duplicate_that_a_person_let_go_is_held_again_when_a_third_comes(self):
        one, other = self.claim(), self.claim()
        other.officer.payee_phone = one.officer.payee_phone
        other.officer.save()
        check(one, other)
        services.clear_all(Hold.objects.standing(), by=world.approver(), note="A couple")
        assert check(one, other) == (0, 0)

        third = self.claim(payee_phone=one.officer.payee_phone)
        check(one, other, third)
        assert codes(one) == codes(other) == codes(third) == [HoldCode.DUPLICATE]

    def test_days_of_a_deployment_that_was_never_accepted_or_was_called_off(self):
        for status in ("offered", "rejected", "expired", "cancelled"):
            claim = self.claim(deployed=DeploymentStatus(status))
            check(claim)
            assert codes(claim) == [HoldCode.NOT_DEPLOYED], status
        for status in ("accepted", "moved"):
            claim = self.claim(deployed=DeploymentStatus(status))
            check(claim)
            assert codes(claim) == [], status

    def test_taken_on_at_the_gate_is_deployed(self):
        deployment = make.deployment(post=self.post, papers_due=True)
        claim = make.claim(deployment=deployment)
        check(claim)
        assert codes(claim) == []

    def test_changed_payee_that_a_person_let_go_waits_no_more(self):
        [claim] = world.approved()
        claim.officer.payee_changed_at = timezone.now()
        claim.officer.save()
        with pytest.raises(Refused):
            world.batch(claim)
        holds.hold_changed_payees(Claim.objects.filter(pk=claim.pk))
        services.clear_hold(claim.holds.get(), by=world.approver(), note="Asked by phone")
        assert world.batch(claim).count == 1

    def test_changed_again_it_waits_again(self):
        [claim] = world.approved()
        for _time in range(2):
            claim.officer.payee_changed_at = timezone.now()
            claim.officer.save()
            holds.hold_changed_payees(Claim.objects.filter(pk=claim.pk))
            services.clear_hold(
                claim.holds.standing().get(), by=world.approver(), note="Asked by phone"
            )
        assert claim.holds.count() == 2

    def test_many_claims_cost_as_many_queries_as_one(self):
        counts = []
        for many in (1, 50):
            claims = [self.claim(payee_name="MARY WAIRIMU") for _ in range(many)]
            with CaptureQueriesContext(connection) as queries:
                check(*claims)
            counts.append(len(queries))
            assert Hold.objects.standing().filter(claim__in=claims).count() == many
        assert counts[0] == counts[1] <= 12

    def test_none_is_looked_at_in_peace(self):
        assert holds.check(Claim.objects.none()) == (0, 0)


class Again(TestCase):
    """What the portal looks at by itself."""

    def test_cured_is_let_go_without_a_clerk(self):
        claim = world.claim()
        claim.officer.payee_name = "MARY WAIRIMU"
        claim.officer.save()
        check(claim)
        assert holds.look_again() == 0
        claim.officer.payee_name = claim.officer.full_name
        claim.officer.save()
        assert holds.look_again() == 1
        assert holds.look_again() == 0

    def test_72_hours_are_over(self):
        claim = world.claim()
        Hold.objects.create(claim=claim, code=HoldCode.PAYEE_CHANGED)
        assert holds.look_again() == 0
        Hold.objects.update(raised_at=timezone.now() - timedelta(hours=73))
        assert holds.look_again() == 1

    def test_what_a_person_raised_and_what_is_paid_is_left_alone(self):
        by = world.approver()
        claim = world.claim()
        services.raise_hold(claim, code=HoldCode.RETURN, by=by, note="Not seen")
        paying = world.claim(ClaimStatus.PAYING)
        Hold.objects.create(claim=paying, code=HoldCode.PAYEE_NAME, grounds="MARY")
        assert holds.look_again() == 0
        assert Hold.objects.standing().count() == 2

    def test_in_portions(self, portion=1):
        claims = [world.claim() for _ in range(3)]
        for claim in claims:
            Hold.objects.create(claim=claim, code=HoldCode.NOT_SUBMITTED, grounds="not_submitted")
        before, holds.CHUNK = holds.CHUNK, portion
        try:
            assert holds.look_again() == 3
        finally:
            holds.CHUNK = before


class Investigations(TestCase):
    def setUp(self):
        self.by = world.approver()
        self.claim = world.claim()
        self.post = self.claim.lines.get().deployment.post
        self.elsewhere = world.claim()

    def open(self, **fields):
        given = {"reason": "Leaked paper", "by": self.by, **fields}
        return services.open_investigation(self.claim.exam, self.post.station, **given)

    def test_holds_every_unpaid_claim_of_the_centre_until_it_is_closed(self):
        opened, held = self.open()
        assert held == 1
        assert codes(self.claim) == [HoldCode.INVESTIGATION]
        assert codes(self.elsewhere) == []
        hold = self.claim.holds.get()
        assert (hold.note, hold.raised_by) == (self.post.station.code, None)

        services.close_investigation(opened, by=self.by, note="Nothing found")
        assert codes(self.claim) == []
        assert list(Entry.objects.filter(verb__startswith="investigation.").values("verb")) == [
            {"verb": "investigation.closed"},
            {"verb": "investigation.opened"},
        ]

    def test_claims_that_come_later_are_held_too(self):
        self.open()
        later = make.claim(
            deployment=make.deployment(post=self.post, slot=2),
        )
        services.check_holds(Claim.objects.filter(pk=later.pk), by=self.by)
        assert codes(later) == [HoldCode.INVESTIGATION]

    def test_an_adjustment_of_the_tax_alone_is_held_with_the_claim_that_it_adjusts(self):
        [first] = world.approved()
        alone = world.tax_alone(first)
        station = first.lines.get().deployment.post.station
        opened, held = services.open_investigation(
            first.exam, station, reason="Leaked paper", by=self.by
        )
        assert held == 2
        assert codes(alone) == codes(first) == [HoldCode.INVESTIGATION]
        services.close_investigation(opened, by=self.by, note="Nothing found")
        assert codes(alone) == codes(first) == []

    def test_one_at_a_time(self):
        opened, _held = self.open()
        with pytest.raises(Refused, match="already"):
            self.open()
        services.close_investigation(opened, by=self.by, note="Nothing")
        with pytest.raises(Refused, match="closed already"):
            services.close_investigation(opened, by=self.by, note="Nothing")
        self.open()

    def test_nobody_decides_where_their_own_claim_is_concerned(self):
        self.by.phone = self.claim.officer.payee_phone = make.phone()
        self.by.save()
        self.claim.officer.save()
        with pytest.raises(Refused, match="your own"):
            self.open()
        opened, _held = self.open(by=world.approver())
        with pytest.raises(Refused, match="your own"):
            services.close_investigation(opened, by=self.by, note="Nothing")


class Telling(TestCase):
    """Once for each reason of a claim, by day."""

    def setUp(self):
        self.exam = make.exam(
            rehearsal_on=make.today() - timedelta(days=30),
            starts_on=make.today() - timedelta(days=29),
            ends_on=make.today() - timedelta(days=10),
        )

    def claim(self, **fields):
        post = make.post(exam=self.exam)
        return make.claim(
            deployment=make.deployment(post=post, officer=make.officer(**fields)), exam=self.exam
        )

    def texts(self):
        return list(Message.objects.filter(template="claims/held").order_by("pk"))

    def test_told_once_with_all_that_holds_it(self):
        claim = self.claim(payee_name="MARY WAIRIMU", tsc_number=None)
        check(claim)
        assert services.tell_held() == 2
        assert services.tell_held() == 0
        [text] = self.texts()
        assert text.to == claim.officer.phone
        assert text.kind == Kind.BULK
        assert "and more. See what to do at" in text.text
        assert not claim.holds.filter(told_at=None).exists()

    def test_the_same_reason_again_is_not_told_again(self):
        claim = self.claim(payee_name="MARY WAIRIMU")
        check(claim)
        services.tell_held()
        claim.officer.payee_name = "PETER OTIENO"
        claim.officer.save()
        check(claim)
        assert claim.holds.count() == 2
        assert services.tell_held() == 0
        assert len(self.texts()) == 1
        assert not claim.holds.filter(told_at=None).exists()  # nor is it looked for again

    def test_only_of_these_claims(self):
        one, other = (self.claim(payee_name="MARY WAIRIMU") for _ in range(2))
        check(one, other)
        assert services.tell_held(Claim.objects.filter(pk=one.pk)) == 1
        assert [text.to for text in self.texts()] == [one.officer.phone]

    def test_not_where_there_is_nothing_to_do_yet(self):
        claim = self.claim()
        services.open_investigation(
            self.exam, claim.lines.get().deployment.post.station, reason="x", by=world.approver()
        )
        running = make.claim()
        make.entry(exam=running.exam, station=running.lines.get().deployment.post.station)
        check(running)
        assert codes(claim) == [HoldCode.INVESTIGATION]
        assert codes(running) == [HoldCode.RETURN]  # the exam is not over
        assert services.tell_held() == 0

    def test_the_signed_register_once_the_exam_is_over(self):
        claim = self.claim()
        make.entry(exam=self.exam, station=claim.lines.get().deployment.post.station)
        check(claim)
        assert services.tell_held() == 1

    def test_what_was_cleared_meanwhile_is_told_to_nobody(self):
        claim = self.claim(payee_name="MARY WAIRIMU")
        check(claim)
        services.clear_hold(claim.holds.get(), by=world.approver(), note="Married")
        assert services.tell_held() == 0
        assert self.texts() == []

    def test_not_at_night(self):
        check(self.claim(payee_name="MARY WAIRIMU"))
        with time_machine.travel(make.moment(f"{make.today()} 23:10"), tick=False):
            assert services.tell_due() == 0
        with time_machine.travel(make.moment(f"{make.today()} 12:00"), tick=False):
            assert services.tell_due(most=1) == 1

    def test_many_cost_as_many_queries_as_one(self):
        counts = []
        for many in (1, 50):
            check(*(self.claim(payee_name="MARY WAIRIMU") for _ in range(many)))
            with CaptureQueriesContext(connection) as queries:
                assert services.tell_held() == many
            counts.append(len(queries))
        assert counts[0] == counts[1] <= 8
