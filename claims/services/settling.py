"""What becomes of payments once the channel has said so: many at once, a few statements each.

The payments, which are locked, go first: the database lets their claims move only after them.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record, record_each, tell_each
from claims import ledger
from claims.models import (
    Channel,
    Claim,
    Hold,
    HoldCode,
    Payment,
    PaymentBatch,
    PaymentStatus,
)
from claims.services.own import refuse_own
from claims.templatetags.shillings import masked, masked_account
from cp2.rules import Refused, lock, refuse_move


def pay_each(paid: Sequence[tuple[int, str]], *, by: User | None) -> int:
    """Payments with their receipts. What was kept back of them is settled as well."""
    if not paid:
        return 0
    numbers, receipts = [number for number, _receipt in paid], [receipt for _n, receipt in paid]
    _move_payments(
        """
        UPDATE claims_payment p SET status = 'paid', reference = said.receipt
        FROM unnest(%s::bigint[], %s::text[]) AS said (id, receipt)
        WHERE p.id = said.id AND p.status = 'waiting'
        """,
        [numbers, receipts],
        count=len(paid),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE claims_claim c
            SET status = 'paid', paid_at = statement_timestamp(), payment_reference = p.reference
            FROM claims_payment p
            WHERE p.id = ANY(%s) AND c.id = p.claim_id AND c.status = 'paying'
            """,
            [numbers],
        )
        _refuse_others(cursor.rowcount, len(paid))
        # their proof is the payment that they were kept back from
        cursor.execute(
            """
            UPDATE claims_claim c
            SET status = 'paid', paid_at = statement_timestamp(),
                payment_reference = 'CP2-' || r.payment_id || '-' || c.id
            FROM claims_recovery r
            WHERE r.payment_id = ANY(%s) AND r.returned_at IS NULL
                AND c.id = r.claim_id AND c.status = 'paying'
            RETURNING c.id, r.payment_id, r.amount
            """,
            [numbers],
        )
        kept = cursor.fetchall()
    ledger.post_paid(numbers, by=by)
    payments = _with_people(numbers)
    record_each(
        "claim.paid",
        [(row.claim, {"amount": str(row.amount), "reference": row.reference}) for row in payments],
        by=by,
    )
    record_each(
        "claim.kept_back",
        [
            (Claim(pk=claim), {"payment": payment, "amount": str(amount)})
            for claim, payment, amount in kept
        ],
        by=by,
    )
    for template, told in (
        ("claims/paid", [row for row in payments if row.channel == Channel.MPESA]),
        ("claims/paid_by_bank", [row for row in payments if row.channel != Channel.MPESA]),
    ):
        tell_each(
            template,
            (
                (
                    row.claim.officer.user,
                    None,
                    {
                        "amount": row.amount,
                        "exam": row.claim.exam.short,
                        "number": masked(row.payee_phone) or masked_account(row.account),
                        "reference": row.reference,
                    },
                )
                for row in told
            ),
        )
    return len(paid)


def fail_each(failed: Sequence[tuple[int, str]], *, by: User | None) -> int:
    """The claims wait for another batch, held until the payee or a person says why they may go."""
    return _undo(
        failed,
        """
        UPDATE claims_payment p SET status = 'failed', failure = said.reason
        FROM unnest(%s::bigint[], %s::text[]) AS said (id, reason)
        WHERE p.id = said.id AND p.status = 'waiting'
        """,
        verb="payment.failed",
        post=ledger.post_back,
        template="claims/failed",
        by=by,
    )


def reverse_each(reversed_: Sequence[tuple[int, str]], *, by: User | None) -> int:
    """The channel took back what it had paid."""
    return _undo(
        reversed_,
        """
        UPDATE claims_payment p SET status = 'reversed', failure = said.reason
        FROM unnest(%s::bigint[], %s::text[]) AS said (id, reason)
        WHERE p.id = said.id AND p.status = 'paid'
        """,
        verb="payment.reversed",
        post=ledger.post_reversed,
        template="claims/taken_back",
        by=by,
    )


