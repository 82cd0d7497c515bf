"""Vacancies are opened for a whole exam at once, and have as many places as the posts come to."""

from datetime import timedelta

import pytest
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest

from accounts.models import Entry
from catalogue.models import Activity, StationKind
from cp2.rules import Role
from cp2.tests import make
from cp2.tests.races import at_once
from deployments import services, vacancies
from deployments.models import Post
from vacancies import opening
from vacancies.models import Vacancy
from vacancies.tests.world import activity, exam_to_come, posts, staff

OPEN = reverse("admin:vacancies_open")


def opened(exam, **fields):
    now = timezone.now().replace(second=0, microsecond=0)
    return vacancies.Opening(
        exam=exam,
        positions=list(Post.objects.filter(exam=exam).values_list("position", flat=True)),
        activities={StationKind.EXAMINATION_CENTRE: activity().pk},
        **{"opens_at": now, "closes_at": now + timedelta(days=14), **fields},
    )


class OpenTests(TestCase):
    def setUp(self):
        self.exam, self.staff = exam_to_come(), staff()
        self.bonchari, self.kasarani = make.sub_county("Bonchari"), make.sub_county("Kasarani")
        posts(self.exam, self.bonchari, 3, 4)
        posts(self.exam, self.kasarani, 5)

    def open(self, **fields):
        return vacancies.open_all(opened(self.exam, **fields), by=self.staff)

    def places(self):
        return dict(Vacancy.objects.values_list("sub_county__name", "places"))

    def test_one_for_each_sub_county_with_the_places_of_its_stations(self):
        assert self.open() == (2, 0)

        assert self.places() == {"Bonchari": 7, "Kasarani": 5}
        assert Vacancy.objects.open().count() == 2
        entry = Entry.objects.get(verb="vacancies.opened")
        assert (entry.actor, entry.subject_id) == (self.staff, self.exam.pk)
        assert (entry.details["opened"], entry.details["changed"]) == (2, 0)

    def test_again_changes_nothing_and_says_nothing(self):
        plan = opened(self.exam)
        vacancies.open_all(plan, by=self.staff)
        before = Entry.objects.count()

        assert vacancies.open_all(plan, by=self.staff) == (0, 0)
        assert Entry.objects.count() == before

    def test_another_window_is_a_change_with_what_it_was(self):
        self.open()
        later = timezone.now() + timedelta(days=20)

        assert self.open(closes_at=later) == (0, 2)
        assert set(Vacancy.objects.values_list("closes_at", flat=True)) == {later}
        entry = Entry.objects.filter(verb="vacancy.changed").first()
        assert entry.details["was"]["places"] == entry.details["now"]["places"]
        assert entry.details["now"]["closes_at"] == later.isoformat()

    def test_a_number_with_a_reason_stays_unless_it_is_to_be_counted_too(self):
        make.vacancy(
            exam=self.exam,
            sub_county=self.bonchari,
            activity=activity(),
            places=40,
            override_reason="Two wings",
        )

        assert self.open() == (1, 1)
        assert self.places() == {"Bonchari": 40, "Kasarani": 5}
        assert vacancies.preview(opened(self.exam))[0].by_hand == 1
        self.open(also_by_hand=True)
        assert self.places() == {"Bonchari": 7, "Kasarani": 5}
        assert not Vacancy.objects.exclude(override_reason="").exists()

    def test_one_under_another_activity_is_not_made_twice(self):
        other = Activity.objects.create(name="Practicals")
        make.vacancy(exam=self.exam, sub_county=self.bonchari, activity=other, places=1)

        (line,) = vacancies.preview(opened(self.exam))
        assert (line.fresh, line.elsewhere) == (1, 1)
        assert self.open() == (1, 0)
        assert self.places() == {"Bonchari": 1, "Kasarani": 5}

    def test_as_many_queries_for_many_sub_counties_as_for_one(self):
        plan = opened(self.exam)
        with self.assertNumQueries(6):  # the savepoint's two among them
            vacancies.open_all(plan, by=self.staff)
        for _each in range(5):
            posts(self.exam, make.sub_county(), 2)
        plan = opened(self.exam, closes_at=timezone.now() + timedelta(days=3))
        with self.assertNumQueries(7):  # and the trail of what changed
            vacancies.open_all(plan, by=self.staff)


