"""What each exam pays, and a finance approver's word that it is right."""

from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.codes import needs_fresh_code
from accounts.models import User
from accounts.requests import actor
from catalogue.models import Exam
from cp2.opening import last_year
from cp2.rights import reviewing
from cp2.rights.models import RatesSeen
from cp2.rules import Refused

SEES_RATES = ["rights.view_rateproposal"]
MOST = 50  # exams, the newest first


def _looks(request: HttpRequest) -> User:
    if not request.user.has_perms(SEES_RATES):
        raise PermissionDenied
    return actor(request)


@require_safe
def exams(request: HttpRequest, site: AdminSite) -> HttpResponse:
    _looks(request)
    rows = Exam.objects.filter(terms__isnull=False).distinct().order_by("-year", "code")
    return _show(
        request,
        site,
        "rates",
        title=_("Rates of each exam"),
        exams=rows.select_related("rates_seen__seen_by")[:MOST],
    )


@require_http_methods(["GET", "HEAD", "POST"])
def exam(request: HttpRequest, pk: int, site: AdminSite) -> HttpResponse:
    by, exam = _looks(request), get_object_or_404(Exam, pk=pk)
    if request.method == "POST":
        return _confirmed(request, exam)
    seen = RatesSeen.objects.filter(exam=exam).select_related("seen_by").first()
    may = not seen and by.has_perm("rights.decide_rateproposal")
    against = list(reviewing.reasons_against(exam, by=by)) if may else []
    return _show(
        request,
        site,
        "rates_of",
        title=_("Rates of %(exam)s") % {"exam": exam.short},
        exam=exam,
        last=last_year.of(exam),
        lines=reviewing.lines(exam),
        seen=seen,
        digest=reviewing.seen_now(exam),
        against=against,
        may_confirm=may and not against,
    )


def _confirmed(request: HttpRequest, exam: Exam) -> HttpResponse:
    if not request.user.has_perm("rights.decide_rateproposal"):
        raise PermissionDenied
    if asked := needs_fresh_code(request):
        return asked
    try:
        reviewing.confirm(exam, seen=request.POST.get("seen", ""), by=actor(request))
        said = _("The rates of %(exam)s are confirmed. From now on each change takes two people.")
        messages.success(request, said % {"exam": exam.short})
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("admin:rights_rates_of", exam.pk)


def _show(request: HttpRequest, site: AdminSite, template: str, **context: Any) -> HttpResponse:
    return TemplateResponse(
        request, f"rights/{template}.html", {**site.each_context(request), **context}
    )
