"""Claims at every step of their life, with the people who took them there."""

from typing import Any

from django.contrib.auth.models import Group

from accounts.models import User
from claims import services
from claims.models import (
    Claim,
    ClaimLine,
    ClaimStatus,
    Hold,
    PaymentBatch,
)
from claims.results import Result, read_results
from cp2.rules import Role, move
from cp2.tests import make


def staff(*groups: str) -> User:
    user = make.user(Role.STAFF)
    user.groups.set(Group.objects.filter(name__in=groups))
    return user


def preparer() -> User:
    return staff("Finance preparer")


def approver() -> User:
    return staff("Finance approver")


def claim(status: ClaimStatus = ClaimStatus.PREPARED, **fields: Any) -> Claim:
    """At this step of its life, brought there by people of no further interest."""
    if status == ClaimStatus.DISPUTED:
        return make.claim(status=status, dispute_reason="A day is missing", **fields)
    made = make.claim(**fields)
    if status == ClaimStatus.PREPARED:
        return made
    move(made, ClaimStatus.VERIFIED, verified_by=make.user())
    if status == ClaimStatus.VERIFIED:
        return made
    move(made, ClaimStatus.APPROVED, approved_by=make.user())
    if status == ClaimStatus.APPROVED:
        return made
    sent = export(batch(made))
    if status == ClaimStatus.PAID:
        reconcile(sent, made)
    made.refresh_from_db()
    return made


def approved(count: int = 1, **fields: Any) -> list[Claim]:
    """Of one exam, ready to be paid."""
    exam = fields.pop("exam", None) or make.exam()
    return [
        claim(ClaimStatus.APPROVED, deployment=make.deployment(post=make.post(exam=exam)), **fields)
        for _ in range(count)
    ]


def cleared(*claims: Claim) -> None:
    """Somebody has looked into whatever a rule holds these for, and let it go."""
    these = Claim.objects.filter(pk__in=[claim.pk for claim in claims])
    services.check_holds(these, by=make.user())
    services.clear_all(Hold.objects.standing().filter(claim__in=these), by=approver(), note="Seen")


def batch(*claims: Claim, by: User | None = None) -> PaymentBatch:
    chosen = Claim.objects.filter(pk__in=[claim.pk for claim in claims])
    return services.prepare_batch(chosen, by=by or preparer())


def export(prepared: PaymentBatch) -> PaymentBatch:
    services.approve_batch(prepared, by=approver())
    return services.export_batch(prepared, by=prepared.prepared_by)


def results(*rows: str, head: str = "Reference,Status,Receipt") -> list[Result]:
    return read_results("\n".join([head, *rows]))


def reconcile(batch: PaymentBatch, *claims: Claim) -> services.Outcome:
    """All of these were paid."""
    rows = [
        f"CP2-{payment.pk},Completed,SGH{payment.pk:07d}"
        for payment in batch.payments.filter(claim__in=claims)
    ]
    return services.reconcile(batch, results(*rows), by=batch.prepared_by)


def owing(first: Claim, amount: int = 300) -> Claim:
    """An approved adjustment that takes back so much of an approved claim."""
    owed = Claim.objects.create(
        officer=first.officer,
        exam=first.exam,
        adjusts=first,
        days=-1,
        gross=-amount,
        tax=0,
        net=-amount,
        verified_by=make.user(),
        status=ClaimStatus.VERIFIED,
    )
    ClaimLine.objects.create(
        claim=owed,
        deployment=first.lines.get().deployment,
        quantity=-1,
        rate=amount,
        amount=-amount,
    )
    move(owed, ClaimStatus.APPROVED, approved_by=make.user())
    return owed


def tax_alone(first: Claim, amount: int = 7, **fields: Any) -> Claim:
    """An adjustment that has no line: so much more tax, or less."""
    return Claim.objects.create(
        officer=first.officer,
        exam=first.exam,
        adjusts=first,
        days=0,
        gross=0,
        tax=amount,
        net=-amount,
        **fields,
    )
