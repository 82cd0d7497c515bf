"""What the short code does for a centre. The roof's settings tie words to these."""

from datetime import datetime

from django.utils import timezone, translation

import accounts.keywords
from accounts.models import User
from attendance import services, texting
from cp2.limits.services import Limited, take
from cp2.rules import Refused
from sms.services import send, send_once_a_day


def present(sender: str, words: str, at: datetime) -> str:
    """PRESENT: everybody of today's list was there."""
    return _mark(sender, words, at, absent=False)


def absent(sender: str, words: str, at: datetime) -> str:
    """ABSENT 3 7: everybody of today's list was there, but for these of the printed list."""
    return _mark(sender, words, at, absent=True)


def _mark(sender: str, words: str, at: datetime, *, absent: bool) -> str:
    marker = texting.marker_of(sender, timezone.localdate(at))
    if marker is None:
        language = _language_of(sender)
        return send_once_a_day(sender, "attendance/text_unknown", language=language)
    with translation.override(marker.language):
        try:
            event, context = texting.mark(marker, words, at=at, absent=absent)
        except Refused as refusal:
            event, context = "text_refused", {"why": str(refusal)}
    send(sender, f"attendance/{event}", language=marker.language, **context)
    return f"answered: {event}"


def centre(sender: str, words: str, at: datetime) -> str:
    """CENTRE and a code: this phone marks for the centre that was shown the code."""
    language = _language_of(sender)
    try:
        take(("centre.code", sender))
        with translation.override(language):
            phone = services.confirm_phone(sender, code=words)
    except Limited as limited:
        return f"silent: {limited.name}"
    except Refused as refusal:
        send(sender, "attendance/text_refused", language=language, why=str(refusal))
        return "answered: text_refused"
    station = phone.entry.station
    send(sender, "attendance/phone_registered", language=language, station=station.name)
    return "answered: phone_registered"


def help_(sender: str, words: str, at: datetime) -> str:
    """HELP, and whatever nobody understands: of a centre's own words only a centre hears."""
    marker = texting.marker_of(sender, timezone.localdate(at))
    if marker is None:
        return accounts.keywords.help_(sender, words, at)
    return send_once_a_day(sender, "attendance/text_help", language=marker.language)


def _language_of(sender: str) -> str:
    user = User.objects.filter(phone=sender).first()
    return user.language if user else "en"
