"""Long tables on paper, drawn line by line: three hundred officers and twenty-five days take a
tenth of a second so, and nine as a page of HTML. Millimetres from the upper left corner throughout.
"""

import io
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import pikepdf
import segno
from pikepdf import Array, Dictionary, Name, String

from deployments.press import FONTS

POINT = 72 / 25.4  # in a millimetre
LINE = 0.42  # millimetres from line to line, for each point of size


class Font(NamedTuple):
    name: str
    file: bytes
    glyphs: dict[int, int]  # by character
    widths: list[int]  # by glyph, in thousandths of the size
    box: list[int]
    ascent: int
    descent: int

    def read(self, said: str) -> list[tuple[str, int]]:
        """Each character with its glyph; what the font lacks by its nearest like."""
        found = []
        for char in unicodedata.normalize("NFC", said):
            for each in (char, unicodedata.normalize("NFKD", char)[0], "?"):
                if ord(each) in self.glyphs:
                    found.append((each, self.glyphs[ord(each)]))
                    break
        return found

    def width(self, said: str, size: float) -> float:
        return sum(self.widths[glyph] for _char, glyph in self.read(said)) * size / 1000 / POINT


@lru_cache(maxsize=2)
def font(weight: str) -> Font:
    from fontTools.ttLib import TTFont  # slow to load, as the press is

    read = TTFont(FONTS / f"letter-{weight}.woff2")
    read.flavor = None
    file = io.BytesIO()
    read.save(file)
    scale = 1000 / read["head"].unitsPerEm
    names = read.getGlyphOrder()
    head, lines = read["head"], read["hhea"]
    return Font(
        read["name"].getDebugName(6),
        file.getvalue(),
        {char: read.getGlyphID(name) for char, name in read.getBestCmap().items()},
        [round(read["hmtx"][name][0] * scale) for name in names],
        [round(each * scale) for each in (head.xMin, head.yMin, head.xMax, head.yMax)],
        round(lines.ascent * scale),
        round(lines.descent * scale),
    )


@dataclass(frozen=True)
class Column:
    title: str
    width: float
    left: bool = (
        False  # its text begins at the left and goes on below; else it stands in the middle
    )
    bold: bool = False
    box: bool = False  # an empty square to be ticked
    size: float = 7.5


