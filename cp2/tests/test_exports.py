"""Files for spreadsheets: nothing in them runs."""

import csv
import io
from datetime import date, datetime
from decimal import Decimal

import pikepdf
import pytest
from openpyxl import load_workbook

from cp2.exports import MOST_ROWS, Kind, Table, answer, csv_file, harmless
from cp2.rules import Refused
from cp2.tests import make
from deployments.tests.pdf_reader import text_of


@pytest.mark.parametrize(
    "cell", ["=1+1", "+254712345678", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "=cmd|'/C calc'!A0"]
)
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(cell):
    assert harmless(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["Ng'ang'a", "0712345678", "a=b", "", 12, Decimal("-3.5"), None])
def test_everything_else_stays_as_it_is(cell):
    assert harmless(cell) == cell


def test_file_reads_back_with_accents_commas_and_line_breaks():
    rows = [["Wanjikũ, Ngũgĩ", 'the "head"'], ["two\nlines", "=1+1"]]

    content = csv_file(["name", "=post"], iter(rows))

    assert content.startswith(b"\xef\xbb\xbf")
    read = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert read == [["name", "'=post"], rows[0], ["two\nlines", "'=1+1"]]


NASTY = [
    "=1+1",
    "＝1",
    "\t=1",
    "=cmd|'/C calc'!A0",
    "0712345678",
    "Ngũgĩ \x00\x0b\ufffe",
    "two\nlines",
    "<b>&amp;",
]


def table(rows, count=None):
    count = len(rows) if count is None else count
    return Table("list", "A list", ["Name", "Number"], rows, count, "Akinyi Director")


def test_a_sheet_holds_text_as_text_and_runs_nothing():
    at = make.moment("2025-11-03 07:30")
    rows = [[text, 12] for text in NASTY] + [[at, Decimal("3.5")], [None, date(2025, 11, 3)]]

    answered = answer(Kind.XLSX, table(rows))

    assert answered["Content-Disposition"] == 'attachment; filename="list.xlsx"'
    sheet = load_workbook(io.BytesIO(answered.content)).active
    read = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    wanted = [text.replace("\x00\x0b\ufffe", "\ufffd" * 3) for text in NASTY]
    assert [row[0] for row in read[: len(NASTY)]] == wanted
    assert {cell.data_type for (cell,) in sheet["A1:A8"]} == {"s"}
    assert sheet["A2"].quotePrefix is True
    assert sheet["A6"].quotePrefix is False
    assert read[-2] == [datetime(2025, 11, 3, 7, 30), 3.5]  # noqa: DTZ001  # as a sheet has it
    assert read[-1] == [None, datetime(2025, 11, 3)]  # noqa: DTZ001  # as a sheet has it


def test_paper_says_on_each_page_what_it_is_who_took_it_and_when():
    rows = [[f"{text} {n}", n] for n in range(20) for text in NASTY]

    pages = list(pages_of(answer(Kind.PDF, table(rows)).content))

    assert len(pages) > 2
    for number, page in enumerate(pages, start=1):
        assert "Taken from CP2 by Akinyi Director on" in page
        assert f"{number} / {len(pages)}" in page
        assert "Name" in page
    assert "<b>&amp; 19" in pages[-1]


def test_paper_fetches_nothing_that_a_cell_smuggles_in():
    (page,) = pages_of(answer(Kind.PDF, table([["<img src='file:///etc/passwd'>", 1]])).content)
    assert "<img src='file:///etc/passwd'>" in page


def pages_of(content):
    """What can be read on each page."""
    with pikepdf.open(io.BytesIO(content)) as whole:
        for page in whole.pages:
            single = pikepdf.new()
            single.pages.append(page)
            file = io.BytesIO()
            single.save(file)
            yield text_of(file.getvalue())


def test_a_long_list_leaves_as_it_is_written():
    rows = ([n, "=1"] for n in range(2000))

    answered = answer(Kind.CSV, table(rows, 2000))

    blocks = list(answered.streaming_content)
    assert len(blocks) > 3
    assert b"".join(blocks).decode("utf-8-sig").splitlines()[-1] == "1999,'=1"


@pytest.mark.parametrize("kind", [Kind.XLSX, Kind.PDF])
def test_what_would_keep_somebody_waiting_is_refused_before_a_row_is_read(kind):
    with pytest.raises(Refused, match="Narrow the list, or take it as CSV"):
        answer(kind, table(iter(()), MOST_ROWS[kind] + 1))
