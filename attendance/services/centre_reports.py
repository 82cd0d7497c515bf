"""What centres report, and what becomes of it."""

from collections.abc import Sequence
from datetime import date

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record
from attendance.eligibility import moment
from attendance.models import CentreReport, CentreReportStatus, Mark, MarkStatus, ReportKind
from attendance.serving import serving_at
from catalogue.models import CentreEntry
from cp2.rules import Refused, lock, move
from deployments.models import Deployment


@transaction.atomic
def report_no_shows(
    entry: CentreEntry,
    *,
    deployments: Sequence[Deployment],
    text: str,
    by: User,
    acting_name: str,
) -> list[CentreReport]:
    """Who of today's list has not come: one report for each, so that each is settled by itself."""
    entry = lock(entry)  # two clerks follow one another here
    today = timezone.localdate()
    if not moment(entry, today).works:
        raise Refused(_("The exam does not sit here today, so nobody is expected."))
    named = [deployment.pk for deployment in deployments]
    serving = {
        row.pk: row
        for row in serving_at(entry, today)
        .filter(pk__in=named)
        .select_related("officer")
        .select_for_update(of=("self",), no_key=True)
        .order_by("pk")
    }
    if len(serving) < len({*named}):
        raise Refused(_("The list of officers has changed since you opened it. Look at it again."))
    _refuse_present(serving, today)
    open_ones = CentreReport.objects.open().filter(deployment__in=serving)
    for row in open_ones.select_related("deployment__officer"):
        assert row.deployment is not None  # it was found by that
        raise Refused(
            _("%(officer)s has been reported already; your director knows.")
            % {"officer": row.deployment.officer}
        )
    return CentreReport.objects.bulk_create(
        CentreReport(
            entry=entry,
            day=today,
            kind=ReportKind.NO_SHOW,
            deployment=row,
            text=text,
            reported_by=by,
            acting_name=acting_name,
        )
        for row in serving.values()
    )


def _refuse_present(serving: dict[int, Deployment], day: date) -> None:
    officers = [row.officer_id for row in serving.values()]
    marks = Mark.objects.filter(officer__in=officers, day=day, status=MarkStatus.PRESENT)
    said = [
        _(
            "%(officer)s is marked P today. If they did not come, correct the register first, then "
            "report it."
        )
        % {"officer": mark.officer}
        for mark in marks.select_related("officer").order_by("officer__full_name")
    ]
    if said:
        raise Refused(*said)


@transaction.atomic
def report_incident(
    entry: CentreEntry, *, day: date, text: str, by: User, acting_name: str
) -> CentreReport:
    if not entry.exam.rehearsal_on <= day <= timezone.localdate():
        raise Refused(_("Choose a day of the exam that has been, or today."))
    return CentreReport.objects.create(
        entry=entry,
        day=day,
        kind=ReportKind.INCIDENT,
        text=text,
        reported_by=by,
        acting_name=acting_name,
    )


@transaction.atomic
def settle_report(report: CentreReport, *, answer: str, by: User) -> CentreReport:
    """A director answers; the centre reads it."""
    report = lock(report)
    _settle(report, by=by, answer=answer)
    return report


def settle_no_show(ended: Deployment) -> None:
    """Told of by `deployments`, in the transaction of the change: who came instead, or where the
    officer went, the deployments themselves say."""
    no_show = CentreReport.objects.open().filter(deployment=ended).select_for_update()
    for report in no_show:
        _settle(report, by=None, answer="")


def _settle(report: CentreReport, *, by: User | None, answer: str) -> None:
    move(report, CentreReportStatus.SETTLED, settled_at=Now(), settled_by=by, answer=answer)
    record("centre_report.settled", report, by=by, answer=answer)
