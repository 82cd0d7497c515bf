"""A broadcast brought as far as a test needs it."""

from datetime import timedelta
from typing import Any

from django.db.models.functions import Now
from django.test import override_settings

import sms.services
from accounts.models import User
from accounts.tests.people import staff
from cp2.broadcasts import report, services
from cp2.broadcasts.models import Broadcast, Recipient
from cp2.runs import services as runs
from cp2.tests import make
from sms.models import Gateway, Kind, Message

BY_DAY_AND_NIGHT = override_settings(BROADCASTS_FROM=0, BROADCASTS_UNTIL=24)


def writer() -> User:
    return staff("Deployment", name="Naliaka of Deployment")


def draft(by: User, **fields: Any) -> Broadcast:
    defaults = {
        "title": "Rehearsal",
        "text_en": "Dear {name}, come at 7.",
        "text_sw": "Ndugu {name}, njoo saa moja.",
        "who": "officers",
        "stage": "registered",
    }
    return services.write(Broadcast(**{**defaults, **fields}), by=by)


def counted(by: User, **fields: Any) -> Broadcast:
    broadcast = services.count(draft(by, **fields), by=by)
    runs.finish(broadcast.run)
    broadcast.refresh_from_db()
    return broadcast


def proposed(by: User, **fields: Any) -> Broadcast:
    return services.propose(counted(by, **fields), by=by)


def approved(by: User, other: User, **fields: Any) -> Broadcast:
    broadcast = proposed(by, **fields)
    return services.approve(broadcast, seen=services.version(broadcast), by=other)


def step(broadcast: Broadcast) -> Broadcast:
    """What a worker does next for it, whatever the clock says."""
    if taken := runs.RUNS.take(broadcast.run):
        runs.RUNS.go_on(taken)
    broadcast = Broadcast.objects.in_full().get(pk=broadcast.pk)
    assert broadcast.run
    assert broadcast.run.failure == ""
    return broadcast


def _meter_rests() -> None:
    Gateway.objects.update_or_create(pk=1, defaults={"bulk_until": Now() - timedelta(minutes=1)})


def texts_leave(most: int | None = None) -> int:
    """As many as the meter lets go in two seconds, as if a while had passed."""
    _meter_rests()
    return sms.services.send_due(Kind.BULK, most=most)


def in_hand() -> Message:
    """A text that a worker has taken and not handed over yet."""
    _meter_rests()
    [taken] = sms.services.take(Kind.BULK, most=1)
    return taken


def sent(broadcast: Broadcast) -> Broadcast:
    for _turn in range(50):
        broadcast = step(broadcast)
        texts_leave()
        if broadcast.status == "sent":
            assert report.make_due() == 1
            broadcast.refresh_from_db()
            return broadcast
    raise AssertionError("it never ends")


def states(broadcast: Broadcast) -> dict[int, str]:
    return dict(Recipient.objects.filter(broadcast=broadcast).values_list("user", "state"))


def people(number: int) -> list[Any]:
    return [make.officer() for _n in range(number)]
