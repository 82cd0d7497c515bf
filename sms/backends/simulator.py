"""A phone in the browser, for development and trial, and a gateway that fails when told to.

The phone's memory is a file outside the database, as a real phone's is: a password text must not
rest in any row, not even here. Which faults are on is a file beside it, since whoever switches them
is in a web process and whoever obeys them in a worker. See sms.phone_views.
"""

import json
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import TypedDict
from uuid import uuid4

from django.conf import settings
from django.db import connection, models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sms import services
from sms.backends import Accepted, GatewayError, NoAnswer, NotSent, OutOfService, Rejected

COST = Decimal("0.8000")
SLOWEST = 30
LATE = 60  # seconds


class GatewayFault(models.TextChoices):
    NONE = "none", _("Works")
    SLOW = "slow", _("Slow")
    BROKEN = "500", _("Answers 500")
    BLOCKED = "rejected", _("Blocked line")
    NO_BALANCE = "balance", _("No balance")
    LOST = "lost", _("Lost answer")


class ReportFault(models.TextChoices):
    NONE = "none", _("At once")
    MISSING = "missing", _("None")
    LATE = "late", _("Late")
    TWICE = "twice", _("Twice")
    REVERSED = "reversed", _("Reversed")
    ABSENT = "absent", _("Phone is off")


# What each does, in a sentence. Two tables, for their keys are strings and some of them alike.
GATEWAY_DOES = {
    GatewayFault.NONE: _("Every text is taken, and the reply comes at once."),
    GatewayFault.SLOW: _(
        "The reply takes as many seconds as you say; after 10 the portal waits no more, though the "
        "text still comes."
    ),
    GatewayFault.BROKEN: _("No text is taken; the portal tries again by itself, ever less often."),
    GatewayFault.BLOCKED: _("Every line refuses texts from companies, which no new try can help."),
    GatewayFault.NO_BALANCE: _("No text is taken before somebody pays; texts are held."),
    GatewayFault.LOST: _("The text comes to the phone, but the portal never hears that it did."),
}
REPORTS_DO = {
    ReportFault.NONE: _("“Success” comes at once, even before the sending is written down."),
    ReportFault.MISSING: _("The text comes, but no report does."),
    ReportFault.LATE: _("“Success” comes a minute after the text."),
    ReportFault.TWICE: _("“Success” comes two times."),
    ReportFault.REVERSED: _("“Success” comes first and “Sent” after it."),
    ReportFault.ABSENT: _("The text is taken but never comes: “Failed”, AbsentSubscriber."),
}


@dataclass(frozen=True)
class Faults:
    gateway: str = GatewayFault.NONE
    reports: str = ReportFault.NONE
    seconds: int = 5

    @property
    def on(self) -> list[GatewayFault | ReportFault]:
        chosen: list[GatewayFault | ReportFault]
        chosen = [GatewayFault(self.gateway), ReportFault(self.reports)]
        return [fault for fault in chosen if fault.value != "none"]


class KeptText(TypedDict):
    id: str
    at: str
    text: str


def is_here() -> bool:
    """Only where it is configured, and never in production whatever is configured."""
    return bool(__name__ == settings.SMS_BACKEND and not settings.PRODUCTION)


def _folder() -> Path:
    folder = Path(settings.SMS_SIMULATOR_DIR)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _phone(number: str) -> Path:
    return _folder() / f"{number}.jsonl"


# What the phones hold


def texts_of(number: str) -> list[KeptText]:
    """What this phone has received, newest first."""
    memory = _phone(number)
    if not memory.exists():
        return []
    return [json.loads(line) for line in reversed(memory.read_text().splitlines())]


def phones() -> dict[str, float]:
    """The numbers that have received a text, and when the last one came."""
    return {file.stem: file.stat().st_mtime for file in _folder().glob("254*.jsonl")}


def keep(number: str, kept: KeptText) -> None:
    descriptor = os.open(_phone(number), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a") as memory:
        memory.write(json.dumps(kept) + "\n")


# Which faults are on


def faults() -> Faults:
    """A file that somebody spoilt counts as none: the simulator must not be what fails."""
    try:
        return Faults(**json.loads((_folder() / "faults.json").read_text()))
    except (OSError, ValueError, TypeError):
        return Faults()


def switch(wanted: Faults) -> None:
    """All of it or nothing: a worker may be reading."""
    unfinished = _folder() / f"faults.{uuid4().hex}"
    unfinished.write_text(json.dumps(asdict(wanted)))
    unfinished.replace(_folder() / "faults.json")


# The gateway


class Backend:
    calls_at_once = 1  # it writes delivery reports

    def send(self, numbers: Sequence[str], text: str) -> list[Accepted | GatewayError]:
        now = faults()
        match now.gateway:
            case GatewayFault.BROKEN:
                raise NotSent("the gateway answered 500")
            case GatewayFault.NO_BALANCE:
                raise OutOfService("InsufficientBalance (405)")
            case GatewayFault.BLOCKED:
                return [Rejected("UserInBlacklist (406)") for _number in numbers]
            case GatewayFault.SLOW:
                time.sleep(min(now.seconds, settings.SMS_TIMEOUT))
        taken = [_take(number, text, ReportFault(now.reports)) for number in numbers]
        too_slow = now.gateway == GatewayFault.SLOW and now.seconds > settings.SMS_TIMEOUT
        if too_slow or now.gateway == GatewayFault.LOST:
            raise NoAnswer("the gateway did not answer")
        return [*taken]


def _take(to: str, text: str, fault: ReportFault) -> Accepted:
    """Bring it to the phone, and report what became of it."""
    kept: KeptText = {
        "id": f"simulated-{uuid4().hex}",
        "at": timezone.now().isoformat(),
        "text": text,
    }
    if fault != ReportFault.ABSENT:
        keep(to, kept)
    _report(kept["id"], network_of(to), fault)
    return Accepted(kept["id"], COST)


def _report(provider_id: str, network: str, fault: ReportFault) -> None:
    def note(status: str, reason: str = "") -> None:
        services.note_receipt(
            provider_id=provider_id, status=status, reason=reason, network=network
        )

    match fault:
        case ReportFault.NONE:
            note("Success")
        case ReportFault.MISSING:
            pass
        case ReportFault.LATE:
            later(LATE, lambda: note("Success"))
        case ReportFault.TWICE:
            note("Success")
            note("Success")
        case ReportFault.REVERSED:
            note("Success")
            note("Sent")
        case ReportFault.ABSENT:
            note("Failed", "AbsentSubscriber")


def network_of(number: str) -> str:
    """Most phones are Safaricom's; who is whose must only be the same every time."""
    return {"8": "63903", "9": "63907"}.get(number[-1], "63902")


def later(seconds: float, act: Callable[[], None]) -> None:
    """On a thread of its own, which goes with its worker: a report can get lost in life too."""

    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    timer = threading.Timer(seconds, run)
    timer.daemon = True
    timer.start()
