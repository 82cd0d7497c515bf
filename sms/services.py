"""Texts out, texts in, and what became of them.

A request only writes a row. Beat ticks, a worker takes the rows that are due under a lease,
commits, and only then talks to the gateway; so nothing is forgotten when the broker, the worker
or the gateway is gone, and nothing leaves twice, but for the one case where the gateway may have
taken a text and its answer was lost.
"""

import logging
import random
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.module_loading import import_string

from cp2.rules import lock, move
from sms import gsm
from sms.backends import GatewayError, NoAnswer, NotSent, OutOfService, Rejected, road
from sms.models import (
    Heartbeat,
    InboundMessage,
    Kind,
    Message,
    MessageQuerySet,
    MessageStatus,
    Receipt,
)
from sms.phones import is_mobile, mobile

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
MOST_DEATHS = 3  # a text that ends its worker each time is parked for a person to look at
WAITS = [timedelta(seconds=10), *(timedelta(minutes=m) for m in (1, 5, 15, 60, 240))]
FINAL_RECEIPTS = {
    "Success": MessageStatus.DELIVERED,
    "Failed": MessageStatus.FAILED,
    "Rejected": MessageStatus.FAILED,
}


# Out


def render(template: str, *, language: str, **context: Any) -> str:
    """The words of a text, in the alphabet of the network."""
    with translation.override(language):
        return gsm.plain(render_to_string(f"sms/{template}.txt", context, using="text").strip())


def send(
    to: str, template: str, *, language: str, dedupe_key: str | None = None, **context: Any
) -> Message | None:
    """Write one text. It commits with the caller's work and leaves within seconds.

    With a `dedupe_key` a text is written at most once, ever; None says that it was before.
    """
    fields = {
        "to": to,
        "template": template,
        "text": render(template, language=language, **context),
    }
    if dedupe_key is None:
        return Message.objects.create(**fields)
    message, written = Message.objects.get_or_create(dedupe_key=dedupe_key, defaults=fields)
    return message if written else None


def send_credentials(to: str, template: str, **context: Any) -> Message:
    """Promise a password by text. The worker mints it; `context` says whose it is, no more.

    Asking again while one is on its way changes nothing.
    """
    codes = settings.SMS_COMPOSERS.keys()
    waiting = _promised(to).exclude(template__in=codes).first()
    return waiting or _promise(to, template, context)


def send_code(to: str, template: str, **context: Any) -> Message:
    """Promise a code by text, each for a purpose of its own, which `context` names. The composer
    of its template mints it. Asking again while it is on its way changes nothing."""
    waiting = _promised(to).filter(template=template, context=context).first()
    return waiting or _promise(to, template, context)


def _promised(to: str) -> MessageQuerySet:
    """The credentials that have not left for this phone yet."""
    on_their_way = [MessageStatus.QUEUED, MessageStatus.SENDING]
    return Message.objects.filter(to=to, kind=Kind.CREDENTIALS, status__in=on_their_way)


def _promise(to: str, template: str, context: dict[str, Any]) -> Message:
    return Message.objects.create(to=to, kind=Kind.CREDENTIALS, template=template, context=context)


@transaction.atomic
def take(kind: Kind, *, most: int) -> list[Message]:
    """Lease the texts that are due, so that no other worker sends them meanwhile."""
    due = list(Message.objects.due(kind).select_for_update(skip_locked=True)[:most])
    for message in due:
        move(
            message,
            MessageStatus.SENDING,
            lease_until=timezone.now() + LEASE,
            attempts=message.attempts + 1,
            handed_at=None,
        )
    return due


class Unsendable(Exception):
    """A composer found that there is nothing to say to this number. The message says why."""


def send_due(kind: Kind, *, most: int = 20) -> int:
    taken = take(kind, most=most)
    for message in taken:
        try:
            deliver(message)
        except Exception:  # one that cannot be sent must not hold up the others
            logger.exception("text %s could not be sent", message.pk)  # the sweep takes it up
    return len(taken)


