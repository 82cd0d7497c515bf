"""The floor: tables that leave the portal as files, for spreadsheets that trust what they open."""

import csv
import io
from collections.abc import Iterable

# A spreadsheet takes a cell that begins with one of these for a formula, and runs it.
FORMULAE = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def harmless(cell: object) -> object:
    """The cell as it may be written: text that would be run gets an apostrophe in front."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULAE) else cell


def csv_file(heading: Iterable[object], rows: Iterable[Iterable[object]]) -> bytes:
    """A whole table, marked as UTF-8, without which Excel spoils Ngũgĩ's name."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    for row in (heading, *rows):
        writer.writerow([harmless(cell) for cell in row])
    return file.getvalue().encode("utf-8-sig")
