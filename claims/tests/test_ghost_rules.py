"""What is found odd about claims, and what is left alone."""

from datetime import timedelta
from decimal import Decimal

import time_machine
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.services import record
from attendance.models import Mark
from catalogue.models import ExamDay
from claims import runs, services
from claims.ghosts import finding, reading
from claims.models import (
    WEIGHTS,
    Claim,
    ClaimLine,
    ClaimStatus,
    GhostCode,
    GhostSignal,
    MoneyRun,
    RunStatus,
)
from claims.tests import world
from cp2.tests import make
from deployments.models import DeploymentStatus
from profiles.services import CLASHED


def look(exam):
    return runs.finish(finding.ask(exam, by=None))


class Finding(TestCase):
    def setUp(self):
        self.exam = make.exam()
        self.position = make.position()
        make.terms(self.exam, self.position)

    def claim(self, post=None, deployed=DeploymentStatus.ACCEPTED, **fields):
        post = post or make.post(exam=self.exam, position=self.position, required=9)
        officer = make.officer(**fields)
        User.objects.filter(pk=officer.user_id).update(
            last_login=timezone.now(), date_joined=timezone.now() - timedelta(days=90)
        )
        slot = post.deployments.count() + 1
        return make.claim(
            deployment=make.deployment(deployed, post=post, officer=officer, slot=slot)
        )

    def found(self, *claims):
        """The codes of each claim, after a look."""
        run = look(self.exam)
        assert run.status == RunStatus.DONE, run.failure
        codes = [sorted(claim.signals.values_list("code", flat=True)) for claim in claims]
        return codes if len(codes) > 1 else codes[0]

    def test_ordinary_claim_has_nothing_odd(self):
        assert self.found(self.claim()) == []

    def test_same_number_for_several_people(self):
        one, other, third = self.claim(), self.claim(), self.claim()
        other.officer.payee_phone = one.officer.payee_phone = make.phone()
        one.officer.save()
        other.officer.save()
        assert self.found(one, other, third) == [["same_payee"], ["same_payee"], []]
        first, second = GhostSignal.objects.all()
        assert first.group_key == second.group_key
        assert one.officer.payee_phone not in first.group_key
        assert first.detail == {"people": 2}

    def test_same_bank_account(self):
        one, other = self.claim(), self.claim()
        make.bank_account(one.officer)
        make.bank_account(other.officer)
        assert self.found(one, other) == [["same_account"], ["same_account"]]

    def test_one_person_twice(self):
        by_pf = [self.claim(pf_number="PF/1234"), self.claim(pf_number="pf 1234")]
        by_kra = [self.claim(kra_pin="A987654321B"), self.claim(kra_pin="A987654321C")]
        by_id = [self.claim(national_id="01234567"), self.claim(national_id="1234567")]
        by_name = [
            self.claim(full_name="Ann Bosire", payee_name="ANN BOSIRE", national_id=number)
            for number in ("30000123", "40000123")
        ]
        met = [self.claim(), self.claim()]
        record(CLASHED, met[0].officer, by=make.user(), other=met[1].officer_id)
        pairs = [*by_pf, *by_kra, *by_id, *by_name, *met]
        assert self.found(*pairs) == [["same_person"]] * 10
        assert GhostSignal.objects.values("group_key").distinct().count() == 5

    def test_quite_another_name_with_how_far(self):
        brother = self.claim(full_name="Otieno Ouma", payee_name="OTIENO OUMA ODHIAMBO")
        stranger = self.claim(full_name="Otieno Ouma", payee_name="MARY WAIRIMU")
        by_bank = self.claim(full_name="Jane Wafula", payee_name="PETER KIPTOO", paid_by="bank")
        assert self.found(brother, stranger, by_bank) == [[], ["name_far"], []]
        assert stranger.signals.get().detail["likeness"] < finding.FAR

    def test_number_of_another_officer_and_kin_of_three(self):
        one, other = self.claim(), self.claim()
        one.officer.payee_phone = other.officer.user.phone
        one.officer.save()
        other.officer.payee_phone = make.phone()
        other.officer.save()
        kin = [make.next_of_kin(self.claim().officer) for _ in range(3)]
        for row in kin:
            row.phone = kin[0].phone
            row.save()
        three = [Claim.objects.get(officer=row.officer) for row in kin]
        assert self.found(one, other) == [["pays_another"], []]
        assert self.found(*three) == [["same_kin"]] * 3

    def test_days_without_an_accepted_deployment(self):
        claims = [self.claim(deployed=status) for status in ("offered", "cancelled", "moved")]
        assert self.found(*claims) == [["not_accepted"], ["not_accepted"], []]

    def test_more_days_than_the_exam_or_the_centre_has(self):
        much = self.claim()
        Claim.objects.filter(pk=much.pk).update(days=99)
        elsewhere = self.claim()
        post = elsewhere.lines.get().deployment.post
        make.entry(exam=self.exam, station=post.station, papers=["101/1"])
        ExamDay.objects.filter(exam=self.exam).exclude(kind="rehearsal").update(papers=["102/1"])
        assert self.found(much, elsewhere) == [["too_many_days"], ["too_many_days"]]
        assert elsewhere.signals.get().detail["possible"] == 1

    def test_rate_outside_the_terms(self):
        good, odd = self.claim(), self.claim()
        ClaimLine.objects.filter(claim=odd).update(rate=Decimal(600), amount=Decimal(1200))
        assert self.found(good, odd) == [[], ["odd_rate"]]

    def test_all_days_late_or_by_amendment(self):
        good, late = self.claim(), self.claim()
        for claim in (good, late):
            deployment = claim.lines.get().deployment
            for ago in (5, 4):
                make.mark(deployment, make.today() - timedelta(days=ago))
        marks = Mark.objects.filter(officer=late.officer)
        marks.update(way="amendment")
        on_time = Mark.objects.filter(officer=good.officer).first()
        moment = make.moment(f"{on_time.day} 08:00")
        Mark.objects.filter(pk=on_time.pk).update(marked_at=moment, received_at=moment)
        assert self.found(good, late) == [[], ["only_late"]]

    def test_whole_exam_in_one_sitting_or_at_one_minute(self):
        sitting, minute, honest = ([], [], [])
        for who in (sitting, minute, honest):
            post = make.post(exam=self.exam, position=self.position, required=5)
            who += [self.claim(post) for _ in range(2)]
            for claim in who:
                for ago in (5, 4, 3):
                    make.mark(claim.lines.get().deployment, make.today() - timedelta(days=ago))
        for who, hours in ((minute, [7, 7, 7]), (honest, [7, 8, 7])):
            for claim in who:
                for mark, hour in zip(claim.officer.marks.order_by("day"), hours, strict=True):
                    at = make.moment(f"{mark.day} {hour:02d}:31")
                    Mark.objects.filter(pk=mark.pk).update(marked_at=at, received_at=at)
        assert self.found(*sitting, *minute, *honest) == [
            ["one_sitting", "only_late"],
            ["one_sitting", "only_late"],
            ["one_sitting"],
            ["one_sitting"],
            [],
            [],
        ]

    def test_more_present_than_entitled(self):
        post = make.post(exam=self.exam, position=self.position, required=3)
        claims = [self.claim(post) for _ in range(2)]
        for claim in claims:
            mark = make.mark(claim.lines.get().deployment)
            at = make.moment(f"{mark.day} 00:01")
            Mark.objects.filter(pk=mark.pk).update(marked_at=at, received_at=at)
        post.deployments.filter(slot=2).update(status="cancelled")
        type(post).objects.filter(pk=post.pk).update(required=1)
        assert self.found(*claims) == [["over_entitled"], ["not_accepted", "over_entitled"]]
        assert GhostSignal.objects.get(claim=claims[0]).detail["entitled"] == 1

    def test_accounts_that_nobody_has_used_or_knows(self):
        unused, late, other = self.claim(), self.claim(), self.claim()
        User.objects.filter(pk=unused.officer.user_id).update(last_login=None)
        User.objects.filter(pk=late.officer.user_id).update(date_joined=timezone.now())
        make.register_check(other.officer)
        assert self.found(unused, late, other) == [
            ["never_signed_in"],
            ["late_account"],
            ["not_in_register"],
        ]

    def test_never_checked_is_odd_only_where_there_is_a_register(self):
        claim = self.claim()
        assert self.found(claim) == []
        make.register_entry()
        assert self.found(claim) == ["not_in_register"]

    def test_what_is_no_longer_so_goes_and_what_was_looked_at_stays_so(self):
        one, other = self.claim(), self.claim()
        other.officer.payee_phone = one.officer.payee_phone
        other.officer.save()
        far = self.claim(full_name="Otieno Ouma", payee_name="MARY WAIRIMU")
        self.found(one, other, far)
        by = world.preparer()
        services.look_at(GhostSignal.objects.all(), by=by, finding="Asked the director")
        assert not reading.unlooked_signals(self.exam).exists()

        far.officer.payee_name = far.officer.full_name
        far.officer.save()
        assert self.found(far) == []
        assert not reading.unlooked_signals(self.exam).exists()

        third = self.claim(payee_phone=one.officer.payee_phone)
        self.found(third)
        assert {signal.claim_id for signal in reading.unlooked_signals(self.exam)} == {
            claim.pk for claim in (one, other, third) if "same_payee" in self.found(claim)
        }

    def test_scores_and_words(self):
        claim = self.claim(full_name="Otieno Ouma", payee_name="MARY WAIRIMU")
        User.objects.filter(pk=claim.officer.user_id).update(last_login=None)
        self.found(claim)
        seen = reading.signals_for(Claim.objects.filter(pk=claim.pk)).get()
        assert seen.ghost_score == WEIGHTS["name_far"] + WEIGHTS["never_signed_in"]
        assert reading.words(seen.ghost_codes) == [
            "The payee has quite another name",
            "Has never signed in",
        ]

    def test_unlooked_are_those_before_approval(self):
        paid = world.claim(ClaimStatus.PAID)
        paid.officer.payee_name = "PETER OTIENO"
        paid.officer.save()
        look(paid.exam)
        assert GhostSignal.objects.filter(claim=paid).exists()
        assert not reading.unlooked_signals(paid.exam).exists()

    def test_as_many_queries_for_one_as_for_many(self):
        counts = []
        for many in (1, 50):
            for _ in range(many):
                self.claim(full_name="Otieno Ouma", payee_name="MARY WAIRIMU")
            run = finding.ask(self.exam, by=None)
            with CaptureQueriesContext(connection) as queries:
                runs.finish(run)
            counts.append(len(queries))
        assert counts[0] == counts[1]

    def test_every_code_has_a_weight_and_is_found_by_something(self):
        of_families = [code for family in finding.rules.FAMILIES.values() for code in family]
        assert sorted(of_families) == sorted(GhostCode.values) == sorted(WEIGHTS)


class AtNight(TestCase):
    def test_each_exam_with_claims_to_approve_once_a_night(self):
        claim = world.claim()
        world.claim(ClaimStatus.PAID)
        with time_machine.travel(make.moment(f"{make.today()} 12:00"), tick=False):
            assert finding.ask_at_night() == 0
        with time_machine.travel(make.moment(f"{make.today()} 02:00"), tick=False):
            assert finding.ask_at_night() == 1
            assert finding.ask_at_night() == 0
        assert MoneyRun.objects.get(kind="ghosts").exam == claim.exam
