"""Why something may not be done to a register or its return, in sentences for page and service."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Exists
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from attendance.models import Clock, Mark, Register, RegisterStatus
from catalogue.models import CentreEntry, Exam, ExamDay
from deployments.models import Deployment


@dataclass(frozen=True)
class Moment:
    """What the database says when asked: its own clock, and what the exam has on a day."""

    now: datetime
    works: bool  # whether this centre works on the day
    closes: datetime  # the register of the day, for the centre

    @property
    def today(self) -> date:
        return timezone.localdate(self.now)

    @property
    def is_closed(self) -> bool:
        return self.now >= self.closes

    def is_late(self, day: date) -> bool:
        """After the day itself a mark wants a reason."""
        return day < self.today


def at_this_moment(entry: CentreEntry, day: date) -> dict[str, Any]:
    """In any query: `now`, by the database's clock at this very statement, and `works`."""
    days = ExamDay.objects.worked_by(entry).filter(day=day)
    return {"now": Clock(), "works": Exists(days)}


def moment(entry: CentreEntry, day: date) -> Moment:
    exam: Any = Exam.objects.annotate(**at_this_moment(entry, day)).get(pk=entry.exam_id)
    return Moment(exam.now, exam.works, exam.register_closes(day))


def is_past_marking(exam: Exam, day: date, *, now: datetime | None = None) -> bool:
    return (now or timezone.now()) >= exam.register_closes(day)


def reasons_against_marking(
    day: date, moment: Moment, register: Register | None = None
) -> Iterator[str]:
    """Why a centre may not mark this day now. None means it may."""
    said = {
        "day": date_format(day, "j F Y"),
        "closed": date_format(timezone.localtime(moment.closes), "j F Y, H:i"),
    }
    if not moment.works:
        yield _("The exam does not sit here on %(day)s, so there is no register of it.") % said
    if day > moment.today:
        yield _("Attendance cannot be marked ahead of the day: %(day)s is to come.") % said
    if moment.is_closed:
        yield (
            _(
                "The register of %(day)s is closed: it could be marked until %(closed)s. Ask the "
                "TSC Sub-County Director to amend it."
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


def reasons_against_signing(entry: CentreEntry, *, now: datetime) -> Iterator[str]:
    """Why a centre may not say yet that its officers signed the return."""
    days = set(ExamDay.objects.worked_by(entry).values_list("day", flat=True))
    today = timezone.localdate(now)
    if any(day > today for day in days):
        yield _("The exam is not over. Sign the return after its last day.")
    marked = set(entry.registers.exclude(status=RegisterStatus.OPEN).values_list("day", flat=True))
    for day in sorted(days - marked):
        if day <= today and not is_past_marking(entry.exam, day, now=now):
            yield _("The register of %(day)s is not marked yet.") % {
                "day": date_format(day, "j F Y")
            }
