"""Six drop-downs that only offer what is open, by plain addresses."""

import re
from datetime import timedelta

from django.core.cache import cache
from django.db import connection
from django.test import TestCase, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest

from catalogue.models import Activity, Office, StationKind
from cp2.rules import Role
from cp2.tests import make
from vacancies.models import Vacancy

LINE = (
    "Invigilator:- Exam 2025/3 Kenya Certificate of Secondary Education, "
    "Activity: Supervision &amp; Invigilation of exams, Duty Station: Examination Centre, "
    "Deadline 31 Oct 2099, 83 positions"
)


def offered(page, name):
    """What a drop-down of the page offers, without its first, empty choice."""
    select = re.search(rf'<select[^>]*name="{name}".*?</select>', page, re.DOTALL)[0]
    return re.findall(r"<option[^>]*>([^<]*)</option>", select)[1:]


class Searching(WebTest):
    def setUp(self):
        self.kcse = make.exam(code=3)
        self.kpsea = make.exam(
            code=1, abbreviation="KPSEA", name="Kenya Primary School Education Assessment"
        )
        self.here = make.sub_county("Bonchari", "Kisii")
        self.there = make.sub_county("Borabu", "Nyamira")
        self.vacancy = make.vacancy(
            exam=self.kcse, sub_county=self.here, closes_at=make.moment("2099-10-31 23:59")
        )
        make.vacancy(exam=self.kcse, sub_county=self.there, position=make.position("SUP"))
        make.vacancy(exam=self.kpsea, sub_county=self.there)
        make.vacancy(
            exam=self.kpsea,
            sub_county=self.there,
            position=make.position("CLK"),
            activity=Activity.objects.get_or_create(name="Distribution of materials")[0],
            station_kind=StationKind.DISTRIBUTION_CENTRE,
        )
        self.officer = make.officer(sub_county=self.here)

    def get(self, url=None, **query):
        return self.app.get(url or reverse("vacancies:search"), query, user=self.officer.user)

    def search(self, **choices):
        form = next(f for f in self.get().forms.values() if "exam" in f.fields)
        for name, value in choices.items():
            form[name] = value
        return form.submit()

    def test_the_line_of_a_vacancy_is_a_link_to_its_application_page(self):
        page = self.search(exam=self.kcse.pk, position=make.position("INV").pk)

        assert LINE in page
        assert page.html.find("a", href=reverse("vacancies:apply", args=[self.vacancy.pk]))

    def test_each_drop_down_offers_what_the_ones_before_it_lead_to(self):
        page = self.search(exam=self.kpsea.pk).text
        assert offered(page, "exam") == [
            "2025/1 Kenya Primary School Education Assessment (2)",
            "2025/3 Kenya Certificate of Secondary Education (2)",
        ]
        assert offered(page, "duty_station") == [
            "Examination Centre (1)",
            "Distribution Centre (1)",
        ]
        assert offered(page, "county") == ["Nyamira (2)"]
        assert offered(page, "sub_county") == []

        page = self.search(exam=self.kpsea.pk, duty_station="distribution_centre").text
        assert offered(page, "duty_station") == [
            "Examination Centre (1)",
            "Distribution Centre (1)",
        ]
        assert offered(page, "position") == [f"{make.position('CLK')} (1)"]
        assert offered(page, "county") == ["Nyamira (1)"]

    def test_sub_counties_come_with_their_county(self):
        page = self.search(county=self.here.county_id)
        assert offered(page.text, "sub_county") == ["Bonchari (1)"]

        form = next(f for f in page.forms.values() if "exam" in f.fields)
        form["sub_county"] = self.here.pk
        found = form.submit()
        assert LINE in found
        assert "1 vacancy is open for this choice." in found

    def test_without_javascript_each_search_leads_on_to_the_next_drop_down(self):
        make.vacancy(exam=self.kcse, sub_county=make.sub_county("South Mugirango", "Kisii"))
        page = self.search(county=self.here.county_id)

        form = next(f for f in page.forms.values() if "exam" in f.fields)
        assert [option[2] for option in form["sub_county"].options] == [
            "All",
            "Bonchari (1)",
            "South Mugirango (1)",
        ]
        form["sub_county"] = str(self.here.pk)
        found = form.submit()
        assert "Kisii, Bonchari" in found
        assert found.text.count("Invigilator:- Exam") == 1
        assert "See the vacancy that was found" in found
        assert found.html.find(id="found")

    def test_of_a_name_given_twice_the_last_counts_on_every_page(self):
        for _ in range(30):
            make.vacancy(exam=self.kcse, sub_county=make.sub_county(county="Kisii"))
        address = f"{reverse('vacancies:search')}?exam={self.kpsea.pk}&exam={self.kcse.pk}"

        page = self.get(address)
        assert "32 vacancies are open for this choice." in page
        form = next(f for f in page.forms.values() if "exam" in f.fields)
        assert form["exam"].value == str(self.kcse.pk)
        page = page.click("Next")
        assert "32 vacancies are open for this choice." in page
        assert page.text.count("Invigilator:- Exam") + page.text.count("Supervisor:- Exam") == 7

    def test_one_that_closes_between_the_list_and_the_click_says_so(self):
        page = self.search(exam=self.kcse.pk, county=self.here.county_id)
        type(self.vacancy).objects.filter(pk=self.vacancy.pk).update(closes_at=timezone.now())

        page = page.click("Invigilator:- Exam")
        assert "Applications for this vacancy closed on" in page
        assert page.click("Look at other vacancies").request.path == reverse("vacancies:search")

    def test_a_kept_search_for_what_has_closed_says_what_it_left_out(self):
        address = self.search(exam=self.kcse.pk, county=self.here.county_id).request.url
        type(self.vacancy).objects.filter(pk=self.vacancy.pk).update(closes_at=timezone.now())

        page = self.get(address)
        assert page.text.count("so it was left out: County.") == 1
        assert "1 vacancy is open for this choice." in page

    def test_a_search_can_be_kept_and_comes_back_as_it_was_left(self):
        address = self.search(exam=self.kcse.pk, county=self.here.county_id).request.url

        form = next(f for f in self.get(address).forms.values() if "exam" in f.fields)
        assert form["exam"].value == str(self.kcse.pk)
        assert form["county"].value == str(self.here.county_id)
        assert LINE in self.get(address)

    def test_what_is_not_open_is_not_found(self):
        self.vacancy.closes_at = timezone.now() - timedelta(minutes=1)
        self.vacancy.opens_at = self.vacancy.closes_at - timedelta(days=1)
        self.vacancy.save()
        make.vacancy(
            exam=self.kpsea, sub_county=self.here, opens_at=timezone.now() + timedelta(days=1)
        )

        page = self.search()
        assert "3 vacancies are open for this choice." in page
        assert offered(page.text, "county") == ["Nyamira (3)"]

    def test_a_choice_that_is_not_on_offer_is_left_out_and_said_so(self):
        page = self.get(exam=self.kcse.pk, county=self.there.county_id, sub_county=self.here.pk)

        assert "so it was left out: Sub-county." in page
        assert "1 vacancy is open for this choice." in page

    def test_rubbish_is_answered_in_words(self):
        for rubbish in ("x", "0", "-1", "9" * 31, "9" * 5000, "٣", "\0", "\u202e", "%ff", "' OR 1"):
            for name in ("exam", "activity", "duty_station", "position", "county", "sub_county"):
                with self.subTest(name=name, rubbish=rubbish[:40]):
                    page = self.get(**{name: rubbish})
                    assert "so it was left out" in page
                    assert "4 vacancies are open" in page
        for rubbish in ("x", "0", "-1", "9" * 31, "9" * 5000, "٣", "\0", "2"):
            assert LINE in self.get(exam="", page=rubbish)
        assert self.client.get(f"{reverse('vacancies:search')}?exam=%ff%fe").status_code == 400

    def test_nothing_open_at_all_is_said_in_words(self):
        type(self.vacancy).objects.all().delete()

        assert "No vacancy is open" in self.search()
        assert "Nothing is open now in the sub-county of your workstation." in self.get()

    def test_before_any_search_the_own_sub_county_comes_first(self):
        page = self.get()

        assert "Open in my sub-county" in page
        assert LINE in page
        assert "Borabu, Nyamira" not in page

    def test_a_change_of_a_drop_down_asks_for_the_drop_downs_only(self):
        self.client.force_login(self.officer.user)

        page = self.client.get(
            reverse("vacancies:search"), {"exam": self.kpsea.pk}, headers={"HX-Request": "true"}
        )

        assert page.text.lstrip().startswith('<div id="drop-downs">')
        assert offered(page.text, "county") == ["Nyamira (2)"]
        assert page.headers["Vary"].count("HX-Request") == 1

    def test_pages_hold_25_and_keep_the_search(self):
        for _ in range(30):
            make.vacancy(exam=self.kcse, sub_county=make.sub_county(county="Kisii"))

        page = self.search(exam=self.kcse.pk, county=self.here.county_id)
        assert page.text.count("Invigilator:- Exam") == 25
        page = page.click("Next")
        assert page.text.count("Invigilator:- Exam") == 6
        assert f"exam={self.kcse.pk}" in page.request.url


