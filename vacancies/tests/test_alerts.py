"""Tell me by text when one opens: kept, removed, and told once to whoever may apply."""

from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest

import sms.services
from accounts.models import Entry
from accounts.news import News
from accounts.services import choose_news
from cp2.merge import merge
from cp2.rules import Refused
from cp2.tests import make
from cp2.tests.races import at_once
from profiles.models import Vetting
from sms.models import Kind, Message
from vacancies import alerts, opened
from vacancies.models import AlertRound, ApplicationStatus, Vacancy, VacancyAlert

URL = reverse("vacancies:alerts")
SEARCH = reverse("vacancies:search")
HOUR = timedelta(hours=1)


def keep(officer, **wanted):
    return alerts.keep(officer, by=officer.user, **wanted)


def tell():
    """What beat and a worker do within seconds; ten minutes after the last round, too."""
    AlertRound.objects.update(begun_at=timezone.now() - HOUR)
    return opened.tell_while_due()


class Keeping(WebTest):
    def setUp(self):
        self.place = make.sub_county("Kisii South")
        self.officer = make.officer(sub_county=self.place)
        self.user = self.officer.user

    def page(self, url=URL):
        return self.app.get(url, user=self.user)

    def form(self, page):
        return next(
            form
            for form in page.forms.values()
            if form.action in ("", URL) and form.method == "post" and "position" in form.fields
        )

    def button(self, url):
        page = self.page(url)
        return next(form for form in page.forms.values() if form.action == URL)

    def test_an_alert_is_kept_for_position_exam_and_home(self):
        exam, position = make.exam(), make.position()
        form = self.form(self.page())
        form["position"], form["exam"], form["place"] = position.pk, exam.pk, "sub_county"

        page = form.submit().follow()

        alert = VacancyAlert.objects.get()
        assert (alert.officer, alert.exam, alert.position) == (self.officer, exam, position)
        assert (alert.sub_county, alert.county) == (self.place, None)
        assert "Invigilator, KCSE, Kisii South (Kisii)" in page
        assert "We text you at" in page
        assert Entry.objects.get().verb == "alert.kept"

    def test_home_may_be_the_county_or_the_whole_country(self):
        for place in ("county", ""):
            form = self.form(self.page())
            form["place"] = place
            form.submit()
        first, second = VacancyAlert.objects.order_by("pk")
        assert (first.county, first.sub_county) == (self.place.county, None)
        assert (second.county, second.sub_county) == (None, None)

    def test_an_exam_is_offered_once_whatever_its_years(self):
        old = make.exam(year=2024, code=3)
        new = make.exam(year=2025, code=3)

        offered = [value for value, *_rest in self.form(self.page())["exam"].options]

        assert str(new.pk) in offered
        assert str(old.pk) not in offered

    def test_a_search_is_kept_with_all_its_choices(self):
        vacancy = make.vacancy(sub_county=self.place)
        query = (
            f"?exam={vacancy.exam_id}&position={vacancy.position_id}&county={self.place.county_id}"
        )

        self.button(f"{SEARCH}{query}&duty_station=examination_centre").submit()

        alert = VacancyAlert.objects.get()
        assert (alert.exam, alert.position) == (vacancy.exam, vacancy.position)
        assert (alert.county, alert.station_kind) == (self.place.county, "examination_centre")

    def test_a_search_that_found_nothing_is_kept_as_it_was_asked(self):
        position = make.position("SUP")

        page = self.button(f"{SEARCH}?position={position.pk}&sub_county={self.place.pk}").submit()

        alert = VacancyAlert.objects.get()
        assert (alert.position, alert.sub_county, alert.county) == (position, self.place, None)
        assert page.location == URL

    def test_the_list_of_home_offers_an_alert_of_home(self):
        self.button(SEARCH).submit()

        assert VacancyAlert.objects.get().sub_county == self.place

    def test_a_search_by_rubbish_is_not_kept_and_says_so(self):
        page = self.button(f"{SEARCH}?position=9999999&county=x").submit()

        assert not VacancyAlert.objects.exists()
        assert "There is a problem" in page

    def test_the_same_again_changes_nothing(self):
        for _ in range(2):
            self.button(SEARCH).submit()

        assert VacancyAlert.objects.count() == 1

    def test_ten_are_enough(self):
        for n in range(10):
            keep(self.officer, sub_county=make.sub_county(f"Place {n}"))

        page = self.button(SEARCH).submit()

        assert "You have 10 alerts" in page
        assert VacancyAlert.objects.count() == 10
        keep(self.officer, sub_county=make.sub_county("Place 3"))  # one of the ten
        with pytest.raises(Refused):
            keep(self.officer, position=make.position())

    def test_one_is_removed(self):
        kept, other = keep(self.officer, position=make.position()), keep(self.officer)
        page = self.page()
        form = next(
            form
            for form in page.forms.values()
            if form.action == reverse("vacancies:remove_alert", args=[kept.pk])
        )

        page = form.submit().follow()

        assert "The alert is removed." in page
        assert list(VacancyAlert.objects.all()) == [other]
        assert Entry.objects.filter(verb="alert.removed").count() == 1

    def test_anothers_alert_is_not_there(self):
        alert = keep(make.officer())
        form = self.form(self.page())

        form.action = reverse("vacancies:remove_alert", args=[alert.pk])
        form.submit(status=404)
        assert VacancyAlert.objects.exists()

    def test_asking_turns_texts_about_vacancies_on_again_and_no_others(self):
        choose_news(self.user, [])

        self.button(SEARCH).submit()

        self.user.refresh_from_db()
        assert self.user.news_off == [News.ANNOUNCEMENTS, News.REMINDERS]

    def test_the_page_says_that_none_comes_while_they_are_off(self):
        keep(self.officer)
        choose_news(self.user, [])

        page = self.page()

        assert "You have turned off texts about vacancies" in page
        assert reverse("accounts:texts") in page

    def test_the_list_takes_the_same_queries_for_one_and_for_nine(self):
        asked = []
        self.page()  # signs in
        for n in (1, 8):
            for m in range(n):
                keep(
                    self.officer,
                    exam=make.exam(),
                    sub_county=make.sub_county(f"At {n} {m}"),
                )
            with CaptureQueriesContext(connection) as queries:
                self.page()
            asked.append(len(queries))
        assert asked[0] == asked[1] <= 8


