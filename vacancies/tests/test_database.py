"""The database itself refuses, whatever the code above it does."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import TestCase
from django.utils import timezone

from cp2.tests import make
from vacancies.models import Application, ApplicationStatus, FileStatus, Vacancy, VacancyFile


class Vacancies(TestCase):
    def setUp(self):
        self.vacancy = make.vacancy()

    def refuses(self, name, **fields):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Vacancy.objects.filter(pk=self.vacancy.pk).update(**fields)

    def test_two_of_a_kind(self):
        with pytest.raises(IntegrityError, match="one_vacancy_of_a_kind"), transaction.atomic():
            make.vacancy(
                exam=self.vacancy.exam,
                position=self.vacancy.position,
                sub_county=self.vacancy.sub_county,
            )

    def test_closing_before_it_opens(self):
        self.refuses(
            "vacancy_closes_after_it_opens", closes_at=self.vacancy.opens_at - timedelta(hours=1)
        )

    def test_an_unknown_duty_station(self):
        self.refuses("vacancy_station_kind", station_kind="pub")

    def test_places_below_zero(self):
        self.refuses("places_check", places=-1)

    def test_another_exam_while_there_are_applications(self):
        make.application(vacancy=self.vacancy)
        self.refuses("application_is_for_its_vacancys_exam", exam=make.exam())


class Applications(TestCase):
    def setUp(self):
        self.application = make.application()

    def refuses(self, name, **fields):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Application.objects.filter(pk=self.application.pk).update(**fields)

    def test_an_unknown_status(self):
        self.refuses("application_status", status="king")

    def test_unsuccessful_without_a_reason(self):
        self.refuses("unsuccessful_with_a_reason", status=ApplicationStatus.UNSUCCESSFUL)

    def test_two_of_a_reference(self):
        self.refuses("reference", reference=make.application().reference)

    def test_another_exam_than_the_vacancys(self):
        self.refuses("application_is_for_its_vacancys_exam", exam=make.exam())

    def test_a_vacancy_or_an_officer_that_is_gone(self):
        for table, row in (
            ("vacancies_vacancy", self.application.vacancy),
            ("profiles_officer", self.application.officer),
        ):
            with (
                pytest.raises(IntegrityError, match="vacancies_application"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(
                    "SET CONSTRAINTS ALL IMMEDIATE; DELETE FROM " + table + " WHERE id = %s",
                    [row.pk],
                )

    def test_two_live_ones_of_an_officer_in_an_exam(self):
        live = [s for s in ApplicationStatus if s in ("submitted", "nominated", "deployed")]
        for first in live:
            for second in live:
                officer, exam = make.officer(), make.exam()
                make.application(first, officer=officer, vacancy=make.vacancy(exam=exam))
                other = make.vacancy(exam=exam, position=make.position("SUP"))
                with (
                    self.subTest(first=first, second=second),
                    pytest.raises(IntegrityError, match="one_live_application_per_exam"),
                    transaction.atomic(),
                ):
                    make.application(second, officer=officer, vacancy=other)

    def test_any_number_that_are_over_beside_a_live_one(self):
        for status in (ApplicationStatus.WITHDRAWN, ApplicationStatus.UNSUCCESSFUL) * 2:
            make.application(
                status, officer=self.application.officer, vacancy=self.application.vacancy
            )
        assert Application.objects.count() == 5


class FileRules(TestCase):
    """Of the files that headquarters sends."""

    def refused(self, name, **fields):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            VacancyFile.objects.create(name="vacancies.csv", by=make.user(), **fields)

    def test_a_file_has_a_status_that_is_known(self):
        self.refused("vacancy_file_status", status="lost")

    def test_a_file_that_is_applied_says_when(self):
        for status, at in ((FileStatus.APPLIED, None), (FileStatus.READ, timezone.now())):
            self.refused("vacancy_file_applied_at_its_time", status=status, applied_at=at)
