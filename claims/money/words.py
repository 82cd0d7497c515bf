"""What the trail's lines say, in an auditor's words."""

from collections.abc import Iterator
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Entry, User
from cp2.rules import Role

VERBS: dict[str, Promise] = {
    "amendment.asked": gettext_lazy("Amendment asked for"),
    "amendment.granted": gettext_lazy("Amendment granted"),
    "amendment.refused": gettext_lazy("Amendment refused"),
    "amendment.withdrawn": gettext_lazy("Amendment withdrawn"),
    "application.deployed": gettext_lazy("Application led to this deployment"),
    "application.made": gettext_lazy("Applied"),
    "application.nominated": gettext_lazy("Nominated"),
    "application.released": gettext_lazy("Application released"),
    "application.turned_down": gettext_lazy("Application turned down"),
    "application.withdrawn": gettext_lazy("Application withdrawn"),
    "bank_account.saved": gettext_lazy("Bank account saved"),
    "bank_account.shared": gettext_lazy("Another officer gave the same bank account"),
    "batch.approved": gettext_lazy("Batch approved"),
    "batch.begun": gettext_lazy("Batch begun"),
    "batch.cancelled": gettext_lazy("Batch cancelled"),
    "batch.downloaded": gettext_lazy("File downloaded"),
    "batch.exported": gettext_lazy("File written for the channel"),
    "batch.prepared": gettext_lazy("Batch prepared"),
    "batch.read_back": gettext_lazy("Result file of the channel read"),
    "batch.reconciled": gettext_lazy("All results known"),
    "batch.reduced": gettext_lazy("What changed was taken out of the batch"),
    "claim.adjusted": gettext_lazy("Adjustment computed"),
    "claim.approved": gettext_lazy("Claim approved"),
    "claim.batched": gettext_lazy("Taken into a batch"),
    "claim.changed": gettext_lazy("Computed anew"),
    "claim.dispute_withdrawn": gettext_lazy("Dispute withdrawn by the officer"),
    "claim.disputed": gettext_lazy("Disputed by the officer"),
    "claim.kept_back": gettext_lazy("Kept back from a payment"),
    "claim.paid": gettext_lazy("Result line read: paid"),
    "claim.questioned": gettext_lazy("Left unverified by the SCDE, with a question"),
    "claim.settled": gettext_lazy("Dispute settled"),
    "claim.taken_out": gettext_lazy("Taken out of the batch"),
    "claim.verified": gettext_lazy("Claim verified"),
    "deployment.accepted": gettext_lazy("Accepted by the officer"),
    "deployment.cancelled": gettext_lazy("Cancelled"),
    "deployment.expired": gettext_lazy("Not answered in time"),
    "deployment.moved": gettext_lazy("Moved here"),
    "deployment.offered": gettext_lazy("Offered"),
    "deployment.reminded": gettext_lazy("Reminded to answer"),
    "deployment.rejected": gettext_lazy("Turned down by the officer"),
    "deployment.replaced": gettext_lazy("In place of another"),
    "deployment.rotated": gettext_lazy("Rotated here"),
    "deployment.swapped": gettext_lazy("Exchanged with another"),
    "deployment.taken_on": gettext_lazy("Taken on at the gate"),
    "identity.accepted": gettext_lazy("Difference from the registers accepted"),
    "officer.barred": gettext_lazy("Barred"),
    "officer.pending": gettext_lazy("To be vetted again"),
    "officer.registered": gettext_lazy("Registered"),
    "officer.submitted": gettext_lazy("Profile submitted"),
    "officer.vetted": gettext_lazy("Vetted"),
    "payee.changed": gettext_lazy("Payee changed"),
    "payment.failed": gettext_lazy("Result line read: failed"),
    "payment.reversed": gettext_lazy("Result line read: taken back"),
    "payment.taken_back": gettext_lazy("Taken back by headquarters"),
    "register.amended": gettext_lazy("Register amended"),
    "return.received": gettext_lazy("Signed register received by KNEC"),
    "return.signed": gettext_lazy("Register printed and signed"),
    "return.stamped": gettext_lazy("Signed register stamped by the SCDE"),
}
# Of what an entry tells, that which a reader of the trail asks for; numbers in it are masked.
DETAILS: dict[str, Promise] = {
    "reason": gettext_lazy("reason"),
    "note": gettext_lazy("note"),
    "answer": gettext_lazy("answer"),
    "batch": gettext_lazy("batch"),
    "count": gettext_lazy("payments"),
    "total": gettext_lazy("total, KES"),
    "net": gettext_lazy("net, KES"),
    "amount": gettext_lazy("amount, KES"),
    "days": gettext_lazy("days"),
    "reference": gettext_lazy("reference"),
    "paid": gettext_lazy("paid"),
    "failed": gettext_lazy("failed"),
    "left": gettext_lazy("lines left to look at"),
    "left_out": gettext_lazy("claims left out"),
    "code": gettext_lazy("code"),
    "was": gettext_lazy("was"),
    "now": gettext_lazy("now"),
}


def what(entry: Entry) -> str:
    return str(VERBS.get(entry.verb, entry.verb))


def why(entry: Entry) -> str:
    return "; ".join(_told(entry.details))


def _told(details: Any) -> Iterator[str]:
    for name, label in DETAILS.items():
        value = details.get(name)
        if isinstance(value, str | int) and value != "" and value is not True:
            yield f"{label}: {value}"
        elif isinstance(value, list) and value:
            yield f"{label}: {len(value)}"


def who(user: User | None, acting_name: str = "") -> str:
    """By name and account, and who said that they sat at it."""
    if user is None:
        return acting_name or _("by rule")
    known = f"{user.name} ({user.username})" if user.name else user.username
    if user.role == Role.OFFICER:
        known = _("the officer")  # whose numbers stay masked here
    return f"{acting_name}, {known}" if acting_name else known
