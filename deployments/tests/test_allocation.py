"""A run from its start to the proposal: what is proposed, why, and what becomes of a run whose
worker dies."""

from collections import Counter
from datetime import timedelta
from unittest import mock

import pytest
from django.test import TestCase
from django.utils import timezone

from accounts.models import Entry
from attendance.models import MarkStatus
from cp2.rules import Refused
from cp2.tests import make
from deployments.allocation import parts, runs
from deployments.allocation.worker import work
from deployments.models import (
    AllocationPart,
    AllocationWeights,
    Deployment,
    DeploymentStatus,
    Proposal,
    RunStatus,
    Spill,
    Whose,
)
from deployments.tests.allocating import Place
from sms.models import Message
from vacancies.models import ApplicationStatus


def pairs(run):
    return {(each.officer_id, each.post_id) for each in run.proposals.filter(status="proposed")}


class ProposedTests(TestCase):
    def setUp(self):
        self.place = Place(required=(1, 1))
        self.here, self.there = self.place.posts

    def test_each_to_the_nearer_school_and_nothing_is_sent(self):
        one = self.place.applicant(near=self.place.stations[1])
        two = self.place.applicant(near=self.place.stations[0])
        run = self.place.proposed()
        assert run.status == RunStatus.DONE
        assert run.progress == 100
        assert pairs(run) == {
            (one.officer_id, self.there.pk),
            (two.officer_id, self.here.pk),
        }
        assert not Deployment.objects.exists()
        assert not Message.objects.exists()
        one.refresh_from_db()
        assert one.status == ApplicationStatus.SUBMITTED
        assert [entry.verb for entry in Entry.objects.order_by("pk")] == [
            "allocation.started",
            "allocation.proposed",
        ]

    def test_more_standing_goes_first_and_the_other_is_told_why(self):
        self.place.applicant(years=3)
        better = [self.place.applicant(years=years) for years in (9, 12)]
        run = self.place.proposed()
        assert {officer for officer, _post in pairs(run)} == {each.officer_id for each in better}
        (left,) = run.unplaced.all()
        assert (left.why, left.standing, left.least) == ("others", 16, 28)
        assert not run.empty_posts.exists()

    def test_what_was_weighed_is_kept(self):
        application = self.place.applicant(
            years=6, near=self.place.stations[0], status=ApplicationStatus.NOMINATED
        )
        past = make.exam(year=self.place.exam.year - 1)
        served = make.deployment(officer=application.officer, post=make.post(exam=past))
        make.mark(served, past.starts_on, MarkStatus.ABSENT)
        make.deployment(
            DeploymentStatus.REJECTED, officer=application.officer, post=make.post(exam=past)
        )
        self.place.exam.refresh_from_db()
        (proposal,) = self.place.proposed().proposals.all()
        assert proposal.metres == 0
        assert proposal.weighed == {
            "years": 6,
            "level": "diploma",
            "nominated": True,
            "absences": 1,
            "rejections": 1,
            "served": [past.year],
            "points": {
                "experience": 12,
                "qualification": 10,
                "nominated": 10,
                "conduct": -8,
                "served": -3,
            },
        }
        assert proposal.standing == 21

    def test_headquarters_decides_what_counts(self):
        AllocationWeights.objects.create(exam=self.place.exam, per_year=0, per_level=0, nominated=7)
        self.place.applicant(status=ApplicationStatus.NOMINATED)
        (proposal,) = self.place.proposed().proposals.all()
        assert proposal.standing == 7

    def test_a_run_keeps_the_weights_with_which_it_was_started(self):
        self.place.applicant(status=ApplicationStatus.NOMINATED)
        run = self.place.run()
        AllocationWeights.objects.create(exam=self.place.exam, nominated=99)
        work(run=run)
        assert run.weights["nominated"] == 10
        assert run.proposals.get().weighed["points"]["nominated"] == 10

    def test_nobody_goes_to_their_own_school(self):
        application = self.place.applicant()
        for station in self.place.stations:
            make.work(application.officer, station=station, ends_on=timezone.localdate())
        run = self.place.proposed()
        assert not run.proposals.exists()
        assert run.unplaced.get().why == "rules_here"
        assert {row.why for row in run.empty_posts.all()} == {"nobody_may"}
        assert {sum(row.rules.values()) for row in run.empty_posts.all()} == {1}

    def test_who_may_not_serve_at_all_is_left_out_with_the_rule(self):
        self.place.applicant(vetting="barred", vetting_reason="Fraud")
        run = self.place.proposed()
        (left,) = run.unplaced.all()
        assert left.why == "rules"
        assert [words for _rule, words in left.rules] == ["Headquarters has barred this officer."]
        assert {(row.why, row.applied, row.eligible) for row in run.empty_posts.all()} == {
            ("nobody_may", 1, 0)
        }

    def test_who_is_deployed_in_those_days_is_left_out(self):
        application = self.place.applicant()
        elsewhere = make.exam(
            rehearsal_on=self.place.exam.rehearsal_on,
            starts_on=self.place.exam.starts_on,
            ends_on=self.place.exam.ends_on,
        )
        make.deployment(officer=application.officer, post=make.post(exam=elsewhere))
        run = self.place.proposed()
        assert not run.proposals.exists()
        assert run.unplaced.get().why == "rules"

    def test_a_post_for_which_nobody_applied(self):
        run = self.place.proposed()
        assert {(row.why, row.places) for row in run.empty_posts.all()} == {("nobody_applied", 1)}

    def test_places_that_are_held_are_not_free(self):
        make.deployment(DeploymentStatus.OFFERED, post=self.here)
        make.deployment(DeploymentStatus.REJECTED, post=self.there)
        self.place.applicant()
        self.place.applicant()
        run = self.place.proposed()
        assert [post for _officer, post in pairs(run)] == [self.there.pk]
        assert run.outcome["places"] == 1
        assert run.unplaced.count() == 1

    def test_only_live_applications_of_this_place_exam_and_position(self):
        self.place.applicant(status=ApplicationStatus.WITHDRAWN)
        other = Place(exam=self.place.exam)
        other.applicant()
        guard = make.vacancy(
            exam=self.place.exam, position=make.position("SEC"), sub_county=self.place.area
        )
        make.application(vacancy=guard)
        run = self.place.proposed()
        assert not run.proposals.exists()
        assert not run.unplaced.exists()

    def test_each_office_its_positions(self):
        post = self.place.guards()
        assert {row.post for row in self.place.proposed().empty_posts.all()} == set(
            self.place.posts
        )
        run = self.place.proposed(whose=Whose.SCDE)
        assert [row.post for row in run.empty_posts.all()] == [post]
        assert self.place.proposed(whose=Whose.ALL).empty_posts.count() == 3

    def test_the_comparison_with_a_queue(self):
        """The first in line takes the only place, the better one has none."""
        self.there.delete()
        first = self.place.applicant(years=2, near=self.place.stations[0])
        better = self.place.applicant(years=9, near=self.place.stations[0])
        assert first.pk < better.pk
        outcome = self.place.proposed().outcome
        assert (outcome["queue"]["filled"], outcome["best"]["filled"]) == (1, 1)
        assert outcome["best"]["standing"] - outcome["queue"]["standing"] == 14

    def test_the_same_seed_gives_the_same_whoever_asks_and_when(self):
        for _each in range(6):
            self.place.applicant()
        found = []
        for seed in (3, 3, 4, 5, 6, 7, 8, 9):
            run = self.place.proposed(seed=seed)
            found.append(pairs(run))
            runs.cancel(run, by=self.place.director)
        assert found[0] == found[1]
        assert len({frozenset(each) for each in found}) > 1

    def test_the_seed_is_the_exams_own_unless_it_is_named(self):
        exam = self.place.exam
        assert self.place.run().seed == exam.year * 100 + exam.code


