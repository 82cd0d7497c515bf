"""A batch is filled: portion by portion by a worker, or at once with what a person ticked."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.db import connection, models, transaction
from django.db.models import F, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record, record_all
from catalogue.models import County, Exam, SubCounty
from claims import holds, runs
from claims.models import (
    BatchStatus,
    Channel,
    Claim,
    ClaimQuerySet,
    ClaimStatus,
    MoneyRun,
    Payment,
    PaymentBatch,
    Recovery,
    RunKind,
)
from claims.services.batches import cancel_locked, totals
from claims.services.own import among
from claims.services.payable import payable, to_be_kept_back
from cp2.rules import Refused, lock, move

PORTION = 5000  # claims
CLOSE = "close"

PAY = """
INSERT INTO claims_payment
    (batch_id, claim_id, amount, channel, payee_name, payee_phone,
     bank_code, branch_code, account, status, failure)
SELECT %(batch)s, c.id, c.net, %(channel)s,
    CASE WHEN a.id IS NULL THEN o.payee_name ELSE o.full_name END,
    CASE WHEN a.id IS NULL THEN o.payee_phone ELSE '' END,
    coalesce(b.code, ''), coalesce(h.code, ''), coalesce(a.number, ''), 'waiting', ''
FROM claims_claim c
JOIN profiles_officer o ON o.id = c.officer_id
LEFT JOIN profiles_bankaccount a ON a.officer_id = o.id AND %(by_bank)s
LEFT JOIN catalogue_bank b ON b.id = a.bank_id
LEFT JOIN catalogue_bankbranch h ON h.id = a.branch_id
WHERE c.id = ANY (%(claims)s)
ORDER BY c.id
"""


@transaction.atomic
def prepare_batch(
    claims: models.QuerySet[Claim], *, by: User, channel: str = Channel.MPESA
) -> PaymentBatch:
    """Take those of the claims that can be paid into a new batch, here and now.

    Left out are those not approved, held, without a payee, approved by the same person or their
    own, and those that another batch is taking at this moment.
    """
    these = Claim.objects.filter(pk__in=claims.order_by().values("pk"))
    exams = list(
        payable(these, channel=channel, by=by).order_by().values_list("exam", flat=True).distinct()
    )
    if len(exams) > 1:
        raise Refused(_("Choose claims of one exam: a batch pays one exam only."))
    if exams:
        batch = _begin(Exam.objects.get(pk=exams[0]), channel=channel, by=by)
        if _fill(batch, these):
            return _close(batch)
    raise Refused(
        _("None of these claims can be paid by you now: see their status and their holds.")
    )


@transaction.atomic
def start_batch(
    exam: Exam,
    *,
    channel: str,
    by: User,
    sub_county: SubCounty | None = None,
    county: County | None = None,
) -> MoneyRun:
    """All that can be paid of an exam, in a place if one is named: a worker fills the batch."""
    batch = _begin(exam, channel=channel, by=by, sub_county=sub_county)
    record("batch.begun", batch, by=by, channel=channel, county=county.pk if county else None)
    return runs.start(
        RunKind.BUILD,
        exam,
        by=by,
        sub_county=sub_county,
        batch=batch,
        county=county.pk if county else None,
    )


def _begin(
    exam: Exam, *, channel: str, by: User, sub_county: SubCounty | None = None
) -> PaymentBatch:
    return PaymentBatch.objects.create(
        exam=exam,
        channel=channel,
        sub_county=sub_county,
        prepared_by=by,
        status=BatchStatus.BUILDING,
        count=0,
        total=Decimal(0),
    )


# A worker's part


def _asked_for(run: MoneyRun) -> ClaimQuerySet:
    claims = Claim.objects.filter(exam=run.exam)
    return claims.served_in(sub_county=run.sub_county_id, county=run.asked.get("county"))


def _plan(run: MoneyRun) -> list[Any]:
    """From which claim to which; the claims between are looked at when their turn comes."""
    batch = _batch_of(run)
    wanted = payable(_asked_for(run), channel=batch.channel, by=batch.prepared_by)
    pks = list(wanted.order_by("pk").values_list("pk", flat=True))
    portions = [pks[start : start + PORTION] for start in range(0, len(pks), PORTION)]
    return [*([some[0], some[-1]] for some in portions), CLOSE]


def _step(run: MoneyRun, portion: Any) -> None:
    batch = lock(_batch_of(run))
    if batch.status != BatchStatus.BUILDING:
        return  # it was cancelled
    if portion == CLOSE:
        _close(batch)
        # else the planner takes its payments for a few, and goes through them once for each
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE claims_payment")
    else:
        run.count(payments=_fill(batch, _asked_for(run).filter(pk__range=portion)))


def _batch_of(run: MoneyRun) -> PaymentBatch:
    return PaymentBatch.objects.select_related("prepared_by", "exam").get(runs=run)


# What both do


def _fill(batch: PaymentBatch, claims: ClaimQuerySet) -> int:
    """Those of the claims that nobody else is taking; how many."""
    by = batch.prepared_by
    taken = _take(payable(claims, channel=batch.channel, by=by))
    if not taken:
        return 0
    with connection.cursor() as cursor:
        by_bank = batch.channel != Channel.MPESA
        cursor.execute(
            PAY,
            {"batch": batch.pk, "channel": batch.channel, "by_bank": by_bank, "claims": taken},
        )
    _move_to_paying(taken, batch, verb="claim.batched")
    _keep_back(batch, taken)
    return len(taken)


def _take(claims: ClaimQuerySet) -> list[int]:
    """Locked, and looked at anew for holds: profiles change after a claim is approved."""
    locked = claims.select_for_update(of=("self",), skip_locked=True)
    taken = list(locked.order_by("pk").values_list("pk", flat=True))
    if not taken:
        return []
    these = Claim.objects.filter(pk__in=among(taken))
    holds.check(these)
    holds.hold_changed_payees(these)
    return list(these.free_of_holds().order_by("pk").values_list("pk", flat=True))


def _move_to_paying(claims: list[int], batch: PaymentBatch, *, verb: str) -> None:
    approved = Claim.objects.filter(pk__in=among(claims), status=ClaimStatus.APPROVED)
    approved.update(status=ClaimStatus.PAYING)
    record_all(verb, Claim, claims, by=batch.prepared_by, batch=batch.pk)


def _keep_back(batch: PaymentBatch, taken: list[int]) -> None:
    """What the same officers owe, oldest first, each whole or not at all, as long as something is
    left to pay."""
    payments = Payment.objects.filter(batch=batch, claim__in=among(taken))
    officers = Claim.objects.filter(pk__in=among(taken)).values("officer")
    owing = _take(to_be_kept_back(by=batch.prepared_by).filter(officer__in=officers))
    if not owing:
        return
    debts = Claim.objects.filter(pk__in=owing).order_by("pk").values_list("pk", "officer", "net")
    debtors = {officer for _claim, officer, _net in debts}
    left = [
        [payment, officer, amount]
        for payment, officer, amount in payments.filter(claim__officer__in=debtors)
        .order_by("claim")
        .values_list("pk", "claim__officer", "amount")
    ]
    kept = list(_matched(debts, left))
    Recovery.objects.bulk_create(
        Recovery(payment_id=payment, claim_id=claim, amount=amount)
        for payment, claim, amount in kept
    )
    sums = Recovery.objects.filter(payment=OuterRef("pk"), returned_at=None).order_by()
    less = sums.values("payment").annotate(sum=Sum("amount")).values("sum")
    Payment.objects.filter(pk__in=[payment for payment, _claim, _amount in kept]).update(
        amount=F("amount") - Coalesce(Subquery(less), Decimal(0))
    )
    _move_to_paying([claim for _payment, claim, _amount in kept], batch, verb="claim.kept_back")


def _matched(
    debts: Iterable[tuple[int, int, Decimal]], left: list[list[Any]]
) -> Iterable[tuple[int, int, Decimal]]:
    for claim, debtor, net in debts:
        for row in left:
            payment, officer, amount = row
            if officer == debtor and amount + net > 0:
                row[2] = amount + net
                yield payment, claim, -net
                break


def _close(batch: PaymentBatch) -> PaymentBatch:
    """It holds what it holds: from here on a second person may look at it."""
    found = totals(batch.payments.all())
    by = batch.prepared_by
    if not found["count"]:
        move(batch, BatchStatus.CANCELLED)
        record("batch.cancelled", batch, by=by, empty=True)
    else:
        move(batch, BatchStatus.DRAFT, **found)
        record("batch.prepared", batch, by=by, count=batch.count, total=str(batch.total))
    return batch


def called_off(run: MoneyRun, by: User) -> None:
    """A batch that is not finished gives back what it has."""
    cancel_locked(lock(_batch_of(run)), by=by)


WORK = runs.Work(plan=_plan, step=_step, called_off=called_off)
