"""One phone as the helpdesk sees it: whose it is, its password, and every text from and to it.

The roof's, since texts know no accounts. It shows nothing of a secret, and each look is recorded.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

import accounts.services
import sms.services
from accounts.models import Entry, User
from accounts.requests import actor, is_read
from accounts.services import record
from cp2.rules import Refused
from cp2.texts import Told, password_lives, told
from profiles import looks
from sms.fates import heard, network_name, outcome
from sms.models import InboundMessage, Message, MessageStatus, Receipt
from sms.phones import MobileField, local, spellings

LOOKED_UP = "number.looked_up"
MOST = 50  # texts in each direction
AGAIN = {MessageStatus.HELD, MessageStatus.UNKNOWN}


class PhoneForm(forms.Form):
    phone = MobileField(
        label=gettext_lazy("Phone number"),
        help_text=gettext_lazy("In any spelling: 0712 345 678, +254712345678, 712345678."),
    )


@dataclass(frozen=True)
class Event:
    """One line of the time line: a text out, a text in, or a report on a text."""

    at: datetime
    kind: str
    out: Told | None = None
    said: str = ""
    done: str = ""
    can_go_again: bool = False


def may_look(request: HttpRequest) -> None:
    if not request.user.has_perms(["sms.view_message", "sms.view_inboundmessage"]):
        raise PermissionDenied


@require_safe
def phone(request: HttpRequest, site: AdminSite) -> HttpResponse:
    may_look(request)
    form = PhoneForm(request.GET if "phone" in request.GET else None)
    context: dict[str, Any] = {
        **site.each_context(request),
        "title": _("Look up a number"),
        "form": form,
    }
    if form.is_valid():
        number = form.cleaned_data["phone"]
        user = User.objects.select_related("officer").filter(phone=number).first()
        if is_read(request):
            note(number, user, by=actor(request))
        context |= {"number": number, "local": local(number), "owner": user}
        context |= {"events": events(number, user), "password": password(user)}
        context |= {
            "may_issue": request.user.has_perm("accounts.issue_password"),
            "may_send_again": request.user.has_perm("sms.send_again"),
        }
    return TemplateResponse(request, "cp2/admin/phone.html", context)


def note(number: str, user: User | None, *, by: User) -> None:
    """Who looked whose texts up; at an officer's, so many an hour as at their page. What belongs to
    nobody is noted with the one who looked."""
    officer = getattr(user, "officer", None)
    if officer:
        looks.note_view(officer, by=by, verb=LOOKED_UP, subject=user)
    else:
        record(LOOKED_UP, user or by, by=by, **({} if user else {"phone": number}))


@dataclass(frozen=True)
class Password:
    asked: Entry | None
    issued_at: datetime | None
    life: str


def password(user: User | None) -> Password | None:
    if user is None:
        return None
    asked = Entry.objects.about(user).filter(verb="password.asked").first()
    return Password(asked, user.issued_at, next(password_lives(user), ""))


def events(number: str, user: User | None) -> list[Event]:
    """The newest first, in all three kinds."""
    texts = told(sms.services.last_texts(number, most=MOST), to=user)
    ids = [text.message.provider_id for text in texts if text.message.provider_id]
    reports = Receipt.objects.filter(provider_id__in=ids).order_by("-pk")
    inbound = InboundMessage.objects.filter(sender__in=spellings(number)).order_by("-pk")[:MOST]
    lines = [*map(_out, texts), *map(_in, inbound), *map(_report, reports)]
    return sorted(lines, key=lambda event: event.at, reverse=True)


def _out(text: Told) -> Event:
    again = text.message.status in AGAIN
    return Event(text.message.created_at, "out", out=text, can_go_again=again)


def _in(inbound: InboundMessage) -> Event:
    return Event(inbound.received_at, "in", said=heard(inbound), done=outcome(inbound.outcome))


def _report(report: Receipt) -> Event:
    network = network_name(report.network) if report.network else ""
    said = " · ".join(filter(None, [report.status, report.reason, network]))
    return Event(report.received_at, "report", said=said)


# What the helpdesk can do


def back_to(number: str) -> HttpResponse:
    return redirect(f"{reverse('admin:sms_phone')}?{urlencode({'phone': number})}")


@require_POST
def issue_password(request: HttpRequest) -> HttpResponse:
    may_look(request)
    if not request.user.has_perm("accounts.issue_password"):
        raise PermissionDenied
    form = PhoneForm(request.POST)
    user = form.is_valid() and User.objects.filter(phone=form.cleaned_data["phone"]).first()
    if not user:
        raise Http404
    try:
        accounts.services.issue_password(user, by=actor(request))
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("A new password will be texted to this number."))
    return back_to(user.phone or "")


@require_POST
def send_again(request: HttpRequest, pk: int) -> HttpResponse:
    may_look(request)
    if not request.user.has_perm("sms.send_again"):
        raise PermissionDenied
    message = get_object_or_404(Message, pk=pk)
    try:
        with transaction.atomic():
            sms.services.send_again(message)
            record("text.sent_again", message, by=actor(request))
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The text will leave now."))
    return back_to(message.to)
