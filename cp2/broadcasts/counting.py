"""The run that finds an audience: person by person, fifty thousand accounts at a time."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import CharField, Count, Max, Min
from django.db.models.functions import MD5, Cast
from django.utils import timezone

from accounts.models import User
from accounts.running import Work
from cp2.broadcasts import audience
from cp2.broadcasts.models import Broadcast, BroadcastStatus, Recipient, State
from cp2.broadcasts.wording import segments_of
from cp2.rules import lock, move
from cp2.runs.models import Run

BLOCK = 50_000
SAMPLE = 10
BY_CHANCE = MD5(Cast("user", CharField()))  # the same people at each look


def of(run: Run) -> Broadcast:
    """What the run is about, locked after it: whoever needs both takes them in this order."""
    return lock(Broadcast(pk=run.asked["broadcast"]))


def plan(run: Run) -> list[Any]:
    forget(of(run))
    ends = User.objects.aggregate(first=Min("pk"), last=Max("pk"))
    blocks = range(ends["first"] or 0, (ends["last"] or 0) + 1, BLOCK)
    return [*([first, first + BLOCK] for first in blocks), "figures"]


def forget(broadcast: Broadcast) -> None:
    """The people of an earlier count, in one statement: Django would read them first."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM broadcasts_recipient WHERE broadcast_id = %s", [broadcast.pk])


def step(run: Run, portion: Any) -> None:
    broadcast = of(run)
    if portion != "figures":
        first, beyond = portion
        run.count(people=audience.add(broadcast, first=first, beyond=beyond))
        return
    figures, cost, taken = _figures(broadcast)
    reached = sum(figures["reached"].values())
    move(
        broadcast,
        BroadcastStatus.READY,
        reached=reached,
        unreached=figures["no_phone"] + figures["opted_out"],
        segments=taken,
        cost=cost,
        figures=figures,
        counted_at=timezone.now(),
    )
    run.count(texts=reached, segments=taken)


def _figures(broadcast: Broadcast) -> tuple[dict[str, Any], Decimal, int]:
    rows = Recipient.objects.filter(broadcast=broadcast).order_by()
    counted = rows.values_list("county__name", "language", "state").annotate(n=Count("pk"))
    reached: dict[str, int] = {"en": 0, "sw": 0}
    left_out = {State.NO_PHONE: 0, State.OPTED_OUT: 0}
    counties: dict[str, dict[str, int]] = {}
    for county, language, state, n in counted:
        of_county = counties.setdefault(county or "", {})
        column = language if state == State.WAITING else state
        of_county[column] = of_county.get(column, 0) + n
        if state == State.WAITING:
            reached[language] = reached.get(language, 0) + n
        elif state in left_out:
            left_out[State(state)] += n
    each = segments_of(broadcast)
    taken = sum(n * each[language] for language, n in reached.items())
    sample = rows.filter(state=State.WAITING).order_by(BY_CHANCE).values_list("pk", flat=True)
    figures = {
        "reached": reached,
        "no_phone": left_out[State.NO_PHONE],
        "opted_out": left_out[State.OPTED_OUT],
        "segments": each,
        "per_segment": str(settings.SMS_COST),
        "counties": sorted(counties.items()),
        "sample": list(sample[:SAMPLE]),
    }
    return figures, taken * settings.SMS_COST, taken


def called_off(run: Run, by: User) -> None:
    """It is a draft again."""
    broadcast = of(run)
    if broadcast.status == BroadcastStatus.COUNTING:
        forget(broadcast)
        move(broadcast, BroadcastStatus.DRAFT)


WORK = Work(plan=plan, step=step, called_off=called_off)