def deliver(message: Message) -> None:
    """Hand one leased text to the gateway, outside any transaction, and write down the answer."""
    try:
        text = compose(message)
    except Unsendable as reason:
        _note(message, MessageStatus.FAILED, failure=str(reason))
        return
    handed = Message.objects.filter(
        pk=message.pk, status=MessageStatus.SENDING, lease_until__gt=timezone.now()
    ).update(handed_at=timezone.now())
    if not handed:  # we were so slow that the lease ran out: it is another worker's now
        return
    try:
        accepted = road().send(message.to, text)
    except GatewayError as error:
        _note_failure(message, error)
    else:
        _note(
            message,
            MessageStatus.SENT,
            provider_id=accepted.provider_id,
            cost=accepted.cost,
            sent_at=timezone.now(),
            failure="",
        )


def compose(message: Message) -> str:
    """The words to send: the row's own or, for a credential, words made now and then forgotten."""
    composers = settings.SMS_COMPOSERS
    composer = composers.get(message.template) or composers.get(message.kind)
    return gsm.plain(import_string(composer)(message)) if composer else message.text


def _note(message: Message, status: MessageStatus, **fields: Any) -> None:
    with transaction.atomic():
        message = lock(message)
        if message.status == MessageStatus.SENDING:  # else the sweep was faster
            move(message, status, lease_until=None, **fields)


def _note_failure(message: Message, error: GatewayError) -> None:
    failure = str(error)[:200]
    match error:
        case Rejected():
            _note(message, MessageStatus.FAILED, failure=failure)
        case OutOfService():
            _note(message, MessageStatus.HELD, failure=failure)
        case NoAnswer():
            _doubt(message, failure)
        case NotSent() if message.attempts <= len(WAITS):
            wait = WAITS[message.attempts - 1] * random.uniform(0.8, 1.2)
            _note(
                message,
                MessageStatus.QUEUED,
                failure=failure,
                not_before=timezone.now() + wait,
            )
        case _:
            _note(message, MessageStatus.FAILED, failure=failure)


def _doubt(message: Message, failure: str) -> None:
    """Nobody knows whether it left. A credential is worth a second try, anything else is not."""
    _note(message, MessageStatus.UNKNOWN, failure=failure)
    if message.kind == Kind.CREDENTIALS and message.attempts < 2:
        with transaction.atomic():
            message = lock(message)
            if message.status == MessageStatus.UNKNOWN:
                move(message, MessageStatus.QUEUED, not_before=timezone.now() + WAITS[1])


def sweep() -> int:
    """Give back what a dead worker had taken. What it had not handed over yet has not left."""
    abandoned = list(Message.objects.abandoned())
    for message in abandoned:
        if message.handed_at:
            _doubt(message, "the worker died while it was sending")
        elif message.attempts < MOST_DEATHS:
            _note(message, MessageStatus.QUEUED)
        else:
            _note(message, MessageStatus.FAILED, failure="it cannot be sent: see the worker's log")
    return len(abandoned)


@transaction.atomic
def send_again(message: Message) -> Message:
    """A person has looked at a held or doubtful text and wants it to leave."""
    message = lock(message)
    move(message, MessageStatus.QUEUED, not_before=timezone.now(), attempts=0)
    return message


# What became of them


def note_receipt(*, provider_id: str, status: str, reason: str) -> None:
    """Keep a delivery report. It may come before our own answer is written, so matching waits."""
    Receipt.objects.bulk_create(
        [
            Receipt(
                provider_id=provider_id[:100],
                status=status[:20],
                reason=reason[:100],
                # only these say what became of a text; the rest is kept for the record
                matched_at=None if status in FINAL_RECEIPTS else timezone.now(),
            )
        ],
        ignore_conflicts=True,
    )


