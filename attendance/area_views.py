"""What directors see and change of attendance."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F, FilteredRelation, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.requests import SignedIn
from attendance import absences, services
from attendance.area_forms import AbsentForm, DayForm
from attendance.models import Register, RegisterStatus
from attendance.register_forms import AmendForm
from attendance.serving import lines, tally
from attendance.views import PER_PAGE, for_directors
from catalogue.models import CentreEntry, Exam, Office
from cp2.rules import Refused


@require_safe
@for_directors(Office.TSC, Office.SCDE)
def area_attendance(request: SignedIn) -> HttpResponse:
    """Which centres have marked a day, those that have not first."""
    entries = CentreEntry.objects.visible_to(request.user)
    asked = {"day": timezone.localdate().isoformat(), **request.GET.dict()}
    form = DayForm(asked, exams=Exam.objects.filter(pk__in=entries.values("exam")))
    day, exam = form.chosen()
    entries = entries.working_on(day)
    if exam:
        entries = entries.filter(exam=exam)
    entries = (
        entries.annotate(
            of_day=FilteredRelation("registers", condition=Q(registers__day=day)),
            register_id=F("of_day__pk"),
            register_status=F("of_day__status"),
            marked_at=F("of_day__submitted_at"),
        )
        .select_related("station", "exam")
        .order_by(F("marked_at").asc(nulls_first=True), "station__code", "exam")
    )
    page = Paginator(entries, PER_PAGE).get_page(request.GET.get("page"))
    counts = tally(page, day)
    rows = [(entry, counts.get((entry.exam_id, entry.station_id))) for entry in page]
    context = {"form": form, "day": day, "page": page, "rows": rows, "statuses": RegisterStatus}
    return render(request, "attendance/area_attendance.html", context)


@require_safe
@for_directors(Office.TSC, Office.SCDE)
def area_absent(request: SignedIn) -> HttpResponse:
    """Whom the last register of their centre does not name as present: to be asked after, and
    replaced before the next morning."""
    form = AbsentForm(request.GET)
    rows = (
        absences.absent(request.user, form.chosen())
        .with_place()
        .select_related("officer__user")
        .order_by("post__station__code", "post__position__rank", "officer__full_name", "pk")
    )
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    last = absences.last_registers(page)
    context = {"form": form, "page": page, "rows": [(row, *last[row.pk]) for row in page]}
    return render(request, "attendance/area_absent.html", context)


@for_directors(Office.TSC)
def amend(request: SignedIn, register_id: int) -> HttpResponse:
    register = get_object_or_404(
        Register.objects.amendable_by(request.user).select_related("entry__station", "entry__exam"),
        pk=register_id,
    )
    form = AmendForm(
        request.POST if request.method == "POST" else None,
        lines=lines(register.entry, register.day),
    )
    if form.is_valid():
        try:
            services.amend(
                register,
                marks=form.marks(),
                by=request.user,
                reason=form.cleaned_data["reason"],
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The register is amended, and those concerned are told."))
            return redirect("attendance:area_attendance")
    return render(request, "attendance/amend.html", {"register": register, "form": form})
