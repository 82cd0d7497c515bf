"""What happens to a claim: computed from marks, held, verified, disputed, approved, paid.

Nobody decides about money of their own, and nobody approves what they prepared or verified.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Entry, User
from accounts.services import record, tell
from catalogue.models import Exam, ExamDay, Office, SubCounty
from claims import files, holds
from claims.compute import compute, lock_exam
from claims.models import (
    BatchStatus,
    Claim,
    ClaimQuerySet,
    ClaimStatus,
    Hold,
    HoldCode,
    Payment,
    PaymentBatch,
    PaymentStatus,
)
from claims.templatetags.shillings import masked
from cp2.rules import Refused, Role, lock, move
from deployments.models import Deployment


def is_own(claim: Claim, by: User) -> bool:
    """Whether the money would go to the one who decides about it, under any account."""
    officer = claim.officer
    phones = {officer.user.phone, officer.payee_phone}
    return officer.user_id == by.pk or bool(by.phone and by.phone in phones)


def _refuse_own(claim: Claim, by: User) -> None:
    if is_own(claim, by):
        raise Refused(_("This claim is your own, so someone else must decide about it."))


def _lock(claim: Claim) -> Claim:
    """`lock`, with the officer and the exam at hand."""
    people = Claim.objects.select_related("officer__user", "exam")
    return people.select_for_update(of=("self",)).get(pk=claim.pk)


# From marks to a claim


@transaction.atomic
def prepare(exam: Exam, *, by: User | None = None, sub_county: SubCounty | None = None) -> int:
    """Compute the claims of an exam from marks and terms, and see which of them are held.

    Claims that somebody has verified, disputed or approved stay as they are. With a sub-county,
    only of officers who were deployed there; their claims still cover all their deployments.
    """
    lock_exam(exam)
    officers = None
    if sub_county is not None:
        here = Deployment.objects.filter(post__exam=exam, post__station__sub_county=sub_county)
        officers = list(here.values_list("officer", flat=True).distinct())

    prepared, gone = compute(exam, officers=officers)
    claims = Claim.objects.filter(exam=exam).exclude(
        status__in=[ClaimStatus.PAYING, ClaimStatus.PAID]
    )
    if officers is not None:
        claims = claims.filter(officer__in=officers)
    raised, cleared = holds.check(claims)

    record(
        "claims.prepared",
        exam,
        by=by,
        claims=prepared,
        gone=gone,
        holds_raised=raised,
        holds_cleared=cleared,
        sub_county=sub_county.pk if sub_county else None,
    )
    return prepared


@transaction.atomic
def check_holds(claims: models.QuerySet[Claim], *, by: User) -> tuple[int, int]:
    """Look at the officers' profiles again, without computing anything."""
    unpaid = Claim.objects.filter(pk__in=claims.order_by().values("pk")).exclude(
        status__in=[ClaimStatus.PAYING, ClaimStatus.PAID]
    )
    raised, cleared = holds.check(unpaid)
    for exam in Exam.objects.filter(pk__in=unpaid.order_by().values("exam")):
        record("holds.checked", exam, by=by, raised=raised, cleared=cleared)
    return raised, cleared


@transaction.atomic
def raise_hold(claim: Claim, *, code: HoldCode | str, by: User, note: str) -> Hold:
    """A person stops a claim from being paid."""
    claim = _lock(claim)
    _refuse_own(claim, by)
    if claim.status == ClaimStatus.PAID:
        raise Refused(_("This claim is paid, so it can no longer be held."))
    if claim.holds.standing().filter(code=code).exists():
        raise Refused(_("This claim is held for this reason already."))

    hold = Hold.objects.create(claim=claim, code=code, note=note, raised_by=by)
    record("hold.raised", hold, by=by, claim=claim.pk, code=str(code), note=note)
    return hold


@transaction.atomic
def clear_hold(hold: Hold, *, by: User, note: str) -> Hold:
    """A person has looked into it. No rule raises it again on the same grounds."""
    claim = _lock(hold.claim)
    hold = lock(hold)
    _refuse_own(claim, by)
    if hold.cleared_at:
        raise Refused(_("This hold is cleared already."))

    hold.cleared_at, hold.cleared_by = timezone.now(), by
    hold.save(update_fields=["cleared_at", "cleared_by"])
    record("hold.cleared", hold, by=by, claim=claim.pk, code=hold.code, note=note)
    return hold


# The officer and the director


@transaction.atomic
def dispute(claim: Claim, *, by: User, reason: str) -> Claim:
    """The officer says that the days are wrong; the claim stands still until that is settled."""
    claim = _lock(claim)
    if claim.officer.user_id != by.pk:
        raise Refused(_("Only the officer can dispute a claim."))
    move(claim, ClaimStatus.DISPUTED, dispute_reason=reason, verified_by=None)
    record("claim.disputed", claim, by=by, reason=reason)
    return claim


