"""A day put right after it closed: asked for with a reason, decided, and kept in rows.

Locked in the order of `marking.lock_day`; then the return, then the amendment.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record, record_each, tell
from attendance.amend_rules import (
    is_stamped,
    reasons_against_a_second,
    reasons_against_amending,
    reasons_against_asking,
    reasons_against_deciding,
    reasons_against_lines,
    reasons_against_own,
)
from attendance.eligibility import Moment, reasons_against_list
from attendance.models import (
    Amendment,
    AmendmentLine,
    AmendmentStatus,
    Mark,
    MarkStatus,
    Register,
    RegisterStatus,
    Way,
)
from attendance.services.marking import (
    Changed,
    Made,
    Marks,
    earlier_marks,
    lock_day,
    submit,
    write,
)
from catalogue.models import CentreEntry
from cp2.rules import Refused, Role, lock, move
from deployments.models import Deployment

Serving = Mapping[int, Deployment]  # by officer


class Done(NamedTuple):
    done: int
    refused: list[str]


# The centre asks


@transaction.atomic
def ask(
    entry: CentreEntry, *, day: date, marks: Marks, by: User, acting_name: str, reason: str
) -> Amendment:
    """A centre asks its director to put a closed day right."""
    serving, register, now = lock_day(entry, day)
    for against in reasons_against_asking(day, now, register):
        raise Refused(against)
    amendment = _propose(entry, day, marks, serving, by=by, acting_name=acting_name, reason=reason)
    record("amendment.asked", amendment, by=by, acting_name=acting_name, reason=reason)
    return amendment


@transaction.atomic
def withdraw(amendment: Amendment, *, by: User, acting_name: str = "") -> Amendment:
    """Whoever asked needs it no more."""
    amendment = lock(amendment)
    if amendment.asked_by_id != by.pk:
        raise Refused(_("Only who asked for this can withdraw it."))
    move(amendment, AmendmentStatus.WITHDRAWN)
    record("amendment.withdrawn", amendment, by=by, acting_name=acting_name)
    return amendment


def _propose(
    entry: CentreEntry,
    day: date,
    marks: Marks,
    serving: Serving,
    *,
    by: User,
    acting_name: str,
    reason: str,
) -> Amendment:
    """What of the whole list is to become different, line by line."""
    for against in reasons_against_a_second(entry, day):
        raise Refused(against)
    earlier = earlier_marks(serving, day)
    for against in reasons_against_list(serving, marks, earlier):
        raise Refused(against)
    was = {officer: mark.status for officer, mark in earlier.items()}
    wanted = {
        officer: status for officer, status in marks.items() if was.get(officer, "") != status
    }
    if not wanted:
        raise Refused(_("Nothing has been changed, so there is nothing to amend."))
    amendment = Amendment.objects.create(
        entry=entry, day=day, reason=reason, asked_by=by, acting_name=acting_name
    )
    AmendmentLine.objects.bulk_create(
        AmendmentLine(
            amendment=amendment,
            deployment=serving[officer],
            was=was.get(officer, ""),
            wanted=status,
        )
        for officer, status in wanted.items()
    )
    return amendment


# The director or headquarters decides


@transaction.atomic
def grant(amendment: Amendment, *, by: User, answer: str = "") -> Amendment:
    """The marks become what was asked, unless something else has changed since."""
    entry, day = amendment.entry, amendment.day
    serving, register, now = lock_day(entry, day)
    stamped = is_stamped(entry)
    amendment = lock(amendment)
    for against in reasons_against_deciding(amendment, by=by, stamped=stamped):
        raise Refused(against)
    return _grant(amendment, serving, register, now, by=by, answer=answer)


@transaction.atomic
def refuse(amendment: Amendment, *, by: User, answer: str) -> Amendment:
    """The marks stay, and the centre reads why."""
    stamped = is_stamped(amendment.entry)
    amendment = lock(amendment)
    for against in reasons_against_deciding(amendment, by=by, stamped=stamped):
        raise Refused(against)
    if not answer:
        raise Refused(_("Say why this is refused."))
    now = timezone.now()
    move(amendment, AmendmentStatus.REFUSED, decided_by=by, decided_at=now, answer=answer)
    record("amendment.refused", amendment, by=by, answer=answer)
    return amendment


def grant_all(chosen: Iterable[Amendment], *, by: User) -> Done:
    """Each on its own: what is refused of one keeps no other waiting."""
    done, refused = 0, list[str]()
    for amendment in chosen:
        try:
            grant(amendment, by=by)
        except Refused as refusal:
            refused.append(f"{amendment.entry.station}: {refusal}")
        else:
            done += 1
    return Done(done, refused)


@transaction.atomic
def amend(entry: CentreEntry, *, day: date, marks: Marks, by: User, reason: str) -> Amendment:
    """A director puts a day right unasked, or enters one that the centre missed. Once the return
    is stamped that is a request to headquarters; the amendment's status says which it became."""
    serving, register, now = lock_day(entry, day)
    stamped = is_stamped(entry)
    for against in reasons_against_amending(day, now, register):
        raise Refused(against)
    amendment = _propose(entry, day, marks, serving, by=by, acting_name=str(by), reason=reason)
    if stamped:
        record("amendment.asked", amendment, by=by, reason=reason)
        return amendment
    return _grant(amendment, serving, register, now, by=by, answer="")


