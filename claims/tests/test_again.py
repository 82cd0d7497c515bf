"""Prepared again: by the night, for whom it concerns; and from the command line."""

import io
from datetime import timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import TestCase, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Entry
from accounts.services import record
from attendance.models import Mark, MarkStatus
from catalogue.models import Exam
from claims import runs, services
from claims.models import (
    Claim,
    ClaimStatus,
    MarkingRecord,
    MoneyRun,
    RateChange,
    RunStatus,
    TaxRule,
)
from claims.tasks import prepare_again
from claims.tests import world
from cp2.tests import make
from sms.models import Message


class Nights(TestCase):
    def setUp(self):
        self.exam = make.exam()
        Exam.objects.update(registers_close_after=60)
        post = make.post(exam=self.exam, required=9)
        self.terms = make.terms(self.exam, post.position)
        self.deployments = [make.deployment(post=post, slot=slot) for slot in (1, 2, 3)]
        for deployment in self.deployments:
            for n in range(2):
                make.mark(deployment, self.exam.rehearsal_on + timedelta(days=n))
        services.prepare(self.exam)

    def night(self, days=0, hour=2):
        """As beat does it, over and over; and the runs that come of it."""
        local = timezone.localtime() + timedelta(days=days)
        with time_machine.travel(local.replace(hour=hour, minute=10), tick=False):
            started = [prepare_again() for _ in range(3)]
        runs.work(seconds=10)
        return started

    def approve_all(self):
        Claim.objects.update(status="verified", verified_by=make.user())
        Claim.objects.update(status="approved", approved_by=make.user())

    def test_only_whom_it_concerns_and_each_is_told(self):
        self.approve_all()
        one = self.deployments[1]
        Mark.objects.filter(deployment=one, day=self.exam.rehearsal_on).update(
            status=MarkStatus.ABSENT
        )
        assert self.night() == [1, 0, 0]

        run = MoneyRun.objects.get()
        assert (run.status, run.started_by) == (RunStatus.DONE, None)
        assert run.outcome["claims"] == run.outcome["adjustments"] == 1
        adjustment = Claim.objects.get(adjusts__isnull=False)
        assert (adjustment.officer, adjustment.days, adjustment.net) == (one.officer, -1, -550)
        assert Message.objects.get(template="claims/adjusted").to == one.officer.user.phone
        assert Entry.objects.about(adjustment).get().actor is None

    def test_late_mark_of_an_officer_without_a_claim(self):
        late = make.deployment(post=make.post(exam=self.exam, position=self.terms.position))
        make.mark(late, self.exam.rehearsal_on)
        self.night()

        assert Claim.objects.get(officer=late.officer).days == 1
        assert MoneyRun.objects.get().outcome["claims"] == 1

    def test_a_tax_rule_that_was_added_or_changed(self):
        net = dict.fromkeys([one.officer_id for one in self.deployments], 1100)
        assert dict(Claim.objects.values_list("officer", "net")) == net
        rule = TaxRule.objects.create(exam=self.exam, rate=5, above=0)
        self.night()
        assert {*Claim.objects.values_list("tax", "net")} == {(55, 1045)}

        TaxRule.objects.filter(pk=rule.pk).update(above=1100)
        self.night(days=1)
        assert {*Claim.objects.values_list("tax", "net")} == {(0, 1100)}
        assert [run.portions for run in MoneyRun.objects.all()] == [1, 1]
        self.night(days=2)
        assert MoneyRun.objects.first().portions == 0

    def test_officer_whose_days_were_all_taken_away_owes_all_of_them(self):
        self.approve_all()
        one = self.deployments[0]
        Mark.objects.filter(deployment=one).update(status=MarkStatus.ABSENT)
        self.night()

        claims = Claim.objects.filter(officer=one.officer)
        assert sorted(claim.net for claim in claims) == [-1100, 1100]
        Mark.objects.filter(deployment=one).update(status=MarkStatus.PRESENT)
        self.night(days=1)
        assert Claim.objects.get(officer=one.officer).net == 1100
        removed = Entry.objects.get(verb="claim.removed")
        assert removed.details["adjusts"] == claims.get().pk
        assert Message.objects.filter(template="claims/adjusted").count() == 2

    def test_nothing_at_another_hour(self):
        assert self.night(hour=3) == [0, 0, 0]
        with override_settings(CLAIMS_AGAIN_AT=3):
            assert self.night(hour=3) == [1, 0, 0]

    def test_nothing_changed_and_nobody_is_told(self):
        before = list(Claim.objects.order_by("pk").values())
        self.night()

        assert list(Claim.objects.order_by("pk").values()) == before
        assert MoneyRun.objects.get().portions == 0
        assert not Message.objects.exists()

    def test_exam_that_nobody_has_prepared_yet_waits_for_a_clerk(self):
        Claim.objects.all().delete()
        assert self.night() == [0, 0, 0]

    def test_while_somebody_prepares_it_waits_for_the_next_night(self):
        runs.start("prepare", self.exam, by=world.preparer())
        local = timezone.localtime().replace(hour=2)
        with time_machine.travel(local, tick=False):
            assert prepare_again() == 0

    def test_long_after_the_exam_only_if_there_is_a_sign(self):
        Exam.objects.update(
            rehearsal_on=self.exam.rehearsal_on - timedelta(days=200),
            starts_on=self.exam.starts_on - timedelta(days=200),
            ends_on=self.exam.ends_on - timedelta(days=200),
        )
        assert self.night() == [1, 0, 0]  # never done whole as a run
        MoneyRun.objects.update(asked_at=timezone.now() - timedelta(days=3))
        assert self.night() == [0, 0, 0]

        signs = {
            "a mark": lambda: Mark.objects.update(status=MarkStatus.ABSENT),
            "a rate": lambda: RateChange.objects.create(
                terms=self.terms,
                from_day=self.exam.rehearsal_on,
                daily_rate=1,
                reason="So",
                by=make.user(),
            ),
            "a tax rule": lambda: record(
                "tax_rule.changed", self.exam, by=None, exam_id=self.exam.pk, rate="5.00"
            ),
            "a marking rate": lambda: record(
                "marking_rate.changed", self.exam, by=None, exam_id=self.exam.pk
            ),
            "a record": lambda: MarkingRecord.objects.create(
                exam=self.exam,
                deployment=self.deployments[0],
                coordination_days=0,
                scripts=0,
                travel=5,
                advance=0,
                signed=True,
                by=make.user(),
            ),
        }
        record("tax_rule.changed", other := make.exam(), by=None, exam_id=other.pk)
        assert self.night() == [0, 0, 0]
        for name, sign in signs.items():
            with self.subTest(name), transaction.atomic():
                sign()
                assert self.night() == [1, 0, 0]
                transaction.set_rollback(True)

    def test_as_many_queries_for_one_officer_as_for_many(self):
        def count(officers):
            for deployment in officers:
                Mark.objects.filter(deployment=deployment).update(status=MarkStatus.ABSENT)
            run = runs.start("prepare", self.exam, by=None, changed=True)
            with CaptureQueriesContext(connection) as queries:
                runs.finish(run)
            assert run.outcome["gone"] == len(officers)
            return len(queries)

        assert count(self.deployments[:1]) == count(self.deployments[1:])


