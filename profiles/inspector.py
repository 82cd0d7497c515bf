"""Looks into an uploaded file, in a process of its own: hostile bytes are made to break parsers.

Run as a program it reads the file from standard input and answers with one word (pdf, jpeg, png,
or what is wrong) and, on the next line, the bytes to keep. It imports nothing of the portal, gets
none of its environment, and may use so much memory and processor time and no more.
"""

import resource
import sys
from io import BytesIO

import pikepdf
from PIL import Image, ImageOps

MEMORY = 1 << 30
SECONDS = 5
PIXELS = 40_000_000
SIDE = 2400  # pixels: enough to read a certificate, a tenth of what a phone's camera sends
PAGES = 20
JUNK = 1024  # bytes that a sloppy printer may leave after the end of a PDF

# What makes a document act on its own, by the key or by the name it goes by.
ACTIVE_KEYS = {"/JS", "/JavaScript", "/EF", "/EmbeddedFiles", "/XFA", "/RichMediaContent"}
ACTIVE_NAMES = {
    "/JavaScript",
    "/Launch",
    "/EmbeddedFile",
    "/FileAttachment",
    "/RichMedia",
    "/Rendition",
    "/ImportData",
    "/SubmitForm",
}


class Unfit(Exception):
    """Not to be kept. The message is one word."""


def look_into(data: bytes) -> tuple[str, bytes]:
    """What kind of file this is, by its content alone, and the bytes of it to keep."""
    try:
        if data.startswith(b"%PDF-"):
            return "pdf", _document(data)
        if data.startswith(b"\xff\xd8\xff"):
            return "jpeg", _image(data, "JPEG")
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            return "png", _image(data, "PNG")
    except Unfit as unfit:
        return str(unfit), b""
    except pikepdf.PasswordError:
        return "locked", b""
    except Exception:  # the parsers raise what they like on a broken file
        return "broken", b""
    return "unknown", b""


def _image(data: bytes, kind: str) -> bytes:
    """Drawn anew and smaller, so that neither its metadata nor anything behind it is kept."""
    Image.MAX_IMAGE_PIXELS = None  # our own limit, read off the header, is lower
    with Image.open(BytesIO(data), formats=[kind]) as image:
        if image.width * image.height > PIXELS:
            raise Unfit("vast")
        image.verify()
    with Image.open(BytesIO(data), formats=[kind]) as image:
        image.draft("RGB", (SIDE, SIDE))
        image.load()
        upright = ImageOps.exif_transpose(image).convert("RGBA")
    upright.thumbnail((SIDE, SIDE))
    paper = Image.new("RGB", upright.size, "white")
    paper.paste(upright, mask=upright)
    kept = BytesIO()
    paper.save(kept, kind, optimize=True, quality=80)
    return kept.getvalue()


def _document(data: bytes) -> bytes:
    """As it came, if it only shows pages."""
    end = data.rfind(b"%%EOF")
    if end < 0 or len(data) - end - len(b"%%EOF") > JUNK:
        raise Unfit("broken")
    with pikepdf.open(BytesIO(data)) as document:
        if document.is_encrypted:
            raise Unfit("locked")
        if not 1 <= len(document.pages) <= PAGES:
            raise Unfit("long")
        if any(_is_active(thing) for thing in document.objects):
            raise Unfit("active")
    return data


def _is_active(thing: pikepdf.Object) -> bool:
    """Whether this object, or one written inside it, does more than show something."""
    within = [thing]
    while within:
        part = within.pop()
        if isinstance(part, pikepdf.Dictionary | pikepdf.Stream):
            if ACTIVE_KEYS.intersection(part.keys()):
                return True
            children = [value for _, value in part.items()]
        elif isinstance(part, pikepdf.Array):
            children = list(part)
        else:
            continue
        if any(isinstance(x, pikepdf.Name) and str(x) in ACTIVE_NAMES for x in children):
            return True
        within += [x for x in children if isinstance(x, pikepdf.Object) and not x.is_indirect]
    return False


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    word, clean = look_into(sys.stdin.buffer.read())
    sys.stdout.buffer.write(word.encode() + b"\n" + clean)