class MayI(WebTest):
    """What the lists say of each vacancy to whoever looks."""

    def setUp(self):
        self.officer = make.officer()
        self.here = self.officer.sub_county
        self.mine = make.vacancy(sub_county=self.here)
        self.not_mine = make.vacancy(sub_county=self.here, position=make.position("SUP"))
        make.terms(self.not_mine.exam, self.not_mine.position, years_of_experience=5)

    def get(self, user=None, **query):
        return self.app.get(reverse("vacancies:search"), query, user=user or self.officer.user)

    def test_what_they_may_apply_for_comes_first_and_the_rest_is_folded_with_its_reason(self):
        page = self.get()

        assert "Open in my sub-county that I may apply for" in page
        folded = page.html.find("main").find("details").extract()
        assert "1 is open in" in folded.text
        assert "Supervisor:- Exam" in folded.text
        assert "asks for 5 years of experience; your profile shows 0." in folded.text
        open_ = page.html.find("main").text
        assert "Invigilator:- Exam" in open_
        assert "Supervisor:- Exam" not in open_

    def test_nothing_for_them_is_said_and_why(self):
        make.terms(self.mine.exam, self.mine.position, years_of_experience=5)

        page = self.get()
        assert f"Nothing that is open in {self.here} now is for you." in page
        assert "2 are open in" in page

    def test_each_line_of_a_search_says_so_too(self):
        page = self.get(county=self.here.county_id)

        said = {li.a.text[:10]: li.text for li in page.html.find("main").find_all("li")}
        assert "You may apply" in said["Invigilato"]
        assert "asks for 5 years" in said["Supervisor"]
        assert "You may apply" not in said["Supervisor"]

    def test_before_the_profile_is_submitted_one_notice_stands_for_all(self):
        self.officer.submitted_at = None
        self.officer.save()
        for query in ({}, {"county": self.here.county_id}):
            page = self.get(**query)
            assert page.text.count("Your profile has not been submitted.") == 1
            assert page.html.find("a", string="Complete my profile")
            assert "Invigilator:- Exam" in page
            assert "Supervisor:- Exam" in page
            assert "You may apply" not in page
            assert "I may apply for" not in page

    def test_whoever_has_just_registered_is_told_what_is_missing(self):
        page = self.get(user=make.bare_officer().user)

        assert "Your profile has not been submitted." in page
        assert "Search elsewhere below." in page

    def test_headquarters_is_told_of_nobody(self):
        make.sign_in(self.client, make.user(Role.STAFF))
        address = reverse("vacancies:search")
        page = self.client.get(address, {"county": self.here.county_id}).text

        assert "Invigilator:- Exam" in page
        assert "You may apply" not in page
        assert "Open in my sub-county" not in self.client.get(address).text


