"""Whether the gateway may be called, and how fast: one row that all workers share.

A gateway that is down is not hammered, and one that takes no texts from us burns none. Times are
the database's, so workers on several machines agree.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from cp2.rules import move
from sms.backends import GatewayError, OutOfService
from sms.models import Gateway, GatewayStatus, Kind, Message, MessageStatus

logger = logging.getLogger(__name__)

MOST_FAILURES = 20  # calls in a row, after which only probes are made
PROBE_EVERY = timedelta(minutes=1)
SAVED_UP = 2  # seconds' worth of the texts to many


@dataclass(frozen=True)
class Leave:
    """How many texts a worker may take now."""

    most: int
    at: datetime
    probe: bool = False


def current() -> Gateway:
    return _read(Gateway.objects.all())[0]


def _locked() -> tuple[Gateway, datetime]:
    """Ours until the transaction ends."""
    return _read(Gateway.objects.select_for_update())


def _read(rows: QuerySet[Gateway]) -> tuple[Gateway, datetime]:
    """The row, and the time by its clock."""
    row = rows.annotate(now=Now()).first()
    if row is None:
        Gateway.objects.get_or_create(pk=1)
        return _read(rows)
    return row, row.now


# Before texts are taken


def ask_leave(kind: Kind, *, most: int) -> Leave:
    """Ask in the transaction that takes the texts. Where the leave is shared (a probe, the meter),
    the row stays locked until `use` has said how much of it was needed."""
    row, now = _read(Gateway.objects.all())
    if row.status == GatewayStatus.WORKING and kind != Kind.BULK:
        return Leave(most, now)
    row, now = _locked()
    if row.status != GatewayStatus.WORKING:
        return Leave(int(row.probe_at <= now), now, probe=True)
    return Leave(min(most, int(_bulk_left(row, now))), now)


def use(leave: Leave, kind: Kind, *, texts: int) -> None:
    row, _now = _locked()
    if leave.probe:
        row.probe_at = leave.at + PROBE_EVERY
        row.save(update_fields=["probe_at"])
    elif kind == Kind.BULK:
        unused = (_bulk_left(row, leave.at) - texts) / settings.SMS_BULK_PER_SECOND
        row.bulk_until = leave.at - timedelta(seconds=unused)
        row.save(update_fields=["bulk_until"])


def _bulk_left(row: Gateway, now: datetime) -> float:
    """What may leave now of the texts to many: the allowance of the time since it was used up, but
    of two seconds at most, so that a late tick loses nothing and a quiet hour saves up nothing."""
    rate: float = settings.SMS_BULK_PER_SECOND
    if rate <= 0:
        return 0
    most = max(rate * SAVED_UP, 1)
    return min((now - row.bulk_until).total_seconds() * rate, most)


def probe_now() -> None:
    """A person has put it right, or thinks so."""
    Gateway.objects.exclude(status=GatewayStatus.WORKING).update(probe_at=Now())


# After a call


def note(error: GatewayError | None, *, taken_at: datetime) -> Gateway:
    """How a call went as a whole, with texts that were taken then; how it stands now."""
    row = current()
    if error is None and row.status == GatewayStatus.WORKING and not row.failures:
        return row  # as nearly always
    with transaction.atomic():
        row, now = _locked()
        if isinstance(error, OutOfService):
            _hold(row, str(error), now)
        elif error:
            _fail(row, str(error), now)
        else:
            _recover(row, now, taken_at)
    return row


def _hold(row: Gateway, reason: str, now: datetime) -> None:
    if row.status != GatewayStatus.HELD:
        _stop(row, GatewayStatus.HELD, reason, now)
        logger.error("no text can leave until a person acts: %s", reason)


def _fail(row: Gateway, reason: str, now: datetime) -> None:
    row.failures += 1
    row.save(update_fields=["failures"])
    if row.status == GatewayStatus.WORKING and row.failures >= MOST_FAILURES:
        _stop(row, GatewayStatus.DOWN, reason, now)
        logger.error("the gateway is down after %s failed calls: %s", row.failures, reason)


def _stop(row: Gateway, status: GatewayStatus, reason: str, now: datetime) -> None:
    move(row, status, reason=reason[:200], since=now, probe_at=now + PROBE_EVERY)


def _recover(row: Gateway, now: datetime, taken_at: datetime) -> None:
    """A call that was under way when the trouble began proves nothing; a probe does."""
    if row.status != GatewayStatus.WORKING:
        if taken_at <= row.since:
            return
        logger.info("the gateway takes texts again, after %s", now - row.since)
        move(row, GatewayStatus.WORKING, reason="", since=now)
        _release()
    row.failures = 0
    row.save(update_fields=["failures"])


def _release() -> None:
    """What was held, or waits for a later try because of the gateway, is due at once."""
    Message.objects.filter(status=MessageStatus.HELD).update(status=MessageStatus.QUEUED)
    Message.objects.filter(status=MessageStatus.QUEUED, attempts__gt=0, doubts=0).exclude(
        failure=""
    ).filter(not_before__gt=Now()).update(not_before=Now())
