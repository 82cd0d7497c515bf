"""Whoever leaves a centre in a rotation hands over to whoever comes after them."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest

from accounts.models import Entry
from attendance import services
from attendance.models import Handover
from attendance.tests import world
from catalogue.models import Office
from cp2.rules import Refused
from cp2.tests import make
from deployments.models import DeploymentStatus

DAY = timedelta(days=1)


def rotation(here=None, there=None, *, turn=None):
    """Two supervisors change places, today unless named: who leaves here, and who comes."""
    here = here or world.centre()
    exam, position = here.entry.exam, make.position("SUP")
    turn = turn or make.today()
    there = there or make.station(sub_county=here.entry.station.sub_county)
    make.terms(exam, position, rotation_days=7)
    make.entry(exam=exam, station=there)
    posts = [
        make.post(exam=exam, station=station, position=position)
        for station in (here.entry.station, there)
    ]
    first = [
        make.deployment(
            post=post, officer=make.officer(), ends_on=turn - DAY, answered_at=timezone.now()
        )
        for post in posts
    ]
    then = [
        make.deployment(
            post=post, officer=was.officer, starts_on=turn, replaces=was, answered_at=timezone.now()
        )
        for post, was in zip(posts[::-1], first, strict=True)
    ]
    return first[0], then[1]


def address(name, deployment):
    return reverse(f"attendance:{name}", args=[deployment.pk])


class Turning(WebTest):
    def setUp(self):
        self.centre = world.centre(officers=3)
        self.leaves, self.comes = rotation(self.centre)

    def page(self, deployment, **more):
        return self.app.get(address("handover", deployment), user=deployment.officer.user, **more)

    def write(self, **fields):
        form = self.page(self.leaves).forms[1]
        for name, value in {"issues": "The gate sticks.", **fields}.items():
            form[name] = value
        return form.submit()


class WriteTests(Turning):
    def test_from_home_to_the_handover_which_the_next_takes_over(self):
        home = self.app.get(reverse("home"), user=self.leaves.officer.user)
        form = home.click("Handover", index=1).forms[1]
        assert form["issues"].value == ""
        self.write(absent_candidates="012, 045 (Paper 2)", hardship="027 is expecting").follow()
        handover = Handover.objects.get()
        assert handover.deployment == self.leaves
        assert handover.day == make.today() - DAY
        assert handover.hardship == "027 is expecting"
        names = {each["name"] for each in handover.invigilators}
        assert names == {row.officer.full_name for row in self.centre.deployments}

        page = self.page(self.comes)
        assert "The gate sticks." in page.text
        assert "012, 045 (Paper 2)" in page.text
        done = next(form for form in page.forms.values() if "taken" in form.action).submit()
        assert "you have taken over" in done.follow().text
        handover.refresh_from_db()
        assert handover.taken_by == self.comes
        assert handover.taken_at >= handover.written_at
        assert Entry.objects.filter(verb="handover.taken", subject_id=handover.pk).exists()
        assert "has taken over, so it stays as it is" in self.page(self.leaves).text
        services.take_over(self.comes, by=self.comes.officer.user)  # pressed twice
        assert Entry.objects.filter(verb="handover.taken").count() == 1

    def test_the_list_stays_as_it_was_that_day(self):
        self.write()
        officer = self.centre.deployments[1].officer
        name, officer.full_name = officer.full_name, "Renamed Since"
        officer.save()
        assert name in {each["name"] for each in Handover.objects.get().invigilators}

    def test_it_is_corrected_until_somebody_has_taken_over(self):
        self.write()
        self.write(issues="The gate is mended.")
        handover = Handover.objects.get()
        assert handover.issues == "The gate is mended."
        entry = Entry.objects.get(verb="handover.corrected", subject_id=handover.pk)
        assert entry.details["was"] == {"issues": "The gate sticks."}
        services.take_over(self.comes, by=self.comes.officer.user)
        with pytest.raises(Refused, match="has taken over"):
            services.hand_over(
                self.leaves,
                by=self.leaves.officer.user,
                issues="x",
                absent_candidates="",
                hardship="",
            )

    def test_not_before_the_last_day(self):
        leaves, _comes = rotation(turn=make.today() + 2 * DAY)
        page = self.page(leaves)
        assert "Hand over on your last day here" in page.text
        assert "Save the handover" not in page.text
        last, _comes = rotation(turn=make.today() + DAY)
        assert "Save the handover" in self.page(last).text  # today is the last

    def test_what_was_typed_is_kept_when_something_is_wrong(self):
        form = self.page(self.leaves).forms[1]
        form["hardship"] = "027 is expecting"
        page = form.submit()
        assert "Say what you observed, or that it was nothing" in page.text
        assert page.forms[1]["hardship"].value == "027 is expecting"
        assert not Handover.objects.exists()

    def test_where_nothing_was_handed_over_the_next_is_told(self):
        assert "Nothing has been handed over to you yet" in self.page(self.comes).text
        with pytest.raises(Refused, match="Nothing has been handed over"):
            services.take_over(self.comes, by=self.comes.officer.user)


class KeptOutTests(Turning):
    def test_only_the_two_of_them(self):
        self.write()
        handover = Handover.objects.get()
        invigilator = self.centre.deployments[1]
        self.page(invigilator, status=404)
        read = reverse("attendance:handover_read", args=[handover.pk])
        for user, status in (
            (self.leaves.officer.user, 200),
            (self.comes.officer.user, 200),
            (invigilator.officer.user, 404),
            (self.centre.user, 200),
            (make.centre(self.comes.replaces.post.station, exam=make.exam()), 404),
        ):
            self.app.get(read, user=user, status=status)

    def test_whoever_comes_sees_it_from_their_first_day_on(self):
        leaves, comes = rotation(turn=make.today() + DAY)
        handover = Handover.objects.create(deployment=leaves, day=leaves.ends_on, issues="None")
        user = comes.officer.user
        self.app.get(address("handover", comes), user=user, status=404)
        self.app.get(reverse("attendance:handover_read", args=[handover.pk]), user=user, status=404)
        with pytest.raises(Refused, match="You take over on your first day here"):
            services.take_over(comes, by=user)

    def test_somebody_who_was_called_off_takes_nothing_over(self):
        self.write()
        self.comes.status = DeploymentStatus.CANCELLED
        self.comes.save()
        self.page(self.comes, status=404)


class ReadTests(TestCase):
    def setUp(self):
        self.centre = world.centre()
        self.leaves, self.comes = rotation(self.centre)
        self.place = self.centre.entry.station.sub_county
        self.director = make.director(self.place)

    def rows(self, **asked):
        make.sign_in(self.client, self.director)
        page = self.client.get(reverse("attendance:area_handovers"), asked)
        return list(page.context["page"])

    def test_directors_see_first_where_nothing_was_handed_over(self):
        other = self.comes.officer.deployments.get(ends_on=self.leaves.ends_on)
        assert set(self.rows()) == {self.leaves, other}
        Handover.objects.create(deployment=self.leaves, day=self.leaves.ends_on, issues="None")
        assert self.rows() == [other, self.leaves]
        assert self.rows(missing="on") == [other]
        assert self.rows(exam=self.leaves.post.exam_id) == [other, self.leaves]
        self.director = make.director(self.place, Office.SCDE)
        assert self.rows() == [other, self.leaves]
        self.director = make.director(make.sub_county())
        assert self.rows() == []

    def test_somebody_replaced_has_nothing_to_hand_over(self):
        post = self.leaves.post
        gone = make.deployment(
            DeploymentStatus.MOVED, post=post, slot=2, ends_on=make.today() - DAY
        )
        make.deployment(post=post, slot=2, starts_on=make.today(), replaces=gone)
        assert gone not in self.rows()

    def test_the_centre_lists_them_and_prints_one(self):
        handover = Handover.objects.create(
            deployment=self.leaves, day=self.leaves.ends_on, issues="<b>None</b>"
        )
        make.sign_in(self.client, self.centre.user)
        page = self.client.get(self.centre.url("centre_reports"))
        self.assertContains(page, reverse("attendance:handover_read", args=[handover.pk]))
        printed = self.client.get(reverse("attendance:handover_pdf", args=[handover.pk]))
        assert printed.content.startswith(b"%PDF")
        assert f"handover-{self.centre.entry.station.code}" in printed["Content-Disposition"]

    def test_as_many_queries_for_many_as_for_one(self):
        Handover.objects.create(deployment=self.leaves, day=self.leaves.ends_on, issues="None")
        make.sign_in(self.client, self.director)
        address = reverse("attendance:area_handovers")
        with CaptureQueriesContext(connection) as one:
            self.client.get(address)
        assert len(one) <= 8
        for _n in range(5):
            leaves, _comes = rotation(
                world.centre(
                    station=make.station(sub_county=self.place), exam=self.leaves.post.exam
                )
            )
            Handover.objects.create(
                deployment=leaves,
                day=leaves.ends_on,
                issues="None",
                taken_by=_comes,
                taken_at=timezone.now() + DAY,
            )
        with self.assertNumQueries(len(one)):
            self.client.get(address)


class DatabaseTests(TestCase):
    def setUp(self):
        self.leaves, self.comes = rotation()

    def refused(self, name, **fields):
        row = {"deployment": self.leaves, "day": self.leaves.ends_on, **fields}
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Handover.objects.create(**row)

    def test_a_handover_is_taken_by_somebody_after_it_was_written(self):
        now = timezone.now() + DAY
        self.refused("handover_is_taken_by_somebody", taken_at=now)
        self.refused("handover_is_taken_by_somebody", taken_by=self.comes)
        self.refused("handover_is_taken_by_somebody", taken_by=self.comes, taken_at=now - 2 * DAY)

    def test_nobody_hands_over_to_themselves(self):
        self.refused(
            "nobody_hands_over_to_themselves",
            taken_by=self.leaves,
            taken_at=timezone.now() + DAY,
        )
