"""Why a claim is not paid yet: the rules that raise a hold, and that clear it once it is cured."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Now

from claims.models import Claim, Hold, HoldCode, Payment, PaymentStatus
from profiles.models import PAYEE_WAITS, Employer, WorkExperience
from profiles.names import same_name

# Held by what the profile says now; the other codes are raised by what happened.
BY_PROFILE = [HoldCode.PAYEE_NAME, HoldCode.MISSING_NUMBER, HoldCode.NOT_SUBMITTED]


@dataclass(frozen=True, slots=True)
class Facts:
    """As much of a claim's officer as the rules look at."""

    claim: int
    full_name: str
    payee_name: str
    national_id: str | None
    tsc_number: str | None
    pf_number: str
    submitted_at: datetime | None
    employer: str | None


def reasons_to_hold(facts: Facts) -> Iterator[tuple[HoldCode, str]]:
    """Each reason with what it rests on, so that a person's decision holds while that stands."""
    if facts.submitted_at is None:
        yield HoldCode.NOT_SUBMITTED, ""
    if facts.payee_name and not same_name(facts.payee_name, facts.full_name):
        yield HoldCode.PAYEE_NAME, facts.payee_name
    missing = []
    if not facts.national_id:
        missing.append("ID")
    # who is employed nowhere has neither of the two
    if not (facts.tsc_number or facts.pf_number or facts.employer == Employer.NONE):
        missing.append("TSC/PF")
    if missing:
        yield HoldCode.MISSING_NUMBER, ", ".join(missing)


def check(claims: models.QuerySet[Claim]) -> tuple[int, int]:
    """Raise and clear, over many claims at once. Answers with how many of each.

    A hold that a person raised is theirs to clear. One that a person cleared stays cleared until
    what it rested on changes.
    """
    due = {
        (facts.claim, str(code)): note
        for facts in _facts(claims)
        for code, note in reasons_to_hold(facts)
    }
    of_these = Hold.objects.filter(claim__in=claims.order_by().values("pk"))
    cured, standing = [], set()
    for hold in of_these.standing().filter(code__in=BY_PROFILE):
        key = (hold.claim_id, hold.code)
        if hold.raised_by_id is None and due.get(key) != hold.note:
            cured.append(hold.pk)
        else:
            standing.add(key)
    cleared = Hold.objects.filter(pk__in=cured).update(cleared_at=Now()) + _let_go(of_these)
    settled = set(
        of_these.filter(code__in=BY_PROFILE, cleared_by__isnull=False).values_list(
            "claim", "code", "note"
        )
    )
    new = [
        Hold(claim_id=claim, code=code, note=note)
        for (claim, code), note in due.items()
        if (claim, code) not in standing and (claim, code, note) not in settled
    ]
    Hold.objects.bulk_create(new, batch_size=2000, ignore_conflicts=True)
    return len(new), cleared


def _facts(claims: models.QuerySet[Claim]) -> Iterator[Facts]:
    works = WorkExperience.objects.filter(officer=OuterRef("officer"), ends_on=None)
    rows = claims.order_by("pk").values_list(
        "pk",
        "officer__full_name",
        "officer__payee_name",
        "officer__national_id",
        "officer__tsc_number",
        "officer__pf_number",
        "officer__submitted_at",
        Subquery(works.values("employer")),
    )
    return (Facts(*row) for row in rows.iterator())


def hold_changed_payees(claims: models.QuerySet[Claim]) -> None:
    """Whoever was paid before has three days to object."""
    changed = claims.filter(officer__payee_changed_at__gt=Now() - PAYEE_WAITS)
    Hold.objects.bulk_create(
        [Hold(claim=claim, code=HoldCode.PAYEE_CHANGED) for claim in changed.order_by("pk")],
        ignore_conflicts=True,
    )


def _let_go(holds: models.QuerySet[Hold]) -> int:
    """A changed payee has waited long enough; a failed payment has another payee by now."""
    by_rule = holds.filter(cleared_at=None, raised_by=None)
    over = Now() - PAYEE_WAITS
    waited = by_rule.filter(code=HoldCode.PAYEE_CHANGED).filter(
        Q(claim__officer__payee_changed_at__lt=over)
        | Q(claim__officer__payee_changed_at=None, raised_at__lt=over)
    )
    failures = Payment.objects.filter(
        claim=OuterRef("claim"), status__in=[PaymentStatus.FAILED, PaymentStatus.REVERSED]
    )
    latest = failures.order_by("-pk")
    corrected = (
        by_rule.filter(code=HoldCode.PAYMENT_FAILED)
        .annotate(
            was_name=Subquery(latest.values("payee_name")[:1]),
            was_phone=Subquery(latest.values("payee_phone")[:1]),
        )
        .exclude(
            claim__officer__payee_name=F("was_name"), claim__officer__payee_phone=F("was_phone")
        )
    )
    done = [hold.pk for some in (waited, corrected) for hold in some.only("pk")]
    return Hold.objects.filter(pk__in=done).update(cleared_at=Now())
