"""Copies of ID cards and all other files of officers: sent, scanned, shown to few, swept up."""

import os
import socket
import tempfile
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction
from django.test import RequestFactory, TestCase, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest
from webtest import Upload

from accounts.models import Entry
from catalogue.models import Office
from cp2.rules import Refused
from cp2.tests import make
from profiles import papers, scanner, services, tasks
from profiles.forms import CopyForm
from profiles.handlers import Capped
from profiles.models import SIDES, Paper, PaperKind, PaperStatus
from profiles.tests.test_uploads import EICAR, every_file, jpeg, pdf, png
from profiles.uploads import PaperFile
from sms.models import Message

MIGRATIONS = Path(settings.BASE_DIR) / "profiles" / "migrations"
MOVED = import_module(
    f"profiles.migrations.{next(MIGRATIONS.glob('*_certificates_are_papers.py')).stem}"
)
FRONT, BACK = reverse("profiles:id_front"), reverse("profiles:id_back")
PAPERS = reverse("profiles:papers")
FILE = PaperFile(pdf(), "front.pdf", "application/pdf")


def copy(officer, kind=PaperKind.ID_FRONT, **fields):
    paper = papers.save_copy(officer, kind=kind, file=FILE, by=officer.user)
    if fields:
        Paper.objects.filter(pk=paper.pk).update(**fields)
        paper.refresh_from_db()
    return paper


def certificate(officer, file=FILE):
    return services.save_qualification(
        officer,
        by=officer.user,
        certificate=file,
        level="degree",
        institution="X",
        course="Y",
        starts_on=make.today(),
        ends_on=make.today(),
    )


def form_with_file(page, field="file"):
    return next(form for form in page.forms.values() if field in form.fields)


class Sending(WebTest):
    def setUp(self):
        self.officer = make.officer(full_name="Atieno Ochieng")

    def send(self, url, name, data, **how):
        page = self.app.get(url, user=self.officer.user)
        form = form_with_file(page)
        form["file"] = Upload(name, data, "image/jpeg")
        return form.submit(**how)

    def test_both_sides_are_sent_shown_replaced_and_removed(self):
        page = self.send(FRONT, "kadi mbele.jpg", jpeg()).follow()
        assert "kadi mbele.jpg" in page.text
        page = self.send(BACK, "kadi.png", png()).follow()
        assert "kadi.png" in page.text
        assert {paper.kind for paper in self.officer.papers.all()} == set(SIDES)
        first = self.officer.papers.get(kind=PaperKind.ID_FRONT)

        with self.captureOnCommitCallbacks(execute=True):
            self.send(FRONT, "better.pdf", pdf())

        second = self.officer.papers.get(kind=PaperKind.ID_FRONT)
        assert (second.name, second.type) == ("better.pdf", "application/pdf")
        assert not default_storage.exists(first.file.name)

        page = self.app.get(PAPERS, user=self.officer.user)
        page = page.click(href=reverse("profiles:delete_paper", args=[second.pk]))
        with self.captureOnCommitCallbacks(execute=True):
            next(form for form in page.forms.values() if "Remove" in form.text).submit()

        assert self.officer.papers.get().kind == PaperKind.ID_BACK
        assert not default_storage.exists(second.file.name)
        verbs = [entry.verb for entry in Entry.objects.filter(actor=self.officer.user)]
        assert sorted(verbs) == ["paper.added"] * 3 + ["paper.removed"]

    def test_what_is_no_picture_is_refused_by_the_field(self):
        page = self.send(FRONT, "card.jpg", EICAR)

        assert "not a PDF, JPEG or PNG" in page.html.find(id="id_file_error").text
        page = form_with_file(self.app.get(FRONT, user=self.officer.user)).submit()
        assert "Choose a file" in page.html.find(id="id_file_error").text
        assert not Paper.objects.exists()

    def test_b_100_a_person_has_twenty_files(self):
        for _ in range(papers.MOST_FILES):
            certificate(self.officer)

        page = self.send(FRONT, "card.jpg", jpeg())

        assert "You have sent 20 files already" in page.text
        assert self.officer.papers.count() == 20

    def test_the_twentieth_may_be_replaced(self):
        for _ in range(papers.MOST_FILES - 1):
            certificate(self.officer)
        self.send(FRONT, "card.jpg", jpeg())

        self.send(FRONT, "other.jpg", jpeg())

        assert self.officer.papers.get(kind=PaperKind.ID_FRONT).name == "other.jpg"

    def test_b_100_files_in_quick_succession_wait_and_nothing_typed_is_lost(self):
        for _ in range(20):
            self.send(FRONT, "card.jpg", EICAR)

        page = self.send(FRONT, "card.jpg", jpeg(), status=429)
        assert 0 < int(page.headers["Retry-After"]) <= 660
        error = page.html.find(id="id_file_error").text
        assert "many files in a short time" in error
        assert "Choose a file:" not in error
        assert not Paper.objects.exists()

        page = self.app.get(reverse("profiles:add_qualification"), user=self.officer.user)
        form = form_with_file(page, "certificate")
        form["course"] = "Mathematics"
        form["certificate"] = Upload("a.pdf", pdf(), "application/pdf")
        page = form.submit(status=429)
        assert form_with_file(page, "course")["course"].value == "Mathematics"
        assert "many files" in page.html.find(id="id_certificate_error").text

        make.time_passes(minutes=11)
        self.send(FRONT, "card.jpg", jpeg(), status=302)
        assert Paper.objects.count() == 1

    def test_others_are_not_held_up_by_one_who_sends_much(self):
        for _ in range(21):
            self.send(FRONT, "card.jpg", EICAR, expect_errors=True)
        self.officer = make.officer()
        self.app.reset()

        self.send(FRONT, "card.jpg", jpeg(), status=302)

    def test_forms_without_a_file_take_nothing_of_the_limit(self):
        for _ in range(21):
            page = self.app.get(reverse("profiles:personal"), user=self.officer.user)
            form_with_file(page, "town").submit(status=302)


