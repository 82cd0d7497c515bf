"""The rules as rows: each refuses in a sentence, lets everybody else be, and comes in halves."""

import random
from datetime import timedelta

from django.test import TestCase
from django.utils import timezone

from catalogue.models import OwnSchool, Skill, Subject
from cp2.tests import make
from deployments.eligibility import (
    against_everywhere,
    against_here,
    elsewhere,
    first_day,
    lifted,
    only_at,
    reasons_against,
    stations_refused,
    terms_of,
    with_history,
)
from deployments.models import DeploymentStatus
from deployments.sites import site_of, sites_of
from profiles.models import Officer
from vacancies.rules import NEVER_WAIVED, Rule

YEAR = timedelta(days=365)


class Ruled(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.exam = make.exam(cooling_off_years=3)
        cls.post = make.post(exam=cls.exam, required=2)
        cls.officer = make.officer()
        cls.asked = make.terms(cls.exam, cls.post.position)

    def again(self, officer=None):
        return with_history(Officer.objects.filter(pk=(officer or self.officer).pk)).get()

    def against(self, post=None, officer=None, **kwargs):
        post = post or self.post
        found = reasons_against(self.again(officer), post, terms=terms_of(post), **kwargs)
        return [(each.rule, str(each)) for each in found]

    def rules(self, *args, **kwargs):
        return [rule for rule, _words in self.against(*args, **kwargs)]

    def ask(self, **fields):
        make.terms(self.exam, self.post.position, **fields)


class AgeTests(Ruled):
    def test_the_age_that_is_reached_in_the_year_of_the_exam_counts(self):
        self.ask(oldest=50)
        year = self.exam.starts_on.year
        Officer.objects.update(year_of_birth=year - 50)
        assert self.against() == []
        Officer.objects.update(year_of_birth=year - 51)
        assert self.against() == [
            (Rule.AGE, f"Born in {year - 51}, where the position has an age limit of 50 years.")
        ]

    def test_whose_year_is_unknown_meets_no_limit(self):
        Officer.objects.update(year_of_birth=None)
        assert self.against() == []
        self.ask(oldest=50)
        assert self.rules() == [Rule.AGE]


class ExaminerTests(Ruled):
    def setUp(self):
        position = make.position("EXM-101-1")
        position.subject, position.paper = Subject.objects.get(code="101"), "101/1"
        position.save()
        self.marking = make.post(
            exam=self.exam, station=make.station(kind="marking_centre"), position=position
        )
        make.terms(
            self.exam,
            position,
            station_kind="marking_centre",
            subject_required=True,
            training_required=True,
        )

    def test_subject_and_training_are_asked_in_sentences(self):
        assert self.against(self.marking) == [
            (
                Rule.SUBJECT,
                "The officer's profile does not name the subject of this position: EXM-101-1.",
            ),
            (
                Rule.TRAINING,
                "The officer's profile shows no training as examiner for this: EXM-101-1.",
            ),
        ]

    def test_whoever_teaches_it_and_is_trained_for_the_very_paper_may(self):
        Officer.objects.update(subjects=["101"])
        make.training(self.again(), "101/2")
        assert self.rules(self.marking) == [Rule.TRAINING]
        make.training(self.again(), "101/1")
        assert self.rules(self.marking) == []

    def test_a_position_of_a_whole_subject_takes_any_of_its_papers(self):
        self.marking.position.paper = ""
        self.marking.position.save()
        Officer.objects.update(subjects=["101"])
        make.training(self.again(), "102/1")
        assert self.rules(self.marking) == [Rule.TRAINING]
        make.training(self.again(), "101/3")
        assert self.rules(self.marking) == []


class InterestTests(Ruled):
    def test_a_declared_interest_closes_that_station_alone(self):
        make.interest(self.officer, station=self.post.station)
        assert self.against() == [
            (Rule.INTEREST, f"The officer has declared an interest in {self.post.station}.")
        ]
        assert self.rules(make.post(exam=self.exam)) == []

    def test_what_an_office_recorded_counts_as_well_and_for_heads_too(self):
        make.interest(
            self.officer, station=self.post.station, recorded_by=make.user(), words="Her son"
        )
        make.work(self.officer, station=self.post.station)
        self.ask(at_own_school=OwnSchool.REQUIRED)
        assert self.against() == [
            (Rule.INTEREST, f"An interest of the officer in {self.post.station} is on record.")
        ]


class OwnSchoolTests(Ruled):
    def test_where_it_is_allowed_one_may_serve_at_home_and_elsewhere(self):
        make.work(self.officer, station=self.post.station)
        assert self.rules() == [Rule.OWN_SCHOOL]
        self.ask(at_own_school=OwnSchool.ALLOWED)
        assert self.rules() == []
        assert self.rules(make.post(exam=self.exam)) == []

    def test_who_is_asked_to_be_of_the_house_has_served_there_before(self):
        make.work(self.officer, station=self.post.station)
        self.ask(at_own_school=OwnSchool.REQUIRED)
        last = make.exam(
            year=self.exam.year - 1,
            rehearsal_on=self.exam.starts_on - YEAR,
            starts_on=self.exam.starts_on - YEAR,
            ends_on=self.exam.starts_on - YEAR,
        )
        make.deployment(post=make.post(exam=last, station=self.post.station), officer=self.officer)
        assert self.rules() == []
        assert only_at(self.again(), self.exam, terms_of(self.post)) == {self.post.station_id}

    def test_where_nothing_is_required_every_station_is_open(self):
        assert only_at(self.again(), self.exam, terms_of(self.post)) is None

    def test_work_that_ended_exactly_so_many_years_ago_still_counts(self):
        day = self.exam.starts_on.replace(year=self.exam.starts_on.year - 3)
        work = make.work(self.officer, station=self.post.station, starts_on=day - YEAR, ends_on=day)
        assert self.rules() == [Rule.COOLING_OFF]
        work.ends_on = day - timedelta(days=1)
        work.save()
        assert self.rules() == []


class NeedsTests(Ruled):
    def setUp(self):
        make.entry(exam=self.exam, station=self.post.station, needs=[Skill.BRAILLE])
        self.ask(meets_needs=True)
        self.reader = make.officer(skills=[Skill.BRAILLE])

    def test_the_last_place_is_kept_for_whoever_reads_braille(self):
        assert self.rules() == []
        make.deployment(post=self.post)
        assert self.against() == [
            (
                Rule.NEEDS,
                f"Candidates at {self.post.station} need Braille; the last free place is kept for "
                "an officer who has that.",
            )
        ]
        assert self.rules(officer=self.reader) == []

    def test_once_somebody_has_it_the_last_place_is_anybodys(self):
        make.deployment(post=self.post, officer=self.reader)
        assert self.rules() == []

    def test_whoever_takes_the_readers_own_place_must_read_it(self):
        held = make.deployment(post=self.post, officer=self.reader)
        make.deployment(post=self.post, slot=2)
        site = site_of(self.post, terms_of(self.post), instead_of=held)
        assert self.rules(site=site) == [Rule.NEEDS]

    def test_a_position_that_does_not_meet_needs_is_left_alone(self):
        make.deployment(post=self.post)
        self.ask(meets_needs=False)
        assert self.rules() == []

    def test_many_sites_take_the_queries_of_one(self):
        posts, terms = [self.post], {self.post.position_id: terms_of(self.post)}
        for _each in range(4):
            entry = make.entry(exam=self.exam, needs=[Skill.ARABIC])
            posts.append(make.post(exam=self.exam, station=entry.station, required=1))
        with self.assertNumQueries(2):
            found = sites_of(posts, terms)
        assert [found[post.pk].wants for post in posts[1:]] == [{Skill.ARABIC}] * 4
        assert found[self.post.pk].wants == set()


class HostingTests(Ruled):
    def test_a_hosted_centre_has_no_such_position(self):
        make.entry(exam=self.exam, station=self.post.station, host=make.station())
        assert self.rules() == []
        self.ask(in_hosted_centres=False)
        assert self.against() == [
            (
                Rule.HOSTING,
                f"{self.post.station} is hosted by another centre, where there is no such "
                "position.",
            )
        ]


class WaivedTests(Ruled):
    def test_a_waiver_lifts_its_rule_for_its_exam_and_nobody_elses(self):
        self.ask(years_of_experience=9)
        assert self.rules() == [Rule.EXPERIENCE]
        waiver = make.waiver(self.officer, self.exam, Rule.EXPERIENCE)
        assert self.rules() == []
        assert self.rules(officer=make.officer()) == [Rule.EXPERIENCE]
        (found,) = lifted(self.again(), self.post, terms=terms_of(self.post))
        assert (found.waiver, found.objection.rule) == (waiver, Rule.EXPERIENCE)

    def test_of_another_exam_or_withdrawn_it_lifts_nothing(self):
        self.ask(years_of_experience=9)
        make.waiver(self.officer, make.exam(), Rule.EXPERIENCE)
        make.waiver(
            self.officer,
            self.exam,
            Rule.EXPERIENCE,
            withdrawn_at=timezone.now(),
            withdrawn_by=make.user(),
            withdrawal_reason="A mistake",
        )
        assert self.rules() == [Rule.EXPERIENCE]

    def test_for_one_station_it_holds_there_alone(self):
        other = make.post(exam=self.exam)
        for post in (self.post, other):
            make.interest(self.officer, station=post.station)
        make.waiver(self.officer, self.exam, Rule.INTEREST, station=self.post.station)
        assert self.rules() == []
        assert self.rules(other) == [Rule.INTEREST]

    def test_who_need_not_be_of_the_house_may_go_where_it_is_waived(self):
        self.ask(at_own_school=OwnSchool.REQUIRED)
        make.waiver(self.officer, self.exam, Rule.NOT_THEIR_SCHOOL, station=self.post.station)
        assert self.rules() == []
        assert only_at(self.again(), self.exam, terms_of(self.post)) == {self.post.station_id}
        make.waiver(self.officer, self.exam, Rule.NOT_THEIR_SCHOOL)
        assert only_at(self.again(), self.exam, terms_of(self.post)) is None


class HalvesTests(Ruled):
    def test_the_sum_is_its_halves_whoever_and_wherever_it_is(self):
        dice = random.Random(7)
        stations = [make.station() for _each in range(3)]
        for station in stations:
            make.entry(
                exam=self.exam,
                station=station,
                host=dice.choice([None, make.station()]),
                needs=dice.choice([[], [Skill.BRAILLE]]),
            )
        past = make.exam(
            year=self.exam.year - 2,
            rehearsal_on=self.exam.starts_on - 2 * YEAR,
            starts_on=self.exam.starts_on - 2 * YEAR,
            ends_on=self.exam.starts_on - 2 * YEAR,
        )
        waivable = [rule for rule in Rule if rule not in NEVER_WAIVED]
        for _each in range(12):
            officer = make.officer(vetting=dice.choice(["pending", "vetted"]))
            make.work(officer, station=dice.choice([None, *stations]))
            make.interest(officer, station=dice.choice(stations))
            make.waiver(officer, self.exam, dice.choice(waivable))
            for exam, status in [(past, "accepted"), (self.exam, "offered")]:
                if dice.random() < 0.5:
                    post = make.post(
                        exam=exam,
                        station=dice.choice(stations),
                        position=make.position(f"P{make.number()}"),
                    )
                    make.deployment(DeploymentStatus(status), post=post, officer=officer)
        posts = [make.post(exam=self.exam, station=each, required=1) for each in stations]
        seen = set()
        for own in OwnSchool:
            self.ask(
                at_own_school=own,
                meets_needs=True,
                in_hosted_centres=False,
                years_of_experience=7,
                oldest=60,
            )
            terms = terms_of(self.post)
            sites = sites_of(posts, {terms.position_id: terms})
            for officer in with_history(Officer.objects.all()):
                everywhere = list(against_everywhere(officer, self.exam, self.post.position, terms))
                refused = stations_refused(officer, self.exam, terms)
                for post in posts:
                    site = sites[post.pk]
                    halves = [
                        *everywhere,
                        *refused.get(post.station_id, []),
                        *against_here(officer, post, terms, site),
                        *elsewhere(officer, self.exam, first_day(post)),
                    ]
                    whole = list(reasons_against(officer, post, terms=terms, site=site))
                    assert whole == halves
                    seen |= {each.rule for each in whole}
                    open_to = only_at(officer, self.exam, terms)
                    shut = open_to is not None and post.station_id not in open_to
                    assert shut == (Rule.NOT_THEIR_SCHOOL in {each.rule for each in whole})
        assert len(seen) >= 8
