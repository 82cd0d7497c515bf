"""What was found, for whoever decides about claims: how odd each is, and how much is left."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Count, Exists, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from attendance.models import Mark
from catalogue.models import Exam
from claims.models import WEIGHTS, Claim, ClaimQuerySet, GhostCode, GhostSignal, Hold
from claims.templatetags.shillings import masked as masked_phone
from deployments.models import Deployment
from profiles.models import BankAccount, NextOfKin, masked
from sms.phones import local


def unlooked_signals(exam: Exam) -> models.QuerySet[GhostSignal]:
    """Of claims that are still to be approved, those that nobody has looked at."""
    return GhostSignal.objects.unlooked().before_approval().filter(exam=exam)


def signals_for(claims: ClaimQuerySet) -> ClaimQuerySet:
    """Adds `ghost_score`, the weights of what nobody has looked at, and `ghost_codes`, heaviest
    first, for `words`."""
    open_ones = GhostSignal.objects.unlooked().filter(claim=OuterRef("pk"))
    score = open_ones.order_by().values("claim").annotate(score=Sum("weight")).values("score")
    return claims.annotate(
        ghost_score=Coalesce(Subquery(score), 0),
        ghost_codes=ArraySubquery(open_ones.order_by("-weight", "code").values("code")),
    )


def words(codes: Iterable[str]) -> list[str]:
    """The signals of a claim in a few words each, every kind once."""
    return [str(GhostCode(code).label) for code in dict.fromkeys(codes)]


def by_code(signals: models.QuerySet[GhostSignal]) -> list[dict[str, Any]]:
    """How many of each kind, and how many of those nobody has looked at; heaviest first."""
    counted = {
        row["code"]: row
        for row in signals.order_by()
        .values("code")
        .annotate(all=Count("pk"), left=Count("pk", filter=Q(looked_at=None)))
    }
    return [
        {
            "code": code,
            "label": str(GhostCode(code).label),
            "weight": weight,
            "all": counted[code]["all"] if code in counted else 0,
            "left": counted[code]["left"] if code in counted else 0,
        }
        for code, weight in sorted(WEIGHTS.items(), key=lambda pair: (-pair[1], pair[0]))
    ]


# The report


@dataclass(frozen=True, slots=True)
class Scored:
    """A claim with what nobody has looked at yet, and how much that weighs."""

    claim: Claim
    score: int
    words: list[str]
    held: bool


def worst_first(exam: Exam) -> models.QuerySet[GhostSignal, Any]:
    """The ids of the claims with something open, and their scores."""
    open_ones = GhostSignal.objects.unlooked().filter(exam=exam).order_by()
    return (
        open_ones.values("claim")
        .annotate(score=Sum("weight"), codes=ArrayAgg("code", order_by=["-weight", "code"]))
        .order_by("-score", "claim")
    )


def scored(rows: Iterable[dict[str, Any]]) -> list[Scored]:
    """These rows with their claims at hand."""
    chosen = list(rows)
    held = Hold.objects.standing().filter(claim=OuterRef("pk"))
    claims = (
        Claim.objects.filter(pk__in=[row["claim"] for row in chosen])
        .select_related("officer__user", "officer__sub_county", "exam")
        .annotate(is_held=Exists(held))
    )
    found: dict[int, Any] = {claim.pk: claim for claim in claims}
    return [
        Scored(found[row["claim"]], row["score"], words(row["codes"]), found[row["claim"]].is_held)
        for row in chosen
        if row["claim"] in found
    ]


def in_blocks(rows: models.QuerySet[GhostSignal, Any]) -> Iterator[Scored]:
    """All of them, some hundreds at a time."""
    every = rows.iterator(chunk_size=500)
    while block := list(islice(every, 500)):
        yield from scored(block)


# One claim


def of_claim(claim: Claim) -> models.QuerySet[GhostSignal]:
    return claim.signals.select_related("looked_by")


def facts(claim: Claim, *, full: bool) -> list[tuple[str, str]]:
    """Who the officer is and whom the money would go to; numbers in full only where it is said."""
    officer = claim.officer
    account = BankAccount.objects.select_related("bank").filter(officer=officer).first()
    kin = NextOfKin.objects.filter(officer=officer).first()

    def phone(number: str | None) -> str:
        return (local(number) if full else masked_phone(number)) if number else ""

    def number(value: str | None) -> str:
        return (value if full else masked(value)) if value else ""

    return [
        (_("Full name"), officer.full_name),
        (_("Signs in with"), phone(officer.user.phone)),
        (_("Paid to"), f"{phone(officer.payee_phone)} {officer.payee_name}".strip()),
        (_("Bank account"), f"{account.bank} {number(account.number)}" if account else ""),
        (_("Next of kin"), f"{kin.full_name} {phone(kin.phone)}" if kin else ""),
        (_("ID number"), number(officer.national_id)),
        (_("KRA PIN"), number(officer.kra_pin)),
        (_("TSC number"), number(officer.tsc_number)),
        (_("PF number"), number(officer.pf_number)),
        (_("Vetting"), str(officer.get_vetting_display())),
        (_("Joined"), _day(officer.user.date_joined)),
        (_("Last signed in"), _day(officer.user.last_login) or _("never")),
        (_("Sub-county"), str(officer.sub_county or "")),
    ]


def _day(at: datetime | None) -> str:
    return date_format(timezone.localtime(at), "j M Y") if at else ""


def deployments(claim: Claim) -> list[Deployment]:
    """Where the days were served, with how it was accepted and the letters of it."""
    lines = claim.lines.values("deployment")
    return list(
        Deployment.objects.filter(pk__in=lines)
        .select_related("post__station", "post__position")
        .annotate(letters_made=Count("letters"))
        .order_by("starts_on", "pk")
    )


def marks(claim: Claim) -> list[Mark]:
    """Every day of the officer in the exam: who said so, from where, and when it came."""
    return list(
        Mark.objects.filter(officer=claim.officer_id, deployment__post__exam=claim.exam_id)
        .select_related("marked_by", "deployment__post__station", "amendment")
        .order_by("day")
    )
