"""The gateway's callbacks."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
)
from django.utils.crypto import constant_time_compare
from django.views.decorators.common import no_append_slash
from django.views.decorators.csrf import csrf_exempt

from sms import services

LONGEST_CALL = 8 * 1024  # bytes; a text is at most some hundreds
FORMS = {"application/x-www-form-urlencoded", "multipart/form-data"}


def callback(setting: str) -> Callable[[Callable[[HttpRequest], HttpResponse]], Any]:
    """The gateway signs nothing, so a long secret in the path is what tells it from others. Without
    it the body is not even read, and nothing tells that there is anything here."""

    def decorate(view: Callable[[HttpRequest], HttpResponse]) -> Any:
        @csrf_exempt
        @no_append_slash
        @wraps(view)
        def checked(request: HttpRequest, secret: str) -> HttpResponse:
            if not _is_ours(secret, getattr(settings, setting)):
                raise Http404
            return _refusal(request) or view(request)

        return checked

    return decorate


def _is_ours(secret: str, known: str) -> bool:
    """All are compared, so that the time tells nothing either."""
    fits = [constant_time_compare(secret, each.strip()) for each in known.split(",")]
    return any(fits)


def _refusal(request: HttpRequest) -> HttpResponse | None:
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > LONGEST_CALL:
        return HttpResponse(status=413)
    if length == "0":
        return HttpResponse(status=400)
    if request.content_type not in FORMS or "Content-Encoding" in request.headers:
        return HttpResponse(status=415)
    return None if request.POST else HttpResponse(status=400)


def _field(request: HttpRequest, name: str) -> str:
    return request.POST.get(name, "").replace("\x00", "")


def moment(date: str) -> datetime | None:
    """The gateway's time of a text, if it says of which zone that is."""
    try:
        at = datetime.fromisoformat(date.strip())
        return at.astimezone(UTC) if at.tzinfo else None
    except (ValueError, OverflowError):
        return None


@callback("SMS_INBOUND_SECRET")
def inbound(request: HttpRequest) -> HttpResponse:
    """A text that came to the short code: from, to, text, id. Answered only by text."""
    sender, shortcode, text = (_field(request, name) for name in ("from", "to", "text"))
    date = _field(request, "date")
    content = "|".join([sender, shortcode, date, text])
    services.receive(
        provider_id=_field(request, "id") or hashlib.sha256(content.encode()).hexdigest(),
        sender=sender,
        shortcode=shortcode,
        text=text,
        sent_at=moment(date),
    )
    return HttpResponse("OK", content_type="text/plain")


@callback("SMS_DELIVERY_SECRET")
def delivery(request: HttpRequest) -> HttpResponse:
    """What became of a text we sent: id, status, failureReason, networkCode."""
    if provider_id := _field(request, "id"):
        services.note_receipt(
            provider_id=provider_id,
            status=_field(request, "status"),
            reason=_field(request, "failureReason"),
            network=_field(request, "networkCode"),
        )
    return HttpResponse("OK", content_type="text/plain")
