"""Files to the payment channel: what we ask M-Pesa to pay. `results` reads what comes back."""

import csv
import io
from collections.abc import Iterable

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
