"""What people ask about their own data."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.requests import SignedIn
from cp2.protection import services
from cp2.protection.forms import AskForm
from cp2.protection.models import DUE, DataRequest, RequestKind
from cp2.rules import Refused


@never_cache
@login_required
def rights(request: SignedIn) -> HttpResponse:
    """What they asked so far with its answers, and the form to ask."""
    user = request.user
    form = AskForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        try:
            services.ask(user, kind=RequestKind(asked["kind"]), text=asked["text"], written_by=None)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("We have your request. You get an answer within 7 days."))
            return redirect("rights")
    asked_so_far = DataRequest.objects.filter(subject=user)[:20]
    context = {"form": form, "requests": asked_so_far, "days": DUE.days}
    return render(request, "cp2/rights.html", context)


@login_required
@require_POST
def withdraw(request: SignedIn, pk: int) -> HttpResponse:
    found = get_object_or_404(DataRequest, pk=pk, subject=request.user)
    try:
        services.withdraw(found, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Your request is withdrawn."))
    return redirect("rights")
