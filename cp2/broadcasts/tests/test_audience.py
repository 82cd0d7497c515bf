from decimal import Decimal

import pytest
from django.test import TestCase, override_settings
from django.utils import timezone

from accounts.news import News
from claims.models import ClaimStatus
from cp2.broadcasts import services
from cp2.broadcasts.models import Broadcast, Recipient
from cp2.broadcasts.tests import steps
from cp2.rules import Refused, Role
from cp2.runs import services as runs
from cp2.tests import make
from deployments.models import DeploymentStatus


class Audiences(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.writer = steps.writer()
        cls.exam = make.exam()
        cls.here = make.sub_county(county="Kisii")
        cls.there = make.sub_county(county="Mombasa")

    def found(self, **fields):
        return set(steps.states(steps.counted(self.writer, **fields)))

    def post(self, code="INV", place=None, **fields):
        station = make.station(sub_county=place or self.here)
        exam = fields.pop("exam", self.exam)
        return make.post(exam=exam, station=station, position=make.position(code))

    def deployed(self, status=DeploymentStatus.ACCEPTED, **fields):
        return make.deployment(status, post=self.post(**fields))

    def test_registered_is_everybody_with_an_account(self):
        one, bare = make.officer(), make.bare_officer()
        closed = make.officer()
        closed.user.is_active = False
        closed.user.save()
        assert self.found() == {one.user_id, bare.user_id}
        assert self.found(stage="unsubmitted") == {bare.user_id}

    def test_stages_of_an_exam(self):
        applied = make.application(vacancy=make.vacancy(exam=self.exam))
        make.application("deployed", vacancy=make.vacancy(exam=self.exam))
        offered = self.deployed(DeploymentStatus.OFFERED)
        accepted = self.deployed()
        self.deployed(exam=make.exam())
        self.deployed(DeploymentStatus.REJECTED)
        make.mark(accepted, status="absent")
        make.mark(self.deployed(), status="present")
        claim = make.claim(deployment=self.deployed())
        paid = make.claim(deployment=self.deployed())
        make.Claim.objects.filter(pk=paid.pk).update(
            status=ClaimStatus.PAID,
            verified_by=make.user(),
            approved_by=make.user(),
            paid_at=timezone.now(),
            payment_reference="X1",
        )

        def at(stage):
            return self.found(stage=stage, exam=self.exam)

        assert at("applied") == {applied.officer.user_id}
        assert at("offered") == {offered.officer.user_id}
        assert accepted.officer.user_id in at("accepted")
        assert len(at("accepted")) == 4
        assert at("absent") == {accepted.officer.user_id}
        assert at("unpaid") == {claim.officer.user_id}

    def test_each_once_however_many_days_they_were_absent(self):
        deployment = self.deployed()
        for day in (make.today(), self.exam.starts_on):
            make.mark(deployment, day=day, status="absent")
        broadcast = steps.counted(self.writer, stage="absent", exam=self.exam)
        assert (broadcast.reached, broadcast.recipients.count()) == (1, 1)

    def test_positions_and_places_narrow(self):
        here, there = self.deployed(), self.deployed(place=self.there)
        supervisor = self.deployed(code="SUP")
        inv = make.position("INV").pk
        asked = {"stage": "accepted", "exam": self.exam}
        assert self.found(**asked, positions=[inv]) == {
            here.officer.user_id,
            there.officer.user_id,
        }
        assert self.found(**asked, positions=[inv], counties=[self.here.county_id]) == {
            here.officer.user_id
        }
        # one of the places is enough
        either = {"sub_counties": [self.there.pk], "stations": [supervisor.post.station_id]}
        assert self.found(**asked, **either) == {
            there.officer.user_id,
            supervisor.officer.user_id,
        }

    def test_managers_and_directors(self):
        manager = self.deployed(code="CM")
        self.deployed()
        tsc = make.director(self.here, phone=make.phone())
        scde = make.director(self.there, "scde", phone=make.phone())
        make.centre(manager.post.station)
        assert self.found(who="managers", stage="", exam=self.exam) == {manager.officer.user_id}
        assert self.found(who="directors", stage="") == {tsc.pk, scde.pk}
        assert self.found(who="directors", stage="", office="scde") == {scde.pk}
        assert self.found(who="directors", stage="", counties=[self.here.county_id]) == {tsc.pk}

    @override_settings(SMS_COST=Decimal("0.8"))
    def test_the_count_says_who_is_left_out_and_what_it_costs(self):
        kisii = make.officer(sub_county=self.here)
        swahili = make.officer(sub_county=self.there)
        off = make.officer(sub_county=self.there)
        swahili.user.language = "sw"
        off.user.news_off = [News.ANNOUNCEMENTS]
        swahili.user.save()
        off.user.save()
        make.director(self.here)
        broadcast = steps.counted(self.writer, text_sw="Habari. " * 25)
        assert (broadcast.status, broadcast.reached, broadcast.unreached) == ("ready", 2, 1)
        assert (broadcast.segments, broadcast.cost) == (3, Decimal("2.40"))
        assert broadcast.figures["counties"] == [
            ["Kisii", {"en": 1}],
            ["Mombasa", {"sw": 1, "opted_out": 1}],
        ]
        assert len(broadcast.figures["sample"]) == 2
        assert steps.states(broadcast) == {
            kisii.user_id: "waiting",
            swahili.user_id: "waiting",
            off.user_id: "opted_out",
        }
        directors = steps.counted(self.writer, who="directors", stage="")
        assert (directors.reached, directors.unreached) == (0, 1)
        assert directors.figures["no_phone"] == 1

    def test_counted_again_after_a_change_it_forgets_the_first_audience(self):
        one = make.officer()
        broadcast = steps.counted(self.writer)
        assert set(steps.states(broadcast)) == {one.user_id}
        broadcast = services.change(broadcast, by=self.writer)
        broadcast.stage = "unsubmitted"
        broadcast = services.count(services.write(broadcast, by=self.writer), by=self.writer)
        broadcast.run = runs.finish(broadcast.run)
        assert steps.states(broadcast) == {}

    def test_a_count_that_is_called_off_leaves_a_draft(self):
        make.officer()
        broadcast = services.count(steps.draft(self.writer), by=self.writer)
        runs.RUNS.go_on(runs.RUNS.take(broadcast.run))
        runs.RUNS.go_on(runs.RUNS.take(broadcast.run))
        assert Recipient.objects.count() == 1
        runs.cancel(broadcast.run, by=self.writer)
        broadcast.refresh_from_db()
        assert (broadcast.status, Recipient.objects.count()) == ("draft", 0)

    def test_nobody_is_no_audience(self):
        broadcast = steps.counted(self.writer)
        assert broadcast.reached == 0
        with pytest.raises(Refused, match="would reach nobody"):
            services.propose(broadcast, by=self.writer)
        assert Broadcast.objects.get().status == "ready"

    def test_headquarters_is_in_no_audience(self):
        assert self.writer.role == Role.STAFF
        assert self.writer.pk not in self.found()
