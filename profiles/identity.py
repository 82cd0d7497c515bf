"""What a director makes of an officer whom a register knows otherwise, or not at all."""

from typing import NamedTuple

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record
from cp2.rules import Refused, lock
from profiles.models import (
    Fact,
    Officer,
    Outcome,
    Register,
    RegisterCheck,
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
    number: str
    name: str
    listed_name: str
    listed_id: str


def side_by_side(officer: Officer, checks: list[RegisterCheck]) -> list[Beside]:
    """For a director's eyes, which is written down: the register's name, and its ID number as far
    as one needs to see that it is another."""
    if not checks:
        return []
    numbers = {Register.TSC: officer.tsc_number or "", Register.ID: officer.national_id or ""}
    entries = RegisterEntry.objects.filter(number__in=[*filter(None, numbers.values())])
    listed = {(entry.register, entry.number): entry for entry in entries}
    rows = []
    for check in checks:
        number = numbers[Register(check.register)]
        entry = listed.get((check.register, number))
        other_id = entry.national_id if entry and Fact.NATIONAL_ID in check.fields else ""
        rows.append(
            Beside(
                check,
                masked(number),
                officer.full_name,
                entry.name if entry else "",
                masked(other_id),
            )
        )
    return rows
