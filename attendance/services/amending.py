"""A submitted register put right."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record, record_each, tell
from attendance.eligibility import (
    reasons_against_amending,
)
from attendance.models import (
    MarkStatus,
    Register,
    RegisterStatus,
    Way,
)
from attendance.services.marking import Made, Marks, differ, earlier_marks, lock_day, write
from cp2.rules import Refused, move


@transaction.atomic
def amend(register: Register, *, marks: Marks, by: User, reason: str) -> Register:
    """A director puts a submitted register right, and says why; those concerned are told."""
    entry, day = register.entry, register.day
    serving, register, now = lock_day(entry, day)
    for against in reasons_against_amending(register):
        raise Refused(against)
    earlier = earlier_marks(serving, day)
    if not differ(earlier, marks) and marks.keys() <= earlier.keys():
        raise Refused(_("Nothing has been changed, so there is nothing to amend."))

    made = Made(
        by=by,
        acting_name=str(by),
        way=Way.AMENDMENT,
        marked_at=now.now,
        received_at=now.now,
    )
    changed = write(serving, marks, earlier, day=day, made=made)
    move(register, RegisterStatus.AMENDED)
    record("register.amended", register, by=by, reason=reason)
    record_each("mark.amended", [(m, d | {"reason": reason}) for m, d in changed], by=by)
    for mark, _details in changed:
        tell(
            mark.officer.user,
            "attendance/amended",
            bulk=len(changed) > 1,
            day=day,
            station=entry.station.name,
            present=mark.status == MarkStatus.PRESENT,
        )
    return register
