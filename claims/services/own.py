"""What every decision about money begins with: whose it is, under which lock, one or many."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _

from accounts.models import User
from claims.models import Claim
from claims.owners import is_own
from cp2.rules import Refused


def refuse_own(claim: Claim, by: User) -> None:
    if is_own(claim, by):
        raise Refused(_("This claim is your own, so someone else must decide about it."))


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
