"""A letter that goes wrong fails by itself; a full disk costs nobody a letter."""

import errno
import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.test import SimpleTestCase, TestCase
from django.urls import reverse
from django.utils import timezone

from cp2.tests import make
from deployments import letters, pdf, press, printer
from deployments.models import DeploymentStatus, Letter, LetterStatus
from deployments.printer import Printer, PrintingFailed

PAGE = '<html lang="en-KE"><head><title>x</title></head><body><p>words</p></body></html>'
ENDLESS = f"<p>{'word ' * 1_000_000}</p>"


def issued(**fields):
    return letters.issue(make.deployment(DeploymentStatus.ACCEPTED, **fields))


class Program(SimpleTestCase):
    def setUp(self):
        self.printer = Printer()
        self.addCleanup(self.printer.stop)

    def pid(self):
        return self.printer.program and self.printer.program.pid

    def test_one_prints_many(self):
        once = self.printer.print(PAGE)
        pid = self.pid()

        assert once.startswith(b"%PDF-1.7")
        assert self.printer.print(PAGE) == once
        assert self.pid() == pid

    def test_it_is_ended_when_a_letter_takes_too_long_and_the_next_gets_a_new_one(self):
        self.printer.print(PAGE)
        pid, began = self.pid(), time.monotonic()
        with pytest.raises(PrintingFailed, match="took longer than any letter should"):
            self.printer.print(ENDLESS, within=0.5)

        assert time.monotonic() - began < 5
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        assert self.printer.print(PAGE)

    def test_it_may_take_only_so_much_memory(self):
        self.printer.print(PAGE)
        limits = Path(f"/proc/{self.pid()}/limits").read_text()
        said = {line[:26].strip(): line[26:].split()[0] for line in limits.splitlines()}

        assert said["Max address space"] == str(press.MOST_MEMORY)
        assert said["Max cpu time"] == str(press.MOST_SECONDS)
        assert said["Max core file size"] == "0"

    def test_it_knows_no_secret_of_ours(self):
        self.printer.print(PAGE)
        known = Path(f"/proc/{self.pid()}/environ").read_bytes()

        assert {each.split(b"=")[0] for each in known.split(b"\0") if each} <= {b"PATH", b"LANG"}

    def test_one_that_dies_is_replaced(self):
        self.printer.print(PAGE)
        self.printer.program.kill()
        self.printer.program.wait()

        assert self.printer.print(PAGE).startswith(b"%PDF-")

    def test_it_is_replaced_when_it_is_worn_out(self):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(printer, "MOST_LETTERS", 2)
            pids = set()
            for _ in range(4):
                self.printer.print(PAGE)
                pids.add(self.pid())
        assert len(pids - {None}) == 2

    def test_a_fork_does_not_talk_to_its_parents(self):
        self.printer.print(PAGE)
        theirs = Printer()
        theirs.program, theirs.owner = self.printer.program, os.getpid()
        self.addCleanup(theirs.stop)
        self.printer.owner = os.getpid() + 1  # as a fork finds it
        self.printer.print(PAGE)

        assert self.pid() != theirs.program.pid
        assert theirs.program.poll() is None

    def test_one_that_does_not_start_is_said(self):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(printer.sys, "executable", "/bin/false")
            with pytest.raises(PrintingFailed, match="did not start"):
                self.printer.print(PAGE)


class MemoryOfTheProgram(SimpleTestCase):
    def test_what_is_too_large_is_refused_and_it_goes(self):
        class Full:
            def __call__(self, html):
                raise MemoryError

        answers = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(press, "to_pdf", Full())
            patch.setattr(press.resource, "setrlimit", lambda *of: None)
            patch.setattr(press.logging, "disable", lambda level: None)
            patch.setattr(press, "send", lambda pipe, kind, content: answers.append(kind))
            with open(os.devnull, "wb") as nowhere:
                asked = iter([len(PAGE).to_bytes(8, "big"), PAGE.encode(), b""])

                class Pipe:
                    def read(self, size):
                        return next(asked)

                press.serve(Pipe(), nowhere)
        assert answers == [press.DONE, press.BAD_LAST]