class StartTests(TestCase):
    def setUp(self):
        self.place = Place()

    def test_one_open_run_of_a_scope(self):
        run = self.place.run()
        with self.assertRaisesMessage(Refused, "There is a proposal for this already."):
            self.place.run()
        runs.cancel(run, by=self.place.director)
        self.place.run()

    def test_the_other_office_has_a_run_of_its_own(self):
        self.place.guards()
        self.place.run()
        self.place.run(whose=Whose.SCDE)

    def test_an_exam_that_is_over_is_refused(self):
        over = timezone.localdate() - timedelta(days=1)
        self.place.exam.rehearsal_on = self.place.exam.starts_on = over
        self.place.exam.ends_on = over
        self.place.exam.save()
        with self.assertRaisesMessage(Refused, "This exam is over."):
            self.place.run()

    def test_where_nothing_is_to_be_filled_there_is_no_run(self):
        with self.assertRaisesMessage(Refused, "No station here is entitled"):
            self.place.run(whose=Whose.SCDE)

    def test_cancelled_is_cancelled_also_for_the_worker(self):
        run = self.place.run()
        self.place.applicant()
        runs.cancel(run, by=self.place.director)
        runs.cancel(run, by=self.place.director)
        assert work() == 0
        assert not Proposal.objects.exists()
        assert Entry.objects.filter(verb="allocation.cancelled").count() == 1

    def test_a_run_called_off_while_it_is_worked_at_writes_nothing(self):
        run = self.place.run()
        self.place.applicant()

        def solve(part, on):
            write = parts.propose(part, on)
            runs.cancel(run, by=self.place.director)
            return write

        runs.work(solve=solve, confirm=mock.Mock(), run=run)
        run.refresh_from_db()
        assert run.status == RunStatus.CANCELLED
        assert not Proposal.objects.exists()