class OfOthers(TestCase):
    def test_only_officers_have_alerts(self):
        for user in (
            make.user(),
            make.centre(make.station()),
            make.director(make.sub_county()),
        ):
            make.sign_in(self.client, user)
            assert self.client.get(URL).status_code == 404
            assert self.client.post(URL, {}).status_code == 404

    def test_headquarters_sees_no_button_in_the_search(self):
        make.sign_in(self.client, make.user())
        assert URL not in self.client.get(f"{SEARCH}?exam=").text


class Telling(TestCase):
    def setUp(self):
        self.place = make.sub_county("Kisii South")
        self.officer = make.officer(sub_county=self.place)

    def texts(self):
        return list(Message.objects.filter(template="vacancies/opened").order_by("pk"))

    def test_whoever_asked_for_it_is_told_once_with_number_and_nearest_deadline(self):
        keep(self.officer, sub_county=self.place)
        make.vacancy(sub_county=self.place, closes_at=make.moment("2027-01-31 12:00"))
        make.vacancy(sub_county=self.place, closes_at=make.moment("2027-01-05 12:00"))
        make.vacancy(closes_at=make.moment("2027-01-01 12:00"))  # elsewhere

        with time_machine.travel(timezone.now(), tick=True):
            assert tell() == 1
        assert tell() == 0

        (text,) = self.texts()
        assert (text.to, text.kind) == (self.officer.phone, Kind.BULK)
        assert "for: 2. First deadline 5 Jan 2027." in text.text

    def test_what_was_told_once_is_not_told_again_when_something_else_opens(self):
        keep(self.officer)
        make.vacancy()
        tell()
        make.vacancy()

        assert tell() == 1
        assert [text.text.split("for: ")[1][0] for text in self.texts()] == ["1", "1"]

    def test_it_is_told_when_its_window_opens_and_not_before(self):
        keep(self.officer)
        make.vacancy(opens_at=timezone.now() + HOUR)
        assert tell() == 0

        Vacancy.objects.update(opens_at=timezone.now())

        assert tell() == 1

    def test_what_has_closed_meanwhile_is_not_told(self):
        keep(self.officer)
        now = timezone.now()
        make.vacancy(opens_at=now - 2 * HOUR, closes_at=now - HOUR)

        assert tell() == 0

    def test_an_alert_of_an_exam_finds_its_like_of_another_year_and_no_other_exam(self):
        last, this, other = (
            make.exam(year=2024, code=3),
            make.exam(year=2025, code=3),
            make.exam(year=2025, code=1),
        )
        keep(self.officer, exam=last)
        make.vacancy(exam=other)
        assert tell() == 0

        make.vacancy(exam=this)
        assert tell() == 1

    def test_each_choice_of_an_alert_counts(self):
        vacancy = make.vacancy(sub_county=self.place)
        fits = {
            "exam": vacancy.exam,
            "activity": vacancy.activity,
            "station_kind": vacancy.station_kind,
            "position": vacancy.position,
            "sub_county": vacancy.sub_county,
        }
        misses = {
            "exam": make.exam(),
            "activity": type(vacancy.activity).objects.create(name="Marking"),
            "station_kind": "marking_centre",
            "position": make.position("SUP"),
            "sub_county": make.sub_county("Bomet East"),
        }
        keep(self.officer, **fits)
        for name, value in misses.items():
            keep(make.officer(), **{**fits, name: value})
        in_county = make.officer()
        keep(in_county, county=self.place.county)
        keep(make.officer(), county=make.sub_county("Changamwe", "Mombasa").county)

        assert tell() == 2
        assert {text.to for text in self.texts()} == {self.officer.phone, in_county.phone}

    def test_two_alerts_for_one_vacancy_are_one_text_that_counts_it_once(self):
        keep(self.officer, sub_county=self.place)
        keep(self.officer, county=self.place.county)
        make.vacancy(sub_county=self.place)

        assert tell() == 1
        (text,) = self.texts()
        assert "for: 1." in text.text

    def test_whoever_may_not_apply_is_not_told(self):
        vacancy = make.vacancy()
        make.terms(vacancy.exam, vacancy.position, lowest_qualification="degree")
        graduate = make.officer()
        make.qualification(graduate, level="degree")
        applied = make.officer()
        make.qualification(applied, level="degree")
        make.application(
            ApplicationStatus.SUBMITTED, officer=applied, vacancy=make.vacancy(exam=vacancy.exam)
        )
        barred = make.officer(vetting=Vetting.BARRED, vetting_reason="Collusion")
        for officer in (graduate, applied, barred, make.bare_officer(), self.officer):
            keep(officer, position=vacancy.position, sub_county=vacancy.sub_county)

        assert tell() == 1
        assert [text.to for text in self.texts()] == [graduate.phone]

    def test_only_what_they_may_apply_for_is_counted(self):
        hard, easy = make.vacancy(), make.vacancy()
        make.terms(hard.exam, hard.position, lowest_qualification="degree")
        keep(self.officer)

        tell()

        (text,) = self.texts()
        assert "for: 1." in text.text
        assert easy.pk

    def test_whoever_turned_such_texts_off_or_is_gone_is_not_told(self):
        off, gone = make.officer(), make.officer()
        for officer in (off, gone):
            keep(officer)
        choose_news(off.user, [])
        type(gone.user).objects.filter(pk=gone.user.pk).update(is_active=False)
        make.vacancy()

        assert tell() == 0
        assert self.texts() == []

    def test_it_comes_in_ones_own_language_in_one_segment(self):
        self.officer.user.language = "sw"
        self.officer.user.save(update_fields=["language"])
        keep(self.officer)
        vacancy = make.vacancy()

        tell()

        (text,) = self.texts()
        assert text.text == sms.services.render(
            "vacancies/opened",
            language="sw",
            number=1,
            closes_at=vacancy.closes_at,
            site="http://testserver",
        ).replace("http://testserver", text.text.split("/vacancies")[0].split()[-1])

    def test_one_officer_at_whom_the_rules_stumble_holds_up_no_other(self):
        keep(self.officer)
        other = make.officer()
        keep(other)
        make.vacancy()
        rules = opened.may_apply

        def stumbling(applicant, vacancies):
            if applicant.officer == self.officer:
                raise ValueError
            return rules(applicant, vacancies)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(opened, "may_apply", stumbling)
            assert tell() == 1
        assert [text.to for text in self.texts()] == [other.phone]
        assert AlertRound.objects.get().ended_at

    def test_alerts_go_over_with_a_merger_if_the_account_that_stays_has_none(self):
        closed = make.officer()
        alert = keep(closed, position=make.position())
        merge(self.officer, closed, reason="one person", by=make.user(is_superuser=True))

        alert.refresh_from_db()
        assert alert.officer == self.officer


