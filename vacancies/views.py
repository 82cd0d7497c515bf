"""Vacancies and applications, for the officer who looks for work and the office that chooses."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.requests import SignedIn
from cp2.rules import Refused, Role
from profiles.models import Officer, Vetting
from vacancies import services
from vacancies.eligibility import reasons_against, standing
from vacancies.forms import ApplyForm, AreaFilterForm, UnsuccessfulForm
from vacancies.models import Application, Vacancy
from vacancies.search import Search

PAGE = 25
NEAR = 5  # more would push the search off a phone's screen; a link leads to all


# The officer


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
    barred = officer.vetting == Vetting.BARRED
    context = {"vacancy": vacancy, "form": form, "reasons": reasons, "barred": barred}
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


# The director


def directors_only(view: Callable[[SignedIn], HttpResponse]) -> Callable[..., HttpResponse]:
    """To everybody else the page is not there."""

    @login_required
    @wraps(view)
    def guarded(request: SignedIn) -> HttpResponse:
        if request.user.role != Role.DIRECTOR:
            raise Http404
        return view(request)

    return guarded


@directors_only
def area_applications(request: SignedIn) -> HttpResponse:
    """The applications that this office decides on: those of the other office are theirs."""
    form = AreaFilterForm(request.GET, vacancies=Vacancy.objects.visible_to(request.user))
    found = form.narrow(Application.objects.decidable_by(request.user))
    page = Paginator(found.for_vetting(), PAGE).get_page(request.GET.get("page"))
    rows = [(application, standing(application.officer)) for application in page]
    return render(
        request, "vacancies/area_applications.html", {"form": form, "page": page, "rows": rows}
    )


@directors_only
@require_POST
def nominate(request: SignedIn) -> HttpResponse:
    ticked = _ticked(request)
    bulk = len(ticked) > 1
    done = _each(request, ticked, lambda each: services.nominate(each, by=request.user, bulk=bulk))
    if done:
        messages.success(
            request,
            ngettext("%(count)d applicant nominated.", "%(count)d applicants nominated.", done)
            % {"count": done},
        )
    elif not ticked:
        messages.error(request, _("Tick the applicants whom you nominate."))
    return _back_to_the_list(request)


@directors_only
@require_POST
def unsuccessful(request: SignedIn) -> HttpResponse:
    """The list sends the ticks, this page asks for the reason and sends both."""
    ticked = _ticked(request)
    if not ticked:
        messages.error(request, _("Tick the applicants whose applications are not successful."))
        return _back_to_the_list(request)
    form = UnsuccessfulForm(request.POST if "reason" in request.POST else None)
    if not form.is_valid():
        return render(request, "vacancies/unsuccessful.html", {"form": form, "ticked": ticked})
    reason, bulk = form.cleaned_data["reason"], len(ticked) > 1
    done = _each(
        request,
        ticked,
        lambda each: services.mark_unsuccessful(each, reason=reason, by=request.user, bulk=bulk),
    )
    if done:
        messages.success(
            request,
            ngettext(
                "%(count)d applicant told that it was not successful.",
                "%(count)d applicants told that it was not successful.",
                done,
            )
            % {"count": done},
        )
    return _back_to_the_list(request)


def _ticked(request: SignedIn) -> list[Application]:
    """Those ticked that this office decides on; whatever else was sent is passed over."""
    typed = request.POST.getlist("application")[:100]
    numbers = [int(each) for each in typed if each.isascii() and each.isdigit() and len(each) < 19]
    return list(
        Application.objects.decidable_by(request.user)
        .filter(pk__in=numbers)
        .select_related("officer__user", "vacancy__position", "vacancy__exam")
        .order_by("pk")
    )


def _each(
    request: SignedIn,
    ticked: Iterable[Application],
    decide: Callable[[Application], Application],
) -> int:
    """Decide on each by itself: one that is refused says why and holds up no other."""
    done = 0
    for application in ticked:
        try:
            decide(application)
        except Refused as refusal:
            messages.error(request, f"{application.officer}: {refusal}")
        else:
            done += 1
    return done


def _back_to_the_list(request: SignedIn) -> HttpResponse:
    """As it was filtered before: the forms carry the list's query in their address."""
    query = request.GET.urlencode()
    return redirect(reverse("vacancies:area_applications") + (f"?{query}" if query else ""))
