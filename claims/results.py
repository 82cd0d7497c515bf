"""What a channel says that it did: its file read, and each line judged. Nothing is guessed.

A line that leaves any doubt is reported and left: of no payment, of another batch, with another
amount or number, without proof, or against what another line or an earlier file says.
"""

import io
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import IO

from django.db.models import Q
from django.utils.translation import gettext as _

from claims.models import (
    SENT,
    WRITTEN,
    Payment,
    PaymentBatch,
    PaymentStatus,
    Verdict,
)
from cp2 import tables
from sms.phones import is_mobile, mobile

# What M-Pesa and the banks call their columns. Others may stand between them.
HEADINGS = {
    "reference": [
        "payment_id",
        "payment",
        "our_reference",
        "customer_reference",
        "client_reference",
        "payment_reference",
        "end_to_end_id",
        "originator_reference",
    ],
    "phone": ["msisdn", "phone_number"],
    "account": [
        "account_number",
        "account_no",
        "beneficiary_account",
        "beneficiary_account_number",
        "credit_account",
        "creditor_account",
    ],
    "status": ["result", "payment_status", "transaction_status"],
    "receipt": [
        "receipt_number",
        "receipt_no",
        "transaction_id",
        "mpesa_receipt",
        "bank_reference",
        "bank_ref",
        "transaction_reference",
        "ft_reference",
    ],
    "amount": ["paid_amount", "transaction_amount"],
    "reason": ["description", "failure_reason", "status_reason", "reject_reason"],
}
NAMES = {
    shape: field
    for field, names in HEADINGS.items()
    for name in names
    for shape in (name, name.replace("_", ""))
} | {"m_pesa_receipt": "receipt"}
WORDS = {
    "paid": PaymentStatus.PAID,
    "success": PaymentStatus.PAID,
    "successful": PaymentStatus.PAID,
    "completed": PaymentStatus.PAID,
    "processed": PaymentStatus.PAID,
    "credited": PaymentStatus.PAID,
    "settled": PaymentStatus.PAID,
    "failed": PaymentStatus.FAILED,
    "failure": PaymentStatus.FAILED,
    "rejected": PaymentStatus.FAILED,
    "declined": PaymentStatus.FAILED,
    "unpaid": PaymentStatus.FAILED,
    "reversed": PaymentStatus.REVERSED,
    "returned": PaymentStatus.REVERSED,
    "recalled": PaymentStatus.REVERSED,
}
WRITES = {
    PaymentStatus.PAID: Verdict.PAID,
    PaymentStatus.FAILED: Verdict.FAILED,
    PaymentStatus.REVERSED: Verdict.REVERSED,
}


@dataclass(frozen=True, slots=True)
class Result:
    """What the channel says of one payment."""

    line: int
    payment: int | None
    phone: str
    status: PaymentStatus | None
    receipt: str
    amount: str
    reason: str
    account: str = ""
    said: str = ""  # the reference as it stands there
    fault: str = ""  # why nothing of it can be taken


# Reading


def read(file: IO[bytes]) -> list[Result]:
    """The lines of a CSV file or a workbook, or `Unreadable` in words for the whole of it."""
    wrong: list[tuple[int, str]] = []
    rows = list(
        tables.read(
            file,
            needed=["status"],
            optional=[name for name in HEADINGS if name != "status"],
            also=NAMES,
            wrong=lambda line, fault: wrong.append((line, fault)),
            others=True,
        )
    )
    if rows and not {"reference", "phone", "account"} & rows[0][1].keys():
        raise tables.Unreadable(
            _(
                "The first line must name the columns. Status is needed, and Reference or MSISDN; "
                "Receipt, Amount and Reason are read if they are there."
            )
        )
    if not rows and not wrong:
        raise tables.Unreadable(_("There is no payment below the first line."))
    results = [_result(line, cells) for line, cells in rows]
    results += [_faulty(line, fault) for line, fault in wrong]
    results.sort(key=lambda result: result.line)
    if _may_be_cut(file, rows):
        results[-1] = replace(
            results[-1], fault=_("The file ends within this line, so it may be cut off.")
        )
    return results


