"""On which days a centre works, who is on the register of each, and until when it is marked."""

from datetime import time, timedelta

from django.test import TestCase
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest

from accounts.models import Entry
from attendance import services
from attendance.eligibility import moment
from attendance.models import Mark, Register
from attendance.serving import lines, serving_at, sheet
from attendance.tests import world
from attendance.tests.world import ABSENT
from catalogue.models import CentreEntry, DayKind, ExamDay
from cp2.tests import make


class OwnPapers(WebTest):
    def setUp(self):
        self.centre = world.centre(officers=2, papers=["101/1", "121/1"])
        self.day = self.centre.entry.exam.days.get(day=make.today())

    def sit(self, *papers):
        self.day.papers = list(papers)
        self.day.save()

    def test_centre_works_on_days_of_its_papers_and_on_those_of_which_none_are_given(self):
        for papers in (["121/1", "511/1"], []):
            self.sit(*papers)
            page = self.app.get(self.centre.register(), user=self.centre.user)
            assert page.html.select(".register-row")

    def test_centre_rests_on_days_of_other_papers_and_is_told_so(self):
        self.sit("511/1")
        self.app.set_user(self.centre.user)

        page = self.app.get(self.centre.register())

        assert "The exam does not sit here on" in page.text
        assert not page.html.select(".register-row")
        assert self.centre.register() not in self.app.get(self.centre.url("days")).text
        assert self.day.day not in sheet(self.centre.entry)["days"]

    def test_rehearsal_is_for_all(self):
        self.sit("511/1")
        ExamDay.objects.filter(pk=self.day.pk).update(kind=DayKind.REHEARSAL)

        assert moment(self.centre.entry, make.today()).works

    def test_centre_without_papers_of_its_own_works_every_day(self):
        self.sit("511/1")
        CentreEntry.objects.update(papers=[])
        self.centre.entry.refresh_from_db()

        assert moment(self.centre.entry, make.today()).works

    def test_director_waits_for_nobody_who_rests(self):
        station = self.centre.entry.station
        make.sign_in(self.client, make.director(station.sub_county))
        address = reverse("attendance:area_attendance")
        self.assertContains(self.client.get(address), station.code)

        self.sit("511/1")

        self.assertNotContains(self.client.get(address), station.code)
        assert not CentreEntry.objects.working_on(make.today()).exists()
        assert list(ExamDay.objects.worked_by(self.centre.entry).filter(day=make.today())) == []


class PaidKinds(TestCase):
    def setUp(self):
        self.centre = world.centre(officers=3)
        exam = self.centre.entry.exam
        make.terms(
            exam=exam,
            position=self.centre.invigilators.position,
            paid_days=[DayKind.REHEARSAL, DayKind.THEORY],
        )
        make.terms(exam=exam, position=make.position("CM"))
        exam.days.filter(day=make.today()).update(kind=DayKind.PRACTICAL)

    def test_whoever_is_not_paid_for_such_a_day_is_not_on_its_register(self):
        manager = self.centre.deployments[0]
        assert list(serving_at(self.centre.entry, make.today())) == [manager]
        assert [line.officer_id for line in lines(self.centre.entry, make.today())] == [
            manager.officer_id
        ]
        tomorrow = make.today() + timedelta(days=1)
        assert serving_at(self.centre.entry, tomorrow).count() == 3

    def test_who_is_on_it_is_marked_and_the_others_are_shown_as_not_expected(self):
        services.mark_all(
            self.centre.entry,
            day=make.today(),
            marks={self.centre.deployments[0].officer_id: ABSENT},
            by=self.centre.user,
            acting_name="Barasa Wafula",
        )

        found = sheet(self.centre.entry)
        today = found["days"].index(make.today())
        assert [row["cells"][today] for row in found["rows"]] == ["Ab", "–", "–"]
        assert Register.objects.get().status == "submitted"

    def test_post_that_names_one_of_them_is_refused(self):
        self.client.force_login(self.centre.user)

        page = self.client.post(self.centre.register(), self.centre.posted(), follow=True)

        self.assertContains(page, "The list of officers has changed since you opened it")
        assert not Mark.objects.exists()


class CutOff(WebTest):
    def setUp(self):
        self.centre = world.centre(officers=2)
        self.exam = self.centre.entry.exam
        self.yesterday = make.today() - timedelta(days=1)

    def close(self, **fields):
        for name, value in fields.items():
            setattr(self.exam, name, value)
        self.exam.save()

    def test_exam_says_until_when(self):
        self.close(registers_close_after=3, registers_close_at=time(17, 30))

        closes = timezone.localtime(moment(self.centre.entry, self.yesterday).closes)

        assert closes.date() == self.yesterday + timedelta(days=3)
        assert closes.time() == time(17, 30)

    def test_day_that_the_exam_has_closed_is_refused_with_the_moment(self):
        self.close(registers_close_after=0, registers_close_at=time(20))

        page = self.app.get(self.centre.register(self.yesterday), user=self.centre.user)

        assert "is closed: it could be marked until" in page.text
        assert ", 20:00." in page.text
        assert not page.html.select(".register-row")

    def test_marks_after_the_day_ask_for_a_reason_which_stays(self):
        page = self.app.get(self.centre.register(self.yesterday), user=self.centre.user)
        form = next(form for form in page.forms.values() if "late_reason" in form.fields)
        form["acting_name"] = "Barasa Wafula"
        for deployment in self.centre.deployments:
            form[f"officer_{deployment.officer_id}"] = "present"

        page = form.submit()

        assert "Say why this day is marked after it was over" in page.text
        assert not Mark.objects.exists()

        form = next(form for form in page.forms.values() if "late_reason" in form.fields)
        form["late_reason"] = "No network all day"
        form.submit()

        assert Mark.objects.count() == 2
        assert Register.objects.get().late_reason == "No network all day"
        page = self.app.get(self.centre.register(self.yesterday))
        assert "No network all day" in page.text

    def test_reason_of_a_correction_is_in_the_trail(self):
        marks = {"acting_name": "Barasa Wafula", "late_reason": "Was ill, came at noon"}
        said = {"by": self.centre.user, "day": self.yesterday}
        services.mark_all(self.centre.entry, marks=self.centre.marks(), **marks, **said)

        services.mark_all(
            self.centre.entry, marks=self.centre.marks("present", ABSENT), **marks, **said
        )

        assert Entry.objects.get(verb="mark.corrected").details == {
            "was": "present",
            "now": "absent",
            "late_reason": "Was ill, came at noon",
        }

    def test_today_asks_for_none(self):
        page = self.app.get(self.centre.register(), user=self.centre.user)

        assert not any("late_reason" in form.fields for form in page.forms.values())