class Hostile(TestCase):
    """Requests that no form of ours makes."""

    def setUp(self):
        self.officer = make.officer()
        self.client.force_login(self.officer.user)

    def body(self, *parts, end=b"--x--\r\n"):
        return (
            b"".join(
                b'--x\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
                % (name, b'; filename="%s"' % file if file else b"", data)
                for name, file, data in parts
            )
            + end
        )

    def post(self, body, **headers):
        return self.client.generic(
            "POST", FRONT, body, content_type="multipart/form-data; boundary=x", **headers
        )

    def test_b_098_of_two_files_in_one_field_the_first_counts(self):
        self.post(self.body((b"file", b"one.pdf", pdf()), (b"file", b"two.pdf", pdf())))

        assert Paper.objects.get().name == "one.pdf"

    def test_b_098_many_files_or_many_fields_are_a_bad_request(self):
        files = [(b"file%d" % n, b"a.pdf", b"%PDF-") for n in range(200)]
        assert self.post(self.body(*files)).status_code == 400
        fields = [(b"field%d" % n, b"", b"1") for n in range(10_000)]
        assert self.post(self.body(*fields)).status_code == 400
        assert not Paper.objects.exists()

    def test_b_084_a_file_that_is_too_large_is_refused_in_words(self):
        page = self.post(self.body((b"file", b"large.pdf", pdf() + b"\0" * 5 * 1024 * 1024)))

        assert "larger than 5 MB" in page.text

    def test_b_085_no_more_of_a_file_is_written_than_shows_that_it_is_too_large(self):
        kept = []

        class Watching(papers.uploads.PaperField):
            def clean(self, data, initial=None):
                kept.append(data.size)
                return super().clean(data, initial)

        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(CopyForm.base_fields, "file", Watching())
            page = self.post(self.body((b"file", b"large.pdf", b"\0" * 40 * 1024 * 1024)))

        assert "larger than 5 MB" in page.text
        assert 5 * 1024 * 1024 < kept[0] < 6 * 1024 * 1024

    def test_b_085_headquarters_may_send_larger_files_where_it_works(self):
        ours = Capped(RequestFactory().post(reverse("admin:index")))
        theirs = Capped(RequestFactory().post(FRONT))
        assert ours.receive_data_chunk(b"x", 50_000_000) == b"x"
        assert theirs.receive_data_chunk(b"x", 50_000_000) is None

    def test_b_085_a_length_that_lies_gains_nothing(self):
        body = self.body((b"file", b"a.pdf", pdf() + b"\0" * 900))
        for length in ("0", "", "-5", "x", str(len(body) - 600)):
            page = self.post(body, CONTENT_LENGTH=length)
            assert page.status_code in (200, 302, 400), length
        for paper in Paper.objects.all():
            assert paper.file.size <= 5 * 1024 * 1024

    def test_b_096_a_name_in_the_request_is_only_a_name(self):
        names = {
            b"..\\..\\x.pdf": "x.pdf",
            b"../../etc/passwd": "passwd.pdf",
            b"C:\\x.pdf": "x.pdf",
            b"CON.pdf": "CON.pdf",
            "\u202efdp.exe.pdf".encode(): "fdp.exe.pdf",
            b"a;b.pdf": "ab.pdf",
            b"a%00b.pdf": "a00b.pdf",
        }
        for sent, shown in names.items():
            assert self.post(self.body((b"file", sent, pdf()))).status_code == 302, sent
            paper = Paper.objects.get()
            assert paper.name == shown
            assert paper.file.name.startswith("papers/")
            page = self.client.get(reverse("profiles:paper", args=[paper.pk]))
            assert page["Content-Disposition"] == f'attachment; filename="{shown}"'

    def test_b_097_an_ending_that_is_not_its_own_is_refused(self):
        for name in (b"a.pdf.html", b".htaccess", b"a.svg", b"a.php"):
            page = self.post(self.body((b"file", name, pdf())))
            assert "not a PDF, JPEG or PNG" in page.text, name


