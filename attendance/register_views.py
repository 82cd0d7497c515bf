"""The centre's registers, from the first day to the signed return."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.requests import SignedIn, acting_name
from attendance import services
from attendance.eligibility import is_past_marking, moment, reasons_against_marking
from attendance.models import Register, RegisterReturn, RegisterStatus
from attendance.register_forms import RegisterForm
from attendance.serving import lines
from attendance.views import for_centre
from catalogue.models import CentreEntry, ExamDay
from cp2.rules import Refused


@require_safe
@for_centre
def days(request: SignedIn, entry: CentreEntry) -> HttpResponse:
    registers = {register.day: register for register in entry.registers.all()}
    today = timezone.localdate()
    rows: list[dict[str, Any]] = [
        {"exam_day": exam_day, "register": registers.get(exam_day.day)}
        | _state(entry, exam_day.day, registers.get(exam_day.day), today)
        for exam_day in ExamDay.objects.worked_by(entry).order_by("day")
    ]
    signed = services.with_changes(RegisterReturn.objects.filter(entry=entry))
    context = {
        "entry": entry,
        "rows": rows,
        "next_days": [row for row in rows if row["exam_day"].day >= today][:2],
        "signed": next(iter(signed), None),
        "today": today,
    }
    return render(request, "attendance/days.html", context)


def _state(entry: CentreEntry, day: date, register: Register | None, today: date) -> dict[str, str]:
    """What became of a day: a register's own status, or why there is none."""
    if register and register.status != RegisterStatus.OPEN:
        return {"state": register.status, "word": register.get_status_display()}
    if day > today:
        return {"state": "to_come", "word": _("To come")}
    if is_past_marking(entry.exam, day):
        return {"state": "missing", "word": _("Missed")}
    return {"state": "open", "word": _("Open")}


@for_centre
def register(request: SignedIn, entry: CentreEntry, day: date) -> HttpResponse:
    """The day's register: one post marks everybody, or nobody."""
    listed_today = lines(entry, day)
    form = RegisterForm(
        request.POST if request.method == "POST" else None,
        lines=listed_today,
        acting_name=acting_name(request),
        all_present=request.GET.get("all") == "present",
        is_late=day < timezone.localdate(),
    )
    if form.is_valid():
        return _mark(request, entry, day, form)
    found = Register.objects.filter(entry=entry, day=day).first()
    context = {
        "entry": entry,
        "day": day,
        "register": found,
        "lines": listed_today,
        "reasons": list(reasons_against_marking(day, moment(entry, day), found)),
        "form": form,
    }
    return render(request, "attendance/register.html", context)


def _mark(request: SignedIn, entry: CentreEntry, day: date, form: RegisterForm) -> HttpResponse:
    posted = form.posted()
    try:
        at = services.mark_all(entry, day=day, by=request.user, **posted)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("attendance:register", entry.exam_id, day)
    request.session["acting_name"] = posted["acting_name"]
    saved = {
        "day": date_format(day, "j F Y"),
        "time": date_format(timezone.localtime(at), "H:i:s"),
        "on": date_format(timezone.localtime(at), "j F Y"),
    }
    messages.success(request, _("The register of %(day)s was saved at %(time)s on %(on)s.") % saved)
    return redirect("attendance:days", entry.exam_id)
