"""What an officer wants to hear of by text: kept from a search or on a page of its own."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.news import News
from accounts.requests import SignedIn
from cp2.rules import Refused
from profiles.models import Officer
from sms.phones import local
from vacancies import alerts as service
from vacancies.alert_forms import AlertForm
from vacancies.models import VacancyAlert


@login_required
def alerts(request: SignedIn) -> HttpResponse:
    """One's alerts. A POST adds one: of the form here, or of the search that it was found by."""
    officers = Officer.objects.select_related("user", "sub_county__county")
    officer = get_object_or_404(officers, user=request.user)
    posted = request.POST if request.method == "POST" else None
    form = AlertForm(posted, officer=officer)
    if form.is_valid():
        try:
            service.keep(officer, by=request.user, **form.wanted())
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            said = _("We text you at %(number)s when such a vacancy opens.")
            messages.success(request, said % {"number": local(officer.phone)})
            return redirect("vacancies:alerts")
    context: dict[str, Any] = {
        "alerts": VacancyAlert.objects.visible_to(request.user).in_words(),
        "form": form,
        "most": service.MOST,
        "off": News.VACANCIES in request.user.news_off,
    }
    return render(request, "vacancies/alerts.html", context)


@login_required
@require_POST
def remove(request: SignedIn, pk: int) -> HttpResponse:
    alert = get_object_or_404(VacancyAlert.objects.visible_to(request.user), pk=pk)
    service.remove(alert, by=request.user)
    messages.success(request, _("The alert is removed."))
    return redirect("vacancies:alerts")