def read_results(text: str) -> list[Result]:
    """The same of lines that somebody pasted."""
    return read(io.BytesIO(text.strip().encode("utf-8", "replace") + b"\n"))


def _may_be_cut(file: IO[bytes], rows: list[tuple[int, dict[str, str]]]) -> bool:
    """A receipt in the last cell of a file that ends without a line break may lack its end, and
    would still look like one."""
    if not rows or list(rows[-1][1])[-1] != "receipt" or tables.kind(file) != tables.Kind.CSV:
        return False
    file.seek(-1, io.SEEK_END)
    return file.read(1) not in b"\r\n"


def _faulty(line: int, fault: str) -> Result:
    return Result(line, None, "", None, "", "", "", fault=fault)


def _result(line: int, cells: dict[str, str]) -> Result:
    def value(field: str) -> str:
        return cells.get(field, "").removeprefix("'")

    said, phone = value("reference"), value("phone")
    number = re.fullmatch(r"(?:CP2-)?([0-9]{1,15})", said.upper(), re.ASCII)
    return Result(
        line=line,
        payment=int(number[1]) if number else None,
        phone=mobile(phone) if is_mobile(phone) else "",
        status=WORDS.get(value("status").casefold()),
        receipt=_receipt(value("receipt")),
        amount=value("amount"),
        reason=value("reason")[:200],
        account=re.sub(r"[^0-9]", "", value("account")),
        said=said[:60],
    )


def _receipt(text: str) -> str:
    """Receipts are capital letters and digits; anything else proves nothing."""
    return text.upper() if re.fullmatch(r"[A-Z0-9-]{4,40}", text.upper(), re.ASCII) else ""


def shillings(text: str) -> Decimal | None:
    plain = text.replace(",", "").upper().removeprefix("KES").strip()
    found = re.fullmatch(r"[0-9]{1,10}(\.[0-9]{1,2})?", plain, re.ASCII)
    return Decimal(plain) if found else None


# Judging


@dataclass(frozen=True, slots=True)
class Known:
    """As much of a payment as a line is held against."""

    pk: int
    batch: int
    batch_status: str
    status: str
    amount: Decimal
    phone: str
    account: str
    reference: str | None


@dataclass(frozen=True, slots=True)
class Judged:
    result: Result
    payment: Known | None
    verdict: Verdict
    why: str = ""


def known(results: Iterable[Result], batch: PaymentBatch | None) -> dict[int, Known]:
    """The payments of the batch, and all that the lines name."""
    these = Q(pk__in=[result.payment for result in results if result.payment is not None])
    if batch is not None:
        these |= Q(batch=batch)
    rows = Payment.objects.filter(these).values_list(
        "pk",
        "batch",
        "batch__status",
        "status",
        "amount",
        "payee_phone",
        "account",
        "reference",
    )
    return {row[0]: Known(*row) for row in rows.iterator(chunk_size=10_000)}


def receipts(results: Iterable[Result]) -> dict[str, int]:
    """Whose payment each receipt proves already, in any batch."""
    asked = {result.receipt for result in results if result.receipt}
    rows = Payment.objects.filter(reference__in=asked).values_list("reference", "pk")
    return {str(receipt): payment for receipt, payment in rows}