@transaction.atomic
def settle(claim: Claim, *, by: User, note: str) -> Claim | None:
    """Headquarters has looked at a dispute: computed afresh, and on its way again.

    None if no day of it is paid any more, so that no claim is left.
    """
    exam = claim.exam
    lock_exam(exam)
    claim = _lock(claim)
    _refuse_own(claim, by)
    move(claim, ClaimStatus.PREPARED)
    compute(exam, officers=[claim.officer_id])
    record("claim.settled", claim, by=by, note=note)
    user = claim.officer.user
    tell(user, "claims/settled", exam=exam.short, note=note, site=settings.SITE_URL)
    return Claim.objects.filter(pk=claim.pk).first()


@transaction.atomic
def verify(claim: Claim, *, by: User) -> Claim:
    """The TSC director confirms that the officer worked these days."""
    claim = _lock(claim)
    if by.role != Role.DIRECTOR or by.office != Office.TSC:
        raise Refused(_("Only the TSC Sub-County Director verifies claims."))
    if not Claim.objects.visible_to(by).filter(pk=claim.pk).exists():
        raise Refused(_("No day of this claim was worked in your sub-county."))
    _refuse_own(claim, by)
    if claim.days > ExamDay.objects.filter(exam=claim.exam_id).count():
        raise Refused(_("This claim has more days than the exam has."))

    move(claim, ClaimStatus.VERIFIED, verified_by=by)
    record("claim.verified", claim, by=by, days=claim.days, net=str(claim.net))
    return claim


@dataclass
class Tally:
    """What became of many at once: how many it worked for, and why not for the others."""

    done: int = 0
    refused: list[tuple[Claim, str]] = field(default_factory=list)


def verify_all(claims: Iterable[Claim], *, by: User) -> Tally:
    """Each on its own, so that one that cannot be verified holds up no other."""
    return _each(claims, verify, by=by)


def _each(claims: Iterable[Claim], act: Callable[..., Claim], **given: Any) -> Tally:
    tally = Tally()
    for claim in claims:
        try:
            act(claim, **given)
        except Refused as refusal:
            tally.refused.append((claim, str(refusal)))
        else:
            tally.done += 1
    return tally


# Finance


@transaction.atomic
def approve(claim: Claim, *, by: User) -> Claim:
    """From here on the amounts stand still."""
    claim = _lock(claim)
    if claim.status == ClaimStatus.PAYING:  # which may go back to approved, but not by this road
        raise Refused(_("This claim is being paid, so it cannot be approved again."))
    if claim.verified_by_id == by.pk:
        raise Refused(_("You verified this claim, so someone else must approve it."))
    _refuse_own(claim, by)
    lines = claim.lines.aggregate(days=Sum("days"), amount=Sum("amount"))
    if (lines["days"], lines["amount"]) != (claim.days, claim.gross):
        raise Refused(_("The lines of this claim do not add up to it."))
    move(claim, ClaimStatus.APPROVED, approved_by=by)
    record("claim.approved", claim, by=by, net=str(claim.net))
    return claim


def approve_all(claims: Iterable[Claim], *, by: User) -> Tally:
    return _each(claims, approve, by=by)


@transaction.atomic
def prepare_batch(claims: models.QuerySet[Claim], *, by: User) -> PaymentBatch:
    """Take those of the claims that can be paid into a new batch.

    Left out are those not approved, held, without a payee, approved by the same person or their
    own, and those that another batch is taking at this moment.
    """
    payable = _take_payable(claims, by)
    if not payable:
        raise Refused(
            _("None of these claims can be paid by you now: see their status and their holds.")
        )
    if len({claim.exam_id for claim in payable}) > 1:
        raise Refused(_("Choose claims of one exam: a batch pays one exam only."))

    batch = PaymentBatch.objects.create(
        exam=payable[0].exam,
        prepared_by=by,
        count=len(payable),
        total=sum(claim.net for claim in payable),
    )
    Payment.objects.bulk_create(
        (
            Payment(
                batch=batch,
                claim=claim,
                amount=claim.net,
                payee_name=claim.officer.payee_name,
                payee_phone=claim.officer.payee_phone,
            )
            for claim in payable
        ),
        batch_size=2000,
    )
    _move_all(payable, ClaimStatus.PAYING)
    record("batch.prepared", batch, by=by, count=batch.count, total=str(batch.total))
    _record_all("claim.batched", payable, by=by, batch=batch.pk)
    return batch


