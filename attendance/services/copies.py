"""A register that was marked without a network: taken when it arrives, as far as it may be."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record
from attendance.eligibility import Moment, moment, reasons_against_marking
from attendance.models import (
    Amendment,
    AmendmentLine,
    AmendmentStatus,
    CopyStatus,
    Mark,
    MarkStatus,
    Register,
    RegisterCopy,
    RegisterStatus,
    Way,
)
from attendance.services.marking import (
    Changed,
    Made,
    Marks,
    earlier_marks,
    lock_day,
    note_corrections,
    put,
    submit,
)
from catalogue.models import CentreEntry
from cp2.rules import Refused, lock, move, refuse_move
from deployments.models import Deployment
from profiles.models import Officer


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What a phone kept. Its numbers are its own, and its time is by its clock."""

    client_id: UUID
    device: UUID
    day: date
    marks: Marks
    acting_name: str
    marked_at: datetime
    seen: str
    late_reason: str = ""


@dataclass(frozen=True)
class Found:
    """What there is when a copy arrives, under the register's lock."""

    copy: RegisterCopy
    marks: Marks
    serving: Mapping[int, Deployment]
    register: Register
    earlier: Mapping[int, Mark]

    @property
    def asked(self) -> set[int]:
        """Whom the register asks for: those marked at another place that day it does not."""
        return {
            officer
            for officer, deployment in self.serving.items()
            if officer not in self.earlier or self.earlier[officer].deployment_id == deployment.pk
        }

    @property
    def here(self) -> dict[int, MarkStatus]:
        """Of the copy's marks, those of whom the register still asks for."""
        return {officer: status for officer, status in self.marks.items() if officer in self.asked}

    @property
    def missing(self) -> set[int]:
        return self.asked - self.earlier.keys() - self.marks.keys()

    def made(self, by: User) -> Made:
        return Made(
            by=by,
            acting_name=self.copy.acting_name,
            way=Way.COPY,
            marked_at=self.copy.marked_at,
            received_at=self.copy.received_at,
        )


@transaction.atomic
def deliver(entry: CentreEntry, sent: Sent, *, by: User) -> RegisterCopy:
    """Write down what a phone sent and what comes of it; sent again, it is the same row.

    What nobody marked since the phone last looked is saved. What somebody did, and otherwise, is
    for the centre to settle: neither mark silently gives way to the other.
    """
    if there := entry.copies.filter(client_id=sent.client_id).first():
        return there
    for against in _reasons_against(sent, moment(entry, sent.day)):
        return _refused(entry, sent, against, by=by)
    serving, register, now = lock_day(entry, sent.day)
    if there := entry.copies.filter(client_id=sent.client_id).first():
        return there
    copy = _row(entry, sent, now.now, by=by)
    found = Found(copy, sent.marks, serving, register, earlier_marks(serving, sent.day))
    if now.is_closed or register.status == RegisterStatus.AMENDED:
        _ask(found, by=by)
    else:
        _take(found, by=by)
    copy.save()
    return copy


@transaction.atomic
def settle_copy(
    copy: RegisterCopy, *, take: Iterable[int], by: User, acting_name: str
) -> RegisterCopy:
    """The centre decides, officer by officer, where a copy and newer marks differ: the copy's
    mark for those named, the register's for the others."""
    serving, register, now = lock_day(copy.entry, copy.day)
    copy = lock(copy)
    refuse_move(copy, CopyStatus.SETTLED)
    for against in reasons_against_marking(copy.day, now, register):
        raise Refused(against)
    wanted = {officer: MarkStatus(copy.marks[str(officer)]) for officer in copy.clashes}
    earlier = earlier_marks(serving, copy.day)
    here = Found(copy, wanted, serving, register, earlier).here
    made = Made(
        by=by,
        acting_name=acting_name,
        way=Way.COPY,
        marked_at=copy.marked_at,
        received_at=now.now,
    )
    taken = {officer: here[officer] for officer in here.keys() & set(take)}
    note_corrections(put(serving, taken, earlier, day=copy.day, made=made), made)
    move(copy, CopyStatus.SETTLED)
    record("copy.settled", copy, by=by, acting_name=acting_name, taken=sorted(taken))
    return copy


def _reasons_against(sent: Sent, now: Moment) -> Iterator[str]:
    """Why it can be no register of that day, whenever it arrives."""
    if not now.works or sent.day > now.today:
        yield next(reasons_against_marking(sent.day, now))
    if _day_of(min(sent.marked_at, now.now)) < sent.day:
        yield _("By the phone's clock it was marked before its day began.")


def _row(entry: CentreEntry, sent: Sent, now: datetime, *, by: User) -> RegisterCopy:
    """A clock that is fast made it in the moment in which it arrived."""
    return RegisterCopy(
        entry=entry,
        day=sent.day,
        client_id=sent.client_id,
        device=sent.device,
        sent_by=by,
        acting_name=sent.acting_name,
        marked_at=min(sent.marked_at, now),
        received_at=now,
        seen=sent.seen,
        late_reason=sent.late_reason,
        marks={str(officer): str(status) for officer, status in sent.marks.items()},
    )


def _refused(entry: CentreEntry, sent: Sent, against: str, *, by: User) -> RegisterCopy:
    """Kept as it came: what was typed is never lost."""
    copy = _row(entry, sent, moment(entry, sent.day).now, by=by)
    copy.status, copy.answer = CopyStatus.REFUSED, f"{_heading(copy)} {against}"
    RegisterCopy.objects.bulk_create([copy], ignore_conflicts=True)
    return entry.copies.get(client_id=sent.client_id)


