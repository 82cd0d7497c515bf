"""What a page says when something was tried too often: why, for how long, and the other way."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from cp2.limits.services import Limited, Unreadable, in_words


def answer(
    request: HttpRequest, template: str, context: dict[str, Any], refusal: Limited | None
) -> HttpResponse:
    """A page as ever, and for machines the sign that it was too often, and until when."""
    response = render(request, template, context, status=429 if refusal else 200)
    if refusal:
        response["Retry-After"] = str(int(refusal.wait.total_seconds()))
    return response


def too_many_passwords(limited: Limited) -> str:
    if limited.name == "sign_in.address":
        reason = _("Many wrong passwords came from the network that you use.")
    else:
        reason = _("There were too many wrong passwords for this account.")
    way_out = _(
        "Try again in %(wait)s, or send PASSWORD to %(shortcode)s from your number: the password "
        "that comes by text works at once."
    )
    return f"{reason} {way_out}" % {
        "wait": in_words(limited.wait), "shortcode": settings.SMS_SHORTCODE
    }  # fmt: skip


def too_many_texts(limited: Limited) -> str:
    """Why no text leaves now, and what to do instead."""
    wait = in_words(limited.wait)
    if isinstance(limited, Unreadable):
        return str(limited)
    if limited.name in ("text.number", "text.again"):
        return _(
            "A text was asked for this number a short while ago. If it has not come, dial "
            "*456*9*5*5*1# to let texts from companies through, and ask again in %(wait)s."
        ) % {"wait": wait}
    return _(
        "Too many people on your network or near your number ask for texts just now. Try again "
        "in %(wait)s, or from another network."
    ) % {"wait": wait}


def too_many_numbers(limited: Limited) -> str:
    return _(
        "Too many wrong ID numbers. Try again in %(wait)s. A password that you chose yourself "
        "goes on working; if you have forgotten it, bring your ID card to your sub-county office."
    ) % {"wait": in_words(limited.wait)}


def too_many_files(limited: Limited) -> str:
    if isinstance(limited, Unreadable):
        return str(limited)
    return _("You have sent many files in a short time. Choose this one again in %(wait)s.") % {
        "wait": in_words(limited.wait)
    }
