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
    AllocationRun,
    Deployment,
    DeploymentStatus,
    Letter,
    LetterText,
    Post,
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
        with refused_by("slot_within_post"):
            self.another(slot=4)
        small = make.post(exam=self.row.post.exam, required=0)
        with refused_by("slot_within_post"):
            self.set("post_id = %s", small.pk)
        off = self.another(slot=4, status=DeploymentStatus.CANCELLED)
        with refused_by("slot_within_post"):
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


class LetterTextTests(TestCase):
    def test_one_letter_text_of_a_version(self):
        text = LetterText.objects.create(exam=make.exam(), position=make.position())
        with refused_by("one_letter_text_of_a_version"):
            LetterText.objects.create(exam=text.exam, position=text.position)
        LetterText.objects.create(exam=text.exam, position=text.position, version=2)


def test_every_constraint_of_the_models_is_tested_here():
    source = Path(__file__).read_text()
    names = {
        constraint.name
        for model in (Post, Deployment, Letter, LetterText, AllocationRun)
        for constraint in model._meta.constraints
    }
    assert {name for name in names if f'"{name}"' not in source} == set()
