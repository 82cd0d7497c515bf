"""Take before anything is hashed, queued or called.

A limit is kept by one upsert on one row per key, on the database's clock, so 300 tries at the same
moment take exactly what is allowed. The period is cut in slots and a use leaves with its slot:
never more than `takes` in any period, and free again after it and a twelfth at the latest.
"""

import logging
from collections.abc import Iterable
from datetime import timedelta

from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.dispatch import Signal
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cp2.limits.models import SLOTS, Bucket, Limit
from cp2.rules import Refused

logger = logging.getLogger(__name__)

# Sent after each take with the names of the limits that let it through (`taken`), or of the one
# that refused it (`refused`); never with whose it was. For those above who measure.
asked = Signal()

Want = tuple[str, str]  # the name of a limit, and whose: an account, an address, a number

KEEP = timedelta(days=31)  # at least the longest period

TAKE = f"""
INSERT INTO limits_bucket AS used (limit_id, key, slot, counts, refused, at)
SELECT id, %(key)s, floor(extract(epoch FROM clock_timestamp()) * {SLOTS} / seconds),
    %(cost)s || array_fill(0, ARRAY[{SLOTS}]), 0, clock_timestamp()
FROM limits_limit WHERE id = %(limit)s AND takes >= %(cost)s
ON CONFLICT (limit_id, key) DO UPDATE SET
    slot = greatest(used.slot, excluded.slot),
    counts = limits_with(limits_turned(used.counts, excluded.slot - used.slot), %(cost)s),
    at = excluded.at
WHERE limits_sum(limits_turned(used.counts, excluded.slot - used.slot)) + %(cost)s
    <= (SELECT takes FROM limits_limit WHERE id = used.limit_id)
"""


class Limited(Refused):
    """Too often. `wait` is how long until it may be tried again; the words say it in minutes.

    `page` is the template that says so where no form can.
    """

    page = "429.html"

    def __init__(self, name: str, wait: timedelta) -> None:
        self.name, self.wait = name, wait
        super().__init__(_("Too many tries. Try again in %(wait)s.") % {"wait": in_words(wait)})


class Unreadable(Limited):
    """The limits cannot be read, so nobody knows whether it was too often."""

    def __init__(self, name: str) -> None:
        super().__init__(name, timedelta(minutes=5))
        said = _("This cannot be done at the moment. Try again in %(wait)s.")
        self.args = (said % {"wait": in_words(self.wait)},)


def in_words(wait: timedelta) -> str:
    """Coarse on purpose: `2 minutes`, `3 hours`."""
    minutes = max(1, -(-int(wait.total_seconds()) // 60))
    if minutes < 120:
        return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}
    hours = -(-minutes // 60)
    return ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours}


def take(*wants: Want, cost: int = 1) -> None:
    """Use each of these limits once, or none of them and raise Limited.

    Their rows are locked in the order given, so what many share comes last; and in a transaction
    of its own where the caller has none, as callers should, so that it is free again at once.
    Limits that cannot be read let nothing through, unless the caller handles Unreadable: what
    costs money must not.
    """
    limits = _limits(name for name, _key in wants)
    steps = [
        (digest(key), limit.pk) for name, key in wants for limit in limits if limit.name == name
    ]
    refused = None
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            for key, limit in steps:
                cursor.execute(TAKE, {"limit": limit, "key": key, "cost": cost})
                if cursor.rowcount == 0:
                    refused = (limit, key)
                    raise _Full
    except _Full:
        pass
    except DatabaseError as error:
        raise _unreadable() from error
    if refused:
        full = next(limit for limit in limits if limit.pk == refused[0])
        asked.send_robust(sender=None, taken=[], refused=full.name)
        raise _limited(full, refused[1], cost)
    asked.send_robust(sender=None, taken=[name for name, _key in wants], refused="")


def _unreadable() -> Unreadable:
    logger.exception("the limits cannot be read")
    return Unreadable("")


class _Full(Exception):
    """Takes back, with its transaction, what was taken before it."""


def _limits(names: Iterable[str]) -> list[Limit]:
    """One that is missing is one that cannot be read."""
    wanted = set(names)
    try:
        with transaction.atomic():
            limits = list(Limit.objects.filter(name__in=wanted))
    except DatabaseError as error:
        raise _unreadable() from error
    for name in wanted - {limit.name for limit in limits}:
        logger.error("there is no limit %s", name)
        raise Unreadable(name)
    return limits


def _limited(limit: Limit, key: str, cost: int) -> Limited:
    """Count the hit, and find when enough of what was used will have left."""
    Bucket.objects.filter(limit=limit, key=key).update(refused=F("refused") + 1, at=timezone.now())
    used = Bucket.objects.filter(limit=limit, key=key).first()
    length = limit.seconds / SLOTS
    if used is None:  # it allows nothing at all
        return Limited(limit.name, timedelta(seconds=limit.seconds))
    free = limit.takes - sum(used.counts)
    for place in reversed(range(SLOTS + 1)):
        free += used.counts[place]
        if free >= cost:
            leaves = (used.slot + SLOTS + 1 - place) * length
            seconds = max(leaves - timezone.now().timestamp(), 1)
            return Limited(limit.name, timedelta(seconds=min(seconds, limit.seconds + length)))
    return Limited(limit.name, timedelta(seconds=limit.seconds))


@transaction.atomic
def give_back(name: str, key: str, *, times: int = 1) -> None:
    """It was not what the limit is for: the newest uses no longer count."""
    used = Bucket.objects.filter(limit__name=name, key=digest(key))
    for bucket in used.select_for_update(of=("self",)).order_by("limit__seconds"):
        left = times
        for place, count in enumerate(bucket.counts):
            bucket.counts[place] -= min(count, left)
            left -= min(count, left)
        bucket.save(update_fields=["counts"])


@transaction.atomic
def forget(*wants: Want) -> None:
    """Start these keys afresh. Each name's rows are locked as `take` locks them, or two who sign
    in at once would wait for one another."""
    for name, key in wants:
        used = Bucket.objects.filter(limit__name=name, key=digest(key))
        rows = used.select_for_update(of=("self",)).order_by("limit__seconds")
        if locked := list(rows.values_list("pk", flat=True)):
            Bucket.objects.filter(pk__in=locked).delete()


def digest(key: str) -> str:
    return salted_hmac("cp2.limits", key, algorithm="sha256").hexdigest()[:32]


def tidy() -> int:
    """Drop what nobody has tried for a month."""
    return Bucket.objects.filter(at__lt=timezone.now() - KEEP).delete()[0]
