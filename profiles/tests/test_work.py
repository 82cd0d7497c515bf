"""Workstations: one is current, and where it lies the officer belongs."""

from datetime import timedelta

from django.test import TestCase
from django.urls import reverse
from django_webtest import WebTest

from accounts.models import Entry
from cp2.rules import Refused
from cp2.tests import make
from profiles import services
from profiles.models import WorkExperience

YEAR = timedelta(days=365)


def details(**fields):
    defaults = {
        "employer": "tsc",
        "institution": "Mwangaza Primary School",
        "level": "primary",
        "station": None,
        "designation": "Teacher",
        "starts_on": make.today() - 3 * YEAR,
        "ends_on": None,
    }
    return {**defaults, **fields}


class Saving(TestCase):
    def save(self, officer, **fields):
        return services.save_work(officer, by=officer.user, **fields)

    def test_the_officer_belongs_to_where_they_work_now(self):
        officer, place = make.bare_officer(), make.sub_county()

        self.save(officer, **details(sub_county=place))

        officer.refresh_from_db()
        assert officer.sub_county == place

    def test_where_they_worked_before_does_not_matter(self):
        officer = make.bare_officer()

        self.save(officer, **details(sub_county=make.sub_county(), ends_on=make.today()))

        officer.refresh_from_db()
        assert officer.sub_county is None

    def test_a_workstation_that_moves_takes_the_officer_along(self):
        officer = make.officer()
        work, there = make.work(officer), make.sub_county()

        self.save(officer, work=work, **details(sub_county=there))

        officer.refresh_from_db()
        assert officer.sub_county == there

    def test_a_second_current_workstation_is_refused_and_nothing_is_written(self):
        officer = make.officer()
        make.work(officer)

        with self.assertRaisesMessage(Refused, "Mwangaza Primary School"):
            self.save(officer, **details(sub_county=make.sub_county()))

        assert officer.work.count() == 1
        assert not Entry.objects.exists()

    def test_between_two_workstations_a_submitted_officer_stays_with_the_last(self):
        officer = make.officer()
        work, place = make.work(officer), officer.sub_county

        self.save(officer, work=work, **details(sub_county=place, ends_on=make.today()))
        officer.refresh_from_db()
        assert officer.sub_county == place

        there = make.sub_county()
        self.save(officer, **details(sub_county=there, starts_on=make.today()))
        officer.refresh_from_db()
        assert officer.sub_county == there

    def test_an_officer_who_has_not_submitted_belongs_nowhere_without_a_workstation(self):
        officer = make.bare_officer()
        work = self.save(officer, **details(sub_county=make.sub_county()))

        services.remove_work(work, by=officer.user)

        officer.refresh_from_db()
        assert officer.sub_county is None
        assert not officer.work.exists()

    def test_a_submitted_officer_keeps_the_workstation(self):
        officer = make.officer()
        work = make.work(officer)

        with self.assertRaisesMessage(Refused, "last day instead"):
            services.remove_work(work, by=officer.user)

        assert officer.work.get() == work

    def test_saving_the_same_again_writes_nothing(self):
        officer = make.officer()
        place = officer.sub_county
        work = self.save(officer, **details(sub_county=place))
        before = Entry.objects.count()

        self.save(officer, work=work, **details(sub_county=place))

        assert Entry.objects.count() == before

    def test_a_row_that_was_removed_in_another_tab_is_refused_in_words(self):
        officer = make.officer()
        work = make.work(officer)
        WorkExperience.objects.all().delete()

        with self.assertRaisesMessage(Refused, "removed meanwhile"):
            self.save(officer, work=work, **details(sub_county=officer.sub_county))
        with self.assertRaisesMessage(Refused, "removed meanwhile"):
            services.remove_work(work, by=officer.user)

    def test_twenty_rows_are_enough(self):
        officer = make.officer()
        for _ in range(services.MOST_ROWS):
            make.work(officer, ends_on=make.today())

        with self.assertRaisesMessage(Refused, "Twenty"):
            self.save(officer, **details(sub_county=officer.sub_county))


class ThePages(WebTest):
    def setUp(self):
        self.officer = make.officer()
        self.work = make.work(self.officer)

    def form(self, name, *args):
        page = self.app.get(reverse(f"profiles:{name}", args=args), user=self.officer.user)
        return next(form for form in page.forms.values() if "starts_on" in form.fields)

    def test_the_form_comes_filled_in_and_saves_what_was_changed(self):
        form = self.form("change_work", self.work.pk)
        assert form["county"].value == str(self.work.sub_county.county_id)
        assert form["sub_county"].value == str(self.work.sub_county_id)
        form["designation"] = "Head teacher"

        page = form.submit().follow()

        self.work.refresh_from_db()
        assert self.work.designation == "Head teacher"
        assert "Head teacher" in page.html.text

    def test_pressing_enter_saves_rather_than_shows_sub_counties(self):
        form = self.form("change_work", self.work.pk)

        first = form.html.find("button")

        assert first.get("name") is None
        assert first.get("type", "submit") == "submit"

    def test_b_071_an_end_before_the_start_is_refused_by_both_fields(self):
        form = self.form("change_work", self.work.pk)
        form["starts_on"], form["ends_on"] = "2020-02-01", "2020-01-01"

        page = form.submit()

        assert page.html.find(id="id_starts_on_error")
        assert page.html.find(id="id_ends_on_error")

    def test_the_code_of_a_centre_ties_the_work_to_it(self):
        station = make.station()
        form = self.form("change_work", self.work.pk)
        form["station"] = station.code
        form.submit().follow()
        self.work.refresh_from_db()
        assert self.work.station == station

        form = self.form("change_work", self.work.pk)
        assert form["station"].value == station.code
        form["station"] = "99999"
        assert "No centre has this code" in form.submit().html.find(id="id_station_error").text

    def test_a_sub_county_of_another_county_is_refused(self):
        elsewhere = make.sub_county(county="Nyeri")
        form = self.form("change_work", self.work.pk)
        form["sub_county"].force_value(str(elsewhere.pk))

        error = form.submit().html.find(id="id_sub_county_error").text

        assert "sub-county of this county" in error

    def test_a_refusal_is_said_above_the_form_and_what_was_typed_stays(self):
        form = self.form("add_work")
        form["county"] = str(self.work.sub_county.county_id)
        page = form.submit("refresh")
        form = next(form for form in page.forms.values() if "starts_on" in form.fields)
        form["employer"], form["designation"], form["institution"] = "tsc", "Tutor", "Elsewhere"
        form["sub_county"], form["starts_on"] = str(self.work.sub_county_id), "2024-01-01"

        page = form.submit()

        assert "You still work at" in page.html.find(class_="error-summary").text
        assert 'value="Elsewhere"' in page.text

    def test_removing_asks_first_and_then_removes(self):
        past = make.work(self.officer, ends_on=make.today(), institution="Old School")
        url = reverse("profiles:delete_work", args=[past.pk])

        page = self.app.get(url, user=self.officer.user)
        assert "Old School" in page.html.text
        assert self.officer.work.count() == 2
        form = next(f for f in page.forms.values() if "confirm" in f.html.form.get("class", []))
        page = form.submit().follow()

        assert list(self.officer.work.all()) == [self.work]
        assert "The entry is removed" in page.html.text

    def test_a_refused_removal_says_why(self):
        url = reverse("profiles:delete_work", args=[self.work.pk])
        page = self.app.get(url, user=self.officer.user)
        form = next(f for f in page.forms.values() if "confirm" in f.html.form.get("class", []))

        page = form.submit().follow()

        assert "last day instead" in page.html.find(id="messages").text
