"""Vacancies come back as a file: looked through first, then applied."""

import csv
import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone
from openpyxl import Workbook, load_workbook

from accounts.models import Entry
from cp2.rules import Refused
from cp2.tests import make
from vacancies import vacancy_files
from vacancies.models import FileStatus, Vacancy, VacancyFile
from vacancies.tests.world import activity, exam_to_come, posts, staff

SEND = reverse("admin:vacancies_send")
LIST = reverse("admin:vacancies_vacancy_changelist")


class FileTests(TestCase):
    def setUp(self):
        self.exam, self.place = exam_to_come(), make.sub_county("Bonchari")
        self.exam_name = f"{self.exam.year}/{self.exam.code}"
        self.user = staff()
        make.sign_in(self.client, self.user)

    def line(self, **cells):
        row = {
            "exam": self.exam_name,
            "activity": "Supervision & Invigilation of exams",
            "duty_station": "Examination Centre",
            "position": make.position().name,
            "county": "Kisii",
            "sub_county": "Bonchari",
            "places": "9",
            "opens_at": "2099-10-01",
            "closes_at": "2099-10-31",
        }
        return list({**row, **cells}.values())

    def csv(self, *lines, heading=vacancy_files.COLUMNS):
        file = io.StringIO()
        csv.writer(file).writerows([heading, *lines])
        return file.getvalue().encode()

    def send(self, content, name="vacancies.csv"):
        return self.client.post(SEND, {"file": SimpleUploadedFile(name, content)}, follow=True)

    def confirm(self, page):
        return self.client.post(page.redirect_chain[-1][0], follow=True)

    def test_looked_through_first_and_then_applied(self):
        vacancy = self.existing(places=4)
        other = make.sub_county("Kasarani")

        looked = self.send(self.csv(self.line(), self.line(sub_county="Kasarani")))
        assert (len(looked.context["change"].fresh), len(looked.context["change"].changed)) == (
            1,
            1,
        )
        assert [v.places for v in Vacancy.objects.all()] == [4]
        assert "4 → <b>9</b>" in looked.text
        said = self.confirm(looked)

        assert "1 vacancies are new, 1 changed, 0 were so already." in said.text
        vacancy.refresh_from_db()
        assert (vacancy.places, vacancy.override_reason) == (9, "From the file vacancies.csv")
        assert vacancy.opens_at == make.moment("2099-10-01 08:00")
        assert vacancy.closes_at == make.moment("2099-10-31 23:59")
        assert Vacancy.objects.get(sub_county=other).places == 9
        entry = Entry.objects.get(verb="vacancies.imported")
        assert (entry.actor, entry.details["fresh"], entry.details["name"]) == (
            self.user,
            1,
            "vacancies.csv",
        )
        changed = Entry.objects.get(verb="vacancy.changed")
        assert (changed.subject_id, changed.details["was"]["places"]) == (vacancy.pk, 4)

    def existing(self, **fields):
        return make.vacancy(
            **{
                "exam": self.exam,
                "sub_county": self.place,
                "activity": activity(),
                "override_reason": "Reserve",
                **fields,
            }
        )

    def test_a_number_that_the_posts_come_to_needs_no_reason_and_follows(self):
        posts(self.exam, self.place, 4, 5)
        self.confirm(self.send(self.csv(self.line())))

        assert Vacancy.objects.get().override_reason == ""

    def test_twice_is_once(self):
        looked = self.send(self.csv(self.line()))
        self.confirm(looked)
        before = Entry.objects.count()
        again = self.confirm(looked)

        assert "1 vacancies are new" in again.text
        assert Entry.objects.count() == before
        assert VacancyFile.objects.get().lines == []

    def test_what_is_taken_away_comes_back_as_no_change_in_either_kind(self):
        now = timezone.now()  # with its seconds
        self.existing(opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=5))
        midnight = make.moment("2099-11-01 00:00")
        self.existing(sub_county=make.sub_county("Kasarani"), closes_at=midnight)
        for kind in ("csv", "xlsx"):
            taken = self.client.get(reverse("admin:vacancies_files", args=[kind]))
            page = self.send(taken.getvalue(), f"v.{kind}")
            assert page.context["change"].same == 2, page.context["file"].outcome
            assert "There is nothing in it that changes a vacancy." in page.text

    def test_in_kiswahili_as_well(self):
        self.existing()
        self.user.language = "sw"
        self.user.save()
        taken = self.client.get(reverse("admin:vacancies_files", args=["csv"]))

        assert self.send(taken.getvalue()).context["change"].same == 1

    def test_wrong_lines_are_said_by_their_number_and_left_out(self):
        wrong = {
            3: self.line(exam="1999/1"),
            4: self.line(position="Astronaut"),
            5: self.line(sub_county="Nowhere"),
            6: self.line(places="many"),
            7: self.line(places="-1"),
            8: self.line(places="٣"),
            9: self.line(opens_at="31/10/2025"),
            10: self.line(opens_at="2025-02-30"),
            11: self.line(closes_at="2099-09-30"),
            12: self.line(activity="=cmd|'/C calc'!A0"),
            13: self.line(duty_station=""),
            14: self.line(places="10"),
            15: [*self.line(), "one too many"],
        }
        page = self.send(self.csv(self.line(), *wrong.values()))

        outcome = page.context["file"].outcome
        assert [line for line, _why in outcome["errors"]] == list(wrong)
        assert outcome["wrong"] == len(wrong)
        assert "no exam “1999/1”; write 2025/3." in page.text
        assert "a line above says something else of the same vacancy." in page.text
        self.confirm(page)
        assert Vacancy.objects.get().places == 9

    def test_a_line_that_is_said_twice_counts_once(self):
        page = self.send(self.csv(self.line(), self.line()))

        assert page.context["file"].outcome["repeated"] == 1
        assert len(page.context["change"].fresh) == 1

    def test_a_file_that_is_no_table_says_so_beside_the_field(self):
        for content, said in {
            b"": "The submitted file is empty.",
            b"%PDF-1.7": "This is not a table.",
            b"exam,places\n2025/3,9\n": "the column “activity” is missing.",
            self.csv(): "There is no line below the heading.",
        }.items():
            with self.subTest(said):
                page = self.send(content)
                assert said in page.text
        assert not VacancyFile.objects.exists()

    def test_a_sheet_with_days_and_numbers_as_excel_has_them(self):
        book = Workbook()
        book.active.append(vacancy_files.COLUMNS)
        row = self.line(places=9, opens_at=make.moment("2099-10-01 08:00").replace(tzinfo=None))
        book.active.append(row)
        file = io.BytesIO()
        book.save(file)
        assert load_workbook(io.BytesIO(file.getvalue()))

        self.confirm(self.send(file.getvalue(), "v.xlsx"))

        assert Vacancy.objects.get().opens_at == make.moment("2099-10-01 08:00")

    def test_what_was_not_confirmed_is_forgotten_with_the_next_file(self):
        self.send(self.csv(self.line()))
        self.send(self.csv(self.line(places="10")))

        assert VacancyFile.objects.get().lines[0][5] == 10

    def test_only_those_who_may_and_only_their_own(self):
        looked = self.send(self.csv(self.line()))
        url, sent = looked.redirect_chain[-1][0], VacancyFile.objects.get()
        other = staff()
        make.sign_in(self.client, other)
        assert self.client.get(url).status_code == 404
        assert self.client.post(url).status_code == 404
        with pytest.raises(Refused, match="Somebody else has sent this file"):
            vacancy_files.apply_file(sent, by=other)
        for group in ("Auditor", "Helpdesk"):
            make.sign_in(self.client, staff(group))
            assert self.client.get(SEND).status_code == 404
            assert self.client.post(url).status_code == 404
        sent.refresh_from_db()
        assert sent.status == FileStatus.READ
        assert not Vacancy.objects.exists()

    def test_as_many_queries_for_many_lines_as_for_one(self):
        places = [make.sub_county().name for _each in range(20)]
        lines = [self.line(sub_county=name) for name in places]
        for some in (lines[:1], lines):
            sent = vacancy_files.read_file(io.BytesIO(self.csv(*some)), name="v.csv", by=self.user)
            with self.assertNumQueries(9):
                vacancy_files.apply_file(sent, by=self.user)
            Vacancy.objects.all().delete()
