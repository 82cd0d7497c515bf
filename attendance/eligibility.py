"""Why something may not be done to a register or its return, in sentences for page and service."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from attendance.models import Clock, Mark, Register, RegisterReturn, RegisterStatus, ReturnStatus
from catalogue.models import CentreEntry, Exam, ExamDay
from deployments.models import Deployment

# Phones are locked away during papers, so a day may still be marked on the next. Nobody has
# published a cut-off; should the Council set one by exam, it belongs in the exam's row.
OPEN_DAYS_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class Moment:
    """What the database says when asked: its own clock, and whether the exam sits on a day."""

    now: datetime
    is_exam_day: bool

    @property
    def today(self) -> date:
        return timezone.localdate(self.now)


def moment(entry: CentreEntry, day: date) -> Moment:
    now, is_exam_day = (
        Exam.objects.filter(pk=entry.exam_id)
        .values_list(Clock(), Exists(ExamDay.objects.filter(exam=OuterRef("pk"), day=day)))
        .get()
    )
    return Moment(now, is_exam_day)


def is_past_marking(day: date, *, today: date) -> bool:
    return day < today - OPEN_DAYS_AFTER


def reasons_against_marking(
    day: date, moment: Moment, register: Register | None = None
) -> Iterator[str]:
    """Why a centre may not mark this day now. None means it may."""
    said = {"day": date_format(day, "j F Y")}
    if not moment.is_exam_day:
        yield _("The exam does not sit on %(day)s, so there is no register of it.") % said
    if day > moment.today:
        yield _("Attendance cannot be marked ahead of the day: %(day)s is to come.") % said
    if is_past_marking(day, today=moment.today):
        yield (
            _(
                "The register of %(day)s is closed: it could be marked until the end of the "
                "next day. Ask the TSC Sub-County Director to amend it."
            )
            % said
        )
    if register and register.status == RegisterStatus.AMENDED:
        yield _("The TSC Sub-County Director has amended this register. It stays as it is.")


def reasons_against_list(
    serving: Mapping[int, Deployment], marks: Mapping[int, str], earlier: Mapping[int, Mark]
) -> Iterator[str]:
    """Why these marks are not the whole list, and only the list, of those who serve that day.

    Who was marked at another place that day has their mark; the rest of the list goes on.
    """
    if not serving:
        yield _("Nobody is deployed here on this day, so there is nothing to mark.")
    elsewhere = {
        officer: mark
        for officer, mark in earlier.items()
        if mark.deployment_id != serving[officer].pk
    }
    for officer in sorted(elsewhere.keys() & marks.keys()):
        yield _("%(officer)s has been marked at %(station)s on this day already.") % {
            "officer": serving[officer].officer,
            "station": elsewhere[officer].deployment.post.station,
        }
    if marks.keys() != serving.keys() - elsewhere.keys():
        yield _("The list of officers has changed since you opened it. Look at it again.")


def reasons_against_amending(register: Register) -> Iterator[str]:
    """Why a director may not change a submitted register. Asked under its lock, and takes that
    of the return, so that nobody stamps what is being changed."""
    if register.status == RegisterStatus.OPEN:
        yield _("This register has not been submitted, so the centre itself still marks it.")
    signed = RegisterReturn.objects.select_for_update().filter(entry=register.entry_id).first()
    if signed and signed.status != ReturnStatus.SIGNED:
        yield _("The signed return of this centre has been stamped. Write to KNEC instead.")


def reasons_against_signing(entry: CentreEntry, *, today: date) -> Iterator[str]:
    """Why a centre may not say yet that its officers signed the return."""
    days = set(entry.exam.days.values_list("day", flat=True))
    if any(day > today for day in days):
        yield _("The exam is not over. Sign the return after its last day.")
    marked = set(entry.registers.exclude(status=RegisterStatus.OPEN).values_list("day", flat=True))
    for day in sorted(days - marked):
        if day <= today and not is_past_marking(day, today=today):
            yield _("The register of %(day)s is not marked yet.") % {
                "day": date_format(day, "j F Y")
            }
