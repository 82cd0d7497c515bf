"""Entitlements: the one statement against a slow reference, and what it must leave alone."""

import math
import random

import pytest
from django.test import TestCase

from accounts.models import Entry
from catalogue.models import CentreEntry, PositionTerms, StationKind
from cp2.rules import Refused
from cp2.tests import make
from deployments import services
from deployments.models import DeploymentStatus, Post


def reference(exam, sub_county=None):
    """What a person with a pencil would write down: (station, position) → number."""
    wanted = {}
    entries = list(CentreEntry.objects.select_related("station", "distribution_centre", "exam"))
    for terms in PositionTerms.objects.filter(exam=exam):
        served = {}  # station → (candidates, centres)
        for entry in entries:
            if entry.exam != exam:
                continue
            candidates = entry.candidates
            if terms.station_kind == StationKind.EXAMINATION_CENTRE:
                station = entry.station
                if entry.host_id and not terms.in_hosted_centres:
                    continue
                if any((e.exam_id, e.station) == (terms.counted_with_id, station) for e in entries):
                    continue
                if terms.counts_hosted:
                    candidates += sum(
                        e.candidates for e in entries if (e.exam, e.host) == (exam, station)
                    )
                candidates += sum(
                    e.candidates
                    for e in entries
                    if e.station == station
                    and PositionTerms.objects.filter(
                        exam=e.exam, position=terms.position, counted_with=exam
                    ).exists()
                )
            else:
                station = entry.distribution_centre
                if station is None or station.kind != terms.station_kind:
                    continue
            before = served.get(station, (0, 0))
            served[station] = before[0] + candidates, before[1] + 1
        for station, (candidates, centres) in served.items():
            if sub_county and station.sub_county != sub_county:
                continue
            required = max(
                terms.minimum_per_centre,
                math.ceil(candidates / (terms.candidates_per_officer or math.inf)),
                math.ceil(centres / (terms.centres_per_officer or math.inf)),
            )
            if terms.one_more_above is not None and candidates > terms.one_more_above:
                required += 1
            if required:
                wanted[station.pk, terms.position_id] = required
    return wanted


def written(exam, **filters):
    return {
        (post.station_id, post.position_id): post.required
        for post in Post.objects.filter(exam=exam, **filters)
    }


class ComputeTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.exam = make.exam()
        cls.staff = make.user()
        cls.invigilator = make.position("INV")
        make.terms(cls.exam, cls.invigilator)

    def compute(self, **scope):
        return services.compute_posts(self.exam, by=self.staff, **scope)

    def required(self, entry, position=None):
        return Post.objects.get(
            exam=self.exam, station=entry.station, position=position or self.invigilator
        ).required

    def test_a_part_of_a_class_asks_for_a_whole_officer(self):
        for candidates, officers in ((1, 1), (20, 1), (21, 2), (40, 2), (41, 3)):
            entry = make.entry(exam=self.exam, candidates=candidates)
            self.compute()
            assert self.required(entry) == officers

    def test_one_more_security_officer_above_250_candidates(self):
        security = make.position("SEC")
        make.terms(
            self.exam,
            security,
            candidates_per_officer=None,
            minimum_per_centre=2,
            one_more_above=250,
        )
        for candidates, officers in ((250, 2), (251, 3)):
            entry = make.entry(exam=self.exam, candidates=candidates)
            self.compute()
            assert self.required(entry, security) == officers

    def test_one_vehicle_for_four_centres_of_a_distribution_centre(self):
        driver = make.position("DRV")
        make.terms(
            self.exam,
            driver,
            station_kind=StationKind.DISTRIBUTION_CENTRE,
            candidates_per_officer=None,
            minimum_per_centre=1,
            centres_per_officer=4,
        )
        depot = make.station(kind=StationKind.DISTRIBUTION_CENTRE, level="")
        for centres, officers in ((1, 1), (4, 1), (5, 2)):
            while CentreEntry.objects.filter(distribution_centre=depot).count() < centres:
                make.entry(exam=self.exam, distribution_centre=depot)
            self.compute()
            assert Post.objects.get(station=depot).required == officers

    def test_a_host_counts_the_candidates_that_it_hosts(self):
        supervisor = make.position("SUP")
        make.terms(
            self.exam,
            supervisor,
            candidates_per_officer=200,
            in_hosted_centres=False,
            counts_hosted=True,
        )
        host = make.entry(exam=self.exam, candidates=180)
        make.entry(exam=self.exam, candidates=29, host=host.station)
        self.compute()
        assert self.required(host, supervisor) == 2

    def test_two_exams_in_one_school_share_their_supervisor(self):
        supervisor, junior = make.position("SUP"), make.exam()
        make.terms(self.exam, supervisor, candidates_per_officer=200, counted_with=junior)
        make.terms(junior, supervisor, candidates_per_officer=200)
        both, alone = make.entry(exam=self.exam, candidates=150), make.entry(exam=self.exam)
        make.entry(exam=junior, station=both.station, candidates=60)
        self.compute()
        services.compute_posts(junior, by=None)
        posts = Post.objects.filter(position=supervisor)
        assert set(posts.values_list("exam", "station", "required")) == {
            (self.exam.pk, alone.station_id, 1),
            (junior.pk, both.station_id, 2),
        }

    def test_the_minimum_holds_where_the_ratio_gives_less(self):
        make.terms(
            self.exam, make.position("SEC"), candidates_per_officer=250, minimum_per_centre=2
        )
        entry = make.entry(exam=self.exam, candidates=10)
        self.compute()
        assert self.required(entry, make.position("SEC")) == 2

    def test_without_a_ratio_each_centre_gets_the_minimum(self):
        make.terms(self.exam, make.position("CM"), candidates_per_officer=None)
        entry = make.entry(exam=self.exam, candidates=900)
        self.compute()
        assert self.required(entry, make.position("CM")) == 1

    def test_a_hosted_centre_gets_only_the_positions_that_its_terms_give_it(self):
        make.terms(self.exam, make.position("SUP"), in_hosted_centres=False)
        host = make.entry(exam=self.exam)
        hosted = make.entry(exam=self.exam, candidates=12, host=host.station)
        self.compute()
        assert written(self.exam, station=hosted.station) == {
            (hosted.station_id, self.invigilator.pk): 1
        }
        assert self.required(host, make.position("SUP")) == 3

    def test_a_distribution_centre_is_entitled_by_all_the_candidates_it_serves(self):
        depot = make.station(kind=StationKind.DISTRIBUTION_CENTRE, level="")
        clerk = make.position("CLK")
        make.terms(
            self.exam,
            clerk,
            station_kind=StationKind.DISTRIBUTION_CENTRE,
            candidates_per_officer=100,
        )
        for candidates in (60, 60, 90):
            make.entry(exam=self.exam, candidates=candidates, distribution_centre=depot)
        make.entry(exam=self.exam, candidates=1000)
        self.compute()
        assert written(self.exam, position=clerk) == {(depot.pk, clerk.pk): 3}

    def test_a_centre_that_stores_papers_for_another_is_not_counted_twice(self):
        store = make.entry(exam=self.exam, candidates=40)
        make.entry(exam=self.exam, candidates=40, distribution_centre=store.station)
        self.compute()
        assert self.required(store) == 2

    def test_a_number_of_nought_makes_no_post(self):
        make.terms(
            self.exam, make.position("SEC"), candidates_per_officer=None, minimum_per_centre=0
        )
        make.entry(exam=self.exam)
        self.compute()
        assert not Post.objects.filter(position=make.position("SEC")).exists()

    def test_again_changes_nothing(self):
        make.entry(exam=self.exam)
        assert self.compute().made == 1
        again = self.compute()
        assert (again.made, again.changed, again.removed, again.held) == (0, 0, 0, [])

    def test_only_one_sub_county_when_asked_for_one(self):
        here, elsewhere = make.entry(exam=self.exam), make.entry(exam=self.exam)
        self.compute(sub_county=here.station.sub_county)
        assert list(Post.objects.values_list("station", flat=True)) == [here.station_id]
        assert elsewhere.station_id not in Post.objects.values_list("station", flat=True)

    def test_an_overridden_post_stays(self):
        entry = make.entry(exam=self.exam)
        self.compute()
        post = Post.objects.get()
        services.override_post(post, required=7, reason="A candidate reads braille", by=self.staff)
        assert self.compute().overridden == 1
        assert self.required(entry) == 7

    def test_no_post_falls_below_the_officers_who_are_there(self):
        entry = make.entry(exam=self.exam, candidates=60)
        self.compute()
        post = Post.objects.get()
        make.deployment(DeploymentStatus.OFFERED, post=post, slot=2)
        CentreEntry.objects.update(candidates=10)
        outcome = self.compute()
        assert self.required(entry) == 2
        assert outcome.held == [post.pk]

    def test_what_nothing_entitles_to_any_more_goes_unless_somebody_was_there(self):
        gone, kept = make.entry(exam=self.exam), make.entry(exam=self.exam)
        self.compute()
        post = Post.objects.get(station=kept.station)
        make.deployment(DeploymentStatus.CANCELLED, post=post)
        CentreEntry.objects.all().delete()
        assert self.compute().removed == 1
        assert written(self.exam) == {(kept.station_id, self.invigilator.pk): 0}
        assert gone.station_id not in Post.objects.values_list("station", flat=True)

    def test_absurd_numbers_do_not_overflow(self):
        make.terms(self.exam, make.position("SUP"), candidates_per_officer=1)
        entry = make.entry(exam=self.exam, candidates=2_000_000_000)
        self.compute()
        assert self.required(entry, make.position("SUP")) == 32767

    def test_another_exam_is_left_alone(self):
        other = make.post(required=9)
        self.compute()
        other.refresh_from_db()
        assert other.required == 9

    def test_the_trail_says_who_computed_what(self):
        make.entry(exam=self.exam)
        self.compute()
        entry = Entry.objects.get(verb="posts.computed")
        assert (entry.actor, entry.subject_id, entry.details["made"]) == (
            self.staff,
            self.exam.pk,
            1,
        )

    def test_any_number_of_stations_takes_the_same_queries(self):
        make.entry(exam=self.exam)
        with self.assertNumQueries(10):  # the savepoint's two among them
            self.compute()
        for _each in range(5):
            make.entry(exam=self.exam)
        with self.assertNumQueries(10):
            self.compute()


