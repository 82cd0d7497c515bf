"""Lists and slips on paper: context in, bytes out. Registers are drawn; see papers.py."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts.models import User
from accounts.slips import Slip
from attendance.models import Handover
from attendance.papers import by_text
from attendance.serving import left, listed
from catalogue.models import CentreEntry
from deployments.pdf import in_groups, press, qr


def print_officers(entry: CentreEntry) -> bytes:
    deployments = list(listed(entry))
    for deployment in deployments:
        deployment.code = in_groups(deployment.code or "")
    return _render("officers", entry, deployments=deployments, left=left(entry), by_text=by_text())


def print_handover(entry: CentreEntry, handover: Handover) -> bytes:
    return _render("handover", entry, handover=handover)


@sensitive_variables()
def print_slips(slips: Sequence[Slip], *, by: User) -> bytes:
    """Some to a page, to be cut apart. Each says everything in both languages, since nobody knows
    who opens it."""
    return _press(
        "slips",
        slips=slips,
        by=by,
        languages=[code for code, _name in settings.LANGUAGES],
        now=timezone.now(),
        site=settings.SITE_URL,
        picture=qr(settings.SITE_URL),
    )


def _render(template: str, entry: CentreEntry, **context: Any) -> bytes:
    return _press(template, entry=entry, now=timezone.now(), **context)


@sensitive_variables()
def _press(template: str, **context: Any) -> bytes:
    from weasyprint import HTML  # slow to load, and only these pages need it

    ours = press()
    html = render_to_string(f"pdf/attendance/{template}.html", context)
    printed: bytes = HTML(string=html, url_fetcher=ours.fetcher).write_pdf(font_config=ours.fonts)
    return printed
