"""A day of an exam that was a mistake goes, while nothing rests on it."""

from unittest.mock import patch

from django.test import TestCase
from django.urls import reverse

from accounts.models import Entry
from accounts.tests.people import staff
from attendance.models import CentreReport, Register
from catalogue.models import ExamDay
from cp2.tests import make


class Removing(TestCase):
    def setUp(self):
        self.exam = make.exam()
        self.entry = make.entry(exam=self.exam)
        self.day = self.exam.days.order_by("day")[3]
        self.url = reverse("admin:catalogue_examday_delete", args=[self.day.pk])
        self.by = staff("Deployment")
        make.sign_in(self.client, self.by)

    def refused(self, why):
        for answer in (self.client.get, self.client.post):
            page = answer(self.url, {"post": "yes"})
            assert why in page.text
            assert 'name="post"' not in page.text
        assert ExamDay.objects.filter(pk=self.day.pk).exists()

    def test_a_day_on_which_nothing_rests_goes_when_that_is_confirmed(self):
        make.post(exam=self.exam)
        make.vacancy(exam=self.exam)
        page = self.client.get(reverse("admin:catalogue_examday_change", args=[self.day.pk]))
        assert self.url in page.text
        assert "Are you sure" in self.client.get(self.url).text
        assert ExamDay.objects.filter(pk=self.day.pk).exists()

        self.client.post(self.url, {"post": "yes"})

        assert not ExamDay.objects.filter(pk=self.day.pk).exists()
        told = Entry.objects.about(self.exam).get(verb="exam.days_written")
        assert (told.actor, told.details["day"]) == (self.by, str(self.day.day))

    def test_it_stays_where_officers_are_deployed(self):
        make.deployment(post=make.post(exam=self.exam))
        self.refused("Officers are deployed for this exam")

    def test_it_stays_where_a_register_is_of_it(self):
        Register.objects.create(entry=self.entry, day=self.day.day)
        self.refused("Registers of such a day are there")

    def test_it_stays_where_a_centre_reported_something(self):
        CentreReport.objects.create(
            entry=self.entry,
            day=self.day.day,
            kind="incident",
            text="The container was late",
            acting_name="A. Otieno",
            reported_by=self.by,
        )
        self.refused("A centre has reported something")

    def test_it_stays_where_somebody_was_deployed_while_it_was_asked(self):
        make.deployment(post=make.post(exam=self.exam))
        found = ([], {}, set(), [])
        with patch("cp2.opening.admin.ExamDayAdmin.get_deleted_objects", return_value=found):
            page = self.client.post(self.url, {"post": "yes"}, follow=True)
        assert page.redirect_chain[0][0].endswith(f"/{self.day.pk}/change/")
        assert "Officers are deployed for this exam" in page.text
        assert ExamDay.objects.filter(pk=self.day.pk).exists()

    def test_nobody_else_removes_one(self):
        for group in ("Administrator", "Finance preparer", "Auditor", "Helpdesk"):
            make.sign_in(self.client, staff(group))
            assert self.client.post(self.url, {"post": "yes"}).status_code == 404, group
        assert ExamDay.objects.filter(pk=self.day.pk).exists()

    def test_the_page_of_the_exam_takes_no_day_away(self):
        url = reverse("admin:catalogue_exam_change", args=[self.exam.pk])
        assert "days-0-DELETE" not in self.client.get(url).text
