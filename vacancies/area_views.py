"""The applications of a sub-county: looked through, decided on, and taken away as a file."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import NamedTuple

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.requests import SignedIn
from accounts.taking import take_away
from cp2.rules import Role
from vacancies import area, deciding
from vacancies.area_files import about, table
from vacancies.area_forms import AreaFilterForm, FirstForm, UnsuccessfulForm, WordsForm
from vacancies.deciding import Decided
from vacancies.models import Application, ApplicationQuerySet, ApplicationStatus

PAGE = 25
MOST_SAID = 20  # refusals on one page; what they have in common is said by then


def directors_only(
    view: Callable[[SignedIn], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """To everybody else the page is not there."""

    @login_required
    @wraps(view)
    def guarded(request: SignedIn) -> HttpResponseBase:
        if request.user.role != Role.DIRECTOR:
            raise Http404
        return view(request)

    return guarded


class Looking(NamedTuple):
    """What the address asks for, and what there is of it."""

    form: AreaFilterForm
    overview: area.Overview
    found: ApplicationQuerySet

    @property
    def total(self) -> int:
        return self.overview.total(self.form.asked)


def _looking(request: SignedIn) -> Looking:
    words = WordsForm(request.GET).words()
    overview = area.overview(request.user, words=words["q"], centre=words["near"])
    form = AreaFilterForm(
        request.GET, lines=overview.lines, centre_is_known=overview.centre_is_known
    )
    asked = form.asked
    found = area.applications(request.user, asked, near=asked.get("near", ""))
    return Looking(form, overview, found)


# To look at


@directors_only
def area_applications(request: SignedIn) -> HttpResponse:
    """The applications that this office decides on: those of the other office are theirs."""
    looking = _looking(request)
    paginator = Paginator(looking.found.for_vetting(), PAGE)
    paginator.count = looking.total  # known already, so it is not asked for again
    page = paginator.get_page(request.GET.get("page"))
    context = {
        "form": looking.form,
        "page": page,
        "rows": list(area.rows(page)),
        "lines": looking.overview.ahead,
        "first": FirstForm(),
        "by_distance": looking.form.asked.get("sort") == "distance",
    }
    return render(request, "vacancies/area_applications.html", context)


@directors_only
@require_POST
def files(request: SignedIn) -> HttpResponseBase:
    """The list as it is filtered and sorted."""
    looking = _looking(request)
    return take_away(
        request,
        lambda: table(looking.found, looking.total, looking.form, by=request.user),
        back=_list(request),
        verb="applications.taken",
        filters=about(looking.form),
    )


# To decide


@directors_only
@require_POST
def nominate(request: SignedIn) -> HttpResponse:
    ticked = _ticked(request)
    if not ticked:
        messages.error(request, _("Tick the applicants whom you nominate."))
        return redirect(_list(request))
    _say_nominated(request, deciding.nominate_all(ticked, by=request.user))
    return redirect(_list(request))


@directors_only
def nominate_first(request: SignedIn) -> HttpResponse:
    """So many from the top of the list, as far as there are places: first their names, to be looked
    at, then those whose ticks were left."""
    if request.method == "POST":
        ticked = _ticked(request)
        if not ticked:
            messages.error(request, _("Tick the applicants whom you nominate."))
            return redirect(_list(request))
        decided = deciding.nominate_all(ticked, by=request.user, within_places=True)
        _say_nominated(request, decided)
        return redirect(_list(request))
    form = FirstForm(request.GET)
    if not form.is_valid():
        for error in (str(text) for errors in form.errors.values() for text in errors):
            messages.error(request, error)
        return redirect(_list(request))
    looking = _looking(request)
    rows = list(area.rows(area.first(looking.found, looking.overview, form.cleaned_data["first"])))
    if not rows:
        messages.error(
            request,
            _("Nobody on this list can be nominated: no place is left, or all are decided on."),
        )
        return redirect(_list(request))
    context = {
        "rows": rows,
        "groups": area.groups(rows, looking.overview),
        "asked_for": form.cleaned_data["first"],
        "back": _list(request),
    }
    return render(request, "vacancies/nominate_first.html", context)


@directors_only
@require_POST
def unsuccessful(request: SignedIn) -> HttpResponse:
    """The list sends the ticks, or that it means all who wait; this page asks for the reason."""
    everybody = "everybody" in request.POST
    looking = _looking(request) if everybody else None
    ticked = _waiting(looking) if looking else _ticked(request)
    if not ticked:
        messages.error(
            request,
            _("Nobody on this list waits for an answer.")
            if everybody
            else _("Tick the applicants whose applications are not successful."),
        )
        return redirect(_list(request))
    form = UnsuccessfulForm(request.POST if "reason" in request.POST else None)
    if not form.is_valid():
        context = {"form": form, "ticked": [], "back": _list(request)}
        if looking:
            context |= {"everybody": len(ticked), "filters": about(looking.form)}
        else:
            context["ticked"] = _named(request, ticked)
        return render(request, "vacancies/unsuccessful.html", context)
    decided = deciding.turn_down_all(ticked, reason=form.cleaned_data["reason"], by=request.user)
    _say_turned_down(request, decided)
    if looking and (left := len(_waiting(looking))):
        messages.warning(
            request,
            ngettext(
                "%(count)d applicant still waits. Do it again for the rest.",
                "%(count)d applicants still wait. Do it again for the rest.",
                left,
            )
            % {"count": left},
        )
    return redirect(_list(request))


def _waiting(looking: Looking) -> list[int]:
    """Of the list as it is filtered: on whom nobody has decided; the nominated are left alone."""
    waiting = looking.found.filter(status=ApplicationStatus.SUBMITTED)
    return list(waiting.order_by("pk").values_list("pk", flat=True))


def _ticked(request: SignedIn) -> list[int]:
    """Those ticked that this office decides on; whatever else was sent is passed over."""
    typed = request.POST.getlist("application")[:100]
    numbers = [int(each) for each in typed if each.isascii() and each.isdigit() and len(each) < 19]
    ours = Application.objects.decidable_by(request.user).filter(pk__in=numbers)
    return list(ours.order_by("pk").values_list("pk", flat=True))


def _named(request: SignedIn, numbers: Iterable[int]) -> list[Application]:
    return list(
        Application.objects.decidable_by(request.user)
        .filter(pk__in=numbers)
        .select_related("officer__user", "vacancy__position", "vacancy__exam")
        .order_by("pk")
    )


# To say


def _say_nominated(request: SignedIn, decided: Decided) -> None:
    said = ngettext(
        "%(count)d applicant nominated.", "%(count)d applicants nominated.", len(decided.done)
    )
    _say(request, decided, said)


def _say_turned_down(request: SignedIn, decided: Decided) -> None:
    said = ngettext(
        "%(count)d applicant told that it was not successful.",
        "%(count)d applicants told that it was not successful.",
        len(decided.done),
    )
    _say(request, decided, said)


def _say(request: SignedIn, decided: Decided, said: str) -> None:
    for application, why in decided.refused[:MOST_SAID]:
        messages.error(request, f"{application.officer}: {why}")
    if len(decided.refused) > MOST_SAID:
        more = len(decided.refused) - MOST_SAID
        messages.error(
            request,
            ngettext("And %(count)d more.", "And %(count)d more.", more) % {"count": more},
        )
    if decided.done:
        messages.success(request, said % {"count": len(decided.done)})


def _list(request: SignedIn) -> str:
    """As it was filtered before: the forms carry the list's query in their address."""
    query = request.GET.copy()
    for name in ("first", "csrfmiddlewaretoken"):
        query.pop(name, None)
    asked = query.urlencode()
    return reverse("vacancies:area_applications") + (f"?{asked}" if asked else "")
