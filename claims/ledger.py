"""Where the money of a batch is: entries that are only added, each from one account to another."""

from django.db import connection

from accounts.models import User
from claims.models import Account, PaymentBatch

APPROVED = """
INSERT INTO claims_ledgerentry (batch_id, payment_id, debit, credit, amount, note, by_id)
SELECT p.batch_id, p.id, %(owed)s, moved.credit, moved.amount, '', %(by)s
FROM claims_payment p
CROSS JOIN LATERAL (
    SELECT %(channel)s AS credit, p.amount
    UNION ALL
    SELECT %(kept)s, r.amount FROM claims_recovery r
    WHERE r.payment_id = p.id AND r.returned_at IS NULL AND r.amount > 0
) AS moved
WHERE p.batch_id = %(batch)s AND p.status = 'waiting'
ORDER BY p.id
"""
REVERSED = """
INSERT INTO claims_ledgerentry
    (batch_id, payment_id, debit, credit, amount, note, by_id, reverses_id)
SELECT e.batch_id, e.payment_id, e.credit, e.debit, e.amount, %(note)s, %(by)s, e.id
FROM claims_ledgerentry e
WHERE e.payment_id = ANY (%(payments)s) AND e.reverses_id IS NULL
    AND NOT EXISTS (SELECT FROM claims_ledgerentry r WHERE r.reverses_id = e.id)
ORDER BY e.id
"""


def post_approval(batch: PaymentBatch, *, by: User) -> None:
    """What each payment takes to the channel, and what of it is kept back."""
    accounts = {"owed": Account.OWED, "channel": Account.CHANNEL, "kept": Account.KEPT}
    with connection.cursor() as cursor:
        cursor.execute(
            APPROVED,
            {"batch": batch.pk, "by": by.pk} | {name: str(to) for name, to in accounts.items()},
        )


def take_back(payments: list[int], *, by: User, note: str) -> None:
    """All of what was entered for these payments, the other way round."""
    with connection.cursor() as cursor:
        cursor.execute(REVERSED, {"payments": payments, "by": by.pk, "note": note})
