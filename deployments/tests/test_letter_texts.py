"""Headquarters' words for letters: begun, written, looked at, published, never changed after."""

import pytest
from django.db import IntegrityError, transaction
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest

from accounts.models import Entry
from cp2.rules import Refused, Role
from cp2.tests import make
from deployments import letter_editing, letter_fields, letter_sample, letter_texts, letters, pdf
from deployments.models import DeploymentStatus, Letter, LetterText
from deployments.tests.pdf_reader import text_of


def url(page, *args):
    return reverse(f"admin:deployments_lettertext_{page}", args=args)


class Fields(TestCase):
    VALUES = {"officer": "<b>Ng'ang'a</b> {serial}", "serial": "7", "station": "A & B"}

    def test_a_name_is_replaced_by_words_and_all_else_is_escaped(self):
        filled = letter_fields.fill("<i> {officer} at {station}", self.VALUES)

        assert filled == (
            "&lt;i&gt; &lt;b&gt;Ng&#x27;ang&#x27;a&lt;/b&gt; {serial} at <b>A &amp; B</b>"
        )

    def test_nothing_but_a_name_of_the_list_is_looked_up(self):
        for typed in (
            "{officer.user.password}",
            "{officer[0]}",
            "{officer!r}",
            "{officer:>99}",
            "{0}",
            "{}",
            "{__class__}",
            "{ officer }",
            "{%(officer)s}",
            "{{officer|safe}}",
            "{% load x %}",
        ):
            with self.subTest(typed):
                assert "Ng" not in letter_fields.fill(typed, self.VALUES).replace(
                    "&lt;b&gt;Ng&#x27;ang&#x27;a&lt;/b&gt; {serial}", ""
                )
                assert list(letter_fields.faults(typed))

    def test_what_is_wrong_is_said_once_and_by_its_name(self):
        said = list(letter_fields.faults("{stattion} and {stattion} or { here"))

        assert said == [
            "There is no field {stattion}. Use those that are listed below, spelt as they are.",
            "A brace stands alone. Write a field as { its name }, without spaces.",
        ]

    def test_every_field_has_a_value_in_every_letter(self):
        letter = letters.issue(make.deployment(DeploymentStatus.ACCEPTED))
        for language in ("en", "sw"):
            values = pdf.values_of(letter, letter.deployment, language)
            assert set(letter_fields.FIELDS) <= set(values)

    def test_our_own_words_name_no_field_that_is_not_there(self):
        for code in (*pdf.language_of("en").DUTIES, "CE", "EXM", "ANY"):
            for language in ("en", "sw"):
                for marks in (True, False):
                    words = letter_texts.own_words(make.position(code), language, marks=marks)
                    whole = " ".join([*words[:2], *words.paragraphs, words.closing])
                    assert not list(letter_fields.faults(whole.replace("{serial}", "")))


class Paragraphs(TestCase):
    def test_what_was_typed_is_read_as_it_is_shown(self):
        typed = "One\nmore\n\nYou will\n- come\n- go"
        read = letter_texts.read(f"\n\n{typed}\n \n\n")

        assert read == ["One\nmore", "You will\n- come\n- go"]
        assert letter_texts.typed(read) == typed
        assert letter_texts.parted(read[0]) == ("One more", [])
        assert letter_texts.parted(read[1]) == ("You will", ["come;", "go."])

    def test_a_line_without_a_hyphen_goes_on_with_the_one_before(self):
        assert letter_texts.parted("You will\n- come\nearly;\n- go.").lines == [
            "come early;",
            "go.",
        ]


