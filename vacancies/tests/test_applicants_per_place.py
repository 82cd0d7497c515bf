"""Where too few apply: sub-counties with the fewest applicants for each place first."""

import csv
import io

from django.test import TestCase
from django.urls import reverse

from cp2.tests import make
from vacancies.applicants_per_place import step
from vacancies.models import ApplicationStatus
from vacancies.tests.world import exam_to_come, staff

PAGE = reverse("admin:vacancies_applicants")


class ApplicantsTests(TestCase):
    def setUp(self):
        self.exam = exam_to_come()
        make.sign_in(self.client, staff())
        self.full = self.vacancy("Bonchari", places=1)
        self.empty = self.vacancy("Bobasi", places=10)
        self.none = self.vacancy("Nyaribari", places=0)
        for status in (
            ApplicationStatus.SUBMITTED,
            ApplicationStatus.NOMINATED,
            ApplicationStatus.DEPLOYED,
            ApplicationStatus.WITHDRAWN,
        ):
            make.application(status, vacancy=self.full)
        make.application(vacancy=self.empty)

    def vacancy(self, name, **fields):
        return make.vacancy(exam=self.exam, sub_county=make.sub_county(name), **fields)

    def get(self, **query):
        return self.client.get(PAGE, query)

    def test_the_emptiest_first_and_those_that_ask_for_nobody_last(self):
        page = self.get()

        listed = [(row.sub_county.name, row.live) for row, _step in page.context["rows"]]
        assert listed == [("Bobasi", 1), ("Bonchari", 3), ("Nyaribari", 0)]
        row = page.context["rows"][1][0]
        assert (row.live, row.nominated, row.deployed, row.ratio) == (3, 1, 1, 3.0)

    def test_totals_by_county(self):
        (county,) = self.get().context["counties"]

        assert (county.name, county.places, county.live) == ("Kisii", 11, 4)
        assert (county.nominated, county.deployed) == (1, 1)

    def test_narrowed_to_a_position_and_an_exam(self):
        supervisors = self.vacancy("Bonchari", places=5, position=make.position("SUP"))
        make.vacancy()

        rows = self.get(exam=self.exam.pk, position=supervisors.position_id).context["rows"]
        assert [row.pk for row, _step in rows] == [supervisors.pk]

    def test_taken_away_in_three_ways(self):
        text = b"".join(self.get(**{"as": "csv"})).decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline="")))
        assert rows[1][3:] == ["Bobasi", "10", "1", "0", "0", "0.1"]
        assert self.get(**{"as": "xlsx"}).content[:2] == b"PK"
        assert self.get(**{"as": "pdf"}).content[:4] == b"%PDF"

    def test_steps_of_the_picture(self):
        ratios = [None, 0, 0.1, 0.5, 0.6, 1, 1.5, 3, 9]
        assert [step(ratio) for ratio in ratios] == [0, 0, 1, 1, 2, 2, 3, 4, 5]

    def test_as_many_queries_for_many_as_for_one(self):
        def count():
            with self.assertNumQueries(12):  # five of them ask who is looking
                self.get()

        count()
        for _each in range(20):
            make.application(vacancy=self.vacancy("", places=3))
        count()

    def test_rubbish_breaks_nothing(self):
        for rubbish in ("x", "0", "9" * 31, "\0", "٣"):
            for name in ("exam", "position", "county", "as", "page"):
                assert self.get(**{name: rubbish}).status_code == 200

    def test_for_those_who_may_look_at_vacancies(self):
        make.sign_in(self.client, staff("Auditor"))
        assert self.get().status_code == 200
        make.sign_in(self.client, staff("Helpdesk"))
        assert self.get().status_code == 404
        make.sign_in(self.client, make.director(make.sub_county()))
        assert self.client.get(PAGE, follow=True).status_code == 404
