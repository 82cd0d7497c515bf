"""The register without a network: what the phone keeps, and what it sends when it has one."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.requests import SignedIn, acting_name
from attendance import services
from attendance.copies import differences_of, kept
from attendance.copy_forms import CopyForm, SettleForm
from attendance.models import RegisterCopy
from attendance.register_forms import RegisterForm
from attendance.views import for_centre
from catalogue.models import CentreEntry
from cp2.rules import Refused


@require_safe
@for_centre
def copy(request: SignedIn, entry: CentreEntry) -> HttpResponse:
    """The page that the phone keeps. Names and positions are on it, no number of anybody."""
    lines, days = kept(entry)
    form = RegisterForm(lines=lines, is_late=True)
    form.initial["acting_name"] = acting_name(request)
    context = {"entry": entry, "days": days, "form": form, "now": timezone.localtime()}
    return render(request, "attendance/copy.html", context)


@for_centre
def copies(request: SignedIn, entry: CentreEntry) -> HttpResponse:
    """Asked by the phone's worker: first whose session this is, then what becomes of a copy."""
    owner = str(request.user.pk)
    if request.method != "POST":
        return JsonResponse({"owner": owner, "token": get_token(request)})
    form = CopyForm.read(request.body)
    if not form.is_valid():
        said = _("This copy could not be read. Mark the register on its page.")
        return JsonResponse({"words": said}, status=400)
    if form.cleaned_data["owner"] != owner:
        return JsonResponse({"words": _("This is the copy of another account.")}, status=403)
    instead = acting_name(request) or request.user.get_username()
    try:
        row = services.deliver(entry, form.sent(instead=instead), by=request.user)
    except Refused as refusal:  # of this moment: the phone tries again
        return JsonResponse({"words": str(refusal)}, status=409)
    return JsonResponse({"status": row.status, "words": row.answer})


@for_centre
def settle(request: SignedIn, entry: CentreEntry, copy_id: int) -> HttpResponse:
    conflict: Any = get_object_or_404(
        RegisterCopy.objects.visible_to(request.user).select_related("entry__exam"), pk=copy_id
    )
    conflict.differences = differences_of(conflict)
    form = SettleForm(
        request.POST if request.method == "POST" else None,
        differences=conflict.differences,
        acting_name=acting_name(request),
    )
    if form.is_valid():
        try:
            services.settle_copy(
                conflict,
                take=form.taken(),
                by=request.user,
                acting_name=form.cleaned_data["acting_name"],
            )
        except Refused as refusal:
            messages.error(request, str(refusal))
        else:
            request.session["acting_name"] = form.cleaned_data["acting_name"]
            messages.success(request, _("The differences are settled."))
        return redirect("attendance:register", entry.exam_id, conflict.day)
    context: dict[str, Any] = {"entry": entry, "copy": conflict, "form": form}
    return render(request, "attendance/copy_settle.html", context)
