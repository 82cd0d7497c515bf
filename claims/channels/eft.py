"""Bank transfers: a list for each bank, and a sheet to hold them against, in one ZIP."""

import csv
import io
from collections.abc import Callable, Iterable
from decimal import Decimal
from itertools import groupby
from typing import IO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from claims.channels.sheet import Line, Sheet, cell, reference

# Ours to adapt to what a bank asks for: the heading of each column, and what stands in it. Codes
# and accounts are text, with the noughts in front; whoever opens the list in a spreadsheet must
# say so of these columns, and the control sheet shows whether it went right.
COLUMNS: dict[str, Callable[[Line, Sheet], str]] = {
    "Reference": lambda line, sheet: reference(line.payment),
    "Bank code": lambda line, sheet: line.bank,
    "Branch code": lambda line, sheet: line.branch,
    "Account number": lambda line, sheet: line.account,
    "Account name": lambda line, sheet: cell(line.name),
    "Amount": lambda line, sheet: f"{line.amount:.2f}",
    "Narration": lambda line, sheet: cell(sheet.remarks),
}
CONTROL = ["Bank code", "File", "Payments", "Total"]
CONTROL_FILE = "control.csv"
ALL = "All"
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same bytes whenever it is written


def write(file: IO[bytes], sheet: Sheet) -> None:
    """The lines come by bank, each bank's to a file of its own."""
    control: list[list[str]] = []
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for bank, lines in groupby(sheet.lines(), key=lambda line: line.bank):
            name = f"bank-{bank}.csv"
            count, total = _add_bank(archive, name, lines, sheet)
            control.append([bank, name, str(count), f"{total:.2f}"])
        control.append([ALL, "", str(sheet.count), f"{sheet.total:.2f}"])
        with _open(archive, CONTROL_FILE) as out:
            csv.writer(out, lineterminator="\r\n").writerows([CONTROL, *control])


def _add_bank(
    archive: ZipFile, name: str, lines: Iterable[Line], sheet: Sheet
) -> tuple[int, Decimal]:
    count, total = 0, Decimal(0)
    with _open(archive, name) as out:
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        for line in lines:
            writer.writerow([column(line, sheet) for column in COLUMNS.values()])
            count, total = count + 1, total + line.amount
    return count, total


def _open(archive: ZipFile, name: str) -> IO[str]:
    about = ZipInfo(name, LONG_AGO)
    about.compress_type = ZIP_DEFLATED
    about.external_attr = 0o600 << 16
    inner = archive.open(about, "w", force_zip64=True)
    return io.TextIOWrapper(inner, encoding="utf-8", newline="")
