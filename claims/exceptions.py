"""What a director should look at before verifying: claims with anything odd, and what that is."""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext as _

from accounts.models import Entry, User
from claims.ghosts.reading import signals_for
from claims.ghosts.reading import words as ghost_words
from claims.models import Claim, ClaimQuerySet, ClaimStatus, Hold, HoldCode
from profiles.owners import accounts_of

# Holds that say nothing about the days: the officer's papers and payee, the centre's signed paper.
# Somebody else mends these; the days may be right all the same.
NOT_OF_THE_DAYS = [
    HoldCode.PAYEE_NAME,
    HoldCode.MISSING_NUMBER,
    HoldCode.NOT_SUBMITTED,
    HoldCode.NOT_VETTED,
    HoldCode.RETURN,
    HoldCode.PAYEE_CHANGED,
    HoldCode.PAYMENT_FAILED,
]


def with_signs(claims: ClaimQuerySet) -> ClaimQuerySet:
    """Adds `too_long`, `standing_holds`, their `hold_codes`, what makes one ask whether somebody
    was there (`ghost_score`, `ghost_codes`), and `changed`: verified once, and then the marks
    changed or it was disputed."""
    standing = Hold.objects.standing().filter(claim=OuterRef("pk")).order_by("pk")
    before = Entry.objects.filter(
        subject_type=Claim._meta.label_lower, subject_id=OuterRef("pk"), verb="claim.verified"
    )
    return signals_for(claims.with_exceptions()).annotate(
        hold_codes=ArraySubquery(standing.values("code")),
        changed=Q(Exists(before), status=ClaimStatus.PREPARED),
    )


def odd_first(claims: ClaimQuerySet) -> ClaimQuerySet:
    return claims.order_by(
        F("too_long").desc(),
        F("ghost_score").desc(),
        F("changed").desc(),
        F("question").desc(),
        F("standing_holds").desc(),
        "officer__full_name",
        "pk",
    )


def odd(claims: ClaimQuerySet) -> ClaimQuerySet:
    return claims.filter(
        Q(too_long=True)
        | Q(ghost_score__gt=0)
        | Q(changed=True)
        | Q(status=ClaimStatus.DISPUTED)
        | Q(standing_holds__gt=0)
        | ~Q(question="")
    )


def words(claim: Any, *, own: Container[int]) -> list[tuple[str, str]]:
    """What is odd about one with its signs, for whoever is these officers: the tone of each, and
    what it says."""
    is_own = claim.officer_id in own
    said = [("missing", _("Your own: somebody else verifies it"))] if is_own else []
    held = [("held", str(HoldCode(code).label)) for code in claim.hold_codes]
    return [*said, *_of_the_days(claim), *held]


def _of_the_days(claim: Any) -> list[tuple[str, str]]:
    """What no hold stands for."""
    said = []
    if claim.too_long:
        said.append(("mismatch", _("More days than the exam has")))
    said += [("mismatch", each) for each in ghost_words(claim.ghost_codes)]
    if claim.changed:
        said.append(("amended", _("Changed since it was verified")))
    if claim.question:
        said.append(("asked", _("Asked about: %(question)s") % {"question": claim.question}))
    return said


@dataclass
class Sorted:
    """Claims to be verified: those that may go at once, and those that a person looks at."""

    free: list[Claim]
    own: list[Claim]
    odd: list[tuple[Claim, str]]
    held: int  # of the free ones: held, for what is not about the days


def sort(claims: Iterable[Any], *, by: User, also_held: bool) -> Sorted:
    """Those with their signs, each into one of the three heaps."""
    found, own = Sorted([], [], [], 0), accounts_of(by)
    for claim in claims:
        passed_over = also_held and all(code in NOT_OF_THE_DAYS for code in claim.hold_codes)
        if claim.officer_id in own:
            found.own.append(claim)
        elif said := _of_the_days(claim):
            found.odd.append((claim, said[0][1]))
        elif claim.hold_codes and not passed_over:
            found.odd.append((claim, str(HoldCode(claim.hold_codes[0]).label)))
        else:
            found.held += bool(claim.hold_codes)
            found.free.append(claim)
    return found
