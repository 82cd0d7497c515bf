"""The register of a day: marked whole or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record_each
from attendance.eligibility import (
    Moment,
    at_this_moment,
    reasons_against_list,
    reasons_against_marking,
)
from attendance.models import (
    Amendment,
    Mark,
    MarkStatus,
    Register,
    RegisterStatus,
    Way,
)
from attendance.serving import serving_at, version
from catalogue.models import CentreEntry
from cp2.rules import Refused, move
from deployments.models import Deployment

Marks = Mapping[int, MarkStatus]  # by officer
Changed = list[tuple[Mark, dict[str, str]]]  # each with what it was and is now


@dataclass(frozen=True, kw_only=True)
class Made:
    """Who makes marks, how and when. All but the amendment stands in each of them."""

    by: User
    acting_name: str
    way: Way
    marked_at: datetime  # by the phone's clock, if that had no network
    received_at: datetime
    amendment: Amendment | None = None


@transaction.atomic
def mark_all(
    entry: CentreEntry,
    *,
    day: date,
    marks: Marks,
    by: User,
    acting_name: str,
    seen: str | None = None,
    late_reason: str = "",
    way: Way = Way.PAGE,
) -> datetime:
    """A centre's whole register of a day, or none of it; returns when, by the database's clock.

    Marking again corrects, while the day is open. `seen` is the version of the page that was
    filled in: an old one never overwrites what was marked since. After the day itself, a reason.
    """
    serving, register, now = lock_day(entry, day)
    for against in reasons_against_marking(day, now, register):
        raise Refused(against)
    if now.is_late(day) and not late_reason:
        raise Refused(_("Say why this day is marked after it was over."))
    earlier = earlier_marks(serving, day)
    latest = version(mark.received_at for mark in earlier.values())
    if seen not in (None, latest) and differ(earlier, marks):
        raise Refused(
            _("Somebody else has marked this register since you opened it. Look at it again.")
        )

    made = Made(by=by, acting_name=acting_name, way=way, marked_at=now.now, received_at=now.now)
    changed = write(serving, marks, earlier, day=day, made=made)
    submit(register, made, late_reason=late_reason if now.is_late(day) and changed else "")
    note_corrections(changed, made, late_reason)
    return now.now


def submit(register: Register, made: Made, *, late_reason: str = "") -> None:
    """The whole list is marked; when it was first so, and by whom, stays."""
    if late_reason:
        register.late_reason = late_reason
        register.save(update_fields=["late_reason"])
    if register.status == RegisterStatus.OPEN:
        move(
            register,
            RegisterStatus.SUBMITTED,
            acting_name=made.acting_name,
            submitted_at=made.received_at,
        )


def note_corrections(changed: Changed, made: Made, late_reason: str = "") -> None:
    """A first mark is its own record; millions of them need no second row."""
    said = {"late_reason": late_reason} if late_reason else {}
    corrected = [(mark, details | said) for mark, details in changed if details["was"]]
    record_each("mark.corrected", corrected, by=made.by, acting_name=made.acting_name)


def lock_day(entry: CentreEntry, day: date) -> tuple[dict[int, Deployment], Register, Moment]:
    """Hold still who serves and what is marked; two clerks at once follow one another here.

    Officers before their deployments, and by number, as `deployments.services` locks them.
    """
    serving = {
        deployment.officer_id: deployment
        for deployment in serving_at(entry, day)
        .select_related("officer")
        .only("officer", "officer__full_name", "officer__user")
        .select_for_update(of=("officer", "self"), no_key=True)
        .order_by("officer")
    }
    [row] = Register.objects.bulk_create(  # makes the day's row or locks the one there is
        [Register(entry=entry, day=day)],
        update_conflicts=True,
        unique_fields=["entry", "day"],
        update_fields=["day"],
    )
    register: Any = (
        Register.objects.select_related("entry__exam")
        .annotate(**at_this_moment(entry, day))
        .get(pk=row.pk)
    )
    now = Moment(register.now, register.works, register.entry.exam.register_closes(day))
    return serving, register, now


def earlier_marks(serving: Mapping[int, Deployment], day: date) -> dict[int, Mark]:
    """What is marked of these officers already, here or elsewhere. Asked under the lock."""
    marked = Mark.objects.filter(officer__in=serving.keys(), day=day)
    return {mark.officer_id: mark for mark in marked.select_related("deployment__post__station")}


def differ(earlier: Mapping[int, Mark], marks: Marks) -> bool:
    return any(marks.get(officer, mark.status) != mark.status for officer, mark in earlier.items())


def write(
    serving: Mapping[int, Deployment],
    marks: Marks,
    earlier: Mapping[int, Mark],
    *,
    day: date,
    made: Made,
) -> Changed:
    """The whole list or nothing of it; returns the marks that are new or changed, and from what."""
    for reason in reasons_against_list(serving, marks, earlier):
        raise Refused(reason)
    return put(serving, marks, earlier, day=day, made=made)


def put(
    serving: Mapping[int, Deployment],
    marks: Marks,
    earlier: Mapping[int, Mark],
    *,
    day: date,
    made: Made,
) -> Changed:
    """These marks, however many of the list they are, in one statement."""
    changed = [
        Mark(
            deployment=serving[officer],
            officer=serving[officer].officer,
            day=day,
            status=status,
            marked_by=made.by,
            acting_name=made.acting_name,
            marked_at=made.marked_at,
            received_at=made.received_at,
            way=made.way,
            amendment=made.amendment,
        )
        for officer, status in marks.items()
        if officer not in earlier or earlier[officer].status != status
    ]
    _upsert(changed)
    was = {officer: mark.status for officer, mark in earlier.items()}
    return [(mark, {"was": was.get(mark.officer_id, ""), "now": mark.status}) for mark in changed]


def _upsert(marks: list[Mark]) -> None:
    """A mark that belongs to another deployment is never taken over: were one made elsewhere in
    this very moment, the trigger `mark_stays_whose_it_is` refuses the whole statement."""
    try:
        Mark.objects.bulk_create(
            marks,
            update_conflicts=True,
            unique_fields=["officer", "day"],
            update_fields=[
                "deployment",
                "status",
                "marked_by",
                "acting_name",
                "marked_at",
                "received_at",
                "way",
                "amendment",
            ],
        )
    except IntegrityError as clash:
        raise Refused(
            _("Somebody on this list has been moved or marked elsewhere just now. Look again.")
        ) from clash
