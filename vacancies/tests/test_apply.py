"""One officer, one vacancy, one box to tick; and every reason why not."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest

from accounts.models import Entry
from catalogue.models import Level, Office, StudyLevel
from cp2.rules import Refused, Role
from cp2.tests import make
from profiles.models import Employer, Vetting
from sms.models import Message
from vacancies import services
from vacancies.eligibility import reasons_against, years_served
from vacancies.models import Application, ApplicationStatus

THANKS = (
    "Thank you for submitting your application. The application will be examined, "
    "and you&#x27;ll receive notification soon!"
)


def url(vacancy):
    return reverse("vacancies:apply", args=[vacancy.pk])


class Applying(WebTest):
    def setUp(self):
        self.vacancy = make.vacancy()
        self.officer = make.officer()

    def get(self):
        return self.app.get(url(self.vacancy), user=self.officer.user)

    def form(self):
        return next(f for f in self.get().forms.values() if "confirm" in f.fields)

    def test_ticked_and_submitted_it_is_an_application(self):
        form = self.form()
        form["confirm"] = True
        page = form.submit("Submit Application").follow()

        application = Application.objects.get()
        assert page.request.path == reverse("vacancies:applications")
        assert THANKS in page
        assert application.reference in page
        assert (application.officer, application.exam) == (self.officer, self.vacancy.exam)
        assert application.status == ApplicationStatus.SUBMITTED
        entry = Entry.objects.get()
        assert (entry.verb, entry.actor) == ("application.made", self.officer.user)
        text = Message.objects.get()
        assert text.to == self.officer.phone
        assert application.reference in text.text
        assert "Invigilator, KCSE 2025" in text.text

    def test_the_page_shows_the_line_and_the_button(self):
        page = self.get()

        assert str(self.vacancy).replace("&", "&amp;") in page
        assert "Submit Application" in page

    def test_without_the_tick_nothing_is_submitted(self):
        page = self.form().submit()

        assert "Tick the box to confirm" in page
        assert not Application.objects.exists()

    def test_the_button_pressed_twice_thanks_twice_and_applies_once(self):
        form = self.form()
        form["confirm"] = True
        form.submit()

        assert THANKS in form.submit().follow()
        assert Application.objects.count() == Message.objects.count() == Entry.objects.count() == 1

    def test_every_reason_against_is_shown_and_no_button(self):
        self.officer.submitted_at = None
        self.officer.vetting, self.officer.vetting_reason = Vetting.BARRED, "Under investigation."
        self.officer.save()
        self.vacancy.closes_at = timezone.now() - timedelta(minutes=1)
        self.vacancy.save()

        page = self.get()

        assert "Applications for this vacancy closed on" in page
        assert "Your profile has not been submitted." in page
        assert "You may not serve at present: Under investigation." in page
        assert "Submit Application" not in page

    def test_refused_in_words_and_nothing_is_written(self):
        form = self.form()
        form["confirm"] = True
        type(self.vacancy).objects.update(closes_at=timezone.now())

        page = form.submit().follow()

        assert "Problem:" in page
        assert "Applications for this vacancy closed on" in page
        assert not Application.objects.exists()
        assert not Entry.objects.exists()
        assert not Message.objects.exists()

    def test_another_vacancy_of_the_same_exam_is_refused_of_another_exam_not(self):
        make.application(officer=self.officer, vacancy=self.vacancy)
        same = make.vacancy(exam=self.vacancy.exam, position=make.position("SUP"))

        page = self.app.get(url(same), user=self.officer.user)
        assert "You have already applied for this exam, as Invigilator in" in page
        with pytest.raises(Refused, match="already applied for this exam"):
            services.apply(same, officer=self.officer, by=self.officer.user)
        assert services.apply(make.vacancy(), officer=self.officer, by=self.officer.user)

    def test_reference_that_is_taken_is_minted_anew(self):
        taken = make.application().reference
        references = iter([taken, taken, "A-7K3M9QX2"])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(services, "mint_reference", lambda: next(references))
            made = services.apply(self.vacancy, officer=self.officer, by=self.officer.user)

        assert made.reference == "A-7K3M9QX2"

    def test_references_are_short_unambiguous_and_not_guessable(self):
        minted = {services.mint_reference() for _ in range(500)}

        assert len(minted) == 500
        assert all(len(each) == 10 and each.startswith("A-") for each in minted)
        assert not set("".join(minted)) & set("01ILOSBUV58")


class Queries(TestCase):
    def test_a_page_takes_8_and_an_application_12(self):
        vacancy, officer = make.vacancy(), make.officer()
        make.terms(
            vacancy.exam,
            vacancy.position,
            school_levels=[Level.SECONDARY],
            lowest_qualification=StudyLevel.DIPLOMA,
            years_of_experience=3,
            tsc_employment_required=True,
        )
        make.work(officer)
        make.qualification(officer)
        self.client.force_login(officer.user)
        self.client.get(url(vacancy))

        with CaptureQueriesContext(connection) as queries:
            self.client.get(url(vacancy))
        assert len(queries) <= 8

        with CaptureQueriesContext(connection) as queries:
            self.client.post(url(vacancy), {"confirm": "on"})
        said = [each["sql"] for each in queries if "SAVEPOINT" not in each["sql"]]
        assert Application.objects.count() == 1
        assert len(said) <= 12, said


class Reasons(TestCase):
    def setUp(self):
        self.vacancy = make.vacancy()
        self.officer = make.officer()

    def reasons(self, **terms):
        if terms:
            make.terms(self.vacancy.exam, self.vacancy.position, **terms)
        return list(reasons_against(self.officer, self.vacancy))

    def test_none_without_terms(self):
        assert self.reasons() == []

    def test_not_open_yet(self):
        self.vacancy.opens_at = make.moment("2099-01-02 08:00")
        self.vacancy.closes_at = make.moment("2099-02-02 08:00")
        assert self.reasons() == ["Applications for this vacancy open on 2 Jan 2099, 08:00."]

    def test_closed_at_the_very_moment(self):
        self.vacancy.closes_at = timezone.now()
        assert self.reasons()[0].startswith("Applications for this vacancy closed on")

    def test_school_level_of_the_current_workstation(self):
        asked = {"school_levels": [Level.PRIMARY, Level.JUNIOR]}
        assert "Your current workstation: none." in self.reasons(**asked)[0]
        work = make.work(self.officer, level=Level.SECONDARY)
        assert self.reasons(**asked) == [
            "This position is for those who now work at a school of this level: Primary, Junior "
            "school. Your current workstation: Secondary."
        ]
        work.level = Level.JUNIOR
        work.save()
        assert self.reasons(**asked) == []

    def test_a_workstation_that_is_over_does_not_count(self):
        make.work(self.officer, level=Level.PRIMARY, ends_on=make.today() - timedelta(days=1))
        assert len(self.reasons(school_levels=[Level.PRIMARY], tsc_employment_required=True)) == 2

    def test_tsc_employment(self):
        work = make.work(self.officer, employer=Employer.SCHOOL)
        assert (
            "the Teachers Service Commission employs"
            in self.reasons(tsc_employment_required=True)[0]
        )
        work.employer = Employer.TSC
        work.save()
        assert self.reasons(tsc_employment_required=True) == []

    def test_lowest_qualification_goes_by_the_order_of_levels(self):
        for lowest in StudyLevel:
            for held in (None, *StudyLevel):
                self.officer.qualifications.all().delete()
                if held:
                    make.qualification(self.officer, level=held)
                    make.qualification(self.officer, level=StudyLevel.CERTIFICATE)
                order = StudyLevel.values
                enough = held is not None and order.index(held) >= order.index(lowest)
                with self.subTest(lowest=lowest, held=held):
                    assert (self.reasons(lowest_qualification=lowest) == []) == enough

    def test_years_of_experience(self):
        make.work(self.officer, starts_on=make.today() - timedelta(days=365 * 2))
        assert self.reasons(years_of_experience=3) == [
            "This position asks for 3 years of experience; your profile shows 2."
        ]
        assert self.reasons(years_of_experience=2) == []

    def test_years_in_two_places_at_once_count_once(self):
        today = make.today()
        first = make.work(
            self.officer,
            starts_on=today.replace(year=today.year - 4, day=1),
            ends_on=today.replace(year=today.year - 2, day=1),
        )
        second = make.work(
            self.officer,
            starts_on=today.replace(year=today.year - 3, day=1),
            ends_on=today.replace(year=today.year - 1, day=1),
        )
        assert years_served([second, first]) == 3
        assert years_served([]) == 0

    def test_work_that_is_to_begin_counts_nothing(self):
        assert years_served([make.work(self.officer, starts_on=make.today() + timedelta(400))]) == 0


class KeptOut(TestCase):
    def test_whoever_is_no_officer_finds_no_such_page(self):
        vacancy = make.vacancy()
        place = vacancy.sub_county
        assert self.client.get(url(vacancy)).status_code == 302
        for user in (
            make.user(Role.STAFF),
            make.centre(make.station()),
            make.director(place, Office.TSC),
            make.director(place, Office.SCDE),
        ):
            make.sign_in(self.client, user)
            assert self.client.get(url(vacancy)).status_code == 404
            assert self.client.post(url(vacancy), {"confirm": "on"}).status_code == 404
        assert not Application.objects.exists()

    def test_numbers_of_no_vacancy_are_not_found(self):
        self.client.force_login(make.officer().user)
        for number in ("0", "999999", str(2**63), "9" * 31, "9" * 5000, "٣", "-1", "%00"):
            with self.subTest(number[:30]):
                assert self.client.get(f"/vacancies/{number}/apply/").status_code == 404


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_ten_at_once_make_one_live_application():
    officer, exam = make.officer(), make.exam()
    vacancies = [make.vacancy(exam=exam, position=make.position(code)) for code in ("INV", "SUP")]
    start = threading.Barrier(10)
    outcomes = []

    def one(number):
        start.wait()
        try:
            services.apply(vacancies[number % 2], officer=officer, by=officer.user)
            outcomes.append("applied")
        except Refused:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=[number]) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["applied"] * 5 + ["refused"] * 5
    assert Application.objects.live().count() == Application.objects.count() == 1
    assert Message.objects.count() == Entry.objects.count() == 1