class Queries(TestCase):
    def count(self, **query):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert self.client.get(reverse("vacancies:search"), query).status_code == 200
        return len(queries)

    def test_as_many_for_60_vacancies_as_for_one(self):
        exam, officer = make.exam(), make.officer()
        make.work(officer)
        self.client.force_login(officer.user)
        make.vacancy(exam=exam, sub_county=officer.sub_county)
        make.terms(exam, make.position("INV"), years_of_experience=1)
        self.count()
        before = self.count(), self.count(exam=exam.pk), self.count(exam="x", county="x")

        for _ in range(60):
            make.vacancy(
                exam=exam, sub_county=make.sub_county(county=officer.sub_county.county.name)
            )
            make.vacancy(sub_county=officer.sub_county)

        assert before == (7, 7, 7)
        assert (self.count(), self.count(exam=exam.pk), self.count(exam="x", county="x")) == before

    @override_settings(SEARCH_COUNTS_KEPT=10)
    def test_counts_are_kept_for_seconds_and_what_has_closed_is_still_not_shown(self):
        officer = make.officer()
        self.client.force_login(officer.user)
        vacancy = make.vacancy(sub_county=officer.sub_county)
        asked = {"exam": vacancy.exam_id}

        assert self.count(**asked) - self.count(**asked) == 2
        Vacancy.objects.filter(pk=vacancy.pk).update(closes_at=timezone.now())

        page = self.client.get(reverse("vacancies:search"), asked)
        assert "1 vacancy is open for this choice." in page.text
        assert str(vacancy) not in page.text
        assert "No vacancy is open" in page.text
        cache.clear()
        page = self.client.get(reverse("vacancies:search"), asked)
        assert "1 vacancy is open for this choice." not in page.text


class KeptOut(TestCase):
    def get(self, user=None):
        if user:
            make.sign_in(self.client, user)
        return self.client.get(reverse("vacancies:search"))

    def test_anonymous_is_asked_to_sign_in(self):
        assert self.get().status_code == 302

    def test_centre_and_directors_find_no_such_page(self):
        place = make.sub_county()
        for user in (
            make.centre(make.station()),
            make.director(place, Office.TSC),
            make.director(place, Office.SCDE),
        ):
            assert self.get(user).status_code == 404

    def test_headquarters_may_look(self):
        assert self.get(make.user(Role.STAFF)).status_code == 200
