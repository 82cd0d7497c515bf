"""What a director makes of an officer whom a register knows otherwise, or not at all."""

from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Case, F, OuterRef, Subquery, When
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record
from cp2.rules import Refused, lock
from profiles.models import (
    Fact,
    Outcome,
    Register,
    RegisterCheck,
    RegisterCheckQuerySet,
    RegisterEntry,
    masked,
)
from profiles.services import may_vet


@transaction.atomic
def accept(check: RegisterCheck, *, reason: str, by: User) -> RegisterCheck:
    """Somebody who knows the officer says that it is the same person. It holds until either side
    changes."""
    officer = lock(check.officer)
    now = RegisterCheck.objects.select_for_update().filter(pk=check.pk).first()
    if not may_vet(officer, by):
        raise Refused(_("Only the TSC director of the officer's own sub-county may say this."))
    if now is None or now.outcome == Outcome.VERIFIED:
        raise Refused(_("Nothing differs any more, so there is nothing to accept."))
    if now.seen != check.seen:
        raise Refused(_("The profile or the register has changed since. Look at it again."))
    if now.accepted_by_id is not None:
        raise Refused(_("Somebody has accepted this already."))
    now.accepted_by, now.accepted_at, now.reason = by, timezone.now(), reason
    now.save(update_fields=["accepted_by", "accepted_at", "reason"])
    record("identity.accepted", officer, by=by, register=now.register, reason=reason)
    return now


class Beside(NamedTuple):
    """A check, and what the register says where the officer says otherwise."""

    check: RegisterCheck
    name: str
    listed_name: str
    listed_id: str


def side_by_side(checks: RegisterCheckQuerySet) -> list[Beside]:
    """For a director's eyes, which is written down: the register's name, and its ID number as far
    as one needs to see that it is another. One query."""
    by_tsc = When(register=Register.TSC, then=F("officer__tsc_number"))
    lines = RegisterEntry.objects.filter(register=OuterRef("register"), number=OuterRef("number"))
    rows: Any = (  # with what is annotated
        checks.select_related("officer", "accepted_by")
        .annotate(number=Case(by_tsc, default=F("officer__national_id")))
        .annotate(
            listed_name=Subquery(lines.values("name")),
            listed_id=Subquery(lines.values("national_id")),
        )
    )
    return [
        Beside(
            row,
            row.officer.full_name,
            row.listed_name or "",
            masked(row.listed_id) if Fact.NATIONAL_ID in row.fields else "",
        )
        for row in rows
    ]
