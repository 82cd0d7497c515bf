"""Handovers between the officers of a rotation: written, taken over, read, printed."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import SignedIn
from attendance import handing_over, services
from attendance.handover_forms import HandoverForm, HandoversForm
from attendance.models import Handover
from attendance.pdf import print_handover
from attendance.reporting import entry_of
from attendance.views import PER_PAGE, attached, for_directors
from catalogue.models import CentreEntry, Exam, Office
from cp2.rules import Refused, Role
from deployments.models import Deployment
from deployments.views import for_role

# The two officers


@for_role(Role.OFFICER)
def handover(request: SignedIn, pk: int) -> HttpResponse:
    """What was left to them when they came, and what they leave when they go."""
    deployment = get_object_or_404(handing_over.served_by(request.user), pk=pk)
    left = handing_over.before(deployment)
    moves_on = handing_over.goes_on(deployment)
    entry = entry_of(deployment)
    if entry is None or not (left or moves_on):
        raise Http404
    own = handing_over.written_by(deployment)
    last = handing_over.last_day(deployment, entry)
    against = handing_over.reasons_against_handing_over(deployment, last, own, moves_on=moves_on)
    form = HandoverForm(
        request.POST if request.method == "POST" else None,
        initial={name: getattr(own, name) for name in HandoverForm.base_fields} if own else None,
    )
    if form.is_valid() and _handed_over(request, deployment, form):
        return redirect("attendance:handover", pk)
    context = {
        "deployment": deployment,
        "left": left,
        "received": handing_over.written_by(left) if left else None,
        "moves_on": moves_on,
        "own": own,
        "reasons": list(against),
        "form": form,
    }
    return render(request, "attendance/handover.html", context)


def _handed_over(request: SignedIn, deployment: Deployment, form: HandoverForm) -> bool:
    try:
        services.hand_over(deployment, by=request.user, **form.cleaned_data)
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return False
    messages.success(request, _("Your handover is saved. Whoever comes after you reads it here."))
    return True


@require_POST
@for_role(Role.OFFICER)
def take_over(request: SignedIn, pk: int) -> HttpResponse:
    deployment = get_object_or_404(handing_over.served_by(request.user), pk=pk)
    try:
        services.take_over(deployment, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Noted: you have taken over."))
    return redirect("deployments:detail", pk)


# Whoever may read one


def _seen(request: SignedIn, pk: int) -> Handover:
    if request.user.role == Role.STAFF:  # who read it in the admin
        raise Http404
    return get_object_or_404(Handover.objects.visible_to(request.user).with_place(), pk=pk)


@require_safe
@login_required
def read(request: SignedIn, pk: int) -> HttpResponse:
    return render(request, "attendance/handover_read.html", {"handover": _seen(request, pk)})


@require_safe
@login_required
def read_pdf(request: SignedIn, pk: int) -> HttpResponse:
    seen = _seen(request, pk)
    entry = entry_of(seen.deployment)
    if entry is None:
        raise Http404
    name = f"handover-{entry.station.code}-{seen.day.isoformat()}.pdf"
    return attached(print_handover(entry, seen), name, "application/pdf")


@require_safe
@for_directors(Office.TSC, Office.SCDE)
def area_handovers(request: SignedIn) -> HttpResponse:
    """Who has left a centre, those first who handed nothing over."""
    entries = CentreEntry.objects.visible_to(request.user)
    form = HandoversForm(request.GET, exams=Exam.objects.filter(pk__in=entries.values("exam")))
    asked = form.asked
    rows = handing_over.due(
        request.user, exam=asked.get("exam"), missing=bool(asked.get("missing"))
    )
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {"form": form, "page": page, "today": timezone.localdate()}
    return render(request, "attendance/area_handovers.html", context)
