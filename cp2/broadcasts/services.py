"""A text to many is written by one person of headquarters and approved by another."""

from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record
from cp2.broadcasts import sending
from cp2.broadcasts.models import Broadcast, BroadcastStatus, State
from cp2.broadcasts.wording import exam_of, faults
from cp2.rules import Refused, digest, lock, move, refuse_move
from cp2.runs import services as runs
from cp2.runs.models import RunKind

AUDIENCE = [
    "who",
    "stage",
    "office",
    "exam_id",
    "positions",
    "counties",
    "sub_counties",
    "stations",
]


# Writing


def refuse_faulty(broadcast: Broadcast) -> None:
    found = [
        fault
        for text in broadcast.texts.values()
        for fault in faults(text, exam=exam_of(broadcast))
    ]
    if found:
        raise Refused(*found)


@transaction.atomic
def write(broadcast: Broadcast, *, by: User) -> Broadcast:
    """A new draft, or another version of one. Whoever saved it may not approve it."""
    refuse_faulty(broadcast)
    if broadcast._state.adding:
        broadcast.prepared_by, broadcast.hands = by, [by.pk]
        broadcast.save()
        record("broadcast.written", broadcast, by=by)
        return broadcast
    row = lock(broadcast)
    if row.status != BroadcastStatus.DRAFT:
        raise Refused(_("Only a draft can be changed. Look at it again: somebody was faster."))
    for name in ["title", "text_en", "text_sw", *AUDIENCE]:
        setattr(row, name, getattr(broadcast, name))
    row.hands = _with(row, by)
    row.save()
    record("broadcast.changed", row, by=by)
    return row


def _with(broadcast: Broadcast, by: User) -> list[int]:
    return broadcast.hands if by.pk in broadcast.hands else [*broadcast.hands, by.pk]


@transaction.atomic
def count(broadcast: Broadcast, *, by: User) -> Broadcast:
    """Finds out whom it reaches and what it costs; a worker does."""
    row = lock(broadcast)
    refuse_faulty(row)
    refuse_move(row, BroadcastStatus.COUNTING)
    run = _start(RunKind.AUDIENCE, row, by)
    move(row, BroadcastStatus.COUNTING, run=run, hands=_with(row, by), reason="")
    return row


def _start(kind: RunKind, broadcast: Broadcast, by: User) -> Any:
    return runs.start(
        kind,
        by=by,
        title=broadcast.title,
        about=f"broadcast {broadcast.pk}",
        page=reverse("admin:broadcasts_broadcast_change", args=[broadcast.pk]),
        broadcast=broadcast.pk,
    )


@transaction.atomic
def change(broadcast: Broadcast, *, by: User) -> Broadcast:
    """Back to the draft: what was counted counts no more."""
    row = lock(broadcast)
    if row.status != BroadcastStatus.READY:
        raise Refused(_("Only what is counted and not yet proposed goes back to be changed."))
    move(row, BroadcastStatus.DRAFT)
    record("broadcast.opened", row, by=by)
    return row


@transaction.atomic
def discard(broadcast: Broadcast, *, by: User) -> Broadcast:
    row = lock(broadcast)
    move(row, BroadcastStatus.DISCARDED)
    record("broadcast.discarded", row, by=by)
    return row


@transaction.atomic
def propose(broadcast: Broadcast, *, by: User) -> Broadcast:
    row = lock(broadcast)
    if row.status == BroadcastStatus.READY and not row.reached:
        raise Refused(_("It would reach nobody. Change whom it goes to, and count again."))
    move(row, BroadcastStatus.PROPOSED, hands=_with(row, by))
    record("broadcast.proposed", row, by=by, texts=row.reached, cost=str(row.cost))
    return row


# Deciding


def version(broadcast: Broadcast) -> str:
    """Of all that somebody approves: texts, audience, who was counted."""
    said = [broadcast.text_en, broadcast.text_sw, broadcast.counted_at, broadcast.reached]
    said += [getattr(broadcast, name) for name in AUDIENCE]
    return digest(said)


@transaction.atomic
def approve(broadcast: Broadcast, *, seen: str, by: User) -> Broadcast:
    """By somebody who had no hand in it, of what they saw; it begins to leave."""
    row = lock(broadcast)
    refuse_move(row, BroadcastStatus.APPROVED)
    if by.pk in row.hands:
        raise Refused(_("You had a hand in this text, so someone else must approve it."))
    if seen != version(row):
        raise Refused(_("It was changed since you looked. Read it again."))
    refuse_faulty(row)
    run = _start(RunKind.SEND, row, by)
    move(row, BroadcastStatus.APPROVED, run=run, approved_by=by, approved_at=timezone.now())
    record("broadcast.approved", row, by=by, texts=row.reached, cost=str(row.cost), version=seen)
    return row


@transaction.atomic
def send_back(broadcast: Broadcast, *, reason: str, by: User) -> Broadcast:
    row = lock(broadcast)
    if row.status != BroadcastStatus.PROPOSED:
        raise Refused(_("Only what waits for approval can be sent back."))
    move(row, BroadcastStatus.DRAFT, reason=reason)
    record("broadcast.sent_back", row, by=by, reason=reason)
    return row


# While it is sent


def _locked(broadcast: Broadcast) -> Broadcast:
    """The run before what it is about, as the run's own steps take them."""
    if broadcast.run:
        lock(broadcast.run)
    row = lock(broadcast)
    if row.run_id != broadcast.run_id:
        raise Refused(_("It was changed since you looked. Read it again."))
    return row


@transaction.atomic
def pause(broadcast: Broadcast, *, by: User) -> Broadcast:
    """What waits for its turn is taken back at once, and written again when it goes on."""
    row = _locked(broadcast)
    move(row, BroadcastStatus.PAUSED)
    taken = sending.take_back(row, State.WAITING)
    record("broadcast.paused", row, by=by, taken_back=taken)
    return row


@transaction.atomic
def resume(broadcast: Broadcast, *, by: User) -> Broadcast:
    row = _locked(broadcast)
    if row.status != BroadcastStatus.PAUSED:
        raise Refused(_("Only what is paused can go on."))
    move(row, BroadcastStatus.SENDING)
    if row.run and row.run.is_open:
        row.run.not_before = timezone.now()
        row.run.save(update_fields=["not_before"])
    record("broadcast.resumed", row, by=by)
    return row


@transaction.atomic
def stop(broadcast: Broadcast, *, reason: str, by: User) -> Broadcast:
    """For good: what has not left does not leave any more."""
    row = _locked(broadcast)
    refuse_move(row, BroadcastStatus.STOPPED)
    assert row.run  # whatever is on its way is sent by one
    runs.cancel(row.run, by=by)  # which stops the broadcast
    row.refresh_from_db()
    row.reason = reason
    row.save(update_fields=["reason"])
    record("broadcast.stopped", row, by=by, reason=reason)
    return row
