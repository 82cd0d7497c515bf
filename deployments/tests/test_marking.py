"""Examiners go the same way as everybody; headquarters says how many, and deploys them itself."""

import io

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_webtest import WebTest
from webtest import Upload

from accounts.models import Entry
from catalogue.models import MarkingEntry, Subject
from cp2.rules import Refused
from cp2.tests import make
from deployments import marking, services
from deployments.models import Deployment, Post
from vacancies.models import ApplicationStatus


def examiner():
    position = make.position("EXM-101-1")
    position.subject, position.paper = Subject.objects.get(code="101"), "101/1"
    position.deployed_by = ""
    position.save()
    return position


class EntitlementTests(TestCase):
    def setUp(self):
        self.exam, self.position = make.exam(), examiner()
        self.station = make.station(kind="marking_centre", code="MC01")
        make.terms(self.exam, self.position, station_kind="marking_centre", minimum_per_centre=0)

    def test_a_marking_centre_takes_as_many_as_headquarters_says(self):
        entry = MarkingEntry.objects.create(
            exam=self.exam, station=self.station, position=self.position, officers=12
        )
        services.compute_posts(self.exam, by=None)
        post = Post.objects.get(station=self.station)
        assert (post.position, post.required) == (self.position, 12)
        entry.officers = 9
        entry.save()
        services.compute_posts(self.exam, by=None, sub_county=self.station.sub_county)
        post.refresh_from_db()
        assert post.required == 9
        entry.delete()
        services.compute_posts(self.exam, by=None)
        assert not Post.objects.exists()

    def test_another_exam_or_sub_county_is_left_alone(self):
        MarkingEntry.objects.create(
            exam=self.exam, station=self.station, position=self.position, officers=12
        )
        services.compute_posts(make.exam(), by=None)
        services.compute_posts(self.exam, by=None, sub_county=make.sub_county())
        assert not Post.objects.exists()

    def test_where_candidates_count_too_the_larger_number_holds(self):
        centre = make.entry(exam=self.exam, candidates=100).station
        make.terms(self.exam, make.position("INV"))
        MarkingEntry.objects.create(
            exam=self.exam, station=centre, position=make.position("INV"), officers=2
        )
        services.compute_posts(self.exam, by=None)
        assert Post.objects.get(station=centre).required == 5


class FileTests(WebTest):
    def setUp(self):
        self.exam, self.position = make.exam(), examiner()
        self.station = make.station(kind="marking_centre", code="MC01")
        self.clerk = make.user()
        self.clerk.groups.set(Group.objects.filter(name="Deployment"))
        make.sign_in(self.client, self.clerk)
        self.app.set_cookie("session", self.client.cookies["session"].value)

    def take(self, text):
        return marking.take_file(io.BytesIO(text.encode()), exam=self.exam, by=self.clerk)

    def test_each_line_is_a_number_and_a_known_one_is_changed(self):
        assert self.take("station,position,officers\nMC01,EXM-101-1,12\n") == 1
        self.take("station,position,officers\nmc01,exm-101-1,15\n")
        assert MarkingEntry.objects.get().officers == 15
        assert Entry.objects.filter(verb="marking_entries.taken").count() == 2

    def test_one_wrong_line_and_none_is_taken(self):
        make.station(code="12345678")
        lines = ["MC01,EXM-101-1,12", "12345678,EXM-101-1,1", "MC01,XXX,1", "MC01,EXM-101-1,0"]
        with pytest.raises(Refused) as refusal:
            self.take("station,position,officers\n" + "\n".join([*lines, lines[0]]))
        assert list(refusal.value.args) == [
            "Line 3: No marking centre has this code.",
            "Line 4: No position has this code.",
            "Line 5: Give the number of officers, 1 or more.",
            "Line 6: This station and position stand in an earlier line too.",
        ]
        assert not MarkingEntry.objects.exists()

    def test_it_is_sent_by_the_page_and_what_is_wrong_is_said_there(self):
        page = self.app.get(reverse("admin:catalogue_markingentry_send"))
        form = next(form for form in page.forms.values() if "file" in form.fields)
        form["exam"] = str(self.exam.pk)
        form["file"] = Upload("m.csv", b"station,position,officers\nMC09,EXM-101-1,3\n")
        page = form.submit()
        assert "Line 2: No marking centre has this code." in page
        form["file"] = Upload("m.csv", b"station,position,officers\nMC01,EXM-101-1,3\n")
        assert "1 line is taken." in form.submit().follow()


