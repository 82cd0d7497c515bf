"""Why not: one function for the list, the page and the service."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import TestCase, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from catalogue.models import Level, StudyLevel
from cp2.rules import Refused
from cp2.tests import make
from deployments.models import DeploymentStatus
from profiles.models import Employer, Vetting
from vacancies import services
from vacancies.applicants import Applicant
from vacancies.eligibility import reasons_against
from vacancies.models import Application, ApplicationStatus, Vacancy
from vacancies.standing import years_served


def against(officer, vacancy):
    applicant = Applicant.of(officer.user)
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

    def test_the_age_reached_in_the_year_of_the_exam(self):
        year = self.vacancy.exam.starts_on.year
        self.officer.year_of_birth = year - 50
        self.officer.save()
        assert self.reasons(oldest=50) == []
        assert self.reasons(oldest=49) == [
            f"This position has an age limit of 49 years; you were born in {year - 50}."
        ]

    def test_examiners_teach_the_subject_and_are_trained_for_the_paper(self):
        position = self.vacancy.position
        position.subject_id, position.paper = "101", "101/1"
        position.save()
        asked = {"subject_required": True, "training_required": True}
        assert self.reasons(**asked) == [
            f"This position is for those who teach its subject: {position}.",
            f"This position asks for training as examiner: {position}.",
        ]
        pages = [reason.url for reason in against(self.officer, self.vacancy)]
        assert pages == [reverse("profiles:teaching"), reverse("profiles:add_training")]
        self.officer.subjects = ["101"]
        self.officer.save()
        make.training(self.officer, "101/1")
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

    def test_every_reason_says_where_something_can_be_done(self):
        self.officer.submitted_at = None
        self.officer.vetting, self.officer.vetting_reason = Vetting.BARRED, "Under investigation."
        self.officer.save()
        self.vacancy.closes_at = timezone.now()
        self.vacancy.save()
        make.application(officer=self.officer, vacancy=self.vacancy)
        make.deployment(officer=self.officer)
        make.terms(
            self.vacancy.exam,
            self.vacancy.position,
            school_levels=[Level.PRIMARY],
            tsc_employment_required=True,
            lowest_qualification=StudyLevel.DEGREE,
            years_of_experience=3,
        )

        reasons = against(self.officer, self.vacancy)
        assert len(reasons) == 9
        self.client.force_login(self.officer.user)
        for reason in reasons:
            with self.subTest(reason.words):
                assert reason.remedy
                assert self.client.get(reason.url).status_code == 200


class OtherApplications(TestCase):
    def setUp(self):
        self.vacancy = make.vacancy()
        self.officer = make.officer()

    def test_a_live_one_of_the_same_exam_and_no_other(self):
        for status in ApplicationStatus:
            other = make.vacancy(exam=self.vacancy.exam, position=make.position("SUP"))
            make.application(status, officer=self.officer, vacancy=other)
            with self.subTest(status):
                live = status in {"submitted", "nominated", "deployed"}
                assert len(against(self.officer, self.vacancy)) == live
                assert against(self.officer, make.vacancy()) == []
            Application.objects.all().delete()
            other.delete()


class Serving(TestCase):
    """Who serves in those days already, in the words that deployments has for it."""

    def setUp(self):
        self.officer = make.officer()
        self.post = make.post(exam=make.exam(abbreviation="KPSEA"))

    def deployed(self, status=DeploymentStatus.ACCEPTED, **fields):
        return make.deployment(status, officer=self.officer, post=self.post, **fields)

    def test_the_exam_the_station_and_the_days_are_named(self):
        held = self.deployed()
        vacancy = make.vacancy()

        [reason] = against(self.officer, vacancy)
        first, last = held.starts_on, held.ends_on
        assert reason.words.startswith(
            f"You are deployed for KPSEA 2025 at {self.post.station} "
            f"from {first:%-d %b %Y} to {last:%-d %b %Y}; this exam is from "
        )
        assert reason.url == reverse("deployments:detail", args=[held.pk])

    def test_only_days_that_are_shared_count_to_the_day(self):
        held = self.deployed()
        day = timedelta(days=1)
        for first, last, reasons in (
            (held.ends_on, held.ends_on + day, 1),
            (held.ends_on + day, held.ends_on + 2 * day, 0),
            (held.starts_on - 2 * day, held.starts_on - day, 0),
            (held.starts_on - day, held.starts_on, 1),
        ):
            exam = make.exam(rehearsal_on=first, starts_on=first, ends_on=last)
            with self.subTest(first=first, last=last):
                assert len(against(self.officer, make.vacancy(exam=exam))) == reasons

    def test_only_live_ones_count(self):
        vacancy = make.vacancy()
        for status in DeploymentStatus:
            with self.subTest(status), transaction.atomic():
                self.deployed(status)
                assert len(against(self.officer, vacancy)) == (status in {"offered", "accepted"})
                transaction.set_rollback(True)

    def test_of_the_same_exam_the_application_speaks_where_there_is_one(self):
        vacancy = make.vacancy(exam=self.post.exam)
        held = self.deployed()
        assert len(against(self.officer, vacancy)) == 1

        held.application = make.application(
            ApplicationStatus.DEPLOYED, officer=self.officer, vacancy=vacancy
        )
        held.save()
        [reason] = against(self.officer, vacancy)
        assert reason.words.startswith("You have already applied for this exam")

    @override_settings(REASONS_AGAINST_APPLYING=[])
    def test_it_is_a_setting_that_asks(self):
        self.deployed()
        assert against(self.officer, make.vacancy()) == []


class Costs(TestCase):
    def test_as_many_queries_for_30_vacancies_as_for_one(self):
        officer = make.officer()
        make.work(officer)
        make.qualification(officer)
        make.application(officer=officer)
        make.deployment(officer=officer)

        def count():
            with CaptureQueriesContext(connection) as queries:
                applicant = Applicant.of(officer.user)
                for vacancy in Vacancy.objects.in_words().with_terms():
                    list(reasons_against(applicant, vacancy))
            return len(queries)

        assert count() == 3  # the officer, what they are deployed for, the vacancies
        for _ in range(30):
            made = make.vacancy()
            make.terms(made.exam, made.position, years_of_experience=30, school_levels=["primary"])
        assert count() == 3


PEOPLE = st.fixed_dictionaries(
    {
        "submitted": st.booleans(),
        "barred": st.booleans(),
        "level": st.sampled_from(["", *Level.values]),
        "employer": st.sampled_from([None, Employer.TSC, Employer.SCHOOL]),
        "years": st.integers(0, 6),
        "study": st.sampled_from(["", *StudyLevel.values]),
        "applied": st.sampled_from(["", *ApplicationStatus.values]),
        "serves": st.sampled_from(["", *DeploymentStatus.values]),
    }
)
TERMS = st.none() | st.fixed_dictionaries(
    {
        "school_levels": st.lists(st.sampled_from(Level.values), unique=True),
        "tsc_employment_required": st.booleans(),
        "lowest_qualification": st.sampled_from(["", *StudyLevel.values]),
        "years_of_experience": st.integers(0, 6),
    }
)
WINDOWS = st.sampled_from([(-2, -1), (-1, 1), (-1, 1), (-1, 1), (1, 2)])


class PageAndService(HypothesisTestCase):
    """Whoever and whatever it is: the page shows its button exactly when the service accepts, and
    the service refuses with every sentence of the page."""

    @settings(max_examples=80, deadline=None, derandomize=True)
    @given(who=PEOPLE, terms=TERMS, window=WINDOWS)
    def test_they_agree(self, who, terms, window):
        now, day = timezone.now(), timedelta(days=1)
        opens_at, closes_at = (now + days * day for days in window)
        vacancy = make.vacancy(opens_at=opens_at, closes_at=closes_at)
        if terms:
            make.terms(vacancy.exam, vacancy.position, **terms)
        officer = self.somebody(vacancy, **who)

        self.client.force_login(officer.user)
        page = self.client.get(reverse("vacancies:apply", args=[vacancy.pk]))
        shown = [reason.words for reason in page.context["reasons"]]
        assert ("Submit Application" in page.text) == (shown == [])
        before = officer.applications.count()
        if shown:
            with pytest.raises(Refused) as refusal:
                services.apply(vacancy, officer=officer, by=officer.user)
            assert list(refusal.value.args) == shown
            assert officer.applications.count() == before
        else:
            services.apply(vacancy, officer=officer, by=officer.user)
            assert officer.applications.count() == before + 1

    def somebody(
        self, vacancy, *, submitted, barred, level, employer, years, study, applied, serves
    ):
        fields = {} if submitted else {"submitted_at": None}
        if barred:
            fields |= {"vetting": Vetting.BARRED, "vetting_reason": "Under investigation."}
        officer = make.officer(**fields)
        if employer:
            began = make.today() - timedelta(days=366 * years)
            make.work(officer, employer=employer, level=level, starts_on=began)
        if study:
            make.qualification(officer, level=study)
        if applied:
            other = make.vacancy(exam=vacancy.exam, position=make.position("SUP"))
            make.application(ApplicationStatus(applied), officer=officer, vacancy=other)
        if serves:
            make.deployment(DeploymentStatus(serves), officer=officer)
        return officer
