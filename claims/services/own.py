"""What every decision about money begins with: whose it is, under which lock, one or many."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _

from accounts.models import User
from claims.models import (
    Claim,
    Payment,
)
from cp2.rules import Refused, move
from profiles.models import Officer


def is_own(claim: Claim, by: User) -> bool:
    """Whether the money would go to the one who decides about it, under any account."""
    officer = claim.officer
    phones = {officer.user.phone, officer.payee_phone}
    return officer.user_id == by.pk or bool(by.phone and by.phone in phones)


def owned_by(by: User) -> models.Q:
    """The same for many claims at once."""
    own = models.Q(officer__user=by)
    if by.phone:
        own |= models.Q(officer__user__phone=by.phone) | models.Q(officer__payee_phone=by.phone)
    return own


def refuse_own(claim: Claim, by: User) -> None:
    if is_own(claim, by):
        raise Refused(_("This claim is your own, so someone else must decide about it."))


def own_officers(by: User) -> list[int]:
    """Who they are among the officers, under any account: by account, by a number that is theirs,
    and, of those, by the same ID number (but for noughts in front) or bank account."""
    numbers = Q(user__phone=by.phone) | Q(payee_phone=by.phone) if by.phone else Q()
    known = Officer.objects.filter(Q(user=by) | numbers).select_related("bank_account")
    found = {officer.pk for officer in known}
    for officer in known:
        same = Q(merged_into=officer)
        if officer.national_id:
            bare = officer.national_id.lstrip("0")
            same |= Q(national_id__in=[bare.zfill(length) for length in range(6, 10)])
        if account := getattr(officer, "bank_account", None):
            same |= Q(bank_account__number=account.number, bank_account__bank=account.bank_id)
        found |= set(Officer.objects.filter(same).values_list("pk", flat=True))
    return sorted(found)


def lock_claim(claim: Claim) -> Claim:
    """`lock`, with the officer and the exam at hand."""
    people = Claim.objects.select_related("officer__user", "exam")
    return people.select_for_update(of=("self",)).get(pk=claim.pk)


def among(pks: list[int]) -> RawSQL:
    """For `pk__in`: thousands of numbers as one array, not as so many parameters."""
    return RawSQL("SELECT unnest(%s::bigint[])", [pks])


@dataclass
class Tally:
    """What became of many at once: how many it worked for, and why not for the others."""

    done: int = 0
    refused: list[tuple[Claim, str]] = field(default_factory=list)


def each(claims: Iterable[Claim], act: Callable[..., Claim], **given: Any) -> Tally:
    tally = Tally()
    for claim in claims:
        try:
            act(claim, **given)
        except Refused as refusal:
            tally.refused.append((claim, str(refusal)))
        else:
            tally.done += 1
    return tally


def move_all(rows: Sequence[Claim | Payment], status: models.TextChoices, **fields: Any) -> None:
    """`move` for many locked rows of one table, in one statement."""
    for row in rows:
        if status not in row.MOVES.get(row.status, ()):  # type: ignore[call-overload]  # two kinds
            move(row, status)  # raises, in the status's own words
    if rows:
        table = type(rows[0])._base_manager
        table.filter(pk__in=[row.pk for row in rows]).update(status=status, **fields)
