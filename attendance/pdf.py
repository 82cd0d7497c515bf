"""Lists and registers on paper: context in, bytes out."""

from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from attendance.serving import listed, sheet
from catalogue.models import CentreEntry
from deployments.pdf import press, qr


def print_officers(entry: CentreEntry) -> bytes:
    return _render("officers", entry, deployments=listed(entry))


def print_return(entry: CentreEntry, code: str) -> bytes:
    """The register to be signed and stamped; its code leads the SCDE to the row to be ticked."""
    address = f"{settings.SITE_URL}{reverse('attendance:area_registers')}?code={code}"
    return _render("return", entry, code=code, picture=qr(address), **sheet(entry))


def _render(template: str, entry: CentreEntry, **context: Any) -> bytes:
    from weasyprint import HTML  # slow to load, and only these pages need it

    ours = press()
    html = render_to_string(
        f"pdf/attendance/{template}.html", context | {"entry": entry, "now": timezone.now()}
    )
    printed: bytes = HTML(string=html, url_fetcher=ours.fetcher).write_pdf(font_config=ours.fonts)
    return printed
