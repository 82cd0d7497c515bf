"""Files with a question or a reply: judged, kept apart, fetched by few, and let go."""

from datetime import timedelta
from unittest.mock import patch

import pytest
from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import TestCase, override_settings
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest
from webtest import Upload

from catalogue.models import Office
from cp2.rules import Refused
from cp2.tests import make
from enquiries import attachments, services, tasks
from enquiries.models import Attachment, AttachmentStatus, Enquiry
from enquiries.tests.test_appeal import make_appeal
from enquiries.tests.test_ask import NEW, ask
from profiles import scanner
from profiles.tests.test_uploads import EICAR, jpeg, pdf, png
from profiles.uploads import PaperFile
from sms.models import Message

FILE = PaperFile(pdf(), "letter.pdf", "application/pdf")
URL = reverse("enquiries:new")


def with_file(officer=None, **fields):
    officer = officer or make.officer()
    enquiry = ask(officer, files=[FILE], **fields)
    return enquiry, enquiry.attachments.get()


def fetch(client, attachment):
    return client.get(reverse("enquiries:attachment", args=[attachment.pk]))


def stored():
    try:
        folders, _names = default_storage.listdir("enquiries")
    except FileNotFoundError:
        return 0
    return sum(len(default_storage.listdir(f"enquiries/{each}")[1]) for each in folders)


class Sending(WebTest):
    def setUp(self):
        self.officer = make.officer()
        self.app.set_user(self.officer.user)
        self.form = self.app.get(NEW).forms[1]
        self.form["category"] = "payment"
        self.form["subject"], self.form["text"] = "Not paid", "Kept words"

    def post(self, *files, **more):
        fields = {**dict(self.form.submit_fields()), **more}
        fields.pop("files", None)
        uploads = [("files", name, content) for name, content in files]
        return self.app.post(URL, params=fields, upload_files=uploads, expect_errors=True)

    def test_with_the_question_and_with_a_reply(self):
        self.form["files"] = [Upload("../my letter.pdf", pdf())]
        page = self.form.submit().follow()
        attachment = Attachment.objects.get()
        assert attachment.name == "my letter.pdf"
        assert attachment.file.name.startswith("enquiries/")
        assert "letter" not in attachment.file.name
        assert attachment.reply is None
        assert "my letter.pdf" in page.text

        form = page.forms[1]
        form["text"] = "One thing more"
        form["files"] = [Upload("x.png", png())]
        page = form.submit().follow()
        assert Attachment.objects.last().reply.text == "One thing more"
        assert "x.png" in page.text

    def test_several_up_to_three(self):
        files = [("a.pdf", pdf()), ("b.jpg", jpeg()), ("c.png", png())]
        assert self.post(*files).status_code == 302
        assert Attachment.objects.count() == 3
        page = self.post(*files, ("d.png", png()))
        assert "at most 3 files" in page.text
        assert "Kept words" in page.text
        assert Attachment.objects.count() == 3

    def test_what_is_no_paper_is_refused_and_nothing_typed_is_lost(self):
        before = stored()
        for name, content, words in (
            ("x.exe", pdf(), "not a PDF, JPEG or PNG"),
            ("x.html", b"<script>alert(1)</script>", "not a PDF, JPEG or PNG"),
            ("x.pdf", b"MZ\x90", "not a PDF, JPEG or PNG"),
            ("x.pdf", pdf() + b"%" * (2 * 1024 * 1024), "larger than 2 MB"),
            ("x.pdf", b"", "empty"),
        ):
            with self.subTest(name, words=words):
                page = self.post((name, content))
                assert words in page.text
                assert "Kept words" in page.text
        assert not Enquiry.objects.exists()
        assert stored() == before

    def test_an_error_elsewhere_asks_for_the_file_again(self):
        page = self.post(("a.pdf", pdf()), subject="")
        assert "Choose the files again" in page.text
        assert not Attachment.objects.exists()

    def test_too_many_in_a_short_time_are_not_looked_into(self):
        for _each in range(7):
            page = self.post(("a.pdf", pdf()), ("b.pdf", pdf()), ("c.pdf", pdf()), subject="")
        assert "You have sent many files" in page.text
        assert "Kept words" in page.text

    def test_a_refused_question_leaves_no_file(self):
        before = stored()
        for _each in range(services.MOST_WAITING):
            ask(self.officer)
        assert "without an answer" in self.post(("a.pdf", pdf())).text
        assert stored() == before
        with pytest.raises(Refused, match="at most 3"):
            ask(files=[FILE] * 4)
        assert stored() == before


