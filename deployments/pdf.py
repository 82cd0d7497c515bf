"""From a letter's row to the bytes of a PDF.

WeasyPrint is slow to load and needs system libraries, so only the worker that prints imports it,
once; the fonts and the stylesheet are read once too, which makes a letter six times cheaper.
"""

import atexit
import logging
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import segno
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone

from catalogue.models import DayKind, Office, PositionTerms
from deployments.letter_texts import duties_of, policy_of
from deployments.models import Deployment, Letter, LetterText
from sms.phones import local

if TYPE_CHECKING:
    from weasyprint import CSS
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import URLFetcher

FONTS = Path(settings.BASE_DIR) / "static" / "fonts"
STYLESHEET = Path(settings.BASE_DIR) / "templates" / "pdf" / "deployments" / "letter.css"
# Whatever a page may ask for. A name, an address or a duty that smuggles in a link gets nothing:
# no file of this machine and no host of any network is ever read.
ASSETS = {
    "asset:letter-regular.woff2": FONTS / "letter-regular.woff2",
    "asset:letter-bold.woff2": FONTS / "letter-bold.woff2",
}


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
    from weasyprint import HTML

    ours = press()
    content: bytes = HTML(string=html, url_fetcher=ours.fetcher).write_pdf(
        stylesheets=[ours.stylesheet], font_config=ours.fonts
    )
    return content


# The appointment letter


def appointment_letter(letter: Letter) -> bytes:
    deployment = (
        Deployment.objects.select_related(
            "officer__user",
            "post__exam",
            "post__position",
            "post__station__sub_county__county",
        )
        .filter(pk=letter.deployment_id)
        .get()
    )
    return to_pdf(render_to_string("pdf/deployments/letter.html", words(letter, deployment)))


def words(letter: Letter, deployment: Deployment) -> dict[str, Any]:
    """Everything that the letter says."""
    post, officer = deployment.post, deployment.officer
    exam, position = post.exam, post.position
    terms = PositionTerms.objects.filter(exam=exam, position=position).first()
    text = LetterText.objects.filter(exam=exam, position=position).order_by("-version").first()
    return {
        "reference": deployment.reference,
        "date": timezone.localdate(letter.issued_at),
        "officer": officer,
        "national_id": masked(officer.national_id),
        "phone": local(officer.phone) if officer.phone else "",
        "through": Office(position.deployed_by).label if position.deployed_by else "",
        "office_short": position.deployed_by.upper(),
        "deployment": deployment,
        "station": post.station,
        "exam": exam,
        "position": position,
        "article": "an" if position.name[:1].upper() in "AEIOU" else "a",
        "rate": terms.daily_rate if terms else None,
        "with_rehearsal": terms is not None
        and DayKind.REHEARSAL in terms.paid_days
        and deployment.starts_on <= exam.rehearsal_on,
        "policy": (text and text.policy)
        or policy_of(position.code, cooling_off_years=exam.cooling_off_years),
        "duties": (text and as_list(text.paragraphs)) or duties_of(position.code),
        "site": settings.SITE_URL,
        "host": settings.SITE_URL.partition("://")[2],
        "code": in_groups(letter.code),
        "qr": qr(f"{settings.SITE_URL}/letters/{letter.code}/"),
    }


def as_list(paragraphs: Any) -> list[str]:
    """What headquarters typed as JSON may be anything; only a list of words can be numbered."""
    if not isinstance(paragraphs, list):
        return []
    return [
        each.strip().rstrip(".;") for each in paragraphs if isinstance(each, str) and each.strip()
    ]


def masked(number: str | None) -> str:
    """Enough for the holder's card to be held against it, too little to be of use to a finder."""
    return f"{'•' * (len(number) - 3)}{number[-3:]}" if number else ""


def in_groups(code: str) -> str:
    """As it is read aloud and typed."""
    return "-".join(code[i : i + 5] for i in range(0, len(code), 5))


def qr(address: str) -> str:
    """A fixed mask: trying all eight costs more than the rest of the letter together."""
    code = segno.make(address, error="m", mask=3, boost_error=False, micro=False)
    picture: str = code.svg_inline(border=0, omitsize=True, dark="#17201c")
    return picture
