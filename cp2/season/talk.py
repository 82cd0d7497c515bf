"""Texts of the first sub-county, and its officers who lost a number."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils import timezone

import sms.services
from accounts.models import Entry, User
from catalogue.models import SubCounty
from deployments.models import Deployment
from deployments.services import words
from profiles.models import ChangeStatus, NumberChange, Officer, Road, Vetting, masked
from sms.models import InboundMessage, Kind, Message, MessageStatus

MOST_TEXTED = 60
HEARD = [("PASSWORD", "password promised"), ("Hello", "answered: sms/help")]
BLOCKED = "UserInBlackList"  # what a gateway says of phones that take no bulk texts
NETWORKS = ["63902", "63902", "63902", "63902", "63903", "63903", "63907"]  # by its codes


# Texts


def send_texts(place: SubCounty) -> None:
    """As the gateway left them: most delivered, some not, some still on their way."""
    deployments = (
        Deployment.objects.filter(post__station__sub_county=place)
        .select_related("post__exam", "post__station", "post__position", "officer__user")
        .order_by("pk")[:MOST_TEXTED]
    )
    texts = [text for deployment in deployments for text in _texts(deployment)]
    for number, text in enumerate(texts):
        text.provider_id = f"sample-{number}"
        text.network = NETWORKS[number % len(NETWORKS)]
        if text.kind == Kind.NOTICE:
            _settle(text, number)
    Message.objects.bulk_create(sorted(texts, key=lambda text: text.created_at))
    InboundMessage.objects.bulk_create(
        InboundMessage(
            provider_id=f"sample-in-{deployment.pk}",
            sender=f"+{deployment.officer.user.phone}",
            shortcode="22262",
            text=said,
            received_at=deployment.offered_at,
            read_at=deployment.offered_at + timedelta(seconds=1),
            outcome=outcome,
        )
        for deployment, (said, outcome) in zip(deployments, HEARD, strict=False)
    )


def _texts(deployment: Deployment) -> Iterator[Message]:
    user = deployment.officer.user
    said = {"language": user.language, **words(deployment)}
    yield _sent(
        user,
        user.date_joined,
        kind=Kind.CREDENTIALS,
        template="accounts/registered",
        context={"user": user.pk},
    )
    for template, at in (
        ("deployments/offered", deployment.offered_at),
        ("deployments/accepted", deployment.answered_at if deployment.is_accepted else None),
    ):
        if at is not None:
            yield _sent(user, at, template=template, text=sms.services.render(template, **said))


def _sent(user: User, at: datetime, **fields: object) -> Message:
    return Message(
        to=user.phone or "",
        status=MessageStatus.DELIVERED,
        attempts=1,
        cost=Decimal("0.8000"),
        not_before=at,
        created_at=at,
        handed_at=at + timedelta(seconds=1),
        sent_at=at + timedelta(seconds=1),
        delivered_at=at + timedelta(seconds=9),
        **fields,
    )


def _settle(text: Message, number: int) -> None:
    if number % 12 == 7:
        text.status, text.failure, text.delivered_at = MessageStatus.FAILED, BLOCKED, None
    elif number % 9 == 4:
        text.status, text.delivered_at, text.network = MessageStatus.SENT, None, ""


# Lost numbers

NEW_PHONES = 254197_000_000
LOST = [
    ("The phone was stolen on the way home from the market.", True),
    ("I gave the line up when I changed my network.", True),
    ("The line is registered to my brother, who needs it back.", False),
]


def lose_numbers(place: SubCounty) -> None:
    """Three officers have typed the code that came to their new number, and wait for the TSC
    director."""
    officers = (
        Officer.objects.filter(sub_county=place, vetting=Vetting.VETTED)
        .select_related("user")
        .order_by("-pk")[: len(LOST)]
    )
    for number, (officer, (why, payee_too)) in enumerate(zip(officers, LOST, strict=False)):
        proven_at = timezone.now() - timedelta(days=len(LOST) - number, hours=3)
        change = NumberChange.objects.create(
            officer=officer,
            road=Road.LOST,
            status=ChangeStatus.PROVEN,
            old_phone=officer.user.phone or "",
            new_phone=str(NEW_PHONES + number),
            payee_too=payee_too,
            why=why,
            language=officer.user.language,
            asked_at=proven_at - timedelta(minutes=4),
            proven_at=proven_at,
        )
        Entry.objects.create(
            at=proven_at,
            actor=None,
            verb="number.proven",
            subject_type="profiles.officer",
            subject_id=officer.pk,
            details={"now": masked(change.new_phone), "request": change.pk},
        )
