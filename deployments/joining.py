"""Many letters as one PDF, written letter by letter: never more of it in memory than one letter.

A library that joins PDFs keeps all of them until the last is there, which is a fifth of a megabyte
a letter. Here each letter's objects are numbered anew and go out at once. What stays to the end is
where each object lies, eight bytes each, and the bookmarks.

The letters stay tagged: their structure trees become one, each with the language of its letter.
"""

import hashlib
import io
import re
import zlib
from collections.abc import Iterable
from typing import IO, Any, NamedTuple

import pikepdf

CATALOG, PAGES, TREE, WHOLE, PARENTS, OUTLINES, METADATA, INFO = range(1, 9)
ROW = 8  # bytes of a line of the table of objects: kind, place, place within
# A string, which is passed over, or a reference to an object. Brackets in strings come escaped.
REFERENCE = re.compile(rb"\((?:\\.|[^\\)])*\)|<[0-9a-fA-F]*>|\b(\d+) 0 R\b", re.DOTALL)
XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" pdfuaid:part="1"/>
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title><rdf:Alt>
<rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title></rdf:Description>
</rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""


class Bookmark(NamedTuple):
    number: int  # of its object
    title: str
    page: int  # the object of the page that it leads to
    below: "list[Bookmark]"


class Joined:
    """A PDF on its way out. `add` each letter, then `close`."""

    def __init__(self, out: IO[bytes], *, title: str, language: str) -> None:
        self.out, self.title, self.language = out, title, language
        self.table = bytearray(ROW)  # where each object lies
        self.written = 0
        self.digest = hashlib.sha256()
        self.last = INFO
        self.kids: list[int] = []  # the letters' own page trees
        self.pages = 0
        self.parts: list[int] = []  # and structure trees
        self.parents: list[int] = []
        self.streams = 0  # pages with a structure, numbered through
        self.outline: list[Bookmark] = []
        self._write(b"%PDF-1.7\n%\xf0\x9f\x96\xa4\n")

    # In

    def add(self, letter: bytes, *, name: str, under: str = "") -> None:
        """One letter, with a bookmark of this name."""
        with pikepdf.open(io.BytesIO(letter)) as source:
            numbers = self._numbers(source)
            self._tie(source, numbers)
            self._copy(source, numbers)
            first = numbers[source.pages[0].obj.objgen[0]]
        self._mark(name, first, under)

    def _numbers(self, source: pikepdf.Pdf) -> dict[int, int]:
        """What each object is called here. What it hangs on in its own file is ours already."""
        numbers = {source.Root.objgen[0]: PAGES}
        if "/StructTreeRoot" in source.Root:
            numbers[source.Root.StructTreeRoot.objgen[0]] = WHOLE
        for found in _objects(source):
            if found.objgen[0] not in numbers:
                numbers[found.objgen[0]] = self._number()
        return numbers

    def _tie(self, source: pikepdf.Pdf, numbers: dict[int, int]) -> None:
        """Its page tree and its structure hang on ours, and what ties them is numbered through."""
        tree = source.Root.Pages
        self.kids.append(numbers[tree.objgen[0]])
        self.pages += len(source.pages)
        tree.Parent = source.Root
        for page in source.pages:
            if "/StructParents" in page:
                page.StructParents = int(page.StructParents) + self.streams
        if "/StructTreeRoot" not in source.Root:
            return
        structure = source.Root.StructTreeRoot
        for part in structure.K:
            part.S, part.Lang = pikepdf.Name.Part, source.Root.Lang
            self.parts.append(numbers[part.objgen[0]])
        nums = structure.ParentTree.Nums
        keys = [int(nums[n]) + self.streams for n in range(0, len(nums), 2)]
        for n, key in enumerate(keys):
            nums[2 * n] = key
        structure.ParentTree.Limits = [keys[0], keys[-1]]
        self.parents.append(numbers[structure.ParentTree.objgen[0]])
        self.streams += len(keys)

    def _copy(self, source: pikepdf.Pdf, numbers: dict[int, int]) -> None:
        def ours(found: "re.Match[bytes]") -> bytes:
            if found[1] is None:
                return found[0]
            number = numbers.get(int(found[1]))
            return b"%d 0 R" % number if number else b"null"

        plain: list[tuple[int, bytes]] = []
        for found in _objects(source):
            number = numbers[found.objgen[0]]
            if number in (PAGES, WHOLE):
                continue
            if isinstance(found, pikepdf.Stream):
                data = found.read_raw_bytes()
                head = _stream_head(found, len(data))
                self._object(number, REFERENCE.sub(ours, head), data)
                continue
            plain.append((number, REFERENCE.sub(ours, found.unparse(resolved=True))))
        self._packed(plain)

    def _mark(self, name: str, page: int, under: str) -> None:
        if under and not (self.outline and self.outline[-1].title == under):
            self.outline.append(Bookmark(self._number(), under, page, []))
        level = self.outline[-1].below if under else self.outline
        level.append(Bookmark(self._number(), name, page, []))

    # Out

    def close(self) -> None:
        plain = [
            (CATALOG, self._catalog()),
            (PAGES, b"<< /Type /Pages /Count %d /Kids %s >>" % (self.pages, _list(self.kids))),
            (
                TREE,
                b"<< /Type /StructTreeRoot /ParentTree %d 0 R /K [ %d 0 R ] >>" % (PARENTS, WHOLE),
            ),
            (
                WHOLE,
                b"<< /Type /StructElem /S /Document /P %d 0 R /K %s >>" % (TREE, _list(self.parts)),
            ),
            (PARENTS, b"<< /Kids %s >>" % _list(self.parents)),
            (INFO, b"<< /Title %s >>" % _text(self.title)),
            (OUTLINES, b"<< /Type /Outlines %s >>" % _ends(self.outline)),
            *_items(self.outline, OUTLINES),
        ]
        for n in range(0, len(plain), 200):
            self._packed(plain[n : n + 200])
        said = self.title.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        xmp = XMP.format(title=said).encode()
        head = b"<< /Type /Metadata /Subtype /XML /Length %d >>" % len(xmp)
        self._object(METADATA, head, xmp)
        self._cross_references()

    def _catalog(self) -> bytes:
        return (
            b"<< /Type /Catalog /Pages %d 0 R /StructTreeRoot %d 0 R /Outlines %d 0 R "
            b"/Metadata %d 0 R /Lang %s /MarkInfo << /Marked true >> /PageMode /UseOutlines "
            b"/ViewerPreferences << /DisplayDocTitle true >> >>"
        ) % (PAGES, TREE, OUTLINES, METADATA, _text(self.language))

    def _cross_references(self) -> None:
        number, start = self._number(), self.written
        self._lies(number, 1, start)
        data = zlib.compress(self.table)
        name = self.digest.hexdigest()[:32].encode()
        head = (
            b"<< /Type /XRef /Size %d /W [ 1 5 2 ] /Root %d 0 R /Info %d 0 R "
            b"/ID [ <%s> <%s> ] /Filter /FlateDecode /Length %d >>"
        ) % (number + 1, CATALOG, INFO, name, name, len(data))
        self._object(number, head, data)
        self._write(b"startxref\n%d\n%%%%EOF\n" % start)

    def _packed(self, plain: list[tuple[int, bytes]]) -> None:
        """Objects without a stream of their own share one, which is a third of their size."""
        number = self._number()
        index, place = [], 0
        for at, (each, body) in enumerate(plain):
            self._lies(each, 2, number, at)
            index.append(b"%d %d" % (each, place))
            place += len(body) + 1
        head = b" ".join(index) + b"\n"
        data = zlib.compress(head + b"\n".join(body for _, body in plain))
        self._object(
            number,
            b"<< /Type /ObjStm /N %d /First %d /Filter /FlateDecode /Length %d >>"
            % (len(plain), len(head), len(data)),
            data,
        )

    def _object(self, number: int, head: bytes, data: bytes) -> None:
        self._lies(number, 1, self.written)
        self._write(b"%d 0 obj\n%s\nstream\n%s\nendstream\nendobj\n" % (number, head, data))

    def _write(self, data: bytes) -> None:
        self.out.write(data)
        self.digest.update(data)
        self.written += len(data)

    def _lies(self, number: int, kind: int, place: int, within: int = 0) -> None:
        short = (number + 1) * ROW - len(self.table)
        if short > 0:
            self.table.extend(bytes(short))
        row = bytes([kind]) + place.to_bytes(5, "big") + within.to_bytes(2, "big")
        self.table[number * ROW : (number + 1) * ROW] = row

    def _number(self) -> int:
        self.last += 1
        return self.last


