"""Headquarters types one vacancy, moves the deadlines of many, and takes the list away."""

import csv
import io
from datetime import timedelta

from django.test import TestCase
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest
from openpyxl import load_workbook

from accounts.models import Entry
from cp2.tests import make
from vacancies import opening
from vacancies.models import Vacancy
from vacancies.tests.world import activity, exam_to_come, posts, staff

LIST = reverse("admin:vacancies_vacancy_changelist")
WINDOW = reverse("admin:vacancies_window")


def main_form(page):
    return next(form for form in page.forms.values() if form.id != "logout-form")


class Page(WebTest):
    def setUp(self):
        self.exam, self.place = exam_to_come(), make.sub_county("Bonchari")
        self.staff = staff()
        make.sign_in(self.client, self.staff)
        self.app.set_cookie("session", self.client.cookies["session"].value)

    def vacancy(self, **fields):
        return make.vacancy(
            **{"exam": self.exam, "sub_county": self.place, "activity": activity(), **fields}
        )


class OneTests(Page):
    def form_of(self, vacancy=None):
        name = "admin:vacancies_vacancy_" + ("change" if vacancy else "add")
        page = self.app.get(reverse(name, args=[vacancy.pk] if vacancy else []))
        return page.forms["vacancy_form"]

    def fill(self, **fields):
        form = self.form_of()
        now = timezone.localtime()
        form["exam"], form["position"] = str(self.exam.pk), str(make.position().pk)
        form["activity"], form["station_kind"] = str(activity().pk), "examination_centre"
        form["sub_county"].force_value(str(self.place.pk))
        form["opens_at_0"], form["opens_at_1"] = f"{now:%Y-%m-%d}", "08:00"
        form["closes_at_0"], form["closes_at_1"] = f"{now + timedelta(days=9):%Y-%m-%d}", "23:59"
        for name, value in fields.items():
            form[name] = value
        return form

    def test_as_many_places_as_the_posts_come_to_need_no_reason(self):
        posts(self.exam, self.place, 3, 4)

        refused = self.fill(places="9").submit()
        assert "The stations are entitled to 7. Enter that number, or the reason" in refused.text
        assert refused.forms["vacancy_form"]["places"].value == "9"
        self.fill(places="7").submit().follow()

        assert Vacancy.objects.get().places == 7
        entry = Entry.objects.get(verb="vacancy.opened")
        assert (entry.actor, entry.details["places"]) == (self.staff, 7)

    def test_another_number_needs_a_reason_and_keeps_it(self):
        assert "is entitled to this position yet. Give a reason." in self.fill(places="9").submit()
        self.fill(places="9", override_reason="Reserve").submit().follow()

        vacancy = Vacancy.objects.get()
        assert (vacancy.places, vacancy.override_reason) == (9, "Reserve")

    def test_a_change_says_what_it_was(self):
        vacancy = self.vacancy(places=9, override_reason="Reserve")
        form = self.form_of(vacancy)
        form["places"] = "11"

        form.submit().follow()

        entry = Entry.objects.get(verb="vacancy.changed")
        assert (entry.details["was"]["places"], entry.details["now"]["places"]) == (9, 11)

    def test_saved_as_it_is_writes_nothing(self):
        vacancy = self.vacancy(places=9, override_reason="Reserve", opens_at=_minute(-1))
        Vacancy.objects.update(closes_at=_minute(5))

        self.form_of(vacancy).submit().follow()

        assert not Entry.objects.filter(verb__startswith="vacancy.").exists()

    def test_a_deadline_before_the_opening_is_refused_in_words(self):
        page = self.fill(places="9", override_reason="Reserve", closes_at_0="2020-01-01").submit()
        assert "The deadline must come after the day on which it opens." in page.text
        assert not Vacancy.objects.exists()


def _minute(days):
    return (timezone.now() + timedelta(days=days)).replace(second=0, microsecond=0)


