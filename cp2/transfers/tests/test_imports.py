"""The way of a file through the pages: read, looked at, applied as it was read."""

from datetime import timedelta
from unittest.mock import patch

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_webtest import WebTest
from webtest import Upload

from accounts.models import Entry
from accounts.tests.people import staff
from catalogue.models import DutyStation
from claims.tests.test_database import refused
from cp2.rules import Refused
from cp2.runs import services as runs
from cp2.tests import make
from cp2.transfers import importing, tasks
from cp2.transfers.kinds import KINDS
from cp2.transfers.models import Import, ImportFault, ImportStatus
from cp2.transfers.tests.files import applied, csv, read, said, sent, worked, xlsx

HEADING = ["code", "name", "kind", "county", "sub_county"]
OTHERS = ["Finance preparer", "Finance approver", "Helpdesk", "Auditor"]


def stations(*names, heading=HEADING):
    make.sub_county("Bonchari", "Kisii")
    lines = [
        [f"S{n:04}", name, "examination_centre", "Kisii", "Bonchari"]
        for n, name in enumerate(names, 1)
    ]
    return csv(heading, *lines)


class Pages(WebTest):
    def setUp(self):
        self.user = staff("Deployment")
        self.enter_as(self.user)

    def enter_as(self, user, *, minutes_ago=0):
        signed_in = make.sign_in(self.client, user, minutes_ago=minutes_ago)
        self.app.set_cookie("session", signed_in.session.session_key)

    def upload(self, content, kind="stations", name="rows.csv"):
        page = self.app.get(reverse("admin:transfers_upload", args=[kind]))
        form = next(f for f in page.forms.values() if "file" in f.fields)
        form["file"] = Upload(name, content)
        return form.submit()

    def act(self, page, name):
        return next(f for f in page.forms.values() if f.action.endswith(f"/{name}/"))

    def test_what_is_uploaded_is_read_shown_and_applied(self):
        make.station(code="S0001", name="Old name")
        page = self.upload(stations("New name", "Second")).follow()
        assert "Waiting to be read" in page
        assert page.headers["Refresh"] == "2"
        coming = worked(Import.objects.get())

        page = self.app.get(reverse("admin:transfers_import", args=[coming.pk]))
        assert "Old name" in page
        assert "New name" in page
        form = self.act(page, "apply")
        form["reason"] = "List of March"
        form.submit().follow()
        coming = worked(coming)

        assert coming.status == ImportStatus.APPLIED
        assert DutyStation.objects.get(code="S0001").name == "New name"
        told = Entry.objects.get(verb="import.begun")
        assert (told.actor, told.details["reason"]) == (self.user, "List of March")
        assert "Applied" in self.app.get(reverse("admin:transfers"))

    def test_faults_stand_with_their_lines_and_leave_as_a_file(self):
        coming = worked_upload(self, csv(HEADING, ["!", "=1+1", "x", "Kisii", "Nowhere"]))
        page = self.app.get(reverse("admin:transfers_import", args=[coming.pk]))
        assert "Lines that are wrong" in page
        assert not [f for f in page.forms.values() if f.action.endswith("/apply/")]
        file = self.app.get(reverse("admin:transfers_faults", args=[coming.pk]))
        assert "code: Use capital letters and digits." in file.body.decode("utf-8-sig")
        with pytest.raises(Refused, match="Lines of this file are wrong"):
            importing.begin(coming, by=self.user, reason="x")

    def test_the_same_bytes_again_are_the_import_that_is_open(self):
        content = stations("One")
        first, second = self.upload(content), self.upload(content)
        assert first.location == second.location
        assert Import.objects.count() == 1

    def test_files_of_other_kinds_are_refused_on_the_page(self):
        for name, content, words in [
            ("a.pdf", b"%PDF-1.7 x", "This is not a table"),
            ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel file of the old kind"),
            ("a.xlsx", b"PK\x03\x04 no workbook", "damaged"),
            ("a.csv", b"", "There is nothing in this file"),
        ]:
            assert words in self.upload(content, name=name), name
        assert not Import.objects.exists()

    def test_a_file_that_cannot_be_read_fails_with_words(self):
        for content in (
            csv(["code", "colour"], ["1", "red"]),
            csv(HEADING),
            b"code,name,kind,county,sub_county\n\xff\xfe\xfd,a,b,c,d\n",
        ):
            coming = worked_upload(self, content)
            assert coming.status == ImportStatus.FAILED
            assert coming.failure
            assert not coming.file

    def test_a_template_is_a_file_that_can_be_read(self):
        for kind in ("stations", "entries", "terms"):
            for ending in ("csv", "xlsx"):
                file = self.app.get(reverse("admin:transfers_template", args=[kind, ending]))
                assert file.status_code == 200
                if ending == "csv":
                    first = file.body.decode("utf-8-sig").splitlines()[0].split(",")
                    assert first == [column.name for column in KINDS[kind].columns]
        address = reverse("admin:transfers_template", args=["stations", "pdf"])
        assert self.app.get(address, status=404)

    def test_without_a_reason_nothing_is_applied_and_the_page_says_so(self):
        coming = worked_upload(self, stations("One"))
        page = self.app.get(reverse("admin:transfers_import", args=[coming.pk]))
        assert "Say why" in self.act(page, "apply").submit()
        coming.refresh_from_db()
        assert coming.status == ImportStatus.READ

    def test_to_apply_asks_for_a_fresh_code(self):
        coming = worked_upload(self, stations("One"))
        page = self.app.get(reverse("admin:transfers_import", args=[coming.pk]))
        self.enter_as(self.user, minutes_ago=60)
        form = self.act(page, "apply")
        form["reason"] = "x"
        assert "next=" in form.submit().location
        coming.refresh_from_db()
        assert coming.status == ImportStatus.READ

    def test_discarded_nothing_of_it_is_kept(self):
        coming = worked_upload(self, stations("One"))
        path = coming.file.name
        page = self.app.get(reverse("admin:transfers_import", args=[coming.pk]))
        with self.captureOnCommitCallbacks(execute=True):
            self.act(page, "discard").submit()
        coming.refresh_from_db()
        assert (coming.status, coming.file.name) == (ImportStatus.DISCARDED, "")
        assert not default_storage.exists(path)
        assert not DutyStation.objects.exists()

    def test_who_may_not_write_such_rows_finds_no_page(self):
        coming = read("stations", stations("One"), by=self.user)
        for group in OTHERS:
            self.enter_as(staff(group))
            for kind in KINDS:
                self.app.get(reverse("admin:transfers_upload", args=[kind]), status=404)
            seen = 200 if group == "Auditor" else 404
            self.app.get(reverse("admin:transfers_import", args=[coming.pk]), status=seen)
        self.enter_as(self.user)
        for kind in ("subcounties", "officers", "nosuch"):
            self.app.get(reverse("admin:transfers_upload", args=[kind]), status=404)

    def test_whoever_only_looks_sees_counts_and_no_lines(self):
        coming = read("stations", csv(HEADING, ["!", "x", "x", "x", "x"]), by=self.user)
        page = self.app.get(reverse("admin:transfers_import", args=[coming.pk]))
        assert "Lines that are wrong" in page
        self.enter_as(staff("Auditor"))
        page = self.app.get(reverse("admin:transfers_import", args=[coming.pk]))
        assert "Lines that are wrong" not in page
        self.app.get(reverse("admin:transfers_faults", args=[coming.pk]), status=404)

    def test_a_file_that_is_discarded_while_it_comes_again_is_asked_for_once_more(self):
        content = stations("One")
        read("stations", content, by=self.user)
        with patch.object(importing.Import.objects, "filter") as found:
            found.return_value.first.return_value = None
            page = self.upload(content)
        assert "Upload it again" in page
        assert Import.objects.count() == 1


