"""What decides where somebody may serve: what they teach and can do, trainings, interests."""

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.test import TestCase
from django.urls import reverse
from django_webtest import WebTest

from accounts.models import Entry
from catalogue.models import Subject
from cp2.rules import Refused
from cp2.tests import make
from profiles import serving
from profiles.models import ExaminerTraining, Interest, Nature, Officer


def examiner():
    position = make.position("EXM-101-1")
    position.subject, position.paper = Subject.objects.get(code="101"), "101/1"
    position.save()
    return position


class Pages(WebTest):
    def setUp(self):
        self.officer = make.officer()
        self.sign_in(self.officer.user)

    def sign_in(self, user):
        make.sign_in(self.client, user)
        self.app.set_cookie("session", self.client.cookies["session"].value)

    def open(self, name, *args):
        return self.app.get(reverse(f"profiles:{name}", args=args))

    def form(self, page):
        (form,) = [form for form in page.forms.values() if "set_language" not in form.action][-1:]
        return form


class TeachingTests(Pages):
    def test_subjects_and_skills_are_ticked_and_kept(self):
        page = self.open("teaching")
        form = page.forms[max(page.forms, key=lambda key: len(page.forms[key].fields))]
        form["subjects"] = ["101", "501"]
        form["skills"] = ["braille"]
        form.submit().follow()
        self.officer.refresh_from_db()
        assert (self.officer.subjects, self.officer.skills) == (["101", "501"], ["braille"])
        entry = Entry.objects.get(verb="officer.changed")
        assert entry.details["fields"] == ["subjects", "skills"]
        assert "Braille" in self.open("profile")

    def test_five_subjects_are_enough(self):
        url = reverse("profiles:teaching")
        codes = list(Subject.objects.values_list("code", flat=True)[:6])
        page = self.client.post(url, {"subjects": codes}).content.decode()
        assert "Tick five subjects at most." in page
        self.officer.refresh_from_db()
        assert self.officer.subjects == []


class TrainingTests(Pages):
    def setUp(self):
        super().setUp()
        examiner()
        self.add = reverse("profiles:add_training")

    def post(self, **fields):
        data = {"paper": "101/1", "year": "2021", "certificate_number": "EXM/1", **fields}
        return self.client.post(self.add, data, follow=True).content.decode()

    def test_it_is_added_and_the_rules_can_read_it_off_the_officer(self):
        assert "101/1 English" in self.open("add_training")
        assert "Your training is saved." in self.post()
        self.officer.refresh_from_db()
        assert self.officer.trained_in == ["101/1"]

    def test_one_a_paper_of_those_that_there_are_and_of_years_that_were(self):
        self.post()
        assert "for this paper already" in self.post()
        assert "This year has not come yet." in self.post(year="2099")
        self.post(paper="999/9")
        assert ExaminerTraining.objects.count() == 1

    def test_it_is_removed_by_its_owner_alone(self):
        self.post()
        row = ExaminerTraining.objects.get()
        url = reverse("profiles:delete_training", args=[row.pk])
        make.sign_in(self.client, make.officer().user)
        assert self.client.post(url).status_code == 404
        make.sign_in(self.client, self.officer.user)
        self.client.post(url)
        self.officer.refresh_from_db()
        assert self.officer.trained_in == []


