"""Headquarters lets one rule pass for one officer; it is on record who did, why, and for whom."""

from contextlib import contextmanager

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest

from accounts.models import Entry
from cp2.rules import Refused
from cp2.tests import make
from deployments import services, waivers
from deployments.models import Waiver, WaiverUse
from vacancies.rules import NEVER_WAIVED, Rule

ADD = reverse("admin:deployments_waiver_add")
LIST = reverse("admin:deployments_waiver_changelist")


def clerk(group="Deployment"):
    user = make.user(name="Nekesa of Deployment")
    user.groups.set(Group.objects.filter(name=group))
    return user


class GrantTests(TestCase):
    def setUp(self):
        self.officer, self.exam, self.by = make.officer(), make.exam(), make.user()

    def grant(self, rule=Rule.COOLING_OFF, **fields):
        said = {"reason": "Nobody else is near", "by": self.by, **fields}
        return waivers.grant(self.officer, exam=self.exam, rule=rule, **said)

    def test_it_is_kept_with_who_and_why(self):
        waiver = self.grant(station=make.station())
        assert (waiver.granted_by, waiver.reason) == (self.by, "Nobody else is near")
        entry = Entry.objects.get(verb="waiver.granted")
        assert (entry.actor, entry.details["rule"]) == (self.by, "cooling_off")

    def test_twice_is_as_good_as_once(self):
        assert self.grant() == self.grant()
        assert Entry.objects.filter(verb="waiver.granted").count() == 1

    def test_some_rules_nobody_waives(self):
        for rule in NEVER_WAIVED:
            with pytest.raises(Refused, match="cannot be waived"):
                self.grant(rule)
        assert not Waiver.objects.exists()

    def test_a_rule_of_no_station_is_waived_for_none(self):
        with pytest.raises(Refused, match="does not turn on the station"):
            self.grant(Rule.EXPERIENCE, station=make.station())

    def test_without_a_reason_there_is_none(self):
        with pytest.raises(Refused, match="reason"):
            self.grant(reason="  ")

    def test_directors_and_officers_grant_none(self):
        for by in (make.director(self.officer.sub_county), self.officer.user):
            with pytest.raises(Refused, match="Only headquarters"):
                self.grant(by=by)
        assert not Waiver.objects.exists()

    def test_withdrawn_it_is_over_and_may_be_granted_anew(self):
        waiver = self.grant()
        waivers.withdraw(waiver, reason="A mistake", by=self.by)
        with pytest.raises(Refused, match="already"):
            waivers.withdraw(waiver, reason="Again", by=self.by)
        assert Entry.objects.get(verb="waiver.withdrawn").details["reason"] == "A mistake"
        assert self.grant() != waiver


class UseTests(TestCase):
    def setUp(self):
        self.post = make.post()
        make.terms(self.post.exam, self.post.position, years_of_experience=9)
        self.officer, self.by = make.officer(), make.user()

    def deploy(self, officer=None):
        return services.deploy(self.post, officer=officer or self.officer, by=self.by)

    def test_a_deployment_that_needed_it_keeps_it(self):
        with pytest.raises(Refused, match="Years of experience"):
            self.deploy()
        waiver = make.waiver(self.officer, self.post.exam, Rule.EXPERIENCE)
        deployment = self.deploy()
        (use,) = waivers.used_in(self.post.exam)
        assert (use.waiver, use.deployment) == (waiver, deployment)
        entry = Entry.objects.get(verb="waiver.used")
        assert entry.subject_id == deployment.pk
        assert entry.details == {"waiver": waiver.pk, "rule": "experience"}

    def test_one_that_did_not_need_it_keeps_none(self):
        make.waiver(self.officer, self.post.exam, Rule.COOLING_OFF)
        make.terms(self.post.exam, self.post.position, years_of_experience=0)
        self.deploy()
        assert not WaiverUse.objects.exists()

    def test_who_moves_under_it_keeps_it_too(self):
        make.waiver(self.officer, self.post.exam, Rule.EXPERIENCE)
        other = make.post(exam=self.post.exam, position=self.post.position)
        moved = services.redeploy(
            self.deploy(),
            to=other.station,
            from_day=make.today(),
            by=self.by,
            reason="Nearer",
        )
        assert WaiverUse.objects.filter(deployment=moved).count() == 1

    def test_withdrawing_it_leaves_them_where_they_are(self):
        waiver = make.waiver(self.officer, self.post.exam, Rule.EXPERIENCE)
        deployment = self.deploy()
        waivers.withdraw(waiver, reason="Too many", by=self.by)
        deployment.refresh_from_db()
        assert deployment.is_live
        assert WaiverUse.objects.count() == 1

    def test_many_are_noted_in_one_query_where_nobody_has_one(self):
        made = [make.deployment(post=make.post(exam=self.post.exam)) for _each in range(4)]
        with self.assertNumQueries(1):
            assert waivers.note_uses(made) == []


