"""Where the money is now, for whoever waits for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import Entry
from claims.models import Channel, Claim, ClaimStatus, Payment

SENT = "sent"  # a claim is still being paid then: the channel has the money, and nobody knows more
ORDER: list[str] = [
    ClaimStatus.PREPARED,
    ClaimStatus.VERIFIED,
    ClaimStatus.APPROVED,
    ClaimStatus.PAYING,
    SENT,
    ClaimStatus.PAID,
]
STEPS: dict[str, Promise] = {
    ClaimStatus.PREPARED: gettext_lazy("Computed from the registers"),
    ClaimStatus.VERIFIED: gettext_lazy("Verified by the sub-county director"),
    ClaimStatus.APPROVED: gettext_lazy("Approved by KNEC"),
    ClaimStatus.PAYING: gettext_lazy("In a payment batch"),
    SENT: gettext_lazy("Sent to be paid"),
    ClaimStatus.PAID: gettext_lazy("Paid"),
}
VERBS: dict[str, str] = {
    "claim.verified": ClaimStatus.VERIFIED,
    "claim.approved": ClaimStatus.APPROVED,
    "claim.batched": ClaimStatus.PAYING,
    "claim.paid": ClaimStatus.PAID,
}
NEXT: dict[str, Promise] = {
    ClaimStatus.PREPARED: gettext_lazy("The sub-county director checks it next."),
    ClaimStatus.VERIFIED: gettext_lazy("KNEC approves it next."),
    ClaimStatus.APPROVED: gettext_lazy("It goes into the next payment batch."),
    ClaimStatus.PAYING: gettext_lazy("It is in a batch, which is checked and then sent."),
    ClaimStatus.PAID: gettext_lazy("The money was sent."),
    ClaimStatus.DISPUTED: gettext_lazy("It stands still until KNEC has looked at your dispute."),
}
# Of a claim that pays nothing out.
KEPT_BACK: dict[str, Promise] = {
    ClaimStatus.APPROVED: gettext_lazy("It is kept back from your next payment."),
    ClaimStatus.PAYING: gettext_lazy("It is being kept back from a payment to you."),
    ClaimStatus.PAID: gettext_lazy("It was kept back from a payment to you."),
}
LIVE = ("waiting", "paid")


@dataclass(frozen=True, slots=True)
class Step:
    text: str
    done: bool
    at: datetime | None
    usual: str = ""


@dataclass(frozen=True)
class Trail:
    """What the trail knows of a claim: when it took each step last, and a dispute's enquiry."""

    when: dict[str, datetime]
    enquiry: int | None


def trail(claim: Claim) -> Trail:
    """Newest first: a claim may go through a step again."""
    when: dict[str, datetime] = {ClaimStatus.PREPARED: claim.prepared_at}
    enquiry = None
    rows = Entry.objects.about(claim).filter(verb__in=[*VERBS, "claim.disputed"])
    for verb, at, details in rows.values_list("verb", "at", "details"):
        if verb in VERBS:
            when.setdefault(VERBS[verb], at)
        elif enquiry is None:
            enquiry = details.get("enquiry")
    return Trail(when, enquiry)


def life(claim: Claim, known: Trail, payments: Sequence[Payment] = ()) -> list[Step]:
    """What has happened to a claim and what is still to come, oldest first."""
    when = dict(known.when)
    sent = _sent_at(payments)
    if sent:
        when[SENT] = sent
    reached = _reached(claim, sent)
    pays_out = claim.net > 0
    steps: list[Step] = []
    for place, status in enumerate(ORDER):
        if not pays_out and status in (ClaimStatus.PAYING, SENT):
            continue
        done = place <= reached
        text = STEPS[status]
        if not pays_out and status == ClaimStatus.PAID:
            text = gettext_lazy("Kept back from a payment")
        usual = "" if done or claim.status == ClaimStatus.DISPUTED else _usual(status)
        steps.append(Step(str(text), done, when.get(status) if done else None, usual))
    return steps


def _reached(claim: Claim, sent: datetime | None) -> int:
    match claim.status:
        case ClaimStatus.DISPUTED:
            return 0
        case ClaimStatus.PAYING if sent:
            return ORDER.index(SENT)
        case _:
            return ORDER.index(claim.status)


def _sent_at(payments: Sequence[Payment]) -> datetime | None:
    live = [payment.batch.exported_at for payment in payments if payment.status in LIVE]
    return live[-1] if live else None


def _usual(status: str) -> str:
    days = usual_days(status)
    if days is None:
        return ""
    said = ngettext(
        "usually %(days)s day after the step before",
        "usually %(days)s days after the step before",
        days,
    )
    return said % {"days": days}


def usual_days(status: str) -> int | None:
    """As headquarters has said, if it has."""
    known: dict[str, Any] = settings.CLAIM_USUAL_DAYS
    return int(known[status]) if status in known else None


def whereabouts(claim: Claim, *, held: bool, payments: Sequence[Payment] = ()) -> str:
    """One sentence: what happens next, or what stands in the way."""
    if held and claim.status == ClaimStatus.APPROVED:
        return _("It is approved, but held. See below what to do.")
    if claim.net <= 0 and claim.status in KEPT_BACK:
        return str(KEPT_BACK[claim.status])
    if claim.status == ClaimStatus.PREPARED and claim.question:
        return _("The Sub-County Director asks about your days. See below.")
    if claim.status == ClaimStatus.PAYING and _sent_at(payments):
        by_phone = payments[-1].channel == Channel.MPESA
        return _("It is on its way to M-Pesa.") if by_phone else _("It is on its way to your bank.")
    return str(NEXT[claim.status])
