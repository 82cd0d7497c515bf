"""Why not: one function for the list, the page and the service."""

from datetime import timedelta

from django.test import TestCase
from django.utils import timezone

from catalogue.models import Level, StudyLevel
from cp2.tests import make
from profiles.models import Employer, Officer
from vacancies.applicants import Applicant, with_facts
from vacancies.eligibility import reasons_against
from vacancies.models import Vacancy
from vacancies.standing import years_served


def against(officer, vacancy):
    applicant = Applicant(with_facts(Officer.objects.all()).get(pk=officer.pk))
    found = Vacancy.objects.in_words().with_terms().get(pk=vacancy.pk)
    return list(reasons_against(applicant, found))


class Reasons(TestCase):
    def setUp(self):
        self.vacancy = make.vacancy()
        self.officer = make.officer()

    def reasons(self, **terms):
        if terms:
            make.terms(self.vacancy.exam, self.vacancy.position, **terms)
        return [reason.words for reason in against(self.officer, self.vacancy)]

    def test_none_without_terms(self):
        assert self.reasons() == []

    def test_not_open_yet(self):
        self.vacancy.opens_at = make.moment("2099-01-02 08:00")
        self.vacancy.closes_at = make.moment("2099-02-02 08:00")
        self.vacancy.save()
        assert self.reasons() == ["Applications for this vacancy open on 2 Jan 2099, 08:00."]

    def test_closed_at_the_very_moment(self):
        self.vacancy.closes_at = timezone.now()
        self.vacancy.save()
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
