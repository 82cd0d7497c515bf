"""A person's texts, for them and the helpdesk: what was said, what became of it, what to do."""

from collections.abc import Iterable
from dataclasses import dataclass

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
    """The newest first, as they come. Each password that leaves ends the one before it."""
    rows = list(messages)
    newest = next((row for row in rows if _holds_password(row) and row.handed_at), None)
    waits = any(row.status in NOT_LEFT for row in rows)
    stopped = waits and sms.services.gateway_state().status != GatewayStatus.WORKING
    return [Told(row, _words(row, row is newest, to), fate(row, stopped=stopped)) for row in rows]


def _holds_password(message: Message) -> bool:
    return message.kind == Kind.CREDENTIALS and message.template in PASSWORDS


def _words(message: Message, is_newest: bool, to: User | None) -> str:
    if message.kind != Kind.CREDENTIALS:
        return message.text
    if not _holds_password(message):
        return _("A code. Its words are kept nowhere.")
    said = _("A password. Its words are kept nowhere.")
    life = _life(message, is_newest, to) if to else ""
    return f"{said} {life}".strip()


def _life(message: Message, is_newest: bool, to: User) -> str:
    """Until when the password in this text opens the account."""
    if message.status in NOT_LEFT:
        return _("It will work for a day from when it leaves.")
    if message.status == MessageStatus.FAILED:
        return ""
    return password_life(to) if is_newest else _("It works no more.")


def password_life(user: User) -> str:
    """Of the last one that we issued."""
    if user.issued_at is None:
        return ""
    if user.issued_password and not user.issued_password_has_expired:
        ends = timezone.localtime(user.issued_at + settings.ISSUED_PASSWORD_LIFE)
        return _("It works once, until %(time)s.") % {"time": date_format(ends, "j M, H:i")}
    if user.issued_password:
        return _("Its day is over: it works no more.")
    return _("It was used or replaced: it works no more.")
