"""Why a claim is not paid yet: the rules that raise a hold, and that clear it once it is cured."""

import random
import time

from django.core.exceptions import EmptyResultSet
from django.db import connection, models, transaction
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Now

from claims.hold_rules import BY_RULE, FORGET, judge
from claims.models import (
    BANKS,
    UNPAID,
    Channel,
    Claim,
    Hold,
    HoldCode,
    Payment,
    PaymentStatus,
)
from profiles.models import PAYEE_WAITS, PaidBy

# Claims are locked before their holds, as people do it: the foreign key of a new hold would lock
# its claim at the end, and wait for somebody who waits for the hold.
LOCK = """
SELECT count(*) FROM (
    SELECT claim.id FROM claims_claim claim WHERE claim.id IN (
        SELECT due.claim FROM due WHERE NOT EXISTS (
            SELECT FROM claims_hold hold
            WHERE hold.claim_id = due.claim AND hold.code = due.code AND hold.cleared_at IS NULL
                AND (hold.raised_by_id IS NOT NULL OR hold.grounds = due.grounds)
        )
    )
    ORDER BY claim.id FOR KEY SHARE
) locked;
"""
# What a person works on at this moment is left to the next look.
CURE = """
WITH cured AS (
    SELECT hold.id FROM claims_hold hold JOIN looked_at look ON look.claim = hold.claim_id
    WHERE hold.cleared_at IS NULL AND hold.raised_by_id IS NULL AND hold.grounds <> ''
        AND hold.code = ANY (%(by_rule)s)
        AND NOT EXISTS (
            SELECT FROM due
            WHERE due.claim = hold.claim_id AND due.code = hold.code
                AND due.grounds = hold.grounds
        )
    FOR UPDATE OF hold SKIP LOCKED
)
UPDATE claims_hold hold SET cleared_at = now() FROM cured WHERE hold.id = cured.id
"""
RAISE = """
INSERT INTO claims_hold (claim_id, code, note, grounds)
SELECT due.claim, due.code, due.note, due.grounds FROM due
WHERE NOT EXISTS (
    SELECT FROM claims_hold hold
    WHERE hold.claim_id = due.claim AND hold.code = due.code AND (
        hold.cleared_at IS NULL
        OR hold.cleared_by_id IS NOT NULL AND hold.grounds = due.grounds
    )
)
ORDER BY due.claim, due.code
ON CONFLICT DO NOTHING
"""
CHUNK = 20_000  # claims that are looked at in one transaction; a second


@transaction.atomic
def check(claims: models.QuerySet[Claim]) -> tuple[int, int]:
    """Raise and clear, over many claims at once. Answers with how many of each.

    A hold that a person raised is theirs to clear. One that a person cleared stays cleared until
    what it rested on changes.
    """
    with connection.cursor() as cursor:
        try:
            judge(cursor, claims)
        except EmptyResultSet:
            return 0, 0
        cursor.execute(LOCK + CURE, {"by_rule": [str(code) for code in BY_RULE]})
        cured = cursor.rowcount
        cursor.execute(RAISE)
        raised = cursor.rowcount
        cursor.execute(FORGET)
    of_these = Hold.objects.filter(claim__in=claims.order_by().values("pk"))
    return raised, cured + _let_go(of_these)


def look_again(*, seconds: float = 60) -> int:
    """What officers and others have cured meanwhile, over all claims that a rule holds.

    In portions, from another place each time, so that a look that is cut short leaves nobody out
    for good. Answers with how many holds were cleared.
    """
    ends = time.monotonic() + seconds
    by_rule = Hold.objects.standing().filter(raised_by=None, claim__status__in=UNPAID)
    pks = list(by_rule.order_by("claim").values_list("claim", flat=True).distinct())
    portions = [pks[start : start + CHUNK] for start in range(0, len(pks), CHUNK)]
    first = random.randrange(len(portions)) if portions else 0
    cleared = 0
    for portion in portions[first:] + portions[:first]:
        if time.monotonic() > ends:
            break
        cleared += check(Claim.objects.filter(pk__in=portion, status__in=UNPAID))[1]
    return cleared


@transaction.atomic
def hold_changed_payees(claims: models.QuerySet[Claim]) -> None:
    """Whoever was paid before has three days to object; unless a person has let this one go."""
    changed = claims.filter(officer__payee_changed_at__gt=Now() - PAYEE_WAITS).order_by("pk")
    moments = changed.values_list("pk", "officer__payee_changed_at")
    when = {pk: at.isoformat() for pk, at in moments if at}
    of_these = Hold.objects.filter(claim__in=when, code=HoldCode.PAYEE_CHANGED)
    decided = of_these.filter(cleared_by__isnull=False).values_list("claim", "grounds")
    settled = set(decided)
    Hold.objects.bulk_create(
        [
            Hold(claim_id=claim, code=HoldCode.PAYEE_CHANGED, grounds=grounds)
            for claim, grounds in when.items()
            if (claim, grounds) not in settled
        ],
        batch_size=2000,
        ignore_conflicts=True,
    )


# Of a payment, as it was copied into it.
PAYEE = ["channel", "payee_name", "payee_phone", "bank_code", "branch_code", "account"]
_SAME_PHONE = Q(
    was_channel=Channel.MPESA,
    claim__officer__paid_by=PaidBy.MPESA,
    claim__officer__payee_name=F("was_payee_name"),
    claim__officer__payee_phone=F("was_payee_phone"),
)
_SAME_ACCOUNT = Q(
    was_channel__in=BANKS,
    claim__officer__paid_by=PaidBy.BANK,
    claim__officer__full_name=F("was_payee_name"),
    claim__officer__bank_account__bank__code=F("was_bank_code"),
    claim__officer__bank_account__branch__code=F("was_branch_code"),
    claim__officer__bank_account__number=F("was_account"),
)


def _let_go(holds: models.QuerySet[Hold]) -> int:
    """A changed payee has waited long enough; a failed payment has another payee by now."""
    over = Now() - PAYEE_WAITS
    failures = Payment.objects.filter(
        claim=OuterRef("claim"), status__in=[PaymentStatus.FAILED, PaymentStatus.REVERSED]
    )
    latest = failures.order_by("-pk")
    waited = Q(code=HoldCode.PAYEE_CHANGED) & (
        Q(claim__officer__payee_changed_at__lt=over)
        | Q(claim__officer__payee_changed_at=None, raised_at__lt=over)
    )
    by_rule = holds.filter(cleared_at=None, raised_by=None).annotate(
        **{f"was_{name}": Subquery(latest.values(name)[:1]) for name in PAYEE}
    )
    unchanged = by_rule.filter(_SAME_PHONE | _SAME_ACCOUNT).values("pk")
    corrected = Q(code=HoldCode.PAYMENT_FAILED) & ~Q(pk__in=unchanged)
    done = by_rule.filter(code__in=[HoldCode.PAYEE_CHANGED, HoldCode.PAYMENT_FAILED]).filter(
        waited | corrected
    )
    pks = list(done.values_list("pk", flat=True))
    return Hold.objects.filter(pk__in=pks, cleared_at=None).update(cleared_at=Now())
