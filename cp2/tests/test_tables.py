"""Tables that offices send: read when they are in order, and told by the line when they are not."""

import codecs
import io
import zipfile
from datetime import date

import openpyxl
import pytest

from cp2 import tables
from cp2.tables import Kind, Unreadable

NEEDED = ["number", "name"]
OPTIONAL = ["national_id"]
ALSO = {"tsc_number": "number"}
WANJIKU = {"number": "345678", "national_id": "12345678", "name": "Wanjikũ Ng'ang'a"}
NAMESPACE = "xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'"
PLAIN = "number,national_id,name\n345678,12345678,Wanjikũ Ng'ang'a\n"


def read(content: bytes, **options):
    options = {"needed": NEEDED, "optional": OPTIONAL, "also": ALSO, **options}
    return list(tables.read(io.BytesIO(content), **options))


def refusal(content: bytes, **options) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        read(content, **options)
    return caught.value


def workbook(*rows, change=None) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in rows:
        sheet.append(row)
    if change:
        change(book)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def repacked(content: bytes, part: str, new) -> bytes:
    """The workbook with one part made otherwise, or added."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    parts[part] = new(parts.get(part, b""))
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return file.getvalue()


# CSV


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_csv_is_read_in_each_encoding_that_says_what_it_is(encoding):
    assert read(PLAIN.encode(encoding)) == [(2, WANJIKU)]


def test_utf_16_may_begin_with_either_byte():
    big = codecs.BOM_UTF16_BE + PLAIN.encode("utf-16-be")

    assert read(big) == [(2, WANJIKU)]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_heading_tells_the_separator(separator):
    assert read(PLAIN.replace(",", separator).encode()) == [(2, WANJIKU)]


def test_comma_in_a_name_does_not_hide_the_semicolon():
    content = "number;name\n1;Ng'ang'a, Wanjikũ\n"

    assert read(content.encode()) == [
        (2, {"number": "1", "name": "Ng'ang'a, Wanjikũ"}),
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_lines_end_as_they_end_anywhere(newline):
    assert read(PLAIN.replace("\n", newline).encode()) == [(2, WANJIKU)]


def test_headings_are_written_as_people_write_them():
    content = ' "TSC Number" , National-ID,NAME\n1,12345678,A B\n'

    assert [set(cells) for _line, cells in read(content.replace('" ', '"').encode()[1:])] == [
        {"number", "national_id", "name"}
    ]


def test_line_numbers_count_what_an_editor_counts():
    content = 'number,name\n\n1,"Two\nlines"\n,,,\n2,B\n'

    assert [line for line, _cells in read(content.encode())] == [3, 6]


def test_separators_after_the_last_column_are_nothing():
    content = "number,name,,\n1,A,,\n2,B,,\n"

    assert [cells["name"] for _line, cells in read(content.encode())] == ["A", "B"]


def test_quotation_marks_hold_a_cell_together():
    content = 'number,name\n1,"Ng\'ang\'a ""Wa"", Wanjikũ"\n'

    assert read(content.encode())[0][1]["name"] == "Ng'ang'a \"Wa\", Wanjikũ"


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_other_encodings_are_refused_by_the_line_and_never_guessed(newline):
    content = newline.join([b"number,name", b"1,A", "2,Café".encode("cp1252"), b"3,C", b""])

    refused = refusal(content)

    assert refused.line == 3
    assert str(refused) == (
        "Line 3 has letters that cannot be read. In Excel, save the file as “CSV UTF-8” or as an "
        "Excel workbook (.xlsx)."
    )


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (PLAIN.encode("utf-16-le"), 1),  # without the mark that says so
        (b"number,name\n1,A\0B\n", 2),
        ("number,name\n1,A\n2,Wanjik\ufffd\n".encode(), 3),  # spoilt before it was sent
        (codecs.BOM_UTF16_LE + "number,name\n1,A\n".encode("utf-16-le") + b"\x00\xd8x\x00", 3),
        (codecs.BOM_UTF16_LE + "number,name\n1,A\n".encode("utf-16-le")[:-1], 2),
    ],
)
def test_letters_that_cannot_be_read_are_refused_by_the_line(content, line):
    refused = refusal(content)

    assert refused.line == line
    assert "has letters that cannot be read" in str(refused)


def test_unclosed_quotation_mark_is_refused_where_it_opens():
    rows = "".join(f"{n},Name\n" for n in range(2, 100))

    at_the_end = refusal(b'number,name\n1,A\n2,"B\n')
    long_before = refusal(f'number,name\n1,"A\n{rows}'.encode())
    closed_by_another = refusal(b'number,name\n1,"A\n2,"B"\n')

    assert str(at_the_end) == "Line 3 has a quotation mark without its other half."
    assert (at_the_end.line, long_before.line, closed_by_another.line) == (3, 2, 2)


@pytest.mark.parametrize("size", [70_000, 10_000_000])
def test_vast_line_is_refused_before_it_is_read(size):
    refused = refusal(b"number,name\n1,A\n2," + b"x" * size + b"\n")

    assert refused.line == 3
    assert str(refused) == "Line 3 is too long to be a row of a table."


def test_vast_line_of_accents_is_refused_as_long_not_as_unreadable():
    refused = refusal(b"number,name\n1x," + "ũ".encode() * 70_000)

    assert str(refused) == "Line 2 is too long to be a row of a table."


# The heading


@pytest.mark.parametrize(
    ("heading", "said"),
    [
        ("number,name,wage", "“wage” is none of the columns: number, name, national_id."),
        ("number", "the column “name” is missing."),
        ("number,name,NAME", "“name” stands in it twice."),
        ("number,TSC number,name", "“number” stands in it twice."),
        ("number,,name", "one of its columns has no name."),
        ("1,Wanjikũ", "“1” is none of the columns: number, name, national_id."),
    ],
)
def test_heading_must_leave_no_doubt(heading, said):
    content = f"\n{heading}\n1,A,B\n"
    sheet = workbook([], heading.split(","), ["1", "A", "B"])

    for refused in (refusal(content.encode()), refusal(sheet)):
        assert refused.line == 2
        assert str(refused) == f"Line 2 is the heading, and {said}"


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b",,\n;;\n", workbook()])
def test_empty_file_is_refused(content):
    assert str(refusal(content)) == "There is nothing in this file."


def test_file_of_a_heading_alone_has_no_rows():
    assert read(b"number,name\n") == []


# Rows


BAD_ROWS = [
    ("1", "this row has 1 cells, the heading has 2."),
    ("1,A,B", "this row has 3 cells, the heading has 2."),
    ("Number,Name", "the heading stands here again."),
    (
        "1.23457E+12,A",
        "Excel changed this number: 1.23457E+12. Format the column as text and enter the number "
        "again.",
    ),
    (f"1,{'x' * 1001}", "one of the cells has more than 1000 characters."),
    ("#REF!,A", "Excel could not work out one of the cells: #REF!."),
]


@pytest.mark.parametrize(("row", "said"), BAD_ROWS)
def test_bad_row_is_refused_by_its_line(row, said):
    refused = refusal(f"number,name\n5,E\n{row}\n".encode())

    assert refused.line == 3
    assert str(refused) == f"Line 3: {said}"


def test_whoever_wants_hears_of_every_bad_row_and_gets_the_good_ones():
    wrong = []
    rows = "\n".join(row for row, _said in BAD_ROWS)

    good = read(
        f"number,name\n{rows}\n6,F\n".encode(), wrong=lambda line, said: wrong.append((line, said))
    )

    assert wrong == [(line, said) for line, (_row, said) in enumerate(BAD_ROWS, 2)]
    assert good == [(8, {"number": "6", "name": "F"})]


def test_more_rows_than_may_be_are_refused():
    rows = "".join(f"{n},A\n" for n in range(5))

    assert len(read(f"number,name\n{rows}\n\n,\n".encode(), most_rows=5)) == 5
    refused = refusal(f"number,name\n{rows}6,F\n".encode(), most_rows=5)
    assert str(refused) == "This file has more than 5 rows. Send it in parts."
    assert refused.line == 7


# Excel


def test_workbook_is_read_as_it_looks():
    content = workbook(
        ["TSC number", "National ID", "Name"],
        [345678, 12345678.0, "Wanjikũ Ng'ang'a"],
        ["0123456", None, " Otieno "],
        [],
        [1.5, True, date(2025, 10, 31)],
        [None, "", None],
    )

    assert read(content) == [
        (2, WANJIKU),
        (3, {"number": "0123456", "national_id": "", "name": "Otieno"}),
        (5, {"number": "1.5", "national_id": "TRUE", "name": "2025-10-31"}),
    ]


def test_strings_that_cells_share_are_read():
    book = workbook(["number", "name"], ["1", "A"])
    types = (
        b"<Override PartName='/xl/sharedStrings.xml' ContentType='application/vnd."
        b"openxmlformats-officedocument.spreadsheetml.sharedStrings+xml'/></Types>"
    )
    strings = "".join(f"<si><t>{text}</t></si>" for text in ["number", "name", "Wanjikũ", "7"])
    cells = [[0, 1], [3, 2]]
    rows = "".join(
        "<row>" + "".join(f"<c t='s'><v>{cell}</v></c>" for cell in row) + "</row>" for row in cells
    )
    book = repacked(book, "[Content_Types].xml", lambda old: old.replace(b"</Types>", types))
    book = repacked(book, "xl/sharedStrings.xml", lambda _old: f"<sst {NAMESPACE}>{strings}</sst>")
    book = repacked(book, "xl/worksheets/sheet1.xml", sheet(rows.encode()))

    assert read(book) == [(2, {"number": "7", "name": "Wanjikũ"})]


def test_kind_is_told_by_the_content():
    assert tables.kind(io.BytesIO(workbook(["number"]))) == Kind.XLSX
    assert tables.kind(io.BytesIO(PLAIN.encode())) == Kind.CSV


@pytest.mark.parametrize("number", [1.23457e18, 10**15, 123456789012345678])
def test_number_longer_than_excel_keeps_is_refused(number):
    refused = refusal(workbook(["number", "name"], [number, "A"]))

    assert refused.line == 2
    assert "Excel changed this number" in str(refused)


def test_number_of_fifteen_digits_is_whole():
    content = workbook(["number", "name"], [123456789012345, "A"])

    assert read(content)[0][1]["number"] == "123456789012345"


def test_formulas_are_not_worked_out_and_links_not_followed():
    content = workbook(
        ["number", "name"], ["=1+1", "A"], ["2", '=HYPERLINK("http://example.com","B")']
    )
    linked = repacked(
        content,
        "xl/externalLinks/externalLink1.xml",
        lambda _old: (
            b"<externalLink xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'/>"
        ),
    )

    assert read(linked) == [
        (2, {"number": "", "name": "A"}),
        (3, {"number": "2", "name": ""}),
    ]


def test_empty_rows_at_the_end_do_not_count():
    def fill(book):
        for row in range(3, 3000):
            book.active.cell(row=row, column=1).number_format = "@"

    content = workbook(["number", "name"], ["1", "A"], change=fill)

    assert len(read(content, most_rows=1)) == 1


@pytest.mark.parametrize(
    "part", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml"]
)
@pytest.mark.parametrize(
    "doctype",
    [
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>',
        b'<!DOCTYPE x SYSTEM "http://example.com/x.dtd">',
    ],
)
def test_entities_are_refused(part, doctype):
    content = workbook(["number", "name"], ["1", "A"])

    hostile = repacked(content, part, lambda old: doctype + old)

    assert "not as Excel writes one" in str(refusal(hostile))


def sheet(rows: bytes):
    head = f"<worksheet {NAMESPACE}><sheetData>".encode()
    return lambda _old: head + rows + b"</sheetData></worksheet>"


@pytest.mark.parametrize(
    ("part", "new"),
    [
        ("xl/worksheets/sheet1.xml", sheet(b"<row>" + b"<c/>" * 6000 + b"</row>")),
        ("xl/worksheets/sheet1.xml", sheet(b"<row/>" * 1_060_000)),
        ("xl/worksheets/sheet1.xml", sheet(b"<row r='2'/><row r='1'/>")),
        ("xl/worksheets/sheet1.xml", sheet(b"<row r='99999999999'/>")),
        ("xl/worksheets/sheet1.xml", sheet(b"<row><c><v>" + b"1" * 1_000_001 + b"</v></c></row>")),
        ("xl/worksheets/sheet1.xml", sheet(b"<a>" * 60 + b"</a>" * 60)),
        ("xl/sharedStrings.xml", lambda _old: b"<sst><si>" + b"<r/>" * 6000 + b"</si></sst>"),
    ],
)
def test_workbook_that_would_fill_the_memory_is_refused(part, new):
    content = repacked(workbook(["number", "name"], ["1", "A"]), part, new)

    assert len(content) < 200_000
    assert "not as Excel writes one" in str(refusal(content))


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/theme/theme1.xml"])
def test_zip_bomb_is_refused_before_it_is_unpacked(part, monkeypatch):
    monkeypatch.setattr(tables, "MOST_UNPACKED", 1_000_000)
    monkeypatch.setattr(tables, "MOST_IN_A_PART", 1_000_000)
    content = repacked(workbook(["number"]), part, lambda _old: b" " * 1_100_000)
    monkeypatch.setattr(zipfile.ZipFile, "read", None)

    assert str(refusal(content)) == "This Excel file is too large. Send the rows in parts."


@pytest.mark.parametrize(
    ("part", "new"),
    [
        ("xl/vbaProject.bin", lambda _old: b"macro"),
        ("[Content_Types].xml", lambda old: old.replace(b"sheet.main", b"sheet.macroEnabled.main")),
    ],
)
def test_macros_are_refused(part, new):
    content = repacked(workbook(["number", "name"], ["1", "A"]), part, new)

    assert "holds macros" in str(refusal(content))


def spoilt(part: str) -> bytes:
    return repacked(workbook(["number", "name"], ["1", "A"]), part, lambda _old: b"<x")


@pytest.mark.parametrize(
    "content",
    [
        workbook(["number", "name"])[:-300],
        workbook(["number", "name"])[:2000] + b"\0" * 3000,
        spoilt("xl/workbook.xml"),
        spoilt("xl/sharedStrings.xml"),
        spoilt("xl/worksheets/sheet1.xml"),
        spoilt("xl/styles.xml"),
        repacked(
            workbook(["number", "name"]),
            "xl/worksheets/sheet1.xml",
            sheet(b"<row><c t='s'><v>77</v></c></row>"),
        ),
        repacked(
            workbook(["number", "name"]),
            "xl/worksheets/sheet1.xml",
            sheet(b"<row r='\xc2\xb2'/>"),
        ),
    ],
)
def test_damaged_workbook_is_refused(content):
    assert str(refusal(content)) == (
        "This Excel file is damaged. Open it in Excel and save it again."
    )


def other_zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (other_zip(), "This is not a table."),
        (b"%PDF-1.7\n", "This is not a table."),
        (b"\x89PNG\r\n\x1a\n", "This is not a table."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "an Excel file of the old kind"),
    ],
)
def test_what_is_no_table_is_refused(content, said):
    with pytest.raises(Unreadable, match=said):
        tables.kind(io.BytesIO(content))
    assert said in str(refusal(content))
