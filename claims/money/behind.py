"""The claims behind a figure of the report, found in the tables themselves."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import Entry, User
from claims.models import (
    FIXED,
    Claim,
    ClaimQuerySet,
    ClaimStatus,
    Hold,
    MoneyState,
    Payment,
    PaymentStatus,
    Road,
    earned,
)
from claims.money.lines import of_claims

LIVE = [PaymentStatus.WAITING, PaymentStatus.PAID]
MISSED = [PaymentStatus.FAILED, PaymentStatus.REVERSED]


def behind(asked: dict[str, Any], *, to: User) -> ClaimQuerySet:
    """Those with some of their money there, even where most of it was earned elsewhere."""
    claims = Claim.objects.visible_to(to)
    if exam := asked.get("exam"):
        claims = claims.filter(exam=exam)
    if year := asked.get("year"):
        claims = claims.filter(exam__year=year)
    state, week = asked.get("state"), asked.get("week")
    if state or week:
        either = Q()
        for each in [MoneyState(state)] if state else MoneyState:
            either |= _in(each) & (_since(each, week) if week else Q())
        claims = claims.filter(either)
    if asked.get("held"):
        claims = claims.filter(Exists(Hold.objects.standing().filter(claim=OuterRef("pk"))))
    if channel := asked.get("channel"):
        claims = claims.filter(_by(channel))
    return claims.filter(_from(asked))


def _from(asked: dict[str, Any]) -> Q:
    """Where, and as what, at least one of its lines was earned."""
    post = "deployment__post"
    lookups = {
        "county": f"{post}__station__sub_county__county",
        "sub_county": f"{post}__station__sub_county",
        "position": f"{post}__position",
    }
    wanted = {lookup: asked[name] for name, lookup in lookups.items() if asked.get(name)}
    return earned(**wanted) if wanted else Q()


def _tried(statuses: list[PaymentStatus], **fields: Any) -> Exists:
    return Exists(Payment.objects.filter(claim=OuterRef("pk"), status__in=statuses, **fields))


def _in(state: MoneyState) -> Q:
    """As `lines.LINES` tells them apart. An approved claim has no payment that is under way."""
    positive = Q(net__gte=0)
    match state:
        case MoneyState.OWED:
            return Q(status__in=[ClaimStatus.PREPARED, ClaimStatus.VERIFIED])
        case MoneyState.DISPUTED:
            return Q(status=ClaimStatus.DISPUTED)
        case MoneyState.KEPT_BACK:
            return Q(status__in=FIXED, net__lt=0)
        case MoneyState.FAILED:
            return positive & Q(status=ClaimStatus.APPROVED) & Q(_tried(MISSED))
        case MoneyState.APPROVED:
            return positive & Q(status=ClaimStatus.APPROVED) & ~Q(_tried(MISSED))
        case _:
            return positive & Q(status=state.value)


def _since(state: MoneyState, monday: date) -> Q:
    begins = timezone.make_aware(datetime.combine(monday, time()))
    week = (begins, begins + timedelta(days=7))

    def told(*verbs: str) -> QuerySet[Any, Any]:
        entries = Entry.objects.filter(verb__in=verbs, at__gte=week[0], at__lt=week[1])
        return entries.order_by().values("subject_id")

    def during(name: str) -> Q:
        return Q((f"{name}__gte", week[0]), (f"{name}__lt", week[1]))

    match state:
        case MoneyState.OWED:
            return during("prepared_at")
        case MoneyState.PAID:
            return during("paid_at")
        case MoneyState.PAYING:
            batched = {"batch__prepared_at__gte": week[0], "batch__prepared_at__lt": week[1]}
            return Q(_tried(LIVE, **batched))
        case MoneyState.FAILED:
            return Q(_tried(MISSED, pk__in=told("payment.failed", "payment.reversed")))
        case MoneyState.DISPUTED:
            return Q(pk__in=told("claim.disputed"))
        case _:
            return Q(pk__in=told("claim.approved"))


def _by(channel: str) -> Q:
    """That of the newest attempt to pay, else what the officer chose."""
    attempts = Payment.objects.filter(status__in=[*LIVE, *MISSED])
    later = attempts.filter(claim=OuterRef("claim"), pk__gt=OuterRef("pk"))
    newest = attempts.filter(~Exists(later), claim=OuterRef("pk"), channel=channel)
    by_this = Q(Exists(newest)) if channel != Road.BANK else Q(pk__in=[])
    if channel in (Road.MPESA, Road.BANK):
        untried = ~Exists(attempts.filter(claim=OuterRef("pk")))
        by_this |= Q(untried) & Q(officer__paid_by=channel)
    return by_this


# What of each is from there


@dataclass
class Part:
    """Of one claim, what the figure holds of it."""

    claim: Claim
    gross: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    advance: Decimal = Decimal(0)
    net: Decimal = Decimal(0)
    is_counted: bool = False  # or where most of it was earned, which is elsewhere
    is_held: bool = False
    state: str = ""
    since: datetime | None = None

    @property
    def state_name(self) -> str:
        return str(MoneyState(self.state).label) if self.state else ""


def parts(claims: Iterable[Claim], asked: dict[str, Any]) -> list[Part]:
    """Two queries, however many claims."""
    found = {claim.pk: Part(claim) for claim in claims}
    for line in of_claims(list(found), **_places(asked)):
        part = found[line["claim_id"]]
        part.state, part.is_held, part.since = line["state"], line["is_held"], line["since"]
        if line["is_wanted"]:
            for name in ("gross", "tax", "advance"):
                setattr(part, name, getattr(part, name) + line[name])
            part.net = part.gross - part.tax - part.advance
            part.is_counted = part.is_counted or line["is_main"]
    return list(found.values())


def _places(asked: dict[str, Any]) -> dict[str, Any]:
    names = ("county", "sub_county", "position")
    return {name: value.pk for name in names if (value := asked.get(name))}
