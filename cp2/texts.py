"""A person's texts, for them and the helpdesk: what was said, what became of it, what to do."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

import sms.services
from accounts.models import User
from sms.fates import Fate, fate
from sms.models import GatewayStatus, Kind, Message, MessageStatus

NOT_LEFT = {MessageStatus.QUEUED, MessageStatus.SENDING, MessageStatus.HELD}
PASSWORDS = {"accounts/password", "accounts/registered"}  # all other credentials are codes


@dataclass(frozen=True)
class Told:
    message: Message
    words: str
    fate: Fate


def told(messages: Iterable[Message], *, to: User | None) -> list[Told]:
    """The newest first, as they come. The last two passwords that left may be good."""
    rows = list(messages)
    left = [row for row in rows if _holds_password(row) and row.handed_at]
    lives = dict(zip((row.pk for row in left), password_lives(to), strict=False)) if to else {}
    waits = any(row.status in NOT_LEFT for row in rows)
    stopped = waits and sms.services.gateway_state().status != GatewayStatus.WORKING
    return [
        Told(row, _words(row, lives.get(row.pk, ""), to), fate(row, stopped=stopped))
        for row in rows
    ]


def _holds_password(message: Message) -> bool:
    return message.kind == Kind.CREDENTIALS and message.template in PASSWORDS


def _words(message: Message, life: str, to: User | None) -> str:
    if message.kind != Kind.CREDENTIALS:
        return message.text
    if not _holds_password(message):
        return _("A code. Its words are kept nowhere.")
    said = _("A password. Its words are kept nowhere.")
    if not to or message.status == MessageStatus.FAILED:
        return said
    if message.status in NOT_LEFT:
        life = _("It will work for a day from when it leaves.")
    return " ".join([said, str(life or _("It works no more."))])


def password_lives(user: User) -> Iterator[str]:
    """Until when each of the last two that we issued opens the account, the newest first."""
    if user.issued_at:
        yield _life(user.issued_password, user.issued_at)
    if user.issued_earlier and user.issued_earlier_at:
        yield _life(user.issued_earlier, user.issued_earlier_at)


def _life(issued: str, at: datetime) -> str:
    if not issued:
        return _("It was used or replaced: it works no more.")
    ends = at + settings.ISSUED_PASSWORD_LIFE
    if timezone.now() > ends:
        return _("Its day is over: it works no more.")
    ends = timezone.localtime(ends)
    return _("It works once, until %(time)s.") % {"time": date_format(ends, "j M, H:i")}
