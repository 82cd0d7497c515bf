"""Approved by finance, of what a director has verified."""

from collections.abc import Container, Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record_each
from catalogue.models import County, Exam, SubCounty
from claims import runs
from claims.approving import free
from claims.models import (
    UNPAID,
    Claim,
    ClaimStatus,
    LineKind,
    MoneyRun,
    RunKind,
)
from claims.runs import Work
from claims.services.own import Tally
from cp2.rules import Refused, refuse_move
from profiles.owners import accounts_of

PORTION = 5_000


@transaction.atomic
def approve(claim: Claim, *, by: User) -> Claim:
    """From here on the amounts stand still."""
    tally = approve_all([claim], by=by)
    for _claim, why in tally.refused:
        raise Refused(why)
    return Claim.objects.select_related("officer__user", "exam").get(pk=claim.pk)


@transaction.atomic
def approve_all(claims: Iterable[Claim], *, by: User) -> Tally:
    """In a few statements for all. One that cannot be approved holds up no other."""
    numbers = [claim.pk for claim in claims]
    locked = (
        Claim.objects.filter(pk__in=numbers)
        .select_related("officer__user", "exam")
        .select_for_update(of=("self",))
        .order_by("pk")
    )
    tally, own = Tally(), accounts_of(by)
    good = []
    wrong = _not_adding_up(numbers)
    for claim in locked:
        if why := _why_not(claim, by, own, adds_up=claim.pk not in wrong):
            tally.refused.append((claim, why))
        else:
            good.append(claim)
    Claim.objects.filter(pk__in=[claim.pk for claim in good]).update(
        status=ClaimStatus.APPROVED, approved_by=by
    )
    record_each("claim.approved", [(claim, {"net": str(claim.net)}) for claim in good], by=by)
    tally.done = len(good)
    return tally


def _why_not(claim: Claim, by: User, own: Container[int], *, adds_up: bool) -> str:
    if claim.status not in UNPAID:
        # they may go back to approved, but not by this road
        return _("This claim is being paid, so it cannot be approved again.")
    if claim.verified_by_id == by.pk:
        return _("You verified this claim, so someone else must approve it.")
    if claim.officer_id in own:
        return _("This claim is your own, so someone else must decide about it.")
    try:
        refuse_move(claim, ClaimStatus.APPROVED)
    except Refused as refusal:
        return str(refusal)
    return "" if adds_up else _("The lines of this claim do not add up to it.")


def _not_adding_up(claims: Sequence[int]) -> set[int]:
    """The database would refuse them as well, and all others of the statement with them."""
    lines = (
        Claim.objects.filter(pk__in=claims)
        .order_by()
        .values("pk", "days", "gross", "advance")
        .annotate(
            of_days=Coalesce(
                Sum(
                    "lines__quantity",
                    filter=Q(lines__kind__in=[LineKind.DAYS, LineKind.COORDINATION]),
                ),
                0,
            ),
            of_money=Sum("lines__amount", filter=~Q(lines__kind=LineKind.ADVANCE)),
            of_advance=Sum("lines__amount", filter=Q(lines__kind=LineKind.ADVANCE)),
        )
    )
    return {
        row["pk"]
        for row in lines
        if (row["of_days"], row["of_money"] or 0, -(row["of_advance"] or 0))
        != (row["days"], row["gross"], row["advance"])
    }


# All that are free, at once


def approve_free(
    exam: Exam,
    *,
    by: User,
    county: County | None = None,
    sub_county: SubCounty | None = None,
) -> MoneyRun:
    """A run that approves whatever nothing speaks against when its portion comes."""
    return runs.start(
        RunKind.APPROVE,
        exam,
        by=by,
        sub_county=sub_county,
        county=county.pk if county else None,
    )


def _asked(run: MoneyRun) -> Any:
    if run.started_by is None:
        raise Refused(_("Somebody must be named who approves."))
    return free(
        run.exam,
        by=run.started_by,
        county=run.asked.get("county"),
        sub_county=run.sub_county_id,
    )


def _plan(run: MoneyRun) -> list[list[int]]:
    numbers = list(_asked(run).order_by("pk").values_list("pk", flat=True))
    parts = [numbers[at : at + PORTION] for at in range(0, len(numbers), PORTION)]
    return [[part[0], part[-1]] for part in parts]


def _step(run: MoneyRun, portion: list[int]) -> None:
    by = run.started_by
    if by is None or not by.is_active or not by.has_perm("claims.approve_claim"):
        raise Refused(_("Whoever began this may no longer approve claims."))
    first, last = portion
    tally = approve_all(
        _asked(run).filter(pk__gte=first, pk__lte=last).only("pk").order_by("pk"), by=by
    )
    run.count(approved=tally.done, refused=len(tally.refused))


WORK = Work(plan=_plan, step=_step)