def match_receipts(*, most: int = 200) -> int:
    """Apply the delivery reports whose texts are known by now."""
    known = Receipt.objects.filter(
        matched_at=None, provider_id__in=Message.objects.values("provider_id")
    ).order_by("pk")[:most]
    count = 0
    for receipt in known:
        count += _apply(receipt)
    return count


@transaction.atomic
def _apply(receipt: Receipt) -> bool:
    """Move the text on, never back."""
    message = Message.objects.select_for_update().get(provider_id=receipt.provider_id)
    status = FINAL_RECEIPTS[receipt.status]
    if status in message.MOVES.get(MessageStatus(message.status), ()):
        delivered = status == MessageStatus.DELIVERED
        move(
            message,
            status,
            failure="" if delivered else receipt.reason,
            delivered_at=timezone.now() if delivered else None,
        )
    receipt.matched_at = timezone.now()
    receipt.save(update_fields=["matched_at"])
    return True


# In


def receive(*, provider_id: str, sender: str, shortcode: str, text: str) -> None:
    """Keep a text that came in; a worker reads it. The gateway may deliver it more than once."""
    InboundMessage.objects.bulk_create(
        [
            InboundMessage(
                provider_id=provider_id[:100],
                sender=sender[:32],
                shortcode=shortcode[:16],
                text=text[:500],
            )
        ],
        ignore_conflicts=True,
    )


def read_inbox(*, most: int = 50) -> int:
    unread = list(InboundMessage.objects.filter(read_at=None).order_by("pk")[:most])
    for inbound in unread:
        try:
            read(inbound)
        except Exception:  # else it would stand before all later ones for ever
            logger.exception("inbound text %s could not be answered", inbound.pk)
            InboundMessage.objects.filter(pk=inbound.pk, read_at=None).update(
                read_at=timezone.now(), outcome="failed: see the worker's log"
            )
    return len(unread)


@transaction.atomic
def read(inbound: InboundMessage) -> None:
    """Do what the text asks for, once; nothing if another worker is at it."""
    locked = (
        InboundMessage.objects.select_for_update(skip_locked=True)
        .filter(pk=inbound.pk, read_at=None)
        .first()
    )
    if locked is None:
        return
    locked.outcome = _answer(locked)[:60]
    locked.read_at = timezone.now()
    locked.save(update_fields=["outcome", "read_at"])


def _answer(inbound: InboundMessage) -> str:
    if inbound.shortcode != settings.SMS_SHORTCODE:
        return "ignored: another short code"
    if not is_mobile(inbound.sender):  # never answer a machine: it would answer back
        return "ignored: not a Kenyan mobile"
    sender = mobile(inbound.sender)
    word, _, rest = inbound.text.replace("\xa0", " ").strip().partition(" ")
    handler = settings.SMS_KEYWORDS.get(word.strip(".,!\"'").upper())
    if handler is None:
        return send_once_a_day(sender, "sms/help")
    outcome: str = import_string(handler)(sender, rest.strip())
    return outcome


def send_once_a_day(to: str, template: str, *, language: str = "en", **context: Any) -> str:
    """Answer somebody who may not be ours, without letting two machines talk all night."""
    key = f"{template}:{to}:{timezone.localdate():%Y%m%d}"
    sent = send(to, template, language=language, dedupe_key=key, **context)
    return f"answered: {template}" if sent else "silent: answered today already"


# The pulse


def beat(name: str) -> None:
    Heartbeat.objects.update_or_create(name=name, defaults={"at": timezone.now()})


def last_beat(name: str) -> float | None:
    """Seconds since a worker last took a tick."""
    heartbeat = Heartbeat.objects.filter(name=name).first()
    return (timezone.now() - heartbeat.at).total_seconds() if heartbeat else None


def last_texts(to: str, *, most: int = 5) -> Iterable[Message]:
    """For the people who wait for one: what was sent to a phone, and whether it came."""
    return Message.objects.filter(to=to).order_by("-created_at", "-pk")[:most]
