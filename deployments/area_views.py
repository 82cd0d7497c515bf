"""The sub-county's stations and officers: what is entitled, who is there."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from accounts.requests import SignedIn
from catalogue.models import DutyStation
from cp2.rules import Role
from deployments import candidates
from deployments.forms import CentresForm, DeploymentsForm
from deployments.models import Deployment, DeploymentQuerySet, Post
from deployments.views import for_role

PAGE = 25


@for_role(Role.DIRECTOR)
def centres(request: SignedIn) -> HttpResponse:
    form = CentresForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    posts = (
        Post.objects.visible_to(request.user)
        .select_related("exam", "station", "position")
        .with_counts()
        .gaps_first()
    )
    if asked.get("position"):
        posts = posts.filter(position=asked["position"])
    posts = posts.filter(exam=asked["exam"]) if asked.get("exam") else posts.ahead()
    page = Paginator(posts, PAGE).get_page(request.GET.get("page"))
    return render(request, "deployments/area_centres.html", {"page": page, "form": form})


@for_role(Role.DIRECTOR)
def centre(request: SignedIn, code: str) -> HttpResponse:
    """One station: its posts, and who holds each place."""
    station = get_object_or_404(DutyStation, code=code, sub_county=request.user.sub_county_id)
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
        .select_related("officer")
        .order_by("slot", "starts_on")
    )
    rows = list(holders)
    tables = [
        {
            "post": post,
            "holders": [row for row in rows if row.post_id == post.pk],
            "is_ours": post.position.deployed_by == request.user.office,
        }
        for post in posts
    ]
    return render(request, "deployments/area_centre.html", {"station": station, "tables": tables})


@for_role(Role.DIRECTOR)
def deployments(request: SignedIn) -> HttpResponse:
    form = DeploymentsForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    rows = Deployment.objects.visible_to(request.user).with_place().select_related("officer")
    # By time and not by id: in the order of ids PostgreSQL would read everybody's, back to the
    # last of this sub-county's.
    rows = _narrowed(rows, asked).order_by("-offered_at", "-pk")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    return render(request, "deployments/area_deployments.html", {"page": page, "form": form})


def _narrowed(rows: DeploymentQuerySet, asked: dict[str, Any]) -> DeploymentQuerySet:
    if asked.get("exam"):
        rows = rows.filter(post__exam=asked["exam"])
    if asked.get("status"):
        rows = rows.filter(status=asked["status"])
    return candidates.search(rows, asked.get("q", ""))
