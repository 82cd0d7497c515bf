"""Headquarters imports a register, page by page."""

import io

import pytest
from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cp2.tests import make
from profiles import checks, register_forms, registers
from profiles.models import (
    ImportStatus,
    RegisterCheck,
    RegisterEntry,
    RegisterImport,
)

CSV = b"number,national_id,name\n345678,12345678,Wanjiku Nganga\n"
ADD = reverse("admin:profiles_registerimport_add")


def page_of(coming, name="change"):
    return reverse(f"admin:profiles_registerimport_{name}", args=[coming.pk])


class Importing(TestCase):
    def setUp(self):
        self.clerk = make.user()
        self.clerk.groups.add(Group.objects.get(name="Deployment"))
        make.sign_in(self.client, self.clerk)

    def upload(self, content=CSV, name="tsc.csv", register="tsc"):
        file = SimpleUploadedFile(name, content)
        return self.client.post(ADD, {"register": register, "file": file}, follow=True)

    def previewed(self, content=CSV):
        self.upload(content)
        registers.work()
        return RegisterImport.objects.get()

    def press(self, coming, name, **data):
        return self.client.post(page_of(coming, name), data, follow=True)

    def test_from_the_button_to_the_register(self):
        listed = self.client.get(reverse("admin:profiles_registerentry_changelist"))
        assert f'href="{ADD}"' in listed.text
        assert 'type="file"' in self.client.get(ADD).text

        page = self.upload()
        coming = RegisterImport.objects.get()
        assert page.redirect_chain[-1][0] == page_of(coming)
        assert "Waiting to be read" in page.text
        assert 'http-equiv="refresh"' in page.text
        assert "Import these lines" not in page.text

        registers.work()
        page = self.client.get(page_of(coming))
        assert 'http-equiv="refresh"' not in page.text
        assert "Import these lines" in page.text
        assert not RegisterEntry.objects.exists()

        page = self.press(coming, "begin")
        assert "Being imported" in page.text
        registers.work()
        page = self.client.get(page_of(coming))
        assert "<strong>Imported</strong>" in page.text
        assert RegisterEntry.objects.get().name == "Wanjiku Nganga"

    def test_preview_shows_old_beside_new_and_masks_id_numbers(self):
        make.register_entry(number="345678", name="Wanjiku Kamau", national_id="87654321")

        text = self.client.get(page_of(self.previewed())).text

        assert "Wanjiku Kamau" in text
        assert "Wanjiku Nganga" in text
        assert "•••••678" in text
        assert "12345678" not in text
        assert "87654321" not in text

    def test_bad_lines_are_shown_and_must_be_ticked(self):
        coming = self.previewed(CSV + b"x,,<script>\n")
        text = self.client.get(page_of(coming)).text
        assert "A TSC number is 5 to 8 digits" in text
        assert "<td>3</td>" in text

        page = self.press(coming, "begin")
        assert "Say that you have seen which lines are bad" in page.text
        coming.refresh_from_db()
        assert coming.status == ImportStatus.PREVIEWED

        self.press(coming, "begin", saw_the_bad="on")
        coming.refresh_from_db()
        assert coming.status == ImportStatus.IMPORTING

    def test_file_without_a_good_line_can_only_be_discarded(self):
        coming = self.previewed(b"number,name\nx,y\n")

        page = self.client.get(page_of(coming))
        assert "Import these lines" not in page.text
        page = self.press(coming, "discard")

        coming.refresh_from_db()
        assert coming.status == ImportStatus.DISCARDED
        assert "nothing of it was imported" in page.text

    def test_what_can_no_more_be_done_is_refused_on_the_page(self):
        coming = self.previewed()
        self.press(coming, "discard")

        page = self.press(coming, "begin")

        assert "Only a file that was read and not discarded can be imported." in page.text

    def test_same_file_again_leads_to_the_import_that_is_open(self):
        self.upload()

        page = self.upload(name="copy.csv")

        assert "This very file is being imported already" in page.text
        assert RegisterImport.objects.count() == 1

    def test_what_is_no_table_is_refused_at_once(self):
        for content, said in {
            b"": "There is nothing in this file",
            b"%PDF-1.7": "This is not a table",
            b"PK\x03\x04": "This Excel file is damaged",
        }.items():
            assert said in self.upload(content).text
        assert not RegisterImport.objects.exists()

    def test_file_that_is_too_large_is_refused(self):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(register_forms, "MOST_BYTES", 20)
            assert "This file is larger than 32 MB" in self.upload().text
        assert not RegisterImport.objects.exists()

    def test_large_file_passes(self):
        """Beyond what any other page takes, and what Django keeps in memory."""
        rows = io.StringIO()
        rows.write("number,name\n")
        for number in range(100_000, 400_000):
            rows.write(f"{number},Wanjiku Nganga of a long name\n")

        self.upload(rows.getvalue().encode())

        assert RegisterImport.objects.get().status == ImportStatus.UPLOADED

    def test_power_over_registers_asks_for_a_fresh_code(self):
        make.sign_in(self.client, self.clerk, minutes_ago=60)

        assert self.client.get(ADD).url.startswith(reverse("accounts:code"))

    def test_who_may_not_add_lines_may_not_import_them(self):
        coming = self.previewed()
        auditor = make.user()
        auditor.groups.add(Group.objects.get(name="Auditor"))
        make.sign_in(self.client, auditor)

        entries = self.client.get(reverse("admin:profiles_registerentry_changelist"))
        assert ADD not in entries.text
        page = self.client.get(page_of(coming))
        assert page.status_code == 200
        assert "Import these lines" not in page.text
        assert "Discard" not in page.text
        assert self.client.get(ADD).status_code == 404
        for name in ("begin", "discard"):
            assert self.client.post(page_of(coming, name)).status_code == 404
        helpdesk = make.user()
        helpdesk.groups.add(Group.objects.get(name="Helpdesk"))
        make.sign_in(self.client, helpdesk)
        assert self.client.get(page_of(coming)).status_code == 404

    def test_missing_import_is_not_found(self):
        for name in ("begin", "discard"):
            url = reverse(f"admin:profiles_registerimport_{name}", args=[99])
            assert self.client.post(url).status_code == 404
            assert self.client.get(url).status_code == 405
        gone = reverse("admin:profiles_registerimport_change", args=[99])
        assert self.client.get(gone).status_code == 404


