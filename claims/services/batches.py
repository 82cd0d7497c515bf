"""Payments that leave together: prepared by one person, approved by another."""

from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from accounts.services import record, record_all
from claims import holds, ledger
from claims.models import (
    OPEN_RUNS,
    BatchStatus,
    Claim,
    ClaimStatus,
    Hold,
    MoneyRun,
    Payment,
    PaymentBatch,
    PaymentStatus,
    Recovery,
    RunStatus,
)
from claims.payees import with_another_payee
from claims.services.own import among
from claims.services.settling import give_back_claims
from cp2.rules import Refused, lock, move, refuse_move
from profiles.owners import accounts_of

UNFINISHED = [*OPEN_RUNS, RunStatus.FAILED]


@transaction.atomic
def approve_batch(batch: PaymentBatch, *, by: User) -> PaymentBatch:
    """A second person looks at the whole of it. From here on its lines stand still."""
    batch = lock(batch)
    if batch.prepared_by_id == by.pk:
        raise Refused(_("You prepared this batch, so someone else must approve it."))
    refuse_move(batch, BatchStatus.APPROVED)
    owners = accounts_of(by)
    if owners and batch.payments.filter(claim__officer__in=owners).exists():
        raise Refused(_("A claim of your own is in this batch, so someone else must approve it."))
    if number := len(changed_since(batch)):
        raise Refused(
            ngettext(
                "%(n)s of its claims is held by now or has another payee. Take out what changed, "
                "then approve the rest.",
                "%(n)s of its claims are held by now or have another payee. Take out what changed, "
                "then approve the rest.",
                number,
            )
            % {"n": number}
        )
    move(batch, BatchStatus.APPROVED, approved_by=by, approved_at=timezone.now())
    ledger.post_approval(batch)
    record("batch.approved", batch, by=by, count=batch.count, total=str(batch.total))
    return batch


def changed_since(batch: PaymentBatch) -> list[int]:
    """Its payments whose claim, or one that is kept back from them, is held by now, and those
    whose payee is another. Asked one by one: joined by an "or" they are looked for row by row."""
    standing = Exists(Hold.objects.standing().filter(claim=OuterRef("claim")))
    payments = Payment.objects.filter(batch=batch, status=PaymentStatus.WAITING)
    kept = Recovery.objects.filter(standing, payment__in=payments, returned_at=None)
    found = {
        *payments.filter(standing).values_list("pk", flat=True),
        *kept.values_list("payment", flat=True),
        *with_another_payee(payments, batch.channel).values_list("pk", flat=True),
    }
    return sorted(found)


@transaction.atomic
def take_out_changed(batch: PaymentBatch, *, by: User) -> int:
    """What changed since a batch was prepared waits for another one; how many payments. A batch of
    which nothing is left is cancelled."""
    batch = lock(batch)
    if batch.status != BatchStatus.DRAFT:
        raise Refused(_("Only from a draft can something be taken out."))
    pks = changed_since(batch)
    if not pks:
        return 0
    payments = Payment.objects.filter(pk__in=among(pks))
    holds.hold_left_out(with_another_payee(payments, batch.channel))
    if len(pks) == batch.count:
        cancel_locked(batch, by=by)
        return len(pks)
    claims = _claims_of(pks)
    Recovery.objects.filter(payment__in=among(pks)).delete()
    payments.delete()  # a draft is nobody's history yet
    _return(claims)
    record_all("claim.taken_out", Claim, claims, by=by, batch=batch.pk)
    for name, value in totals(batch.payments.all()).items():
        setattr(batch, name, value)
    batch.save(update_fields=["count", "total"])
    record("batch.reduced", batch, by=by, taken_out=len(pks), total=str(batch.total))
    return len(pks)


def totals(payments: QuerySet[Payment]) -> dict[str, Any]:
    return payments.aggregate(count=Count("pk"), total=Coalesce(Sum("amount"), Decimal(0)))


@transaction.atomic
def cancel_batch(batch: PaymentBatch, *, by: User) -> PaymentBatch:
    """Nothing of it was paid: its claims wait for another batch. A worker that is still filling it
    stops."""
    for run in MoneyRun.objects.select_for_update().filter(batch=batch, status__in=UNFINISHED):
        move(run, RunStatus.CANCELLED, ended_at=timezone.now(), lease_until=None)
        record("run.cancelled", run, by=by)
    return cancel_locked(lock(batch), by=by)


def cancel_locked(batch: PaymentBatch, *, by: User) -> PaymentBatch:
    refuse_move(batch, BatchStatus.CANCELLED)
    give_back(batch.payments.all())
    move(batch, BatchStatus.CANCELLED, **totals(batch.payments.all()))
    record("batch.cancelled", batch, by=by)
    return batch


def give_back(payments: QuerySet[Payment], *, failure: str = "") -> list[int]:
    """Take payments that never left off the books. Their claims wait for another batch, and so does
    what was to be kept back. Answers with the payments."""
    waiting = payments.filter(status=PaymentStatus.WAITING).select_for_update(of=("self",))
    pks = list(waiting.order_by("pk").values_list("pk", flat=True))
    Payment.objects.filter(pk__in=among(pks)).update(
        status=PaymentStatus.CANCELLED, failure=failure
    )
    give_back_claims(pks)
    return pks


def _claims_of(payments: list[int]) -> list[int]:
    """What these pay, and what is kept back from them."""
    paid = Payment.objects.filter(pk__in=among(payments)).values_list("claim", flat=True)
    kept = Recovery.objects.filter(payment__in=among(payments), returned_at=None)
    return sorted([*paid, *kept.values_list("claim", flat=True)])


def _return(claims: list[int]) -> None:
    Claim.objects.filter(pk__in=among(claims), status=ClaimStatus.PAYING).update(
        status=ClaimStatus.APPROVED
    )


def close_if_all_is_known(batch: PaymentBatch, *, by: User) -> None:
    waiting = batch.payments.filter(status=PaymentStatus.WAITING).exists()
    if batch.status == BatchStatus.EXPORTED and not waiting:
        move(batch, BatchStatus.RECONCILED)
        paid = totals(batch.payments.filter(status=PaymentStatus.PAID))
        record("batch.reconciled", batch, by=by, paid=str(paid["total"]))
