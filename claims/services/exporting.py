"""The channel's file, written once."""

import hashlib
from uuid import uuid4

from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record
from claims import files, ledger
from claims.models import (
    BatchStatus,
    Claim,
    Hold,
    HoldCode,
    PaymentBatch,
    PaymentStatus,
)
from claims.services.batches import close_if_all_is_known, give_back
from cp2.rules import Refused, lock, move


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
    close_if_all_is_known(batch, by=by)
    return batch


def _leave_out_changed_payees(batch: PaymentBatch) -> list[int]:
    same = Claim.objects.filter(
        pk=OuterRef("claim"),
        officer__payee_name=OuterRef("payee_name"),
        officer__payee_phone=OuterRef("payee_phone"),
    )
    changed = list(batch.payments.exclude(Exists(same)).select_related("claim").order_by("pk"))
    give_back(changed, failure=_("The payee changed after the batch was prepared."))
    ledger.post_back(changed, note=_("The payee changed after the batch was prepared."))
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
