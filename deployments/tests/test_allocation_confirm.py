"""A proposal becomes deployments: by the one door, once, and what is refused says why."""

from unittest import mock

import pytest
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Entry
from cp2.rules import Refused
from cp2.tests import make
from cp2.tests.races import at_once, split
from deployments import services
from deployments.allocation import editing, runs
from deployments.allocation.confirm import carry_out, confirm
from deployments.allocation.worker import work
from deployments.models import (
    AllocationPart,
    Deployment,
    DeploymentStatus,
    ProposalStatus,
    RunStatus,
    Waiver,
    WaiverUse,
)
from deployments.services import bulk
from deployments.services.bulk import Wish, deploy_each
from deployments.tests.allocating import Place
from sms.models import Kind, Message
from vacancies.models import ApplicationStatus


def agreed(place):
    run = place.proposed()
    confirm(run, by=place.director)
    work(run=run)
    run.refresh_from_db()
    return run


class ConfirmTests(TestCase):
    def setUp(self):
        self.place = Place(required=(2, 1))

    def test_everybody_proposed_is_offered_the_place_and_told(self):
        applications = [self.place.applicant() for _each in range(3)]
        run = agreed(self.place)
        assert run.status == RunStatus.CONFIRMED
        assert run.outcome["confirmed"] == 3
        assert Deployment.objects.filter(status=DeploymentStatus.OFFERED).count() == 3
        for application in applications:
            application.refresh_from_db()
            assert application.status == ApplicationStatus.DEPLOYED
        assert {
            (row.deployment.officer, row.deployment.post, row.deployment.application)
            for row in run.proposals.select_related("deployment")
        } == {(row.officer, row.post, row.application) for row in run.proposals.all()}
        assert {message.kind for message in Message.objects.all()} == {Kind.BULK}
        assert Message.objects.filter(template="deployments/offered").count() == 3
        verbs = list(Entry.objects.values_list("verb", flat=True))
        assert verbs.count("deployment.offered") == 3
        assert verbs.count("application.deployed") == 3
        assert "allocation.confirmed" in verbs

    def test_it_writes_what_deploying_one_by_one_writes(self):
        for _each in range(3):
            self.place.applicant(status=ApplicationStatus.NOMINATED)
        run = self.place.proposed()
        wishes = [
            Wish(row.post_id, row.officer_id, row.application_id) for row in run.proposals.all()
        ]
        together = self.written(lambda: deploy_each(wishes, by=self.place.director))
        alone = self.written(lambda: [bulk._alone(wish, by=self.place.director) for wish in wishes])
        assert together == alone

    def written(self, act):
        """What there is afterwards, but for times and numbers; then it is as if nothing was."""

        class Undo(Exception):
            pass

        from django.db import transaction

        found = []
        try:
            with transaction.atomic():
                act()
                found = [
                    sorted(
                        Deployment.objects.values_list(
                            "post",
                            "slot",
                            "officer",
                            "application",
                            "status",
                            "starts_on",
                            "ends_on",
                            "reason",
                        )
                    ),
                    sorted(
                        (*rest, str(details))
                        for *rest, details in Entry.objects.values_list(
                            "verb", "subject_type", "actor", "details"
                        )
                    ),
                    sorted(Message.objects.values_list("to", "template", "kind", "text")),
                ]
                raise Undo
        except Undo:
            return found

    def test_who_was_deployed_meanwhile_stays_in_the_proposal_with_the_sentence(self):
        self.place.applicant()
        run = self.place.proposed()
        (proposal,) = run.proposals.all()
        elsewhere = make.post(exam=self.place.exam, position=self.place.position)
        services.deploy(elsewhere, officer=proposal.officer, by=make.user())
        confirm(run, by=self.place.director)
        work(run=run)
        proposal.refresh_from_db()
        assert proposal.status == ProposalStatus.REFUSED
        assert "Already deployed at" in proposal.refusal
        assert Deployment.objects.count() == 1
        run.refresh_from_db()
        assert (run.status, run.outcome["refused"]) == (RunStatus.CONFIRMED, 1)

    def test_whatever_else_changed_is_found(self):
        applications = [self.place.applicant() for _each in range(3)]
        run = self.place.proposed()
        barred = applications[0].officer
        barred.vetting, barred.vetting_reason = "barred", "Fraud"
        barred.save()
        applications[1].status = ApplicationStatus.WITHDRAWN
        applications[1].save()
        post = self.place.posts[0]
        post.required = 0
        post.save()
        confirm(run, by=self.place.director)
        work(run=run)
        said = {row.officer_id: row.refusal for row in run.proposals.all()}
        assert said[barred.pk] == "Headquarters has barred this officer."
        assert "withdrawn" in said[applications[1].officer_id] or (
            "are filled" in said[applications[1].officer_id]
        )
        assert Deployment.objects.count() <= 1

    def test_who_is_there_already_is_not_deployed_twice(self):
        self.place.applicant()
        run = self.place.proposed()
        (proposal,) = run.proposals.all()
        there = services.deploy(proposal.post, officer=proposal.officer, by=make.user())
        confirm(run, by=self.place.director)
        work(run=run)
        proposal.refresh_from_db()
        assert proposal.deployment == there
        assert Deployment.objects.count() == 1

    def test_confirming_twice_is_once(self):
        self.place.applicant()
        run = self.place.proposed()
        for _each in range(2):
            confirm(run, by=self.place.director)
        work(run=run)
        confirm(run, by=self.place.director)
        work(run=run)
        assert Deployment.objects.count() == 1
        assert Entry.objects.filter(verb="allocation.agreed").count() == 1

    def test_an_empty_proposal_cannot_be_confirmed(self):
        run = self.place.proposed()
        with self.assertRaisesMessage(Refused, "Nobody is proposed"):
            confirm(run, by=self.place.director)

    def test_what_was_called_off_cannot_be_confirmed_nor_the_other_way_round(self):
        self.place.applicant()
        run = self.place.proposed()
        runs.cancel(run, by=self.place.director)
        with self.assertRaisesMessage(Refused, "is cancelled, so it cannot be"):
            confirm(run, by=self.place.director)
        run = self.place.proposed()
        confirm(run, by=self.place.director)
        with self.assertRaisesMessage(Refused, "is being confirmed, so it cannot be"):
            runs.cancel(run, by=self.place.director)

    def test_a_worker_dies_between_two_blocks(self):
        for _each in range(3):
            self.place.applicant()
        run = self.place.proposed()
        confirm(run, by=self.place.director)
        with mock.patch("deployments.allocation.confirm.BLOCK", 1):
            blocks = iter([None, KeyboardInterrupt])

            def beat(done):
                if (error := next(blocks)) is not None:
                    raise error

            part = runs.take(run)
            with pytest.raises(KeyboardInterrupt):
                carry_out(part, beat)
            assert Deployment.objects.count() == 2
            AllocationPart.objects.update(lease_until=timezone.now())
            work(run=run)
        run.refresh_from_db()
        assert run.status == RunStatus.CONFIRMED
        assert Deployment.objects.count() == 3
        assert Message.objects.count() == 3

    def test_who_lost_the_lease_deploys_nobody(self):
        self.place.applicant()
        run = self.place.proposed()
        confirm(run, by=self.place.director)
        part = runs.take(run)
        AllocationPart.objects.update(attempts=5)
        with pytest.raises(runs.Lost):
            carry_out(part, lambda done: None)
        assert not Deployment.objects.exists()

    def test_if_the_database_refuses_one_the_others_are_deployed(self):
        for _each in range(2):
            self.place.applicant()
        run = self.place.proposed()
        first, second = run.proposals.order_by("officer")
        # past every service: the locks and the rules do not see a row that is written now
        sneaky = make.post(exam=self.place.exam, position=self.place.position)

        def open_and_be_late(wishes):
            books = original(wishes)
            make.deployment(post=sneaky, officer=first.officer)
            return books

        original = bulk._open
        with mock.patch.object(bulk, "_open", open_and_be_late):
            outcome = deploy_each(
                [Wish(row.post_id, row.officer_id) for row in (first, second)],
                by=self.place.director,
            )
        assert isinstance(outcome[0], Deployment) or "Already deployed" in outcome[0]
        assert isinstance(outcome[1], Deployment)

    def test_a_waiver_is_noted_where_it_was_needed(self):
        application = self.place.applicant(years=1)
        make.terms(self.place.exam, self.place.position, years_of_experience=5)
        waiver = Waiver.objects.create(
            officer=application.officer,
            exam=self.place.exam,
            rule="experience",
            reason="Nobody else reads Braille",
            granted_by=make.user(),
        )
        agreed(self.place)
        use = WaiverUse.objects.get()
        assert (use.waiver, use.deployment.officer) == (waiver, application.officer)

    def test_as_many_statements_for_ten_as_for_one(self):
        place = Place(required=(20,), exam=self.place.exam)
        for _each in range(11):
            place.applicant()
        rows = list(place.proposed().proposals.all())

        def statements(some):
            wishes = [Wish(row.post_id, row.officer_id, row.application_id) for row in some]
            with CaptureQueriesContext(connection) as queries:
                deploy_each(wishes, by=place.director)
            return len(queries)

        assert statements(rows[:1]) == statements(rows[1:])