def _objects(source: pikepdf.Pdf) -> list[Any]:
    """But for lone numbers, which no letter refers to."""
    everything: Any = source.objects
    return [found for found in everything if isinstance(found, pikepdf.Object)]


def _stream_head(stream: pikepdf.Stream, length: int) -> bytes:
    said: Any = stream.stream_dict
    parts = [
        b"%s %s" % (name.encode(), _value(value))
        for name, value in said.items()
        if name != "/Length"
    ]
    return b"<< %s /Length %d >>" % (b" ".join(parts), length)


def _value(value: Any) -> bytes:
    if isinstance(value, pikepdf.Object):
        return bytes(value.unparse())
    if value is True or value is False:
        return b"true" if value else b"false"
    return str(value).encode()


def _list(numbers: Iterable[int]) -> bytes:
    return b"[ %s ]" % b" ".join(b"%d 0 R" % number for number in numbers)


def _text(words: str) -> bytes:
    return b"<feff%s>" % words.encode("utf-16-be").hex().encode()


def _ends(level: list[Bookmark]) -> bytes:
    if not level:
        return b"/Count 0"
    first, last = level[0].number, level[-1].number
    return b"/First %d 0 R /Last %d 0 R /Count %d" % (first, last, len(level))


def _items(level: list[Bookmark], parent: int) -> Iterable[tuple[int, bytes]]:
    for n, mark in enumerate(level):
        said = [
            b"/Title %s /Parent %d 0 R /Dest [ %d 0 R /Fit ]"
            % (_text(mark.title), parent, mark.page)
        ]
        if n:
            said.append(b"/Prev %d 0 R" % level[n - 1].number)
        if n + 1 < len(level):
            said.append(b"/Next %d 0 R" % level[n + 1].number)
        if mark.below:  # shut, hence less than none are seen
            said.append(_ends(mark.below).replace(b"/Count ", b"/Count -"))
        yield mark.number, b"<< %s >>" % b" ".join(said)
        yield from _items(mark.below, mark.number)
