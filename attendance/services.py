"""Marks, registers and the signed return: who was there, and who says so."""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record, record_each, tell
from attendance.eligibility import (
    Moment,
    moment,
    reasons_against_amending,
    reasons_against_list,
    reasons_against_marking,
    reasons_against_signing,
)
from attendance.models import (
    Mark,
    MarkStatus,
    Register,
    RegisterReturn,
    RegisterStatus,
    ReturnStatus,
)
from attendance.serving import serving_at, version
from catalogue.models import CentreEntry
from cp2.rules import Refused, lock, move
from deployments.models import Deployment

Marks = Mapping[int, MarkStatus]  # by officer


# What the centre says of itself


@transaction.atomic
def give_distance(entry: CentreEntry, *, distance_km: Decimal, by: User) -> CentreEntry:
    """How far the papers travel. The portal opens a centre's other pages only after this."""
    entry = lock(entry)
    was = entry.distance_km
    if distance_km == was:
        return entry
    entry.distance_km, entry.distance_given_at = distance_km, timezone.now()
    entry.save(update_fields=["distance_km", "distance_given_at"])
    record(
        "distance.given", entry, by=by, was=None if was is None else str(was), now=str(distance_km)
    )
    return entry


@transaction.atomic
def note_list_taken(entry: CentreEntry, *, file: str, by: User) -> None:
    """A list with people's ID numbers left the portal."""
    record("list.taken", entry, by=by, file=file)


# The register of a day


@transaction.atomic
def mark_all(
    entry: CentreEntry,
    *,
    day: date,
    marks: Marks,
    by: User,
    acting_name: str,
    seen: str | None = None,
) -> datetime:
    """A centre's whole register of a day, or none of it; returns when, by the database's clock.

    Marking again corrects, while the day is open. `seen` is the version of the page that was
    filled in: an old one never overwrites what was marked since.
    """
    serving, register, now = _lock_day(entry, day)
    for reason in reasons_against_marking(day, now, register):
        raise Refused(reason)
    earlier = _earlier(serving, day)
    latest = version(mark.marked_at for mark in earlier.values())
    if seen not in (None, latest) and _differ(earlier, marks):
        raise Refused(
            _("Somebody else has marked this register since you opened it. Look at it again.")
        )

    changed = _write(serving, marks, earlier, day=day, by=by, acting_name=acting_name, at=now.now)
    if register.status == RegisterStatus.OPEN:
        move(register, RegisterStatus.SUBMITTED, acting_name=acting_name, submitted_at=now.now)
    # a first mark is its own record; millions of them need no second row
    corrected = [(mark, details) for mark, details in changed if details["was"]]
    record_each("mark.corrected", corrected, by=by, acting_name=acting_name)
    return now.now


@transaction.atomic
def amend(register: Register, *, marks: Marks, by: User, reason: str) -> Register:
    """A director puts a submitted register right, and says why; those concerned are told."""
    entry, day = register.entry, register.day
    serving, register, now = _lock_day(entry, day)
    for against in reasons_against_amending(register):
        raise Refused(against)
    earlier = _earlier(serving, day)
    if not _differ(earlier, marks) and marks.keys() <= earlier.keys():
        raise Refused(_("Nothing has been changed, so there is nothing to amend."))

    changed = _write(serving, marks, earlier, day=day, by=by, acting_name=str(by), at=now.now)
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


def _lock_day(entry: CentreEntry, day: date) -> tuple[dict[int, Deployment], Register, Moment]:
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
    register: Any = Register.objects.at_this_moment().get(pk=row.pk)
    return serving, register, Moment(register.now, register.is_exam_day)


def _earlier(serving: Mapping[int, Deployment], day: date) -> dict[int, Mark]:
    """What is marked of these officers already, here or elsewhere. Asked under the lock."""
    marked = Mark.objects.filter(officer__in=serving.keys(), day=day)
    return {mark.officer_id: mark for mark in marked.select_related("deployment__post__station")}


def _differ(earlier: Mapping[int, Mark], marks: Marks) -> bool:
    return any(marks.get(officer, mark.status) != mark.status for officer, mark in earlier.items())


def _write(
    serving: Mapping[int, Deployment],
    marks: Marks,
    earlier: Mapping[int, Mark],
    *,
    day: date,
    by: User,
    acting_name: str,
    at: datetime,
) -> list[tuple[Mark, dict[str, str]]]:
    """Everybody's mark in one statement; returns those that are new or changed, and from what."""
    for reason in reasons_against_list(serving, marks, earlier):
        raise Refused(reason)
    changed = [
        Mark(
            deployment=serving[officer],
            officer=serving[officer].officer,
            day=day,
            status=status,
            marked_by=by,
            acting_name=acting_name,
            marked_at=at,
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
            update_fields=["deployment", "status", "marked_by", "acting_name", "marked_at"],
        )
    except IntegrityError as clash:
        raise Refused(
            _("Somebody on this list has been moved or marked elsewhere just now. Look again.")
        ) from clash


# The printed return


def code_of(entry: CentreEntry) -> str:
    """What is printed on the return: the entry, and a digest of its marks. So paper that was
    signed before a mark changed can be told from paper that agrees with the portal."""
    digest = hashlib.sha256()
    marks = Mark.objects.of(entry).order_by("officer_id", "day")
    for officer, day, status in marks.values_list("officer", "day", "status"):
        digest.update(f"{officer} {day} {status}\n".encode())
    return f"R{entry.pk}-{digest.hexdigest()[:8].upper()}"


@transaction.atomic
def sign(entry: CentreEntry, *, by: User, acting_name: str) -> RegisterReturn:
    """All officers have signed the printed register. Signing again replaces an unstamped one."""
    entry = lock(entry)
    now = moment(entry, entry.exam.ends_on)
    for reason in reasons_against_signing(entry, today=now.today):
        raise Refused(reason)
    made, _new = RegisterReturn.objects.select_for_update().get_or_create(
        entry=entry, defaults={"code": code_of(entry)}
    )
    if made.status != ReturnStatus.SIGNED:
        raise Refused(_("The return has been stamped, so it cannot be signed again."))
    made.code, made.signed_at = code_of(entry), now.now
    made.save(update_fields=["code", "signed_at"])
    record("return.signed", made, by=by, acting_name=acting_name, code=made.code)
    return made


@transaction.atomic
def stamp(signed: RegisterReturn, *, by: User) -> RegisterReturn:
    """The SCDE has the paper, and it says what the portal says."""
    signed = lock(signed)
    if signed.status == ReturnStatus.SIGNED and signed.code != code_of(signed.entry):
        raise Refused(
            _(
                "The register was changed after it was signed. The centre must print and sign it "
                "again."
            )
        )
    move(signed, ReturnStatus.STAMPED, stamped_by=by)
    record("return.stamped", signed, by=by, code=signed.code)
    return signed


@transaction.atomic
def receive(stamped: RegisterReturn, *, by: User) -> RegisterReturn:
    """Headquarters has the paper."""
    stamped = lock(stamped)
    move(stamped, ReturnStatus.RECEIVED, received_by=by)
    record("return.received", stamped, by=by, code=stamped.code)
    return stamped
