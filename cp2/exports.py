"""The floor: tables that leave the portal as files, for spreadsheets that trust what they open."""

import base64
import csv
import io
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from cp2.rules import Refused

# A spreadsheet takes a cell that begins with one of these for a formula, and runs it.
FORMULAE = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# What no XLSX or PDF may hold: control characters, and halves of characters.
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
BLOCK = 500
SHEET_ROWS = 1_048_576  # as many as a sheet of Excel has


class Kind(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"
    PDF = "pdf"


TYPES = {
    Kind.CSV: "text/csv; charset=utf-8",
    Kind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Kind.PDF: "application/pdf",
}
# What a request can make while somebody waits; a CSV leaves as it is written, however long it is.
MOST_ROWS = {Kind.XLSX: 15_000, Kind.PDF: 300}

Row = Iterable[object]


@dataclass(frozen=True)
class Table:
    """What is taken away. `by` and the time are on each page of it that can be printed."""

    name: str  # of the file, without its ending
    title: str
    heading: list[str]
    rows: Iterable[Row]
    count: int
    by: str
    about: str = ""  # how it was narrowed, in words
    most: Mapping[Kind, int] = field(default_factory=lambda: MOST_ROWS)


def answer(kind: Kind, table: Table) -> HttpResponseBase:
    """The table as a file that the browser keeps. Refused if this kind cannot hold so much."""
    refuse_too_long(kind, table)
    response: HttpResponseBase
    if kind == Kind.CSV:
        response = StreamingHttpResponse(csv_stream(table.heading, table.rows))
    elif kind == Kind.XLSX:
        made = xlsx_file(table.title, table.heading, table.rows, by=taken_by(table.by))
        response = HttpResponse(made)
    else:
        response = HttpResponse(pdf_file(table))
    response["Content-Type"] = TYPES[kind]
    response["Content-Disposition"] = f'attachment; filename="{table.name}.{kind}"'
    response["Cache-Control"] = "private, no-store"
    return response


def refuse_too_long(kind: Kind, table: Table) -> None:
    count, most = table.count, table.most.get(kind, table.count)
    if count > most:
        raise Refused(
            _(
                "These are %(count)s rows; such a file holds %(most)s at most. "
                "Narrow the list, or take it as CSV."
            )
            % {"count": count, "most": most}
        )


def kind_of(ending: str) -> Kind | None:
    return Kind(ending) if ending in set(Kind) else None


# CSV


def harmless(cell: object) -> object:
    """The cell as it may be written: text that would be run gets an apostrophe in front. So does
    one that has apostrophes there already, else nobody could tell later which of them was ours."""
    return f"'{cell}" if isinstance(cell, str) and _is_risky(cell) else cell


def as_it_was(cell: str) -> str:
    """What `harmless` was given, when a file that left comes back: without the one apostrophe."""
    return cell[1:] if cell.startswith("'") and _is_risky(cell) else cell


def _is_risky(text: str) -> bool:
    return text.lstrip("'").startswith(FORMULAE)


def csv_file(heading: Row, rows: Iterable[Row]) -> bytes:
    """A whole table, marked as UTF-8, without which Excel spoils Ngũgĩ's name."""
    return b"".join(csv_stream(heading, rows))


def csv_stream(heading: Row, rows: Iterable[Row]) -> Iterator[bytes]:
    """The same block by block, so that a long one is never whole in memory."""
    yield "\ufeff".encode()
    lines = chain([heading], rows)
    while block := list(islice(lines, BLOCK)):
        file = io.StringIO(newline="")
        writer = csv.writer(file)
        writer.writerows([harmless(_plain(cell)) for cell in row] for row in block)
        # half a character, which a database never holds, must not end the file in the middle
        yield file.getvalue().encode("utf-8", "replace")


def _plain(cell: object) -> object:
    """Moments in the time of the portal, as a spreadsheet reads them."""
    if isinstance(cell, datetime):
        return f"{_local(cell):%Y-%m-%d %H:%M}"
    return cell


def _local(moment: datetime) -> datetime:
    return timezone.make_naive(moment) if timezone.is_aware(moment) else moment


# XLSX


def taken_by(who: object) -> str:
    """Among the properties of a workbook; a CSV file has no place for it but its rows."""
    return f"{who}, {timezone.localtime():%Y-%m-%d %H:%M}"


def xlsx_file(title: str, heading: Row, rows: Iterable[Row], *, by: str = "") -> bytes:
    """One sheet. Text stays text, whatever it looks like: it is no formula, and keeps the noughts
    in front of a number."""
    file = io.BytesIO()
    xlsx_write(file, title, heading, rows, by=by)
    return file.getvalue()


def xlsx_write(
    file: IO[bytes], title: str, heading: Row, rows: Iterable[Row], *, by: str = ""
) -> None:
    """Into a file, row by row: what is done leaves the memory. A sheet that is full is followed by
    another one with the same heading."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    def literal(sheet: Any, text: str) -> Any:
        cell = WriteOnlyCell(sheet, value="")
        cell.value, cell.data_type = text, "s"
        cell.quotePrefix = True  # else it would become a formula when somebody edits it
        return cell

    def cell(sheet: Any, value: object) -> Any:
        if value is None or isinstance(value, bool | int | float | Decimal):
            return value
        if isinstance(value, datetime):
            return _local(value)
        if isinstance(value, date):
            return value
        text = printable(str(value))
        if text.startswith("'"):
            return harmless(text)
        return literal(sheet, text) if text.startswith(FORMULAE) or text[:1] == "#" else text

    book = Workbook(write_only=True)
    if by:
        book.properties.creator = printable(by)
        book.properties.title = printable(title)
    names = [printable(str(name)) for name in heading]

    def sheet_of(number: int) -> Any:
        """Sheets are called alike, with a number from the second on."""
        plain = re.sub(r"[\[\]:*?/\\]", " ", printable(title)) or "CP2"
        after = "" if number == 1 else f" {number}"
        sheet: Any = book.create_sheet(plain[: 31 - len(after)] + after)
        sheet.freeze_panes = "A2"
        heads = [literal(sheet, name) for name in names]
        for head in heads:
            head.font = Font(bold=True)
        for place in range(1, len(names) + 1):
            sheet.column_dimensions[get_column_letter(place)].width = 20
        sheet.append(heads)
        return sheet

    from openpyxl.utils import get_column_letter

    lines, number = iter(rows), 1
    sheet = sheet_of(number)
    row = next(lines, None)
    room = SHEET_ROWS - 1
    while row is not None:
        if not room:
            sheet.close()
            number, room = number + 1, SHEET_ROWS - 1
            sheet = sheet_of(number)
        sheet.append([cell(sheet, value) for value in row])
        row, room = next(lines, None), room - 1
    book.save(file)


def printable(text: str) -> str:
    return UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


# PDF

FONTS = Path(settings.BASE_DIR) / "static" / "fonts"


def pdf_file(table: Table) -> bytes:
    """On paper: the heading on each page again, with the page's number, who asked and when."""
    from weasyprint import HTML  # slow to load, and only these files need it
    from weasyprint.urls import URLFetcher

    for chatty in ("weasyprint.progress", "fontTools"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    rows = [[_on_paper(cell) for cell in row] for row in table.rows]
    html = render_to_string(
        "pdf/cp2/table.html",
        {
            "table": table,
            "rows": rows,
            "widths": _widths([table.heading, *rows]),
            "now": timezone.now(),
            "fonts": _fonts(),
            "landscape": len(table.heading) > 5,
        },
    )
    # whatever a cell smuggles in, no file of this machine and no host of any network is read
    fetcher = URLFetcher(allowed_protocols=["data"])
    printed: bytes = HTML(string=html, url_fetcher=fetcher).write_pdf()
    return printed


def _on_paper(cell: object) -> str:
    cell = "" if cell is None else _plain(cell)
    return printable(str(cell))


def _widths(rows: list[list[str]]) -> list[int]:
    """Of the columns, in hundredths, by what they hold; to leave it to the press takes it ten times
    as long."""
    held = [sorted(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    wanted = [min(max(lengths[len(lengths) * 9 // 10], 5), 40) for lengths in held]
    return [round(100 * each / sum(wanted)) for each in wanted]


@lru_cache(maxsize=1)
def _fonts() -> dict[str, str]:
    """As addresses that hold what they lead to."""
    return {
        weight: "data:font/woff2;base64,"
        + base64.b64encode((FONTS / f"letter-{weight}.woff2").read_bytes()).decode()
        for weight in ("regular", "bold")
    }
