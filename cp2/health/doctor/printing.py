"""What letters and pages are made of: fonts, words, static files; and who looks for viruses."""

import socket
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings as conf

from cp2.health.doctor import Finding, broken, check, look, ok

FONTS = conf.BASE_DIR / "static" / "fonts"
LETTER = ["letter-regular.woff2", "letter-bold.woff2"]


@check
def fonts() -> Iterator[Finding]:
    missing = [name for name in LETTER if not (FONTS / name).is_file()]
    if missing:
        yield broken(f"fonts are missing: {', '.join(missing)}", "Install the release anew.")
        return
    try:
        import weasyprint
    except (ImportError, OSError):
        yield broken(
            "letters cannot be drawn: a library is missing",
            "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0",
        )
        return
    face = f"@font-face {{ font-family: CP2Probe; src: url({(FONTS / LETTER[0]).as_uri()}) }}"
    page = f"<style>{face} p {{ font-family: CP2Probe }}</style><p>Ng’ang’a</p>"
    pdf = weasyprint.HTML(string=page).write_pdf(uncompressed_pdf=True) or b""
    if pdf.startswith(b"%PDF-") and b"+CP2Probe" in pdf:
        yield ok("a page is drawn in the letters' font")
    else:
        yield broken("a page is drawn without the letters' font", "See that Pango is installed.")


@check
def translations() -> Iterator[Finding]:
    for folder in conf.LOCALE_PATHS:
        for words in Path(folder).glob("*/LC_MESSAGES/*.po"):
            if not words.with_suffix(".mo").is_file():
                yield broken(f"{words.parts[-3]} is not compiled", "Run: manage.py compilemessages")
                return
    yield ok("the translations are compiled")


@check
def static_files() -> Iterator[Finding]:
    listed = Path(conf.STATIC_ROOT) / "staticfiles.json"
    if not listed.is_file():
        yield broken("static files are not collected", "Run: manage.py collectstatic --noinput")
        return
    newest = max(file.stat().st_mtime for file in (conf.BASE_DIR / "static").rglob("*"))
    if listed.stat().st_mtime < newest:
        yield look("static files are newer than what was collected", "Run: collectstatic")
    else:
        yield ok("static files are collected")


@check
def viruses() -> Iterator[Finding]:
    if not conf.CLAMD:
        yield look("officers' files are not scanned", "Set CLAMD, if you have a ClamAV.")
        return
    try:
        with _clamd() as asked:
            asked.sendall(b"zPING\0")
            answer = asked.recv(16)
    except OSError as error:
        said = f"ClamAV does not answer: {type(error).__name__}"
        yield broken(said, "Start clamd. Officers' files stay closed meanwhile.")
        return
    if answer.startswith(b"PONG"):
        yield ok("ClamAV answers")
    else:
        yield broken("what answers at CLAMD is no ClamAV", "Put CLAMD right.")


def _clamd() -> socket.socket:
    if conf.CLAMD.startswith("/"):
        asked = socket.socket(socket.AF_UNIX)
        asked.settimeout(3)
        asked.connect(conf.CLAMD)
        return asked
    host, _, port = conf.CLAMD.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=3)