class OneAmongOthers(TestCase):
    def test_a_letter_without_end_fails_and_the_others_are_printed(self):
        bad, good = issued(), issued()
        real = pdf.page

        def endless(letter, *args, **kwargs):
            return ENDLESS if letter.pk == bad.pk else real(letter, *args, **kwargs)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pdf, "page", endless)
            patch.setattr(printer, "SECONDS", 3.0)
            assert letters.render_due() == 2

        bad.refresh_from_db()
        good.refresh_from_db()
        assert good.status == LetterStatus.READY
        assert (bad.status, bad.attempts) == (LetterStatus.WAITING, 1)
        assert "longer than any letter should" in bad.failure

    def test_the_lease_outlasts_the_slowest_five(self):
        assert timedelta(seconds=5 * printer.SECONDS + printer.START) < letters.LEASE

    def test_a_turn_ends_before_the_worker_is_ended(self):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(letters, "TURN", 0.0)
            for _ in range(2):
                issued()
            assert letters.render_due() == 0


class Full(FileSystemStorage):
    """Writes the first kilobyte, as a disk that fills up does."""

    def _save(self, name, content):
        path = Path(self.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.read()[:1024])
        raise OSError(errno.ENOSPC, "No space left on device")


class Short(Full):
    """The same, but says nothing."""

    def _save(self, name, content):
        try:
            return super()._save(name, content)
        except OSError:
            return name


class FullDisk(TestCase):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path, monkeypatch):
        self.folder, self.patch = tmp_path, monkeypatch

    def store(self, kind):
        self.patch.setattr(Letter._meta.get_field("file"), "storage", kind(self.folder))

    def files(self):
        return [path for path in self.folder.rglob("*") if path.is_file()]

    def test_no_half_of_a_letter_stays_and_it_is_promised_for_as_long_as_it_takes(self):
        letter = issued()
        for kind in (Full, Short, Full, Full, Short):
            self.store(kind)
            Letter.objects.update(not_before=timezone.now())
            assert letters.render_due() == 1
            letter.refresh_from_db()
            assert (letter.status, letter.attempts) == (LetterStatus.WAITING, 0)
            assert letter.not_before > timezone.now() + timedelta(seconds=50)
            assert letter.failure
            assert self.files() == []

        self.store(FileSystemStorage)
        Letter.objects.update(not_before=timezone.now())
        letters.render_due()
        letter.refresh_from_db()
        assert letter.status == LetterStatus.READY
        (file,) = self.files()
        content = file.read_bytes()
        assert len(content) == letter.size
        assert content.startswith(b"%PDF-")
        assert content.rstrip().endswith(b"%%EOF")

    def test_a_real_limit_of_the_system_is_met_in_the_same_way(self):
        """Linux refuses every byte that is written to /dev/full."""

        class Device(FileSystemStorage):
            def _save(self, name, content):
                with open("/dev/full", "wb", buffering=0) as device:
                    device.write(content.read())
                return name

        self.store(Device)
        letter = issued()
        letters.render_due()
        letter.refresh_from_db()
        assert letter.status == LetterStatus.WAITING
        assert "No space left on device" in letter.failure


def halve(name):
    with default_storage.open(name) as file:
        half = file.read(1024)
    default_storage.delete(name)
    default_storage.save(name, ContentFile(half))


class Lost(TestCase):
    """What storage has lost, or a part of it, is printed anew by itself, and never served."""

    def get(self, letter):
        make.sign_in(self.client, letter.deployment.officer.user)
        return self.client.get(reverse("deployments:letter", args=[letter.deployment_id]))

    def test_it_is_never_served_and_comes_again(self):
        letter = issued()
        letters.render_due()
        for spoil in (
            lambda name: default_storage.delete(name),
            halve,
        ):
            letter.refresh_from_db()
            was = letter.sha256
            spoil(str(letter.file))
            page = self.get(letter)
            assert page.status_code == 200
            assert "being prepared" in page.text
            assert page.headers["Refresh"] == "3"
            letters.render_due()
            letter.refresh_from_db()
            assert letter.status == LetterStatus.READY
            assert letter.sha256 == was
            assert b"".join(self.get(letter).streaming_content).startswith(b"%PDF-")

    def test_who_comes_second_changes_nothing(self):
        letter = issued()
        letters.render_due()
        letter.refresh_from_db()
        letters.print_anew(letter)
        letters.render_due()

        letters.print_anew(letter)  # as it was when its file was gone

        letter.refresh_from_db()
        assert letter.status == LetterStatus.READY
