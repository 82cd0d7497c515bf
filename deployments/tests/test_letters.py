"""The appointment letter: promised, printed once, handed out, void, and checked by anybody."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Entry
from catalogue.models import Office
from cp2.rules import Refused, Role
from cp2.tests import make
from deployments import letters, pdf, tasks
from deployments.models import DeploymentStatus, Letter, LetterStatus


def accepted(**fields):
    fields.setdefault("answered_at", timezone.now())
    return make.deployment(DeploymentStatus.ACCEPTED, **fields)


def helpdesk():
    user = make.user(Role.STAFF)
    user.groups.set(Group.objects.filter(name="Helpdesk"))
    return user


def url(deployment):
    return reverse("deployments:letter", args=[deployment.pk])


def check_url(code):
    return reverse("deployments:letter_check", args=[code])


class Promised(TestCase):
    def setUp(self):
        self.deployment = accepted()

    def test_a_row_that_waits_under_a_code_that_cannot_be_guessed(self):
        letter = letters.issue(self.deployment)

        assert letter.status == LetterStatus.WAITING
        assert len(letter.code) == 20
        assert len(letters.ALPHABET) ** len(letter.code) > 2**80
        assert not set("01ILOSUV") & set(letters.ALPHABET)
        assert len({letters.mint_code() for _ in range(500)}) == 500

    def test_a_new_one_voids_the_old_one(self):
        old = letters.issue(self.deployment)
        new = letters.issue(self.deployment)

        old.refresh_from_db()
        assert old.voided_at is not None
        assert list(self.deployment.letters.current()) == [new]

    def test_void_leaves_none_and_twice_changes_nothing(self):
        letter = letters.issue(self.deployment)
        letters.void(self.deployment)
        letter.refresh_from_db()
        since = letter.voided_at

        letters.void(self.deployment)

        letter.refresh_from_db()
        assert letter.voided_at == since
        assert not self.deployment.letters.current().exists()


class Printed(TestCase):
    def setUp(self):
        self.letter = letters.issue(accepted())

    def fail(self):
        def broken(letter):
            raise OSError("No space left on device")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pdf, "appointment_letter", broken)
            return letters.render_due()

    def test_due_ones_are_printed_once_and_kept(self):
        assert tasks.render_letters() == 1
        assert tasks.render_letters() == 0

        self.letter.refresh_from_db()
        content = letters.open_file(self.letter).read()
        assert self.letter.status == LetterStatus.READY
        assert content.startswith(b"%PDF-")
        assert content.rstrip().endswith(b"%%EOF")
        assert self.letter.size == len(content)
        assert self.letter.lease_until is None
        assert self.letter.attempts == 1

    def test_void_ones_are_not_printed(self):
        letters.void(self.letter.deployment)

        assert letters.render_due() == 0

    def test_a_tick_prints_no_more_than_its_share(self):
        for _ in range(3):
            letters.issue(accepted())

        assert letters.render_due(most=1) == 4  # five at a time, and then it is enough

    def test_what_fails_is_tried_three_times_then_failed_with_its_reason(self):
        for attempt in (1, 2, 3):
            Letter.objects.update(not_before=timezone.now())
            assert self.fail() == 1
            self.letter.refresh_from_db()
            assert self.letter.attempts == attempt
            assert self.letter.failure == "OSError: No space left on device"
            if attempt < 3:
                assert self.letter.status == LetterStatus.WAITING
                assert self.letter.not_before > timezone.now()
        assert self.letter.status == LetterStatus.FAILED
        assert letters.render_due() == 0

    def test_one_that_fails_holds_up_no_other(self):
        other = letters.issue(accepted())
        real = pdf.appointment_letter

        def broken_for_one(letter):
            if letter.pk == self.letter.pk:
                raise ValueError("bad text")
            return real(letter)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pdf, "appointment_letter", broken_for_one)
            assert letters.render_due() == 2

        other.refresh_from_db()
        assert other.status == LetterStatus.READY

    def test_a_person_may_have_it_printed_again_once_it_failed(self):
        user = make.user(Role.STAFF)
        with pytest.raises(Refused):
            letters.print_again(self.letter, by=user)
        Letter.objects.update(status=LetterStatus.FAILED, attempts=3)

        letters.print_again(self.letter, by=user)

        assert letters.render_due() == 1
        assert Entry.objects.get().verb == "letter.asked_again"

    def test_what_a_dead_worker_had_taken_is_given_back(self):
        assert letters.take(most=5)
        assert letters.take(most=5) == []
        assert letters.sweep() == 0

        with time_machine.travel(timezone.now() + letters.LEASE + timedelta(seconds=1)):
            Letter.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
            assert tasks.sweep_letters() == 1
        self.letter.refresh_from_db()
        assert self.letter.status == LetterStatus.WAITING
        assert "worker died" in self.letter.failure

    def test_a_letter_that_kills_its_worker_fails_in_the_end(self):
        for _ in range(3):
            Letter.objects.update(not_before=timezone.now())
            letters.take(most=5)
            Letter.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
            letters.sweep()

        self.letter.refresh_from_db()
        assert self.letter.status == LetterStatus.FAILED

    def test_a_worker_that_comes_too_late_leaves_no_file_and_no_trace(self):
        (late,) = letters.take(most=5)
        Letter.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        letters.sweep()
        Letter.objects.update(not_before=timezone.now())
        letters.render_due()
        self.letter.refresh_from_db()
        kept = str(self.letter.file)

        letters.render(late)

        self.letter.refresh_from_db()
        assert str(self.letter.file) == kept
        folder = str(Path(kept).parent)
        assert default_storage.listdir(folder)[1] == [Path(kept).name]

    def test_each_row_is_taken_by_one_worker_only(self):
        taken = letters.take(most=5)

        assert [each.pk for each in taken] == [self.letter.pk]
        assert taken[0].lease_until > timezone.now()


class HandedOut(TestCase):
    def setUp(self):
        self.deployment = accepted()
        self.officer = self.deployment.officer.user
        self.letter = letters.issue(self.deployment)

    def get(self, user=None, **query):
        if user:
            make.sign_in(self.client, user)
        return self.client.get(url(self.deployment), query)

    def read(self, user=None, **query):
        """As a browser does: to the end of the file."""
        answer = self.get(user, **query)
        assert answer.status_code == 200
        return b"".join(answer.streaming_content)

    def test_while_it_waits_the_page_looks_again_by_itself(self):
        page = self.get(self.officer)

        assert page.status_code == 200
        assert page.headers["Refresh"] == "3"
        assert "Your letter is being prepared." in page.text

    def test_a_failed_one_is_said_so_and_does_not_look_again(self):
        Letter.objects.update(status=LetterStatus.FAILED)
        page = self.get(self.officer)

        assert "could not be printed" in page.text
        assert "Refresh" not in page.headers

    def test_ready_it_is_a_file_named_by_its_serial(self):
        letters.render_due()
        answer = self.get(self.officer)

        assert answer.headers["Content-Type"] == "application/pdf"
        assert answer.headers["Content-Disposition"] == (
            f'attachment; filename="{self.deployment.serial}.pdf"'
        )
        assert b"".join(answer.streaming_content).startswith(b"%PDF-")
        shown = self.get(view="")
        assert shown.headers["Content-Disposition"].startswith("inline;")
        assert b"".join(shown.streaming_content).startswith(b"%PDF-")

    def test_first_download_is_written_down_once(self):
        letters.render_due()
        for _ in range(3):
            self.read(self.officer)

        self.letter.refresh_from_db()
        assert self.letter.downloaded_at is not None
        assert Entry.objects.filter(verb="letter.downloaded").count() == 1

    def test_another_who_looks_is_not_the_one_who_has_it(self):
        letters.render_due()
        self.read(helpdesk())

        self.letter.refresh_from_db()
        assert self.letter.downloaded_at is None

    def test_served_in_few_queries(self):
        letters.render_due()
        self.read(self.officer)
        with CaptureQueriesContext(connection) as queries:
            self.read()
        assert len(queries) <= 4

    def test_who_sees_the_deployment_sees_its_letter(self):
        letters.render_due()
        station = self.deployment.post.station
        for user in (
            helpdesk(),
            make.centre(station),
            make.director(station.sub_county, Office.TSC),
            make.director(station.sub_county, Office.SCDE),
        ):
            assert self.read(user).startswith(b"%PDF-")

    def test_nobody_else(self):
        letters.render_due()
        assert self.get().status_code == 302
        for user in (
            make.officer().user,
            make.centre(make.station()),
            make.director(make.sub_county()),
            make.user(Role.STAFF),
        ):
            assert self.get(user).status_code == 404

    def test_none_without_a_current_letter_and_for_no_such_number(self):
        letters.void(self.deployment)
        assert self.get(self.officer).status_code == 404
        for number in ("0", str(2**63), "9" * 31, "9" * 5000, "٣", "-1", "%00"):
            assert self.client.get(f"/deployments/{number}/letter.pdf").status_code == 404

    def test_it_changes_nothing_by_post(self):
        make.sign_in(self.client, self.officer)
        assert self.client.post(url(self.deployment)).status_code == 405


class Checked(TestCase):
    def setUp(self):
        self.officer = make.officer(full_name="Wanjikũ Ng'ang'a Mũthoni")
        self.deployment = accepted(officer=self.officer)
        self.letter = letters.issue(self.deployment)

    def check(self, code=None):
        return self.client.get(check_url(code or self.letter.code))

    def test_a_current_one_is_genuine(self):
        page = self.check()

        assert page.status_code == 200
        assert "This letter is genuine and current." in page.text
        for words in (
            "W. N. M.",
            "Invigilator",
            self.deployment.post.station.name,
            f"{self.deployment.ends_on:%-d %B %Y}",
            "Accepted",
        ):
            assert words in page.text
        assert page.headers["X-Robots-Tag"] == "noindex"
        assert "no-store" in page.headers["Cache-Control"]

    def test_whoever_guesses_is_stopped_and_whoever_checks_many_real_ones_is_not(self):
        for _ in range(50):
            assert self.check().status_code == 200
        answers = [self.check(letters.mint_code()).status_code for _ in range(30)]

        assert answers == [404] * 20 + [429] * 10
        assert "Retry-After" in self.check(letters.mint_code())

    def test_it_tells_no_more_than_initials(self):
        page = self.check().text

        for secret in (
            "Wanjik",
            self.officer.national_id,
            self.officer.phone,
            self.officer.tsc_number,
            str(self.deployment.serial),
        ):
            assert secret not in page

    def test_the_code_may_be_typed_as_it_is_printed(self):
        for typed in (
            pdf.in_groups(self.letter.code),
            self.letter.code.lower(),
            f" {self.letter.code[:10]} {self.letter.code[10:]} ",
        ):
            assert self.check(typed).status_code == 200
            found = self.client.get(reverse("deployments:letter_find"), {"code": typed})
            assert found.headers["Location"] == check_url(self.letter.code)

    def test_one_that_is_over_says_so(self):
        with time_machine.travel(timezone.now() + timedelta(days=60)):
            assert "its time has passed" in self.check().text

    def test_a_replaced_one_says_so(self):
        letters.issue(self.deployment)

        page = self.check()
        assert page.status_code == 200
        assert "This letter was replaced by another one on" in page.text
        assert "genuine and current" not in page.text

    def test_a_void_one_says_since_when(self):
        letters.void(self.deployment)

        assert "This letter is void since" in self.check().text

    def test_replaced_by_one_for_another_centre(self):
        letters.void(self.deployment)
        type(self.deployment).objects.filter(pk=self.deployment.pk).update(
            status=DeploymentStatus.CANCELLED
        )
        post = make.post(exam=self.deployment.post.exam, position=self.deployment.post.position)
        letters.issue(accepted(post=post, officer=self.officer, replaces=self.deployment))

        assert "This letter was replaced by another one on" in self.check().text

    def test_unknown_ones_look_the_same_and_are_not_found(self):
        for code in (
            letters.mint_code(),
            "x",
            "9" * 31,
            "9" * 5000,
            "%00",
            "1",
            "-1",
            "٣",
            "' OR 1",
        ):
            page = self.client.get(f"/letters/{code}/")
            with self.subTest(code[:30]):
                assert page.status_code == 404
                assert "No letter was issued under this code." in page.text
                assert "Is this letter genuine?" in page.text

    def test_rubbish_in_the_form_is_answered_in_words(self):
        find = reverse("deployments:letter_find")
        assert self.client.get(find).status_code == 200
        assert "Enter the code of the letter" in self.client.get(find, {"code": " "}).text
        for typed in ("\0", "a" * 5000, "\u202e", "<b>", "/../"):
            answer = self.client.get(find, {"code": typed}, follow=True)
            assert answer.status_code in (200, 404)

    def test_two_queries_and_none_for_what_cannot_be_a_code(self):
        with CaptureQueriesContext(connection) as queries:
            self.check()
        assert len(queries) == 1
        with CaptureQueriesContext(connection) as queries:
            self.client.get("/letters/x/")
        assert len(queries) == 0


class Database(TestCase):
    def setUp(self):
        self.letter = letters.issue(accepted())

    def refuses(self, name, **fields):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Letter.objects.filter(pk=self.letter.pk).update(**fields)

    def test_an_unknown_status(self):
        self.refuses("letter_status", status="king")

    def test_ready_without_its_file(self):
        whole = {"status": "ready", "file": "x", "sha256": "x", "size": 1}
        for missing in ({"file": ""}, {"sha256": ""}, {"size": 0}):
            self.refuses("ready_letter_has_its_file", **{**whole, **missing})

    def test_two_current_ones_of_a_deployment(self):
        with pytest.raises(IntegrityError, match="one_letter_is_current"), transaction.atomic():
            Letter.objects.create(deployment=self.letter.deployment, code=letters.mint_code())

    def test_an_unknown_language(self):
        self.refuses("letter_language", language="fr")

    def test_two_of_a_code(self):
        self.refuses("code", code=letters.issue(accepted()).code)


@pytest.mark.race
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_four_workers_print_each_letter_once():
    for _ in range(8):
        letters.issue(accepted())
    printed = []
    start = threading.Barrier(4)

    def work():
        start.wait()
        try:
            letters.render_due()
        finally:
            connection.close()

    with pytest.MonkeyPatch.context() as patch:
        made = pdf.Printed(b"%PDF-%%EOF", None, "en")
        patch.setattr(pdf, "appointment_letter", lambda letter: printed.append(letter.pk) or made)
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert len(printed) == len(set(printed)) == 8
    assert set(Letter.objects.values_list("status", "attempts")) == {("ready", 1)}
