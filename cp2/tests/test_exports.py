"""Files for spreadsheets: nothing in them runs."""

import csv
import io
from decimal import Decimal

import pytest

from cp2.exports import csv_file, harmless


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
