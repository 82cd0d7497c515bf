"""What a claim rests on and what became of it, for whoever looks: pages, statements, texts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import (
    Count,
    Exists,
    F,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
)
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from accounts.models import User
from attendance.models import Mark, MarkStatus
from catalogue.models import CentreEntry, DayKind, Exam, ExamDay, PositionTerms
from claims.life import Step, Trail, life, trail, whereabouts
from claims.models import (
    OPEN,
    Claim,
    ClaimLine,
    ClaimQuerySet,
    ClaimStatus,
    DisputedDay,
    Hold,
    HoldCode,
    Payment,
    RateChange,
    Recovery,
    TaxRule,
)
from claims.templatetags.shillings import shillings
from cp2.rules import Role

# Where an officer goes to have a hold lifted; for all others there is an enquiry.
PAGES = {
    HoldCode.PAYEE_NAME: "profiles:payee",
    HoldCode.PAYMENT_FAILED: "profiles:payee",
    HoldCode.MISSING_NUMBER: "profiles:personal",
    HoldCode.NOT_SUBMITTED: "profiles:submit",
}


@dataclass
class Facts:
    claim: Claim
    lines: list[Any]
    days: list[Any]  # marks, each with `kind`, `is_paid` and `since`
    holds: list[Any]
    steps: list[Step]
    whereabouts: str
    trail: Trail
    payments: list[Any]
    kept_back: list[Recovery]
    adjustments: list[Claim]
    disputed_days: list[DisputedDay] = field(default_factory=list)

    @property
    def tax(self) -> str:
        return tax_in_words(self.claim)

    @property
    def changed(self) -> list[Any]:
        """Of an adjustment: the days that the register says anew."""
        return [mark for mark in self.days if mark.since]

    @property
    def only_place(self) -> str:
        """Said once, where all days were at one centre."""
        places = {str(mark.deployment.post.station) for mark in self.days}
        return places.pop() if len(places) == 1 else ""

    @property
    def together(self) -> Decimal:
        return self.claim.net + sum((each.net for each in self.adjustments), Decimal(0))

    @property
    def can_be_disputed(self) -> bool:
        return ClaimStatus.DISPUTED in self.claim.MOVES.get(ClaimStatus(self.claim.status), ())


def whole(claims: ClaimQuerySet) -> ClaimQuerySet:
    """With what every page of one claim says."""
    later = Claim.objects.filter(adjusts=OuterRef("pk"))
    return claims.select_related("officer__user", "exam__tax_rule", "adjusts").annotate(
        is_adjusted=Exists(later)
    )


def facts(claim: Any) -> Facts:
    """Of a claim as `whole` reads it."""
    known = trail(claim)
    paying = claim.status not in OPEN
    payments = list(payments_of(claim)) if paying and claim.net > 0 else []
    free = claim.status == ClaimStatus.PAID or getattr(claim, "standing_holds", None) == 0
    holds = [] if free else list(_holds(claim))
    return Facts(
        claim=claim,
        lines=list(lines_of([claim])),
        days=days_of(claim),
        holds=holds,
        steps=life(claim, known, payments),
        whereabouts=whereabouts(claim, held=bool(holds), payments=payments),
        trail=known,
        payments=payments,
        kept_back=list(_kept_back(claim, payments)) if paying else [],
        adjustments=list(claim.adjustments.order_by("pk")) if claim.is_adjusted else [],
        disputed_days=list(claim.disputed_days.all())
        if claim.status == ClaimStatus.DISPUTED
        else [],
    )


def lines_of(claims: Sequence[Claim]) -> QuerySet[ClaimLine]:
    """Each with where its rate comes from: the terms', unless `rate_from` names a later day."""
    changes = RateChange.objects.filter(
        terms__exam=OuterRef("deployment__post__exam"),
        terms__position=OuterRef("deployment__post__position"),
        daily_rate=OuterRef("rate"),
    ).order_by("-from_day")
    return (
        ClaimLine.objects.filter(claim__in=claims)
        .annotate(
            rate_from=Subquery(changes.values("from_day")[:1]),
            rate_reason=Subquery(changes.values("reason")[:1]),
        )
        .select_related("deployment__post__station", "deployment__post__position")
        .order_by("deployment__starts_on", "deployment", "pk")
    )


