"""The text to centres that have not marked by their exam's hour."""

from datetime import time, timedelta
from unittest.mock import patch

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from accounts.models import User
from accounts.news import News
from attendance import reminding, tasks
from attendance.models import Register, RegisterReminder, RegisterStatus
from attendance.tests import world
from attendance.tests.test_today import at, submitted
from catalogue.models import DayKind, Exam, ExamDay
from cp2.tests import make
from cp2.tests.races import at_once
from deployments.models import DeploymentStatus
from sms import gsm
from sms.models import Kind, Message


def due(**fields):
    """A centre whose register of today has been due since midnight."""
    fields["exam"] = fields.get("exam") or make.exam(
        registers_due_at=time(0), registers_close_after=1
    )
    return world.centre(**{"officers": 2, **fields})


def texts():
    return list(Message.objects.filter(template="attendance/reminder").order_by("pk"))


class Reminding(TestCase):
    def test_the_manager_of_a_centre_that_has_not_marked_gets_one_text(self):
        centre = due()

        assert tasks.remind_centres() == 1
        assert tasks.remind_centres() == 0

        [text] = texts()
        assert text.to == centre.deployments[0].officer.phone
        assert text.kind == Kind.BULK
        assert centre.entry.station.name[:14] in text.text
        assert "ABSENT 3 7" in text.text
        row = RegisterReminder.objects.get()
        assert (row.entry, row.day, row.deployment) == (
            centre.entry, make.today(), centre.deployments[0]
        )  # fmt: skip
        assert abs(row.reminded_at - timezone.now()) < timedelta(minutes=1)

    def test_a_centre_that_has_marked_is_not_reminded(self):
        centre = due()
        submitted(centre.entry, timezone.now(), RegisterStatus.SUBMITTED)
        Register.objects.update(day=make.today())

        assert tasks.remind_centres() == 0
        assert not texts()

    def test_a_register_that_was_only_opened_counts_for_nothing(self):
        make.register(due().entry)

        assert tasks.remind_centres() == 1

    def test_not_before_the_hour_nor_after_the_cut_off(self):
        exam = make.exam(
            registers_due_at=time(11), registers_close_at=time(13), registers_close_after=0
        )
        for moment, exams in {
            at(10, 59): [], at(11): [exam.pk], at(12, 59): [exam.pk], at(13): [], at(23): []
        }.items():  # fmt: skip
            with self.subTest(at=moment):
                assert [*reminding.due(moment)] == exams
        Exam.objects.update(registers_close_after=1, registers_close_at=time(8))
        assert [*reminding.due(at(23, 59))] == [exam.pk]
        assert [*reminding.due(at(0, 1))] == []

    def test_yesterdays_register_is_not_reminded_of(self):
        due()
        ExamDay.objects.filter(day=make.today()).delete()

        assert tasks.remind_centres() == 0

    def test_a_centre_whose_papers_are_not_sat_today_has_peace(self):
        due(papers=["101/1"])
        ExamDay.objects.filter(day=make.today()).update(papers=["443/2"])

        assert tasks.remind_centres() == 0
        ExamDay.objects.filter(day=make.today()).update(papers=["443/2", "101/1"])
        assert tasks.remind_centres() == 1

    def test_where_nobody_is_expected_there_is_nothing_to_mark(self):
        centre = due()
        for code in ("CM", "INV"):
            make.terms(centre.entry.exam, make.position(code), paid_days=[DayKind.PRACTICAL])

        assert tasks.remind_centres() == 0
        make.terms(centre.entry.exam, make.position("INV"), paid_days=[DayKind.THEORY])
        assert tasks.remind_centres() == 1  # the manager marks, though not paid for the day

    def test_only_who_manages_the_centre_today(self):
        exam = make.exam(registers_due_at=time(0))
        for status, days in (
            (DeploymentStatus.OFFERED, 0),
            (DeploymentStatus.CANCELLED, 0),
            (DeploymentStatus.ACCEPTED, 1),  # from tomorrow on
        ):
            entry = make.entry(exam=exam)
            for code in ("CM", "INV"):
                make.deployment(
                    status if code == "CM" else DeploymentStatus.ACCEPTED,
                    post=make.post(exam=exam, station=entry.station, position=make.position(code)),
                    starts_on=make.today() + timedelta(days=days if code == "CM" else 0),
                )

        assert tasks.remind_centres() == 0

    def test_of_a_centre_with_two_managers_one_is_told(self):
        centre = due()
        post = centre.deployments[0].post
        post.required = 2
        post.save()
        make.deployment(post=post, slot=2)

        assert tasks.remind_centres() == 1
        assert texts()[0].to == centre.deployments[0].officer.phone

    def test_whoever_wants_no_reminders_gets_none(self):
        centre = due()
        User.objects.filter(pk=centre.deployments[0].officer.user_id).update(
            news_off=[News.REMINDERS]
        )

        assert tasks.remind_centres() == 0
        assert not RegisterReminder.objects.exists()

    def test_a_closed_account_gets_none(self):
        centre = due()
        User.objects.filter(pk=centre.deployments[0].officer.user_id).update(is_active=False)

        assert tasks.remind_centres() == 0

    def test_in_the_managers_language_and_one_segment_in_both(self):
        centre = due()
        user = centre.deployments[0].officer.user
        for language in ("en", "sw"):
            User.objects.filter(pk=user.pk).update(language=language)
            RegisterReminder.objects.all().delete()
            Message.objects.all().delete()
            tasks.remind_centres()
            [text] = texts()
            assert gsm.segments(text.text) == 1
            with translation.override(language):
                assert text.text.startswith("KNEC CP2: ")

    def test_many_in_as_many_statements_as_one(self):
        due()
        with CaptureQueriesContext(connection) as one:
            assert tasks.remind_centres() == 1
        exam = make.exam(registers_due_at=time(0))
        for _ in range(30):
            due(exam=exam)
        with CaptureQueriesContext(connection) as many:
            assert tasks.remind_centres() == 30

        assert len(one) == len(many) <= 8

    def test_more_than_a_statement_takes_are_told_by_the_same_tick(self):
        exam = make.exam(registers_due_at=time(0))
        for _ in range(5):
            due(exam=exam)

        assert reminding.remind_due(most=2) == 5
        assert len(texts()) == 5

    def test_what_fails_leaves_neither_row_nor_text(self):
        due()
        with (
            patch("attendance.reminding.words", side_effect=ZeroDivisionError),
            pytest.raises(ZeroDivisionError),
        ):
            reminding.remind_due()

        assert not RegisterReminder.objects.exists()
        assert tasks.remind_centres() == 1


class InTheDatabase(TestCase):
    def test_a_second_reminder_of_a_day_is_refused(self):
        centre = due()
        tasks.remind_centres()
        with pytest.raises(IntegrityError) as refusal, transaction.atomic():
            RegisterReminder.objects.create(
                entry=centre.entry, day=make.today(), deployment=centre.deployments[0]
            )
        assert refusal.value.__cause__.diag.constraint_name == "one_reminder_a_day"

    def test_directors_see_those_of_their_own_sub_county(self):
        centre = due()
        tasks.remind_centres()
        place = centre.entry.station.sub_county
        seen = {
            make.director(place): 1,
            make.director(make.sub_county()): 0,
            make.user(): 1,
            centre.user: 0,
        }
        for user, count in seen.items():
            assert RegisterReminder.objects.visible_to(user).count() == count


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_workers_at_once_remind_each_centre_once():
    exam = make.exam(registers_due_at=time(0))
    for _ in range(20):
        due(exam=exam)

    told = at_once(*[tasks.remind_centres] * 4)

    assert sum(told) == 20
    assert len(texts()) == RegisterReminder.objects.count() == 20
