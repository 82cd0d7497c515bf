"""Where the money of a batch is: entries are posted for what happens, and held against it.

    approved                        owed → channel, and what is kept back: owed → kept
    paid                            channel → paid
    failed, left out, called off    channel → owed, kept → owed
    taken back by the channel       paid → owed, as the reverse of the entry that paid it

Nothing else writes entries, and nothing ever changes one. `check` asks of every payment whether
its entries say the same as its status.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services import record
from claims.models import Account, PaymentBatch

UNBALANCED = "ledger.unbalanced"

log = logging.getLogger(__name__)

# Posting


def post_each(
    payments: Iterable[int],
    debit: Account,
    credit: Account,
    *,
    by: User | None,
    note: str = "",
) -> None:
    """The amount of each of these payments from one account to another."""
    _post(
        """
        SELECT batch_id, id, %s, %s, amount, NULL::bigint, %s, %s
        FROM claims_payment WHERE id = ANY(%s) AND amount > 0 ORDER BY id
        """,
        [debit, credit, note, by.pk if by else None, list(payments)],
    )


def _post_kept(
    payments: list[int], debit: Account, credit: Account, *, by: User | None, note: str = ""
) -> None:
    _post(
        """
        SELECT p.batch_id, p.id, %s, %s, r.amount, NULL::bigint, %s, %s
        FROM claims_recovery r JOIN claims_payment p ON p.id = r.payment_id
        WHERE p.id = ANY(%s) AND r.amount > 0 ORDER BY r.id
        """,
        [debit, credit, note, by.pk if by else None, payments],
    )


def _post(select: str, params: list[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO claims_ledgerentry
                (batch_id, payment_id, debit, credit, amount, reverses_id, note, by_id)
            """
            + select,
            [str(param) if isinstance(param, Account) else param for param in params],
        )


def post_approval(batch: PaymentBatch) -> None:
    """What the batch pays is given to the channel; what officers owe is kept back of it."""
    payments = list(batch.payments.values_list("pk", flat=True))
    post_each(payments, Account.OWED, Account.CHANNEL, by=batch.approved_by)
    _post_kept(payments, Account.OWED, Account.KEPT, by=batch.approved_by)


def post_paid(payments: Iterable[int], *, by: User | None) -> None:
    post_each(payments, Account.CHANNEL, Account.PAID, by=by)


def post_back(payments: Iterable[int], note: str = "", *, by: User | None = None) -> None:
    """These never reached anybody: officers are owed again, also what was kept back."""
    numbers = list(payments)
    post_each(numbers, Account.CHANNEL, Account.OWED, by=by, note=note)
    _post_kept(numbers, Account.KEPT, Account.OWED, by=by, note=note)


def post_reversed(payments: Iterable[int], note: str = "", *, by: User | None) -> None:
    """They were paid, and the channel took them back: each names the entry that it reverses."""
    numbers = list(payments)
    _post(
        """
        SELECT batch_id, payment_id, 'paid', 'owed', amount, id, %s, %s
        FROM claims_ledgerentry
        WHERE payment_id = ANY(%s) AND debit = 'channel' AND credit = 'paid'
        ORDER BY id
        """,
        [note, by.pk if by else None, numbers],
    )
    _post_kept(numbers, Account.KEPT, Account.OWED, by=by, note=note)


# Holding it against what happened

OWED_OUT, OWED_BACK = "owed_out", "owed_back"
WHAT: dict[str, Promise | str] = {
    Account.CHANNEL: Account.CHANNEL.label,
    Account.PAID: Account.PAID.label,
    Account.KEPT: Account.KEPT.label,
    OWED_OUT: _("Taken from what is owed"),
    OWED_BACK: _("Owed again"),
}

