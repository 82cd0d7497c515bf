"""The dry run: asked for, looked at, taken away."""

from collections.abc import Iterator
from typing import Any, cast

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.requests import SignedIn, actor
from accounts.taking import take_away
from catalogue.models import Exam
from cp2.exports import Table
from cp2.opening import checking, services, steps
from cp2.opening.checking import Line, Result
from cp2.opening.checks import BY_CODE
from cp2.opening.pages import begun, may_look, of_exam, show
from cp2.runs.models import RunKind

TITLES = {kind.name: kind.title for kind in steps.KINDS}


@of_exam()
def check(request: HttpRequest, exam: Exam, *, site: AdminSite, allowed: bool) -> HttpResponse:
    if request.method == "POST":
        return begun(request, exam, services.check, "check")
    result = checking.result(exam)
    return show(
        request,
        site,
        "check",
        title=_("Dry run of %(exam)s") % {"exam": exam.short},
        exam=exam,
        result=result,
        run=services.runs_of(exam, RunKind.CHECK).first(),
        groups=_groups(exam, result) if result else [],
        allowed=allowed,
    )


def _groups(exam: Exam, result: Result) -> list[tuple[str, list[dict[str, Any]]]]:
    kinds = [(_("Blocks the opening"), result.blocks), (_("To be looked at"), result.looks)]
    return [(title, [_shown(exam, line) for line in lines]) for title, lines in kinds if lines]


def _shown(exam: Exam, line: Line) -> dict[str, Any]:
    return {
        "line": line,
        "step": TITLES[line.step],
        "mend": BY_CODE[line.finding.code].mend(exam),
        "first": [(words, address(page, number)) for words, page, number in line.finding.first],
        "more": line.finding.count - len(line.finding.first),
        "more_now": line.was is not None and line.finding.count > line.was,
        "fewer_now": line.was is not None and line.finding.count < line.was,
    }


def address(page: str, number: int) -> str:
    """None, if the page has gone since the run."""
    try:
        return reverse(page, args=[number]) if page else ""
    except NoReverseMatch:
        return ""


@require_POST
def files(request: HttpRequest, pk: int, *, site: AdminSite) -> HttpResponseBase:
    """Also for whoever may only look, so this is posted by more than may change."""
    may_look(request)
    exam = get_object_or_404(Exam, pk=pk)
    result = checking.result(exam)
    if result is None:
        messages.error(request, _("Nobody has made a dry run yet."))
        return redirect("admin:opening_check", exam.pk)
    return take_away(
        cast(SignedIn, request),
        lambda: table(exam, result, by=str(actor(request))),
        back=reverse("admin:opening_check", args=[exam.pk]),
        verb="exam.findings_taken",
        subject=exam,
    )


def table(exam: Exam, result: Result, *, by: str) -> Table:
    rows = [row for line in result.lines for row in _rows(line)]
    return Table(
        name=f"findings-{exam.abbreviation}-{exam.year}".lower(),
        title=_("Dry run of %(exam)s") % {"exam": exam.short},
        heading=[
            _("Step"),
            _("Severity"),
            _("Finding"),
            _("Count"),
            _("Before"),
            _("One of them"),
        ],
        rows=rows,
        count=len(rows),
        by=by,
    )


def _rows(line: Line) -> Iterator[list[object]]:
    """One for each that is named."""
    finding = line.finding
    shared = [
        str(TITLES[line.step]),
        finding.get_severity_display(),
        line.words,
        finding.count,
        "" if line.was is None else line.was,
    ]
    for words, _page, _number in finding.first or [["", "", 0]]:
        yield [*shared, words]
