"""A director's list: sorted, taken from the top, taken away, and what is still wanted above it."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client, TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from accounts.models import Entry
from catalogue.models import Office
from cp2 import exports
from cp2.limits.models import Limit
from cp2.tests import make
from cp2.tests.races import at_once
from sms.models import Kind, Message
from vacancies import area, deciding
from vacancies.models import Application, ApplicationStatus
from vacancies.standing import years_served

LIST = reverse("vacancies:area_applications")
FIRST = reverse("vacancies:nominate_first")
DOWN = reverse("vacancies:unsuccessful")
FILES = reverse("vacancies:area_applications_files")


class Area(TestCase):
    def setUp(self):
        self.place = make.sub_county("Bonchari")
        self.exam = make.exam()
        self.vacancy = make.vacancy(exam=self.exam, sub_county=self.place, places=3)
        self.director = make.director(self.place)
        make.sign_in(self.client, self.director)

    def applicant(self, status=ApplicationStatus.SUBMITTED, vacancy=None, **fields):
        officer = make.officer(**fields)
        return make.application(status, vacancy=vacancy or self.vacancy, officer=officer)

    def listed(self, **query):
        page = self.client.get(LIST, query)
        return [row.application.pk for row in page.context["rows"]]

    def status(self, *applications):
        found = dict(Application.objects.values_list("pk", "status"))
        return [found[each.pk] for each in applications]


class SortTests(Area):
    def test_by_years_served_time_in_two_places_counting_once(self):
        one, two, three = (self.applicant() for _each in range(3))
        ago = lambda days: make.today() - timedelta(days=days)  # noqa: E731  # shorter than a function for one word
        make.work(one.officer, starts_on=ago(2000), ends_on=ago(1000))
        make.work(one.officer, starts_on=ago(1900), ends_on=ago(900))  # 1,100 days in all
        make.work(two.officer, starts_on=ago(1200), ends_on=None)
        make.work(two.officer, starts_on=ago(-20), ends_on=ago(-30))  # still to come

        assert self.listed(sort="experience") == [two.pk, one.pk, three.pk]
        for row in area.applications(self.director, {"sort": "experience"}):
            years = (row.days_worked + 1) * 100 // 36525
            assert years == years_served(row.officer.work.all())

    def test_by_days_served_in_other_exams(self):
        none, some, many = (self.applicant() for _each in range(3))
        for application, days in ((some, 1), (many, 2)):
            held = make.deployment(officer=application.officer)
            for day in range(days):
                make.mark(held, make.today() - timedelta(days=day))
        here = make.deployment(officer=make.officer(), post=make.post(exam=self.exam))
        make.application(vacancy=self.vacancy, officer=here.officer)
        make.mark(here)  # in the exam applied for, which is not before
        make.mark(
            make.deployment(officer=none.officer),
            status=make.MarkStatus.ABSENT,
        )

        page = self.client.get(LIST, {"sort": "service"})

        rows = [(r.application.pk, r.days_served, r.exams_served) for r in page.context["rows"]]
        assert rows[:2] == [(many.pk, 2, 1), (some.pk, 1, 1)]
        assert {row[1:] for row in rows[2:]} == {(0, 0)}

    def at(self, north, east, **fields):
        return make.station(
            sub_county=self.place, latitude=Decimal(north), longitude=Decimal(east), **fields
        )

    def test_by_distance_the_unknown_last(self):
        here, there = self.at("-0.5", "35"), self.at("-0.5", "35.9")
        near, far, unknown = (self.applicant() for _each in range(3))
        make.work(near.officer, station=here)
        make.work(far.officer, station=there)
        make.work(unknown.officer)

        query = {"sort": "distance", "near": here.code}
        page = self.client.get(LIST, query)
        rows = [(row.application.pk, row.km) for row in page.context["rows"]]
        assert rows == [(near.pk, 0), (far.pk, 100), (unknown.pk, None)]
        assert "100 km" in page.text
        assert "distance unknown" in page.text
        assert self.listed(sort="distance", near=there.code) == [far.pk, near.pk, unknown.pk]
        # without a centre to the middle of the two: as far from the one as from the other
        assert [row.km for row in self.client.get(LIST, {"sort": "distance"}).context["rows"]][
            :2
        ] == [50, 50]

    def test_a_centre_that_is_not_theirs_is_said_beside_the_field(self):
        make.station(latitude=Decimal(0), longitude=Decimal(35), code="99999991")
        self.applicant()

        for code in ("99999991", "nonsense"):
            page = self.client.get(LIST, {"near": code, "sort": "distance"})
            assert "No station of your sub-county has this code" in page.text

    def test_equal_ones_stand_in_one_order_so_that_no_page_repeats_another(self):
        made = [self.applicant().pk for _each in range(30)]

        for sort in ("", "experience", "service", "distance", "name"):
            pages = self.listed(sort=sort) + self.listed(sort=sort, page=2)
            assert sorted(pages) == made, sort

    def test_as_many_queries_for_50_as_for_one_however_it_is_sorted(self):
        station = self.at("-0.5", "35")

        def applicant():
            application = self.applicant()
            make.work(application.officer, station=station)
            make.qualification(application.officer)

        def count(**query):
            with CaptureQueriesContext(connection) as queries:
                self.client.get(LIST, query)
            return len(queries)

        make.terms(self.exam, make.position())
        queries = [
            {"sort": sort, "near": near, "q": q}
            for sort in ("", "experience", "service", "distance", "name")
            for near, q in (("", ""), (station.code, "Wanjik"))
        ]
        applicant()
        before = [count(**query) for query in queries]
        for _each in range(49):
            applicant()
        assert [count(**query) for query in queries] == before == [8] * len(queries)

    def test_the_count_is_that_of_the_rows_however_it_is_narrowed(self):
        supervisors = make.vacancy(
            exam=self.exam, sub_county=self.place, position=make.position("SUP")
        )
        for status in ApplicationStatus:
            self.applicant(status, full_name=f"Atieno {status}")
            self.applicant(status, vacancy=supervisors, full_name=f"Barasa {status}")
        for query in (
            {},
            {"status": "submitted"},
            {"q": "barasa"},
            {"q": "barasa", "status": "nominated"},
            {"position": supervisors.position_id, "q": "atieno"},
            {"exam": self.exam.pk, "position": supervisors.position_id},
            {"exam": "0", "q": "barasa"},
        ):
            with self.subTest(query):
                page = self.client.get(LIST, query)
                assert page.context["page"].paginator.count == len(page.context["rows"])


class WantedTests(Area):
    def lines(self):
        return self.client.get(LIST).context["lines"]

    def test_what_is_still_wanted_with_the_widest_gap_first(self):
        supervisors = make.vacancy(
            exam=self.exam, sub_county=self.place, position=make.position("SUP"), places=9
        )
        self.applicant(ApplicationStatus.NOMINATED)
        self.applicant(ApplicationStatus.DEPLOYED)
        self.applicant()
        self.applicant(ApplicationStatus.WITHDRAWN)

        first, second = self.lines()
        assert (first.position, first.wanted) == (supervisors.position_id, 9)
        found = (second.places, second.submitted, second.nominated, second.deployed, second.wanted)
        assert found == (3, 1, 1, 1, 1)

    def test_a_place_held_by_one_who_never_applied_is_taken(self):
        post = make.post(
            exam=self.exam,
            position=self.vacancy.position,
            station=make.station(sub_county=self.place),
        )
        make.deployment(post=post)

        (line,) = self.lines()
        assert (line.deployed, line.wanted) == (1, 2)

    def test_exams_that_are_over_are_left_out(self):
        day = make.today() - timedelta(days=60)
        over = make.exam(rehearsal_on=day, starts_on=day, ends_on=day)
        make.vacancy(exam=over, sub_county=self.place)

        assert len(self.lines()) == 1

    def test_each_office_sees_its_own(self):
        make.vacancy(exam=self.exam, sub_county=self.place, position=make.position("SEC"))
        make.vacancy(exam=self.exam)

        assert [line.position_name for line in self.lines()] == ["Invigilator"]
        make.sign_in(self.client, make.director(self.place, Office.SCDE))
        assert [line.position_name for line in self.lines()] == ["Security Officer"]


class FirstTests(Area):
    def test_the_first_of_the_list_as_far_as_there_are_places(self):
        self.applicant(ApplicationStatus.NOMINATED)
        waiting = [self.applicant() for _each in range(4)]  # the newest stands first

        page = self.client.get(FIRST, {"first": 9})

        assert "Nominate 2 applicants?" in page.text
        assert "Invigilator, KCSE 2025: 2, where 2 are still wanted" in page.text
        assert "You asked for 9." in page.text
        chosen = [row.application for row in page.context["rows"]]
        assert chosen == [waiting[3], waiting[2]]
        assert self.status(*waiting) == ["submitted"] * 4
        ticked = {"application": [each.pk for each in chosen]}
        said = self.client.post(f"{FIRST}?first=9&sort=name", ticked, follow=True)

        assert said.redirect_chain == [(f"{LIST}?sort=name", 302)]
        assert "2 applicants nominated." in said.text
        assert self.status(*waiting) == ["submitted"] * 2 + ["nominated"] * 2
        assert set(Message.objects.values_list("kind", flat=True)) == {Kind.BULK}
        entries = Entry.objects.filter(verb="application.nominated")
        assert {entry.actor for entry in entries} == {self.director}

    def test_in_the_order_and_within_the_filters_of_the_list(self):
        long, short = self.applicant(), self.applicant()
        make.work(long.officer, starts_on=make.today() - timedelta(days=9000))
        make.work(short.officer, starts_on=make.today() - timedelta(days=900))

        page = self.client.get(FIRST, {"first": 1, "sort": "experience"})
        assert [row.application for row in page.context["rows"]] == [long]
        page = self.client.get(FIRST, {"first": 1, "q": short.officer.national_id})
        assert [row.application for row in page.context["rows"]] == [short]

    def test_each_position_has_its_own_places(self):
        supervisors = make.vacancy(
            exam=self.exam, sub_county=self.place, position=make.position("SUP"), places=1
        )
        for _each in range(3):
            self.applicant(vacancy=supervisors)
            self.applicant()

        page = self.client.get(FIRST, {"first": 50})
        chosen = {g.line.position_name: g.chosen for g in page.context["groups"]}
        assert chosen == {"Invigilator": 3, supervisors.position.name: 1}

    def test_the_barred_are_passed_over_and_the_unfit_are_marked(self):
        self.applicant(vetting="barred", vetting_reason="Left the centre")
        changed = self.applicant()
        make.terms(self.exam, make.position(), lowest_qualification="diploma")

        page = self.client.get(FIRST, {"first": 5})

        (row,) = page.context["rows"]
        assert row.application == changed
        assert row.against == ["The position asks for a higher level of study: Diploma."]
        assert row.against[0] in page.text

    def test_places_filled_meanwhile_are_not_filled_twice(self):
        waiting = [self.applicant() for _each in range(3)]
        self.vacancy.places = 2
        self.vacancy.save()

        ticked = {"application": [each.pk for each in waiting]}
        page = self.client.post(f"{FIRST}?first=3", ticked, follow=True)

        assert "All places of this position are taken." in page.text
        assert self.status(*waiting) == ["nominated", "nominated", "submitted"]

    def test_nobody_and_nonsense_are_said_in_words(self):
        for query, said in {
            "first=5": "Nobody on this list can be nominated",
            "": "Enter how many",
            "first=0": "greater than or equal to 1",
            "first=101": "less than or equal to 100",
            "first=x": "Enter a whole number.",
        }.items():
            assert said in self.client.get(f"{FIRST}?{query}", follow=True).text, query
        assert "Tick the applicants" in self.client.post(FIRST, follow=True).text


class BarredTests(Area):
    def test_a_barred_applicant_is_marked_and_refused(self):
        barred = self.applicant(vetting="barred", vetting_reason="Left the centre")

        assert "Headquarters has barred this officer." in self.client.get(LIST).text
        url = reverse("vacancies:nominate")
        page = self.client.post(url, {"application": [barred.pk]}, follow=True)

        assert "This officer is barred, so they cannot be nominated." in page.text
        assert self.status(barred) == ["submitted"]
        assert not Message.objects.exists()

    def test_what_changed_since_is_marked_only_while_it_can_matter(self):
        make.terms(self.exam, make.position(), tsc_employment_required=True)
        self.applicant(ApplicationStatus.WITHDRAWN)
        waiting = self.applicant()

        rows = {row.application.pk: row.against for row in self.client.get(LIST).context["rows"]}
        assert [pk for pk, against in rows.items() if against] == [waiting.pk]


class EverybodyTests(Area):
    def test_all_who_wait_within_the_filters_for_one_reason(self):
        nominated = self.applicant(ApplicationStatus.NOMINATED)
        ours = [self.applicant(full_name=f"Atieno {n}") for n in range(3)]
        other = self.applicant(full_name="Barasa")
        url = f"{DOWN}?q=atieno"

        asked = self.client.post(url, {"everybody": "1"})
        assert "3 applicants who wait, on this list: Name, ID number or phone: atieno" in asked.text
        missing = self.client.post(url, {"everybody": "1", "reason": " "})
        assert "Enter the reason" in missing.text
        assert self.status(*ours) == ["submitted"] * 3
        said = self.client.post(
            url, {"everybody": "1", "reason": "All places are filled"}, follow=True
        )

        assert "3 applicants told that it was not successful." in said.text
        assert self.status(*ours) == ["unsuccessful"] * 3
        assert self.status(nominated, other) == ["nominated", "submitted"]
        assert Message.objects.filter(kind=Kind.BULK).count() == 3
        entries = Entry.objects.filter(verb="application.turned_down")
        assert {entry.subject_id for entry in entries} == {each.pk for each in ours}

    def test_more_than_can_be_done_at_once_are_told_of(self):
        made = [self.applicant() for _each in range(3)]
        most, deciding.MOST_AT_ONCE = deciding.MOST_AT_ONCE, 2
        try:
            data = {"everybody": "1", "reason": "All places are filled"}
            page = self.client.post(DOWN, data, follow=True)
        finally:
            deciding.MOST_AT_ONCE = most

        assert "1 applicant still waits. Do it again for the rest." in page.text
        assert self.status(*made).count("unsuccessful") == 2

    def test_nobody_waits(self):
        self.applicant(ApplicationStatus.NOMINATED)
        page = self.client.post(DOWN, {"everybody": "1", "reason": "x"}, follow=True)
        assert "Nobody on this list waits for an answer." in page.text


class FileTests(Area):
    def take(self, kind="csv", query="", **fields):
        return self.client.post(FILES + query, {"as": kind, **fields})

    def test_as_it_is_filtered_and_sorted_with_id_numbers_masked(self):
        first = self.applicant(full_name="Atieno", national_id="31234567")
        self.applicant(full_name="=Barasa", national_id="31234568")
        self.applicant(ApplicationStatus.WITHDRAWN)

        answer = self.take(query="?status=submitted&sort=name")

        text = answer.getvalue().decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline="")))[1:]
        assert [row[0] for row in rows] == ["'=Barasa", "Atieno"]
        assert rows[1][1] == "•••••567"
        assert "31234567" not in text
        assert rows[1][3] == first.reference
        entry = Entry.objects.get(verb="applications.taken")
        assert (entry.actor, entry.subject_id) == (self.director, self.place.pk)
        assert entry.details == {
            "kind": "csv",
            "rows": 2,
            "filters": "Status: Submitted; Order: By name",
        }

    def test_in_the_other_two_ways(self):
        self.applicant(national_id="31234567")
        sheet = load_workbook(io.BytesIO(self.take("xlsx").content)).active
        assert sheet["B2"].value == "•••••567"
        assert self.take("pdf").content.startswith(b"%PDF")
        for kind in ("", "docx", "CSV"):
            assert self.take(kind).status_code == 404

    def test_asks_for_a_fresh_code_first(self):
        self.applicant()
        make.sign_in(self.client, self.director, minutes_ago=20)

        answer = self.take(query="?sort=name")

        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse("accounts:code"))
        assert not Entry.objects.filter(verb="applications.taken").exists()

    def test_so_many_an_hour_and_free_again_afterwards(self):
        Limit.objects.filter(name="export.person").update(takes=2)
        for _each in range(2):
            assert self.take().status_code == 200
        refused = self.client.post(FILES, {"as": "csv"}, follow=True)
        assert "Too many tries" in refused.text
        assert Entry.objects.filter(verb="applications.taken").count() == 2

        make.time_passes(minutes=70)
        assert self.take().status_code == 200

    def test_a_file_too_long_for_its_kind_costs_no_turn(self):
        Limit.objects.filter(name="export.person").update(takes=1)
        most = exports.MOST_ROWS[exports.Kind.PDF]
        exports.MOST_ROWS[exports.Kind.PDF] = 0
        try:
            self.applicant()
            page = self.client.post(FILES, {"as": "pdf"}, follow=True)
        finally:
            exports.MOST_ROWS[exports.Kind.PDF] = most
        assert "Narrow the list, or take it as CSV" in page.text
        assert self.take().status_code == 200

    def test_only_what_this_office_decides_on(self):
        theirs = self.applicant()
        for user in (
            make.director(make.sub_county()),
            make.director(self.place, Office.SCDE),
        ):
            make.sign_in(self.client, user)
            assert theirs.reference not in self.take().getvalue().decode()
        for user in (make.officer().user, make.user()):
            make.sign_in(self.client, user)
            assert self.take().status_code == 404
        assert self.client.get(FILES).status_code in {404, 405}


class KeptOut(Area):
    def test_another_sub_county_and_the_other_office_decide_nothing_here(self):
        application = self.applicant()
        for user in (
            make.director(make.sub_county()),
            make.director(self.place, Office.SCDE),
        ):
            make.sign_in(self.client, user)
            ticked = {"application": [application.pk], "reason": "no", "everybody": "1"}
            for url in (FIRST, DOWN, reverse("vacancies:nominate")):
                self.client.post(url, ticked)
            assert application.officer.full_name not in self.client.get(LIST).text
            page = self.client.get(FIRST, {"first": 5}, follow=True)
            assert application.officer.full_name not in page.text
            decided = deciding.nominate_all([application.pk], by=user)
            assert [why for _application, why in decided.refused] == [
                "Only the office that deploys this position in this sub-county decides on it."
            ]
        assert self.status(application) == ["submitted"]
        assert not Message.objects.exists()


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_the_same_director_twice_nominates_each_once():
    place = make.sub_county()
    vacancy = make.vacancy(sub_county=place, places=2)
    director = make.director(place)
    waiting = [make.application(vacancy=vacancy) for _each in range(4)]
    clients = [make.sign_in(Client(), director) for _each in range(2)]
    ticked = {"application": [each.pk for each in waiting]}

    at_once(*(lambda c=c: c.post(FIRST + "?first=4", ticked) for c in clients))

    nominated = Application.objects.filter(status=ApplicationStatus.NOMINATED)
    assert nominated.count() == 2
    assert Message.objects.count() == 2
    assert Entry.objects.filter(verb="application.nominated").count() == 2


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_nominated_and_turned_down_at_once_is_told_one_thing_at_a_time():
    place = make.sub_county()
    vacancy = make.vacancy(sub_county=place)
    director = make.director(place)
    waiting = [make.application(vacancy=vacancy).pk for _each in range(6)]

    at_once(
        lambda: deciding.nominate_all(waiting, by=director),
        lambda: deciding.turn_down_all(waiting, reason="Filled", by=director),
    )

    # whoever came second found them nominated, which may still be turned down, or turned down
    assert Application.objects.filter(status=ApplicationStatus.UNSUCCESSFUL).count() == 6
    assert Message.objects.count() in {6, 12}