class Writing(WebTest):
    csrf_checks = False

    def setUp(self):
        self.staff = make.user(Role.STAFF, is_superuser=True)
        make.sign_in(self.client, self.staff)
        for name, morsel in self.client.cookies.items():
            self.app.set_cookie(name, morsel.value)
        self.exam = make.exam()
        self.position = make.position("INV")

    def begin(self, start="own", language="en", exam=None):
        page = self.app.get(url("add"))
        form = next(form for form in page.forms.values() if "start" in form.fields)
        form["exam"] = str((exam or self.exam).pk)
        form["position"] = str(self.position.pk)
        form["language"] = language
        form["start"] = start
        return form.submit()

    def draft(self, **fields):
        return letter_editing.begin(
            **{
                "exam": self.exam,
                "position": self.position,
                "language": "en",
                "start": "own",
                "by": self.staff,
                **fields,
            }
        )

    def change(self, text):
        return self.app.get(url("change", text.pk)).forms["lettertext_form"]

    def test_from_the_portals_own_words_to_a_letter(self):
        answer = self.begin().follow()
        text = LetterText.objects.get()
        assert "A draft. Nothing is printed in these words" in answer.text
        form = answer.forms["lettertext_form"]
        assert "The Council appoints you as {a} {position}" in form["paragraphs"].value
        assert "\n- report to the centre" in form["paragraphs"].value
        assert "{cooling_off_years}" in answer.text

        form["subject"] = "Call of {officer}"
        form["paragraphs"] = "Come to {station}.\n\nYou will\n- be there\n- be awake"
        form["closing"] = "Thank you."
        saved = form.submit().follow()
        assert "Saved. Look at it as a page or as a PDF" in saved.text
        seen = self.app.get(url("preview", text.pk))
        assert "Call of Wanjikũ Nyang" in seen.text
        assert "be awake." in seen.text
        printed = self.app.get(url("pdf", text.pk))
        assert printed.content_type == "application/pdf"
        assert "2.2 be awake." in text_of(printed.body)

        page = self.app.get(url("publish", text.pk))
        form = [form for form in page.forms.values() if form.action == ""][-1]
        assert "Published: letters are printed" in form.submit().follow().text
        text.refresh_from_db()
        assert text.published_at is not None
        verbs = ["letter_text.begun", "letter_text.written", "letter_text.published"]
        assert list(Entry.objects.order_by("pk").values_list("verb", flat=True)) == verbs
        assert set(Entry.objects.values_list("actor", flat=True)) == {self.staff.pk}
        post = make.post(exam=self.exam, position=self.position)
        letter = letters.issue(make.deployment(DeploymentStatus.ACCEPTED, post=post))
        letters.render_due()
        letter.refresh_from_db()
        assert letter.text == text
        assert "2.2 be awake. Thank you." in text_of(letters.open_file(letter).read())

    def test_nothing_is_written_where_a_field_is_unknown_and_nothing_typed_is_lost(self):
        text = self.draft()
        for box in ("series", "subject", "paragraphs", "closing"):
            form = self.change(text)
            form[box] = "To {officer.user.password}"
            page = form.submit()
            with self.subTest(box):
                said = "There is no field {officer.user.password}."
                assert said in page.text
                assert page.forms["lettertext_form"][box].value == "To {officer.user.password}"
                where = page.html.find(class_=f"field-{box}")
                assert said in where.text
        before = vars(text)["paragraphs"]
        text.refresh_from_db()
        assert text.paragraphs == before

    def test_a_paragraph_begins_with_words(self):
        form = self.change(self.draft())
        form["paragraphs"] = "One.\n\n- two"
        assert "Paragraph 2 begins with a hyphen." in form.submit().text
        form["paragraphs"] = "\n\n".join(["x"] * 21)
        assert "Write at most 20 paragraphs." in form.submit().text
        form["paragraphs"] = "x\n" + "- y\n" * 61
        assert "Paragraph 1 has more than 60 numbered lines." in form.submit().text
        form["paragraphs"] = ""
        assert "Enter at least one paragraph" in form.submit().text

    def test_one_draft_at_a_time(self):
        self.draft()
        page = self.begin()
        assert "There is a draft for this already" in page.text
        assert LetterText.objects.count() == 1
        assert self.begin(language="sw").status_code == 302

    def test_a_new_version_starts_from_the_newest_and_old_letters_keep_theirs(self):
        first = letter_editing.publish(self.draft(), by=self.staff)
        page = self.app.get(url("change", first.pk))
        assert (
            "lettertext_form" not in page.forms
            or "paragraphs" not in page.forms["lettertext_form"].fields
        )
        add = page.click("Begin a new version")
        form = next(form for form in add.forms.values() if "start" in form.fields)
        assert form["start"].value == "newest"
        form.submit().follow()
        second = LetterText.objects.newest()
        assert (second.version, second.paragraphs) == (2, first.paragraphs)
        assert (
            LetterText.objects.in_force(exam=self.exam, position=self.position, language="en")
            == first
        )

    def test_the_words_of_last_years_exam(self):
        last = make.exam(year=self.exam.year - 1)
        older = self.draft(exam=last)
        older.paragraphs = ["As last year."]
        letter_editing.write(older, by=self.staff)
        assert "There are no such words yet." in self.begin("last_year").text
        letter_editing.publish(older, by=self.staff)

        self.begin("last_year")
        assert LetterText.objects.newest().exam_id in (self.exam.pk, last.pk)
        assert LetterText.objects.get(exam=self.exam).paragraphs == ["As last year."]
        with pytest.raises(Refused, match="have no earlier year"):
            self.draft(exam=None, start="last_year")

    def test_published_words_are_not_written_over_however_they_are_sent(self):
        text = self.draft()
        form = self.change(text)
        letter_editing.publish(text, by=self.staff)
        form["closing"] = "Something else"
        form.submit(expect_errors=True)
        text.refresh_from_db()
        assert text.closing != "Something else"
        with pytest.raises(Refused, match="stays as it is"):
            letter_editing.write(text, by=self.staff)

    def test_publishing_twice_is_the_same_as_once_and_nothing_empty_is(self):
        text = self.draft()
        text.paragraphs = []
        text.save()
        with pytest.raises(Refused, match="no paragraph"):
            letter_editing.publish(text, by=self.staff)
        text.paragraphs = ["x"]
        text.save()
        first = letter_editing.publish(text, by=self.staff).published_at
        assert letter_editing.publish(text, by=self.staff).published_at == first
        assert Entry.objects.filter(verb="letter_text.published").count() == 1