def _take_payable(claims: models.QuerySet[Claim], by: User) -> list[Claim]:
    """Locked, and looked at anew for holds: profiles change after a claim is approved."""
    taken = list(
        Claim.objects.filter(
            pk__in=claims.order_by().values("pk"), status=ClaimStatus.APPROVED, net__gt=0
        )
        .exclude(officer__payee_phone="")
        .exclude(approved_by=by)
        .select_related("officer__user", "exam")
        .select_for_update(of=("self",), skip_locked=True)
        .order_by("pk")
    )
    holds.check(_these(taken))
    holds.hold_changed_payees(_these(taken))
    free = set(_these(taken).free_of_holds().values_list("pk", flat=True))
    return [claim for claim in taken if claim.pk in free and not is_own(claim, by)]


@transaction.atomic
def approve_batch(batch: PaymentBatch, *, by: User) -> PaymentBatch:
    """A second person looks at the whole of it. From here on its lines stand still."""
    batch = lock(batch)
    if batch.prepared_by_id == by.pk:
        raise Refused(_("You prepared this batch, so someone else must approve it."))
    payments = batch.payments.select_related("claim__officer__user")
    if any(is_own(payment.claim, by) for payment in payments):
        raise Refused(_("A claim of your own is in this batch, so someone else must approve it."))
    held = Claim.objects.filter(payments__batch=batch, holds__in=Hold.objects.standing())
    if number := held.distinct().count():
        raise Refused(
            _("%(number)s of its claims are held by now. Cancel this batch and prepare another.")
            % {"number": number}
        )

    move(batch, BatchStatus.APPROVED, approved_by=by, approved_at=timezone.now())
    record("batch.approved", batch, by=by, count=batch.count, total=str(batch.total))
    return batch


@transaction.atomic
def cancel_batch(batch: PaymentBatch, *, by: User) -> PaymentBatch:
    """Nothing of it was paid: its claims wait for another batch."""
    batch = lock(batch)
    move(batch, BatchStatus.CANCELLED)
    _give_back(list(batch.payments.select_related("claim").order_by("pk")))
    record("batch.cancelled", batch, by=by)
    return batch


@transaction.atomic
def export_batch(batch: PaymentBatch, *, by: User) -> PaymentBatch:
    """Write the channel's file, once and for all.

    Whoever changed the payee since the batch was prepared is left out, held, and paid later.
    """
    batch = lock(batch)
    if batch.status != BatchStatus.APPROVED:
        move(batch, BatchStatus.EXPORTED)  # says why not, in the status's own words
    left_out = _leave_out_changed_payees(batch)
    waiting = batch.payments.filter(status=PaymentStatus.WAITING).order_by("pk")
    written = files.disbursement(waiting.iterator(), remarks=batch.exam.short)
    batch.file.save(f"{batch.pk}-{uuid4().hex}.csv", ContentFile(written), save=False)
    move(
        batch,
        BatchStatus.EXPORTED,
        file=batch.file,
        sha256=hashlib.sha256(written).hexdigest(),
        exported_at=timezone.now(),
    )
    record("batch.exported", batch, by=by, sha256=batch.sha256, left_out=left_out)
    _close_if_all_is_known(batch, by=by)
    return batch


def _leave_out_changed_payees(batch: PaymentBatch) -> list[int]:
    same = Claim.objects.filter(
        pk=OuterRef("claim"),
        officer__payee_name=OuterRef("payee_name"),
        officer__payee_phone=OuterRef("payee_phone"),
    )
    changed = list(batch.payments.exclude(Exists(same)).select_related("claim").order_by("pk"))
    _give_back(changed, failure=_("The payee changed after the batch was prepared."))
    Hold.objects.bulk_create(
        [Hold(claim=payment.claim, code=HoldCode.PAYEE_CHANGED) for payment in changed],
        ignore_conflicts=True,
    )
    return [payment.claim_id for payment in changed]


def exported_file(batch: PaymentBatch, *, by: User) -> bytes:
    """The bytes that were written, or a refusal if anything has touched them since."""
    if not batch.file:
        raise Refused(_("This batch is not exported yet."))
    with batch.file.open("rb") as stored:
        written: bytes = stored.read()
    if hashlib.sha256(written).hexdigest() != batch.sha256:
        raise Refused(_("The stored file is not the one that was exported. Do not use it."))
    record("batch.downloaded", batch, by=by)
    return written


@dataclass
class Outcome:
    """What a result file changed, and the lines that a person must look at."""

    paid: int = 0
    failed: int = 0
    again: int = 0
    left: list[tuple[int, str]] = field(default_factory=list)