class WindowTests(Page):
    def test_all_of_an_exam_get_another_deadline(self):
        ours = [self.vacancy(sub_county=make.sub_county()) for _each in range(3)]
        other = make.vacancy()
        form = main_form(self.app.get(WINDOW))
        form["exam"] = str(self.exam.pk)
        form["closes_at_0"], form["closes_at_1"] = "2099-10-31", "23:59"

        page = form.submit().follow()

        assert "3 vacancies have another window." in page.text
        at = make.moment("2099-10-31 23:59")
        assert set(Vacancy.objects.filter(closes_at=at)) == set(ours)
        other.refresh_from_db()
        assert other.closes_at != at
        entries = Entry.objects.filter(verb="vacancy.rescheduled")
        assert {entry.subject_id for entry in entries} == {vacancy.pk for vacancy in ours}
        assert entries[0].details["now"] == {"closes_at": at.isoformat()}
        assert set(entries[0].details["was"]) == {"closes_at"}

    def test_one_that_would_close_before_it_opens_holds_up_no_other(self):
        late = self.vacancy(opens_at=_minute(20), closes_at=_minute(30))
        self.vacancy(sub_county=make.sub_county())

        tally = opening.set_window(Vacancy.objects.all(), closes_at=_minute(15), by=self.staff)

        assert tally.done == 1
        assert tally.refused == ["Invigilator, Bonchari: it would close before it opens."]
        late.refresh_from_db()
        assert late.closes_at == _minute(30)

    def test_the_same_again_is_no_change(self):
        self.vacancy()
        at = _minute(15)
        for done in (1, 0):
            tally = opening.set_window(Vacancy.objects.all(), closes_at=at, by=self.staff)
            assert tally.done == done
        assert Entry.objects.filter(verb="vacancy.rescheduled").count() == 1

    def test_those_ticked_on_the_list(self):
        ticked, left = self.vacancy(), self.vacancy(sub_county=make.sub_county())
        form = self.app.get(LIST).forms["changelist-form"]
        form["action"] = "set_window"
        form.fields["_selected_action"][0].checked = True
        chosen = int(form.fields["_selected_action"][0]._value)
        asked = main_form(form.submit("index"))
        wrong = asked.submit()
        assert "Enter a deadline, or when they open" in wrong.text
        asked = main_form(wrong)
        asked["closes_at_0"], asked["closes_at_1"] = "2099-10-31", "23:59"

        page = asked.submit().follow()

        assert "1 vacancy has another window." in page.text
        assert [v.pk for v in Vacancy.objects.filter(closes_at__year=2099)] == [chosen]
        assert chosen in {ticked.pk, left.pk}

    def test_all_that_the_list_is_narrowed_to(self):
        for _each in range(3):
            self.vacancy(sub_county=make.sub_county())
        other = make.vacancy()
        data = {
            "action": "set_window",
            "select_across": "1",
            "_selected_action": [Vacancy.objects.filter(exam=self.exam).first().pk],
            "apply": "1",
            "closes_at_0": "2099-10-31",
            "closes_at_1": "23:59",
        }
        self.client.post(f"{LIST}?exam__id__exact={self.exam.pk}", data)

        assert Vacancy.objects.filter(closes_at__year=2099).count() == 3
        other.refresh_from_db()
        assert other.closes_at.year != 2099

    def test_only_those_who_may_change_vacancies(self):
        self.vacancy()
        data = {"exam": self.exam.pk, "closes_at_0": "2099-10-31", "closes_at_1": "23:59"}
        for group in ("Auditor", "Helpdesk"):
            make.sign_in(self.client, staff(group))
            assert self.client.get(WINDOW).status_code == 404
            assert self.client.post(WINDOW, data).status_code == 404
            self.client.post(LIST, {"action": "set_window", "apply": "1", **data})
        assert not Vacancy.objects.filter(closes_at__year=2099).exists()


class FileTests(TestCase):
    def setUp(self):
        self.user = staff()
        make.sign_in(self.client, self.user)
        self.one = make.vacancy(sub_county=make.sub_county("Bonchari"))
        self.two = make.vacancy(sub_county=make.sub_county("=Kasarani"))

    def take(self, kind, **query):
        return self.client.get(reverse("admin:vacancies_files", args=[kind]), query)

    def test_the_list_as_it_is_narrowed(self):
        answer = self.take("csv", exam__id__exact=self.one.exam_id)

        assert answer["Content-Disposition"] == 'attachment; filename="vacancies.csv"'
        text = answer.getvalue().decode("utf-8-sig")
        heading, row = csv.reader(io.StringIO(text, newline=""))
        assert heading[0] == "exam"
        assert row[3:7] == ["Invigilator", "Kisii", "Bonchari", "83"]
        opens = timezone.localtime(self.one.opens_at)
        assert row[7] == f"{opens:%Y-%m-%d %H:%M}"

    def test_all_in_three_ways_and_nothing_runs(self):
        assert b"'=Kasarani" in self.take("csv").getvalue()
        sheet = load_workbook(io.BytesIO(self.take("xlsx").content)).active
        cells = [row[5] for row in sheet.iter_rows(min_row=2)]
        assert {(cell.value, cell.data_type) for cell in cells} >= {("=Kasarani", "s")}
        assert self.take("pdf").content.startswith(b"%PDF")

    def test_what_makes_no_sense(self):
        assert self.take("docx").status_code == 404
        assert self.take("csv", exam__id__exact="x").status_code == 302
        assert self.take("csv", password__startswith="p").status_code in {302, 400}

    def test_as_many_queries_for_many_rows_as_for_one(self):
        def count():
            with self.assertNumQueries(14):  # the admin's own list among them
                b"".join(self.take("csv"))

        count()
        for _each in range(10):
            make.vacancy()
        count()
