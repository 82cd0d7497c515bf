"""Attendance today, as headquarters sees it: the nation by county, a county by sub-county, a
sub-county by centre."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.requests import SignedIn, actor
from accounts.taking import as_asked, take_away
from attendance import owed, today, today_files
from attendance.area_forms import NationForm
from attendance.models import DayCount
from attendance.today import Sum
from attendance.today_views import refreshing
from catalogue.models import County, Exam, SubCounty
from cp2.exports import Table

PER_PAGE = 50


@dataclass
class PlaceSum:
    """A county or a sub-county, and what its centres come to."""

    place: County | SubCounty
    found: Sum
    link: dict[str, int]  # how the page is asked for what it is made of


class WithToday(admin.ModelAdmin[Any]):
    """The list of registers, and beside it the picture of a day."""

    change_list_template = "attendance/admin_registers.html"

    def get_urls(self) -> list[URLPattern]:
        def page(view: Callable[..., HttpResponseBase]) -> Any:
            return self.admin_site.admin_view(view)

        own = [
            path("today/", page(require_safe(self.today)), name="attendance_register_today"),
            path(
                "today/files/",
                page(require_POST(self.today_files)),
                name="attendance_register_today_files",
            ),
        ]
        return [*own, *super().get_urls()]

    def today(self, request: HttpRequest) -> HttpResponse:
        form = self._asked(request)
        day, exam, _state = form.chosen()
        place = form.place()
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Attendance today"),
            "form": form,
            "day": day,
            "place": place,
            **refreshing(request.GET, is_today=day == timezone.localdate()),
        }
        if isinstance(place, SubCounty):
            context |= _centres(form, place, number=request.GET.get("page"), to=actor(request))
        else:
            del form.fields["state"]  # which asks for centres
            rows = _counts(day, exam, place)
            sums = by_place(rows, place)
            found = total(line.found for line in sums)
            sitting = {row.exam_id for row in rows}
            context |= {
                "sums": sums,
                "found": found,
                "counted_at": oldest(rows),
                "chart": _chart(form, found, sitting),
            }
        return TemplateResponse(request, "attendance/admin_today.html", context)

    def today_files(self, request: HttpRequest) -> HttpResponseBase:
        form = self._asked(request)
        place = form.place()
        return take_away(
            cast(SignedIn, request),
            lambda: _table(form, by=str(actor(request))),
            back=as_asked(request, "admin:attendance_register_today"),
            verb="attendance.taken",
            subject=place,
            filters=form.about,
        )

    def _asked(self, request: HttpRequest) -> NationForm:
        if not self.has_view_permission(request):
            raise PermissionDenied
        asked = {"day": timezone.localdate().isoformat(), **request.GET.dict()}
        return NationForm(asked, exams=list(Exam.objects.all()))


# What has been counted


def _counts(day: date, exam: Exam | None, county: Any) -> list[DayCount]:
    rows = DayCount.objects.filter(day=day).select_related("sub_county__county")
    if exam:
        rows = rows.filter(exam=exam)
    if county:
        rows = rows.filter(sub_county__county=county)
    return list(rows)


def by_place(rows: Iterable[DayCount], county: Any) -> list[PlaceSum]:
    """Of the nation by county, of a county by sub-county; where most are waited for comes first."""
    found: dict[int, PlaceSum] = {}
    for row in rows:
        place = row.sub_county if county else row.sub_county.county
        key = "sub_county" if county else "county"
        line = found.setdefault(place.pk, PlaceSum(place, Sum(), {key: place.pk}))
        line.found.add(row)
    return sorted(found.values(), key=lambda line: (-line.found.waiting, line.place.name))


def total(sums: Iterable[Sum]) -> Sum:
    found = Sum()
    for each in sums:
        found.add(each)
    return found


def oldest(rows: Iterable[DayCount]) -> datetime | None:
    return min((row.counted_at for row in rows), default=None)


def _chart(form: NationForm, found: Sum, sitting: set[int]) -> today.Chart:
    return today.chart(found, [exam for exam in form.exams.values() if exam.pk in sitting])


# Centres, as they are at this moment


def _lines(form: NationForm, area: SubCounty) -> tuple[list[owed.Line], list[owed.Line]]:
    day, exam, state = form.chosen()
    lines = list(owed.of_area(area, day=day, exam=exam))
    return lines, [line for line in lines if state is None or state.takes(line)]


def _centres(form: NationForm, area: SubCounty, *, number: str | None, to: User) -> dict[str, Any]:
    day, _exam, _state = form.chosen()
    lines, shown = _lines(form, area)
    page = Paginator(shown, PER_PAGE).get_page(number)
    told = today.reminders(page, day, to=to)
    names = _names(form)
    found = today.summed(lines)
    return {
        "page": page,
        "found": found,
        "chart": _chart(form, found, {line.exam_id for line in lines}),
        "rows": [
            {
                "line": line,
                "exam": names.get(line.exam_id, ""),
                "reminder": told.get(line.entry_id),
            }
            for line in page
        ],
    }


def _names(form: NationForm) -> dict[int, str]:
    return {exam.pk: exam.short for exam in form.exams.values()}


# Files


def _table(form: NationForm, *, by: str) -> Table:
    day, exam, _state = form.chosen()
    place, on = form.place(), date_format(day, "j F Y")
    where = str(place) if place else _("Kenya")
    rows: list[list[Any]]
    if isinstance(place, SubCounty):
        names = _names(form)
        heading = today_files.day_heading()
        _all, shown = _lines(form, place)
        rows = [today_files.day_line(line, names.get(line.exam_id, "")) for line in shown]
    else:
        heading = [
            _("Sub-county") if place else _("County"),
            _("Centres that sit"), _("Marked"), _("Late"), _("Not yet"), _("Never"),
            _("Amended"), _("Officers expected"), _("Present"), _("Absent"), _("Not marked"),
        ]  # fmt: skip
        sums = by_place(_counts(day, exam, place), place)
        rows = [[line.place.name, *_numbers(line.found)] for line in sums]
    return Table(
        name=f"attendance-{day.isoformat()}",
        title=_("Registers of %(day)s, %(place)s") % {"day": on, "place": where},
        heading=heading,
        rows=rows,
        count=len(rows),
        by=by,
        about=form.about,
    )


def _numbers(found: Sum) -> Iterator[int]:
    yield from (
        found.due,
        found.marked,
        found.marked_late,
        found.waiting,
        found.never,
        found.amended,
        found.expected,
        found.present,
        found.absent,
        found.unmarked,
    )