def _take(found: Found, *, by: User) -> None:
    copy, here, made = found.copy, found.here, found.made(by)
    newer = _newer(found)
    copy.clashes = sorted(o for o in here.keys() & newer if here[o] != found.earlier[o].status)
    saved = {officer: status for officer, status in here.items() if officer not in copy.clashes}
    changed = put(found.serving, saved, found.earlier, day=copy.day, made=made)
    late_reason = _late_reason(copy, changed)
    if not found.missing and here:
        submit(found.register, made, late_reason=late_reason)
    elif late_reason:
        found.register.late_reason = late_reason
        found.register.save(update_fields=["late_reason"])
    note_corrections(changed, made, late_reason)
    copy.status = _status(found)
    copy.answer = " ".join(_said(found))


def _status(found: Found) -> CopyStatus:
    if found.copy.clashes:
        return CopyStatus.CONFLICT
    if not found.here:
        return CopyStatus.REFUSED
    whole = found.here.keys() == found.marks.keys() and not found.missing
    return CopyStatus.TAKEN if whole else CopyStatus.PART


def _newer(found: Found) -> set[int]:
    """Officers marked since the phone last looked, other than by what it sent itself."""
    copy, seen = found.copy, _time(found.copy.seen)
    before = RegisterCopy.objects.filter(
        entry=copy.entry, day=copy.day, device=copy.device, marked_at__lte=copy.marked_at
    )
    own = set(before.values_list("received_at", flat=True))
    return {
        officer
        for officer, mark in found.earlier.items()
        if not (seen and mark.received_at <= seen)
        and not (mark.way == Way.COPY and mark.received_at in own)
    }


def _time(seen: str) -> datetime | None:
    """What is no time has seen nothing."""
    try:
        time = parse_datetime(seen)
    except ValueError:
        return None
    return time if time and timezone.is_aware(time) else None


def _late_reason(copy: RegisterCopy, changed: Changed) -> str:
    """A copy made on its day needs none, however late it arrives."""
    if not changed or _day_of(copy.marked_at) <= copy.day:
        return ""
    return copy.late_reason or _("Marked without a network.")


def _ask(found: Found, *, by: User) -> None:
    """The day is closed to the centre, so the director is asked to put the marks in."""
    copy, earlier = found.copy, found.earlier
    wanted = {
        officer: status
        for officer, status in found.here.items()
        if officer not in earlier or earlier[officer].status != status
    }
    open_already = Amendment.objects.filter(
        entry=copy.entry, day=copy.day, status=AmendmentStatus.ASKED
    ).exists()
    copy.status = CopyStatus.LATE if wanted else CopyStatus.TAKEN
    said = _("The register says all of it already.")
    if wanted and open_already:
        said = _(
            "The day was closed, and an amendment of it is being asked for already. The copy is "
            "kept, and the TSC Sub-County Director can read it."
        )
    elif wanted:
        copy.amendment = _amendment(found, wanted, by=by)
        said = _("The day was closed, so the TSC Sub-County Director is asked to amend it.")
    copy.answer = f"{_heading(copy)} {said}"


def _amendment(found: Found, wanted: Marks, *, by: User) -> Amendment:
    copy, earlier = found.copy, found.earlier
    amendment = Amendment.objects.create(
        entry=copy.entry,
        day=copy.day,
        reason=_("Marked without a network at %(made)s; the phone could send it only at %(came)s.")
        % {"made": _when(copy.marked_at), "came": _when(copy.received_at)},
        asked_by=by,
        acting_name=copy.acting_name,
    )
    AmendmentLine.objects.bulk_create(
        AmendmentLine(
            amendment=amendment,
            deployment=found.serving[officer],
            was=earlier[officer].status if officer in earlier else "",
            wanted=status,
        )
        for officer, status in wanted.items()
    )
    record(
        "amendment.asked",
        amendment,
        by=by,
        acting_name=copy.acting_name,
        reason=amendment.reason,
    )
    return amendment


# What the phone is told


def _said(found: Found) -> Iterator[str]:
    copy = found.copy
    yield _heading(copy)
    if gone := found.marks.keys() - found.here.keys():
        yield _("Not marked, as they serve here no more or were marked elsewhere: %(names)s.") % {
            "names": _names(copy.entry, gone)
        }
    if copy.clashes:
        yield _(
            "Somebody marked otherwise since: %(names)s. Open the register and choose which is "
            "right."
        ) % {"names": _names(copy.entry, copy.clashes)}
    if found.missing:
        yield _("Not on the copy, and to be marked yet: %(names)s.") % {
            "names": _names(copy.entry, found.missing)
        }


def _heading(copy: RegisterCopy) -> str:
    return _("The register of %(day)s, marked without a network at %(time)s, has arrived.") % {
        "day": date_format(copy.day, "j F Y"),
        "time": _when(copy.marked_at),
    }


def _names(entry: CentreEntry, officers: Iterable[int]) -> str:
    """Only of those who were ever deployed here: a made-up number names nobody."""
    ours = Deployment.objects.filter(
        post__exam=entry.exam_id, post__station=entry.station_id, officer__in=set(officers)
    )
    named = Officer.objects.filter(pk__in=ours.values("officer")).order_by("full_name")
    return ", ".join(named.values_list("full_name", flat=True)) or "–"


def _day_of(time: datetime) -> date:
    return timezone.localdate(time)


def _when(time: datetime) -> str:
    return date_format(timezone.localtime(time), "H:i, j F")