class Rounds(TestCase):
    def setUp(self):
        self.officers = [make.officer() for _ in range(5)]
        for officer in self.officers:
            keep(officer)
        make.vacancy()

    def chunks(self, size):
        patch = pytest.MonkeyPatch()
        patch.setattr(opened, "CHUNK", size)
        self.addCleanup(patch.undo)

    def test_a_round_is_worked_chunk_by_chunk_and_ends(self):
        self.chunks(2)

        assert tell() == 5

        round_ = AlertRound.objects.get()
        assert (round_.told, round_.worked_to) == (5, self.officers[-1].pk)
        assert round_.ended_at
        assert round_.lease_until is None

    def test_a_tick_that_is_over_gives_the_rest_to_the_next(self):
        self.chunks(2)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(opened, "TURN", -1)
            assert [opened.tell_while_due() for _ in range(4)] == [2, 2, 1, 0]
        assert AlertRound.objects.get().ended_at
        assert Message.objects.count() == 5

    def test_a_worker_that_died_is_followed_by_another_that_goes_on_where_it_was(self):
        self.chunks(2)
        opened.begin()
        round_ = opened.take()
        opened.tell_some(round_, opened.Opened(round_))

        assert opened.tell_while_due() == 0  # it may still be alive
        AlertRound.objects.update(lease_until=timezone.now() - HOUR)
        assert opened.tell_while_due() == 3
        assert Message.objects.count() == 5

    def test_a_worker_that_was_slower_than_its_lease_writes_nothing_more(self):
        opened.begin()
        slow = opened.take()
        AlertRound.objects.update(lease_until=timezone.now() - HOUR)
        assert opened.tell_while_due() == 5

        assert opened.tell_some(slow, opened.Opened(slow)) is None
        assert Message.objects.count() == 5

    def test_what_opens_within_ten_minutes_of_a_round_waits_for_the_next(self):
        opened.tell_while_due()
        make.vacancy()

        assert opened.tell_while_due() == 0
        AlertRound.objects.update(begun_at=timezone.now() - timedelta(minutes=11))
        assert opened.tell_while_due() == 5

    def test_nothing_that_opened_begins_no_round(self):
        tell()
        tell()
        assert AlertRound.objects.count() == 1


