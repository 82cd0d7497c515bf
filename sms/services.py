"""Texts out, texts in, and what became of them.

A request only writes a row. Beat ticks, a worker takes the rows that are due under a lease,
commits, and only then talks to the gateway; so nothing is forgotten when the broker, the worker
or the gateway is gone, and nothing leaves twice, but for the one case where the gateway may have
taken a text and its answer was lost.
"""

import logging
import random
import re
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Count, F, Q
from django.db.models.functions import Now
from django.dispatch import Signal
from django.template.loader import get_template
from django.utils import timezone, translation
from django.utils.module_loading import import_string

from cp2.limits import services as limits
from cp2.rules import lock, move
from sms import gateway, gsm
from sms.backends import (
    MOST_NUMBERS,
    Accepted,
    GatewayError,
    NoAnswer,
    NotSent,
    OutOfService,
    Rejected,
    road,
)
from sms.models import (
    Gateway,
    GatewayStatus,
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

MOST_DEATHS = 3  # a text that ends its worker each time is parked for a person to look at
WAITS = [timedelta(seconds=10), *(timedelta(minutes=m) for m in (1, 5, 15, 60))]  # then hourly
MOST_TRIES = 28  # by which a day has gone
SECOND_THOUGHT = timedelta(minutes=1)  # for the report of a text in doubt to come after all
MOST_TAKEN = {Kind.CREDENTIALS: 20, Kind.NOTICE: 200, Kind.BULK: 1000}
TURN = 2.0  # seconds after which a lane lets others have the worker
FINAL_RECEIPTS = {
    "Success": MessageStatus.DELIVERED,
    "Failed": MessageStatus.FAILED,
    "Rejected": MessageStatus.FAILED,
}
KNOWN_RECEIPTS = [*FINAL_RECEIPTS, "Sent", "Submitted", "Buffered"]
RECEIPT_LIFE = timedelta(days=1)  # for a report to wait for its text
MOST_LATE = timedelta(days=3)  # of a text that comes in

Outcome = Accepted | GatewayError
# Sent after each call, from the thread that made it, with its `seconds` and what became of each
# text (`outcomes`). For those above who measure: no number and no words go with it.
gateway_called = Signal()


class Unsendable(Exception):
    """Raised by a composer: this text must not leave any more, and the message says why."""


# Out


def render(template: str, *, language: str, **context: Any) -> str:
    """The words of a text, in the alphabet of the network."""
    with translation.override(language):
        return _words(get_template(f"sms/{template}.txt", using="text"), context)


def _words(template: Any, context: dict[str, Any]) -> str:
    """Every text may say where the portal is; its caller need not."""
    return gsm.plain(template.render({"site": settings.SITE_URL, **context}).strip())


def send(
    to: str,
    template: str,
    *,
    language: str,
    kind: Kind = Kind.NOTICE,
    dedupe_key: str | None = None,
    **context: Any,
) -> Message | None:
    """Write one text. It commits with the caller's work and leaves within seconds; one of many
    that are written at once (Kind.BULK) leaves in its turn.

    With a `dedupe_key` a text is written at most once, ever; None says that it was before.
    """
    fields = {
        "to": to,
        "kind": kind,
        "template": template,
        "text": render(template, language=language, **context),
    }
    if dedupe_key is None:
        return Message.objects.create(**fields)
    message, written = Message.objects.get_or_create(dedupe_key=dedupe_key, defaults=fields)
    return message if written else None


def send_each(template: str, texts: Iterable[tuple[str, str, str | None, dict[str, Any]]]) -> None:
    """Write many at once, to leave in their turn: number, language, dedupe key or none, and what
    each names. What is written already is left as it is.

    One statement of lists: ten thousand rows of a model take longer to make than to write.
    """
    each = list(texts)
    if not each:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO sms_message
                ("to", kind, template, text, dedupe_key, status, context, attempts,
                 failure, network)
            SELECT row.number, %s, %s, row.words, row.key, %s, '{}', 0, '', ''
            FROM unnest(%s::text[], %s::text[], %s::text[])
                WITH ORDINALITY AS row (number, words, key, place)
            ORDER BY row.place
            ON CONFLICT DO NOTHING
            """,
            [
                Kind.BULK,
                template,
                MessageStatus.QUEUED,
                [to for to, _language, _key, _context in each],
                _render_each(template, [(language, context) for _, language, _, context in each]),
                [key for _to, _language, key, _context in each],
            ],
        )


def _render_each(template: str, told: Sequence[tuple[str, dict[str, Any]]]) -> list[str]:
    """As `render` does it, but language by language: to find the template and to change the
    language takes half as long as the words."""
    words = [""] * len(told)
    for language in {language for language, _context in told}:
        with translation.override(language):
            found = get_template(f"sms/{template}.txt", using="text")
            for place, (of, context) in enumerate(told):
                if of == language:
                    words[place] = _words(found, context)
    return words


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
    on_their_way = [MessageStatus.QUEUED, MessageStatus.SENDING, MessageStatus.HELD]
    return Message.objects.filter(to=to, kind=Kind.CREDENTIALS, status__in=on_their_way)


def _promise(to: str, template: str, context: dict[str, Any]) -> Message:
    return Message.objects.create(to=to, kind=Kind.CREDENTIALS, template=template, context=context)


@transaction.atomic
def take(kind: Kind, *, most: int) -> list[Message]:
    """Lease the texts that are due, so that no other worker sends them meanwhile."""
    leave = gateway.ask_leave(kind, most=most)
    taken = _next(kind, leave) if leave.most else []
    if not taken:
        return []
    lease_until = leave.at + _lease()
    Message.objects.filter(pk__in=[message.pk for message in taken]).update(
        status=MessageStatus.SENDING,
        lease_until=lease_until,
        attempts=F("attempts") + 1,
        handed_at=None,
    )
    for message in taken:
        message.status, message.lease_until = MessageStatus.SENDING, lease_until
        message.attempts += 1
    if leave.probe or kind == Kind.BULK:
        gateway.use(leave, kind, texts=len(taken))
    return taken


def _next(kind: Kind, leave: gateway.Leave) -> list[Message]:
    due = Message.objects.due(kind).select_for_update(skip_locked=True)
    if leave.probe:  # the longest untried, so that one bad number cannot fail every probe
        held = Message.objects.held(kind).select_for_update(skip_locked=True)
        return sorted([*held[:1], *due[:1]], key=lambda text: (text.not_before, text.pk))[:1]
    taken = list(due[: leave.most])
    if any(message.deaths for message in taken):
        # It may be what the worker died of: it goes alone, and after those that did no harm.
        return [message for message in taken if not message.deaths] or taken[:1]
    return taken


def _lease() -> timedelta:
    return timedelta(seconds=settings.SMS_LEASE)


def send_due(kind: Kind, *, most: int | None = None) -> int:
    taken = take(kind, most=most or MOST_TAKEN[kind])
    deliver(taken)
    return len(taken)


def send_while_due(kind: Kind) -> int:
    """A tick's worth: all that is due, if that is not more than a turn's."""
    ends, sent = time.monotonic() + TURN, 0
    while taken := send_due(kind):
        sent += taken
        if time.monotonic() > ends:
            break
    return sent


def deliver(taken: Sequence[Message]) -> None:
    """Hand leased texts to the gateway, some calls at once and outside any transaction, and write
    down what it answers. One that cannot be sent does not hold up the others."""
    waiting = deque(_calls(taken))
    flying: dict[Future[list[Outcome]], list[Message]] = {}
    state = gateway.current()
    while waiting or flying:
        if waiting and _stopped(state, waiting[0][0]):
            _give_back([message for call in waiting for message in call])
            waiting.clear()
        while waiting and len(flying) < _room(state):
            call = waiting.popleft()
            with _logged(call):
                handed, text = _hand_over(call)
                if handed:
                    flying[_submit([message.to for message in handed], text)] = handed
        done, _ = wait(flying, return_when=FIRST_COMPLETED)
        for future in done:
            call = flying.pop(future)
            with _logged(call):
                state = _settle(call, future)


def _calls(taken: Sequence[Message]) -> Iterator[list[Message]]:
    """Texts of the same words go out in one call, though never two to one number: the answer
    could not be told apart. A credential is alone with its words."""
    same: dict[tuple[str, int], list[Message]] = {}
    copies: Counter[tuple[str, str]] = Counter()
    for message in taken:
        if message.kind in settings.SMS_COMPOSERS:
            yield [message]
        else:
            copy = copies[message.text, message.to]
            copies[message.text, message.to] += 1
            same.setdefault((message.text, copy), []).append(message)
    for messages in same.values():
        for start in range(0, len(messages), MOST_NUMBERS):
            yield messages[start : start + MOST_NUMBERS]


@contextmanager
def _logged(call: list[Message]) -> Iterator[None]:
    """Their leases run out, and the sweep takes them up."""
    try:
        yield
    except Exception:
        pks = ", ".join(str(message.pk) for message in call)
        logger.exception("texts could not be sent: %s", pks)


def _taken_at(message: Message) -> datetime:
    assert message.lease_until
    return message.lease_until - _lease()


def _stopped(state: Gateway, message: Message) -> bool:
    """The trouble began after these were taken; a probe is taken after that."""
    return state.status != GatewayStatus.WORKING and _taken_at(message) <= state.since


def _room(state: Gateway) -> int:
    """One call at a time while the last one failed, lest many fail at once."""
    return 1 if state.failures else road().calls_at_once


def _hand_over(call: list[Message]) -> tuple[list[Message], str]:
    """Their words, and those of them that are ours for longer than a call takes."""
    try:
        text = compose(call[0])
    except Unsendable as reason:
        _write(call, [Rejected(str(reason))], gateway.current())
        return [], ""
    long_enough = Now() + timedelta(seconds=settings.SMS_TIMEOUT)
    if _ours(call).filter(lease_until__gt=long_enough).update(handed_at=Now()) == len(call):
        return call, text
    handed = set(_ours(call).exclude(handed_at=None).values_list("pk", flat=True))
    _give_back([message for message in call if message.pk not in handed])
    return [message for message in call if message.pk in handed], text


def compose(message: Message) -> str:
    """The words to send: the row's own or, for a credential, words made now and then forgotten."""
    composers = settings.SMS_COMPOSERS
    composer = composers.get(message.template) or composers.get(message.kind)
    return gsm.plain(import_string(composer)(message)) if composer else message.text


def _submit(numbers: list[str], text: str) -> Future[list[Outcome]]:
    """Threads only call: the database is left to the worker's own."""
    if road().calls_at_once > 1:
        return _threads().submit(_call, numbers, text)
    called: Future[list[Outcome]] = Future()
    try:
        called.set_result(_call(numbers, text))
    except Exception as error:
        called.set_exception(error)
    return called


def _call(numbers: list[str], text: str) -> list[Outcome]:
    outcomes: list[Outcome | Exception] = []
    began = time.monotonic()
    try:
        answered = road().send(numbers, text)
        outcomes += answered
        return answered
    except Exception as error:
        outcomes += [error] * len(numbers)
        raise
    finally:
        seconds = time.monotonic() - began
        gateway_called.send_robust(sender=None, seconds=seconds, outcomes=outcomes)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(road().calls_at_once, thread_name_prefix="calls")


def _settle(call: list[Message], answer: Future[list[Outcome]]) -> Gateway:
    whole: GatewayError | None
    try:
        outcomes = answer.result()
        whole = next((each for each in outcomes if isinstance(each, OutOfService)), None)
    except GatewayError as error:
        outcomes, whole = [error] * len(call), error
    state = gateway.note(whole, taken_at=_taken_at(call[0]))
    try:
        _write(call, outcomes, state)
    except IntegrityError:  # no gateway should give an id twice; it must not undo what it sent
        logger.exception("the gateway gave an id twice")
        _write(call, [_without_id(each) for each in outcomes], state)
    return state


def _without_id(outcome: Outcome) -> Outcome:
    return replace(outcome, provider_id="") if isinstance(outcome, Accepted) else outcome


def _ours(call: list[Message]) -> MessageQuerySet:
    """As long as the sweep was not faster."""
    assert call[0].lease_until
    return Message.objects.leased_as(call[0].lease_until).filter(pk__in=[m.pk for m in call])


@transaction.atomic
def _write(call: list[Message], outcomes: list[Outcome], state: Gateway) -> None:
    became = dict(zip([message.pk for message in call], outcomes, strict=True))
    for message in _ours(call).select_for_update().order_by("pk"):
        outcome = became[message.pk]
        if isinstance(outcome, Accepted):
            move(
                message,
                MessageStatus.SENT,
                lease_until=None,
                provider_id=outcome.provider_id or None,
                cost=outcome.cost,
                sent_at=Now(),
                failure="",
            )
        else:
            _write_failure(message, outcome, state)


def _write_failure(message: Message, error: GatewayError, state: Gateway) -> None:
    over: dict[str, Any] = {"lease_until": None, "failure": str(error)[:200]}
    unburned = {"attempts": message.attempts - 1, "not_before": Now()}
    match error:
        case Rejected():
            move(message, MessageStatus.FAILED, **over)
        case OutOfService():
            move(message, MessageStatus.HELD, **over, **unburned)
        case NoAnswer():
            _doubt(message, over["failure"])
        case _ if state.status != GatewayStatus.WORKING:
            move(message, MessageStatus.QUEUED, **over, **unburned)
        case NotSent() if message.attempts < MOST_TRIES:
            wait = WAITS[min(message.attempts, len(WAITS)) - 1] * random.uniform(0.8, 1.2)
            move(message, MessageStatus.QUEUED, **over, not_before=Now() + wait)
        case _:
            move(message, MessageStatus.FAILED, **over)


def _doubt(message: Message, failure: str) -> None:
    """Nobody knows whether it left. A credential is worth a second try, anything else is not."""
    move(message, MessageStatus.UNKNOWN, lease_until=None, failure=failure)
    if message.kind == Kind.CREDENTIALS and not message.doubts:
        move(message, MessageStatus.QUEUED, not_before=Now() + SECOND_THOUGHT, doubts=1)


def _give_back(messages: list[Message]) -> None:
    """They were not handed over, so nothing has happened to them."""
    if messages:
        _ours(messages).filter(handed_at=None).update(
            status=MessageStatus.QUEUED, lease_until=None, attempts=F("attempts") - 1
        )


def sweep() -> int:
    """Give back what a dead worker had taken. What it had not handed over yet has not left."""
    abandoned = list(Message.objects.abandoned())
    for message in abandoned:
        with transaction.atomic():
            still = _ours([message]).select_for_update().first()
            if still:
                _take_up(still)
    return len(abandoned)


def _take_up(message: Message) -> None:
    if message.handed_at:
        _doubt(message, "the worker died while it was sending")
    elif message.deaths + 1 < MOST_DEATHS:
        move(
            message,
            MessageStatus.QUEUED,
            lease_until=None,
            attempts=message.attempts - 1,
            deaths=message.deaths + 1,
        )
    else:
        failure = "it cannot be sent: see the worker's log"
        move(message, MessageStatus.FAILED, lease_until=None, failure=failure)
        logger.error("text %s is parked: %s workers ended with it", message.pk, MOST_DEATHS)


@transaction.atomic
def send_again(message: Message) -> Message:
    """A person has looked at a held or doubtful text and wants it to leave."""
    gateway.probe_now()
    message = lock(message)
    move(message, MessageStatus.QUEUED, not_before=timezone.now(), attempts=0, deaths=0, doubts=0)
    return message


def gateway_state() -> Gateway:
    """For pages: whether texts leave, since when not, and why. To look makes no row."""
    return Gateway.objects.first() or Gateway()


# What became of them


def note_receipt(*, provider_id: str, status: str, reason: str, network: str = "") -> None:
    """Keep a delivery report. It may come before our own answer is written, so matching waits."""
    Receipt.objects.bulk_create(
        [
            Receipt(
                provider_id=provider_id[:100],
                status=status[:20],
                reason=reason[:100],
                network=network[:10],
                # only these say what became of a text; the rest is kept for the record
                matched_at=None if status in FINAL_RECEIPTS else timezone.now(),
            )
        ],
        ignore_conflicts=True,
    )


def match_receipts(*, most: int = 200) -> int:
    """Apply the delivery reports whose texts are known by now."""
    known = (
        Receipt.objects.waiting()
        .filter(provider_id__in=Message.objects.values("provider_id"))
        .order_by("pk")[:most]
    )
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
            network=receipt.network or message.network,
        )
    receipt.matched_at = timezone.now()
    receipt.save(update_fields=["matched_at"])
    return True


