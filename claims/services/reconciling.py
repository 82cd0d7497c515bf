"""What the channel says it did."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record, tell
from claims import files
from claims.models import (
    BatchStatus,
    ClaimStatus,
    Hold,
    HoldCode,
    Payment,
    PaymentBatch,
    PaymentStatus,
)
from claims.services.batches import close_if_all_is_known
from claims.services.own import lock_claim
from claims.templatetags.shillings import masked
from cp2.rules import Refused, lock, move


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
    close_if_all_is_known(batch, by=by)
    return outcome


def _known_receipts(results: Iterable[files.Result]) -> dict[str, int]:
    """Whose payment each receipt number proves already, in any batch."""
    asked = [result.receipt for result in results if result.receipt]
    known = Payment.objects.filter(reference__in=asked).values_list("reference", "pk")
    return {str(receipt): payment for receipt, payment in known}


def _pay(payment: Payment, *, receipt: str, by: User) -> None:
    claim = lock_claim(payment.claim)
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
    claim = lock_claim(payment.claim)
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
