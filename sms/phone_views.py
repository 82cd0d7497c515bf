"""The phone in the browser and its faulty gateway: for development and trial, never more."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import wraps
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sms import services
from sms.backends import simulator
from sms.forms import FaultsForm, PhoneForm
from sms.models import InboundMessage, Message
from sms.phones import is_mobile, local, mobile

MOST_IN_THREAD = 50
MOST_STRANGERS = 20  # numbers that texts went to, other than the sample people's

View = Callable[..., HttpResponse]


def in_trial(view: View) -> View:
    """Elsewhere there is no such page, whichever way it is asked for."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not simulator.is_here():
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


@in_trial
@require_safe
def phones(request: HttpRequest) -> HttpResponse:
    """Whose phones there are to look at, and what is wrong with the gateway."""
    form = PhoneForm(request.GET if "phone" in request.GET else None)
    if form.is_valid():
        return redirect("sms:simulator", phone=form.cleaned_data["phone"])
    return _phones(request, form, FaultsForm(initial=asdict(simulator.faults())))


def _phones(request: HttpRequest, form: PhoneForm, faults_form: FaultsForm) -> HttpResponse:
    owners = dict(import_string(settings.SMS_SIMULATOR_PEOPLE)())
    texted = simulator.phones()
    strangers = sorted(texted.keys() - owners.keys(), key=lambda number: -texted[number])
    numbers = sorted(
        [*owners, *strangers[:MOST_STRANGERS]], key=lambda number: -texted.get(number, 0)
    )
    listed = [
        {
            "phone": number,
            "local": local(number),
            "owner": owners.get(number, ""),
            "at": _moment(texted.get(number)),
        }
        for number in numbers
    ]
    context = {"phones": listed, "form": form, "faults_form": faults_form}
    return render(request, "sms/phones.html", context | {"faults": simulator.faults()})


def _moment(stamp: float | None) -> datetime | None:
    return datetime.fromtimestamp(stamp, tz=UTC) if stamp else None


@in_trial
@require_POST
def faults(request: HttpRequest) -> HttpResponse:
    """What the gateway does wrong from now on; “off” ends it all."""
    form = FaultsForm(request.POST)
    if "off" in request.POST:
        simulator.switch(simulator.Faults())
        messages.success(request, _("All faults are off."))
    elif form.is_valid():
        simulator.switch(form.faults())
        messages.success(request, _("From the next text on it is so."))
    else:
        return _phones(request, PhoneForm(), form)
    return redirect("sms:phones")


@in_trial
@csrf_exempt  # it stands in for a phone, and a phone has no cookies
@require_http_methods(["GET", "POST"])
def phone(request: HttpRequest, phone: str) -> HttpResponse:
    """The texts of any number, newest first; a text typed here goes to the short code."""
    if not is_mobile(phone):
        raise Http404
    number = mobile(phone)
    if request.method == "POST":
        services.receive(
            provider_id=f"simulated-{uuid4().hex}",
            sender=f"+{number}",
            shortcode=settings.SMS_SHORTCODE,
            text=request.POST.get("text", "").replace("\x00", ""),
        )
        url = reverse("sms:simulator", args=[number])
        return redirect(f"{url}?live=1" if "live" in request.GET else url)

    received = _received(number)
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse(received, safe=False)
    context = {
        "phone": local(number),
        "thread": _thread(number, received),
        "faults": simulator.faults(),
        "keywords": list(filter(None, settings.SMS_KEYWORDS)),
        "shortcode": settings.SMS_SHORTCODE,
        "live": "live" in request.GET,
    }
    return render(request, "sms/phone.html", context)


def _received(number: str) -> list[dict[str, str]]:
    kept = simulator.texts_of(number)
    statuses = dict(
        Message.objects.filter(provider_id__in=[text["id"] for text in kept]).values_list(
            "provider_id", "status"
        )
    )
    return [
        {"at": text["at"], "text": text["text"], "status": statuses.get(text["id"], "sent")}
        for text in kept
    ]


def _thread(number: str, received: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Both ways, as a phone shows it, but the newest on top."""
    came: list[dict[str, Any]] = [
        {"at": datetime.fromisoformat(text["at"]), "text": text["text"], "came": True}
        for text in received[:MOST_IN_THREAD]
    ]
    went = InboundMessage.objects.filter(sender=f"+{number}").order_by("-pk")[:MOST_IN_THREAD]
    gone: list[dict[str, Any]] = [
        {"at": text.received_at, "text": text.text, "came": False} for text in went
    ]
    return sorted(came + gone, key=lambda text: text["at"], reverse=True)[:MOST_IN_THREAD]
