"""What the database itself refuses, whoever writes: raw rows, past every service."""

from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import TestCase
from django.utils import timezone

from cp2.tests import make
from deployments.models import (
    HOLDS_ITS_DAYS,
    LIVE,
    OPEN_RUNS,
    AllocationPart,
    AllocationRun,
    AllocationWeights,
    Deployment,
    DeploymentStatus,
    EmptyPost,
    Letter,
    Post,
    Proposal,
    RunStatus,
    Unplaced,
)
from profiles.models import Officer

DAY = timedelta(days=1)


@contextmanager
def refused_by(constraint):
    with pytest.raises(IntegrityError) as caught, transaction.atomic():  # noqa: PT012  # either may
        yield
        run("SET CONSTRAINTS ALL IMMEDIATE")  # those that wait for the end of the transaction
    assert caught.value.__cause__.diag.constraint_name == constraint


def run(sql, *params):
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


def remove(table, pk):
    with transaction.atomic():
        run(f"DELETE FROM {table} WHERE id = %s", pk)
        run("SET CONSTRAINTS ALL IMMEDIATE")


class PostTests(TestCase):
    def test_one_post_of_a_kind(self):
        post = make.post()
        with refused_by("one_post_of_a_kind"):
            run(
                "INSERT INTO deployments_post"
                " (exam_id, station_id, position_id, required, override_reason)"
                " VALUES (%s, %s, %s, 1, '')",
                post.exam_id,
                post.station_id,
                post.position_id,
            )

    def test_an_entitlement_is_never_negative(self):
        post = make.post()
        with refused_by("deployments_post_required_check"):
            run("UPDATE deployments_post SET required = -1 WHERE id = %s", post.pk)

    def test_it_does_not_shrink_below_its_officers(self):
        for status in DeploymentStatus:
            post = make.post(required=3)
            make.deployment(status, post=post, slot=3)
            sql = "UPDATE deployments_post SET required = 2 WHERE id = %s"
            if status in LIVE:
                with refused_by("post_holds_its_officers"):
                    run(sql, post.pk)
            else:
                run(sql, post.pk)
        Post.objects.update(required=5)