class NeedsTests(TestCase):
    """A centre whose candidates need Braille: its last place is kept for who reads it."""

    def setUp(self):
        self.place = Place(required=(2,))
        make.terms(self.place.exam, self.place.position, meets_needs=True)
        make.entry(exam=self.place.exam, station=self.place.stations[0], needs=["braille"])

    def test_the_last_place_stays_empty_without_the_skill(self):
        for _each in range(3):
            self.place.applicant()
        run = self.place.proposed()
        assert run.proposals.count() == 1
        (empty,) = run.empty_posts.all()
        assert (empty.places, empty.rules) == (1, {"needs": 3})
        confirm(run, by=self.place.director)
        work(run=run)
        assert Deployment.objects.count() == 1

    def test_and_is_for_who_has_it_whatever_their_standing(self):
        reader = self.place.applicant(years=0, skills=["braille"])
        for _each in range(3):
            self.place.applicant(years=9)
        run = self.place.proposed()
        assert reader.officer_id in run.proposals.values_list("officer", flat=True)
        assert not run.empty_posts.exists()
        confirm(run, by=self.place.director)
        work(run=run)
        assert Deployment.objects.count() == 2


class EditTests(TestCase):
    def setUp(self):
        self.place = Place(required=(1, 1))
        for station in self.place.stations:
            self.place.applicant(years=9, near=station)
        self.spare = self.place.applicant(years=2)
        self.run_ = self.place.proposed()
        self.one, self.other = self.run_.proposals.order_by("post")
        self.why = {"reason": "Knows the school's signs", "by": self.place.director}

    def test_taken_out(self):
        editing.remove(self.one, **self.why)
        editing.remove(self.one, **self.why)
        self.one.refresh_from_db()
        assert (self.one.status, self.one.decided_by) == ("removed", self.place.director)
        assert Entry.objects.filter(verb="proposal.removed").count() == 1
        confirm(self.run_, by=self.place.director)
        work(run=self.run_)
        assert Deployment.objects.get().officer == self.other.officer

    def test_another_officer_in_the_place(self):
        new = editing.put_in(self.one, officer=self.spare.officer, **self.why)
        assert (new.post, new.place, new.by_hand) == (self.one.post, self.one.place, True)
        assert new.application == self.spare
        assert new.standing == 14
        confirm(self.run_, by=self.place.director)
        work(run=self.run_)
        assert set(Deployment.objects.values_list("officer", flat=True)) == {
            self.spare.officer_id,
            self.other.officer_id,
        }

    def test_a_place_that_was_emptied_is_filled_again(self):
        editing.remove(self.one, **self.why)
        editing.put_in(self.one, officer=self.spare.officer, **self.why)
        with self.assertRaisesMessage(Refused, "or somebody else for this one"):
            editing.put_in(self.one, officer=make_applicant(self.place), **self.why)

    def test_not_an_officer_who_has_a_place_in_it_or_whom_a_rule_keeps_away(self):
        with self.assertRaisesMessage(Refused, "The officer is proposed for another place"):
            editing.put_in(self.one, officer=self.other.officer, **self.why)
        own = make_applicant(self.place)
        make.work(own, station=self.one.post.station, ends_on=timezone.localdate())
        with self.assertRaisesMessage(Refused, "The officer worked at this school until"):
            editing.put_in(self.one, officer=own, **self.why)
        assert self.run_.proposals.filter(status="proposed").count() == 2

    def test_two_change_places(self):
        editing.exchange(self.one, self.other, **self.why)
        assert {
            (row.officer_id, row.post_id) for row in self.run_.proposals.filter(status="proposed")
        } == {
            (self.one.officer_id, self.other.post_id),
            (self.other.officer_id, self.one.post_id),
        }
        assert self.run_.proposals.filter(status="removed").count() == 2
        with self.assertRaisesMessage(Refused, "Only officers who are proposed now"):
            editing.exchange(self.one, self.other, **self.why)

    def test_each_change_has_its_reason(self):
        for act in (
            lambda: editing.remove(self.one, reason=" ", by=self.place.director),
            lambda: editing.put_in(
                self.one, officer=self.spare.officer, reason="", by=self.place.director
            ),
            lambda: editing.exchange(self.one, self.other, reason="", by=self.place.director),
        ):
            with self.assertRaisesMessage(Refused, "Give the reason."):
                act()

    def test_not_once_it_is_confirmed(self):
        confirm(self.run_, by=self.place.director)
        with self.assertRaisesMessage(Refused, "can no longer be changed: it is being confirmed"):
            editing.remove(self.one, **self.why)


