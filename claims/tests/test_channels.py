"""What leaves for each channel: all of it, as its receiver reads it, and nothing that is run."""

import csv
import io
import re
import shutil
import subprocess
import zipfile
from decimal import Decimal

import pytest
from django.test import TestCase, override_settings
from django.urls import reverse
from lxml import etree

from claims import services
from claims.channels import FORMATS, eft, iso, mpesa
from claims.channels.iso import plain
from claims.channels.sheet import cell
from claims.models import Channel, Claim, Payment, PaymentBatch
from claims.tests import world
from cp2.exports import FORMULAE, xlsx_file
from cp2.rules import Refused
from cp2.tests import make

NASTY = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1:A9)",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1",
    "＋1",
    "－1",
    "＠SUM",
    '"=1"',
    ";=1",
    "=cmd|'/C calc'!A0",
    '=HYPERLINK("http://x.example","y")',
    "\x01\x08=1",
    "\u202e=1",
    "' OR 1=1",
    "<script>&amp;]]>",
    "Ng'ang'a, Wanjikũ",
    "محمد علي",
    "አበበ በቀለ",
    "O\u2019Connor Bjørn Łukasz",
    "x" * 120,
]


def sent(channel, names=(), count=3):
    """An exported batch whose payees have these names."""
    claims = world.approved(len(names) or count)
    branches = [make.branch()]
    bank = branches[0].bank
    branches.append(bank.branches.get_or_create(code="007", defaults={"name": "Seven"})[0])
    other, _made = type(bank).objects.get_or_create(code="01", defaults={"name": "KCB Bank"})
    branches.append(other.branches.get_or_create(code="100", defaults={"name": "Moi Avenue"})[0])
    for n, claim in enumerate(claims):
        officer = claim.officer
        if names:
            officer.full_name = officer.payee_name = names[n]
        if channel != "mpesa":
            officer.paid_by = "bank"
            account = make.bank_account(officer)
            account.branch = branches[n % 3]
            account.bank, account.number = account.branch.bank, f"00{n:011d}"
            account.save()
        officer.save()
    chosen = Claim.objects.filter(pk__in=[claim.pk for claim in claims])
    batch = services.prepare_batch(chosen, by=world.preparer(), channel=channel)
    return world.export(batch)


def written(batch):
    return services.exported_file(batch, by=batch.prepared_by)


