"""A director fills a post: from the applicants, or with somebody nominated."""

from datetime import timedelta
from unittest import mock

import pytest
from django.db import IntegrityError
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest

from accounts.models import Entry
from catalogue.models import Office
from cp2.rules import Refused
from cp2.tests import make
from deployments import services
from deployments.models import Deployment, DeploymentStatus
from sms.models import Kind, Message
from vacancies.models import ApplicationStatus

DAY = timedelta(days=1)


class Violation(Exception):
    """As the driver reports it."""

    def __init__(self, constraint):
        self.diag = mock.Mock(constraint_name=constraint)


class DeployTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.post = make.post(required=2)
        cls.exam = cls.post.exam
        cls.area = cls.post.station.sub_county
        cls.terms = make.terms(cls.exam, cls.post.position, days_to_respond=3)
        cls.director = make.director(cls.area)
        cls.officer = make.officer(sub_county=cls.area)
        cls.vacancy = make.vacancy(exam=cls.exam, position=cls.post.position, sub_county=cls.area)

    def deploy(self, officer=None, **fields):
        return services.deploy(
            self.post, officer=officer or self.officer, by=self.director, **fields
        )

    def apply(self, status=ApplicationStatus.NOMINATED, **fields):
        return make.application(status, vacancy=self.vacancy, officer=self.officer, **fields)

    def test_an_applicant_is_offered_the_lowest_free_place(self):
        application = self.apply()
        made = self.deploy(application=application)
        application.refresh_from_db()
        assert (made.status, made.slot, made.application) == (
            DeploymentStatus.OFFERED,
            1,
            application,
        )
        assert application.status == ApplicationStatus.DEPLOYED
        assert self.deploy(make.officer()).slot == 2

    def test_a_place_that_became_free_is_filled_first(self):
        make.deployment(DeploymentStatus.REJECTED, post=self.post, slot=1)
        make.deployment(DeploymentStatus.OFFERED, post=self.post, slot=2)
        assert self.deploy().slot == 1

    def test_a_deployment_made_during_the_exam_begins_today(self):
        made = self.deploy()
        assert (made.starts_on, made.ends_on) == (timezone.localdate(), self.exam.ends_on)

    def test_and_before_the_exam_with_the_rehearsal(self):
        today = timezone.localdate()
        exam = make.exam(
            rehearsal_on=today + 5 * DAY, starts_on=today + 6 * DAY, ends_on=today + 9 * DAY
        )
        post = make.post(exam=exam)
        make.terms(exam, post.position)
        made = services.deploy(post, officer=self.officer, by=self.director)
        assert (made.starts_on, made.ends_on) == (exam.rehearsal_on, exam.ends_on)

    def test_the_time_to_answer_is_in_the_terms(self):
        left = self.deploy().respond_by - timezone.now()
        assert timedelta(days=2, hours=23) < left <= timedelta(days=3)

    def test_the_officer_is_told_by_text_what_where_and_until_when(self):
        self.deploy()
        message = Message.objects.get(to=self.officer.phone)
        assert message.kind == Kind.NOTICE
        text = message.text
        assert "Invigilator" in text
        assert "Tumaini" in text
        assert "ACCEPT" in text

    def test_the_trail_knows(self):
        made = self.deploy()
        entry = Entry.objects.get(verb="deployment.offered")
        assert (entry.subject_id, entry.actor) == (made.pk, self.director)

    def test_a_submitted_application_is_deployed_at_once_and_texted_once(self):
        application = self.apply(ApplicationStatus.SUBMITTED)
        self.deploy(application=application)
        application.refresh_from_db()
        assert application.status == ApplicationStatus.DEPLOYED
        assert Entry.objects.filter(verb="application.deployed").exists()
        assert Message.objects.filter(to=self.officer.phone).count() == 1

    def test_nominated_without_naming_the_application_it_is_found(self):
        application = self.apply()
        assert self.deploy().application == application

    def test_nominated_without_an_application(self):
        assert self.deploy().application is None

    def test_twice_is_as_good_as_once(self):
        first = self.deploy()
        assert self.deploy() == first
        assert Message.objects.count() == 1

    def test_no_place_is_left(self):
        for slot in (1, 2):
            make.deployment(DeploymentStatus.OFFERED, post=self.post, slot=slot)
        with pytest.raises(Refused, match=r"All places of this position at .* are filled"):
            self.deploy()

    def test_the_first_reason_against_refuses_and_nothing_is_written(self):
        application = self.apply()
        make.work(self.officer, station=self.post.station)
        with pytest.raises(Refused, match="works at this school"):
            self.deploy(application=application)
        application.refresh_from_db()
        assert application.status == ApplicationStatus.NOMINATED
        assert not Deployment.objects.exists()
        assert not Entry.objects.exists()
        assert not Message.objects.exists()

    def test_each_status_of_an_application_leads_to_a_place_or_not(self):
        fine = {ApplicationStatus.SUBMITTED, ApplicationStatus.NOMINATED}
        for status in ApplicationStatus:
            with self.subTest(status=status):
                reason = {"reason": "Late"} if status == ApplicationStatus.UNSUCCESSFUL else {}
                application = make.application(status, vacancy=self.vacancy, **reason)
                officer = application.officer
                if status in fine:
                    assert self.deploy(officer, application=application)
                else:
                    with pytest.raises(Refused):
                        self.deploy(officer, application=application)
                    assert not Deployment.objects.filter(officer=officer).exists()

    def test_an_application_of_somebody_else_is_no_ground(self):
        application = make.application(ApplicationStatus.NOMINATED, vacancy=self.vacancy)
        with pytest.raises(Refused, match="another officer"):
            self.deploy(application=application)

    def test_an_exam_that_is_over_needs_nobody(self):
        ended = timezone.localdate() - DAY
        exam = make.exam(rehearsal_on=ended - DAY, starts_on=ended - DAY, ends_on=ended)
        with pytest.raises(Refused, match="This exam is over"):
            services.deploy(make.post(exam=exam), officer=self.officer, by=self.director)

    def test_no_day_outside_the_rest_of_the_exam(self):
        today = timezone.localdate()
        for day in (today - DAY, self.exam.ends_on + DAY, today.replace(year=1)):
            with pytest.raises(Refused, match="Choose a day from"):
                self.deploy(from_day=day)
        assert self.deploy(from_day=today + DAY).starts_on == today + DAY

    def test_what_the_database_refuses_is_said_in_words(self):
        words = {
            "one_place_at_a_time": "has just been deployed elsewhere",
            "one_officer_in_a_slot": "has just been filled",
            "slot_within_post": "has just been filled",
        }
        for constraint, sentence in words.items():
            error = IntegrityError()
            error.__cause__ = Violation(constraint)
            with (
                mock.patch.object(Deployment.objects, "create", side_effect=error),
                pytest.raises(Refused, match=sentence),
            ):
                self.deploy()

    def test_deploying_takes_few_queries(self):
        application = self.apply()
        with self.assertNumQueries(23):
            self.deploy(application=application)


