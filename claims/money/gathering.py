"""All that a claim's money rests on, read in a fixed number of queries."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet, Subquery

from accounts.models import Entry
from attendance.models import Mark, MarkHistory, Register, RegisterReturn
from catalogue.models import ExamDay, PositionTerms
from claims.models import (
    Claim,
    ClaimLine,
    Hold,
    LedgerEntry,
    Payment,
    RateChange,
    Recovery,
)

# Of an officer much more is told than how they came to be paid.
OF_OFFICERS = [
    "officer.registered",
    "officer.submitted",
    "officer.vetted",
    "officer.barred",
    "officer.pending",
    "identity.accepted",
    "payee.changed",
]
LOOKS = ["claim.traced", "payment.traced", "payee.viewed"]
Thing = tuple[str, int]


@dataclass
class Found:
    claim: Claim
    family: list[Claim]  # the first one and what adjusts it
    payments: list[Payment]
    holds: list[Hold]
    lines: list[ClaimLine]
    ledger: list[LedgerEntry]
    kept: list[Recovery]
    marks: dict[int, list[Mark]]  # by deployment
    earlier: dict[int, list[MarkHistory]]  # by mark
    kinds: dict[date, str]
    terms: dict[int, PositionTerms]  # by position
    rates: dict[int, list[RateChange]]  # by terms
    registers: dict[tuple[int, date], Register]  # by station and day
    returns: dict[int, RegisterReturn]  # by station
    entries: dict[Thing, list[Entry]]

    def told(self, thing: Any) -> list[Entry]:
        """The oldest first."""
        return self.entries.get((thing._meta.label_lower, thing.pk), [])


def of_claim(pk: int) -> Found | None:
    known = Claim.objects.filter(pk=pk).values_list("pk", "adjusts").first()
    if known is None:
        return None
    return _gather(pk, known[1] or pk, list(_payments().filter(claim=pk)))


def of_payment(pk: int) -> Found | None:
    """All that was ever tried for the same claim is in it."""
    payments = list(_payments().filter(claim__payments=pk))
    if not payments:
        return None
    claim = payments[0].claim
    return _gather(claim.pk, claim.adjusts_id or claim.pk, payments)


def _family(first: int) -> list[Claim]:
    """A claim, and what adjusts it."""
    return list(
        Claim.objects.filter(Q(pk=first) | Q(adjusts=first))
        .select_related(
            "officer__user",
            "officer__sub_county",
            "exam__tax_rule",
            "verified_by",
            "approved_by",
        )
        .order_by("pk")
    )


def _payments() -> QuerySet[Payment]:
    return Payment.objects.select_related(
        "claim", "batch__prepared_by", "batch__approved_by", "batch__sub_county"
    ).order_by("-pk")


def _gather(number: int, first: int, payments: list[Payment]) -> Found:
    """However many days and deployments it has."""
    family = _family(first)
    claim = next(each for each in family if each.pk == number)
    holds = list(
        Hold.objects.filter(claim=claim).select_related("raised_by", "cleared_by").order_by("pk")
    )
    post = "deployment__post"
    lines = list(
        ClaimLine.objects.filter(claim=claim)
        .select_related(
            f"{post}__station__sub_county__county",
            f"{post}__position",
            "deployment__application",
            "deployment__marking_record__by",
        )
        .order_by("deployment__starts_on", "pk")
    )
    deployments = {line.deployment_id: line.deployment for line in lines}
    marks = list(
        Mark.objects.filter(deployment__in=deployments)
        .select_related("marked_by", "amendment__asked_by", "amendment__decided_by")
        .order_by("day")
    )
    earlier = list(
        MarkHistory.objects.filter(mark__in=[mark.pk for mark in marks])
        .select_related("marked_by", "amendment__decided_by")
        .order_by("pk")
    )
    stations = {each.post.station_id for each in deployments.values()}
    exam = {"entry__exam": claim.exam_id, "entry__station__in": stations}
    registers = list(
        Register.objects.filter(day__in={mark.day for mark in marks}, **exam).select_related(
            "entry"
        )
    )
    returns = list(
        RegisterReturn.objects.filter(**exam).select_related("entry", "stamped_by", "received_by")
    )
    terms = list(
        PositionTerms.objects.filter(
            exam=claim.exam_id,
            position__in={each.post.position_id for each in deployments.values()},
        )
    )
    rates: dict[int, list[RateChange]] = defaultdict(list)
    for change in RateChange.objects.filter(terms__in=terms).select_related("by"):
        rates[change.terms_id].append(change)
    things: list[Any] = [*family, *payments, *holds, *registers, *returns, *deployments.values()]
    things += [payment.batch for payment in payments]
    things += [each.application for each in deployments.values() if each.application]
    things += [mark.amendment for mark in marks if mark.amendment]
    return Found(
        claim=claim,
        family=family,
        payments=payments,
        holds=holds,
        lines=lines,
        ledger=list(LedgerEntry.objects.filter(payment__claim=claim).select_related("by")),
        kept=list(
            Recovery.objects.filter(Q(claim=claim) | Q(payment__claim=claim)).select_related(
                "payment", "claim"
            )
        ),
        marks=_by(marks, "deployment_id"),
        earlier=_by(earlier, "mark_id"),
        kinds=_kinds(claim),
        terms={each.position_id: each for each in terms},
        rates=rates,
        registers={(each.entry.station_id, each.day): each for each in registers},
        returns={each.entry.station_id: each for each in returns},
        entries=_entries(things, claim),
    )


def _by(rows: list[Any], name: str) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[getattr(row, name)].append(row)
    return found


def _kinds(claim: Claim) -> dict[date, str]:
    return dict(ExamDay.objects.filter(exam=claim.exam_id).values_list("day", "kind"))


def _entries(things: list[Any], claim: Claim) -> dict[Thing, list[Entry]]:
    """What the trail tells of all these; each kind of thing is an index's range."""
    numbers: dict[str, set[int]] = defaultdict(set)
    for thing in things:
        numbers[thing._meta.label_lower].add(thing.pk)
    officer = claim.officer
    about = Q(subject_type=officer._meta.label_lower, subject_id=officer.pk, verb__in=OF_OFFICERS)
    # Whoever had the claims of the exam computed: written once its last portion is done.
    prepared = Entry.objects.about(claim.exam).filter(
        verb="claims.prepared", at__gte=claim.prepared_at
    )
    about |= Q(pk=Subquery(prepared.order_by("at", "pk").values("pk")[:1]))
    for kind, those in numbers.items():
        about |= Q(subject_type=kind, subject_id__in=those)
    found: dict[Thing, list[Entry]] = defaultdict(list)
    rows = Entry.objects.filter(about).exclude(verb__in=LOOKS).select_related("actor")
    for entry in rows.order_by("pk"):
        found[(entry.subject_type, entry.subject_id)].append(entry)
    return found
