"""Vacancies and applications, for the officer who looks for work."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from accounts.requests import SignedIn
from cp2.rules import Refused, Role
from profiles.models import Officer
from vacancies import services
from vacancies.eligibility import reasons_against
from vacancies.forms import ApplyForm
from vacancies.models import Application, Vacancy
from vacancies.search import Search

PAGE = 25
NEAR = 5  # more would push the search off a phone's screen; a link leads to all


@login_required
def search(request: SignedIn) -> HttpResponse:
    """Drop-downs by GET: a search can be kept, sent and gone back to. With htmx a change of one
    asks for the drop-downs only."""
    if request.user.role not in (Role.OFFICER, Role.STAFF):
        raise Http404
    looking = Search(request.GET)
    context: dict[str, Any] = {"search": looking}
    if request.htmx:
        response = render(request, "vacancies/_drop_downs.html", context)
    elif looking.began:
        paginator = Paginator(looking.found.in_words(), PAGE)
        paginator.count = looking.count  # known already, so it is not asked for again
        context["page"] = paginator.get_page(request.GET.get("page"))
        response = render(request, "vacancies/search.html", context)
    else:
        context["near"] = Vacancy.objects.open().near(request.user).in_words()[:NEAR]
        response = render(request, "vacancies/search.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@login_required
def apply(request: SignedIn, pk: int) -> HttpResponse:
    officer = get_object_or_404(Officer.objects.select_related("user"), user=request.user)
    vacancy = get_object_or_404(Vacancy.objects.visible_to(request.user).in_words(), pk=pk)
    form = ApplyForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            services.apply(vacancy, officer=officer, by=request.user)
        except Refused as refusal:
            messages.error(request, str(refusal))
            return redirect("vacancies:apply", pk=pk)
        messages.success(
            request,
            _(
                "Thank you for submitting your application. The application will be examined, "
                "and you'll receive notification soon!"
            ),
        )
        return redirect("vacancies:applications")
    reasons = list(reasons_against(officer, vacancy))
    context = {"vacancy": vacancy, "form": form, "reasons": reasons}
    return render(request, "vacancies/apply.html", context)


@login_required
def applications(request: SignedIn) -> HttpResponse:
    get_object_or_404(Officer, user=request.user)
    made = Application.objects.visible_to(request.user).made_by(request.user).in_words()
    page = Paginator(made, PAGE).get_page(request.GET.get("page"))
    return render(request, "vacancies/applications.html", {"page": page})


@login_required
def withdraw(request: SignedIn, pk: int) -> HttpResponse:
    made = Application.objects.visible_to(request.user).made_by(request.user).in_words()
    application = get_object_or_404(made, pk=pk)
    if request.method == "POST":
        try:
            services.withdraw(application, by=request.user)
        except Refused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(
                request, _("Your application is withdrawn. You may apply afresh at any time.")
            )
        return redirect("vacancies:applications")
    return render(request, "vacancies/withdraw.html", {"application": application})
