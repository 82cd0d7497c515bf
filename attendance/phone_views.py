"""The phones from which a centre marks by text."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST

from accounts.requests import SignedIn, acting_name
from attendance import services
from attendance.forms import PersonForm
from attendance.models import CODE_LIFE, MOST_PHONES, CentrePhone
from attendance.views import for_centre
from catalogue.models import CentreEntry
from cp2.rules import Refused


@sensitive_variables("code")
@for_centre
def phone(request: SignedIn, entry: CentreEntry) -> HttpResponse:
    """Which phones there are, how to mark by text, and a code for another phone: it shows this
    once, for only its hash is kept."""
    form = PersonForm(
        request.POST if request.method == "POST" else None, acting_name=acting_name(request)
    )
    code = ""
    if form.is_valid():
        try:
            code = services.ask_code(entry, by=request.user, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            request.session.update(form.cleaned_data)
    phones = entry.phones.confirmed()
    context = {
        "entry": entry,
        "form": form,
        "code": f"{code[:4]} {code[4:]}".strip().upper(),
        "phones": phones,
        "managers": services.managers(entry),
        "may_have_more": len(phones) < MOST_PHONES,
        "hours": int(CODE_LIFE.total_seconds() // 3600),
        "shortcode": settings.SMS_SHORTCODE,
    }
    return render(request, "attendance/phone.html", context)


@require_POST
@for_centre
def remove_phone(request: SignedIn, entry: CentreEntry, phone_id: int) -> HttpResponse:
    found = get_object_or_404(
        CentrePhone.objects.visible_to(request.user).confirmed().filter(entry=entry), pk=phone_id
    )
    try:
        services.remove_phone(found, by=request.user, acting_name=acting_name(request))
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The phone is removed. Its texts mark nothing any more."))
    return redirect("attendance:phone", entry.exam_id)