def _undo(
    undone: Sequence[tuple[int, str]],
    update: str,
    *,
    verb: str,
    post: Callable[..., None],
    template: str,
    by: User | None,
) -> int:
    if not undone:
        return 0
    numbers, reasons = [number for number, _reason in undone], [reason for _n, reason in undone]
    _move_payments(update, [numbers, reasons], count=len(undone))
    give_back_claims(numbers)
    post(numbers, by=by)
    payments = _with_people(numbers)
    Hold.objects.bulk_create(
        [Hold(claim=row.claim, code=HoldCode.PAYMENT_FAILED, note=row.failure) for row in payments],
        ignore_conflicts=True,
    )
    record_each(
        verb, [(row, {"claim": row.claim_id, "reason": row.failure}) for row in payments], by=by
    )
    tell_each(
        template,
        (
            (
                row.claim.officer.user,
                None,
                {"amount": row.amount, "exam": row.claim.exam.short},
            )
            for row in payments
        ),
    )
    return len(undone)


def give_back_claims(payments: Iterable[int]) -> None:
    """The claims of payments that came to nothing are approved again, and so are those that were
    to be kept back from them."""
    numbers = list(payments)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE claims_recovery SET returned_at = statement_timestamp()
            WHERE payment_id = ANY(%s) AND returned_at IS NULL RETURNING claim_id
            """,
            [numbers],
        )
        kept = [claim for (claim,) in cursor.fetchall()]
        cursor.execute(
            """
            UPDATE claims_claim c
            SET status = 'approved', paid_at = NULL, payment_reference = NULL
            FROM claims_payment p
            WHERE p.id = ANY(%s) AND c.id = p.claim_id AND c.status IN ('paying', 'paid')
            """,
            [numbers],
        )
        _refuse_others(cursor.rowcount, len(numbers))
        cursor.execute(
            """
            UPDATE claims_claim
            SET status = 'approved', paid_at = NULL, payment_reference = NULL
            WHERE id = ANY(%s) AND status IN ('paying', 'paid')
            """,
            [kept],
        )


def _move_payments(update: str, params: list[Any], *, count: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(update, params)
        _refuse_others(cursor.rowcount, count)


def _refuse_others(moved: int, wanted: int) -> None:
    """They were locked and looked at before, so this is said only if something is very wrong."""
    if moved != wanted:
        raise Refused(_("Some of these payments have moved on meanwhile. Nothing was changed."))


def _with_people(payments: Iterable[int]) -> list[Payment]:
    """With as much of them as is told and written here."""
    people = Payment.objects.select_related("claim__officer__user", "claim__exam").only(
        *("claim", "amount", "channel", "payee_phone", "account", "reference", "failure"),
        *("claim__officer__user__phone", "claim__officer__user__language"),
        *("claim__officer__user__news_off", "claim__exam__abbreviation", "claim__exam__year"),
    )
    return list(people.filter(pk__in=list(payments)).order_by("pk"))


@transaction.atomic
def take_back(payment: Payment, *, by: User, reason: str) -> Payment:
    """A person at headquarters has it from the channel that the money came back.

    It is for whoever approves batches, and not for the one who prepared this one and reads its
    results.
    """
    batch = lock(PaymentBatch(pk=payment.batch_id))
    payment = lock(payment)
    claim = Claim.objects.select_related("officer__user").get(pk=payment.claim_id)
    refuse_own(claim, by)
    if batch.prepared_by_id == by.pk:
        raise Refused(_("You prepared this batch, so someone else must take a payment back."))
    refuse_move(payment, PaymentStatus.REVERSED)
    reverse_each([(payment.pk, reason)], by=by)
    record("payment.taken_back", payment, by=by, reason=reason)
    payment.refresh_from_db()
    return payment
