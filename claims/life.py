"""Where the money is now, for whoever waits for it."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Entry
from claims.models import Claim, ClaimStatus

ORDER = [
    ClaimStatus.PREPARED,
    ClaimStatus.VERIFIED,
    ClaimStatus.APPROVED,
    ClaimStatus.PAYING,
    ClaimStatus.PAID,
]
STEPS: dict[ClaimStatus, Promise] = {
    ClaimStatus.PREPARED: gettext_lazy("Computed from the registers"),
    ClaimStatus.VERIFIED: gettext_lazy("Verified by the sub-county director"),
    ClaimStatus.APPROVED: gettext_lazy("Approved by KNEC"),
    ClaimStatus.PAYING: gettext_lazy("In a payment batch"),
    ClaimStatus.PAID: gettext_lazy("Paid"),
}
VERBS = {
    "claim.verified": ClaimStatus.VERIFIED,
    "claim.approved": ClaimStatus.APPROVED,
    "claim.batched": ClaimStatus.PAYING,
    "claim.paid": ClaimStatus.PAID,
}
NEXT: dict[str, Promise] = {
    ClaimStatus.PREPARED: gettext_lazy("The sub-county director checks it next."),
    ClaimStatus.VERIFIED: gettext_lazy("KNEC approves it next."),
    ClaimStatus.APPROVED: gettext_lazy("It goes into the next payment batch."),
    ClaimStatus.PAYING: gettext_lazy("It is on its way to M-Pesa."),
    ClaimStatus.PAID: gettext_lazy("The money was sent."),
    ClaimStatus.DISPUTED: gettext_lazy("It stands still until KNEC has looked at your dispute."),
}


@dataclass(frozen=True, slots=True)
class Step:
    text: str
    done: bool
    at: datetime | None


def life(claim: Claim) -> list[Step]:
    """What has happened to a claim and what is still to come, oldest first."""
    when = {ClaimStatus.PREPARED: claim.prepared_at}
    for verb, at in Entry.objects.about(claim).filter(verb__in=VERBS).values_list("verb", "at"):
        when.setdefault(VERBS[verb], at)  # newest first: a claim may go through a step again
    reached = 0 if claim.status == ClaimStatus.DISPUTED else ORDER.index(ClaimStatus(claim.status))
    steps = []
    for place, status in enumerate(ORDER):
        done = place <= reached
        steps.append(Step(str(STEPS[status]), done, when.get(status) if done else None))
    return steps


def whereabouts(claim: Claim, *, held: bool) -> str:
    """One sentence: what happens next, or what stands in the way."""
    if held and claim.status == ClaimStatus.APPROVED:
        return _("It is approved, but held. See below what to do.")
    return str(NEXT[claim.status])