def give_up_receipts() -> int:
    """Set aside the delivery reports whose texts have not turned up within a day, and count them.

    More than a few, or many with a word that we do not know, are a sign that something is wrong at
    the gateway, or that somebody has its secret.
    """
    given_up = (
        Receipt.objects.waiting()
        .filter(received_at__lt=Now() - RECEIPT_LIFE)
        .update(unmatched_at=Now())
    )
    if given_up:
        logger.warning("%s delivery reports were of no text of ours", given_up)
    today = Receipt.objects.filter(received_at__gt=Now() - RECEIPT_LIFE)
    counts = today.aggregate(all=Count("pk"), odd=Count("pk", filter=~Q(status__in=KNOWN_RECEIPTS)))
    if counts["odd"] * 100 > counts["all"]:
        logger.error("%(odd)s of %(all)s delivery reports say what we do not know", counts)
    return given_up


# In


def receive(
    *, provider_id: str, sender: str, shortcode: str, text: str, sent_at: datetime | None = None
) -> None:
    """Keep a text that came in; a worker reads it. The gateway may deliver it more than once.

    A time that lies ahead, or days back, is a wrong clock's and no more than none.
    """
    now = timezone.now()
    believed = sent_at if sent_at and now - MOST_LATE <= sent_at <= now else None
    InboundMessage.objects.bulk_create(
        [
            InboundMessage(
                provider_id=provider_id[:100],
                sender=sender[:32],
                shortcode=shortcode[:16],
                text=text[:500],
                sent_at=believed,
                received_at=now,
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
    # In the transaction of the answer, so that a text counts once however many workers look at it;
    # the limit's row is this sender's alone, so nobody else waits for it.
    try:
        limits.take(("inbound.sender", sender))
    except limits.Limited:
        return "silent: too many texts from this number"
    word, rest = [*re.split(r"[\s,]+", inbound.text.strip(), maxsplit=1), ""][:2]
    keywords = settings.SMS_KEYWORDS
    handler = keywords.get(word.strip(".,:;!\"'").upper()) or keywords[""]
    outcome: str = import_string(handler)(sender, rest.strip(), inbound.at)
    return outcome


def send_once_a_day(to: str, template: str, *, language: str = "en", **context: Any) -> str:
    """Answer somebody who may not be ours, without letting two machines talk all night."""
    key = f"{template}:{to}:{timezone.localdate():%Y%m%d}"
    sent = send(to, template, language=language, dedupe_key=key, **context)
    return f"answered: {template}" if sent else "silent: answered today already"


# The pulse


def beat(name: str) -> None:
    """By the database's clock, as its age is told."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": Now()})


def last_beat(name: str) -> float | None:
    """Seconds since a worker last took a tick."""
    heartbeat = Heartbeat.objects.filter(name=name).annotate(now=Now()).first()
    return (heartbeat.now - heartbeat.at).total_seconds() if heartbeat else None


def last_texts(to: str, *, most: int = 5) -> Iterable[Message]:
    """For the people who wait for one: what was sent to a phone, and whether it came."""
    return Message.objects.filter(to=to).order_by("-created_at", "-pk")[:most]