class StepTests(TestCase):
    def setUp(self):
        self.exam, self.staff = exam_to_come(), staff()
        self.place = make.sub_county("Bonchari")
        self.terms = make.terms(self.exam, make.position(), candidates_per_officer=20)
        self.entry = make.entry(
            exam=self.exam, candidates=100, station=make.station(sub_county=self.place)
        )
        self.compute()
        vacancies.open_all(opened(self.exam), by=self.staff)

    def compute(self, **fields):
        services.compute_posts(self.exam, by=self.staff, **fields)

    def vacancy(self):
        return Vacancy.objects.get()

    def test_more_candidates_are_more_places(self):
        self.entry.candidates = 180
        self.entry.save()

        self.compute()

        assert self.vacancy().places == 9
        entry = Entry.objects.get(verb="vacancy.recounted")
        assert (entry.subject_id, entry.details) == (self.vacancy().pk, {"was": 5, "now": 9})

    def test_another_sub_county_is_left_alone(self):
        self.entry.candidates = 180
        self.entry.save()

        self.compute(sub_county=make.sub_county())

        assert self.vacancy().places == 5

    def test_an_override_counts_at_once(self):
        services.override_post(Post.objects.get(), required=8, reason="Two wings", by=self.staff)

        assert self.vacancy().places == 8

    def test_a_number_with_a_reason_does_not_follow(self):
        Vacancy.objects.update(places=50, override_reason="Reserve")

        services.override_post(Post.objects.get(), required=8, reason="Two wings", by=self.staff)

        assert self.vacancy().places == 50

    def test_a_vacancy_whose_posts_are_gone_closes(self):
        for opens_in in (-1, 3):
            with self.subTest(opens_in):
                now = timezone.now()
                Vacancy.objects.update(
                    places=5,
                    opens_at=now + timedelta(days=opens_in),
                    closes_at=now + timedelta(days=9),
                )
                self.entry.candidates = 0
                self.entry.save()
                self.terms.minimum_per_centre = 0
                self.terms.save()

                self.compute()

                vacancy = self.vacancy()
                assert vacancy.places == 0
                assert not vacancy.is_open
                assert not Vacancy.objects.open().exists()
                assert vacancy.opens_at < vacancy.closes_at <= timezone.now()
        assert Entry.objects.filter(verb="vacancy.closed").count() == 2


class PageTests(WebTest):
    def setUp(self):
        self.exam = exam_to_come()
        self.place = make.sub_county("Bonchari")
        posts(self.exam, self.place, 3, 4)
        posts(self.exam, self.place, 1, position=make.position("SUP"))
        self.sign_in(staff())

    def sign_in(self, user):
        self.app.set_user(None)
        make.sign_in(self.client, user)
        self.app.set_cookie("session", self.client.cookies["session"].value)

    def test_chosen_counted_and_confirmed(self):
        form = main_form(self.app.get(OPEN))
        form["exam"] = str(self.exam.pk)
        chosen = main_form(form.submit())
        assert len(chosen.fields["positions"]) == 2
        assert all(box.checked for box in chosen.fields["positions"])
        assert chosen["activity_examination_centre"].value == str(activity().pk)
        chosen.fields["positions"][1].checked = False

        counted = chosen.submit()
        assert not Vacancy.objects.exists()
        assert counted.context["totals"]["fresh"] == 1
        said = main_form(counted).submit().follow()

        assert "1 vacancies opened, 0 brought up to date." in said.text
        vacancy = Vacancy.objects.get()
        assert (vacancy.places, vacancy.position.code) in {(7, "INV"), (1, "SUP")}
        assert timezone.localdate(vacancy.opens_at) == make.today()
        again = self.app.get(counted.request.url)
        assert "All of these are there already" in again.text

    def test_a_window_that_makes_no_sense_is_said_beside_the_field(self):
        form = main_form(self.app.get(OPEN, {"exam": self.exam.pk}))
        form["closes_at_0"] = "2020-01-01"
        page = form.submit()
        assert "Choose a deadline that is still to come" in page.text
        form = main_form(page)
        form["closes_at_0"], form["closes_at_1"] = "2099-01-01", "10:00"
        form["opens_at_0"] = "2099-01-02"
        assert "The deadline must come after" in form.submit().text
        assert not Vacancy.objects.exists()

    def test_rubbish_in_the_address_is_no_error_of_ours(self):
        for rubbish in ("x", "0", "9" * 31, "%00", "\u0663"):
            for name in ("exam", "positions", "opens_at_0", "activity_examination_centre"):
                query = {"exam": self.exam.pk, "positions": "1", name: rubbish}
                assert self.app.get(OPEN, query).status_code == 200
                self.client.post(OPEN + f"?exam={self.exam.pk}&positions={rubbish}")
        assert not Vacancy.objects.exists()

    def test_only_those_who_may_open_vacancies(self):
        for group in ("Helpdesk", "Auditor", "Finance preparer"):
            make.sign_in(self.client, staff(group))
            assert self.client.get(OPEN).status_code == 404
            query = f"?exam={self.exam.pk}"
            assert self.client.post(OPEN + query).status_code == 404
        make.sign_in(self.client, make.director(self.place))
        assert self.client.get(OPEN, follow=True).status_code == 404


def main_form(page):
    """Not the one that signs out."""
    return next(form for form in page.forms.values() if form.id != "logout-form")


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_overrides_at_once_leave_the_sum_of_both():
    exam, clerk = exam_to_come(), make.user(Role.STAFF)
    place = make.sub_county()
    one, two = posts(exam, place, 3, 4)
    Activity.objects.get_or_create(name="Supervision & Invigilation of exams")
    vacancies.open_all(opened(exam), by=clerk)

    at_once(
        lambda: services.override_post(one, required=10, reason="Wing", by=clerk),
        lambda: services.override_post(two, required=20, reason="Wing", by=clerk),
    )

    assert Vacancy.objects.get().places == 30


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_opening_while_entitlements_change_ends_in_step():
    exam, clerk = exam_to_come(), make.user(Role.STAFF)
    place = make.sub_county()
    one, _two = posts(exam, place, 3, 4)
    Activity.objects.get_or_create(name="Supervision & Invigilation of exams")

    at_once(
        lambda: services.override_post(one, required=10, reason="Wing", by=clerk),
        lambda: vacancies.open_all(opened(exam), by=clerk),
        lambda: vacancies.open_all(opened(exam), by=clerk),
    )

    assert Vacancy.objects.get().places == 14
    assert opening.entitled([exam.pk]) == {opening.key(Vacancy.objects.get()): 14}
