"""What a payment channel says it did."""
"""Files to the payment channel: what we ask M-Pesa to pay. `results` reads what comes back."""

import csv
import io
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from claims.models import Payment, PaymentStatus
from sms.phones import is_mobile, mobile

MOST_LINES = 5000
MOST_CHARACTERS = 1_000_000
HEADINGS = {
    "reference": ["reference", "paymentid", "payment"],
    "phone": ["msisdn", "phone", "phonenumber"],
    "status": ["status", "result"],
    "receipt": ["receipt", "receiptnumber", "transactionid", "mpesareceipt"],
    "amount": ["amount"],
    "reason": ["reason", "description", "failurereason"],
}
WORDS = {
    "paid": PaymentStatus.PAID,
    "success": PaymentStatus.PAID,
    "successful": PaymentStatus.PAID,
    "completed": PaymentStatus.PAID,
    "failed": PaymentStatus.FAILED,
    "failure": PaymentStatus.FAILED,
    "rejected": PaymentStatus.FAILED,
    "declined": PaymentStatus.FAILED,
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


def read_results(text: str) -> list[Result]:
    """The lines of a result file, or ValidationError in words that say which line is wrong."""
    if len(text) > MOST_CHARACTERS:
        raise ValidationError(_("This file is too long. Split it into smaller ones."))
    head = text.lstrip("\ufeff").strip().partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    lines = csv.reader(
        io.StringIO(text.lstrip("\ufeff").strip(), newline=""), delimiter=delimiter, strict=True
    )
    try:
        places = _places(next(lines, []))
        results = [
            _result(lines.line_num, row, places) for row in lines if any(map(str.strip, row))
        ]
    except csv.Error as error:
        raise ValidationError(
            _("Line %(line)s cannot be read: %(error)s.") % {"line": lines.line_num, "error": error}
        ) from error
    if not results:
        raise ValidationError(_("There is no payment below the first line."))
    if len(results) > MOST_LINES:
        raise ValidationError(
            _("A file may have %(most)s payments at most. Split it into smaller ones.")
            % {"most": MOST_LINES}
        )
    return results


def _places(head: list[str]) -> dict[str, int]:
    """Which column holds what, by the headings of the first line."""
    named = [re.sub(r"[^a-z]", "", name.lower()) for name in head]
    places = {}
    for field, names in HEADINGS.items():
        found = [place for place, name in enumerate(named) if name in names]
        if len(found) > 1:
            raise ValidationError(
                _("The first line names the column “%(name)s” twice.") % {"name": head[found[1]]}
            )
        if found:
            places[field] = found[0]
    if "status" not in places or not {"reference", "phone"} & set(places):
        raise ValidationError(
            _(
                "The first line must name the columns. Status is needed, and Reference or MSISDN; "
                "Receipt, Amount and Reason are read if they are there."
            )
        )
    return places


def _result(line: int, row: list[str], places: dict[str, int]) -> Result:
    def value(field: str) -> str:
        place = places.get(field)
        text = row[place].strip() if place is not None and place < len(row) else ""
        return text.removeprefix("'").replace("\0", "")

    number = re.fullmatch(r"(?:CP2-)?([0-9]{1,15})", value("reference").upper())
    phone = value("phone")
    return Result(
        line=line,
        payment=int(number[1]) if number else None,
        phone=mobile(phone) if is_mobile(phone) else "",
        status=WORDS.get(value("status").lower()),
        receipt=_receipt(value("receipt")),
        amount=value("amount"),
        reason=value("reason")[:200],
    )


def _receipt(text: str) -> str:
    """M-Pesa's receipts are capital letters and digits; anything else proves nothing."""
    return text.upper() if re.fullmatch(r"[A-Z0-9-]{4,40}", text.upper(), re.ASCII) else ""


def _shillings(text: str) -> Decimal | None:
    plain = text.replace(",", "").upper().removeprefix("KES").strip()
    found = re.fullmatch(r"[0-9]{1,10}(\.[0-9]{1,2})?", plain, re.ASCII)
    return Decimal(plain) if found else None


def matched(
    results: Iterable[Result], payments: Iterable[Payment]
) -> Iterator[tuple[Result, Payment | None]]:
    """Each line with the payment it is about: by our reference or, where the line has none, by a
    number that is paid only once."""
    by_number: dict[int, Payment] = {}
    by_phone: dict[str, list[Payment]] = {}
    for payment in payments:
        by_number[payment.pk] = payment
        by_phone.setdefault(payment.payee_phone, []).append(payment)
    for result in results:
        if result.payment is not None:
            yield result, by_number.get(result.payment)
        else:
            same = by_phone.get(result.phone, [])
            yield result, same[0] if len(same) == 1 else None


def reasons_against(
    result: Result, payment: Payment | None, *, receipts: dict[str, int]
) -> Iterator[str]:
    """Why a line is left for a person to look at. `receipts` says whose each known one is."""
    if payment is None:
        yield _("No payment of this batch matches this line.")
        return
    if result.status is None:
        yield _("The status is none that we know.")
    if result.phone and result.phone != payment.payee_phone:
        yield _("The number is not the one that the batch pays.")
    if result.amount and _shillings(result.amount) != payment.amount:
        yield _("The amount is not the one that the batch pays.")
    if result.status == PaymentStatus.PAID:
        if not result.receipt:
            yield _("It says paid, but gives no receipt number.")
        elif receipts.get(result.receipt, payment.pk) != payment.pk:
            yield _("This receipt number belongs to another payment.")
    if payment.status != PaymentStatus.WAITING and (
        payment.status != result.status
        or (payment.status == PaymentStatus.PAID and payment.reference != result.receipt)
    ):
        yield _("We recorded before that this payment is %(status)s.") % {
            "status": payment.get_status_display().lower()
        }
from claims.models import Payment
from cp2.exports import harmless

COLUMNS = ["Reference", "MSISDN", "Name", "Amount", "Remarks"]


def cell(text: str) -> str:
    """One line of text that no spreadsheet will run."""
    return str(harmless("".join(char if char.isprintable() else " " for char in text)))


def reference(payment: Payment) -> str:
    """Our name for a payment, which the channel gives back."""
    return f"CP2-{payment.pk}"


def disbursement(payments: Iterable[Payment], *, remarks: str) -> bytes:
    """M-Pesa's bulk payment file. Amounts are plain numbers, everything else is text."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for payment in payments:
        writer.writerow(
            [
                reference(payment),
                payment.payee_phone,
                cell(payment.payee_name),
                f"{payment.amount:.2f}",
                cell(remarks),
            ]
        )
    return out.getvalue().encode()
