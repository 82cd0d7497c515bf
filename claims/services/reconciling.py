"""What the channel says it did: its file kept as it came, read, looked at, and written down once.

A person uploads the file and sees what it would change; a worker reads it. What is then written is
of the same bytes, portion by portion, each line held against the books once more.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, connection, transaction
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record
from claims import results as reading
from claims import runs
from claims.models import (
    SENT,
    WRITTEN,
    MoneyRun,
    Payment,
    PaymentBatch,
    PaymentStatus,
    ResultFile,
    ResultLine,
    ResultsStatus,
    RunKind,
    Verdict,
)
from claims.models.results import results_path
from claims.results import Judged, Result
from claims.runs import Work
from claims.services.batches import close_if_all_is_known
from claims.services.settling import fail_each, pay_each, reverse_each
from cp2 import tables
from cp2.rules import Refused, lock, move
from profiles.registers import digest_of, shown_name

PORTION = 2_000


@dataclass
class Outcome:
    """What results changed, and the lines that a person must look at."""

    paid: int = 0
    failed: int = 0
    reversed: int = 0
    again: int = 0
    left: list[tuple[int, str]] = field(default_factory=list)


@transaction.atomic
def reconcile(batch: PaymentBatch, results: Sequence[Result], *, by: User) -> Outcome:
    """Write down at once what the channel did. The same line twice changes nothing."""
    batch = lock(batch)
    if batch.status not in SENT:
        raise Refused(_("This batch was not sent to be paid yet."))
    judged = _judged(list(results), batch)
    _write(judged, by=by)
    outcome = _outcome(judged)
    record(
        "batch.read_back",
        batch,
        by=by,
        left=len(outcome.left),
        paid=outcome.paid,
        failed=outcome.failed,
        again=outcome.again,
    )
    close_if_all_is_known(batch, by=by)
    return outcome


def _outcome(judged: Iterable[Judged]) -> Outcome:
    outcome = Outcome()
    for each in judged:
        match each.verdict:
            case Verdict.PAID:
                outcome.paid += 1
            case Verdict.FAILED:
                outcome.failed += 1
            case Verdict.REVERSED:
                outcome.reversed += 1
            case Verdict.KNOWN:
                outcome.again += 1
            case _:
                outcome.left.append((each.result.line, each.why))
    return outcome


def _judged(results: list[Result], batch: PaymentBatch | None) -> list[Judged]:
    return reading.judge(
        results,
        batch=batch,
        payments=reading.known(results, batch),
        proven=reading.receipts(results),
    )


def _write(judged: Iterable[Judged], *, by: User | None) -> None:
    done: dict[Verdict, list[tuple[int, str]]] = {verdict: [] for verdict in WRITTEN}
    for each in judged:
        if each.payment and each.verdict in done:
            proof = each.result.receipt if each.verdict == Verdict.PAID else each.result.reason
            done[each.verdict].append((each.payment.pk, proof))
    pay_each(done[Verdict.PAID], by=by)
    fail_each(done[Verdict.FAILED], by=by)
    reverse_each(done[Verdict.REVERSED], by=by)


# A person's part


def upload(
    file: "UploadedFile[Any]", *, batch: PaymentBatch | None, by: User
) -> tuple[ResultFile, bool]:
    """A file to be read, and whether it is new: the same bytes for the same batch are the same."""
    if batch is not None and batch.status not in SENT:
        raise Refused(_("This batch was not sent to be paid yet."))
    of = batch or PaymentBatch.objects.filter(status__in=SENT).order_by("-exported_at").first()
    if of is None:
        raise Refused(_("No batch was sent to be paid yet."))
    tables.kind(file)  # what is no table at all is said at once
    digest = digest_of(file.chunks())
    if found := _there(digest, batch):
        if found.status == ResultsStatus.READING and not _has_open_run(found):
            _start_reading(found, of, by=by)
        return found, False
    coming = ResultFile(
        batch=batch, file_name=shown_name(file.name or ""), sha256=digest, uploaded_by=by
    )
    # Put away before the transaction begins: the store may be far.
    path = default_storage.save(results_path(coming, ""), file)
    coming.file.name = path
    try:
        with transaction.atomic():
            coming.save()
            record("results.uploaded", coming, by=by, file=coming.file_name, sha256=digest)
            _start_reading(coming, of, by=by)
    except IntegrityError:  # twice at the same moment
        default_storage.delete(path)
        again = _there(digest, batch)
        if again is None:
            raise
        return again, False
    except Refused:
        default_storage.delete(path)
        raise
    return coming, True


def _start_reading(file: ResultFile, of: PaymentBatch, *, by: User) -> None:
    runs.start(RunKind.RECONCILE, of.exam, by=by, batch=file.batch, file=file.pk, do="read")


def run_of(file: ResultFile) -> MoneyRun | None:
    """The latest, which reads it or writes it down."""
    its_own = MoneyRun.objects.filter(kind=RunKind.RECONCILE, asked__file=file.pk)
    return its_own.order_by("-pk").first()


def _has_open_run(file: ResultFile) -> bool:
    run = run_of(file)
    return run is not None and run.is_open


def _there(digest: str, batch: PaymentBatch | None) -> ResultFile | None:
    same = ResultFile.objects.filter(sha256=digest, batch=batch)
    return same.exclude(status=ResultsStatus.FAILED).first()


@transaction.atomic
def apply_results(file: ResultFile, *, by: User, sha256: str) -> MoneyRun:
    """Somebody has looked at what these bytes would change, and wants it so."""
    file = lock(file)
    if file.status == ResultsStatus.APPLIED:
        raise Refused(_("This file is written down already."))
    if sha256 != file.sha256:
        raise Refused(_("This is not the file that you looked at. Look at it again."))
    refuse_other_bytes(file)
    if file.status != ResultsStatus.APPLYING:  # else its run was called off
        move(file, ResultsStatus.APPLYING, applied_by=by)
    record("results.applied", file, by=by, sha256=file.sha256)
    touched = PaymentBatch.objects.filter(pk__in=file.counts.get("touched", []))
    of = file.batch or touched.select_related("exam").first()
    if of is None:
        raise Refused(_("There is nothing in this file to be written down."))
    return runs.start(RunKind.RECONCILE, of.exam, by=by, batch=file.batch, file=file.pk, do="apply")


def refuse_other_bytes(file: ResultFile) -> None:
    with file.file.open("rb") as stored:
        if digest_of(stored.chunks()) != file.sha256:
            raise Refused(_("The stored file is not the one that was uploaded. Do not use it."))


def missing(file: ResultFile) -> QuerySet[Payment]:
    """What waits in the batches that the file is about, and of which it says nothing."""
    its_own = ResultLine.objects.filter(of=file, payment=OuterRef("pk"))
    waiting = Payment.objects.filter(
        batch__in=file.counts.get("touched", []), status=PaymentStatus.WAITING
    )
    return waiting.exclude(Exists(its_own)).order_by("pk")


# A worker's part


def _plan(run: MoneyRun) -> list[Any]:
    if run.asked["do"] == "read":
        return ["read"]
    file = ResultFile.objects.get(pk=run.asked["file"])
    refuse_other_bytes(file)
    lines = ResultLine.objects.filter(of=file, verdict__in=WRITTEN).order_by("line")
    numbers = list(lines.values_list("line", flat=True))
    ends = [numbers[at : at + PORTION] for at in range(0, len(numbers), PORTION)]
    return [*([part[0], part[-1]] for part in ends), "close"]


def _before(run: MoneyRun, portion: Any) -> list[Result] | str | None:
    """To read a long file takes longer than a transaction should; why, if it cannot be read."""
    if portion != "read":
        return None
    file = ResultFile.objects.get(pk=run.asked["file"])
    try:
        refuse_other_bytes(file)
        with file.file.open("rb") as stored:
            return reading.read(stored.file)
    except Refused as refusal:
        return str(refusal)


def _step(run: MoneyRun, portion: Any, results: list[Result] | str | None) -> None:
    file = lock(ResultFile(pk=run.asked["file"]))
    if portion == "read":
        _take_in(file, results)
    elif portion == "close":
        _close(file, by=run.started_by)
    else:
        _write_portion(run, file, *portion)


def _take_in(file: ResultFile, results: list[Result] | str | None) -> None:
    if not isinstance(results, list):
        move(file, ResultsStatus.FAILED, failure=str(results)[:300])
        return
    judged = _judged(results, file.batch)
    _insert_lines(file, judged)
    move(file, ResultsStatus.READ, counts=_counts(file, judged))


def _insert_lines(file: ResultFile, judged: Sequence[Judged]) -> None:
    """One statement of lists: fifty thousand rows of a model take longer to make than to write."""
    columns: list[list[Any]] = [[] for _column in range(9)]
    for each in judged:
        result = each.result
        row = (
            result.line,
            result.said,
            each.payment.pk if each.payment else None,
            result.status or "",
            result.receipt,
            result.amount[:20],
            result.reason,
            each.verdict,
            each.why[:300],
        )
        for column, value in zip(columns, row, strict=True):
            column.append(str(value) if isinstance(value, str) else value)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO claims_resultline
                (of_id, line, said, payment_id, status, receipt, amount, reason, verdict, why)
            SELECT %s, * FROM unnest(%s::int[], %s::text[], %s::bigint[], %s::text[], %s::text[],
                %s::text[], %s::text[], %s::text[], %s::text[])
            """,
            [file.pk, *columns],
        )