class Fetching(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.officer = make.officer(full_name="Atieno Ochieng")
        cls.director = make.director(cls.officer.sub_county)
        cls.scde = make.director(cls.officer.sub_county, Office.SCDE)
        cls.staff = make.user(is_superuser=True)
        cls.paper = copy(cls.officer)
        cls.url = reverse("profiles:paper", args=[cls.paper.pk])

    def get(self, user, url=None):
        make.sign_in(self.client, user)
        return self.client.get(url or self.url)

    def test_its_owner_gets_it_as_a_file_to_save(self):
        page = self.get(self.officer.user)

        assert page["Content-Disposition"] == 'attachment; filename="front.pdf"'
        assert page["X-Content-Type-Options"] == "nosniff"
        assert page["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert "no-store" in page["Cache-Control"]
        assert not Entry.objects.filter(verb="officer.viewed").exists()

    def test_who_vets_by_it_gets_it_and_that_is_written_down(self):
        assert self.get(self.director).status_code == 200
        assert Entry.objects.filter(verb="officer.viewed", actor=self.director).count() == 1

    def test_headquarters_gets_a_card_once_it_has_said_why(self):
        officer = reverse("admin:profiles_officer_change", args=[self.officer.pk])
        assert self.get(self.staff).url == officer
        assert not Entry.objects.filter(verb="officer.viewed").exists()

        make.sign_in(self.client, self.staff)
        self.client.post(officer, {"look_why": "vetting"})
        assert self.client.get(self.url).status_code == 200
        assert Entry.objects.filter(verb="officer.viewed", actor=self.staff).count() == 2

    def test_b_099_everybody_else_finds_nothing(self):
        strangers = [
            make.officer().user,
            make.director(make.sub_county()),
            make.centre(make.station(sub_county=self.officer.sub_county)),
            make.user(),  # headquarters, with no right to look at officers
            self.scde,  # certificates, yes; ID cards, no
        ]
        for user in strangers:
            assert self.get(user).status_code == 404
        self.client.logout()
        assert self.client.get(self.url).status_code == 302

    def test_another_officer_neither_removes_nor_sees_it(self):
        self.client.force_login(make.officer().user)

        assert (
            self.client.post(reverse("profiles:delete_paper", args=[self.paper.pk])).status_code
            == 404
        )
        assert "front.pdf" not in self.client.get(PAPERS).text
        assert Paper.objects.filter(pk=self.paper.pk).exists()

    def test_it_stands_on_the_page_by_which_a_director_vets_and_not_on_the_other_offices(self):
        url = reverse("profiles:area_officer", args=[self.officer.pk])
        make.sign_in(self.client, self.director)
        assert self.url in self.client.get(url).text
        make.sign_in(self.client, self.scde)
        assert self.url not in self.client.get(url).text

    def test_headquarters_finds_it_by_the_officer(self):
        make.sign_in(self.client, self.staff)
        page = self.client.get(reverse("admin:profiles_officer_change", args=[self.officer.pk]))
        assert self.url in page.text

    def test_before_it_is_scanned_only_its_owner_gets_it(self):
        Paper.objects.update(status=PaperStatus.CHECKING)

        assert self.get(self.officer.user).status_code == 200
        assert "Being checked for viruses" in self.get(self.officer.user, PAPERS).text
        for user in (self.director, self.staff):
            assert self.get(user).status_code == 404
        area = self.get(self.director, reverse("profiles:area_officer", args=[self.officer.pk]))
        assert self.url not in area.text
        assert "Being checked for viruses" in area.text

    def test_a_quarantined_one_is_gone_and_asks_for_another(self):
        Paper.objects.update(status=PaperStatus.QUARANTINED, file="")

        assert self.get(self.officer.user).status_code == 404
        page = self.get(self.officer.user, PAPERS)
        assert "a virus was in it" in page.text
        assert "Send another file" in page.text

    def test_the_page_takes_few_queries(self):
        self.client.force_login(self.officer.user)
        with CaptureQueriesContext(connection) as queries:
            self.client.get(PAPERS)
        assert len(queries) <= 8


# Scanning


class Clamd:
    """A scanner that speaks INSTREAM and knows one virus."""

    def __init__(self, family, address):
        self.listening = socket.socket(family)
        self.listening.bind(address)
        self.listening.listen()
        self.scanned = 0
        self.answer = None
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                caller, _ = self.listening.accept()
            except OSError:
                return
            with caller, caller.makefile("rb") as heard:
                assert heard.read(10) == b"zINSTREAM\0"
                data = b""
                while size := int.from_bytes(heard.read(4), "big"):
                    data += heard.read(size)
                self.scanned += 1
                found = b"stream: Eicar-Signature FOUND" if EICAR in data else b"stream: OK"
                caller.sendall((found if self.answer is None else self.answer) + b"\0")

    def close(self):
        # wakes the thread that waits in accept
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()


@contextmanager
def clamd():
    scanner_ = Clamd(socket.AF_INET, ("127.0.0.1", 0))
    host, port = scanner_.listening.getsockname()
    try:
        with override_settings(CLAMD=f"{host}:{port}"):
            yield scanner_
    finally:
        scanner_.close()


@contextmanager
def nobody_listens():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with override_settings(CLAMD=f"127.0.0.1:{port}"):
        yield


def infected(officer):
    """The inspector lets no EICAR through by itself; a PDF may hold one behind its pages."""
    file = PaperFile(pdf() + EICAR, "card.pdf", "application/pdf")
    return papers.save_copy(officer, kind=PaperKind.ID_FRONT, file=file, by=officer.user)


def later():
    """Leases and waits are over."""
    Paper.objects.update(scan_after=timezone.now() - timedelta(seconds=1))


class Scanning(TestCase):
    def setUp(self):
        self.officer = make.officer()

    def test_without_a_scanner_files_count_as_they_came(self):
        assert copy(self.officer).status == PaperStatus.UNSCANNED
        assert tasks.scan_papers() == 0

    def test_a_clean_file_is_passed_by_the_worker(self):
        with clamd() as scanner_:
            paper = copy(self.officer)
            assert paper.status == PaperStatus.CHECKING

            assert tasks.scan_papers() == 1
            assert tasks.scan_papers() == 0

        paper.refresh_from_db()
        assert (paper.status, scanner_.scanned) == (PaperStatus.CLEAN, 1)
        assert default_storage.exists(paper.file.name)
        assert not Message.objects.exists()

    def test_b_094_a_virus_is_deleted_and_its_officer_told(self):
        with clamd():
            paper = infected(self.officer)
            path = paper.file.name
            with self.captureOnCommitCallbacks(execute=True):
                tasks.scan_papers()

        paper.refresh_from_db()
        assert (paper.status, paper.file.name) == (PaperStatus.QUARANTINED, "")
        assert not default_storage.exists(path)
        message = Message.objects.get()
        assert (message.template, message.to) == ("profiles/virus", self.officer.phone)
        entry = Entry.objects.get(verb="paper.quarantined")
        assert (entry.actor, entry.details["virus"]) == (None, "Eicar-Signature")

        assert copy(self.officer).status == PaperStatus.UNSCANNED
        assert self.officer.papers.count() == 1

    def test_b_094_while_the_scanner_is_away_files_wait(self):
        with nobody_listens():
            paper = copy(self.officer)
            assert tasks.scan_papers() == 0
            paper.refresh_from_db()
            assert paper.status == PaperStatus.CHECKING
        with clamd():
            assert tasks.scan_papers() == 0  # not tried again at once
            later()
            assert tasks.scan_papers() == 1
        paper.refresh_from_db()
        assert paper.status == PaperStatus.CLEAN

    def test_b_094_a_scanner_that_is_taken_away_lets_nothing_through(self):
        with nobody_listens():
            paper = copy(self.officer)

        assert tasks.scan_papers() == 0
        paper.refresh_from_db()
        assert paper.status == PaperStatus.CHECKING

    def test_an_answer_that_is_none_lets_nothing_through_and_holds_up_no_other(self):
        for answer in (b"INSTREAM size limit exceeded. ERROR", b"", b"x" * 10_000):
            with clamd() as scanner_:
                paper = copy(self.officer)
                other = copy(make.officer())
                scanner_.answer = answer
                assert tasks.scan_papers() == 0
                assert scanner_.scanned == 2
            for each in (paper, other):
                each.refresh_from_db()
                assert each.status == PaperStatus.CHECKING

    def test_files_from_before_there_was_a_scanner_are_scanned_too(self):
        paper = copy(self.officer)
        with clamd():
            assert tasks.scan_papers() == 1

        paper.refresh_from_db()
        assert paper.status == PaperStatus.CLEAN

    def test_a_file_that_is_replaced_meanwhile_is_left_alone(self):
        with clamd():
            infected(self.officer)
            taken = papers.take(most=5)
            fresh = copy(self.officer)

            papers.scan(taken[0])

        fresh.refresh_from_db()
        assert fresh.status == PaperStatus.CHECKING
        assert not Message.objects.exists()

    def test_what_one_worker_has_another_does_not_take(self):
        with clamd():
            copy(self.officer)
            assert len(papers.take(most=5)) == 1
            assert papers.take(most=5) == []
            later()  # the first one died
            assert len(papers.take(most=5)) == 1

    def test_a_file_that_is_gone_from_the_store_holds_up_nothing(self):
        with clamd():
            Paper.objects.filter(pk=copy(self.officer).pk).update(file="papers/gone")
            copy(make.officer())
            tasks.scan_papers()

        assert Paper.objects.get(status=PaperStatus.CLEAN).officer != self.officer


def test_the_scanner_may_listen_on_a_socket_of_the_machine(tmp_path):
    path = str(tmp_path / "clamd.sock")
    listening = Clamd(socket.AF_UNIX, path)
    try:
        with override_settings(CLAMD=path):
            assert scanner.virus_in(ContentFile(b"harmless" * 50_000)) == ""
            assert scanner.virus_in(ContentFile(EICAR)) == "Eicar-Signature"
    finally:
        listening.close()


# Swept up


class Sweeping(TestCase):
    """On a real disk, whose files have an age."""

    def setUp(self):
        self.folder = self.enterContext(on_disk())
        self.officer = make.officer()

    def orphan(self, path, age=2 * 24 * 3600):
        name = default_storage.save(path, ContentFile(b"left behind"))
        at = time.time() - age
        os.utime(Path(default_storage.path(name)), (at, at))
        return name

    def test_a_file_that_no_row_names_goes_after_a_day(self):
        kept = copy(self.officer).file.name
        self.orphan_age(kept)
        old, older = self.orphan("papers/ab/abcd"), self.orphan("certificates/0123")
        fresh = self.orphan("papers/cd/cdef", age=3600)
        letter = self.orphan("letters/2025/x")

        assert tasks.sweep_papers() == 2

        assert [default_storage.exists(path) for path in (kept, old, older, fresh, letter)] == [
            True,
            False,
            False,
            True,
            True,
        ]

    def orphan_age(self, name):
        at = time.time() - 9 * 24 * 3600
        os.utime(Path(default_storage.path(name)), (at, at))

    def test_a_crash_between_file_and_row_leaves_one_that_is_swept(self):
        with papers.put_away(FILE) as path:
            pass  # and the process died before it wrote the row
        self.orphan_age(path)

        assert tasks.sweep_papers() == 1
        assert not default_storage.exists(path)

    def test_an_empty_store_is_no_failure(self):
        assert tasks.sweep_papers() == 0


@contextmanager
def on_disk():
    with tempfile.TemporaryDirectory() as folder:
        disk = {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": folder},
        }
        with override_settings(STORAGES={**settings.STORAGES, "default": disk}):
            yield folder


class Keeping(TestCase):
    def setUp(self):
        self.officer = make.officer()

    def test_a_file_whose_row_fails_is_not_kept(self):
        for _ in range(papers.MOST_FILES):
            certificate(self.officer)
        before = every_file()

        with pytest.raises(Refused, match="20 files"):
            copy(self.officer)

        assert every_file() == before

    def test_a_rolled_back_removal_keeps_its_file(self):
        paper = copy(self.officer)
        with transaction.atomic():
            papers.remove_copy(paper, by=self.officer.user)
            transaction.set_rollback(True)

        assert Paper.objects.filter(pk=paper.pk).exists()
        assert default_storage.exists(paper.file.name)

    def test_removing_one_that_was_removed_meanwhile_is_refused(self):
        paper = copy(self.officer)
        papers.remove_copy(paper, by=self.officer.user)
        with pytest.raises(Refused, match="meanwhile"):
            papers.remove_copy(Paper(pk=paper.pk, officer=self.officer), by=self.officer.user)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("paper_kind", {"kind": "x", "qualification": None}),
        ("paper_status", {"status": "x"}),
        ("certificate_is_of_a_qualification", {"kind": "certificate"}),
        ("only_a_quarantined_paper_has_no_file", {"file": ""}),
        ("only_a_quarantined_paper_has_no_file", {"status": "quarantined"}),
        ("paper_has_its_name_and_type", {"name": ""}),
        ("paper_has_its_name_and_type", {"type": ""}),
        ("one_copy_of_a_side_per_officer", {"kind": "id_back"}),
    ],
)
def test_a_paper_holds_together(constraint, fields):
    officer = make.officer()
    paper = copy(officer)
    copy(officer, PaperKind.ID_BACK)

    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        Paper.objects.filter(pk=paper.pk).update(**fields)
    assert refusal.value.__cause__.diag.constraint_name == constraint


