"""Lists that leave: as they are shown, to who may see them, and not for long."""

import csv
import io
from datetime import timedelta

import pytest
from django.contrib import admin
from django.core.files.storage import default_storage
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from lxml import html
from openpyxl import load_workbook

from accounts.models import Entry
from accounts.tests.people import staff
from claims.tests.test_database import refused
from cp2 import exports
from cp2.exports import as_it_was, harmless
from cp2.runs import services as runs
from cp2.tests import make
from cp2.transfers import exporting, tasks
from cp2.transfers.lists import Listed
from cp2.transfers.models import Export

NASTY = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "＝1",
    "=cmd|'/C calc'!A0",
    "'=1",
    "''+1",
    '"=1"',
    ";=1",
    "#REF!",
    "'quoted'",
    "0712345678",
]
STATIONS = "catalogue.dutystation"


@pytest.mark.parametrize("text", NASTY)
def test_what_comes_back_is_what_left(text):
    assert as_it_was(str(harmless(text))) == text


class Pages(TestCase):
    def setUp(self):
        self.user = staff("Deployment")
        make.sign_in(self.client, self.user)

    def address(self, name, asked=""):
        return f"{reverse('admin:transfers_export')}?list={name}&asked={asked}"

    def take(self, name, asked="", as_="csv", reason="For the county office"):
        fields = {"format": as_, "reason": reason}
        return self.client.post(self.address(name, asked), fields)

    def rows(self, response):
        text = b"".join(response.streaming_content).decode("utf-8-sig")
        return list(csv.reader(io.StringIO(text, newline="")))

    def long(self):
        """Every list is a long one."""
        patch = pytest.MonkeyPatch()
        patch.setattr(exporting, "AT_ONCE", 0)
        self.addCleanup(patch.undo)

    def written(self, name, asked="", as_="csv"):
        self.long()
        response = self.take(name, asked, as_)
        assert response.status_code == 302, response.content.decode()
        leaving = Export.objects.latest("pk")
        assert response["Location"] == reverse("admin:transfers_leaving", args=[leaving.pk])
        runs.finish(leaving.run)
        leaving.refresh_from_db()
        return leaving

    def download(self, leaving):
        return self.client.post(reverse("admin:transfers_download", args=[leaving.pk]))

    def test_each_list_leads_to_its_file(self):
        page = html.fromstring(
            self.client.get("/admin/catalogue/dutystation/?kind__exact=x").content
        )
        links = [link for link in page.xpath("//a/@href") if "transfers/export" in link]

        assert len(links) == 2
        for link in links:
            assert self.client.get(link).status_code == 200

    def test_file_has_the_rows_the_order_and_the_columns_of_the_list(self):
        for n, name in enumerate(["Zawadi", "=1+1", "Baraka"]):
            make.station(code=f"40{n}", name=name, level="primary")
        make.station(code="500", name="Another", level="secondary")
        asked = "level__exact%3Dprimary%26o%3D2%26p%3D7"

        heading, *rows = self.rows(self.take(STATIONS, asked))

        assert heading == ["code", "name", "kind", "level", "sub-county", "county"]
        shown = html.fromstring(
            self.client.get("/admin/catalogue/dutystation/?level__exact=primary&o=2").content
        )
        on_the_page = [
            [cell.text_content() for cell in row.xpath("./*[contains(@class, 'field-')]")]
            for row in shown.xpath("//table[@id='result_list']/tbody/tr")
        ]
        assert len(rows) == 3
        assert [[as_it_was(cell) for cell in row] for row in rows] == on_the_page
        assert ["401", "'=1+1"] in [row[:2] for row in rows]

    def test_what_a_filter_hides_is_not_in_the_file_of_a_worker_either(self):
        make.station(code="401", level="primary")
        make.station(code="500", level="secondary")

        leaving = self.written(STATIONS, "level__exact%3Dprimary")

        assert [row[0] for row in self.rows(self.download(leaving))[1:]] == ["401"]
        assert leaving.rows == 1

    def test_names_that_a_spreadsheet_would_run_are_text_in_both_kinds(self):
        for n, name in enumerate(NASTY):
            make.station(code=f"4{n:03}", name=name)

        for as_ in ("csv", "xlsx"):
            leaving = self.written(STATIONS, "o%3D0", as_)
            response = self.download(leaving)
            if as_ == "csv":
                names = [row[1] for row in self.rows(response)[1:]]
            else:
                book = load_workbook(io.BytesIO(b"".join(response.streaming_content)))
                cells = [row[1] for row in book.active.iter_rows(min_row=2)]
                assert {cell.data_type for cell in cells} == {"s"}
                assert str(self.user) in book.properties.creator
                names = [cell.value for cell in cells]
            assert [as_it_was(name) for name in names] == NASTY

    def test_a_full_sheet_is_followed_by_another(self):
        for n in range(5):
            make.station(code=f"40{n}")
        patch = pytest.MonkeyPatch()
        patch.setattr(exports, "SHEET_ROWS", 3)
        self.addCleanup(patch.undo)

        response = self.download(self.written(STATIONS, "o%3D0", "xlsx"))

        book = load_workbook(io.BytesIO(b"".join(response.streaming_content)))
        assert [[row[0].value for row in sheet.iter_rows()] for sheet in book.worksheets] == [
            ["code", "400", "401"],
            ["code", "402", "403"],
            ["code", "404"],
        ]

    def test_masked_in_the_list_is_masked_in_the_file_and_the_trail_says_who_took_it(self):
        officer = make.officer(national_id="23456781")

        response = self.take("profiles.officer", reason="Ask of the county")

        assert "23456781" not in str(self.rows(response))
        told = Entry.objects.get(verb="list.taken")
        assert (told.actor, told.details["list"]) == (self.user, "profiles.officer")
        assert (told.details["reason"], told.details["rows"]) == ("Ask of the county", 1)
        assert officer.pk

    def test_a_list_of_people_wants_a_reason_and_a_fresh_code(self):
        make.officer()
        assert "Say why" in self.take("profiles.officer", reason="").content.decode()
        make.sign_in(self.client, self.user, minutes_ago=60)
        response = self.take("profiles.officer")
        assert response.status_code == 302
        assert "next=" in response["Location"]
        assert self.rows(self.take(STATIONS, reason=""))

    def test_nobody_takes_what_they_may_not_see(self):
        for name in ("accounts.entry", "claims.payment", "no.such", "", "profiles.bankaccount"):
            assert self.client.get(self.address(name)).status_code == 404
            assert self.take(name).status_code == 404
        make.sign_in(self.client, staff())
        assert self.client.get(self.address(STATIONS)).status_code == 404

    def test_lookups_that_the_list_refuses_find_nothing_here_either(self):
        for asked in ("user__password__startswith%3Dp", "national_id__startswith%3D2"):
            response = self.client.get(self.address("profiles.officer", asked))
            assert response.status_code in (302, 400)
        assert self.client.get(self.address(STATIONS, "x" * 5000)).status_code == 404
        assert self.client.get(self.address(STATIONS, "p%3D999999%26_popup%3D1")).status_code == 200

    def test_odd_addresses_break_nothing(self):
        for asked, status in [
            ("q%3D%2500", 404),
            ("kind__exact%3D%2500", 404),
            ("q%3D%252500", 200),
            ("sub_county__county__id__exact%3Dx", 302),
            ("sub_county__county__id__exact%3D99999999999999999999", 200),
            ("p%3Dx", 200),
            ("o%3D99", 200),
            ("_to_field%3Dx", 200),
        ]:
            assert self.client.get(self.address(STATIONS, asked)).status_code == status, asked

    def test_only_who_asked_has_the_file_and_not_after_a_day(self):
        make.station()
        leaving = self.written(STATIONS)
        path = leaving.file.name
        for group in ("Deployment", "Auditor", "Helpdesk", "Finance preparer", "Finance approver"):
            make.sign_in(self.client, staff(group))
            page = reverse("admin:transfers_leaving", args=[leaving.pk])
            assert self.client.get(page).status_code == 404
            assert self.download(leaving).status_code == 404
        make.sign_in(self.client, self.user)
        make.time_passes(hours=25)
        make.sign_in(self.client, self.user)
        Export.objects.update(written_at=timezone.now() - timedelta(hours=25))

        gone = self.download(leaving)

        assert gone.status_code == 410
        assert "none is kept longer than a day" in gone.content.decode()
        assert default_storage.exists(path)
        with self.captureOnCommitCallbacks(execute=True):
            tasks.tidy()
        assert not default_storage.exists(path)
        leaving.refresh_from_db()
        assert (leaving.file.name, leaving.rows) == ("", 1)
        assert self.download(leaving).status_code == 410

    def test_whose_right_is_taken_away_meanwhile_has_no_file(self):
        self.long()
        make.station()
        self.take(STATIONS)
        self.user.groups.clear()
        leaving = Export.objects.get()

        runs.finish(leaving.run)

        leaving.run.refresh_from_db()
        assert leaving.run.status == "failed"
        assert "may not see this list any more" in leaving.run.failure

    def test_called_off_there_is_no_file(self):
        self.long()
        make.station()
        self.take(STATIONS)
        leaving = Export.objects.get()
        runs.cancel(leaving.run, by=self.user)
        runs.finish(leaving.run)
        leaving.refresh_from_db()
        assert not leaving.file
        assert (
            "Cancelled"
            in self.client.get(
                reverse("admin:transfers_leaving", args=[leaving.pk])
            ).content.decode()
        )

    def test_as_many_queries_with_many_rows(self):
        def asked():
            with CaptureQueriesContext(connection) as taken:
                self.rows(self.take(STATIONS))
            return len(taken)

        make.station()
        few = asked()
        for _ in range(20):
            make.station()
        assert asked() == few

    def test_the_database_knows_formats_and_keeps_files_with_their_times(self):
        Export.objects.create(list_of=STATIONS, title="x", format="csv", asked_by=self.user)
        with refused("format_of_an_export"):
            Export.objects.update(format="pdf")
        with refused("export_has_its_file_until_it_is_removed"):
            Export.objects.update(file="x")


class EveryList(TestCase):
    """Of every model that headquarters has a list of."""

    def test_each_can_be_taken_away(self):
        user = make.user(is_superuser=True)
        for model in admin.site._registry:
            with self.subTest(model._meta.label):
                listed = Listed(model._meta.label_lower, "", user)
                assert len(listed.heading()) == len(listed.columns)
                list(listed.lines(listed.rows()[:5]))
