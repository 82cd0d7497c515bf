"""What an officer studied, row by row."""

from django.urls import reverse
from django_webtest import WebTest

from accounts.models import Entry
from cp2.tests import make


class ThePages(WebTest):
    def setUp(self):
        self.officer = make.officer()
        self.study = make.qualification(self.officer, course="Mathematics")

    def form(self, name, *args):
        page = self.app.get(reverse(f"profiles:{name}", args=args), user=self.officer.user)
        return next(form for form in page.forms.values() if "course" in form.fields)

    def confirm(self, study):
        url = reverse("profiles:delete_qualification", args=[study.pk])
        page = self.app.get(url, user=self.officer.user)
        form = next(f for f in page.forms.values() if "confirm" in f.html.form.get("class", []))
        return form.submit().follow()

    def test_the_form_comes_filled_in_and_saves_what_was_changed(self):
        form = self.form("change_qualification", self.study.pk)
        assert form["course"].value == "Mathematics"
        form["course"] = "Physics"

        page = form.submit().follow()

        self.study.refresh_from_db()
        assert self.study.course == "Physics"
        assert "Physics" in page.html.text
        assert Entry.objects.about(self.study).get().details == {"fields": ["course"]}

    def test_an_empty_form_says_what_to_enter(self):
        page = self.form("add_qualification").submit()

        assert "Choose the level of study" in page.html.find(id="id_level_error").text
        assert "Enter the name of the course" in page.html.find(id="id_course_error").text
        assert self.officer.qualifications.count() == 1

    def test_an_end_before_the_start_is_refused_by_both_fields(self):
        form = self.form("change_qualification", self.study.pk)
        form["starts_on"], form["ends_on"] = "2020-02-01", "2020-01-01"

        page = form.submit()

        assert page.html.find(id="id_starts_on_error")
        assert page.html.find(id="id_ends_on_error")

    def test_one_of_two_may_be_removed(self):
        other = make.qualification(self.officer)

        page = self.confirm(other)

        assert self.officer.qualifications.get() == self.study
        assert "The entry is removed" in page.html.text

    def test_a_submitted_officer_keeps_the_last_one(self):
        page = self.confirm(self.study)

        assert "keeps one qualification" in page.html.find(id="messages").text
        assert self.officer.qualifications.get() == self.study