def sheets(batch):
    """The lists of a batch by their names, as whoever opens them sees them."""
    file = written(batch)
    if batch.channel == Channel.MPESA:
        return {"mpesa.csv": file.decode()}
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def rows(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


class Eft(TestCase):
    def test_a_list_for_each_bank_and_a_sheet_to_hold_them_against(self):
        batch = sent("eft", count=5)
        lists = sheets(batch)
        assert sorted(lists) == ["bank-01.csv", "bank-68.csv", "control.csv"]
        control = rows(lists.pop("control.csv"))
        assert [(row["Bank code"], row["Payments"], row["Total"]) for row in control] == [
            ("01", "1", "1100.00"),
            ("68", "4", "4400.00"),
            ("All", "5", "5500.00"),
        ]
        found = [row for text in lists.values() for row in rows(text)]
        assert list(found[0]) == list(eft.COLUMNS)
        assert sum(Decimal(row["Amount"]) for row in found) == batch.total
        for row in found:
            payment = Payment.objects.get(pk=row["Reference"].removeprefix("CP2-"))
            assert row["Account number"] == payment.account  # noughts in front and all
            assert row["Account number"].startswith("00")
            assert (row["Bank code"], row["Branch code"]) == (
                payment.bank_code,
                payment.branch_code,
            )

    def test_the_same_bytes_whenever_it_is_written(self):
        batch = sent("eft")
        copies = [io.BytesIO(), io.BytesIO()]
        for copy in copies:
            FORMATS[Channel.EFT].write(copy, sheet(batch))
        assert copies[0].getvalue() == copies[1].getvalue() == written(batch)


def sheet(batch):
    from claims.channels import Line, Sheet

    fields = [name if name != "payment" else "pk" for name in Line._fields]
    names = {"name": "payee_name", "phone": "payee_phone", "bank": "bank_code"}
    names |= {"branch": "branch_code"}
    lines = batch.payments.order_by("bank_code", "pk").values_list(
        *[names.get(name, name) for name in fields]
    )
    return Sheet(
        batch=batch.pk,
        remarks=batch.exam.short,
        at=batch.exported_at,
        count=batch.count,
        total=batch.total,
        lines=lambda: map(Line._make, lines),
    )


class Iso(TestCase):
    def read(self, batch):
        return etree.fromstring(written(batch))

    def test_valid_by_the_official_schema_and_adds_up_at_both_levels(self):
        batch = sent("iso", count=4)
        tree = self.read(batch)
        iso.schema().assertValid(tree)

        def of(name):
            return [found.text for found in tree.iter(f"{{{iso.NAMESPACE}}}{name}")]

        assert of("NbOfTxs") == ["4", "4"]
        assert of("CtrlSum") == ["4400.00", "4400.00"]
        assert of("MsgId") == [f"CP2-B{batch.pk}"]
        payments = batch.payments.order_by("bank_code", "pk")
        assert of("EndToEndId") == [f"CP2-{payment.pk}" for payment in payments]
        assert of("InstdAmt") == ["1100.00"] * 4
        assert {found.get("Ccy") for found in tree.iter("{*}InstdAmt")} == {"KES"}
        assert of("MmbId") == [
            "01094",
            *(payment.bank_code + payment.branch_code for payment in payments),
        ]
        accounts = [found.text for found in tree.iterfind(".//{*}CdtrAcct/{*}Id/{*}Othr/{*}Id")]
        assert accounts == [payment.account for payment in payments]
        assert tree.find(".//{*}Dbtr/{*}Nm").text == "Examinations Council of Example"
        assert not list(tree.iter("{*}IBAN"))

    def test_any_name_leaves_a_valid_file(self):
        batch = sent("iso", NASTY)
        tree = self.read(batch)
        iso.schema().assertValid(tree)
        names = [found.text for found in tree.iterfind(".//{*}Cdtr/{*}Nm")]
        assert len(names) == len(NASTY)
        assert all(re.fullmatch(r"[A-Za-z0-9/\-?:().,'+ ]{1,70}", name) for name in names)

    def test_names_in_the_letters_that_banks_take(self):
        for name, wanted in (
            ("Wanjikũ Ng'ang'a", "Wanjiku Ng'ang'a"),
            ("O\u2019Connor Bjørn Łukasz", "O'Connor Bjorn Lukasz"),
            ("  -Ann/ ", "Ann"),
            ("محمد علي", ""),
            ("-?-", ""),
            ("A" * 200, "A" * 70),
        ):
            assert plain(name) == wanted

    def test_what_is_not_valid_is_never_exported(self):
        invalid = pytest.raises(Refused, match="would not be valid")
        with override_settings(PAYER_ACCOUNT="x" * 35), invalid:
            sent("iso")
        batch = PaymentBatch.objects.get()
        assert (batch.status, batch.file.name) == ("approved", "")
        assert services.export_batch(batch, by=batch.prepared_by).status == "exported"

    def test_whoever_pays_must_be_known(self):
        with override_settings(PAYER_BANK=""), pytest.raises(Refused, match="Set PAYER_NAME"):
            sent("iso")


class InLists(TestCase):
    def test_headquarters_sees_enough_of_an_account_to_know_it_by(self):
        batch = sent("eft")
        make.sign_in(self.client, world.preparer())
        url = reverse("admin:claims_payment_changelist")
        page = self.client.get(url, {"batch__id__exact": batch.pk})
        payment = batch.payments.order_by("pk")[2]
        self.assertContains(page, f"01 100 •••••{payment.account[-3:]}")
        self.assertNotContains(page, payment.account)


class NothingLeft(TestCase):
    def test_a_batch_of_which_all_payees_changed_closes(self):
        for channel in ("eft", "iso"):
            claims = world.approved(1)
            make.bank_account(claims[0].officer)
            claims[0].officer.paid_by = "bank"
            claims[0].officer.save()
            chosen = Claim.objects.filter(pk=claims[0].pk)
            batch = services.prepare_batch(chosen, by=world.preparer(), channel=channel)
            services.approve_batch(batch, by=world.approver())
            claims[0].officer.full_name = "Somebody Else"
            claims[0].officer.save()
            batch = services.export_batch(batch, by=batch.prepared_by)
            assert batch.status == "reconciled"
            assert written(batch) == b"Nothing is left to be paid in this batch.\r\n"


class Formulae(TestCase):
    """Every text that leaves for a channel, as spreadsheets read it."""

    def test_each_channel_is_looked_at(self):
        assert set(FORMATS) == set(Channel)

    def test_no_cell_of_a_list_begins_like_a_formula(self):
        for channel, columns in (("mpesa", mpesa.COLUMNS), ("eft", eft.COLUMNS)):
            seen = 0
            for name, text in sheets(sent(channel, NASTY)).items():
                for row in csv.reader(io.StringIO(text, newline="")):
                    assert not any(value.startswith(FORMULAE) for value in row), (name, row)
                    assert all(value.isprintable() for value in row)
                    seen += 1
            assert seen >= len(NASTY)
            assert columns

    def test_the_text_is_still_there(self):
        for name in NASTY:
            shown = cell(name)
            kept = "".join(char for char in name if char.isprintable()).strip()
            assert shown.lstrip("'").replace(" ", "") == kept.lstrip("'").replace(" ", "")

    def test_text_stays_text_in_a_workbook(self):
        from openpyxl import load_workbook

        book = load_workbook(io.BytesIO(xlsx_file("x", ["Name"], [[name] for name in NASTY])))
        for row in book.active.iter_rows():
            assert [value.data_type for value in row] == ["s"]

    # The rule itself is checked above, on every machine; here a program that officers use reads it.
    @pytest.mark.skipif(not shutil.which("soffice"), reason="needs LibreOffice")
    def test_libreoffice_shows_it_literally(self):
        import tempfile

        for channel in ("mpesa", "eft"):
            with tempfile.TemporaryDirectory() as folder:
                for name, text in sheets(sent(channel, NASTY)).items():
                    path = f"{folder}/{name}"
                    with open(path, "w", newline="") as file:
                        file.write(text)
                    subprocess.run(
                        ["soffice", "--headless", "--convert-to", "xlsx", "--outdir", folder, path],
                        check=True,
                        capture_output=True,
                    )
                    from openpyxl import load_workbook

                    book = load_workbook(path.removesuffix(".csv") + ".xlsx")
                    types = {value.data_type for row in book.active.iter_rows() for value in row}
                    assert "f" not in types