def judge(
    results: list[Result],
    *,
    batch: PaymentBatch | None,
    payments: dict[int, Known],
    proven: dict[str, int],
) -> list[Judged]:
    """Each line with what becomes of it. The order of the lines changes nothing, but for which of
    two that say the same is the second."""
    matched = list(_matched(results, batch, payments))
    says: dict[int, set[tuple[str, str, bool]]] = defaultdict(set)
    whose: dict[str, set[int]] = defaultdict(set)
    for result, payment in matched:
        if payment and result.status and not result.fault:
            receipt = result.receipt if result.status == PaymentStatus.PAID else ""
            says[payment.pk].add((result.status, receipt, _is_partial(result, payment)))
            if receipt:
                whose[receipt].add(payment.pk)
    judged, seen = [], set()
    for result, payment in matched:
        verdict, why = _verdict(result, payment, batch=batch, proven=proven)
        if payment and verdict in (*WRITTEN, Verdict.KNOWN):
            if len(says[payment.pk]) > 1:
                verdict = Verdict.CONTRADICTORY
                why = _("Lines of this file say different things of this payment.")
            elif verdict == Verdict.PAID and len(whose[result.receipt]) > 1:
                verdict = Verdict.CONTRADICTORY
                why = _("This receipt number stands beside several payments.")
            elif payment.pk in seen:
                verdict, why = Verdict.KNOWN, _("An earlier line says the same.")
            seen.add(payment.pk)
        judged.append(Judged(result, payment, verdict, why))
    return judged


def _matched(
    results: Iterable[Result], batch: PaymentBatch | None, payments: dict[int, Known]
) -> Iterator[tuple[Result, Known | None]]:
    """Each line with the payment it is about: by our reference or, where the line has none, by a
    number or an account that the batch pays only once."""
    by_payee: dict[str, list[Known]] = defaultdict(list)
    if batch is not None:
        for payment in payments.values():
            if payment.batch == batch.pk:
                by_payee[payment.phone or payment.account].append(payment)
    for result in results:
        if result.payment is not None:
            yield result, payments.get(result.payment)
        elif result.said:
            yield result, None  # it names something that is no payment of ours
        else:
            same = by_payee.get(result.phone or result.account, [])
            yield result, same[0] if len(same) == 1 else None


def _verdict(
    result: Result, payment: Known | None, *, batch: PaymentBatch | None, proven: dict[str, int]
) -> tuple[Verdict, str]:
    unclear = Verdict.UNCLEAR
    if result.fault:
        return unclear, result.fault
    if payment is None:
        return unclear, _("No payment matches this line.")
    if batch is not None and payment.batch != batch.pk:
        said = _("It belongs to payment batch %(batch)s.") % {"batch": payment.batch}
        return Verdict.FOREIGN, said
    if payment.batch_status not in SENT:
        return unclear, _("Its batch was not sent to be paid yet.")
    if result.status is None:
        return unclear, _("The status is none that we know.")
    if result.phone and result.phone != payment.phone:
        return unclear, _("The number is not the one that the batch pays.")
    if result.account and result.account != payment.account:
        return unclear, _("The account is not the one that the batch pays.")
    if _is_partial(result, payment):
        return Verdict.PARTIAL, _("The amount is not the one that the batch pays.")
    if result.status == PaymentStatus.PAID:
        if not result.receipt:
            return unclear, _("It says paid, but gives no receipt number.")
        if proven.get(result.receipt, payment.pk) != payment.pk:
            return unclear, _("This receipt number belongs to another payment.")
    return _against_the_books(result, payment)


def _is_partial(result: Result, payment: Known) -> bool:
    return bool(result.amount) and shillings(result.amount) != payment.amount


def _against_the_books(result: Result, payment: Known) -> tuple[Verdict, str]:
    """What an earlier file said of it stands, unless the channel took back what it had paid."""
    says, books = PaymentStatus(result.status or ""), PaymentStatus(payment.status)
    if says == PaymentStatus.PAID and books in (PaymentStatus.PAID, PaymentStatus.REVERSED):
        if payment.reference == result.receipt:
            return Verdict.KNOWN, ""
    elif says == books:
        return Verdict.KNOWN, ""
    elif books == PaymentStatus.PAID and says == PaymentStatus.REVERSED:
        return Verdict.REVERSED, ""
    elif books == PaymentStatus.WAITING:
        if says == PaymentStatus.REVERSED:
            return Verdict.UNCLEAR, _("It says taken back, but we know of no payment before.")
        return WRITES[says], ""
    said = _("We recorded before that this payment is %(status)s.")
    return Verdict.UNCLEAR, said % {"status": str(books.label).lower()}