class DeploymentTests(TestCase):
    def setUp(self):
        self.row = make.deployment(slot=1)

    def set(self, assignment, *params):
        run(f"UPDATE deployments_deployment SET {assignment} WHERE id = %s", *params, self.row.pk)

    def another(self, **fields):
        return make.deployment(
            **{"post": self.row.post, "slot": 2, "officer": make.officer(), **fields}
        )

    def test_status_is_one_that_is_known(self):
        with refused_by("deployment_status"):
            self.set("status = 'promised'")

    def test_it_runs_forward(self):
        with refused_by("deployment_runs_forward"):
            self.set("ends_on = starts_on - 1")

    def test_slots_count_from_one(self):
        with refused_by("slots_count_from_one"):
            self.another(slot=0)

    def test_rejected_with_a_reason(self):
        with refused_by("rejected_with_a_reason"):
            self.set("status = 'rejected', reason = ''")

    def test_a_serial_is_given_once(self):
        other = self.another()
        with refused_by("deployments_deployment_serial_key"):
            self.set("serial = %s", other.serial)

    def test_one_place_at_a_time(self):
        for status in DeploymentStatus:
            elsewhere = make.post(exam=self.row.post.exam)
            if status in HOLDS_ITS_DAYS:
                with refused_by("one_place_at_a_time"):
                    make.deployment(status, officer=self.row.officer, post=elsewhere)
            else:
                make.deployment(status, officer=self.row.officer, post=elsewhere)

    def test_the_last_day_belongs_to_it(self):
        after = make.post()
        last = self.row.ends_on
        with refused_by("one_place_at_a_time"):
            make.deployment(
                officer=self.row.officer, post=after, starts_on=last, ends_on=last + DAY
            )
        make.deployment(
            officer=self.row.officer, post=after, starts_on=last + DAY, ends_on=last + DAY
        )

    def test_it_stays_with_its_officer_its_place_and_its_first_day(self):
        other = self.another()
        for assignment, value in {
            "officer_id = %s": make.officer().pk,
            "post_id = %s": make.post(exam=self.row.post.exam).pk,
            "slot = %s": 3,
            "starts_on = %s": self.row.starts_on - DAY,
        }.items():
            with self.subTest(assignment=assignment), refused_by("deployment_keeps_its_days"):
                run(
                    f"UPDATE deployments_deployment SET {assignment} WHERE id = %s",
                    value,
                    other.pk,
                )

    def test_what_has_ended_is_never_changed(self):
        ended = set(DeploymentStatus) - set(LIVE)
        assert len(ended) == 4
        for status in ended:
            row = make.deployment(status, reason="Unwell")
            for assignment in (
                "ends_on = ends_on + 1",
                "ends_on = ends_on - 1",
                "status = 'offered'",
            ):
                with (
                    self.subTest(status=status, assignment=assignment),
                    refused_by("deployment_keeps_its_days"),
                ):
                    run(f"UPDATE deployments_deployment SET {assignment} WHERE id = %s", row.pk)

    def test_it_goes_along_when_two_accounts_are_made_one(self):
        row, into = self.another(status=DeploymentStatus.MOVED), make.officer()
        of = Deployment.objects.filter(pk=row.pk)
        with refused_by("deployment_keeps_its_days"):
            of.update(officer=into)
        Officer.objects.filter(pk=row.officer_id).update(
            merged_into=into, national_id=None, kra_pin=None, tsc_number=None, submitted_at=None
        )
        with refused_by("deployment_keeps_its_days"):
            of.update(officer=into, ends_on=row.ends_on - DAY)
        assert of.update(officer=into) == 1

    def test_it_is_never_deleted(self):
        with refused_by("deployment_is_not_deleted"):
            remove("deployments_deployment", self.row.pk)

    def test_one_officer_in_a_slot(self):
        for status in DeploymentStatus:
            if status in HOLDS_ITS_DAYS:
                with refused_by("one_officer_in_a_slot"):
                    self.another(slot=1, status=status)
            else:
                reason = "Unwell" if status == DeploymentStatus.REJECTED else ""
                self.another(slot=1, status=status, reason=reason)

    def test_a_slot_may_be_handed_on_from_one_day_to_the_next(self):
        today = timezone.localdate()
        self.set("status = 'moved', ends_on = %s", today - DAY)
        with refused_by("one_officer_in_a_slot"):
            self.another(slot=1, starts_on=today - DAY)
        self.another(slot=1, starts_on=today)

    def test_no_slot_beyond_the_entitlement(self):
        with refused_by("slot_within_post"):
            self.another(slot=4)
        off = self.another(slot=4, status=DeploymentStatus.CANCELLED)
        with refused_by("deployment_keeps_its_days"):
            run("UPDATE deployments_deployment SET status = 'offered' WHERE id = %s", off.pk)

    def test_nobody_it_names_can_be_removed(self):
        for table, pk, constraint in (
            ("deployments_post", self.row.post_id, "post"),
            ("profiles_officer", self.row.officer_id, "officer"),
        ):
            with pytest.raises(IntegrityError, match=f'"deployments_deployment".*{constraint}'):
                remove(table, pk)

    def test_it_can_be_named_together_with_its_officer(self):
        """What marks refer to: the pair is unique, so a mark cannot be of another officer."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT contype FROM pg_constraint WHERE conname = 'deployment_with_its_officer'"
            )
            assert cursor.fetchone() == ("u",)


class LetterRowTests(TestCase):
    def setUp(self):
        self.letter = Letter.objects.create(deployment=make.deployment(), code="A" * 20)

    def set(self, assignment):
        run(f"UPDATE deployments_letter SET {assignment} WHERE id = %s", self.letter.pk)

    def test_status_is_one_that_is_known(self):
        with refused_by("letter_status"):
            self.set("status = 'posted'")

    def test_one_letter_is_current(self):
        def second():
            return Letter.objects.create(deployment=self.letter.deployment, code="B" * 20)

        with refused_by("one_letter_is_current"):
            second()
        self.set("voided_at = now()")
        second()

    def test_a_code_is_given_once(self):
        with refused_by("deployments_letter_code_key"):
            Letter.objects.create(deployment=make.deployment(), code="A" * 20)

    def test_ready_letter_has_its_file(self):
        for assignment in (
            "status = 'ready'",
            "status = 'ready', file = 'a.pdf', sha256 = 'x', size = 0",
            "status = 'ready', file = 'a.pdf', sha256 = '', size = 9",
            "status = 'ready', file = '', sha256 = 'x', size = 9",
        ):
            with refused_by("ready_letter_has_its_file"):
                self.set(assignment)
        self.set("status = 'ready', file = 'a.pdf', sha256 = 'x', size = 9")


class RunTests(TestCase):
    def setUp(self):
        self.run = AllocationRun.objects.create(exam=make.exam(), started_by=make.user())

    def test_status_is_one_that_is_known(self):
        with refused_by("run_status"):
            run("UPDATE deployments_allocationrun SET status = 'lost' WHERE id = %s", self.run.pk)

    def test_progress_ends_at_a_hundred(self):
        with refused_by("run_progress"):
            run("UPDATE deployments_allocationrun SET progress = 101 WHERE id = %s", self.run.pk)


class AllocationTests(TestCase):
    def setUp(self):
        self.post = make.post()
        self.run = AllocationRun.objects.create(exam=self.post.exam)
        self.part = AllocationPart.objects.create(
            run=self.run, sub_county=self.post.station.sub_county
        )
        self.row = self.proposal()

    def proposal(self, **fields):
        defaults = {
            "run": self.run,
            "part": self.part,
            "post": self.post,
            "place": 1,
            "standing": 10,
        }
        if "officer" not in fields:
            defaults["officer"] = make.officer()
        return Proposal.objects.create(**defaults | fields)

    def change(self, row, assignment):
        run(f"UPDATE {row._meta.db_table} SET {assignment} WHERE id = %s", row.pk)

    def test_run_positions(self):
        with refused_by("run_positions"):
            self.change(self.run, "whose = 'knec'")

    def test_run_second_round(self):
        with refused_by("run_second_round"):
            self.change(self.run, "spill = 'world'")

    def test_run_has_one_scope(self):
        place = self.post.station.sub_county
        for fields in ({"county": place.county}, {"spill": "county"}):
            with refused_by("run_has_one_scope"):
                AllocationRun.objects.create(exam=make.exam(), scope=place, **fields)

    def test_one_open_run_of_a_scope(self):
        for status in RunStatus:
            self.change(self.run, f"status = '{status}'")
            if status in OPEN_RUNS:
                with refused_by("one_open_run_of_a_scope"):
                    AllocationRun.objects.create(exam=self.run.exam)
            else:
                AllocationRun.objects.create(exam=self.run.exam).delete()

    def test_allocation_part_status(self):
        with refused_by("allocation_part_status"):
            self.change(self.part, "status = 'lost'")

    def test_allocation_part_progress(self):
        with refused_by("allocation_part_progress"):
            self.change(self.part, "progress = 101")

    def test_first_round_is_by_sub_county(self):
        for assignment in ("sub_county_id = NULL", "round = 2", "round = 3, sub_county_id = NULL"):
            with refused_by("first_round_is_by_sub_county"):
                self.change(self.part, assignment)

    def test_one_part_of_a_place(self):
        with refused_by("one_part_of_a_place"):
            AllocationPart.objects.create(run=self.run, sub_county=self.part.sub_county)
        AllocationPart.objects.create(run=self.run, round=2)
        with refused_by("one_part_of_a_place"):
            AllocationPart.objects.create(run=self.run, round=2)

    def test_weights_are_small_numbers(self):
        with refused_by("weights_are_small_numbers"):
            AllocationWeights.objects.create(exam=self.run.exam, per_year=101)

    def test_weights_are_ways_within_kenya(self):
        with refused_by("weights_are_ways_within_kenya"):
            AllocationWeights.objects.create(exam=self.run.exam, elsewhere_km=1001)

    def test_proposal_status(self):
        with refused_by("proposal_status"):
            self.change(self.row, "status = 'maybe'")

    def test_proposal_refused_with_its_sentence(self):
        for assignment in ("status = 'refused'", "refusal = 'No'"):
            with refused_by("proposal_refused_with_its_sentence"):
                self.change(self.row, assignment)

    def test_proposal_confirmed_is_deployed(self):
        deployment = make.deployment(post=self.post, officer=self.row.officer)
        for assignment in ("status = 'confirmed'", f"deployment_id = {deployment.pk}"):
            with refused_by("proposal_confirmed_is_deployed"):
                self.change(self.row, assignment)
        self.change(self.row, f"status = 'confirmed', deployment_id = {deployment.pk}")

    def test_proposed_places_count_from_one(self):
        with refused_by("proposed_places_count_from_one"):
            self.change(self.row, "place = 0")

    def test_one_proposal_for_an_officer(self):
        with refused_by("one_proposal_for_an_officer"):
            self.proposal(officer=self.row.officer, place=2)
        self.change(self.row, "status = 'removed'")
        self.proposal(officer=self.row.officer, place=2)

    def test_one_proposal_for_a_place(self):
        with refused_by("one_proposal_for_a_place"):
            self.proposal()
        self.change(self.row, "status = 'removed'")
        self.proposal()

    def test_an_empty_post(self):
        row = {"run": self.run, "post": self.post, "applied": 0, "eligible": 0}
        with refused_by("empty_post_has_places"):
            EmptyPost.objects.create(places=0, why="too_few", **row)
        with refused_by("empty_post_why"):
            EmptyPost.objects.create(places=1, why="fate", **row)
        EmptyPost.objects.create(places=1, why="too_few", **row)
        with refused_by("one_reason_for_an_empty_post"):
            EmptyPost.objects.create(places=1, why="too_few", **row)

    def test_an_applicant_without_a_place(self):
        application = make.application()
        row = {
            "run": self.run,
            "application": application,
            "officer": application.officer,
            "standing": 3,
        }
        with refused_by("unplaced_why"):
            Unplaced.objects.create(why="fate", **row)
        Unplaced.objects.create(why="others", **row)
        with refused_by("one_reason_for_an_applicant"):
            Unplaced.objects.create(why="others", **row)


def test_every_constraint_of_the_models_is_tested_here():
    source = Path(__file__).read_text()
    names = {
        constraint.name
        for model in (  # letters have theirs beside them
            Post,
            Deployment,
            AllocationRun,
            AllocationPart,
            AllocationWeights,
            Proposal,
            EmptyPost,
            Unplaced,
        )
        for constraint in model._meta.constraints
    }
    assert {name for name in names if f'"{name}"' not in source} == set()
