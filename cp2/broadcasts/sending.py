"""The run that sends what was approved.

It never writes more texts ahead than leave in two minutes, so that to stop it, to pause it, or the
night, need take back no more than these. A portion, its people's states and the run's progress are
one transaction: a worker that dies leaves nobody out and nobody with two.
"""

from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from accounts.news import News
from accounts.running import Work
from cp2.broadcasts import audience, report, wording
from cp2.broadcasts.counting import of
from cp2.broadcasts.hours import quiet_until
from cp2.broadcasts.models import Broadcast, BroadcastStatus, Recipient, State
from cp2.rules import move
from cp2.runs.models import Run
from profiles.models import Officer
from sms.models import Kind, Message, MessageStatus
from sms.services import Unsendable

TEMPLATE = "broadcasts/text"
PORTION = 500
AHEAD = timedelta(minutes=2)  # of what the gateway takes
LOOK_AGAIN = timedelta(seconds=10)
NOT_LEFT = [MessageStatus.QUEUED, MessageStatus.HELD]  # surely not: nobody was called with these


def plan(run: Run) -> list[str]:
    broadcast = of(run)
    move(broadcast, BroadcastStatus.SENDING)
    return _left(broadcast)


def step(run: Run, _portion: str) -> None:
    """Writes what there is room for, or waits. What is left of the run is counted anew each time,
    since what was written may have been taken back."""
    broadcast = of(run)
    report.look(broadcast)
    now, wait = timezone.now(), LOOK_AGAIN
    night = quiet_until(now)
    if broadcast.status == BroadcastStatus.PAUSED or night:
        take_back(broadcast, State.WAITING)
        # one that a worker had in hand may wait for another try: that must not be tonight
        wait = night - now if night and not _waiting_for(broadcast, State.WRITTEN) else wait
    elif room := _room(broadcast):
        run.count(**write(broadcast, most=min(room, PORTION)))
        wait = timedelta(0)
    left = _left(broadcast)
    if left == ["end"] and not _waiting_for(broadcast, State.WRITTEN):
        left = []
        move(broadcast, BroadcastStatus.SENT, ended_at=now, reported_at=None)
    elif left == ["end"]:
        wait = LOOK_AGAIN
    run.left = ["now", *left]  # the first is what was just done
    run.not_before = now + wait


def _left(broadcast: Broadcast) -> list[str]:
    waiting = _waiting_for(broadcast, State.WAITING)
    return ["write"] * -(-waiting // PORTION) + ["end"]


def _of(broadcast: Broadcast, state: State) -> QuerySet[Recipient]:
    return Recipient.objects.filter(broadcast=broadcast, state=state)


def _waiting_for(broadcast: Broadcast, state: State) -> int:
    return _of(broadcast, state).count()


def _room(broadcast: Broadcast) -> int:
    rate: float = settings.SMS_BULK_PER_SECOND
    most = int(rate * AHEAD.total_seconds()) if rate > 0 else 0
    return max(most - _waiting_for(broadcast, State.WRITTEN), 0)


def key(broadcast: Broadcast, user: int) -> str:
    return f"broadcast:{broadcast.pk}:{user}"


def write(broadcast: Broadcast, *, most: int) -> dict[str, int]:
    """The next people's texts, in the language and to the number that they have now. Whoever has
    left the audience since it was counted is passed over."""
    rows = list(_of(broadcast, State.WAITING).select_related("user").order_by("pk")[:most])
    still_in = audience.still_in(broadcast, [row.user_id for row in rows])
    for row in rows:
        row.state = _standing(row.user, still_in)
    going = [row for row in rows if row.state == State.WRITTEN]
    keys = [key(broadcast, row.user_id) for row in going]
    known = {each.dedupe_key: each for each in Message.objects.filter(dedupe_key__in=keys)}
    new = {
        message.dedupe_key: message
        for message in _messages(broadcast, going)
        if message.dedupe_key not in known
    }
    Message.objects.bulk_create(new.values())
    texts = known | new
    for row in going:
        row.message = texts[key(broadcast, row.user_id)]
    _note(rows)
    return {"texts": len(new), "passed_over": len(rows) - len(going)}


NOTE = """
    UPDATE broadcasts_recipient AS recipient
    SET state = now.state, message_id = now.message
    FROM unnest(%s::bigint[], %s::text[], %s::bigint[]) AS now (id, state, message)
    WHERE recipient.id = now.id
"""


def _note(rows: list[Recipient]) -> None:
    """In one statement: to put together Django's own takes longer than all the rest."""
    texts = [row.message_id for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(NOTE, ([row.pk for row in rows], [str(row.state) for row in rows], texts))


def _standing(user: User, still_in: set[int]) -> State:
    if not user.is_active:
        return State.CLOSED
    if not user.phone:
        return State.NO_PHONE
    if News.ANNOUNCEMENTS in user.news_off:
        return State.OPTED_OUT
    return State.WRITTEN if user.pk in still_in else State.LEFT


def _messages(broadcast: Broadcast, rows: list[Recipient]) -> list[Message]:
    names = _names([row.user for row in rows]) if _names_people(broadcast) else {}
    exam, texts = wording.exam_of(broadcast), broadcast.texts
    return [
        Message(
            to=row.user.phone or "",
            kind=Kind.BULK,
            template=TEMPLATE,
            context={"broadcast": broadcast.pk},
            text=wording.fill(
                texts[row.user.language],
                name=wording.first_name(names.get(row.user_id, ""), row.user.language),
                exam=exam,
            ),
            dedupe_key=key(broadcast, row.user_id),
        )
        for row in rows
    ]


def _names_people(broadcast: Broadcast) -> bool:
    return any("{name}" in text for text in broadcast.texts.values())


def _names(users: list[User]) -> dict[int, str]:
    officers = Officer.objects.filter(user__in=users).values_list("user", "full_name")
    return {user.pk: user.name for user in users} | dict(officers)


def take_back(broadcast: Broadcast, state: State) -> int:
    """The texts that wait for their turn: as if they had never been written. One that a worker has
    in hand is its own."""
    waiting = _of(broadcast, State.WRITTEN).values("message")
    texts = list(
        Message.objects.filter(pk__in=waiting, status__in=NOT_LEFT)
        .select_for_update()
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    Recipient.objects.filter(message__in=texts).update(state=state, message=None)
    Message.objects.filter(pk__in=texts).delete()
    return len(texts)


def called_off(run: Run, by: User) -> None:
    """Whatever has not left does not leave."""
    broadcast = of(run)
    report.look(broadcast)
    take_back(broadcast, State.WITHDRAWN)
    _of(broadcast, State.WAITING).update(state=State.WITHDRAWN)
    move(broadcast, BroadcastStatus.STOPPED, ended_at=timezone.now(), reported_at=None)


def compose(message: Message) -> str:
    """At the moment of sending: what a worker had in hand when it was stopped stays here too."""
    stopped = Broadcast.objects.filter(
        pk=message.context["broadcast"], status=BroadcastStatus.STOPPED
    )
    if stopped.exists():
        raise Unsendable(report.STOPPED)
    return message.text


WORK = Work(plan=plan, step=step, called_off=called_off)
