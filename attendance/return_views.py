"""The signed return, from the centre's printer to the stamp; and the blank sheet of a day."""

from datetime import date

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import SignedIn, acting_name
from attendance import scanning, services
from attendance.forms import SignForm
from attendance.models import RegisterReturn, ReturnStatus
from attendance.papers import print_return, print_sheet
from attendance.return_forms import ScanForm, TickedForm
from attendance.views import PER_PAGE, attached, for_centre, for_directors, note_taken
from catalogue.models import CentreEntry, ExamDay, Office
from cp2.rules import Refused

# The centre's


@require_safe
@for_centre
def return_pdf(request: SignedIn, entry: CentreEntry) -> HttpResponse:
    content = print_return(entry, services.code_of(entry))
    note_taken(request, entry, "register.pdf")
    return attached(content, f"register-{entry.station.code}.pdf", "application/pdf")


@require_safe
@for_centre
def sheet_pdf(request: SignedIn, entry: CentreEntry, day: date) -> HttpResponse:
    """A day's list with empty boxes, printed the evening before, for a morning without a phone."""
    if not ExamDay.objects.worked_by(entry).filter(day=day).exists():
        raise Http404
    name = f"register-{entry.station.code}-{day:%Y-%m-%d}.pdf"
    return attached(print_sheet(entry, day), name, "application/pdf")


@for_centre
def sign(request: SignedIn, entry: CentreEntry) -> HttpResponse:
    form = SignForm(
        request.POST if request.method == "POST" else None,
        acting_name=acting_name(request),
    )
    if form.is_valid():
        try:
            signed = services.sign(entry, by=request.user, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            request.session.update(form.cleaned_data)
            messages.success(
                request,
                _("Noted. Take the signed register %(code)s to the SCDE for the stamp.")
                % {"code": signed.code},
            )
            return redirect("attendance:days", entry.exam_id)
    context = {"entry": entry, "form": form, "code": services.code_of(entry)}
    return render(request, "attendance/sign.html", context)


# The SCDE's


@require_safe
@for_directors(Office.SCDE)
def area_registers(request: SignedIn) -> HttpResponse:
    """Signed returns that centres bring to the office; those without a stamp first."""
    code = request.GET.get("code", "").replace("\0", "").strip().upper()[:20]
    returns = (
        RegisterReturn.objects.visible_to(request.user)
        .select_related("entry__station", "entry__exam", "stamped_by")
        .order_by(F("stamped_by").asc(nulls_first=True), "-signed_at")
    )
    if code:
        returns = returns.filter(code=code)
    page = Paginator(returns, PER_PAGE).get_page(request.GET.get("page"))
    services.with_changes(page)
    context = {"page": page, "code": code, "signed": ReturnStatus.SIGNED, "form": ScanForm()}
    return render(request, "attendance/area_registers.html", context)


@require_POST
@for_directors(Office.SCDE)
def scan(request: SignedIn) -> HttpResponse:
    """What each of the codes is, with those ticked that can be stamped. It changes nothing."""
    form, found = ScanForm(request.POST), []
    if form.is_valid():
        found = scanning.look_up(
            form.cleaned_data["codes"],
            RegisterReturn.objects.visible_to(request.user),
            waits_for=ReturnStatus.SIGNED,
        )
    ready = sum(each.may_be_ticked for each in found)
    context = {"form": form, "found": found, "ready": ready}
    return render(request, "attendance/area_scan.html", context)


@require_POST
@for_directors(Office.SCDE)
def stamp_all(request: SignedIn) -> HttpResponse:
    form = TickedForm(request.POST, among=RegisterReturn.objects.visible_to(request.user))
    if not form.is_valid():
        for reason in form.errors.get("returns", []):
            messages.error(request, str(reason))
        return redirect("attendance:area_registers")
    chosen = form.cleaned_data["returns"].select_related("entry__exam").order_by("pk")
    done = services.stamp_all(chosen[: scanning.MOST_CODES], by=request.user)
    for refusal in done.refused:
        messages.error(request, refusal)
    if done.done:
        said = ngettext(
            "%(count)d register is noted as stamped.",
            "%(count)d registers are noted as stamped.",
            done.done,
        )
        messages.success(request, said % {"count": done.done})
    return redirect("attendance:area_registers")


@require_POST
@for_directors(Office.SCDE)
def stamp(request: SignedIn, return_id: int) -> HttpResponse:
    signed = get_object_or_404(RegisterReturn.objects.visible_to(request.user), pk=return_id)
    try:
        services.stamp(signed, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request, _("The register %(code)s is noted as stamped.") % {"code": signed.code}
        )
    return redirect("attendance:area_registers")
