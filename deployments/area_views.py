"""The sub-county's stations and officers: what is entitled, who is there, and who is to be seen
to."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.requests import SignedIn
from accounts.taking import as_asked, take_away
from catalogue.models import DutyStation
from cp2.rules import Role
from deployments import area_files, area_lists
from deployments.area_forms import CancelAllForm, CentresForm, DeploymentsForm
from deployments.models import Deployment, Post
from deployments.services import ticked
from deployments.views import for_role

PAGE = 25
MOST_SAID = 20  # refusals on one page; what they have in common is said by then


# Stations


@for_role(Role.DIRECTOR)
def centres(request: SignedIn) -> HttpResponse:
    form = CentresForm(request.GET)
    posts = area_lists.posts(request.user, form.asked)
    page = Paginator(posts, PAGE).get_page(request.GET.get("page"))
    return render(request, "deployments/area_centres.html", {"page": page, "form": form})


@require_POST
@for_role(Role.DIRECTOR)
def centres_files(request: SignedIn) -> HttpResponseBase:
    form = CentresForm(request.GET)
    found = area_lists.posts(request.user, form.asked)
    return take_away(
        request,
        lambda: area_files.posts_table(found, by=request.user, about=form.about),
        back=as_asked(request, "deployments:area_centres"),
        verb="posts.taken",
        filters=form.about,
    )


@for_role(Role.DIRECTOR)
def centre(request: SignedIn, code: str) -> HttpResponse:
    """One station: its posts, and who holds each place."""
    station = _station(request, code)
    tables = [
        {
            "post": post,
            "holders": holders,
            "is_ours": post.position.deployed_by == request.user.office,
        }
        for post, holders in _places(request, station)
    ]
    return render(request, "deployments/area_centre.html", {"station": station, "tables": tables})


@require_POST
@for_role(Role.DIRECTOR)
def centre_files(request: SignedIn, code: str) -> HttpResponseBase:
    station = _station(request, code)
    return take_away(
        request,
        lambda: area_files.station_table(station, _places(request, station), by=request.user),
        back=reverse("deployments:area_centre", args=[station.code]),
        verb="deployments.taken",
        subject=station,
    )


def _station(request: SignedIn, code: str) -> DutyStation:
    return get_object_or_404(DutyStation, code=code, sub_county=request.user.sub_county_id)


def _places(request: SignedIn, station: DutyStation) -> list[tuple[Any, list[Deployment]]]:
    """Each post of the station, with its counts, and who holds its places from today on."""
    posts = list(
        Post.objects.visible_to(request.user)
        .filter(station=station)
        .ahead()
        .select_related("exam", "position")
        .with_counts()
        .order_by("exam__starts_on", "exam", "position__rank")
    )
    holders = (
        Deployment.objects.live()
        .filter(post__in=posts, ends_on__gte=timezone.localdate())
        .select_related("officer__user")
        .order_by("slot", "starts_on")
    )
    rows = list(holders)
    return [(post, [row for row in rows if row.post_id == post.pk]) for post in posts]


# Deployments


@for_role(Role.DIRECTOR)
def deployments(request: SignedIn) -> HttpResponse:
    form = DeploymentsForm(request.GET)
    rows = area_lists.deployments(request.user, form.asked)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    ours = {row.pk for row in page if row.is_live and _is_ours(request, row)}
    context = {"page": page, "form": form, "ours": ours, "now": timezone.now()}
    return render(request, "deployments/area_deployments.html", context)


def _is_ours(request: SignedIn, row: Deployment) -> bool:
    return row.post.position.deployed_by == request.user.office


@require_POST
@for_role(Role.DIRECTOR)
def deployments_files(request: SignedIn) -> HttpResponseBase:
    form = DeploymentsForm(request.GET)
    found = area_lists.deployments(request.user, form.asked)
    return take_away(
        request,
        lambda: area_files.deployments_table(found, by=request.user, about=form.about),
        back=as_asked(request, "deployments:area_deployments"),
        verb="deployments.taken",
        filters=form.about,
    )


# Many at once


@require_POST
@for_role(Role.DIRECTOR)
def cancel_many(request: SignedIn) -> HttpResponse:
    """The list sends the ticks; this page asks for the one reason."""
    chosen, back = _ticked(request), as_asked(request, "deployments:area_deployments")
    if not chosen:
        messages.error(request, _("Tick the officers whom you call off."))
        return redirect(back)
    form = CancelAllForm(request.POST if "reason" in request.POST else None)
    if not form.is_valid():
        context = {"form": form, "chosen": chosen, "back": back}
        return render(request, "deployments/area_cancel_many.html", context)
    done, refused = ticked.cancel_all(chosen, by=request.user, **form.cleaned_data)
    for refusal in refused[:MOST_SAID]:
        messages.error(request, refusal)
    if done:
        messages.success(
            request,
            ngettext(
                "%(count)d deployment is cancelled and the officer told.",
                "%(count)d deployments are cancelled and the officers told.",
                done,
            )
            % {"count": done},
        )
    return redirect(back)


@require_POST
@for_role(Role.DIRECTOR)
def remind(request: SignedIn) -> HttpResponse:
    chosen = _ticked(request)
    if not chosen:
        messages.error(request, _("Tick the officers whom you remind."))
        return redirect(as_asked(request, "deployments:area_deployments"))
    reminded = ticked.remind_all(chosen, by=request.user)
    if reminded:
        messages.success(
            request,
            ngettext(
                "%(count)d officer is reminded by text.",
                "%(count)d officers are reminded by text.",
                reminded,
            )
            % {"count": reminded},
        )
    if passed := len(chosen) - reminded:
        messages.warning(
            request,
            ngettext(
                "%(count)d was passed over: answered already, or reminded within the last day.",
                "%(count)d were passed over: answered already, or reminded within the last day.",
                passed,
            )
            % {"count": passed},
        )
    return redirect(as_asked(request, "deployments:area_deployments"))


def _ticked(request: SignedIn) -> list[Deployment]:
    """Those ticked that this office may change; whatever else was sent is passed over."""
    typed = request.POST.getlist("deployment")[:100]
    numbers = [int(each) for each in typed if each.isascii() and each.isdigit() and len(each) < 19]
    ours = Deployment.objects.deployable_by(request.user).filter(pk__in=numbers)
    return list(ours.with_place().select_related("officer").order_by("pk"))