def _counts(file: ResultFile, judged: Iterable[Judged]) -> dict[str, Any]:
    """Of each verdict how many lines there are, and which batches they are about."""
    lines: dict[str, int] = {}
    touched = {file.batch_id} if file.batch_id else set()
    for each in judged:
        key = str(each.verdict)
        lines[key] = lines.get(key, 0) + 1
        if each.payment and each.payment.batch_status in SENT and file.batch_id is None:
            touched.add(each.payment.batch)
    return {"lines": lines, "touched": sorted(touched)}


def _write_portion(run: MoneyRun, file: ResultFile, first: int, last: int) -> None:
    """Locked in one order by everybody: batches, payments, claims."""
    rows = list(
        file.lines.filter(line__gte=first, line__lte=last, verdict__in=WRITTEN).order_by("line")
    )
    numbers = [row.payment_id for row in rows if row.payment_id]
    batches = PaymentBatch.objects.filter(payments__in=numbers).order_by("pk").values("pk")
    list(PaymentBatch.objects.select_for_update().filter(pk__in=batches).order_by("pk"))
    list(Payment.objects.select_for_update().filter(pk__in=numbers).order_by("pk"))
    judged = _judged([_again(row) for row in rows], None)
    _write(judged, by=run.started_by)
    changed = []
    for row, each in zip(rows, judged, strict=True):
        if row.verdict != each.verdict:  # the books moved on since it was read
            row.verdict, row.why = each.verdict, each.why
            changed.append(row)
    ResultLine.objects.bulk_update(changed, ["verdict", "why"], batch_size=500)
    outcome = _outcome(judged)
    run.count(
        paid=outcome.paid,
        failed=outcome.failed,
        taken_back=outcome.reversed,
        known=outcome.again,
        left=len(outcome.left),
    )


def _again(row: ResultLine) -> Result:
    """As it was read; whose number it names was looked at then, and stands still since."""
    return Result(
        line=row.line,
        payment=row.payment_id,
        phone="",
        status=PaymentStatus(row.status),
        receipt=row.receipt,
        amount=row.amount,
        reason=row.reason,
        said=row.said,
    )


def _close(file: ResultFile, *, by: User | None) -> None:
    # as they were written: the books may have moved on since the file was read
    counted = file.lines.order_by().values("verdict").annotate(n=Count("pk"))
    lines = dict(counted.values_list("verdict", "n"))
    file.counts["lines"] = lines
    move(file, ResultsStatus.APPLIED, applied_at=timezone.now(), counts=file.counts)
    touched = PaymentBatch.objects.select_for_update().order_by("pk")
    for batch in touched.filter(pk__in=file.counts["touched"]):
        close_if_all_is_known(batch, by=by or file.uploaded_by)
    record("results.written", file, by=by, lines=lines)


WORK = Work(plan=_plan, step=_step, before=_before)
