"""The centre's registers, from the first day to the signed return."""

from datetime import date

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.requests import SignedIn, acting_name
from attendance import days as own_days
from attendance import services
from attendance.asked import asked, asked_by_day
from attendance.copies import of_register
from attendance.eligibility import moment, reasons_against_marking
from attendance.models import Register, RegisterReturn
from attendance.register_forms import RegisterForm
from attendance.serving import lines
from attendance.views import for_centre
from catalogue.models import CentreEntry
from cp2.rules import Refused


@require_safe
@for_centre
def days(request: SignedIn, entry: CentreEntry) -> HttpResponse:
    rows = own_days.of(entry)
    changes = asked_by_day(entry)
    for row in rows:
        row["amendment"] = changes.get(row["exam_day"].day)
    signed = services.with_changes(RegisterReturn.objects.filter(entry=entry))
    context = {
        "entry": entry,
        "rows": rows,
        "due": own_days.due_now(rows),
        "rule": own_days.rule(entry.exam),
        "next_days": [row for row in rows if row["exam_day"].day >= timezone.localdate()][:2],
        "signed": next(iter(signed), None),
        "today": timezone.localdate(),
    }
    return render(request, "attendance/days.html", context)


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
    found, now = Register.objects.filter(entry=entry, day=day).first(), moment(entry, day)
    context = {
        "entry": entry,
        "day": day,
        "register": found,
        "lines": listed_today,
        "not_needed": own_days.not_needed(entry, day),
        "reasons": list(reasons_against_marking(day, now, found)),
        "form": form,
        **asked(entry, day, now, found),
        "copies": of_register(entry, day),
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
