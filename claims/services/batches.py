"""Payments that leave together: prepared by one person, approved by another."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from django.db import models, transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record, record_each
from claims import holds, ledger
from claims.models import (
    BatchStatus,
    Claim,
    ClaimQuerySet,
    ClaimStatus,
    Hold,
    Payment,
    PaymentBatch,
    PaymentStatus,
)
from claims.services.own import is_own, move_all
from cp2.rules import Refused, lock, move


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
    move_all(payable, ClaimStatus.PAYING)
    record("batch.prepared", batch, by=by, count=batch.count, total=str(batch.total))
    record_each("claim.batched", [(claim, {"batch": batch.pk}) for claim in payable], by=by)
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
    ledger.post_approval(batch)
    record("batch.approved", batch, by=by, count=batch.count, total=str(batch.total))
    return batch


@transaction.atomic
def cancel_batch(batch: PaymentBatch, *, by: User) -> PaymentBatch:
    """Nothing of it was paid: its claims wait for another batch."""
    batch = lock(batch)
    move(batch, BatchStatus.CANCELLED)
    give_back(list(batch.payments.select_related("claim").order_by("pk")))
    record("batch.cancelled", batch, by=by)
    return batch


def _these(claims: Iterable[Claim]) -> ClaimQuerySet:
    return Claim.objects.filter(pk__in=[claim.pk for claim in claims])


def give_back(payments: Sequence[Payment], *, failure: str = "") -> None:
    """Take payments that never left off the books; their claims wait for another batch."""
    claims = Claim.objects.filter(pk__in=[payment.claim_id for payment in payments])
    move_all(payments, PaymentStatus.CANCELLED, failure=failure)
    move_all(list(claims.select_for_update().order_by("pk")), ClaimStatus.APPROVED)


def paid_total(batch: PaymentBatch) -> Decimal:
    paid = batch.payments.filter(status=PaymentStatus.PAID)
    return paid.aggregate(total=Sum("amount"))["total"] or Decimal(0)


def close_if_all_is_known(batch: PaymentBatch, *, by: User) -> None:
    waiting = batch.payments.filter(status=PaymentStatus.WAITING).exists()
    if batch.status == BatchStatus.EXPORTED and not waiting:
        move(batch, BatchStatus.RECONCILED)
        record("batch.reconciled", batch, by=by, paid=str(paid_total(batch)))