class AgainstTheReferenceTests(TestCase):
    def test_random_exams(self):
        for seed in range(12):
            with self.subTest(seed=seed):
                self.one_exam(random.Random(seed))

    def one_exam(self, dice):
        exam = make.exam()
        places = [make.sub_county() for _each in range(3)]
        depots = [
            make.station(
                kind=StationKind.DISTRIBUTION_CENTRE, level="", sub_county=dice.choice(places)
            )
            for _each in range(3)
        ]
        for code in ("CM", "SUP", "INV", "SEC", "CLK", "DRV"):
            make.terms(
                exam,
                make.position(code),
                station_kind=StationKind.DISTRIBUTION_CENTRE
                if code in ("CLK", "DRV")
                else StationKind.EXAMINATION_CENTRE,
                candidates_per_officer=dice.choice([None, 1, 7, 20, 200]),
                minimum_per_centre=dice.choice([0, 1, 2]),
                one_more_above=dice.choice([None, 0, 20, 250]),
                centres_per_officer=dice.choice([None, 1, 2]),
                in_hosted_centres=dice.random() < 0.5,
                counts_hosted=dice.random() < 0.5,
            )
        led = make.exam()
        for code in ("SUP", "SEC"):
            position = make.position(code)
            make.terms(led, position, counted_with=dice.choice([None, exam]))
            PositionTerms.objects.filter(exam=exam, position=position).update(
                counted_with=dice.choice([None, None, led])
            )
        stations = []
        for _each in range(12):
            station = make.station(sub_county=dice.choice(places))
            make.entry(
                exam=exam,
                station=station,
                candidates=dice.choice([0, 1, 19, 20, 21, 199, 201, 750]),
                distribution_centre=dice.choice([None, *depots]),
                host=dice.choice([None, *stations]) if dice.random() < 0.4 else None,
            )
            if dice.random() < 0.3:
                make.entry(exam=led, station=station, candidates=dice.choice([1, 30, 180]))
            stations.append(station)
        services.compute_posts(exam, by=None, sub_county=places[0])
        assert written(exam) == reference(exam, places[0])

        CentreEntry.objects.filter(exam=exam, candidates__gt=20).update(candidates=33)
        services.compute_posts(exam, by=None)
        assert written(exam) == reference(exam)


class OverrideTests(TestCase):
    def setUp(self):
        self.post, self.staff = make.post(required=3), make.user()

    def override(self, **fields):
        return services.override_post(
            self.post, **{"required": 5, "reason": "Two blocks", "by": self.staff, **fields}
        )

    def test_the_number_and_the_reason_are_kept_and_recorded(self):
        self.override()
        self.post.refresh_from_db()
        assert (self.post.required, self.post.override_reason) == (5, "Two blocks")
        entry = Entry.objects.get(verb="post.overridden")
        assert (entry.details["was"], entry.details["now"]) == (3, 5)

    def test_no_reason_no_override(self):
        with pytest.raises(Refused, match="reason"):
            self.override(reason="  ")
        self.post.refresh_from_db()
        assert self.post.required == 3

    def test_never_below_who_is_there(self):
        make.deployment(post=self.post, slot=3)
        with pytest.raises(Refused, match="up to place 3"):
            self.override(required=2)
        assert not Entry.objects.exists()
