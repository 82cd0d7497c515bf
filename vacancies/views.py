"""Applications, for the office that chooses; the officer's side is in officer_views."""

from collections.abc import Callable, Iterable
from functools import wraps

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.requests import SignedIn
from cp2.rules import Refused, Role
from vacancies import services
from vacancies.forms import AreaFilterForm, UnsuccessfulForm
from vacancies.models import Application, Vacancy
from vacancies.standing import standing

PAGE = 25


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
