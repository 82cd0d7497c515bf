"""The whole of a batch on one page, for the second person who looks at it."""

from dataclasses import dataclass
from decimal import Decimal

from django.db import connection
from django.db.models import Count, QuerySet, Sum
from django.utils.translation import gettext as _

from catalogue.models import Bank
from claims.models import BANKS, Hold, Payment, PaymentBatch, PaymentStatus, Recovery
from claims.payees import with_another_payee
from claims.services.batches import changed_since
from profiles.models import masked

MOST = 20  # of anything that is shown one by one

# Each payment is counted once, where its claim's first line was served. The sum keeps the planner
# from going through all lines by their number to find the first of each claim.
BY_PLACE = """
WITH served AS (
    SELECT p.amount, st.sub_county_id, po.position_id
    FROM claims_payment p
    LEFT JOIN LATERAL (
        SELECT l.deployment_id FROM claims_claimline l
        WHERE l.claim_id = p.claim_id ORDER BY l.id + 0 LIMIT 1
    ) first ON true
    LEFT JOIN deployments_deployment d ON d.id = first.deployment_id
    LEFT JOIN deployments_post po ON po.id = d.post_id
    LEFT JOIN catalogue_dutystation st ON st.id = po.station_id
    WHERE p.batch_id = %s AND p.status <> 'cancelled'
)
SELECT 'place', c.name || ', ' || s.name, count(*), sum(amount)
FROM served LEFT JOIN catalogue_subcounty s ON s.id = sub_county_id
LEFT JOIN catalogue_county c ON c.id = s.county_id GROUP BY 2
UNION ALL
SELECT 'position', p.name, count(*), sum(amount)
FROM served LEFT JOIN catalogue_position p ON p.id = position_id GROUP BY 2
ORDER BY 1, 4 DESC, 2
"""

Group = tuple[str, int, Decimal]


@dataclass(frozen=True, slots=True)
class Review:
    by_bank: list[Group]
    by_place: list[Group]
    by_position: list[Group]
    largest: QuerySet[Payment]
    repeated: list[Group]
    kept_back: tuple[int, Decimal]
    changed: list[tuple[Payment, str]]
    changed_count: int


def review(batch: PaymentBatch) -> Review:
    payments = Payment.objects.filter(batch=batch).exclude(status=PaymentStatus.CANCELLED)
    groups = _by_place(batch)
    kept = Recovery.objects.filter(payment__batch=batch, returned_at=None)
    sums = kept.aggregate(n=Count("pk"), total=Sum("amount"))
    changed = changed_since(batch)
    return Review(
        by_bank=_by_bank(payments) if batch.channel in BANKS else [],
        by_place=groups["place"],
        by_position=groups["position"],
        largest=payments.select_related("claim__officer__user", "claim__exam").order_by(
            "-amount", "pk"
        )[:MOST],
        repeated=_repeated(payments, batch),
        kept_back=(sums["n"], sums["total"] or Decimal(0)),
        changed=_with_reasons(changed, batch),
        changed_count=len(changed),
    )


def _by_place(batch: PaymentBatch) -> dict[str, list[Group]]:
    groups: dict[str, list[Group]] = {"place": [], "position": []}
    with connection.cursor() as cursor:
        cursor.execute(BY_PLACE, [batch.pk])
        for kind, name, count, total in cursor.fetchall():
            groups[kind].append((name or _("Without a line"), count, total))
    return groups


def _by_bank(payments: QuerySet[Payment]) -> list[Group]:
    names = dict(Bank.objects.values_list("code", "name"))
    rows = payments.order_by().values_list("bank_code").annotate(n=Count("pk"), total=Sum("amount"))
    groups = [(f"{code} {names.get(code, '')}".strip(), n, total) for code, n, total in rows]
    return sorted(groups)


def _repeated(payments: QuerySet[Payment], batch: PaymentBatch) -> list[Group]:
    """Numbers and accounts that are paid more than once, as much of them as may be shown."""
    where = ["bank_code", "account"] if batch.channel in BANKS else ["payee_phone"]
    rows = (
        payments.order_by()
        .values_list(*where)
        .annotate(n=Count("pk"), total=Sum("amount"))
        .filter(n__gt=1)
        .order_by("-n", *where)[:MOST]
    )
    return [(masked(row[len(where) - 1]), *row[len(where) :]) for row in rows]


def _with_reasons(changed: list[int], batch: PaymentBatch) -> list[tuple[Payment, str]]:
    pks = changed[:MOST]
    payments = Payment.objects.select_related("claim__officer__user", "claim__exam")
    some = payments.filter(pk__in=pks).order_by("pk")
    others = with_another_payee(Payment.objects.filter(pk__in=pks), batch.channel)
    payees = set(others.values_list("pk", flat=True))
    holds: dict[int, list[str]] = {}
    owed = Recovery.objects.filter(payment__in=pks, returned_at=None)
    claims = {payment.claim_id: payment.pk for payment in some}
    claims |= dict(owed.values_list("claim", "payment"))
    for hold in Hold.objects.standing().filter(claim__in=claims):
        holds.setdefault(claims[hold.claim_id], []).append(str(hold))
    return [
        (
            payment,
            ", ".join(
                [
                    *([_("Another payee")] if payment.pk in payees else []),
                    *holds.get(payment.pk, []),
                ]
            ),
        )
        for payment in some
    ]