class PageTests(WebTest):
    def setUp(self):
        self.area = make.sub_county()
        self.post = make.post(required=2, station=make.station(sub_county=self.area))
        make.terms(self.post.exam, self.post.position)
        self.vacancy = make.vacancy(
            exam=self.post.exam, position=self.post.position, sub_county=self.area
        )
        self.director = make.director(self.area)
        self.sign_in(self.director)
        self.url = reverse("deployments:area_new")

    def sign_in(self, user):
        make.sign_in(self.client, user)
        self.app.set_cookie("session", self.client.cookies["session"].value)

    def open(self, **params):
        return self.app.get(self.url, {"post": self.post.pk, **params})

    def test_without_a_post_the_page_offers_those_with_a_free_place(self):
        full = make.post(required=1, station=self.post.station, position=make.position("SUP"))
        make.deployment(post=full)
        page = self.app.get(self.url)
        assert str(self.post) in page
        assert str(full) not in page
        assert "2 places are free" in page
        assert self.post.position.name in page.click(str(self.post))

    def test_applicants_are_ticked_and_deployed(self):
        one = make.application(ApplicationStatus.NOMINATED, vacancy=self.vacancy)
        two = make.application(vacancy=self.vacancy, officer=make.officer(full_name="Chebet Korir"))
        page = self.open()
        form = next(form for form in page.forms.values() if "application" in form.fields)
        assert [box._value for box in form.fields["application"]] == [str(one.pk), str(two.pk)]
        for box in form.fields["application"]:
            box.checked = True
        page = form.submit().follow()
        assert "2 officers are deployed and are told by text." in page
        assert set(Message.objects.values_list("kind", flat=True)) == {Kind.BULK}
        assert set(Deployment.objects.values_list("application", flat=True)) == {one.pk, two.pk}
        assert "Chebet Korir" in page

    def test_each_applicant_is_shown_with_what_counts(self):
        officer = make.application(vacancy=self.vacancy).officer
        make.work(
            officer,
            institution="Umoja Secondary School",
            starts_on=timezone.localdate() - 2300 * DAY,
        )
        make.qualification(officer, level="degree", course="Education (Science)")
        page = self.open()
        assert "Teacher, Umoja Secondary School" in page
        assert "Degree: Education (Science)" in page
        assert "6 years" in page

    def test_who_may_not_serve_has_no_box_but_a_reason(self):
        officer = make.application(vacancy=self.vacancy).officer
        make.work(officer, station=self.post.station)
        page = self.open()
        assert "The officer works at this school." in page
        assert 'name="application"' not in page

    def test_others_are_found_by_name_or_number_and_nominated(self):
        officer = make.officer(sub_county=self.area, full_name="Chebet Korir")
        for q in ("korir", officer.national_id, officer.tsc_number, officer.phone):
            page = self.open(q=q)
            assert "Chebet Korir" in page, q
        form = next(form for form in page.forms.values() if "officer" in form.fields)
        form["officer"] = True
        form.submit()
        made = Deployment.objects.get()
        assert (made.officer, made.application) == (officer, None)

    def test_officers_of_other_sub_counties_are_not_found(self):
        stranger = make.officer(full_name="Chebet Korir")
        for q in ("korir", stranger.national_id, stranger.phone):
            assert "Chebet Korir" not in self.open(q=q)
        page = self.post_raw(officer=[stranger.pk])
        assert "Choose among those that the page offers." in page
        assert not Deployment.objects.exists()

    def post_raw(self, **fields):
        make.sign_in(self.client, self.director)
        return self.client.post(self.url, {"post": self.post.pk, **fields}).text

    def test_an_applicant_of_another_sub_county_is_no_choice(self):
        stranger = make.application()
        assert "Choose among those" in self.post_raw(application=[stranger.pk])
        assert not Deployment.objects.exists()

    def test_nobody_ticked(self):
        assert "Tick at least one officer." in self.post_raw()

    def test_rubbish_is_no_choice_and_no_crash(self):
        for value in ("x", "1e3", "-1", "10" * 15, "\x00", "١", "9" * 5000):
            assert "Choose among those" in self.post_raw(officer=[value])
            assert self.client.get(self.url, {"post": value}).status_code == 404
            self.client.get(self.url, {"post": self.post.pk, "q": value, "page": value})
        assert "Choose among those" in self.post_raw(officer=list(range(1, 40)))

    def test_one_refusal_keeps_nobody_else_waiting(self):
        clash = make.deployment(DeploymentStatus.OFFERED).officer
        taken = make.application(vacancy=self.vacancy, officer=clash)
        fine = make.application(vacancy=self.vacancy)
        page = self.client
        make.sign_in(page, self.director)
        answer = page.post(
            self.url, {"post": self.post.pk, "application": [taken.pk, fine.pk]}, follow=True
        ).text
        assert "1 officer is deployed" in answer
        assert "Already deployed at" in answer

    def test_the_other_office_does_not_deploy_here(self):
        scde = make.director(self.area, office=Office.SCDE)
        make.sign_in(self.client, scde)
        assert self.client.get(self.url, {"post": self.post.pk}).status_code == 404
        assert (
            self.client.post(
                self.url, {"post": self.post.pk, "officer": [make.officer().pk]}
            ).status_code
            == 404
        )
        security = make.post(position=make.position("SEC"), station=self.post.station)
        assert self.client.get(self.url, {"post": security.pk}).status_code == 200

    def test_one_applicant_or_many_take_the_same_queries(self):
        make.sign_in(self.client, self.director)

        def more():
            officer = make.application(vacancy=self.vacancy).officer
            make.work(officer)
            make.qualification(officer)
            make.deployment(officer=officer)

        more()
        with self.assertNumQueries(13):
            self.client.get(self.url, {"post": self.post.pk})
        for _each in range(5):
            more()
        with self.assertNumQueries(13):
            self.client.get(self.url, {"post": self.post.pk})