# One line of each payment: where its status says that the money is, and where its entries say so.
# A payment of a batch that nobody approved has no entries. Entries that name another batch than
# their payment's count for the batch that they name, where nothing is expected.
HELD = """
WITH posted AS (
    SELECT batch_id, payment_id,
        coalesce(sum(amount) FILTER (WHERE credit = 'channel'), 0)
            - coalesce(sum(amount) FILTER (WHERE debit = 'channel'), 0) AS channel,
        coalesce(sum(amount) FILTER (WHERE credit = 'paid'), 0)
            - coalesce(sum(amount) FILTER (WHERE debit = 'paid'), 0) AS paid,
        coalesce(sum(amount) FILTER (WHERE credit = 'kept'), 0)
            - coalesce(sum(amount) FILTER (WHERE debit = 'kept'), 0) AS kept,
        coalesce(sum(amount) FILTER (WHERE debit = 'owed'), 0) AS owed_out,
        coalesce(sum(amount) FILTER (WHERE credit = 'owed'), 0) AS owed_back
    FROM claims_ledgerentry
    {of_batch}
    GROUP BY batch_id, payment_id
),
kept AS (
    SELECT payment_id, sum(amount) AS amount,
        coalesce(sum(amount) FILTER (WHERE returned_at IS NULL), 0) AS live
    FROM claims_recovery GROUP BY payment_id
),
due AS (
    SELECT p.batch_id, p.id AS payment_id,
        CASE WHEN p.status = 'waiting' THEN p.amount ELSE 0 END AS channel,
        CASE WHEN p.status = 'paid' THEN p.amount ELSE 0 END AS paid,
        coalesce(k.live, 0) AS kept,
        p.amount + coalesce(k.amount, 0) AS owed_out,
        CASE WHEN p.status IN ('waiting', 'paid') THEN 0
            ELSE p.amount + coalesce(k.amount, 0) END AS owed_back
    FROM claims_payment p
    JOIN claims_paymentbatch b ON b.id = p.batch_id
    LEFT JOIN kept k ON k.payment_id = p.id
    WHERE b.status IN ('approved', 'exported', 'reconciled') {and_batch}
)
SELECT coalesce(due.batch_id, posted.batch_id) AS batch, each.account,
    sum(each.due) AS due, sum(each.posted) AS posted,
    count(*) FILTER (WHERE each.due <> each.posted) AS payments
FROM due
FULL JOIN posted ON posted.batch_id = due.batch_id AND posted.payment_id = due.payment_id
CROSS JOIN LATERAL (VALUES
    ('channel', coalesce(due.channel, 0), coalesce(posted.channel, 0)),
    ('paid', coalesce(due.paid, 0), coalesce(posted.paid, 0)),
    ('kept', coalesce(due.kept, 0), coalesce(posted.kept, 0)),
    ('owed_out', coalesce(due.owed_out, 0), coalesce(posted.owed_out, 0)),
    ('owed_back', coalesce(due.owed_back, 0), coalesce(posted.owed_back, 0))
) AS each (account, due, posted)
GROUP BY 1, 2
ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Held:
    """Of one account of a batch: what its payments say, and what its entries say."""

    batch: int
    account: str
    due: Decimal
    posted: Decimal
    payments: int  # for how many the two differ, even where the sums agree

    @property
    def label(self) -> str:
        return str(WHAT[self.account])


def _held(batch: PaymentBatch | None) -> list[Held]:
    select = HELD.format(
        of_batch="WHERE batch_id = %(batch)s" if batch else "",
        and_batch="AND b.id = %(batch)s" if batch else "",
    )
    with connection.cursor() as cursor:
        cursor.execute(select, {"batch": batch.pk if batch else None})
        return [Held(*row) for row in cursor.fetchall()]


def check(batch: PaymentBatch | None = None) -> list[Held]:
    """Whatever does not agree, of one batch or of all."""
    return [held for held in _held(batch) if held.payments]


@transaction.atomic
def watch() -> list[Held]:
    """Each night: what does not agree is logged, and headquarters sees it on its first page."""
    found = check()
    batches = PaymentBatch.objects.in_bulk({each.batch for each in found})
    for number, batch in sorted(batches.items()):
        accounts = {
            each.account: {"due": str(each.due), "posted": str(each.posted)}
            for each in found
            if each.batch == number
        }
        log.error("ledger_unbalanced", extra={"batch": number, "accounts": accounts})
        record(UNBALANCED, batch, by=None, accounts=accounts)
    return found


@dataclass(frozen=True, slots=True)
class Accounts:
    """What a batch's page shows of the ledger."""

    owed: Decimal
    channel: Decimal
    paid: Decimal
    kept: Decimal
    imbalances: Sequence[Held]

    @property
    def together(self) -> Decimal:
        """Nothing, since whatever leaves one account comes to another."""
        return self.owed + self.channel + self.paid + self.kept

    @property
    def balances(self) -> bool:
        return not self.imbalances


def accounts(batch: PaymentBatch) -> Accounts | None:
    """None until something is posted, or ought to be."""
    held = {each.account: each for each in _held(batch)}
    if not held:
        return None
    posted = {account: each.posted for account, each in held.items()}
    return Accounts(
        owed=posted[OWED_BACK] - posted[OWED_OUT],
        channel=posted[Account.CHANNEL],
        paid=posted[Account.PAID],
        kept=posted[Account.KEPT],
        imbalances=[each for each in held.values() if each.payments],
    )