@dataclass
class Paper:
    """Pages of one size, as they are drawn."""

    width: float
    height: float
    margin: float = 9
    pages: list[list[str]] = field(default_factory=list)
    used: dict[str, dict[int, str]] = field(default_factory=dict)

    def page(self) -> None:
        self.pages.append([])

    # What is drawn

    def text(
        self, x: float, y: float, said: str, size: float = 8, *, bold: bool = False, at: float = 0
    ) -> None:
        """On a base line. `at` says which part of it stands at x: 0 its beginning, 1 its end."""
        weight = "bold" if bold else "regular"
        kind = font(weight)
        read = kind.read(said)
        self.used.setdefault(weight, {}).update({glyph: char for char, glyph in read})
        x -= at * kind.width(said, size) if at else 0
        glyphs = "".join(f"{glyph:04x}" for _char, glyph in read)
        place = f"{x * POINT:.2f} {(self.height - y) * POINT:.2f}"
        self._draw(f"BT /{weight} {size} Tf {place} Td <{glyphs}> Tj ET")

    def paragraph(
        self, x: float, y: float, width: float, said: str, size: float = 8, *, bold: bool = False
    ) -> float:
        """Broken into lines; returns where the next begins."""
        for line in wrapped(said, width, size, bold=bold):
            self.text(x, y, line, size, bold=bold)
            y += size * LINE
        return y

    def rule(self, x: float, y: float, to_x: float, to_y: float, *, dotted: bool = False) -> None:
        ends = [x, self.height - y, to_x, self.height - to_y]
        place = "{:.2f} {:.2f} m {:.2f} {:.2f} l".format(*(end * POINT for end in ends))
        self._draw(f"[{'.6 1.4' if dotted else ''}] 0 d .3 w {place} S")

    def frame(self, x: float, y: float, width: float, height: float) -> None:
        self._draw(f"[] 0 d .5 w {self._box(x, y, width, height)} S")

    def qr(self, address: str, x: float, y: float, size: float) -> None:
        matrix = segno.make(address, error="m", micro=False).matrix
        each = size / len(matrix)
        boxes = [
            self._box(x + column * each, y + row * each, each, each)
            for row, line in enumerate(matrix)
            for column, dark in enumerate(line)
            if dark
        ]
        self._draw(f"{' '.join(boxes)} f")

    def _box(self, x: float, y: float, width: float, height: float) -> str:
        low = self.height - y - height
        return "{:.3f} {:.3f} {:.3f} {:.3f} re".format(
            *(each * POINT for each in (x, low, width, height))
        )

    def _draw(self, what: str) -> None:
        self.pages[-1].append(what)

    # A table

    def table(
        self,
        y: float,
        columns: Sequence[Column],
        rows: Iterable[Sequence[str]],
        *,
        row: float,
        bottom: float,
        next_page: Callable[[], float],
    ) -> float:
        """Over as many pages as it takes, its head on each; returns where it ends. `next_page`
        begins one and says where on it the table goes on."""
        top, y = y, self._head(y, columns)
        for cells in rows:
            lines = [
                wrapped(cell, column.width - 1.6, column.size, bold=column.bold)
                if column.left
                else [cell]
                for cell, column in zip(cells, columns, strict=True)
            ]
            tall = max(
                row,
                *(
                    len(each) * column.size * LINE + 1.2
                    for each, column in zip(lines, columns, strict=True)
                ),
            )
            if y + tall > bottom:
                self._uprights(top, y, columns)
                top = next_page()
                y = self._head(top, columns)
            self._cells(y, tall, columns, lines)
            y += tall
            self.rule(self.margin, y, self._end(columns), y)
        self._uprights(top, y, columns)
        return y

    def _head(self, y: float, columns: Sequence[Column]) -> float:
        lines = [
            [each for part in column.title.split("\n") for each in wrapped(
                part, column.width - 0.8, 6.5, bold=True)]
            for column in columns
        ]  # fmt: skip
        tall = max(len(each) for each in lines) * 6.5 * LINE + 1.6
        self.rule(self.margin, y, self._end(columns), y)
        heads = [Column("", column.width, bold=True, size=6.5) for column in columns]
        self._cells(y, tall, heads, lines)
        self.rule(self.margin, y + tall, self._end(columns), y + tall)
        return y + tall

    def _cells(
        self, y: float, tall: float, columns: Sequence[Column], lines: Sequence[list[str]]
    ) -> None:
        x = self.margin
        for column, each in zip(columns, lines, strict=True):
            step = column.size * LINE
            base = y + (tall - len(each) * step) / 2 + step * 0.78
            for number, line in enumerate(each):
                place = x + 0.8 if column.left else x + column.width / 2
                at = 0 if column.left else 0.5
                self.text(place, base + number * step, line, column.size, bold=column.bold, at=at)
            if column.box:
                self.frame(x + column.width / 2 - 2, y + tall / 2 - 2, 4, 4)
            x += column.width

    def _uprights(self, top: float, y: float, columns: Sequence[Column]) -> None:
        x = self.margin
        self.rule(x, top, x, y)
        for column in columns:
            x += column.width
            self.rule(x, top, x, y)

    def _end(self, columns: Sequence[Column]) -> float:
        return self.margin + sum(column.width for column in columns)

    # The file

    def to_bytes(self, *, title: str, language: str) -> bytes:
        document = pikepdf.new()
        fonts = Dictionary({f"/{weight}": self._font(document, weight) for weight in self.used})
        for page in self.pages:
            document.add_blank_page(page_size=(self.width * POINT, self.height * POINT))
            made = document.pages[-1]
            made.Resources = Dictionary(Font=fonts)
            made.Contents = document.make_stream("\n".join(page).encode())
        document.Root.Lang = String(language)
        document.Root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
        document.docinfo["/Title"] = title
        file = io.BytesIO()
        document.save(file, compress_streams=True)
        return file.getvalue()

    def _font(self, document: Any, weight: str) -> Any:
        kind, used = font(weight), self.used[weight]
        stream = document.make_stream(kind.file)
        stream.Length1 = len(kind.file)
        described = Dictionary(
            Type=Name.FontDescriptor, FontName=Name(f"/{kind.name}"), Flags=4, ItalicAngle=0,
            FontBBox=Array(kind.box), Ascent=kind.ascent, Descent=kind.descent,
            CapHeight=kind.ascent, StemV=80, FontFile2=stream,
        )  # fmt: skip
        widths = Array([])
        for glyph in sorted(used):
            widths.append(glyph)
            widths.append(Array([kind.widths[glyph]]))
        by_glyph = Dictionary(
            Type=Name.Font, Subtype=Name.CIDFontType2, BaseFont=Name(f"/{kind.name}"),
            CIDSystemInfo=Dictionary(
                Registry=String("Adobe"), Ordering=String("Identity"), Supplement=0
            ),
            FontDescriptor=document.make_indirect(described), DW=1000, W=widths,
            CIDToGIDMap=Name.Identity,
        )  # fmt: skip
        return document.make_indirect(
            Dictionary(
                Type=Name.Font, Subtype=Name.Type0, BaseFont=Name(f"/{kind.name}"),
                Encoding=Name("/Identity-H"),
                DescendantFonts=Array([document.make_indirect(by_glyph)]),
                ToUnicode=document.make_stream(_to_unicode(used)),
            )
        )  # fmt: skip


def wrapped(said: str, width: float, size: float, *, bold: bool = False) -> list[str]:
    """Lines that fit; a word that is longer than a line is cut."""
    kind = font("bold" if bold else "regular")
    if kind.width(said, size) <= width:
        return [said]
    lines, line = [], ""
    for word in said.split():
        while kind.width(word, size) > width:
            cut = next(
                (n for n in range(len(word), 1, -1) if kind.width(word[:n], size) <= width), 1
            )
            if line:
                lines.append(line)
            lines.append(word[:cut])
            line, word = "", word[cut:]
        longer = f"{line} {word}".strip()
        if kind.width(longer, size) > width:
            lines.append(line)
            line = word
        else:
            line = longer
    return [*lines, line] if line else lines


def _to_unicode(used: dict[int, str]) -> bytes:
    """So that what is on the paper can be searched and read aloud."""
    pairs = [
        f"<{glyph:04x}> <{char.encode('utf-16-be').hex()}>" for glyph, char in sorted(used.items())
    ]
    blocks = [
        f"{len(pairs[start : start + 100])} beginbfchar\n"
        + "\n".join(pairs[start : start + 100])
        + "\nendbfchar"
        for start in range(0, len(pairs), 100)
    ]
    return "\n".join(
        [
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
            "/CMapName /Adobe-Identity-UCS def /CMapType 2 def",
            "1 begincodespacerange <0000> <ffff> endcodespacerange",
            *blocks,
            "endcmap CMapName currentdict /CMap defineresource pop end end",
        ]
    ).encode()
