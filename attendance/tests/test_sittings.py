"""Papers of centres and of days, as headquarters sends and types them."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest
from webtest import Upload

from accounts.models import Entry
from attendance import sittings
from attendance.sittings import What
from catalogue.models import CentreEntry, DayKind, ExamDay
from cp2.exports import xlsx_file
from cp2.rules import Refused
from cp2.tests import make

SEND = reverse("admin:catalogue_sittings")
ENTRIES = reverse("admin:catalogue_centreentry_changelist")


def clerk(group="Deployment"):
    user = make.user()
    user.groups.set(Group.objects.filter(name=group))
    return user


class Sending(WebTest):
    def setUp(self):
        self.exam = make.exam()
        self.codes = ["20400001", "20400002"]
        self.entries = [
            make.entry(exam=self.exam, station=make.station(code=code)) for code in self.codes
        ]
        self.clerk = clerk()
        make.sign_in(self.client, self.clerk)
        self.app.set_cookie("session", self.client.cookies["session"].value)

    def form(self, page):
        return next(form for form in page.forms.values() if {"file", "apply"} & {*form.fields})

    def send(self, content, what="centres", exam=None, name="papers.csv"):
        form = self.form(self.app.get(SEND))
        form["exam"] = (exam or self.exam).pk
        form["what"] = what
        raw = content if isinstance(content, bytes) else content.encode()
        form["file"] = Upload(name, raw)
        return form.submit()

    def papers(self):
        rows = CentreEntry.objects.order_by("station__code")
        return list(rows.values_list("papers", flat=True))

    def test_what_a_file_of_centres_changes_is_shown_and_then_applied(self):
        CentreEntry.objects.filter(pk=self.entries[1].pk).update(papers=["101/1"])

        page = self.send('centre,papers\n20400001,"101/1, 443/2"\n20400002,101/1\n')

        assert "Changed: <b>1</b>" in page.text
        assert "As they are already: <b>1</b>" in page.text
        assert "101/1, 443/2" in page.text
        assert self.papers() == [[], ["101/1"]]
        assert not Entry.objects.filter(verb="papers.taken").exists()

        done = self.form(page).submit().follow()

        assert "1 row is changed." in done.text
        assert self.papers() == [["101/1", "443/2"], ["101/1"]]
        entry = Entry.objects.get(verb="papers.taken")
        assert (entry.actor, entry.subject_id) == (self.clerk, self.exam.pk)
        assert entry.details == {"what": "centres", "changed": 1}

    def test_centres_of_another_exam_with_the_same_code_stay_as_they_are(self):
        other = make.entry(station=self.entries[0].station)

        self.form(self.send("centre,papers\n20400001,101/1\n")).submit()

        other.refresh_from_db()
        assert other.papers == []

    def test_an_empty_cell_has_a_centre_work_on_every_day(self):
        CentreEntry.objects.update(papers=["101/1"])

        page = self.send("centre,papers\n20400001,\n")

        assert "<td>all</td>" in page.text
        assert "left as they are: <b>1</b>" in page.text
        self.form(page).submit()
        assert self.papers() == [[], ["101/1"]]

    def test_an_excel_workbook_does_as_well(self):
        file = xlsx_file("papers", ["Centre", "Papers"], [["20400001", "101/1;102/2"]])

        self.form(self.send(file, name="papers.xlsx")).submit()

        assert self.papers()[0] == ["101/1", "102/2"]

    def test_days_get_their_papers_and_new_days_their_kind(self):
        today, tomorrow = make.today(), make.today() + timedelta(days=1)
        ExamDay.objects.filter(exam=self.exam, day=tomorrow).delete()

        page = self.send(
            f"day,papers,kind\n{today:%d/%m/%Y},101/1,\n"
            f"{tomorrow.isoformat()},102/1 102/2,Orals and practicals\n",
            what="days",
        )
        assert "of these new: <b>1</b>" in page.text
        self.form(page).submit()

        days = ExamDay.objects.filter(exam=self.exam)
        assert days.get(day=today).papers == ["101/1"]
        added = days.get(day=tomorrow)
        assert (added.papers, added.kind) == (["102/1", "102/2"], DayKind.PRACTICAL)

    def test_what_is_wrong_is_said_line_by_line_and_nothing_is_taken(self):
        page = self.send(
            "centre,papers\n20400001,101\n99999999,101/1\n20400002,101/1\n20400002,101/2\n"
        )

        for said in (
            "Line 2: “101” is no number of a paper.",
            "Line 3: No centre with this code is entered for the exam.",
            "Line 5: This stands in an earlier line too.",
        ):
            assert said in page.text
        assert self.papers() == [[], []]

    def test_what_is_wrong_with_days_is_said_too(self):
        late = self.exam.ends_on + timedelta(days=1)
        day = make.today()
        ExamDay.objects.filter(day=day).delete()
        page = self.send(
            f"day,papers,kind\n{late},101/1,theory\n30/02/2026,101/1,\n{day},101/1,\n"
            f"{day},101/1,holiday\n",
            what="days",
        )

        for said in (
            "Line 2: This day is before the rehearsal or after the end.",
            "Line 3: Enter a day that exists",
            "Line 4: The exam does not have this day. To add it, say its kind",
            "Line 5: The kind of a day is one of these: rehearsal, practical, theory.",
        ):
            assert said in page.text

    def test_files_that_are_none(self):
        for content in (
            b"",
            b"centre,papers\n",
            b"x,y\n1,2\n",
            b"%PDF-1.7",
            b"\x00\xff\xfe",
            b"PK",
        ):
            with self.subTest(content=content):
                page = self.send(content)
                assert page.status_code == 200
                assert "errorlist" in page.text
        assert self.papers() == [[], []]

    def test_papers_of_centres_that_no_day_has_are_pointed_out(self):
        ExamDay.objects.filter(exam=self.exam, day=make.today()).update(papers=["101/1"])

        page = self.send('centre,papers\n20400001,"101/1,999/9"\n')

        assert "These papers are sat on no day of the exam" in page.text
        assert "999/9" in page.text.split("no day but rehearsals")[1][:60]
        assert "sat on no day" not in self.send("centre,papers\n20400001,101/1\n").text

    def test_what_changes_nothing_offers_nothing_to_apply(self):
        page = self.send("centre,papers\n20400001,\n")

        assert "Changed: <b>0</b>" in page.text
        assert 'value="Apply"' not in page.text

    def test_what_was_shown_long_ago_or_to_somebody_else_is_not_applied(self):
        page = self.send("centre,papers\n20400001,101/1\n")
        sealed = self.form(page)["apply"].value
        with time_machine.travel(timezone.now() + timedelta(hours=2)):
            late = self.client.post(SEND, {"apply": sealed}, follow=True)
        for value in (sealed[:-1], "x", "", "\0"):
            answer = self.client.post(SEND, {"apply": value}, follow=True)
            assert "Send the file again." in answer.text
        make.sign_in(self.client, clerk())
        other = self.client.post(SEND, {"apply": sealed})

        assert late.status_code == 200
        assert other.status_code == 404
        assert self.papers() == [[], []]

    def test_only_who_may_change_centres_and_days_finds_the_page(self):
        self.assertContains(self.client.get(ENTRIES), SEND)
        make.sign_in(self.client, clerk("Auditor"))
        self.assertNotContains(self.client.get(ENTRIES), SEND)
        for answer in (self.client.get(SEND), self.client.post(SEND, {"apply": "x"})):
            assert answer.status_code == 404

    def test_many_lines_are_applied_in_as_many_statements_as_one(self):
        def apply(count):
            given = {code: ([f"10{count}/1"], "") for code in self.codes[:count]}
            with CaptureQueriesContext(connection) as captured:
                changed = sittings.apply(given, exam=self.exam, what=What.CENTRES, by=self.clerk)
            assert changed == count
            return len(captured)

        assert apply(1) == apply(2) <= 4

    def test_all_or_nothing(self):
        with pytest.raises(Refused):
            sittings.preview(
                _file("centre,papers\n20400001,101/1\n1,1\n"), exam=self.exam, what=What.CENTRES
            )


def _file(text):
    import io

    return io.BytesIO(text.encode())


class Typing(TestCase):
    """The admin's own forms."""

    def setUp(self):
        self.exam = make.exam()
        self.entry = make.entry(exam=self.exam)
        self.day = ExamDay.objects.get(exam=self.exam, day=make.today())
        make.sign_in(self.client, clerk())

    def change(self, model, row, **fields):
        url = reverse(f"admin:catalogue_{model}_change", args=[row.pk])
        form = self.client.get(url).context["adminform"].form
        data = {
            name: value
            for name, field in form.fields.items()
            if (value := field.prepare_value(form.get_initial_for_field(field, name))) is not None
        }
        return self.client.post(url, {**data, **fields})

    def test_papers_of_a_day_are_typed_with_commas(self):
        assert self.change("examday", self.day, papers="101/1, 102/2;443/2a").status_code == 302

        self.day.refresh_from_db()
        assert self.day.papers == ["101/1", "102/2", "443/2A"]
        page = self.client.get(reverse("admin:catalogue_examday_changelist"))
        self.assertContains(page, "101/1, 102/2, 443/2A")
        form = self.client.get(reverse("admin:catalogue_examday_change", args=[self.day.pk]))
        self.assertContains(form, 'value="101/1, 102/2, 443/2A"')

    def test_what_is_no_paper_is_said_in_words_and_kept_in_the_box(self):
        page = self.change("examday", self.day, papers="101/1, maths")

        self.assertContains(page, "“MATHS” is no number of a paper. Write them as 101/1")
        self.assertContains(page, "101/1, maths")
        self.day.refresh_from_db()
        assert self.day.papers == []

    def test_papers_of_a_centre(self):
        assert self.change("centreentry", self.entry, papers="101/1").status_code == 302

        self.entry.refresh_from_db()
        assert self.entry.papers == ["101/1"]
        self.assertContains(self.client.get(ENTRIES), "101/1")
        assert self.change("centreentry", self.entry, papers="").status_code == 302
        self.entry.refresh_from_db()
        assert self.entry.papers == []

    def test_what_nobody_would_type(self):
        for typed in ("\0", "x" * 5000, "101/1," * 400, "١٠١/١", "101/1\u202e", ", ".join(
            f"{n:03}/1" for n in range(120)
        )):  # fmt: skip
            with self.subTest(typed=typed[:12]):
                page = self.change("centreentry", self.entry, papers=typed)
                assert page.status_code == 200
        self.entry.refresh_from_db()
        assert self.entry.papers == []
