"""Two texts to many: one that has been sent, with what became of it, and one that waits for its
approval. Both to those of the first sub-county alone."""

from datetime import timedelta
from decimal import Decimal

from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from accounts.promises import RunStatus
from catalogue.models import Exam, SubCounty
from cp2.broadcasts import report, sending, services
from cp2.broadcasts.models import Broadcast, BroadcastStatus, Stage, Who
from cp2.rules import move
from cp2.runs import services as runs
from cp2.runs.models import Run
from sms.models import Message, MessageStatus

LATELY = timedelta(days=1)
BLOCKED = "UserInBlackList"


def write(exam: Exam, place: SubCounty, *, writer: User, other: User) -> None:
    asked = {"exam": exam, "sub_counties": [place.pk], "who": Who.OFFICERS}
    _send(
        Broadcast(
            title="Be there early",
            text_en="{exam}: papers begin at 8.00. Be at your station by 6.30 with your letter "
            "and your ID card. KNEC",
            text_sw="{exam}: mitihani huanza saa mbili. Fika kituoni kabla ya saa kumi na mbili "
            "na nusu ukiwa na barua na kitambulisho. KNEC",
            stage=Stage.ACCEPTED,
            **asked,
        ),
        writer=writer,
        other=other,
    )
    waiting = Broadcast(
        title="Check who is paid",
        text_en="Dear {name}, before claims of {exam} are prepared, check on your profile that the "
        "number to be paid is yours. KNEC",
        text_sw="Ndugu {name}, kabla ya madai ya {exam} kutayarishwa, hakikisha kwenye wasifu wako "
        "kuwa nambari ya kulipwa ni yako. KNEC",
        stage=Stage.REGISTERED,
        **asked,
    )
    services.propose(_counted(waiting, by=other), by=other)


def _counted(broadcast: Broadcast, *, by: User) -> Broadcast:
    broadcast = services.count(services.write(broadcast, by=by), by=by)
    assert broadcast.run
    runs.finish(broadcast.run)
    broadcast.refresh_from_db()
    return broadcast


def _send(broadcast: Broadcast, *, writer: User, other: User) -> None:
    """As if it had left yesterday: no phone rings for it now."""
    row = services.propose(_counted(broadcast, by=writer), by=writer)
    row = services.approve(row, seen=services.version(row), by=other)
    move(row, BroadcastStatus.SENDING)
    assert row.run
    sending.write(row, most=row.reached)
    _arrive(row)
    move(row, BroadcastStatus.SENT, ended_at=timezone.now())
    report.make(row)
    Run.objects.filter(pk=row.run.pk).update(
        status=RunStatus.DONE, ended_at=Now(), portions=1, outcome={"texts": row.reached}
    )


def _arrive(broadcast: Broadcast) -> None:
    """Most do; some phones block such texts, some networks have not said."""
    texts = list(Message.objects.filter(template=sending.TEMPLATE, status="queued").order_by("pk"))
    for number, text in enumerate(texts):
        at = timezone.now() - LATELY + timedelta(seconds=number / 10)
        text.created_at = text.not_before = at
        text.handed_at = text.sent_at = at + timedelta(seconds=1)
        text.status, text.delivered_at = MessageStatus.DELIVERED, at + timedelta(seconds=9)
        text.attempts, text.cost = 1, Decimal("0.8")
        text.provider_id = f"sample-broadcast-{broadcast.pk}-{number}"
        if number % 11 == 6:
            text.status, text.failure, text.delivered_at = MessageStatus.FAILED, BLOCKED, None
        elif number % 13 == 5:
            text.status, text.delivered_at = MessageStatus.SENT, None
    Message.objects.bulk_update(
        texts,
        [
            "created_at",
            "not_before",
            "handed_at",
            "sent_at",
            "status",
            "delivered_at",
            "attempts",
            "cost",
            "provider_id",
            "failure",
        ],
        batch_size=500,
    )