def make_applicant(place):
    return place.applicant(years=1).officer


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_directors_confirm_and_two_workers_carry_it_out_at_once():
    for _round in range(4):
        place = Place(required=(3, 3))
        for _each in range(6):
            place.applicant()
        run = place.proposed()
        done, refused = split(
            at_once(*[lambda run=run, by=place.director: confirm(run, by=by)] * 2)
        )
        assert (len(done), refused) == (2, [])
        at_once(*[lambda run=run: work(run=run)] * 3)
        run.refresh_from_db()
        assert run.status == RunStatus.CONFIRMED
        assert Deployment.objects.filter(post__in=place.posts).count() == 6
        assert run.proposals.filter(status="confirmed").count() == 6
        assert Entry.objects.filter(verb="allocation.agreed", subject_id=run.pk).count() == 1


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_confirmed_while_a_director_deploys_the_same_officer_elsewhere():
    staff = make.user()
    for _round in range(6):
        place = Place(required=(1,))
        place.applicant()
        run = place.proposed()
        (proposal,) = run.proposals.all()
        confirm(run, by=place.director)
        elsewhere = make.post(exam=place.exam, position=place.position)
        officer = proposal.officer
        split(
            at_once(
                lambda run=run: work(run=run),
                lambda to=elsewhere, who=officer: services.deploy(to, officer=who, by=staff),
            )
        )
        assert Deployment.objects.live().filter(officer=officer).count() == 1
        proposal.refresh_from_db()
        assert proposal.status in {ProposalStatus.CONFIRMED, ProposalStatus.REFUSED}


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_started_twice_at_once_is_one_run():
    for _round in range(4):
        place = Place()
        done, refused = split(at_once(*[place.run] * 3))
        assert (len(done), len(refused)) == (1, 2)
        assert {"There is a proposal for this already. Confirm it or call it off first."} == {
            str(each) for each in refused
        }
