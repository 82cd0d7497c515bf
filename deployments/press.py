"""Makes a PDF of a page of ours. It knows neither Django nor the database, nor their secrets.

WeasyPrint is slow to load and needs system libraries, so it is imported once, by whoever prints;
the fonts and the stylesheet are read once too, which makes a letter six times cheaper.

As a program of its own it prints what it is sent until its input ends: see deployments/printer.py.
"""

import atexit
import logging
import resource
import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from weasyprint import CSS
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import URLFetcher

PROJECT = Path(__file__).resolve().parent.parent
FONTS = PROJECT / "static" / "fonts"
STYLESHEET = PROJECT / "templates" / "pdf" / "deployments" / "letter.css"
# Whatever a page may ask for. A name, an address or a duty that smuggles in a link gets nothing:
# no file of this machine and no host of any network is ever read.
ASSETS = {
    "asset:letter-regular.woff2": FONTS / "letter-regular.woff2",
    "asset:letter-bold.woff2": FONTS / "letter-bold.woff2",
}

MOST_MEMORY = 768 * 1024 * 1024  # of addresses, a third of which is taken before the first letter
MOST_SECONDS = 600  # of processor, for all that one program prints before it is replaced
FULL = 250 * 1024 * 1024  # resident; WeasyPrint's caches grow
# What became of a page, and whether another may be sent.
DONE, DONE_LAST, BAD, BAD_LAST = b"+", b"*", b"-", b"="


class Press(NamedTuple):
    fetcher: "URLFetcher"
    fonts: "FontConfiguration"
    stylesheet: "CSS"


@lru_cache(maxsize=1)
def press() -> Press:
    for chatty in ("weasyprint.progress", "fontTools"):  # seven lines for every letter
        logging.getLogger(chatty).setLevel(logging.WARNING)

    from weasyprint import CSS
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class PackagedOnly(URLFetcher):  # type: ignore[misc]  # it comes without types
        def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
            if url not in ASSETS:
                raise ValueError("letters are printed from packaged files only")
            return URLFetcherResponse(url, ASSETS[url].read_bytes(), {"Content-Type": "font/woff2"})

    atexit.register(press.cache_clear)  # while there still is an interpreter to tidy up fonts with
    fetcher, fonts = PackagedOnly(allowed_protocols=[]), FontConfiguration()
    stylesheet = CSS(string=STYLESHEET.read_text(), url_fetcher=fetcher, font_config=fonts)
    return Press(fetcher, fonts, stylesheet)


def to_pdf(html: str) -> bytes:
    """A tagged PDF that a screen reader reads in order. The same page makes the same bytes."""
    from weasyprint import HTML

    ours = press()
    content: bytes = HTML(string=html, url_fetcher=ours.fetcher).write_pdf(
        stylesheets=[ours.stylesheet],
        font_config=ours.fonts,
        pdf_variant="pdf/ua-1",
        pdf_identifier=True,  # made of the content
    )
    return content


# As a program: sizes of eight bytes, then what they are of


def send(pipe: BinaryIO, kind: bytes, content: bytes) -> None:
    pipe.write(kind + len(content).to_bytes(8, "big") + content)
    pipe.flush()


def serve(asked: BinaryIO, answers: BinaryIO) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    logging.disable(logging.ERROR)  # about a page's faults, which its reader sees
    press()
    send(answers, DONE, b"")
    while size := asked.read(8):
        html = asked.read(int.from_bytes(size, "big")).decode()
        try:
            content = to_pdf(html)
        except MemoryError:
            send(answers, BAD_LAST, b"MemoryError: it takes more memory than any letter should")
            return
        except Exception as error:  # it fails by itself, and the next one is printed
            send(answers, BAD, f"{type(error).__name__}: {error}".encode())
        else:
            send(answers, DONE_LAST if resident() > FULL else DONE, content)


def resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