class Database(TestCase):
    def refused(self, name, act):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            act()

    def test_the_same_alert_twice(self):
        alert = keep(make.officer(), position=make.position())
        self.refused(
            "one_alert_of_a_kind_per_officer",
            lambda: VacancyAlert.objects.create(officer=alert.officer, position=alert.position),
        )

    def test_an_alert_of_two_places_or_of_no_station_there_is(self):
        officer, place = make.officer(), make.sub_county()
        self.refused(
            "alert_names_one_place",
            lambda: VacancyAlert.objects.create(
                officer=officer, county=place.county, sub_county=place
            ),
        )
        self.refused(
            "alert_station_kind",
            lambda: VacancyAlert.objects.create(officer=officer, station_kind="moon"),
        )

    def test_two_rounds_at_a_time_and_a_lease_of_one_that_ended(self):
        round_ = AlertRound.objects.create()
        self.refused("one_round_of_alerts_at_a_time", AlertRound.objects.create)
        self.refused(
            "ended_round_is_leased_to_nobody",
            lambda: AlertRound.objects.filter(pk=round_.pk).update(
                ended_at=timezone.now(), lease_until=timezone.now()
            ),
        )


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_workers_at_once_begin_one_round_and_tell_everybody_once():
    officers = [make.officer() for _ in range(6)]
    for officer in officers:
        keep(officer)
    make.vacancy()

    told = at_once(*[opened.tell_while_due] * 4)
    told.append(opened.tell_while_due())  # whoever lost the race for the lease did nothing

    assert sum(told) == 6
    assert AlertRound.objects.count() == 1
    assert sorted(Message.objects.values_list("to", flat=True)) == sorted(
        officer.phone for officer in officers
    )


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_eleven_alerts_at_once_become_ten():
    officer, places = make.officer(), [make.sub_county(f"Place {n}") for n in range(11)]

    at_once(*[lambda place=place: keep(officer, sub_county=place) for place in places])

    assert VacancyAlert.objects.count() == 10
