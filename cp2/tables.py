"""The floor: tables that offices send, as CSV or Excel files, read line by line.

What a file is, is told by its content. Nothing in it is guessed: a letter that cannot be read, a
row with a cell too many or a number that Excel has changed is refused with the number of its line.
A file may be hostile as well as sloppy, so no part of one is unpacked or built up beyond a limit.
"""

import csv
import io
import itertools
import re
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from enum import StrEnum
from typing import IO, Any
from xml.parsers import expat

from django.utils.translation import gettext as _

from cp2.rules import Refused

MOST_ROWS = 300_000
MOST_COLUMNS = 60
MOST_CELL = 1_000  # characters
MOST_LINE = 65_536  # bytes of a CSV file between two line breaks
MOST_BREAKS = 20  # lines that one row may run over, inside quotation marks
SHEET_ROWS = 1_048_576  # as many as a sheet of Excel has
MOST_UNPACKED = 256 * 1024 * 1024  # bytes of all parts of a workbook
MOST_IN_A_PART = 16 * 1024 * 1024  # bytes of a part that is no sheet and no list of strings
MOST_PARTS = 500
MOST_STRINGS = 2_000_000
MOST_IN_A_ROW = 5_000  # elements of XML
MOST_TEXT = 1_000_000  # characters of one row

# A number of the agencies is never that long; Excel keeps fifteen digits of it, shows six.
SHORTENED = re.compile(r"[0-9]+([.,][0-9]+)?E\+[0-9]+", re.IGNORECASE)
DIGITS_THAT_EXCEL_KEEPS = 15
ERRORS = {"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"}

csv.field_size_limit(MOST_LINE)
# It says what it leaves out of a workbook (drawings, lists to choose from): nothing of a table.
warnings.filterwarnings("ignore", module="openpyxl")

Row = tuple[int, Sequence[str]]
Wrong = Callable[[int, str], None]


