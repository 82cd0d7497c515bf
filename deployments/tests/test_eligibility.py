"""Why an officer may not fill a post: every rule, and that page and service agree."""

from datetime import timedelta

from django.test import TestCase
from django.utils import timezone

from catalogue.models import Level, OwnSchool
from cp2.tests import make
from deployments.eligibility import reasons_against, terms_of, with_history
from deployments.models import DeploymentStatus
from deployments.sites import Site
from profiles.models import Employer, Officer, Vetting

YEAR = timedelta(days=365)


class ReasonsTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.exam = make.exam(cooling_off_years=3)
        cls.post = make.post(exam=cls.exam)
        cls.officer = make.officer()
        cls.asked = make.terms(cls.exam, cls.post.position)

    def reasons(self, post=None, **kwargs):
        officer = with_history(Officer.objects.filter(pk=self.officer.pk)).get()
        post = post or self.post
        against = reasons_against(officer, post, terms=terms_of(post), **kwargs)
        return [str(each) for each in against]

    def ask(self, **fields):
        make.terms(self.exam, self.post.position, **fields)

    def test_nothing_speaks_against_a_plain_officer(self):
        assert self.reasons() == []

    def test_a_profile_must_be_submitted(self):
        Officer.objects.update(submitted_at=None)
        assert self.reasons() == ["The profile is not submitted yet."]

    def test_barred(self):
        Officer.objects.update(vetting=Vetting.BARRED, vetting_reason="Found with a paper")
        assert self.reasons() == ["Headquarters has barred this officer."]

    def test_vetted_where_the_exam_asks_for_it(self):
        Officer.objects.update(vetting=Vetting.PENDING)
        assert self.reasons() == ["The officer is not vetted yet."]
        self.ask(vetting_required=False)
        assert self.reasons() == []

    def test_an_exam_without_terms_for_the_position(self):
        self.asked.delete()
        assert self.reasons() == ["Headquarters has set no terms for this position in this exam."]

    def test_employed_by_the_commission(self):
        self.ask(tsc_employment_required=True)
        assert self.reasons() == [
            "The Teachers Service Commission does not employ this officer now."
        ]
        work = make.work(self.officer)
        assert self.reasons() == []
        work.employer = Employer.SCHOOL
        work.save()
        assert len(self.reasons()) == 1

    def test_employment_that_ended_does_not_count(self):
        self.ask(tsc_employment_required=True)
        make.work(self.officer, ends_on=timezone.localdate())
        assert len(self.reasons()) == 1

    def test_the_level_of_the_school_swings_from_year_to_year(self):
        make.work(self.officer, level=Level.SECONDARY)
        self.ask(school_levels=[Level.PRIMARY])
        assert self.reasons() == [
            "The officer does not work at a school of this level now: Primary."
        ]
        self.ask(school_levels=[Level.PRIMARY, Level.SECONDARY])
        assert self.reasons() == []

    def test_the_lowest_qualification(self):
        self.ask(lowest_qualification="diploma")
        make.qualification(self.officer, level="certificate")
        assert self.reasons() == ["The position asks for a higher level of study: Diploma."]
        make.qualification(self.officer, level="degree")
        assert self.reasons() == []

    def test_years_of_experience(self):
        self.ask(years_of_experience=7)
        make.work(self.officer, starts_on=timezone.localdate() - 6.5 * YEAR)
        assert self.reasons() == ["Years of experience: 6, where the position asks for 7."]
        self.ask(years_of_experience=6)
        assert self.reasons() == []

    def test_not_at_ones_own_school(self):
        make.work(self.officer, station=self.post.station)
        assert self.reasons() == ["The officer works at this school."]

    def test_not_at_a_school_left_within_the_cooling_off_years(self):
        work = make.work(
            self.officer, station=self.post.station, ends_on=self.exam.starts_on - 2 * YEAR
        )
        (reason,) = self.reasons()
        assert reason.startswith("The officer worked at this school until ")
        work.ends_on = self.exam.starts_on - 3 * YEAR - timedelta(days=10)
        work.save()
        assert self.reasons() == []

    def test_a_centre_manager_is_the_head_of_that_very_school(self):
        post = make.post(exam=self.exam, station=self.post.station, position=make.position("CM"))
        make.terms(self.exam, post.position, at_own_school=OwnSchool.REQUIRED)
        assert self.reasons(post) == [
            f"This position is for those who work at {post.station}; the officer does not."
        ]
        make.work(self.officer, station=self.post.station)
        assert self.reasons(post) == []

    def past(self, years, status=DeploymentStatus.ACCEPTED, **fields):
        then = self.exam.starts_on - years * YEAR
        exam = make.exam(
            year=self.exam.year - years, rehearsal_on=then, starts_on=then, ends_on=then + YEAR / 20
        )
        post = make.post(exam=exam, station=self.post.station)
        return make.deployment(status, post=post, officer=self.officer, **fields)

    def test_not_at_a_centre_served_within_the_cooling_off_years(self):
        self.past(3)
        assert self.reasons() == [
            "The officer served at this centre in 2022, too short a time ago."
        ]

    def test_the_cooling_off_ends(self):
        self.past(4)
        assert self.reasons() == []

    def test_an_offer_that_came_to_nothing_is_not_service(self):
        self.past(1, DeploymentStatus.REJECTED)
        assert self.reasons() == []

    def test_being_moved_away_was_service(self):
        self.past(1, DeploymentStatus.MOVED)
        assert len(self.reasons()) == 1

    def test_one_place_at_a_time(self):
        other = make.deployment(DeploymentStatus.OFFERED, officer=self.officer)
        (reason,) = self.reasons()
        assert reason.startswith(f"Already deployed at {other.post.station}, ")
        assert self.reasons(leaving=other) == []

    def test_what_was_called_off_holds_nobody(self):
        make.deployment(DeploymentStatus.CANCELLED, officer=self.officer)
        assert self.reasons() == []

    def test_another_exam_before_or_after_is_no_clash(self):
        ends = timezone.localdate() - timedelta(days=1)
        make.deployment(officer=self.officer, ends_on=ends)
        assert self.reasons() == []

    def test_a_page_of_officers_takes_the_queries_of_one(self):
        def look():
            for officer in with_history(Officer.objects.all()):
                list(reasons_against(officer, self.post, terms=self.asked, site=Site()))

        with self.assertNumQueries(6):
            look()
        for _each in range(4):
            officer = make.officer()
            make.work(officer)
            make.qualification(officer)
            make.deployment(officer=officer)
        with self.assertNumQueries(6):
            look()
