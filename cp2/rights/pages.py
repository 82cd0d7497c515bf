"""Headquarters' pages about itself: who may do what, who saw whom; and what waits for whom."""

from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from typing import Any, cast

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.models import MOST_SUPERUSERS, User
from accounts.requests import SignedIn, actor
from accounts.taking import as_asked, take_away
from catalogue.models import Office
from cp2.rights import looks, matrix, rate_pages, reviewing
from cp2.rights.forms import LooksForm
from cp2.rights.models import PowerChange, RateProposal
from cp2.season_picture import Alarm

SEES_RIGHTS = ["auth.view_group", "accounts.view_user"]
SEES_LOOKS = ["rights.see_looks"]


def urls(site: AdminSite) -> list[URLPattern]:
    def page(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        return site.admin_view(partial(view, site=site))

    return [
        path("rights/", page(rights), name="rights_matrix"),
        path("rights/looks/", page(who_saw_whom), name="rights_looks"),
        path("rights/looks/files/", page(looks_files), name="rights_looks_files"),
        path("rights/files/<slug:which>/", page(files), name="rights_files"),
        path("rights/rates/", page(rate_pages.exams), name="rights_rates"),
        path("rights/rates/<int:pk>/", page(rate_pages.exam), name="rights_rates_of"),
    ]


def _may(request: HttpRequest, permissions: list[str]) -> User:
    if not request.user.has_perms(permissions):
        raise PermissionDenied
    return actor(request)


# Who may do what


@require_safe
def rights(request: HttpRequest, site: AdminSite) -> HttpResponse:
    rates = "rights.view_rateproposal"
    if request.user.has_perm(rates) and not request.user.has_perms(SEES_RIGHTS):
        return redirect("admin:rights_rateproposal_changelist")  # from above that list
    _may(request, SEES_RIGHTS)
    found = matrix.groups()
    teams = matrix.teams(found)
    lords = matrix.who_may_all(teams)
    context = {
        **site.each_context(request),
        "title": _("Who may do what"),
        "groups": [group.name for group in found],
        "parts": [
            (
                part.name,
                [(line.name, zip(_names(found), line.cells, strict=True)) for line in part.lines],
            )
            for part in matrix.parts(found)
        ],
        "teams": teams,
        "superusers": lords,
        "too_many": len(lords) > MOST_SUPERUSERS,
        "directors": [
            (Office(office).label, count) for office, count in matrix.directors().items()
        ],
        "waiting": PowerChange.objects.waiting().count(),
    }
    return TemplateResponse(request, "rights/matrix.html", context)


def _names(found: list[Any]) -> list[str]:
    return [group.name for group in found]


@require_POST
def files(request: HttpRequest, which: str, site: AdminSite) -> HttpResponseBase:
    by = _may(request, SEES_RIGHTS)
    tables = {"rights": matrix.rights_table, "people": matrix.people_table}
    if which not in tables:
        raise Http404
    return take_away(
        cast(SignedIn, request),
        lambda: tables[which](by),
        back=reverse("admin:rights_matrix"),
        verb="rights.taken",
        subject=by,
        which=which,
    )


# Who saw whom


@require_safe
def who_saw_whom(request: HttpRequest, site: AdminSite) -> HttpResponse:
    _may(request, SEES_LOOKS)
    form = LooksForm(request.GET)
    rows, more = looks.page(**form.cleaned_data) if form.is_valid() else ([], None)
    asked = {name: str(value) for name, value in request.GET.items() if name != "before"}
    context = {
        **site.each_context(request),
        "title": _("Who saw whom, and why"),
        "form": form,
        "rows": rows,
        "next": urlencode({**asked, "before": str(more)}) if more else "",
        "later": "before" in request.GET,
    }
    return TemplateResponse(request, "rights/looks.html", context)


@require_POST
def looks_files(request: HttpRequest, site: AdminSite) -> HttpResponseBase:
    by = _may(request, SEES_LOOKS)
    form = LooksForm(request.GET)
    if not form.is_valid():
        raise Http404
    asked = form.cleaned_data | {"before": None}
    return take_away(
        cast(SignedIn, request),
        lambda: looks.table(by, _narrowed(asked), **asked),
        back=as_asked(request, "admin:rights_looks"),
        verb="looks.taken",
        subject=by,
        filters=request.GET.urlencode(),
    )


def _narrowed(asked: dict[str, Any]) -> str:
    """How the list was narrowed, without an officer's number."""
    words = {"kind": looks.kinds().get(asked["kind"], "")}
    words |= {"who": str(asked["who"] or ""), "why": asked["why"]}
    words |= {"officer": asked["officer"].full_name if asked["officer"] else ""}
    days = [
        f"{asked[name]:%Y-%m-%d}" for name in ("since", "until") if isinstance(asked[name], date)
    ]
    return ", ".join([*filter(None, words.values()), *days])


# On the index


def alarms(user: User) -> list[Alarm]:
    """Superusers, whom no rule of the portal stops; and what waits for this person."""
    found = []
    if user.has_perms(SEES_RIGHTS):
        for lord in matrix.superusers():
            said = _("%(who)s is a superuser, whom no rule stops: for an emergency only.")
            at = lord.last_login or lord.date_joined
            found.append(Alarm(said % {"who": lord}, at, reverse("admin:rights_matrix")))
    if user.has_perm("rights.decide_powerchange"):
        waiting = PowerChange.objects.waiting().exclude(proposed_by=user).exclude(subject=user)
        found += _waits(
            [*waiting.values_list("proposed_at", flat=True)[:100]],
            lambda n: ngettext(
                "%(n)s change of power waits for you.", "%(n)s changes of power wait for you.", n
            ),
            "admin:rights_powerchange_changelist",
        )
    if user.has_perm("rights.decide_rateproposal"):
        proposed = RateProposal.objects.waiting().exclude(proposed_by=user)
        found += _waits(
            [*proposed.values_list("proposed_at", flat=True)[:100]],
            lambda n: ngettext("%(n)s rate waits for you.", "%(n)s rates wait for you.", n),
            "admin:rights_rateproposal_changelist",
        )
        said = _("Nobody has confirmed yet what %(exam)s pays.")
        for exam, at in reviewing.unseen():
            page = reverse("admin:rights_rates_of", args=[exam.pk])
            found.append(Alarm(said % {"exam": exam.short}, at, page))
    return found


def _waits(times: list[datetime], said: Callable[[int], str], page: str) -> list[Alarm]:
    if not times:
        return []
    return [Alarm(said(len(times)) % {"n": len(times)}, max(times), f"{reverse(page)}?waits=yes")]