class Lists(TestCase):
    def setUp(self):
        make.sign_in(self.client, make.user(is_superuser=True))

    def test_line_that_is_typed_reaches_its_officer(self):
        officer = make.officer(full_name="Wanjiku Nganga")
        url = reverse("admin:profiles_registerentry_add")
        typed = {"register": "tsc", "number": officer.tsc_number, "name": "Otieno Ochieng"}

        self.client.post(url, typed)

        assert RegisterCheck.objects.get(officer=officer).fields == ["full_name"]

    def test_officers_are_found_by_what_the_registers_say(self):
        officers = [make.officer(full_name=name) for name in ("Otieno Ochieng", "Mutua Musyoka")]
        make.register_entry(number=officers[0].tsc_number, name="Otieno Ochieng")
        checks.compare_all("tsc")

        for value, found in {
            "tsc.verified": [0],
            "tsc.not_found": [1],
            "tsc.mismatch": [],
            "id.verified": [],
            "nonsense": [0, 1],
        }.items():
            page = self.client.get(
                reverse("admin:profiles_officer_changelist"), {"registers": value}
            )
            assert set(page.context["cl"].queryset) == {officers[n] for n in found}

    def test_officers_who_share_the_number_to_be_paid_are_found(self):
        phone = make.phone()
        sharing = {make.officer(payee_phone=phone) for _ in range(2)}
        make.officer()
        make.bare_officer()
        make.bare_officer()

        page = self.client.get(reverse("admin:profiles_officer_changelist"), {"paid": "shared"})

        assert set(page.context["cl"].queryset) == sharing

    def test_checks_are_read_and_never_typed(self):
        officer = make.officer()
        make.register_entry()
        checks.compare_all("tsc")
        check = RegisterCheck.objects.get()

        for url in (
            reverse("admin:profiles_registercheck_changelist"),
            reverse("admin:profiles_registercheck_change", args=[check.pk]),
            reverse("admin:profiles_officer_change", args=[officer.pk]),
        ):
            page = self.client.get(url)
            assert page.status_code == 200
            assert "Not found" in page.text
        add = reverse("admin:profiles_registercheck_add")
        assert self.client.get(add).status_code == 404
        change = reverse("admin:profiles_registercheck_change", args=[check.pk])
        assert self.client.post(change, {"outcome": "verified"}).status_code == 404

    def test_list_of_imports_costs_the_same_for_one_and_for_many(self):
        url = reverse("admin:profiles_registerimport_changelist")
        counted = []
        for many in (1, 20):
            for _ in range(many):
                content = ContentFile(CSV + b"%d,,A\n" % make.number(), name="x.csv")
                registers.upload("tsc", content, by=make.user())
            with CaptureQueriesContext(connection) as queries:
                assert self.client.get(url).text.count("x.csv") >= many
            counted.append(len(queries))
        assert counted[0] == counted[1] <= 8
