"""A centre gives its distance before anything else opens."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_webtest import WebTest

from accounts.models import Entry
from attendance.tests import world
from catalogue.models import StationKind
from cp2.tests import make

NOT_GIVEN = {"distance_km": None, "distance_given_at": None}


class GivingTheDistance(WebTest):
    def setUp(self):
        self.centre = world.centre(officers=1, **NOT_GIVEN)

    def give(self, typed):
        page = self.app.get(self.centre.url("distance"), user=self.centre.user)
        form = next(f for f in page.forms.values() if "distance_km" in f.fields)
        form["distance_km"] = typed
        return form.submit()

    def distance(self):
        self.centre.entry.refresh_from_db()
        return self.centre.entry.distance_km

    def test_distance_is_kept_with_its_time_and_author(self):
        page = self.give("12.5").follow()

        assert self.distance() == Decimal("12.5")
        assert self.centre.entry.distance_given_at is not None
        entry = Entry.objects.get()
        assert (entry.verb, entry.actor) == ("distance.given", self.centre.user)
        assert entry.details == {"was": None, "now": "12.5"}
        assert "The distance is saved." in page.text
        assert "12.5 km" in page.text

    def test_home_asks_for_it_first_and_takes_it_there(self):
        page = self.app.get(reverse("centre"), user=self.centre.user)
        assert "give the approximate distance" in page.text
        assert self.centre.url("officers") not in page.text

        form = next(f for f in page.forms.values() if "distance_km" in f.fields)
        form["distance_km"] = "0"
        page = form.submit().follow()

        assert self.distance() == 0
        assert self.centre.url("officers") in page.text

    def test_it_may_be_put_right_later(self):
        self.give("12.5")
        self.give("13,5")

        assert self.distance() == Decimal("13.5")
        assert Entry.objects.first().details == {"was": "12.5", "now": "13.5"}

    def test_same_distance_again_writes_nothing(self):
        self.give("12.5")
        self.give("12.5")

        assert Entry.objects.count() == 1

    def test_largest_is_999(self):
        self.give("999")
        assert self.distance() == 999
        assert self.give("999.1").status_code == 200
        assert self.distance() == 999

    def test_what_is_no_distance_is_refused_in_words_and_stays_in_the_box(self):
        for typed in [
            "", " ", "-1", "1000", "12.55", "12.", ".5", "1e2", "1_0", "NaN", "Infinity", "-0",
            "١٢", "12 km", "12\0", "9" * 5000,
        ]:  # fmt: skip
            with self.subTest(typed=typed[:20]):
                page = self.give(typed)
                assert page.status_code == 200
                assert "kilometres" in page.html.select_one(".error-summary").text
        assert self.distance() is None
        assert not Entry.objects.exists()
        assert self.give("12 km").html.select_one("#id_distance_km")["value"] == "12 km"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "page", ["officers", "officers_csv", "officers_pdf", "days", "sign", "return_pdf", "register"]
)
def test_every_other_page_of_the_exam_leads_there_until_it_is_given(client, page):
    centre = world.centre(officers=1, **NOT_GIVEN)
    client.force_login(centre.user)
    url = centre.register() if page == "register" else centre.url(page)

    assert client.get(url).headers["Location"] == centre.url("distance")
    if page in ("register", "sign"):
        assert client.post(url, centre.posted()).headers["Location"] == centre.url("distance")


class Home(TestCase):
    def test_shows_what_the_centre_is_and_what_it_lacks(self):
        elsewhere = make.sub_county("Nyaribari Masaba")
        container = make.station(
            kind=StationKind.DISTRIBUTION_CENTRE, sub_county=elsewhere, level="", name="Keroka DCC"
        )
        host = make.station(name="Ekerenyo Secondary School")
        centre = world.centre(officers=2, candidates=147, distribution_centre=container, host=host)
        self.client.force_login(centre.user)

        page = self.client.get(reverse("centre"))

        station = centre.entry.station
        for text in [
            station.code, station.name, station.location, station.sub_county.name, "Keroka DCC",
            "Nyaribari Masaba", "Ekerenyo Secondary School", "147", "12.5 km",
        ]:  # fmt: skip
            self.assertContains(page, text)
        self.assertContains(page, "Not marked yet")
        manager, invigilators = page.context["posts"]
        assert (manager[0].required, manager[0].accepted, manager[1]) == (1, 1, 0)
        assert (invigilators[0].required, invigilators[0].accepted, invigilators[1]) == (60, 1, 59)

    def test_marked_register_shows_as_submitted(self):
        centre = world.centre(officers=1)
        self.client.force_login(centre.user)
        self.client.post(centre.register(), centre.posted())

        page = self.client.get(reverse("centre"))

        self.assertContains(page, "status-submitted")
        self.assertNotContains(page, "Not marked yet")

    def test_exam_that_does_not_sit_today_offers_no_register_of_today(self):
        centre = world.centre(officers=1)
        centre.entry.exam.days.filter(day=make.today()).delete()
        self.client.force_login(centre.user)

        page = self.client.get(reverse("centre"))

        self.assertContains(page, "No session today")
        self.assertNotContains(page, centre.register())

    def test_other_centres_do_not_show(self):
        centre, other = world.centre(officers=1), world.centre(officers=1)
        self.client.force_login(centre.user)

        self.assertNotContains(self.client.get(reverse("centre")), other.entry.station.name)

    def test_centre_without_an_exam(self):
        station = make.station()
        self.client.force_login(make.centre(station))

        self.assertContains(self.client.get(reverse("centre")), "not entered for the exam")

    def test_thirty_officers_and_two_exams_cost_as_many_queries_as_one(self):
        counts = []
        for officers in (1, 30):
            first = world.centre(officers=officers)
            entry = make.entry(station=first.entry.station)
            make.post(exam=entry.exam, station=entry.station)
            self.client.force_login(first.user)
            with CaptureQueriesContext(connection) as queries:
                page = self.client.get(reverse("centre"))
            assert page.context["entry"] == first.entry
            assert len(page.context["posts"]) == 2
            counts.append(len(queries))

        assert counts[0] == counts[1] <= 8
