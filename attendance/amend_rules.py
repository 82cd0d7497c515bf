"""Why a closed day may not be changed, in sentences for page and service."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from attendance.eligibility import Moment
from attendance.models import (
    Amendment,
    AmendmentLine,
    Mark,
    MarkStatus,
    Register,
    RegisterReturn,
    RegisterStatus,
    ReturnStatus,
)
from catalogue.models import CentreEntry
from cp2.rules import Role
from deployments.models import Deployment
from profiles.models import Officer
from profiles.owners import accounts_of


def reasons_against_any(day: date, moment: Moment) -> Iterator[str]:
    said = {"day": date_format(day, "j F Y")}
    if not moment.works:
        yield _("The exam does not sit here on %(day)s, so there is no register of it.") % said
    if day > moment.today:
        yield _("Attendance cannot be marked ahead of the day: %(day)s is to come.") % said


def reasons_against_asking(day: date, moment: Moment, register: Register | None) -> Iterator[str]:
    """Why a centre may not ask for a change of this day now. While it marks the day itself, it
    needs nobody."""
    yield from reasons_against_any(day, moment)
    amended = register is not None and register.status == RegisterStatus.AMENDED
    if not moment.is_closed and not amended:
        yield _("The register of %(day)s is open. Mark it there yourself.") % {
            "day": date_format(day, "j F Y")
        }


def reasons_against_amending(day: date, moment: Moment, register: Register | None) -> Iterator[str]:
    """Why a director may not change this day now, unasked."""
    yield from reasons_against_any(day, moment)
    if (register is None or register.status == RegisterStatus.OPEN) and not moment.is_closed:
        yield _("This register has not been submitted, so the centre itself still marks it.")


def reasons_against_a_second(entry: CentreEntry, day: date) -> Iterator[str]:
    if Amendment.objects.waiting().filter(entry=entry, day=day).exists():
        yield _("A change of this day has been asked for already. That is to be decided first.")


def is_stamped(entry: CentreEntry) -> bool:
    """Asked under the lock of the return, so that nobody stamps what is being changed."""
    signed = RegisterReturn.objects.select_for_update().filter(entry=entry).first()
    return signed is not None and signed.status != ReturnStatus.SIGNED


def reasons_against_deciding(amendment: Amendment, *, by: User, stamped: bool) -> Iterator[str]:
    if not Amendment.objects.decidable_by(by).filter(pk=amendment.pk).exists():
        yield _("You do not decide about this amendment.")
    if amendment.asked_by_id == by.pk:
        yield _("You asked for this yourself, so somebody else must decide about it.")
    if stamped and by.role != Role.STAFF:
        yield _("The signed return of this centre has been stamped, so KNEC decides.")


def reasons_against_own(officers: Iterable[Officer], *, by: User) -> Iterator[str]:
    """Nobody changes a mark of themselves, under any account."""
    if accounts_of(by) & {officer.pk for officer in officers}:
        yield _("One of these marks is your own, so somebody else must decide about it.")


def reasons_against_lines(
    lines: Iterable[AmendmentLine], serving: Mapping[int, Deployment], earlier: Mapping[int, Mark]
) -> Iterator[str]:
    """What has changed since it was asked, officer by officer."""
    here = {deployment.pk: deployment for deployment in serving.values()}
    named = set()
    for line in lines:
        officer = line.deployment.officer
        named.add(line.deployment.officer_id)
        mark = earlier.get(line.deployment.officer_id)
        if line.deployment_id not in here:
            yield _("%(officer)s no longer serves here on this day.") % {"officer": officer}
        elif mark and mark.deployment_id != line.deployment_id:
            yield _("%(officer)s has been marked at %(station)s on this day already.") % {
                "officer": officer,
                "station": mark.deployment.post.station,
            }
        elif (mark.status if mark else "") != line.was:
            yield _("%(officer)s was marked otherwise since this was asked: %(mark)s.") % {
                "officer": officer,
                "mark": MarkStatus(mark.status).label if mark else "–",
            }
    for officer_id in serving.keys() - earlier.keys() - named:
        yield _("%(officer)s has come to this list since this was asked.") % {
            "officer": serving[officer_id].officer
        }
