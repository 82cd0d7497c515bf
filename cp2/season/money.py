"""The claims of the exam that is over, in every state that a claim can be in.

They are computed, held, disputed, batched and paid by the services. Only where thousands are
verified and approved one by one in life, one statement does it here.
"""

from decimal import Decimal

from django.db.models import QuerySet

import claims.services
from accounts.models import User
from catalogue.models import Exam
from claims.models import (
    Channel,
    Claim,
    ClaimStatus,
    HoldCode,
    Payment,
    PaymentBatch,
    PaymentStatus,
    TaxRule,
)
from claims.results import Result
from cp2.season import draws
from cp2.season.rows import run
from profiles.models import Officer, PaidBy

REFUSED = 97  # one payment among so many
TO_A_BANK = 12  # one officer among so many
FEW = 3
RECEIPT = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"

# Of ten claims one stays as it was computed, one is only verified, eight are approved.
VERIFY = """
WITH numbered AS (
    SELECT id, row_number() OVER (ORDER BY officer_id) AS number
    FROM claims_claim WHERE exam_id = %(exam)s
),
director AS (
    SELECT DISTINCT ON (line.claim_id) line.claim_id, account.id
    FROM claims_claimline line
    JOIN deployments_deployment deployment ON deployment.id = line.deployment_id
    JOIN deployments_post post ON post.id = deployment.post_id
    JOIN catalogue_dutystation station ON station.id = post.station_id
    JOIN accounts_user account
        ON account.sub_county_id = station.sub_county_id AND account.office = 'tsc'
    ORDER BY line.claim_id, line.id
),
verified AS (
    UPDATE claims_claim claim
    SET verified_by_id = director.id,
        status = CASE WHEN numbered.number %% 10 = 2 THEN 'verified' ELSE 'approved' END,
        approved_by_id = CASE WHEN numbered.number %% 10 <> 2 THEN %(approver)s END
    FROM numbered, director
    WHERE claim.id = numbered.id AND claim.id = director.claim_id
        AND claim.status = 'prepared' AND numbered.number %% 10 <> 1
    RETURNING claim.*
)
INSERT INTO accounts_entry (actor_id, acting_name, verb, subject_type, subject_id, details)
SELECT actor, '', verb, 'claims.claim', id, details FROM (
    SELECT id, 1 AS step, verified_by_id AS actor, 'claim.verified' AS verb,
        jsonb_build_object('days', days, 'net', net::text) AS details
    FROM verified
    UNION ALL
    SELECT id, 2, approved_by_id, 'claim.approved', jsonb_build_object('net', net::text)
    FROM verified WHERE approved_by_id IS NOT NULL
) told
ORDER BY id, step
"""


def pay(seed: int, exams: list[Exam], over: Exam) -> None:
    for exam in exams:
        # as KNEC's marking instructions have it
        TaxRule.objects.create(exam=exam, rate=Decimal(5), above=Decimal(24_000))
    preparer = User.objects.get(username="preparer")
    approver = User.objects.get(username="approver")
    claims.services.prepare(over, by=preparer)
    dispute(over)
    run(VERIFY, exam=over.pk, approver=approver.pk)
    hold(over, by=approver)
    payable = Claim.objects.filter(exam=over, status=ClaimStatus.APPROVED).free_of_holds()
    choose_banks(payable)
    banks = payable.filter(officer__paid_by=PaidBy.BANK)
    if sent := prepare_batch(banks, banks.count(), by=preparer, channel=Channel.ISO):
        claims.services.approve_batch(sent, by=approver)
        claims.services.export_batch(sent, by=preparer)  # and nothing is back from there yet
    approved = payable.filter(officer__paid_by=PaidBy.MPESA)
    share = max(1, approved.count() * 2 // 5)
    if paid := prepare_batch(approved, share, by=preparer):
        reconcile(seed, paid, preparer, approver)
    prepare_batch(approved, share // 2, by=preparer)  # stays a draft, for newcomers to approve


def choose_banks(payable: QuerySet[Claim]) -> None:
    """Of those who gave an account, some want to be paid there."""
    with_account = payable.filter(officer__bank_account__isnull=False).order_by("officer")
    these = list(with_account.values_list("officer", flat=True))[::TO_A_BANK]
    Officer.objects.filter(pk__in=these).update(paid_by=PaidBy.BANK)


def prepare_batch(
    approved: QuerySet[Claim], most: int, *, by: User, channel: str = Channel.MPESA
) -> PaymentBatch | None:
    """None if there is nobody to pay."""
    first = list(approved.order_by("officer").values_list("pk", flat=True)[:most])
    if not first:
        return None
    return claims.services.prepare_batch(Claim.objects.filter(pk__in=first), by=by, channel=channel)


def dispute(exam: Exam) -> None:
    few = Claim.objects.filter(exam=exam).select_related("officer__user").order_by("-officer")[:FEW]
    for claim in few:
        claims.services.dispute(
            claim, by=claim.officer.user, reason="I was there on one day more than it says."
        )


def hold(exam: Exam, *, by: User) -> None:
    """By people, beside what rules hold: a centre that is looked into, and two of one name."""
    approved = Claim.objects.filter(exam=exam, status=ClaimStatus.APPROVED).order_by("-officer")
    for claim in approved.free_of_holds()[:FEW]:
        claims.services.raise_hold(
            claim,
            code=HoldCode.DUPLICATE,
            by=by,
            note="Another teacher of this name serves nearby.",
        )
    last = approved.free_of_holds().first()
    if last is not None:
        where = last.lines.select_related("deployment__post__station")[0]
        claims.services.open_investigation(
            exam,
            where.deployment.post.station,
            reason="Candidates say that a paper was seen the night before.",
            by=by,
        )


def reconcile(seed: int, batch: PaymentBatch, preparer: User, approver: User) -> None:
    """Approved, exported and paid, but for some payments, which the network refuses."""
    claims.services.approve_batch(batch, by=approver)
    exported = claims.services.export_batch(batch, by=preparer)
    payments = list(exported.payments.order_by("claim__officer"))
    results = [
        _result(seed, line, payment, refused=line % REFUSED == 0 or line == len(payments))
        for line, payment in enumerate(payments, start=1)
    ]
    claims.services.reconcile(exported, results, by=preparer)


def _result(seed: int, line: int, payment: Payment, *, refused: bool) -> Result:
    return Result(
        line=line,
        payment=payment.pk,
        phone=payment.payee_phone,
        status=PaymentStatus.FAILED if refused else PaymentStatus.PAID,
        receipt="" if refused else draws.letters(RECEIPT, 10, seed, "receipt", line),
        amount=str(payment.amount),
        reason="The number is not registered with M-Pesa." if refused else "",
    )