class CommandLine(TestCase):
    def setUp(self):
        self.deployment = make.deployment()
        self.exam = self.deployment.post.exam
        make.terms(self.exam, self.deployment.post.position)
        make.mark(self.deployment)

    def call(self, *words):
        said = io.StringIO()
        call_command("claims", *words, stdout=said, stderr=io.StringIO())
        return said.getvalue()

    def test_exam(self):
        said = self.call("prepare", "--exam", f"{self.exam.year}/{self.exam.code}")
        assert "claims: 1" in said
        assert Claim.objects.get().status == ClaimStatus.PREPARED

    def test_sub_county(self):
        other = make.deployment(post=make.post(exam=self.exam))
        make.mark(other)
        place = other.post.station.sub_county
        said = self.call(
            "prepare",
            "--exam",
            f"{self.exam.year}/{self.exam.code}",
            "--sub-county",
            f"{place.county}/{place.name}",
        )
        assert "claims: 1" in said
        assert Claim.objects.get().officer == other.officer

    def test_what_is_not_there_or_being_done_is_said(self):
        exam = f"{self.exam.year}/{self.exam.code}"
        with pytest.raises(CommandError, match="There is no exam"):
            self.call("prepare", "--exam", "2025/x")
        with pytest.raises(CommandError, match="There is no sub-county"):
            self.call("prepare", "--exam", exam, "--sub-county", "Atlantis")
        runs.start("prepare", self.exam, by=world.preparer())
        with pytest.raises(CommandError, match="being done already"):
            self.call("prepare", "--exam", exam)
