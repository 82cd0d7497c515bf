"""The channel's file, written once.

It is made and put into the store outside of any transaction, under a name of its own; then, under
the batch's lock, the batch is exported and names it, if it still is what the batch pays. So a
worker that dies leaves an exported batch or an approved one, and at most a file that no row names,
which is swept up.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from tempfile import TemporaryFile
from typing import IO
from uuid import uuid4

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record
from claims import holds, ledger, runs
from claims.channels import FORMATS, Line, Sheet
from claims.models import (
    BatchStatus,
    Channel,
    MoneyRun,
    Payment,
    PaymentBatch,
    PaymentStatus,
    ResultFile,
    RunKind,
)
from claims.models.results import RESULTS
from claims.payees import with_another_payee
from claims.services.batches import close_if_all_is_known, give_back, totals
from cp2.rules import Refused, lock, move, refuse_move
from profiles import papers

ROWS = 2000  # of payments in memory at a time
MEGABYTE = 1 << 20
FOLDER = "batches"
LEAVE_OUT, WRITE = "leave out", "write"
NOTHING_LEFT = b"Nothing is left to be paid in this batch.\r\n"


@dataclass(frozen=True, slots=True)
class Written:
    """A file in the store that no row names yet, and what it pays."""

    path: str
    sha256: str
    count: int
    total: Decimal


@transaction.atomic
def start_export(batch: PaymentBatch, *, by: User) -> MoneyRun:
    """A worker writes the file."""
    batch = lock(batch)
    refuse_move(batch, BatchStatus.EXPORTED)
    return runs.start(RunKind.EXPORT, batch.exam, by=by, batch=batch)


def export_batch(batch: PaymentBatch, *, by: User) -> PaymentBatch:
    """The same here and now, for whoever waits for it.

    Whoever changed the payee since the batch was approved is left out, held, and paid later.
    """
    _leave_out(batch, by=by)
    while True:
        batch = PaymentBatch.objects.select_related("exam").get(pk=batch.pk)
        written = _write(batch)
        exported = _settle(batch, written, by=by)
        if exported:
            return exported


# A worker's part


def _plan(run: MoneyRun) -> list[str]:
    return [LEAVE_OUT, WRITE]


def _before(run: MoneyRun, portion: str) -> Written | None:
    if portion == LEAVE_OUT:
        return None
    batch = PaymentBatch.objects.select_related("exam").get(runs=run)
    return _write(batch)


def _step(run: MoneyRun, portion: str, written: Written | None) -> None:
    batch = PaymentBatch.objects.get(runs=run)
    by = run.started_by or batch.prepared_by
    if written is None:
        run.count(left_out=len(_leave_out(batch, by=by)))
    elif (exported := _settle(batch, written, by=by)) is None:
        run.left = [portion, LEAVE_OUT, WRITE]  # this one is over: it is written anew
    else:
        run.count(payments=written.count)
        run.outcome["sha256"] = exported.sha256


WORK = runs.Work(plan=_plan, step=_step, before=_before)


# What both do


@transaction.atomic
def _leave_out(batch: PaymentBatch, *, by: User) -> list[int]:
    """Held, and back among the claims that can be paid."""
    batch = lock(batch)
    refuse_move(batch, BatchStatus.EXPORTED)
    changed = with_another_payee(_waiting(batch), batch.channel)
    holds.hold_left_out(changed)
    why = _("The payee changed after the batch was prepared.")
    pks = give_back(changed, failure=why)
    ledger.post_back(pks, why, by=by)
    return pks


def _waiting(batch: PaymentBatch) -> QuerySet[Payment]:
    return Payment.objects.filter(batch=batch, status=PaymentStatus.WAITING)


def _write(batch: PaymentBatch) -> Written:
    """Into the store, and read back from there."""
    found = totals(_waiting(batch))
    sheet = Sheet(
        batch=batch.pk,
        remarks=batch.exam.short,
        at=timezone.now(),
        count=found["count"],
        total=found["total"],
        lines=lambda: _lines(batch),
    )
    how = FORMATS[Channel(batch.channel)]
    with TemporaryFile() as file:
        if sheet.count or batch.channel == Channel.MPESA:
            how.write(file, sheet)
            ending = how.ending
        else:  # a list of transfers has at least one
            file.write(NOTHING_LEFT)
            ending = "txt"
        sha256 = _hash(file)
        path = default_storage.save(f"{FOLDER}/{batch.pk}-{uuid4().hex}.{ending}", File(file))
    _make_sure(path, sha256)
    return Written(path, sha256, sheet.count, sheet.total)


def _lines(batch: PaymentBatch) -> Iterator[Line]:
    """By bank, and as they were prepared."""
    rows = _waiting(batch).order_by("bank_code", "pk")
    fields = ("pk", "payee_name", "payee_phone", "bank_code", "branch_code", "account", "amount")
    return map(Line._make, rows.values_list(*fields).iterator(chunk_size=ROWS))


def _hash(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while block := file.read(MEGABYTE):
        digest.update(block)
    file.seek(0)
    return digest.hexdigest()


def _make_sure(path: str, sha256: str) -> None:
    """On the disk, not only on its way there, and as it was written."""
    with default_storage.open(path, "rb") as stored:
        if _hash(stored) != sha256:
            raise OSError(f"{path} is not what was written")
        try:
            os.fsync(stored.fileno())
        except (AttributeError, OSError, ValueError):
            return  # a store elsewhere sees to it itself


def _settle(batch: PaymentBatch, written: Written, *, by: User) -> PaymentBatch | None:
    """The batch is what is written, from now on; or nothing, if somebody changed their payee while
    it was written. A file that comes to nothing goes again."""
    try:
        with transaction.atomic():
            batch = lock(batch)
            refuse_move(batch, BatchStatus.EXPORTED)
            now = totals(_waiting(batch))
            same = (now["count"], now["total"]) == (written.count, written.total)
            if same and not with_another_payee(_waiting(batch), batch.channel).exists():
                return _exported(batch, written, by=by)
    except BaseException:
        default_storage.delete(written.path)
        raise
    default_storage.delete(written.path)
    return None


def _exported(batch: PaymentBatch, written: Written, *, by: User) -> PaymentBatch:
    move(
        batch,
        BatchStatus.EXPORTED,
        file=written.path,
        sha256=written.sha256,
        exported_at=timezone.now(),
    )
    left_out = batch.payments.filter(status=PaymentStatus.CANCELLED).order_by("pk")
    record(
        "batch.exported",
        batch,
        by=by,
        sha256=batch.sha256,
        payments=written.count,
        total=str(written.total),
        left_out=list(left_out.values_list("claim", flat=True)),
    )
    close_if_all_is_known(batch, by=by)
    return batch


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


def sweep_files() -> int:
    """Delete files that no row names, left by whoever died before it was written; how many."""
    batches = papers.sweep([FOLDER], PaymentBatch.objects.all())
    return batches + papers.sweep([RESULTS], ResultFile.objects.all())
