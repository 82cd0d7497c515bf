"""What a reader of a PDF gets: its words, its headings, its codes."""

import io
import re
from typing import Any

import pikepdf


def text_of(content: bytes) -> str:
    """What can be selected and searched, in one line: the glyphs that are drawn, turned back into
    letters by the table that each font brings along."""
    with pikepdf.open(io.BytesIO(content)) as document:
        return " ".join(" ".join(pages_of(document)).split())


def pages_of(document: pikepdf.Pdf) -> list[str]:
    return [_text_of_page(page) for page in document.pages]


def _text_of_page(page: Any) -> str:
    lines = []
    letters_of = {name: alphabet(font) for name, font in page.Resources.Font.items()}
    font: dict[int, str] = {}
    for operands, operator in pikepdf.parse_content_stream(page):
        if str(operator) == "Tf":
            font = letters_of[str(operands[0])]
        elif str(operator) in ("Tj", "TJ"):
            lines.append("".join(font.get(code, "?") for code in codes(operands[0])))
    return " ".join(" ".join(lines).split())


def codes(shown: Any) -> list[int]:
    """The numbers of the glyphs of one line, two bytes each."""
    parts = shown if isinstance(shown, pikepdf.Array) else [shown]
    data = b"".join(bytes(part) for part in parts if isinstance(part, pikepdf.String))
    return [int.from_bytes(data[at : at + 2]) for at in range(0, len(data), 2)]


def alphabet(font: Any) -> dict[int, str]:
    table = font.ToUnicode.read_bytes().decode()
    pairs = re.findall(r"<([0-9a-fA-F]{4})>\s*<([0-9a-fA-F]+)>", table)
    return {int(code, 16): bytes.fromhex(text).decode("utf-16-be") for code, text in pairs}