class Sample(TestCase):
    def test_it_is_of_nobody_and_as_long_as_fields_allow(self):
        text = LetterText(position=make.position(), language="sw")
        told = letter_sample.contents(text)

        assert len(told["officer"].full_name) >= 118
        assert not Letter.objects.exists()
        assert "{" not in str(told["paragraphs"]).replace("{'", "")


class Database(TestCase):
    def setUp(self):
        self.text = LetterText.objects.create(
            exam=make.exam(), position=make.position(), paragraphs=["x"]
        )

    def test_two_of_a_version(self):
        for exam in (self.text.exam, None):
            fields = {"exam": exam, "position": self.text.position, "version": 9}
            LetterText.objects.create(**fields, published_at=timezone.now())
            with (
                pytest.raises(IntegrityError, match="one_letter_text_of_a_version"),
                transaction.atomic(),
            ):
                LetterText.objects.create(**fields, published_at=timezone.now())

    def test_two_drafts(self):
        with (
            pytest.raises(IntegrityError, match="one_letter_text_is_a_draft"),
            transaction.atomic(),
        ):
            LetterText.objects.create(exam=self.text.exam, position=self.text.position, version=2)

    def test_an_unknown_language(self):
        with pytest.raises(IntegrityError, match="letter_text_language"), transaction.atomic():
            LetterText.objects.update(language="fr")

    def test_words_that_are_published_change(self):
        LetterText.objects.update(published_at=timezone.now())
        for fields in ({"closing": "y"}, {"paragraphs": []}, {"published_at": None}):
            with (
                pytest.raises(IntegrityError, match="letters have gone out in these words"),
                transaction.atomic(),
            ):
                LetterText.objects.update(**fields)  # published_words_stay
