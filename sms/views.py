"""The gateway's callbacks and, in development, a phone in the browser."""

import hashlib
from importlib import import_module
from uuid import uuid4

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from sms import services
from sms.models import Message
from sms.phones import is_mobile, mobile

LONGEST_CALL = 8 * 1024  # bytes; a text is at most some hundreds


def _check(request: HttpRequest, secret: str, expected: str) -> None:
    """The gateway signs nothing, so a long secret in the path is what tells it from others.
    Without it the body is not even read."""
    if not constant_time_compare(secret, expected):
        raise Http404
    if int(request.headers.get("Content-Length") or 0) > LONGEST_CALL:
        raise Http404


def _field(request: HttpRequest, name: str) -> str:
    return request.POST.get(name, "").replace("\x00", "")


@csrf_exempt
@require_POST
def inbound(request: HttpRequest, secret: str) -> HttpResponse:
    """A text that came to the short code: from, to, text, id. Answered only by text."""
    _check(request, secret, settings.SMS_INBOUND_SECRET)
    sender, text = _field(request, "from"), _field(request, "text")
    fingerprint = f"{sender}|{text}|{_field(request, 'date')}"
    services.receive(
        provider_id=_field(request, "id") or hashlib.sha256(fingerprint.encode()).hexdigest(),
        sender=sender,
        shortcode=_field(request, "to"),
        text=text,
    )
    return HttpResponse("OK", content_type="text/plain")


@csrf_exempt
@require_POST
def delivery(request: HttpRequest, secret: str) -> HttpResponse:
    """What became of a text we sent: id, status, failureReason."""
    _check(request, secret, settings.SMS_DELIVERY_SECRET)
    if provider_id := _field(request, "id"):
        services.note_receipt(
            provider_id=provider_id,
            status=_field(request, "status"),
            reason=_field(request, "failureReason"),
        )
    return HttpResponse("OK", content_type="text/plain")


@csrf_exempt  # it stands in for a phone, and a phone has no cookies
@require_http_methods(["GET", "POST"])
def simulator(request: HttpRequest, phone: str) -> HttpResponse:
    """The texts of any number, newest first; a text typed here goes to the short code."""
    if settings.SMS_BACKEND != "sms.backends.simulator" or not is_mobile(phone):
        raise Http404
    number = mobile(phone)
    if request.method == "POST":
        services.receive(
            provider_id=f"simulated-{uuid4().hex}",
            sender=f"+{number}",
            shortcode=settings.SMS_SHORTCODE,
            text=_field(request, "text"),
        )
        return redirect("sms:simulator", phone=number)

    kept = import_module(settings.SMS_BACKEND).texts_of(number)
    statuses = dict(
        Message.objects.filter(provider_id__in=[text["id"] for text in kept]).values_list(
            "provider_id", "status"
        )
    )
    texts = [
        {"at": text["at"], "text": text["text"], "status": statuses.get(text["id"], "sent")}
        for text in kept
    ]
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse(texts, safe=False)
    return render(request, "sms/simulator.html", {"phone": number, "texts": texts})