@transaction.atomic
def reconcile(batch: PaymentBatch, results: Sequence[files.Result], *, by: User) -> Outcome:
    """Write down what the channel did. The same line twice changes nothing."""
    batch = lock(batch)
    if batch.status not in (BatchStatus.EXPORTED, BatchStatus.RECONCILED):
        raise Refused(_("This batch was not sent to be paid yet."))
    payments = list(batch.payments.select_for_update().order_by("pk"))
    receipts = _known_receipts(results)
    outcome = Outcome()
    for result, payment in files.matched(results, payments):
        against = next(files.reasons_against(result, payment, receipts=receipts), "")
        if against or payment is None:
            outcome.left.append((result.line, against))
        elif payment.status != PaymentStatus.WAITING:
            outcome.again += 1
        elif result.status == PaymentStatus.PAID:
            receipts[result.receipt] = payment.pk
            _pay(payment, receipt=result.receipt, by=by)
            outcome.paid += 1
        else:
            _fail(payment, reason=result.reason, by=by)
            outcome.failed += 1

    counts: dict[str, Any] = {
        "paid": outcome.paid,
        "failed": outcome.failed,
        "again": outcome.again,
    }
    record("batch.read_back", batch, by=by, left=len(outcome.left), **counts)
    _close_if_all_is_known(batch, by=by)
    return outcome


def _known_receipts(results: Iterable[files.Result]) -> dict[str, int]:
    """Whose payment each receipt number proves already, in any batch."""
    asked = [result.receipt for result in results if result.receipt]
    known = Payment.objects.filter(reference__in=asked).values_list("reference", "pk")
    return {str(receipt): payment for receipt, payment in known}


def _pay(payment: Payment, *, receipt: str, by: User) -> None:
    claim = _lock(payment.claim)
    move(payment, PaymentStatus.PAID, reference=receipt)
    move(claim, ClaimStatus.PAID, paid_at=timezone.now(), payment_reference=receipt)
    record("claim.paid", claim, by=by, amount=str(payment.amount), reference=receipt)
    tell(
        claim.officer.user,
        "claims/paid",
        bulk=True,
        amount=payment.amount,
        exam=claim.exam.short,
        number=masked(payment.payee_phone),
        reference=receipt,
    )


def _fail(payment: Payment, *, reason: str, by: User) -> None:
    """The claim waits for another batch, held until the payee or a person says why it may go."""
    claim = _lock(payment.claim)
    move(payment, PaymentStatus.FAILED, failure=reason)
    move(claim, ClaimStatus.APPROVED)
    Hold.objects.bulk_create(
        [Hold(claim=claim, code=HoldCode.PAYMENT_FAILED, note=reason)], ignore_conflicts=True
    )
    record("payment.failed", payment, by=by, claim=claim.pk, reason=reason)
    tell(
        claim.officer.user,
        "claims/failed",
        bulk=True,
        amount=payment.amount,
        exam=claim.exam.short,
        site=settings.SITE_URL,
    )


def _close_if_all_is_known(batch: PaymentBatch, *, by: User) -> None:
    waiting = batch.payments.filter(status=PaymentStatus.WAITING).exists()
    if batch.status == BatchStatus.EXPORTED and not waiting:
        move(batch, BatchStatus.RECONCILED)
        record("batch.reconciled", batch, by=by, paid=str(paid_total(batch)))


def paid_total(batch: PaymentBatch) -> Decimal:
    paid = batch.payments.filter(status=PaymentStatus.PAID)
    return paid.aggregate(total=Sum("amount"))["total"] or Decimal(0)


def _give_back(payments: Sequence[Payment], *, failure: str = "") -> None:
    """Take payments that never left off the books; their claims wait for another batch."""
    claims = Claim.objects.filter(pk__in=[payment.claim_id for payment in payments])
    _move_all(payments, PaymentStatus.CANCELLED, failure=failure)
    _move_all(list(claims.select_for_update().order_by("pk")), ClaimStatus.APPROVED)


def _these(claims: Iterable[Claim]) -> ClaimQuerySet:
    return Claim.objects.filter(pk__in=[claim.pk for claim in claims])


def _move_all(rows: Sequence[Claim | Payment], status: models.TextChoices, **fields: Any) -> None:
    """`move` for many locked rows of one table, in one statement."""
    for row in rows:
        if status not in row.MOVES.get(row.status, ()):  # type: ignore[call-overload]  # two kinds
            move(row, status)  # raises, in the status's own words
    if rows:
        table = type(rows[0])._base_manager
        table.filter(pk__in=[row.pk for row in rows]).update(status=status, **fields)


def _record_all(verb: str, claims: Iterable[Claim], *, by: User, **details: Any) -> None:
    """`record` for many, in a few statements."""
    Entry.objects.bulk_create(
        [
            Entry(
                actor=by,
                verb=verb,
                subject_type=claim._meta.label_lower,
                subject_id=claim.pk,
                details=details,
            )
            for claim in claims
        ],
        batch_size=2000,
    )
