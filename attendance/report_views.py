"""The supervisor's daily report: written in their own account, read by the centre and directors."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import SignedIn
from accounts.taking import as_asked, take_away
from attendance import reporting, services
from attendance.eligibility import moment
from attendance.models import Handover, SupervisorReport
from attendance.report_forms import ReportForm, ReportsForm
from attendance.views import PER_PAGE, for_centre, for_directors
from catalogue.models import CentreEntry, Exam, Office
from cp2.exports import Table
from cp2.rules import Refused, Role
from deployments.models import Deployment
from deployments.views import for_role

# The supervisor


@require_safe
@for_role(Role.OFFICER)
def reports(request: SignedIn) -> HttpResponse:
    """Every day on which they were to report, today first."""
    page = Paginator(reporting.days_of(request.user), PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "today": timezone.localdate()}
    return render(request, "attendance/reports.html", context)


@for_role(Role.OFFICER)
def report(request: SignedIn, pk: int, day: date) -> HttpResponse:
    deployment = get_object_or_404(reporting.reporters(request.user), pk=pk)
    entry = reporting.entry_of(deployment)
    written = SupervisorReport.objects.filter(deployment=deployment, day=day).first()
    form = ReportForm(
        request.POST if request.method == "POST" else None,
        initial={name: getattr(written, name) for name in reporting.FIELDS} if written else None,
        candidates=entry.candidates if entry else None,
    )
    if form.is_valid() and _written(request, deployment, day, form):
        return redirect("attendance:reports")
    context = {
        "deployment": deployment,
        "day": day,
        "report": written,
        "reasons": _reasons(deployment, entry, day),
        "form": form,
    }
    return render(request, "attendance/report.html", context)


def _reasons(deployment: Deployment, entry: CentreEntry | None, day: date) -> list[str]:
    if entry is None:
        return [_("This place takes no part in the exam, so it needs no report.")]
    expected = reporting.is_expected(deployment, day)
    return list(reporting.reasons_against_reporting(day, moment(entry, day), expected=expected))


def _written(request: SignedIn, deployment: Deployment, day: date, form: ReportForm) -> bool:
    try:
        services.write_report(deployment, day=day, by=request.user, **form.cleaned_data)
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return False
    said = {"day": date_format(day, "j F Y")}
    messages.success(request, _("Your report of %(day)s is saved.") % said)
    return True


# Who reads them


@require_safe
@for_centre
def centre_reports(request: SignedIn, entry: CentreEntry) -> HttpResponse:
    rows = reporting.written(request.user, {})
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    handovers = Handover.objects.visible_to(request.user).with_place().order_by("-day", "-pk")
    context = {"entry": entry, "page": page, "handovers": handovers[:PER_PAGE]}
    return render(request, "attendance/centre_reports.html", context)


@require_safe
@for_directors(Office.TSC, Office.SCDE)
def area_reports(request: SignedIn) -> HttpResponse:
    """Of today unless asked otherwise: what was written, or who has not written."""
    form = _asked(request)
    page = Paginator(_rows(request, form), PER_PAGE).get_page(request.GET.get("page"))
    context = {"form": form, "page": page, "day": form.day_asked}
    return render(request, "attendance/area_reports.html", context)


@require_POST
@for_role(Role.DIRECTOR)
def area_reports_files(request: SignedIn) -> HttpResponseBase:
    form = _asked(request)
    return take_away(
        request,
        lambda: _table(request, form),
        back=as_asked(request, "attendance:area_reports"),
        verb="reports.taken",
        filters=form.about,
    )


def _asked(request: SignedIn) -> ReportsForm:
    entries = CentreEntry.objects.visible_to(request.user)
    asked = {"day": timezone.localdate().isoformat(), **request.GET.dict()}
    return ReportsForm(asked, exams=Exam.objects.filter(pk__in=entries.values("exam")))


def _rows(request: SignedIn, form: ReportsForm) -> Any:
    if form.lists_missing:
        return reporting.missing(request.user, form.day_asked, form.asked.get("exam"))
    return reporting.written(request.user, form.asked)


def _table(request: SignedIn, form: ReportsForm) -> Table:
    rows, said = _rows(request, form), {"by": str(request.user), "about": form.about}
    if form.lists_missing:
        return reporting.missing_table(rows, form.day_asked, **said)
    return reporting.written_table(rows, **said)
