"""The reserve list: who is next, filled in one click or by a worker, and never by two at once."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest

from accounts.models import Entry
from cp2.rules import Refused
from cp2.tests import make
from cp2.tests.races import at_once, split
from deployments import reserve, services
from deployments.models import Deployment, DeploymentStatus
from deployments.tests.test_answer import texts_to
from vacancies.models import ApplicationStatus

NOMINATED, SUBMITTED = ApplicationStatus.NOMINATED, ApplicationStatus.SUBMITTED
YEAR = timedelta(days=366)


def reserved(*, automatic=False, required=1, waiting=3, **terms):
    """A post whose one officer was offered the place, and some who wait for one like it."""
    post = make.post(required=required)
    make.terms(post.exam, post.position, fills_from_reserve=automatic, **terms)
    vacancy = make.vacancy(
        exam=post.exam, position=post.position, sub_county=post.station.sub_county
    )
    holding = [
        make.deployment(
            DeploymentStatus.OFFERED,
            post=post,
            slot=slot,
            officer=application.officer,
            application=application,
        )
        for slot in range(1, required + 1)
        for application in [make.application(ApplicationStatus.DEPLOYED, vacancy=vacancy)]
    ]
    applications = [make.application(NOMINATED, vacancy=vacancy) for _each in range(waiting)]
    return post, holding, applications


class RankedTests(TestCase):
    def setUp(self):
        self.post = make.post()
        make.terms(self.post.exam, self.post.position)
        self.vacancy = make.vacancy(
            exam=self.post.exam,
            position=self.post.position,
            sub_county=self.post.station.sub_county,
        )

    def apply(self, status=NOMINATED, *, years=3, level="diploma", station=None):
        application = make.application(status, vacancy=self.vacancy)
        officer = application.officer
        make.work(officer, starts_on=timezone.localdate() - years * YEAR, station=station)
        make.qualification(officer, level=level)
        return application

    def ranked(self):
        return list(reserve.ranked(self.post))

    def test_the_nominated_then_experience_then_study_then_who_was_first(self):
        submitted = self.apply(SUBMITTED, years=30, level="doctorate")
        plain, second = self.apply(), self.apply()
        learned = self.apply(level="degree")
        long = self.apply(years=9)
        assert self.ranked() == [long, learned, plain, second, submitted]

    def test_then_the_shorter_way(self):
        type(self.post.station).objects.filter(pk=self.post.station_id).update(
            latitude="-0.68", longitude="34.77"
        )
        far = self.apply(station=make.station(latitude="-1.28", longitude="36.82"))
        near = self.apply(station=make.station(latitude="-0.70", longitude="34.78"))
        unknown = self.apply()
        assert self.ranked() == [near, far, unknown]

    def test_nobody_who_has_a_place_or_turned_this_exam_down(self):
        placed, gone, waiting = self.apply(), self.apply(), self.apply()
        elsewhere = make.post(exam=self.post.exam, position=self.post.position)
        services.deploy(elsewhere, officer=placed.officer, application=placed, by=make.user())
        offer = services.deploy(self.post, officer=gone.officer, application=gone, by=make.user())
        services.reject(offer, by=gone.officer.user, reason="Unwell")
        gone.refresh_from_db()
        assert gone.status == NOMINATED
        assert self.ranked() == [waiting]

    def test_only_those_whom_no_rule_keeps_away(self):
        barred, own, fine = self.apply(), self.apply(station=self.post.station), self.apply()
        barred.officer.vetting, barred.officer.vetting_reason = "barred", "Fraud"
        barred.officer.save()
        assert [
            each.application
            for each in reserve.eligible(self.post, reserve.ranked(self.post), most=9)
        ] == [fine]
        assert own in self.ranked()

    def test_asked_in_blocks_until_there_are_enough(self):
        for _each in range(reserve.BLOCK + 1):
            self.apply(station=self.post.station)
        last = self.apply()
        assert [
            each.application
            for each in reserve.eligible(self.post, reserve.ranked(self.post), most=9)
        ] == [last]


class RefillTests(TestCase):
    def test_what_an_officer_turns_down_is_offered_to_the_next(self):
        post, [held], [first, second, _third] = reserved(automatic=True)
        services.reject(held, by=held.officer.user, reason="Unwell")
        assert Deployment.objects.live().count() == 0  # nothing in the officer's own request
        assert services.refill_due() == 1
        new = Deployment.objects.live().get()
        assert (new.officer, new.application, new.status, new.replaces) == (
            first.officer,
            first,
            DeploymentStatus.OFFERED,
            held,
        )
        assert "you may serve as" in texts_to(first.officer)[-1]
        entry = Entry.objects.get(verb="deployment.offered")
        assert entry.actor is None
        assert entry.details == {"nominated": False, "cause": "rejected", "freed": held.pk}
        services.reject(new, by=first.officer.user, reason="Far")
        services.refill_due()
        assert Deployment.objects.live().get().officer == second.officer
        assert services.refill_due() == 0
        assert post.deployments.count() == 3

    def test_and_what_lapses_and_what_is_called_off(self):
        post, [held], [first, second, _third] = reserved(automatic=True)
        Deployment.objects.filter(pk=held.pk).update(
            respond_by=timezone.now() - timedelta(minutes=1)
        )
        services.expire_due()
        services.refill_due()
        new = Deployment.objects.live().get()
        assert new.officer == first.officer
        services.cancel(new, by=make.user(), reason="A mistake")
        services.refill_due()
        assert post.deployments.live().get().officer == second.officer

    def test_whoever_left_is_asked_again_by_a_director_alone(self):
        post, [held], _none = reserved(automatic=True, waiting=0)
        services.cancel(held, by=make.user(), reason="A mistake")
        assert services.refill_due() == 0
        assert [each.officer for each in reserve.eligible(post, reserve.ranked(post), most=9)] == [
            held.officer
        ]

    def test_not_where_the_terms_do_not_say_so(self):
        _post, [held], _waiting = reserved(automatic=False)
        services.reject(held, by=held.officer.user, reason="Unwell")
        assert services.refill_due() == 0
        assert Deployment.objects.live().count() == 0

    def test_what_a_director_filled_meanwhile_is_left(self):
        post, [held], [first, _second, third] = reserved(automatic=True)
        services.reject(held, by=held.officer.user, reason="Unwell")
        services.fill(post, application=third, by=make.user())
        assert services.refill_due() == 0
        assert Deployment.objects.live().get().officer == third.officer
        assert not Deployment.objects.filter(refill_due=True).exists()
        assert first.officer.deployments.count() == 0

    def test_an_empty_list_is_noted_once(self):
        _post, [held], _none = reserved(automatic=True, waiting=0)
        services.reject(held, by=held.officer.user, reason="Unwell")
        assert services.refill_due() == 0
        assert services.refill_due() == 0
        assert Entry.objects.filter(verb="reserve.exhausted").count() == 1


class PageTests(WebTest):
    def setUp(self):
        self.post, [self.held], self.waiting = reserved()
        self.director = make.director(self.post.station.sub_county, name="Jane Wambui")
        make.sign_in(self.client, self.director)
        self.app.set_cookie("session", self.client.cookies["session"].value)

    def url(self):
        return reverse("deployments:area_post", args=[self.post.pk])

    def press(self, page, application):
        form = next(form for form in page.forms.values() if "application" in form.fields)
        return form.submit("application", value=str(application.pk))

    def test_filled_in_one_click(self):
        services.reject(self.held, by=self.held.officer.user, reason="Unwell")
        page = self.app.get(self.url())
        assert "1 place is free" in page
        assert "Unwell" in page
        page = self.press(page, self.waiting[0]).follow()
        assert "is offered the place and is told by text" in page
        assert self.post.deployments.live().get().officer == self.waiting[0].officer

    def test_pressed_twice_says_the_same(self):
        services.reject(self.held, by=self.held.officer.user, reason="Unwell")
        page = self.app.get(self.url())
        self.press(page, self.waiting[0])
        assert "is offered the place" in self.press(page, self.waiting[0]).follow()
        assert self.post.deployments.live().count() == 1

    def test_whoever_comes_second_reads_who_was_first(self):
        services.reject(self.held, by=self.held.officer.user, reason="Unwell")
        page = self.app.get(self.url())
        other = make.director(self.post.station.sub_county, name="Otieno Ouma")
        services.fill(self.post, application=self.waiting[0], by=other)
        for application in self.waiting[:2]:
            page = self.press(page, application)
            assert page.status_code == 200
            assert "Changed by Otieno Ouma at " in page
            page = self.app.get(self.url())
            if "Offer the place" not in page:
                break

    def test_many_who_wait_cost_no_more_queries(self):
        def count():
            with CaptureQueriesContext(connection) as queries:
                self.app.get(self.url())
            return len(queries)

        few = count()
        vacancy = self.waiting[0].vacancy
        for _each in range(20):
            make.application(NOMINATED, vacancy=vacancy)
        assert count() == few

    def test_another_office_has_no_such_page(self):
        for outsider in (
            make.director(make.sub_county()),
            make.director(self.post.station.sub_county, office="scde"),
            self.held.officer.user,
        ):
            make.sign_in(self.client, outsider)
            assert self.client.get(self.url()).status_code == 404


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_workers_and_a_director_fill_one_place():
    for _round in range(8):
        post, [held], waiting = reserved(automatic=True)
        director = make.user()
        services.reject(held, by=held.officer.user, reason="Unwell")
        split(
            at_once(
                services.refill_due,
                services.refill_due,
                lambda post=post, last=waiting[-1]: services.fill(
                    post, application=last, by=director
                ),
            )
        )
        services.refill_due()
        assert post.deployments.live().count() == 1
        assert not Deployment.objects.filter(refill_due=True).exists()


def test_somebody_else_s_application_does_not_fill(db):
    post, [held], _waiting = reserved()
    services.reject(held, by=held.officer.user, reason="Unwell")
    with pytest.raises(Refused, match="not on the reserve list any more"):
        services.fill(post, application=make.application(NOMINATED), by=make.user())
