"""What became of a text, in words, and what to do about it: for its owner and for the helpdesk.

The words fit both: the owner reads them on their page, the helpdesk reads them out.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from sms.models import InboundMessage, Kind, Message, MessageStatus

# As the gateway writes them in its reports.
NETWORKS = {"63902": "Safaricom", "63903": "Airtel", "63907": "Telkom", "63999": "Equitel"}

REPORT_COMES_WITHIN = timedelta(minutes=10)


class Reason(Enum):
    """Why a text did not arrive, as far as it changes what to do."""

    BLOCKED = "blocked"
    OUT_OF_REACH = "out of reach"
    LINE_CLOSED = "line closed"
    WRONG_NUMBER = "wrong number"
    OURS = "ours"
    NOT_WRITTEN = "not written"
    NO_ACCOUNT = "no account"
    NOT_WANTED = "not wanted"
    UNCLEAR = "unclear"


# What the gateway answers, and what networks report through it; written now so, now so.
SIGNS = {
    Reason.BLOCKED: r"black ?list|do ?not ?disturb|opted ?out|\(40[69]\)",
    Reason.OUT_OF_REACH: r"absent ?subscriber|reachable|switched ?off|out ?of ?reach|expired",
    Reason.LINE_CLOSED: r"inactive|suspended|deactivated",
    Reason.OURS: r"balance|sender|risk ?hold|refused our|key cannot be|no recipient|\(40[125]\)",
    Reason.WRONG_NUMBER: r"not ?exist|not ?network ?subscriber|unknown ?subscriber"
    r"|invalid ?phone|unsupported ?number|not ?route|\(40[347]\)",
    Reason.NOT_WRITTEN: r"cannot be sent|worker died",
    Reason.NO_ACCOUNT: r"no account has",
    Reason.NOT_WANTED: r"another number|nobody waits",
}


def reason_of(failure: str) -> Reason:
    said = failure.lower()
    found = (reason for reason, signs in SIGNS.items() if re.search(signs, said))
    return next(found, Reason.UNCLEAR)


def network_name(code: str) -> str:
    return NETWORKS.get(code, code) if code else _("Not known yet")


@dataclass(frozen=True)
class Fate:
    status: str  # picks the colour
    words: str
    advice: str = ""


def fate(message: Message, *, stopped: bool = False) -> Fate:
    """`stopped` says that no text leaves at the moment, whatever its row says."""
    match MessageStatus(message.status):
        case MessageStatus.QUEUED:
            words, advice = _waiting(message, stopped)
        case MessageStatus.SENDING:
            words, advice = _("Being sent"), _("It leaves by itself, mostly within seconds.")
        case MessageStatus.SENT:
            words, advice = _sent(message)
        case MessageStatus.DELIVERED:
            words, advice = _("Delivered %(when)s") % {"when": when(message.delivered_at)}, ""
        case MessageStatus.FAILED:
            reason = reason_of(message.failure)
            words = _("Not delivered: %(because)s") % {"because": because(reason)}
            advice = remedy(reason, message.network)
            if reason not in (Reason.NOT_WANTED, Reason.NO_ACCOUNT):
                advice = _then_again(message, advice)
        case MessageStatus.UNKNOWN:
            words, advice = _("Not known whether it left"), _doubtful(message)
        case MessageStatus.HELD:
            words = _("Held: texts cannot leave at the moment")
            advice = _("The fault is ours and we are on it. It will leave by itself.")
    return Fate(message.status, words, advice)


def _waiting(message: Message, stopped: bool) -> tuple[str, str]:
    if stopped:
        return (
            _("Waiting: texts cannot leave at the moment"),
            _("The fault is ours and we are on it. It will leave by itself."),
        )
    if message.not_before > timezone.now():
        again = message.attempts > 0
        return (
            _("Waiting: the gateway could not take it") if again else _("Waiting for its time"),
            _("It leaves by itself %(when)s.") % {"when": when(message.not_before)},
        )
    return _("Waiting"), _("It leaves by itself, mostly within seconds.")


def _sent(message: Message) -> tuple[str, str]:
    sent = message.sent_at or message.created_at
    advice = _("Keep the phone switched on, where it has signal.")
    if timezone.now() - sent < REPORT_COMES_WITHIN:
        return _("Sent %(when)s, waiting for the phone") % {"when": when(sent)}, advice
    words = _("Sent %(when)s; the network has not said whether it came") % {"when": when(sent)}
    if message.kind == Kind.CREDENTIALS:
        advice += " " + _("If it has not come, ask for a new one.")
    return words, advice


def _doubtful(message: Message) -> str:
    if message.kind == Kind.CREDENTIALS:
        return _("It may still come. If it has not come after 10 minutes, ask for a new one.")
    return _("It may have come all the same. Its words stand here.")


def _then_again(message: Message, advice: str) -> str:
    """A notice can be read on the portal; a password must be asked for again."""
    if message.kind == Kind.CREDENTIALS:
        return advice + " " + _("Then ask for a new one.")
    return advice


def because(reason: Reason) -> str:
    """The end of a sentence that begins with “Not delivered”."""
    match reason:
        case Reason.BLOCKED:
            return _("the line blocks texts from companies")
        case Reason.OUT_OF_REACH:
            return _("the phone was off or out of reach")
        case Reason.LINE_CLOSED:
            return _("the network has closed the line")
        case Reason.WRONG_NUMBER:
            return _("the network does not know the number")
        case Reason.OURS:
            return _("our account with the gateway was refused")
        case Reason.NOT_WRITTEN:
            return _("it could not be written")
        case Reason.NO_ACCOUNT:
            return _("no account has this number")
        case Reason.NOT_WANTED:
            return _("nobody waited for it any more")
        case Reason.UNCLEAR:
            return _("the network could not deliver it")


def remedy(reason: Reason, network: str = "") -> str:
    match reason:
        case Reason.BLOCKED if network in NETWORKS and NETWORKS[network] != "Safaricom":
            return _("Ask %(network)s's customer care to let texts from KNEC through.") % {
                "network": NETWORKS[network]
            }
        case Reason.BLOCKED:
            return _("Dial *456*9*5*5*1# on this line and wait a minute.")
        case Reason.OUT_OF_REACH:
            return _("Switch the phone on where it has signal.")
        case Reason.LINE_CLOSED:
            return _("Have the network open the line again, or give us another number.")
        case Reason.WRONG_NUMBER:
            return _("Check the number. If it is not in use any more, give us another.")
        case Reason.OURS:
            return _("The fault is ours and we are on it.")
        case Reason.NOT_WRITTEN:
            return _("The fault is ours. If it happens again, tell the helpdesk.")
        case Reason.NO_ACCOUNT:
            return _("Ask with the number that the account was opened with, or create an account.")
        case Reason.NOT_WANTED:
            return _("If you still need it, ask again.")
        case Reason.UNCLEAR:
            return _("Wait 10 minutes.")


def when(moment: datetime | None) -> str:
    """`at 10:02`; of another day `on 3 Nov at 10:02`."""
    if moment is None:
        return ""
    local = timezone.localtime(moment)
    places = {"time": date_format(local, "H:i"), "day": date_format(local, "j M")}
    if local.date() == timezone.localdate():
        return _("at %(time)s") % places
    return _("on %(day)s at %(time)s") % places


def heard(inbound: InboundMessage) -> str:
    """What a text that came in says. Some send their password along with the word, and that is
    nobody's to read."""
    word, _space, rest = inbound.text.replace("\xa0", " ").strip().partition(" ")
    secret = rest and word.strip(".,!\"'").upper() == "PASSWORD"
    return f"{word} …" if secret else inbound.text


def outcome(said: str) -> str:
    """What was done about a text that came in; `said` is as sms.services notes it."""
    match said:
        case "":
            return _("Not read yet.")
        case "done":
            return _("Done.")
        case "password promised":
            return _("A new password was promised.")
        case "answered: accounts/unknown_number":
            return _("Answered that this number has no account.")
        case "silent: answered today already":
            return _("Not answered: it was once today already.")
        case "ignored: another short code":
            return _("Ignored: sent to another short code.")
        case "ignored: not a Kenyan mobile":
            return _("Ignored: not from a Kenyan mobile.")
        case _ if said.startswith("silent"):
            return _("Not answered: it came too often.")
        case _ if said.startswith("answered"):
            return _("Answered.")
        case _ if said.startswith("failed"):
            return _("It could not be answered: the fault is ours.")
    return said