def worked_upload(case, content):
    case.upload(content)
    return worked(Import.objects.latest("pk"))


class Bytes(TestCase):
    def setUp(self):
        self.by = make.user()

    def test_other_bytes_than_those_that_were_shown_are_refused(self):
        coming = read("stations", stations("One"), by=self.by)
        default_storage.delete(coming.file.name)
        default_storage.save(coming.file.name, ContentFile(stations("Two")))

        coming = applied(coming, by=self.by)

        assert coming.status == ImportStatus.FAILED
        assert "not the one that was uploaded" in coming.failure
        assert not DutyStation.objects.exists()

    def test_what_became_wrong_meanwhile_is_not_applied(self):
        coming = read("stations", stations("One", "Two"), by=self.by)
        make.entry(station=make.station(code="S0001", kind="marking_centre"))

        coming = applied(coming, by=self.by)

        assert coming.status == ImportStatus.FAILED
        assert "Since it was read" in coming.failure
        assert DutyStation.objects.count() == 1

    def test_names_that_a_spreadsheet_would_run_come_back_as_they_left(self):
        names = ["=1+1", "@SUM", "'=1", "+1", "-1", '"=1"', ";=1", "＝1"]
        applied(read("stations", stations(*names), by=self.by), by=self.by)
        assert list(DutyStation.objects.order_by("code").values_list("name", flat=True)) == names

    def test_control_characters_are_a_fault_of_their_line(self):
        coming = read("stations", stations("Fine", "Bell \x07 rings"), by=self.by)
        assert [line for line, _text in said(coming)] == [3]

    def test_only_the_first_faults_are_kept_and_all_are_counted(self):
        patch = pytest.MonkeyPatch()
        patch.setattr("cp2.transfers.kinds.base.MOST_FAULTS", 3)
        self.addCleanup(patch.undo)
        lines = [[f"S{n}", "x", "examination_centre", "Atlantis", "x"] for n in range(10, 20)]
        coming = read("stations", xlsx(HEADING, *lines), by=self.by)
        assert (coming.wrong, coming.faults.count()) == (10, 3)

    def test_called_off_it_is_discarded_or_waits_again(self):
        coming, _new = importing.upload("stations", sent(stations("One")), by=self.by)
        runs.cancel(coming.run, by=self.by)
        coming.refresh_from_db()
        assert coming.status == ImportStatus.DISCARDED
        coming = read("stations", stations("One"), by=self.by)
        coming = importing.begin(coming, by=self.by, reason="x")
        runs.cancel(coming.run, by=self.by)
        coming.refresh_from_db()
        assert coming.status == ImportStatus.READ
        assert applied(coming, by=self.by).status == ImportStatus.APPLIED

    def test_after_a_day_the_counts_are_left(self):
        fine = read("stations", stations("One"), by=self.by)
        wrong = read("stations", csv(HEADING, ["!", "x", "x", "x", "x"]), by=self.by)
        path = fine.file.name
        Import.objects.update(uploaded_at=timezone.now() - timedelta(hours=25))
        with pytest.raises(Refused, match="more than a day ago"):
            importing.begin(fine, by=self.by, reason="x")

        with self.captureOnCommitCallbacks(execute=True):
            tasks.tidy()

        fine.refresh_from_db()
        wrong.refresh_from_db()
        assert (fine.status, fine.counts["new"]) == (ImportStatus.DISCARDED, 1)
        assert (wrong.status, wrong.counts["wrong"]) == (ImportStatus.DISCARDED, 1)
        assert not default_storage.exists(path)
        assert not ImportFault.objects.exists()

    def test_the_list_takes_as_many_queries_with_many_files(self):
        user = staff("Deployment")
        make.sign_in(self.client, user)

        def asked():
            with CaptureQueriesContext(connection) as taken:
                assert self.client.get(reverse("admin:transfers")).status_code == 200
            return len(taken)

        read("stations", stations("One"), by=user)
        few = asked()
        for n in range(5):
            read("stations", stations(f"Another {n}"), by=user)
        assert asked() == few <= 8

    def test_the_database_keeps_imports_whole(self):
        coming = read("stations", stations("One"), by=self.by)
        row = Import.objects.filter(pk=coming.pk)
        with refused("status_of_an_import", "import_ends_after_it_came"):
            row.update(status="x")
        with refused("kind_of_an_import"):
            row.update(kind="x")
        with refused("open_import_has_its_file"):
            row.update(file="")
        with refused("import_ends_after_it_came"):
            row.update(ended_at=timezone.now())
        with refused("one_open_import_of_the_same_bytes"):
            coming.pk = None
            coming.save(force_insert=True)