def days_of(claim: Claim) -> list[Any]:
    """All marks of the officer in the exam: present and absent, paid and not."""
    kind = ExamDay.objects.filter(exam=OuterRef("deployment__post__exam"), day=OuterRef("day"))
    terms = PositionTerms.objects.filter(
        exam=OuterRef("deployment__post__exam"), position=OuterRef("deployment__post__position")
    )
    entry = CentreEntry.objects.filter(
        exam=OuterRef("deployment__post__exam"), station=OuterRef("deployment__post__station")
    )
    marks = list(
        Mark.objects.filter(officer=claim.officer_id, deployment__post__exam=claim.exam_id)
        .annotate(
            kind=Subquery(kind.values("kind")),
            paid_days=Subquery(terms.values("paid_days")),
            entry=Subquery(entry.values("pk")),
        )
        .select_related(
            "amendment__decided_by__sub_county",
            "deployment__post__station",
            "deployment__post__position",
        )
        .order_by("day")
    )
    since = claim.adjusts.prepared_at if claim.adjusts else None
    for mark in marks:
        found: Any = mark
        found.is_present = mark.status == MarkStatus.PRESENT
        found.is_paid = found.is_present and found.kind in (found.paid_days or [])
        found.said = in_words(found)
        found.since = bool(since and since < mark.received_at <= claim.prepared_at)
    return marks


def in_words(mark: Any) -> str:
    """What a day counts for."""
    if not mark.is_present:
        return _("Absent")
    if mark.is_paid:
        return _("Present")
    if mark.kind is None:
        return _("Present, not paid: no day of the exam")
    return _("Present, not paid by the terms: %(kind)s") % {
        "kind": str(DayKind(mark.kind).label).lower()
    }


def _holds(claim: Claim) -> list[Any]:
    holds = list(Hold.objects.standing().filter(claim=claim))
    for hold in holds:
        found: Any = hold
        found.page = PAGES.get(HoldCode(hold.code), "")
    return holds


def payments_of(claim: Claim) -> QuerySet[Payment]:
    return Payment.objects.filter(claim=claim).select_related("batch").order_by("pk")


def _kept_back(claim: Claim, payments: Sequence[Payment]) -> QuerySet[Recovery]:
    """What was kept back of its payments, which then are of less; or, of one that takes back, from
    which payment."""
    if claim.net > 0 and all(payment.amount == claim.net for payment in payments):
        return Recovery.objects.none()
    rows = Recovery.objects.filter(returned_at=None)
    which = Q(payment__in=payments) if claim.net > 0 else Q(claim=claim)
    return rows.filter(which).select_related("claim__exam", "payment__claim__exam")


# Tax


def tax_in_words(claim: Claim) -> str:
    """By which rule so much, or nothing, was withheld."""
    rule: TaxRule | None = getattr(claim.exam, "tax_rule", None)
    if rule is None:
        return _("No tax is withheld in this exam.")
    said = {"rate": f"{rule.rate.normalize():f}", "above": shillings(rule.above)}
    if claim.adjusts_id:
        return (
            _("The difference: %(rate)s%% of all is withheld from those who earn above %(above)s.")
            % said
        )
    if claim.gross > rule.above:
        return _("%(rate)s%% of all, since you earned more than %(above)s.") % said
    return _("None: up to %(above)s nothing is withheld.") % said


# What no claim says yet


@dataclass(frozen=True)
class Expected:
    exam: Exam
    days: int
    amount: Decimal
    last: date


def expected(user: User) -> list[Expected]:
    """What the register says so far of exams of which no claim is computed yet, before tax."""
    if user.role != Role.OFFICER:
        return []
    changed = RateChange.objects.filter(
        terms=OuterRef("deployment__post__exam__terms"), from_day__lte=OuterRef("day")
    ).order_by("-from_day")
    exam = "deployment__post__exam"
    rows = (
        Mark.objects.visible_to(user)
        .filter(
            ~Exists(
                Claim.objects.filter(officer=OuterRef("officer"), exam=OuterRef(exam), adjusts=None)
            ),
            Q(**{f"{exam}__terms__paid_days__contains": [F(f"{exam}__days__kind")]}),
            status=MarkStatus.PRESENT,
            **{
                f"{exam}__terms__position": F("deployment__post__position"),
                f"{exam}__days__day": F("day"),
            },
        )
        .annotate(
            rate=Coalesce(
                Subquery(changed.values("daily_rate")[:1]), F(f"{exam}__terms__daily_rate")
            )
        )
        .order_by()
        .values(exam)
        .annotate(n=Count("pk"), amount=Sum("rate"), last=Max("day"))
    )
    found = {row[exam]: row for row in rows}
    if not found:
        return []
    return [
        Expected(each, found[each.pk]["n"], found[each.pk]["amount"], found[each.pk]["last"])
        for each in Exam.objects.filter(pk__in=found)
    ]
