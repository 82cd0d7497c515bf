"""What directors see of a day as it goes, of the season so far, and of who did not come."""

from datetime import date
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.requests import SignedIn
from accounts.taking import as_asked, take_away
from attendance import absences, owed, season_days, today, today_files
from attendance.area_forms import AbsentForm, DayForm, ExamForm, exams_of
from attendance.owed import Line
from attendance.views import PER_PAGE, for_directors
from catalogue.models import Office
from deployments.models import DeploymentQuerySet


def _day_form(request: SignedIn) -> DayForm:
    asked = {"day": timezone.localdate().isoformat(), **request.GET.dict()}
    return DayForm(asked, exams=exams_of(request.user))


def _lines(form: DayForm, user: User) -> tuple[date, list[Line], list[Line]]:
    """The day, all its lines, and those that are asked for."""
    day, exam, state = form.chosen()
    lines = list(owed.of_area(user.sub_county_id or 0, day=day, exam=exam))
    return day, lines, [line for line in lines if state is None or state.takes(line)]


@require_safe
@for_directors(Office.TSC, Office.SCDE)
def area_attendance(request: SignedIn) -> HttpResponse:
    """A day by the half hour, and its centres, those that have not marked first."""
    form = _day_form(request)
    day, lines, shown = _lines(form, request.user)
    page = Paginator(shown, PER_PAGE).get_page(request.GET.get("page"))
    waiting = [line for line in page if line.marked_at is None]
    calls = today.managers(waiting, day, to=request.user)
    told = today.reminders(page, day, to=request.user)
    names = {exam.pk: exam.short for exam in form.exams.values()}
    sitting = {line.exam_id for line in lines}
    is_today = day == timezone.localdate()
    found = today.summed(lines)
    context = {
        "form": form,
        "day": day,
        "found": found,
        "chart": today.chart(found, [e for e in form.exams.values() if e.pk in sitting]),
        "page": page,
        "rows": [
            {
                "line": line,
                "exam": names.get(line.exam_id, ""),
                "manager": calls.get((line.exam_id, line.station_id)),
                "reminder": told.get(line.entry_id),
            }
            for line in page
        ],
        **refreshing(request.GET, is_today=is_today),
    }
    return render(request, "attendance/area_attendance.html", context)


def refreshing(asked: QueryDict, *, is_today: bool) -> dict[str, bool]:
    """A day gone by does not change; whoever reads or chooses may have today stand still too."""
    still = bool(asked.get("still"))
    return {"is_today": is_today, "still": still, "refreshes": is_today and not still}


@require_POST
@for_directors(Office.TSC, Office.SCDE)
def area_attendance_files(request: SignedIn) -> HttpResponseBase:
    form = _day_form(request)
    day, _all, shown = _lines(form, request.user)
    return take_away(
        request,
        lambda: today_files.day_table(shown, day, form=form, by=request.user),
        back=as_asked(request, "attendance:area_attendance"),
        verb="attendance.taken",
        filters=form.about,
    )


# Who did not come


def _absent(form: AbsentForm, user: User) -> DeploymentQuerySet:
    return (
        absences.absent(user, form.chosen())
        .with_place()
        .select_related("officer__user")
        .order_by("post__station__code", "post__position__rank", "officer__full_name", "pk")
    )


@require_safe
@for_directors(Office.TSC, Office.SCDE)
def area_absent(request: SignedIn) -> HttpResponse:
    """Whom the last register of their centre does not name as present: to be asked after, and
    replaced before the next morning."""
    form = AbsentForm(request.GET)
    page = Paginator(_absent(form, request.user), PER_PAGE).get_page(request.GET.get("page"))
    last = absences.last_registers(page)
    context = {"form": form, "page": page, "rows": [(row, *last[row.pk]) for row in page]}
    return render(request, "attendance/area_absent.html", context)


@require_POST
@for_directors(Office.TSC, Office.SCDE)
def area_absent_files(request: SignedIn) -> HttpResponseBase:
    form = AbsentForm(request.GET)
    found = _absent(form, request.user)
    return take_away(
        request,
        lambda: today_files.absent_table(found, by=request.user, about=form.about),
        back=as_asked(request, "attendance:area_absent"),
        verb="absent.taken",
        filters=form.about,
    )


# The season


def _season(request: SignedIn) -> tuple[ExamForm, list[Line]]:
    form = ExamForm(request.GET, exams=exams_of(request.user))
    lines = owed.of_area(
        request.user.sub_county_id or 0, until=timezone.localdate(), exam=form.chosen_exam()
    )
    return form, list(lines)


@require_safe
@for_directors(Office.TSC, Office.SCDE)
def area_season(request: SignedIn) -> HttpResponse:
    """All days so far: in time, late or not at all, and who was there; the worst centres first."""
    form, lines = _season(request)
    names = {exam.pk: exam.short for exam in form.exams.values()}
    page = Paginator(season_days.centres(lines, names), PER_PAGE)
    context: dict[str, Any] = {
        "form": form,
        "exams": season_days.exams(lines, names),
        "page": page.get_page(request.GET.get("page")),
    }
    return render(request, "attendance/area_season.html", context)


@require_POST
@for_directors(Office.TSC, Office.SCDE)
def area_season_files(request: SignedIn) -> HttpResponseBase:
    form, lines = _season(request)
    names = {exam.pk: exam.short for exam in form.exams.values()}
    return take_away(
        request,
        lambda: today_files.season_table(
            season_days.centres(lines, names), by=request.user, about=form.about
        ),
        back=as_asked(request, "attendance:area_season"),
        verb="season.taken",
        filters=form.about,
    )