class NationTests(TestCase):
    def setUp(self):
        self.one = Place(required=(1,), name="One", county="Kisii")
        self.two = Place(required=(3,), name="Two", county="Kisii", exam=self.one.exam)
        self.afar = Place(required=(3,), name="Afar", county="Turkana", exam=self.one.exam)
        for place in (self.one, self.two, self.afar):
            place.applicant()
            place.applicant()

    def nation(self, **fields):
        return self.one.proposed(**{"by": None, "scope": None, "whose": Whose.ALL} | fields)

    def test_a_part_for_each_sub_county(self):
        run = self.nation()
        assert {str(part) for part in run.parts.all()} == {"One", "Two", "Afar"}
        assert run.proposals.count() == 5
        assert run.outcome["best"]["filled"] == 5

    def test_a_county_alone(self):
        run = self.nation(county=self.one.area.county)
        assert {part.sub_county for part in run.parts.all()} == {self.one.area, self.two.area}

    def test_the_second_round_fills_what_is_left_within_the_county(self):
        run = self.nation(spill=Spill.COUNTY)
        assert run.outcome["second"] == 1
        (crossed,) = run.proposals.filter(part__round=2)
        assert crossed.post == self.two.posts[0]
        assert crossed.place == 3
        assert crossed.application.vacancy == self.one.vacancy
        assert not run.unplaced.exists()
        assert Counter(row.places for row in run.empty_posts.all()) == {1: 1}

    def test_and_over_the_nation(self):
        self.one.applicant()
        run = self.nation(spill=Spill.NATION)
        assert run.outcome["second"] == 2
        assert run.outcome["best"]["filled"] == 7
        assert not run.unplaced.exists()
        assert not run.empty_posts.exists()

    def test_a_worker_dies_between_two_parts(self):
        run = self.one.run(by=None, scope=None, whose=Whose.ALL)
        taken = []

        def solve(part, on):
            taken.append(str(part))
            if len(taken) == 2:
                raise KeyboardInterrupt  # nothing of ours catches it, as nothing catches a kill
            return parts.propose(part, on)

        with pytest.raises(KeyboardInterrupt):
            runs.work(solve=solve, confirm=mock.Mock())
        run.refresh_from_db()
        assert (run.status, run.progress) == (RunStatus.RUNNING, 33)
        assert {str(each.part) for each in run.proposals.all()} == {taken[0]}
        assert work() == 0  # the dead worker's lease stands

        self.lease_runs_out()
        assert work() == 2
        run.refresh_from_db()
        assert run.status == RunStatus.DONE
        assert run.proposals.count() == 5

    def lease_runs_out(self):
        past = timezone.now() - timedelta(seconds=1)
        AllocationPart.objects.filter(lease_until__isnull=False).update(lease_until=past)

    def test_who_was_thought_dead_writes_nothing(self):
        run = self.one.run(by=None, scope=None, whose=Whose.ALL)

        def solve(part, on):
            write = parts.propose(part, on)
            if not Proposal.objects.exists():
                self.lease_runs_out()
                work(run=run)  # another one takes this part, and all others
            return write

        runs.work(solve=solve, confirm=mock.Mock(), run=run)
        run.refresh_from_db()
        assert run.status == RunStatus.DONE
        assert run.proposals.count() == 5

    def test_a_part_that_breaks_is_tried_three_times_and_then_by_hand(self):
        run = self.one.run(by=None, scope=None, whose=Whose.ALL)

        def broken(part, on):
            raise ValueError("no memory")

        for _each in range(runs.MOST_ATTEMPTS):
            AllocationPart.objects.update(not_before=timezone.now())
            with self.assertLogs("deployments.allocation.runs", "ERROR"):
                runs.work(solve=broken, confirm=mock.Mock())
        run.refresh_from_db()
        assert run.status == RunStatus.FAILED
        assert set(run.parts.filter(status="failed").values_list("failure", flat=True)) == {
            "ValueError: no memory"
        }
        runs.try_again(run, by=None)
        AllocationPart.objects.update(not_before=timezone.now())
        work(run=run)
        run.refresh_from_db()
        assert run.status == RunStatus.DONE

    def test_one_part_at_a_time_so_that_texts_have_a_worker_too(self):
        self.one.run(by=None, scope=None, whose=Whose.ALL)
        assert runs.take() is not None
        assert runs.take() is None

    def test_a_sub_county_does_not_wait_behind_the_nation(self):
        self.one.run(by=None, scope=None, whose=Whose.ALL)
        self.two.run()
        part = runs.take()
        assert part is not None
        assert part.run.scope == self.two.area