class Fetching(TestCase):
    def setUp(self):
        self.place = make.sub_county()
        self.enquiry, self.attachment = with_file(make.officer(sub_county=self.place))

    def of_group(self, name):
        user = make.user()
        user.groups.add(Group.objects.get(name=name))
        return user

    def test_saved_and_never_shown_inside_the_portal(self):
        self.client.force_login(self.enquiry.officer.user)
        page = fetch(self.client, self.attachment)
        assert b"".join(page.streaming_content) == FILE.content
        assert page["Content-Disposition"] == 'attachment; filename="letter.pdf"'
        assert page["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in page["Content-Security-Policy"]
        assert "no-store" in page["Cache-Control"]

    def test_who_may_and_who_is_kept_out(self):
        for user in (
            make.director(self.place, Office.SCDE),
            self.of_group("Helpdesk"),
            self.of_group("Deployment"),
            self.of_group("Auditor"),
        ):
            make.sign_in(self.client, user)
            assert fetch(self.client, self.attachment).status_code == 200
        for user in (
            make.officer().user,
            make.director(self.place),
            make.director(make.sub_county(), Office.SCDE),
            make.centre(make.station(sub_county=self.place)),
            self.of_group("Finance preparer"),
            make.user(),
        ):
            make.sign_in(self.client, user)
            with self.subTest(user.role, office=user.office):
                assert fetch(self.client, self.attachment).status_code == 404
        self.client.logout()
        assert fetch(self.client, self.attachment).status_code == 302

    def test_an_appeals_file_is_kept_from_the_offices_of_the_place(self):
        appeal = make_appeal()
        with attachments.put_away([FILE]) as kept:
            attachments.attach(appeal, kept, by=appeal.officer.user)
        make.sign_in(self.client, make.director(appeal.sub_county, Office.SCDE))
        assert fetch(self.client, appeal.attachments.get()).status_code == 404
        self.client.force_login(appeal.officer.user)
        assert fetch(self.client, appeal.attachments.get()).status_code == 200

    def test_before_the_scanner_has_seen_it_its_sender_alone(self):
        Attachment.objects.update(status=AttachmentStatus.CHECKING)
        make.sign_in(self.client, make.director(self.place, Office.SCDE))
        assert fetch(self.client, self.attachment).status_code == 404
        desk = reverse("enquiries:area_enquiry", args=[self.enquiry.pk])
        self.assertContains(self.client.get(desk), "Being checked for viruses")
        self.client.force_login(self.enquiry.officer.user)
        assert fetch(self.client, self.attachment).status_code == 200

    def test_a_file_that_is_gone_is_not_found(self):
        default_storage.delete(self.attachment.file.name)
        self.client.force_login(self.enquiry.officer.user)
        assert fetch(self.client, self.attachment).status_code == 404


class Scanning(TestCase):
    def scan(self, virus):
        with (
            override_settings(CLAMD="127.0.0.1:1"),
            patch("profiles.scanner.virus_in", return_value=virus),
            self.captureOnCommitCallbacks(execute=True),
        ):
            return tasks.scan_attachments()

    def test_clean(self):
        _enquiry, attachment = with_file()
        assert tasks.scan_attachments() == 0  # no scanner here
        assert self.scan("") == 1
        attachment.refresh_from_db()
        assert attachment.status == AttachmentStatus.CLEAN
        assert self.scan("") == 0

    def test_a_virus_goes_and_its_sender_is_told(self):
        enquiry, attachment = with_file()
        path = attachment.file.name
        assert EICAR
        assert self.scan("Eicar-Signature") == 1
        attachment.refresh_from_db()
        assert (attachment.status, attachment.file) == (AttachmentStatus.QUARANTINED, "")
        assert not default_storage.exists(path)
        assert Message.objects.get().template == "profiles/virus"
        self.client.force_login(enquiry.officer.user)
        assert fetch(self.client, attachment).status_code == 404

    def test_while_the_scanner_is_away_it_waits(self):
        with_file()
        with (
            override_settings(CLAMD="127.0.0.1:1"),
            patch("profiles.scanner.virus_in", side_effect=OSError("away")),
        ):
            assert tasks.scan_attachments() == 0
        assert Attachment.objects.get().scan_after > timezone.now()

    def test_while_it_is_away_the_worker_tries_one_and_keeps_the_rest_for_others(self):
        for _each in range(7):
            with_file()
        with (
            override_settings(CLAMD="127.0.0.1:1"),
            patch("profiles.scanner.virus_in", side_effect=TimeoutError("hung")) as asked,
        ):
            assert tasks.scan_attachments() == 0
        assert asked.call_count == 1
        leased = Attachment.objects.filter(scan_after__gt=timezone.now())
        assert leased.count() == 5

    def test_one_that_the_scanner_cannot_judge_holds_up_nothing(self):
        for _each in range(3):
            with_file()
        said = [scanner.NoAnswer("INSTREAM size limit exceeded"), "", ""]
        with (
            override_settings(CLAMD="127.0.0.1:1"),
            patch("profiles.scanner.virus_in", side_effect=said),
            self.assertLogs("profiles.papers", "WARNING") as logged,
        ):
            assert tasks.scan_attachments() == 2
        [entry] = logged.records
        assert entry.message == "attachment_not_scanned"
        assert entry.attachment == Attachment.objects.order_by("pk").first().pk


class LettingGo(TestCase):
    def test_a_year_after_the_enquiry_was_closed(self):
        enquiry, attachment = with_file()
        path = attachment.file.name
        services.close(enquiry, by=enquiry.officer.user)
        assert attachments.expire() == 0
        old = timezone.now() - timedelta(days=366)
        Enquiry.objects.update(closed_at=old)
        with self.captureOnCommitCallbacks(execute=True):
            assert attachments.expire() == 1
        attachment.refresh_from_db()
        assert (attachment.status, attachment.file) == (AttachmentStatus.EXPIRED, "")
        assert not default_storage.exists(path)
        assert attachments.expire() == 0

    def test_files_that_no_row_names(self):
        _enquiry, attachment = with_file()
        orphan = default_storage.save("enquiries/00/orphan", ContentFile(b"x"))
        later = timezone.now() + timedelta(days=2)
        with patch("django.utils.timezone.now", return_value=later):
            attachments.sweep()
        assert not default_storage.exists(orphan)
        assert default_storage.exists(attachment.file.name)
