"""What became of a broadcast: of each person's text, and all of it counted."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncHour
from django.utils import timezone

from cp2.broadcasts.models import (
    GONE,
    ON_ITS_WAY,
    OVER,
    Broadcast,
    Recipient,
    State,
)
from cp2.rules import lock
from sms.fates import reason_of

STOPPED = "nobody waits for it: the broadcast was stopped"  # of a text in a worker's hands then
AT_WORK = timedelta(minutes=1)  # between two reports
LATER = timedelta(minutes=10)
REPORTS_COME_FOR = timedelta(days=3)

LOOK = """
    UPDATE broadcasts_recipient AS recipient
    SET state = became.state, failure = became.failure
    FROM (
        SELECT id,
            CASE
                WHEN status IN ('queued', 'sending', 'held') THEN 'written'
                WHEN status = 'failed' AND failure = %(stopped)s THEN 'withdrawn'
                ELSE status
            END AS state,
            CASE WHEN status IN ('failed', 'unknown') THEN failure ELSE '' END AS failure
        FROM sms_message
    ) AS became
    WHERE recipient.message_id = became.id
        AND recipient.broadcast_id = %(broadcast)s AND recipient.state = ANY (%(states)s)
        AND (recipient.state, recipient.failure)
            IS DISTINCT FROM (became.state, became.failure)
"""


def look(broadcast: Broadcast, states: Iterable[str] = (State.WRITTEN,)) -> None:
    """Takes over how the texts stand; call it with the broadcast locked."""
    with connection.cursor() as cursor:
        cursor.execute(
            LOOK,
            {"stopped": STOPPED, "broadcast": broadcast.pk, "states": [*map(str, states)]},
        )


def make(broadcast: Broadcast) -> None:
    """Counts it all, for the page. What still leaves is looked at with the broadcast locked, for a
    moment; what has left, which may be hundreds of thousands, in nobody's way: to stop it must not
    wait for this."""
    with transaction.atomic():
        look(lock(broadcast))
    look(broadcast, GONE)
    broadcast.report, broadcast.reported_at = _count(broadcast), timezone.now()
    broadcast.save(update_fields=["report", "reported_at"])


def _count(broadcast: Broadcast) -> dict[str, Any]:
    rows = Recipient.objects.filter(broadcast=broadcast).order_by()
    states: Counter[str] = Counter()
    counties: dict[str, Counter[str]] = {}
    for county, state, n in rows.values_list("county__name", "state").annotate(n=Count("pk")):
        states[state] += n
        counties.setdefault(county or "", Counter())[state] += n
    failed = rows.filter(state__in=[State.FAILED, State.UNKNOWN])
    reasons: Counter[str] = Counter()
    for failure, n in failed.values_list("failure").annotate(n=Count("pk")):
        reasons[reason_of(failure).value] += n
    sent = rows.filter(message__sent_at__isnull=False)
    hours = (
        sent.annotate(hour=TruncHour("message__sent_at"))
        .values_list("hour")
        .annotate(
            n=Count("pk"),
            delivered=Count("pk", filter=Q(state=State.DELIVERED)),
            failed=Count("pk", filter=Q(state=State.FAILED)),
        )
        .order_by("hour")
    )
    cost = sent.aggregate(all=Sum("message__cost"))["all"] or Decimal(0)
    return {
        "states": dict(states),
        "counties": sorted((name, dict(of)) for name, of in counties.items()),
        "reasons": reasons.most_common(),
        "hours": [[hour.isoformat(), *counts] for hour, *counts in hours],
        "cost": str(cost),
    }


def make_due() -> int:
    """Each minute while it is sent, each ten while reports of phones still come."""
    now = timezone.now()
    never = Q(reported_at=None)
    at_work = Q(status__in=ON_ITS_WAY) & (never | Q(reported_at__lt=now - AT_WORK))
    lately = Q(status__in=OVER, ended_at__gt=now - REPORTS_COME_FOR)
    due = Broadcast.objects.filter(at_work | lately & (never | Q(reported_at__lt=now - LATER)))
    made = 0
    for broadcast in due.order_by("pk"):
        make(broadcast)
        made += 1
    return made


def hour_of(said: str) -> datetime:
    return timezone.localtime(datetime.fromisoformat(said))
