"""The centre reports who did not come, and incidents; its directors see to it."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import SignedIn, acting_name
from accounts.taking import as_asked, take_away
from attendance import centre_reporting, services
from attendance.centre_report_forms import AnswerForm, CentreReportForm, CentreReportsForm
from attendance.models import CentreReport, CentreReportStatus, ReportKind
from attendance.serving import serving_at
from attendance.views import PER_PAGE, for_centre, for_directors
from catalogue.models import CentreEntry, Exam, Office
from cp2.rules import Refused, Role
from deployments.views import for_role


@for_centre
def report(request: SignedIn, entry: CentreEntry) -> HttpResponse:
    """What happened, and what became of what was reported before."""
    serving = (
        serving_at(entry, timezone.localdate())
        .select_related("officer", "post__position")
        .order_by("post__position__rank", "officer__full_name", "pk")
    )
    form = CentreReportForm(
        request.POST if request.method == "POST" else None,
        serving=serving,
        first_day=entry.exam.rehearsal_on,
        acting_name=acting_name(request),
        initial={"kind": request.GET.get("kind", "")},
    )
    if form.is_valid() and _reported(request, entry, form):
        return redirect("attendance:centre_report", entry.exam_id)
    page = _page(request, centre_reporting.listed(request.user, {}))
    context = {"entry": entry, "form": form, "page": page, "rows": _rows(page)}
    return render(request, "attendance/centre_report.html", context)


def _reported(request: SignedIn, entry: CentreEntry, form: CentreReportForm) -> bool:
    data = form.cleaned_data
    said = {"text": data["text"], "by": request.user, "acting_name": data["acting_name"]}
    try:
        if data["kind"] == ReportKind.NO_SHOW:
            made = services.report_no_shows(entry, deployments=form.absent, **said)
            message = ngettext(
                "Your director sees now that %(count)d officer did not come.",
                "Your director sees now that %(count)d officers did not come.",
                len(made),
            ) % {"count": len(made)}
        else:
            services.report_incident(entry, day=data["day"], **said)
            message = _("Your report is with both directors and KNEC.")
    except Refused as refusal:
        for reason in refusal.args:
            form.add_error(None, str(reason))
        return False
    request.session["acting_name"] = data["acting_name"]
    messages.success(request, message)
    return True


# Directors


@require_safe
@for_directors(Office.TSC, Office.SCDE)
def area_centre_reports(request: SignedIn) -> HttpResponse:
    """What centres reported, open ones first, each with a way to replace whoever did not come."""
    form = _asked(request)
    page = _page(request, centre_reporting.listed(request.user, form.asked))
    rows = [
        row | {"ways": centre_reporting.ways_out(row["report"]) if row["ours"] else {}}
        for row in _rows(page, office=request.user.office)
    ]
    context = {"form": form, "page": page, "rows": rows}
    return render(request, "attendance/area_centre_reports.html", context)


@require_POST
@for_role(Role.DIRECTOR)
def area_centre_reports_files(request: SignedIn) -> HttpResponseBase:
    form = _asked(request)
    return take_away(
        request,
        lambda: centre_reporting.table(
            centre_reporting.listed(request.user, form.asked),
            by=str(request.user),
            about=form.about,
        ),
        back=as_asked(request, "attendance:area_centre_reports"),
        verb="centre_reports.taken",
        filters=form.about,
    )


def _asked(request: SignedIn) -> CentreReportsForm:
    entries = CentreEntry.objects.visible_to(request.user)
    return CentreReportsForm(request.GET, exams=Exam.objects.filter(pk__in=entries.values("exam")))


def _page(request: SignedIn, rows: Any) -> Any:
    return Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))


def _rows(page: Any, *, office: str = "") -> list[dict[str, Any]]:
    return [
        {
            "report": each,
            "outcome": centre_reporting.outcome(each),
            "came": centre_reporting.came_after_all(each),
            "ours": office == _office_of(each),
        }
        for each in page
    ]


def _office_of(report: CentreReport) -> str:
    """As `answerable_by` has it."""
    return report.deployment.post.position.deployed_by if report.deployment else Office.TSC


@for_role(Role.DIRECTOR)
def settle(request: SignedIn, pk: int) -> HttpResponse:
    rows = CentreReport.objects.answerable_by(request.user).with_place().with_outcome()
    found = get_object_or_404(rows, pk=pk)
    form = AnswerForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            services.settle_report(found, by=request.user, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Settled. The centre reads your answer."))
            return redirect("attendance:area_centre_reports")
    context = {
        "report": found,
        "outcome": centre_reporting.outcome(found),
        "ways": centre_reporting.ways_out(found),
        "is_open": found.status == CentreReportStatus.OPEN,
        "form": form,
    }
    return render(request, "attendance/centre_report_settle.html", context)