def _grant(
    amendment: Amendment,
    serving: Serving,
    register: Register,
    now: Moment,
    *,
    by: User,
    answer: str,
) -> Amendment:
    lines = list(amendment.lines.select_related("deployment__officer__user"))
    earlier = earlier_marks(serving, amendment.day)
    if amendment.status == AmendmentStatus.ASKED:  # else its status is what speaks against it
        for against in reasons_against_own([line.deployment.officer for line in lines], by=by):
            raise Refused(against)
        if changed := list(reasons_against_lines(lines, serving, earlier)):
            raise Refused(*changed)

    # granted first: the database lets a closed day be changed by a granted amendment alone
    move(amendment, AmendmentStatus.GRANTED, decided_by=by, decided_at=now.now, answer=answer)
    made = Made(
        by=by,
        acting_name=str(by),
        way=Way.AMENDMENT,
        marked_at=now.now,
        received_at=now.now,
        amendment=amendment,
    )
    changes = write(serving, _wanted(lines, earlier), earlier, day=amendment.day, made=made)
    submit(register, made)
    move(register, RegisterStatus.AMENDED)
    _note(amendment, register, changes, by=by)
    _tell(amendment, changes, by=by)
    return amendment


def _wanted(lines: Iterable[AmendmentLine], earlier: Mapping[int, Mark]) -> dict[int, MarkStatus]:
    """The whole list as it is to be."""
    here = {line.deployment.officer_id: MarkStatus(line.wanted) for line in lines}
    stays = {
        officer: MarkStatus(mark.status) for officer, mark in earlier.items() if officer not in here
    }
    return stays | here


def _note(amendment: Amendment, register: Register, changes: Changed, *, by: User) -> None:
    reason = amendment.reason
    record("amendment.granted", amendment, by=by, answer=amendment.answer)
    record("register.amended", register, by=by, reason=reason)
    record_each("mark.amended", [(mark, was | {"reason": reason}) for mark, was in changes], by=by)


def _tell(amendment: Amendment, changes: Changed, *, by: User) -> None:
    template = "attendance/amended_by_knec" if by.role == Role.STAFF else "attendance/amended"
    for mark, _was in changes:
        tell(
            mark.officer.user,
            template,
            bulk=len(changes) > 1,
            day=amendment.day,
            station=amendment.entry.station.name,
            present=mark.status == MarkStatus.PRESENT,
        )
