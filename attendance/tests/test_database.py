"""What the database itself refuses, past all of Python."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import TestCase
from django.utils import timezone

from attendance.models import (
    Mark,
    MarkStatus,
    Register,
    RegisterReturn,
    RegisterStatus,
    ReturnStatus,
    SupervisorReport,
)
from cp2.tests import make


class Refuses(TestCase):
    def refuses(self, constraint, call, *args, **kwargs):
        with connection.cursor() as cursor:  # what would be checked at the end is checked at once
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(IntegrityError) as refusal, transaction.atomic():
            call(*args, **kwargs)
        assert refusal.value.__cause__.diag.constraint_name == constraint


class Marks(Refuses):
    def setUp(self):
        self.deployment = make.deployment()
        self.by = make.user()

    def insert(self, **fields):
        """In plain SQL, as a tool or a careless hand would."""
        row = {
            "deployment_id": self.deployment.pk,
            "officer_id": self.deployment.officer_id,
            "day": make.today(),
            "status": "present",
            "marked_by_id": self.by.pk,
            "acting_name": "Barasa Wafula",
            **fields,
        }
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO attendance_mark ({', '.join(row)}) "
                f"VALUES ({', '.join(['%s'] * len(row))})",
                list(row.values()),
            )

    def test_plain_one_is_taken_at_the_databases_time(self):
        self.insert()

        assert abs(Mark.objects.get().marked_at - timezone.now()) < timedelta(minutes=1)

    def test_second_mark_of_an_officer_on_a_day(self):
        self.insert()
        self.refuses("one_mark_per_officer_a_day", self.insert, status="absent")

    def test_second_mark_at_another_centre(self):
        self.insert()
        with transaction.atomic():
            self.deployment.status = "cancelled"
            self.deployment.save()
            other = make.deployment(officer=self.deployment.officer)
            self.refuses("one_mark_per_officer_a_day", self.insert, deployment_id=other.pk)

    def test_mark_of_an_officer_whose_deployment_it_is_not(self):
        stranger = make.officer()
        self.refuses("mark_is_of_the_deployed_officer", self.insert, officer_id=stranger.pk)

    def test_unknown_way(self):
        self.refuses("mark_way", self.insert, way="pigeon")

    def test_mark_that_arrives_before_it_is_made(self):
        soon = timezone.now() + timedelta(minutes=5)
        self.refuses("mark_is_made_before_it_arrives", self.insert, marked_at=soon)

    def test_day_before_and_after_the_deployment(self):
        for day in (
            self.deployment.starts_on - timedelta(days=1),
            self.deployment.ends_on + timedelta(days=1),
        ):
            self.refuses("mark_within_deployment", self.insert, day=day)
        self.insert(day=self.deployment.starts_on)
        self.insert(day=self.deployment.ends_on)

    def test_status_that_the_register_does_not_know(self):
        self.refuses("mark_status", self.insert, status="late")

    def test_mark_without_the_name_of_who_made_it(self):
        self.refuses("mark_names_who_made_it", self.insert, acting_name="")

    def test_mark_given_to_somebody_else_or_to_another_day(self):
        self.insert()
        other = make.deployment()
        mark = Mark.objects.filter(officer=self.deployment.officer_id)
        for change in (
            {"officer": other.officer_id, "deployment": other.pk},
            {"deployment": other.pk},
            {"day": make.today() - timedelta(days=1)},
        ):
            self.refuses("mark_stays_whose_it_is", mark.update, **change)

    def test_mark_taken_over_by_an_upsert_of_another_deployment(self):
        self.insert()
        self.deployment.status = "cancelled"
        self.deployment.save()
        other = make.deployment(officer=self.deployment.officer)
        taking = Mark(
            deployment=other,
            officer=other.officer,
            day=make.today(),
            status=MarkStatus.ABSENT,
            marked_by=self.by,
            acting_name="Chebet Kiptoo",
        )
        self.refuses(
            "mark_stays_whose_it_is",
            Mark.objects.bulk_create,
            [taking],
            update_conflicts=True,
            unique_fields=["officer", "day"],
            update_fields=["deployment", "status"],
        )

    def test_mark_taken_away(self):
        self.insert()
        self.refuses("mark_stays_whose_it_is", Mark.objects.all()._raw_delete, "default")

    def test_status_may_be_corrected(self):
        self.insert()
        Mark.objects.update(status=MarkStatus.ABSENT)

        assert Mark.objects.get().status == MarkStatus.ABSENT


class Registers(Refuses):
    def setUp(self):
        self.entry = make.entry()

    def test_second_register_of_a_day(self):
        make.register(self.entry)
        self.refuses("one_register_a_day", make.register, self.entry)

    def test_unknown_status(self):
        self.refuses(
            "register_status",
            make.register,
            self.entry,
            status="lost",
            submitted_at=timezone.now(),
        )

    def test_open_one_has_no_time_and_every_other_has_its_own(self):
        constraint = "submitted_register_has_its_time"
        self.refuses(constraint, make.register, self.entry, submitted_at=timezone.now())
        for status in (RegisterStatus.SUBMITTED, RegisterStatus.AMENDED):
            self.refuses(constraint, make.register, self.entry, status=status)
        assert not Register.objects.exists()


class Returns(Refuses):
    def setUp(self):
        self.entry, self.person = make.entry(), make.user()

    def make(self, **fields):
        return RegisterReturn.objects.create(**{"entry": self.entry, "code": "R1", **fields})

    def test_second_return_of_a_centre(self):
        self.make()
        self.refuses("attendance_registerreturn_entry_id_key", self.make, code="R2")

    def test_second_return_of_a_code(self):
        self.make()
        self.refuses("attendance_registerreturn_code_key", self.make, entry=make.entry())

    def test_unknown_status(self):
        # either constraint may be the first to refuse
        either = "return_status|return_names_who_took_it"
        with pytest.raises(IntegrityError, match=either), transaction.atomic():
            self.make(status="lost")

    def test_each_status_names_those_who_took_it_and_nobody_else(self):
        constraint = "return_names_who_took_it"
        nobody = {"stamped_by": None, "received_by": None}
        stamped = nobody | {"stamped_by": self.person}
        received = stamped | {"received_by": self.person}
        only_received = nobody | {"received_by": self.person}
        for status, right in (
            (ReturnStatus.SIGNED, nobody),
            (ReturnStatus.STAMPED, stamped),
            (ReturnStatus.RECEIVED, received),
        ):
            for who in (nobody, stamped, received, only_received):
                if who != right:
                    self.refuses(constraint, self.make, status=status, **who)
        assert not RegisterReturn.objects.exists()


class Reports(Refuses):
    def test_second_report_of_a_day(self):
        deployment = make.deployment()
        SupervisorReport.objects.create(deployment=deployment, day=make.today())
        self.refuses(
            "one_report_a_day",
            SupervisorReport.objects.create,
            deployment=deployment,
            day=make.today(),
        )


class Copies(Refuses):
    def setUp(self):
        self.entry = make.entry()

    def make(self, **fields):
        return make.register_copy(self.entry, **fields)

    def test_second_row_of_a_copy_of_one_centre(self):
        copy = self.make()
        self.refuses("one_row_per_copy", self.make, client_id=copy.client_id)
        make.register_copy(make.entry(), client_id=copy.client_id)

    def test_unknown_status(self):
        self.refuses("copy_status", self.make, status="lost")

    def test_copy_without_the_name_of_who_made_it(self):
        self.refuses("copy_names_who_made_it", self.make, acting_name="")

    def test_copy_made_after_it_arrived(self):
        later = timezone.now() + timedelta(hours=1)
        self.refuses("copy_is_made_before_it_arrives", self.make, marked_at=later)

    def test_only_one_in_conflict_names_what_it_differs_about(self):
        constraint = "copy_names_what_it_differs_about"
        self.refuses(constraint, self.make, clashes=[1])
        for status in ("conflict", "settled"):
            self.refuses(constraint, self.make, status=status)
            self.make(status=status, clashes=[1])