class InterestTests(Pages):
    def setUp(self):
        super().setUp()
        self.station = make.station(sub_county=self.officer.sub_county)

    def post(self, name="add_interest", *args, **fields):
        data = {"station": self.station.code, "nature": "candidate", "words": "", **fields}
        url = reverse(f"profiles:{name}", args=args)
        return self.client.post(url, data, follow=True).content.decode()

    def test_an_officer_declares_it_and_finds_it_again(self):
        assert "You will not be deployed there." in self.post()
        interest = Interest.objects.get()
        assert (interest.station, interest.is_declared) == (self.station, True)
        assert str(self.station) in self.open("interests")
        assert Entry.objects.filter(verb="interest.declared").exists()

    def test_what_is_wrong_is_said(self):
        assert "No centre has this code." in self.post(station="00000000")
        assert "Say in a few words" in self.post(nature="other")
        self.post()
        assert "on record already" in self.post()
        assert Interest.objects.count() == 1

    def test_its_owner_takes_it_back(self):
        self.post()
        url = reverse("profiles:delete_interest", args=[Interest.objects.get().pk])
        make.sign_in(self.client, make.officer().user)
        assert self.client.post(url).status_code == 404
        make.sign_in(self.client, self.officer.user)
        self.client.post(url)
        assert not Interest.objects.exists()
        assert Entry.objects.get(verb="interest.removed").details["station"] == self.station.code

    def test_a_director_records_one_which_its_officer_reads_and_cannot_remove(self):
        make.sign_in(self.client, make.director(self.officer.sub_county))
        assert "Say how this is known." in self.post("record_interest", self.officer.pk)
        page = self.post("record_interest", self.officer.pk, words="Her son sits there")
        assert "the officer will not serve there" in page
        assert "Her son sits there" in page
        interest = Interest.objects.get()
        assert not interest.is_declared
        self.sign_in(self.officer.user)
        assert "Her son sits there" in self.open("interests")
        url = reverse("profiles:delete_interest", args=[interest.pk])
        assert self.client.post(url).status_code == 404
        with pytest.raises(Refused, match="Only headquarters"):
            serving.remove_interest(interest, by=self.officer.user)

    def test_a_director_of_elsewhere_records_none(self):
        make.sign_in(self.client, make.director(make.sub_county()))
        url = reverse("profiles:record_interest", args=[self.officer.pk])
        assert self.client.post(url, {"station": self.station.code}).status_code == 404

    def test_headquarters_records_one_and_takes_it_back(self):
        clerk = make.user()
        clerk.groups.set(Group.objects.filter(name="Deployment"))
        self.sign_in(clerk)
        form = self.app.get(reverse("admin:profiles_interest_add")).forms["interest_form"]
        form["who"] = self.officer.national_id
        form["station"].force_value(self.station.pk)
        form["nature"] = "owner"
        assert "Say how this is known." in form.submit()
        form["words"] = "On the board"
        form.submit().follow()
        interest = Interest.objects.get()
        assert interest.recorded_by == clerk
        make.act(self.client, reverse("admin:profiles_interest_changelist"), "remove", interest)
        assert not Interest.objects.exists()
        assert Entry.objects.filter(verb="interest.removed", actor=clerk).exists()

    def test_each_sees_those_of_their_own(self):
        mine, other = make.interest(self.officer), make.interest(make.officer())
        sees = Interest.objects.visible_to
        assert set(sees(self.officer.user)) == {mine}
        assert set(sees(make.director(other.officer.sub_county))) == {other}
        assert set(sees(make.user())) == {mine, other}
        assert not sees(make.centre(self.station)).exists()

    def test_one_or_many_take_the_same_queries(self):
        make.sign_in(self.client, self.officer.user)

        def look():
            with self.assertNumQueries(4):
                self.client.get(reverse("profiles:interests"))

        make.interest(self.officer)
        look()
        for _each in range(5):
            make.interest(self.officer)
        look()


class DatabaseTests(TestCase):
    def setUp(self):
        self.officer = make.officer()

    def refuses(self, constraint, rows, **fields):
        with pytest.raises(IntegrityError) as refusal, transaction.atomic():
            rows.update(**fields)
        assert refusal.value.__cause__.diag.constraint_name == constraint

    def test_a_training_is_for_a_paper_in_a_year_and_given_once(self):
        row = make.training(self.officer)
        rows = ExaminerTraining.objects.filter(pk=row.pk)
        self.refuses("training_is_for_a_paper", rows, paper="101")
        self.refuses("training_was_in_a_year", rows, year=1900)
        make.training(self.officer, "101/2")
        self.refuses("one_training_for_a_paper", rows, paper="101/2")

    def test_an_interest_says_what_it_is_and_is_given_once(self):
        row, other = make.interest(self.officer), make.interest(self.officer)
        rows = Interest.objects.filter(pk=row.pk)
        self.refuses("interest_nature", rows, nature="friend")
        self.refuses("interest_says_what_it_is", rows, nature=Nature.OTHER)
        self.refuses("interest_says_what_it_is", rows, recorded_by=make.user())
        self.refuses("one_interest_in_a_station", rows, station=other.station)

    def test_skills_are_those_that_candidates_may_need(self):
        rows = Officer.objects.filter(pk=self.officer.pk)
        self.refuses("officer_skills_are_known", rows, skills=["juggling"])