class DeployTests(TestCase):
    def setUp(self):
        self.area = make.sub_county()
        self.post = make.post(
            position=examiner(),
            station=make.station(kind="marking_centre", sub_county=self.area),
            required=3,
        )
        make.terms(
            self.post.exam,
            self.post.position,
            station_kind="marking_centre",
            subject_required=True,
            training_required=True,
        )
        self.vacancy = make.vacancy(
            exam=self.post.exam,
            position=self.post.position,
            sub_county=self.area,
            station_kind="marking_centre",
        )
        self.url = reverse("admin:deployments_post_deploy", args=[self.post.pk])
        self.clerk = make.user()
        self.clerk.groups.set(Group.objects.filter(name="Deployment"))
        make.sign_in(self.client, self.clerk)

    def examiner(self, **fields):
        officer = make.officer(subjects=["101"], **fields)
        make.training(officer)
        return officer

    def page(self, **asked):
        return self.client.get(self.url, asked).content.decode()

    def test_several_applicants_are_deployed_at_once_on_their_applications(self):
        made = [
            make.application(vacancy=self.vacancy, officer=self.examiner()) for _each in range(2)
        ]
        answer = self.client.post(
            self.url, {"application": [each.pk for each in made]}, follow=True
        ).content.decode()
        assert "2 officers are deployed and are told by text." in answer
        assert Deployment.objects.filter(post=self.post, application__in=made).count() == 2
        made[0].refresh_from_db()
        assert made[0].status == ApplicationStatus.DEPLOYED
        assert Entry.objects.filter(verb="deployment.offered", actor=self.clerk).count() == 2

    def test_somebody_who_did_not_apply_is_found_by_number_and_nominated(self):
        officer = self.examiner(full_name="Zuhura Mwakio")
        for q in (officer.national_id, officer.phone, officer.tsc_number, officer.full_name):
            assert f'id="officer_{officer.pk}"' in self.page(q=q)
        self.client.post(self.url, {"officer": [officer.pk]})
        assert Deployment.objects.get(post=self.post).application is None

    def test_what_speaks_against_somebody_is_said_and_refused(self):
        officer = make.application(vacancy=self.vacancy).officer
        page = self.page()
        assert "shows no training as examiner for this" in page
        assert f'id="officer_{officer.pk}"' not in page
        answer = self.client.post(self.url, {"officer": [officer.pk]}, follow=True)
        assert "does not name the subject" in answer.content.decode()
        assert not Deployment.objects.exists()

    def test_the_nominated_come_first_then_those_who_have_worked_longest(self):
        short, long, nominated = (self.examiner() for _each in range(3))
        for officer in (short, long):
            make.application(vacancy=self.vacancy, officer=officer)
        make.application(ApplicationStatus.NOMINATED, vacancy=self.vacancy, officer=nominated)
        make.work(long)
        page = self.page()
        places = [page.index(f"officer_{each.pk}") for each in (nominated, long, short)]
        assert places == sorted(places)

    def test_the_posts_lead_there_for_those_alone_who_deploy(self):
        posts = reverse("admin:deployments_post_changelist")
        assert self.url in self.client.get(posts).content.decode()
        auditor = make.user()
        auditor.groups.set(Group.objects.filter(name="Auditor"))
        make.sign_in(self.client, auditor)
        assert self.url not in self.client.get(posts).content.decode()
        assert self.client.get(self.url).status_code == 404
        officer = self.examiner()
        assert self.client.post(self.url, {"officer": [officer.pk]}).status_code == 404
        assert not Deployment.objects.exists()

    def test_no_director_deploys_examiners(self):
        make.sign_in(self.client, make.director(self.area))
        page = self.client.get(reverse("deployments:area_new"), {"post": self.post.pk})
        assert page.status_code == 404

    def test_one_applicant_or_many_take_the_same_queries(self):
        def queries():
            with CaptureQueriesContext(connection) as captured:
                self.page()
            return len(captured)

        make.application(vacancy=self.vacancy, officer=self.examiner())
        before = queries()
        for _each in range(5):
            make.application(vacancy=self.vacancy, officer=self.examiner())
        assert queries() == before