class AdminTests(WebTest):
    def setUp(self):
        self.officer, self.exam = make.officer(), make.exam()
        self.sign_in(clerk())

    def sign_in(self, user):
        make.sign_in(self.client, user)
        self.app.set_cookie("session", self.client.cookies["session"].value)

    def fill(self, who, **fields):
        form = self.app.get(ADD).forms["waiver_form"]
        for name, value in {
            "who": who,
            "exam": self.exam.pk,
            "rule": "cooling_off",
            "reason": "Nobody else is near",
            **fields,
        }.items():
            form[name].force_value(value)
        return form.submit()

    def test_it_is_granted_by_any_number_of_the_officer(self):
        held = make.deployment(officer=self.officer, post=make.post(exam=self.exam))
        numbers = [self.officer.national_id, self.officer.phone, str(held.serial)]
        for number, rule in zip(numbers, ["cooling_off", "age", "interest"], strict=True):
            self.fill(number, rule=rule).follow()
        assert set(self.officer.waivers.values_list("rule", flat=True)) == {
            "cooling_off",
            "age",
            "interest",
        }

    def test_what_was_typed_wrong_is_said_and_kept(self):
        page = self.fill("99999999")
        assert "Nobody has this number." in page
        assert page.forms["waiver_form"]["reason"].value == "Nobody else is near"
        page = self.fill(self.officer.national_id, rule="age", station=make.station().pk)
        assert "does not turn on the station" in page
        page = self.fill(self.officer.national_id, rule="barred")
        assert not Waiver.objects.exists()
        make.waiver(self.officer, self.exam)
        assert "waived for this officer already" in self.fill(self.officer.national_id)

    def test_it_is_withdrawn_from_the_list_for_a_reason(self):
        waiver = make.waiver(self.officer, self.exam)
        make.act(self.client, LIST, "withdraw", waiver)
        waiver.refresh_from_db()
        assert waiver.is_standing
        make.act(self.client, LIST, "withdraw", waiver, reason="A mistake")
        waiver.refresh_from_db()
        assert (waiver.is_standing, waiver.withdrawal_reason) == (False, "A mistake")

    def test_the_list_leaves_as_a_file_and_the_trail_says_so(self):
        make.waiver(self.officer, self.exam)
        url = reverse("admin:deployments_waivers_files")
        for kind in ("csv", "xlsx", "pdf"):
            assert self.client.post(url, {"as": kind}).status_code == 200
        text = b"".join(self.client.post(url, {"as": "csv"}).streaming_content).decode()
        assert "Nobody else is near" in text
        assert self.officer.national_id not in text
        assert Entry.objects.filter(verb="waivers.taken").count() == 4
        assert self.client.get(url).status_code == 405

    def test_who_may_only_read_grants_none(self):
        make.sign_in(self.client, clerk("Auditor"))
        assert self.client.get(LIST).status_code == 200
        assert self.client.get(ADD).status_code == 404


class CandidateTests(TestCase):
    def test_the_director_reads_which_rule_was_waived_by_whom_and_why(self):
        area = make.sub_county()
        post = make.post(station=make.station(sub_county=area))
        make.terms(post.exam, post.position, years_of_experience=9)
        vacancy = make.vacancy(exam=post.exam, position=post.position, sub_county=area)
        officer = make.application(vacancy=vacancy).officer
        make.waiver(officer, post.exam, Rule.EXPERIENCE)
        make.sign_in(self.client, make.director(area))
        page = self.client.get(reverse("deployments:area_new"), {"post": post.pk}).content.decode()
        assert "Waived: Years of experience: 0, where the position asks for 9." in page
        assert "By Nekesa of Deployment" in page
        assert "Nobody else is near" in page
        assert f'id="officer_{officer.pk}"' in page

    def test_each_sees_the_waivers_of_their_own(self):
        area = make.sub_county()
        ours = make.waiver(make.officer(sub_county=area), make.exam())
        theirs = make.waiver(make.officer(), make.exam())
        seen = {
            user: set(Waiver.objects.visible_to(user))
            for user in (make.director(area), ours.officer.user, make.user())
        }
        assert list(seen.values()) == [{ours}, {ours}, {ours, theirs}]
        assert not Waiver.objects.visible_to(make.centre(make.station())).exists()


@contextmanager
def refused_by(constraint):
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        yield
    assert refusal.value.__cause__.diag.constraint_name == constraint


class DatabaseTests(TestCase):
    def setUp(self):
        self.waiver = make.waiver(make.officer(), make.exam())

    def refuses(self, constraint, **fields):
        with refused_by(constraint):
            Waiver.objects.filter(pk=self.waiver.pk).update(**fields)

    def test_only_what_can_be_waived(self):
        self.refuses("rule_can_be_waived", rule=Rule.BARRED)

    def test_a_station_only_where_it_matters(self):
        self.refuses("waiver_for_a_station_is_of_its_rules", rule=Rule.AGE, station=make.station())

    def test_never_without_a_reason(self):
        self.refuses("waiver_has_a_reason", reason="")

    def test_withdrawn_by_somebody_for_a_reason(self):
        name = "waiver_withdrawn_by_somebody_for_a_reason"
        self.refuses(name, withdrawn_at=timezone.now())
        self.refuses(name, withdrawn_at=timezone.now(), withdrawn_by=make.user())
        self.refuses(name, withdrawal_reason="A mistake")

    def test_one_stands(self):
        with refused_by("one_waiver_of_a_rule_stands"):
            make.waiver(self.waiver.officer, self.waiver.exam)

    def test_a_use_is_noted_once(self):
        deployment = make.deployment(officer=self.waiver.officer)
        WaiverUse.objects.create(waiver=self.waiver, deployment=deployment)
        with refused_by("one_use_of_a_waiver"):
            WaiverUse.objects.create(waiver=self.waiver, deployment=deployment)