class Unreadable(Refused):
    """What is wrong with a file and, where it has one, with which line."""

    def __init__(self, message: str, *, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class Kind(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"


def read(
    file: IO[bytes],
    *,
    needed: Iterable[str],
    optional: Iterable[str] = (),
    also: Mapping[str, str] | None = None,
    most_rows: int = MOST_ROWS,
    wrong: Wrong | None = None,
    others: bool = False,
) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row under the heading as (number of its line, text of its cells by column).

    Columns are named `like_this`; a heading may write Like This, or another name for it from
    `also`. A row that cannot be taken is handed to `wrong` with what is wrong, and passed over;
    without `wrong`, and for whatever spoils the whole file, Unreadable is raised. Optional columns
    that the heading lacks are in no row. With `others` the table may have more columns than these,
    named or not, which are in the rows by what the heading calls them.
    """
    columns = (list(needed), list(optional), dict(also or {}))
    is_csv = kind(file) == Kind.CSV
    rows = _csv_rows(file, columns) if is_csv else _xlsx_rows(file)
    found = next(rows, None)
    if found is None:
        raise Unreadable(_("There is nothing in this file."))
    line, heading = found
    names = _names(heading, line, *columns, others=others)
    for counted, (line, cells) in enumerate(rows, 1):
        if counted > most_rows:
            raise Unreadable(
                _("This file has more than %(most)d rows. Send it in parts.") % {"most": most_rows},
                line=line,
            )
        fault = _fault(cells, heading, may_be_short=not is_csv)
        if not fault:
            yield line, dict(itertools.zip_longest(names, cells[: len(names)], fillvalue=""))
        elif wrong:
            wrong(line, fault)
        else:
            raise Unreadable(
                _("Line %(line)d: %(fault)s") % {"line": line, "fault": fault}, line=line
            )


def kind(file: IO[bytes]) -> Kind:
    """What this is, by how it begins; quick enough to ask while somebody waits for the page."""
    file.seek(0)
    start = file.read(8)
    if start.startswith(b"PK\x03\x04"):
        with _workbook_parts(file):
            return Kind.XLSX
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable(
            _(
                "This is an Excel file of the old kind, or one with a password. Save it as an "
                "Excel workbook (.xlsx) without a password."
            )
        )
    if not start:
        raise Unreadable(_("There is nothing in this file."))
    if start.startswith((b"%PDF", b"\xff\xd8\xff", b"\x89PNG", b"PK", b"{\\rtf")):
        raise Unreadable(_("This is not a table. Send a CSV file or an Excel workbook (.xlsx)."))
    return Kind.CSV


# The heading, and what may be wrong with a row


def _plain(heading: str) -> str:
    return re.sub(r"[\W_]+", "_", heading.casefold()).strip("_")


def _trimmed(cells: Iterable[str]) -> list[str]:
    """Without the empty cells at the end, which nobody sees."""
    kept = list(cells)
    while kept and not kept[-1]:
        kept.pop()
    return kept


def _names(
    heading: Sequence[str],
    line: int,
    needed: list[str],
    optional: list[str],
    also: dict[str, str],
    *,
    others: bool,
) -> list[str]:
    """Which column stands under which heading; the heading must leave no doubt."""
    names = [also.get(_plain(cell), _plain(cell)) for cell in heading]
    known = [*needed, *optional]
    asked = ", ".join(known)
    for name, cell in zip(names, heading, strict=True):
        if others and name not in known:
            continue
        if not cell:
            said = _("Line %(line)d is the heading, and one of its columns has no name.")
        elif name not in known:
            said = _(
                "Line %(line)d is the heading, and “%(column)s” is none of the columns: %(asked)s."
            )
        elif names.count(name) > 1:
            said = _("Line %(line)d is the heading, and “%(column)s” stands in it twice.")
        else:
            continue
        raise Unreadable(said % {"line": line, "column": cell[:60], "asked": asked}, line=line)
    for name in needed:
        if name not in names:
            said = _("Line %(line)d is the heading, and the column “%(column)s” is missing.")
            raise Unreadable(said % {"line": line, "column": name}, line=line)
    return names


def _is_heading(cells: Sequence[str], heading: Sequence[str]) -> bool:
    return list(map(_plain, cells)) == list(map(_plain, heading))


def _fault(cells: Sequence[str], heading: Sequence[str], *, may_be_short: bool) -> str:
    """Why this row cannot be taken, in a sentence; empty if it can."""
    has, wants = len(cells), len(heading)
    if any(cells[wants:]) or (has < wants and not may_be_short):
        said = _("this row has %(has)d cells, the heading has %(wants)d.")
        return said % {"has": has, "wants": wants}
    if cells[0].casefold() == heading[0].casefold() and _is_heading(cells[:wants], heading):
        return _("the heading stands here again.")
    for cell in cells:
        if len(cell) > MOST_CELL:
            return _("one of the cells has more than %(most)d characters.") % {"most": MOST_CELL}
        if cell[:1].isdigit() and SHORTENED.fullmatch(cell):
            said = _(
                "Excel changed this number: %(number)s. Format the column as text and enter the "
                "number again."
            )
            return said % {"number": cell}
        if cell[:1] == "#" and cell in ERRORS:
            return _("Excel could not work out one of the cells: %(cell)s.") % {"cell": cell}
    return ""


# CSV


class _Lines:
    """The lines of a text, each decoded by itself, so that what cannot be read has a number."""

    def __init__(self, file: IO[bytes]) -> None:
        self.number = 0
        self.row_starts = 1
        file.seek(0)
        start = file.read(3)
        self.is_utf16 = start[:2] in (b"\xff\xfe", b"\xfe\xff")
        file.seek(3 if start == b"\xef\xbb\xbf" else 0)
        self.file = file

    def __iter__(self) -> Iterator[str]:
        if self.is_utf16:
            # A newline is two bytes here, so the wrapper splits; it puts � for what is broken.
            text = io.TextIOWrapper(self.file, encoding="utf-16", errors="replace", newline="")
            try:
                yield from map(self._checked, iter(lambda: text.readline(MOST_LINE), ""))
            finally:
                text.detach()
        else:
            lines: Iterator[bytes] = iter(lambda: self.file.readline(MOST_LINE), b"")
            yield from map(self._decoded, lines)

    def _decoded(self, line: bytes) -> str:
        try:
            return self._checked(line.decode("utf-8"), size=len(line))
        except UnicodeDecodeError as error:
            # a letter may be cut in two where the line is longer than any may be
            if len(line) >= MOST_LINE:
                return self._checked("", size=len(line))
            raise self._unreadable(self.number + 1) from error

    def _checked(self, line: str, *, size: int = 0) -> str:
        self.number += 1
        if max(size, len(line)) >= MOST_LINE:
            said = _("Line %(line)d is too long to be a row of a table.")
            raise Unreadable(said % {"line": self.number}, line=self.number)
        if "\0" in line or "\ufffd" in line:
            raise self._unreadable(self.number)
        if self.number - self.row_starts >= MOST_BREAKS:
            raise self.unpaired()
        return line

    def _unreadable(self, line: int) -> Unreadable:
        said = _(
            "Line %(line)d has letters that cannot be read. In Excel, save the file as "
            "“CSV UTF-8” or as an Excel workbook (.xlsx)."
        )
        return Unreadable(said % {"line": line}, line=line)

    def unpaired(self) -> Unreadable:
        said = _("Line %(line)d has a quotation mark without its other half.")
        return Unreadable(said % {"line": self.row_starts}, line=self.row_starts)


def _csv_rows(file: IO[bytes], columns: tuple[list[str], list[str], dict[str, str]]) -> Any:
    lines = _Lines(file)
    text = iter(lines)
    first = next((line for line in text if line.strip(" \t,;\r\n")), None)
    if first is None:
        return
    lines.row_starts = lines.number
    reader = csv.reader(
        itertools.chain([first], text), delimiter=_separator(first, columns), strict=True
    )
    heading = True
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise lines.unpaired() from error
        stripped = [cell.strip() for cell in cells]
        if any(stripped):
            yield lines.row_starts, _trimmed(stripped) if heading else stripped
            heading = False
        lines.row_starts = lines.number + 1


def _separator(heading: str, columns: tuple[list[str], list[str], dict[str, str]]) -> str:
    """The one that parts the heading into the most columns that are known."""
    needed, optional, also = columns
    known = {*needed, *optional, *also}

    def fits(separator: str) -> int:
        cells = [cell.strip().strip('"') for cell in heading.split(separator)]
        return sum(_plain(cell) in known for cell in cells)

    return max(",;\t", key=lambda separator: (fits(separator), heading.count(separator)))


# Excel


def _damaged() -> Unreadable:
    return Unreadable(_("This Excel file is damaged. Open it in Excel and save it again."))


@contextmanager
def _workbook_parts(file: IO[bytes]) -> Iterator[zipfile.ZipFile]:
    """The parts of a workbook that is safe to unpack: an entry never gives more bytes than it
    declares, so what is declared is the limit."""
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            if len(parts) > MOST_PARTS or len(names) < len(parts) or _is_vast(parts):
                raise Unreadable(_("This Excel file is too large. Send the rows in parts."))
            if "[Content_Types].xml" not in names or not any(map(_is_sheet, names)):
                raise Unreadable(
                    _("This is not a table. Send a CSV file or an Excel workbook (.xlsx).")
                )
            if any(
                "vbaproject" in name.lower() for name in names
            ) or b"macroEnabled" in archive.read("[Content_Types].xml"):
                raise Unreadable(
                    _("This workbook holds macros. Save it as an Excel workbook without: .xlsx.")
                )
            yield archive
    except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, NotImplementedError) as error:
        # the last two: a part with a password, or packed in a way that zipfile does not know
        raise _damaged() from error


def _is_sheet(name: str) -> bool:
    return name.startswith("xl/worksheets/") and name.endswith(".xml")


def _is_strings(name: str) -> bool:
    return name.lower().endswith("sharedstrings.xml")


def _is_vast(parts: Iterable[zipfile.ZipInfo]) -> bool:
    return sum(part.file_size for part in parts) > MOST_UNPACKED or any(
        part.file_size > MOST_IN_A_PART
        for part in parts
        if not _is_sheet(part.filename) and not _is_strings(part.filename)
    )


class _Inspection:
    """A look through one part of a workbook before anything builds a tree of it: no entities, no
    row or text beyond measure, no row that comes before the one above it."""

    def __init__(self, name: str) -> None:
        self.of_sheet = _is_sheet(name)
        # how deep in the tree the things lie that there may be many of: rows, or strings
        self.level = 3 if self.of_sheet else 2
        self.most = MOST_STRINGS if _is_strings(name) else SHEET_ROWS + 10_000
        self.depth = self.rows = self.inside = self.text = self.last = 0
        self.parser = expat.ParserCreate()
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters

    def _refuse(self, *_args: Any) -> None:
        raise Unreadable(_("This Excel file is not as Excel writes one. Save it again in Excel."))

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth <= self.level:
            self.rows += 1
            self.inside = self.text = 0
        self.inside += 1
        if self.rows > self.most or self.inside > MOST_IN_A_ROW or self.depth > 50:
            self._refuse()
        if self.of_sheet and self.depth == 3 and name.endswith("row") and "r" in attributes:
            number = attributes["r"]
            if not number.isdigit() or not self.last < int(number) <= SHEET_ROWS:
                self._refuse()
            self.last = int(number)

    def _end(self, _name: str) -> None:
        self.depth -= 1

    def _characters(self, text: str) -> None:
        self.text += len(text)
        if self.text > MOST_TEXT:
            self._refuse()


def _inspect(archive: zipfile.ZipFile) -> None:
    for part in archive.infolist():
        if part.filename.endswith((".xml", ".rels")):
            inspection = _Inspection(part.filename)
            with archive.open(part) as content:
                inspection.parser.ParseFile(content)


def _xlsx_rows(file: IO[bytes]) -> Iterator[Row]:
    """The first sheet as Excel saved it: formulas by their values, links not followed."""
    import openpyxl  # is large, and brings more: not for every web process

    try:
        with _workbook_parts(file) as archive:
            _inspect(archive)
        file.seek(0)
        book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        if not book.worksheets:
            return
        sheet: Any = book.worksheets[0]
        sheet.reset_dimensions()  # what a file says of its size need not be so
        rows = sheet.iter_rows(max_col=MOST_COLUMNS + 1, values_only=True)
        for line, values in enumerate(rows, 1):
            cells = _trimmed(map(_text, values))
            if cells:
                yield line, cells
    except Unreadable:
        raise
    except Exception as error:  # a parser of trees breaks in many ways on what is none
        raise _damaged() from error


def _text(value: Any) -> str:
    """A cell as a person would have typed it: no nought after the point, days as 2025-10-31."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _number(value: float) -> str:
    if abs(value) >= 10**DIGITS_THAT_EXCEL_KEEPS:
        return f"{value:.5E}"  # as Excel shows it; the digits it does not keep are lost
    return str(int(value)) if value == int(value) else repr(value)