@pytest.mark.django_db
@pytest.mark.parametrize("before", PaperStatus)
@pytest.mark.parametrize("answer", ["", "Eicar"])
def test_only_what_waits_is_decided_by_the_scanner(before, answer):
    paper = copy(make.officer())
    Paper.objects.update(
        status=before, file="" if before == PaperStatus.QUARANTINED else paper.file.name
    )
    if answer:
        papers._quarantine(paper, answer)
    else:
        papers._pass(paper)

    paper.refresh_from_db()
    after = PaperStatus.QUARANTINED if answer else PaperStatus.CLEAN
    assert paper.status == (after if before in Paper.MOVES else before)
    assert Entry.objects.filter(verb="paper.quarantined").exists() == (
        bool(answer) and before in Paper.MOVES
    )


@pytest.mark.django_db
def test_certificates_of_the_release_before_become_papers_and_go_back():
    study = make.qualification(make.officer())
    columns = "certificate, certificate_name, certificate_type"
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE profiles_qualification SET ({columns}) = ('certificates/x', 'x.pdf', 'y')"
        )
        cursor.execute(MOVED.CERTIFICATES)
        paper = Paper.objects.get()
        assert (paper.qualification, paper.officer) == (study, study.officer)
        assert (paper.file.name, paper.name, paper.type) == ("certificates/x", "x.pdf", "y")

        Paper.objects.update(file="papers/z", name="z.pdf")
        cursor.execute(MOVED.BACK)
        cursor.execute(f"SELECT {columns} FROM profiles_qualification")
        assert cursor.fetchall() == [("papers/z", "z.pdf", "y")]


@pytest.mark.django_db
def test_the_release_before_adds_officers_and_qualifications_on_these_tables():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE is_nullable = 'NO' "
            "AND column_default IS NULL AND is_identity = 'NO' AND table_name = 'profiles_officer'"
        )
        assert ("changed_since",) not in cursor.fetchall()
    make.qualification(make.officer())
    with connection.cursor() as cursor:
        cursor.execute("SELECT certificate, certificate_name FROM profiles_qualification")
        assert cursor.fetchall() == [("", "")]
