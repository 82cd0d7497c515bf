"""Why a claim is not paid yet: the rules that raise a hold, and that clear it once it is cured."""

import random
import time
from datetime import datetime

from django.core.exceptions import EmptyResultSet
from django.db import connection, models, transaction
from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.functions import Now

from claims.hold_rules import BY_RULE, FORGET, judge
from claims.models import (
    UNPAID,
    Claim,
    Hold,
    HoldCode,
    Payment,
    PaymentStatus,
)
from claims.payees import with_the_same_payee
from profiles.models import PAYEE_WAITS

# Claims are locked before their holds, as people do it: the foreign key of a new hold would lock
# its claim at the end, and wait for somebody who waits for the hold. What somebody else works on
# at this moment is left to the next look, at the latest when the claim is taken into a batch.
LOCK = """
CREATE TEMPORARY TABLE at_hand ON COMMIT DROP AS
    SELECT claim.id AS claim FROM claims_claim claim WHERE claim.id IN (
        SELECT due.claim FROM due WHERE NOT EXISTS (
            SELECT FROM claims_hold hold
            WHERE hold.claim_id = due.claim AND hold.code = due.code AND hold.cleared_at IS NULL
                AND (hold.raised_by_id IS NOT NULL OR hold.grounds = due.grounds)
        )
    )
    ORDER BY claim.id FOR KEY SHARE SKIP LOCKED;
ANALYZE at_hand;
"""
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
SELECT due.claim, due.code, due.note, due.grounds FROM due JOIN at_hand USING (claim)
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
        cursor.execute(f"DROP TABLE at_hand; {FORGET}")
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
    changed = claims.filter(officer__payee_changed_at__gt=Now() - PAYEE_WAITS)
    _hold_payees(dict(changed.values_list("pk", "officer__payee_changed_at")))


@transaction.atomic
def hold_left_out(payments: models.QuerySet[Payment]) -> None:
    """The same for payments that are left out since their payee is another by now."""
    _hold_payees(dict(payments.values_list("claim", "claim__officer__payee_changed_at")))


def _hold_payees(changed: dict[int, datetime | None]) -> None:
    """A person's decision rests on the moment of the change. Where none is known, each is new."""
    grounds = {claim: at.isoformat() if at else "" for claim, at in changed.items()}
    of_these = Hold.objects.filter(claim__in=changed, code=HoldCode.PAYEE_CHANGED)
    decided = of_these.filter(cleared_by__isnull=False).exclude(grounds="")
    settled = set(decided.values_list("claim", "grounds"))
    Hold.objects.bulk_create(
        [
            Hold(claim_id=claim, code=HoldCode.PAYEE_CHANGED, grounds=moment)
            for claim, moment in sorted(grounds.items())
            if (claim, moment) not in settled
        ],
        batch_size=2000,
        ignore_conflicts=True,
    )


def _let_go(holds: models.QuerySet[Hold]) -> int:
    """A changed payee has waited long enough; a failed payment has another payee by now."""
    over = Now() - PAYEE_WAITS
    failures = Payment.objects.filter(
        claim=OuterRef("claim"), status__in=[PaymentStatus.FAILED, PaymentStatus.REVERSED]
    )
    latest = Subquery(failures.order_by("-pk").values("pk")[:1])
    waited = Q(code=HoldCode.PAYEE_CHANGED) & (
        Q(claim__officer__payee_changed_at__lt=over)
        | Q(claim__officer__payee_changed_at=None, raised_at__lt=over)
    )
    unchanged = Exists(with_the_same_payee().filter(pk=OuterRef("latest")))
    corrected = Q(code=HoldCode.PAYMENT_FAILED) & ~Q(unchanged)
    done = (
        holds.filter(cleared_at=None, raised_by=None)
        .filter(code__in=[HoldCode.PAYEE_CHANGED, HoldCode.PAYMENT_FAILED])
        .annotate(latest=latest)
        .filter(waited | corrected)
    )
    # In the order in which people lock them, and none that somebody works on at this moment.
    free = done.select_for_update(of=("self",), skip_locked=True).order_by("pk")
    pks = list(free.values_list("pk", flat=True))
    return Hold.objects.filter(pk__in=pks, cleared_at=None).update(cleared_at=Now())
