"""Who goes where: a director deploys, redeploys, replaces, swaps and calls off."""

from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.requests import SignedIn
from cp2.rules import Refused, Role
from deployments import candidates, services
from deployments.forms import (
    CallOffForm,
    DeployForm,
    FromLinkForm,
    RedeployForm,
    ReplaceForm,
    SearchForm,
    SwapForm,
)
from deployments.models import LIVE, Deployment, Post
from deployments.views import for_role
from vacancies.models import ApplicationQuerySet

PAGE = 25


def posted(request: SignedIn) -> Any:
    return request.POST if request.method == "POST" else None


def number_in(typed: str | None) -> int:
    """A row's number as a link of ours has it; anything else is no row's."""
    plain = typed and typed.isascii() and typed.isdigit() and len(typed) < 19
    return int(typed) if typed and plain else 0


def carry_out(form: Any, act: Callable[[], object], *, on: Deployment | None = None) -> bool:
    """Whether it was done. A refusal is said in the form, where nothing typed is lost; it then
    carries what stands now."""
    if not form.is_valid():
        return False
    try:
        act()
    except Refused as refusal:
        form.add_error(None, str(refusal))
        if on is not None:
            on.refresh_from_db(fields=["status", "ends_on"])
            form.show_anew(on.version)
        return False
    return True


# To deploy


@for_role(Role.DIRECTOR)
def new(request: SignedIn) -> HttpResponse:
    """First the post, then who may fill it: applicants or, searched for, anybody within reach."""
    post = _chosen_post(request)
    if post is None:
        free = (
            Post.objects.deployable_by(request.user).ahead().with_counts().with_gap().gaps_first()
        )
        posts = free.select_related("exam", "station", "position")
        page = Paginator(posts, PAGE).get_page(request.GET.get("page"))
        return render(request, "deployments/area_choose_post.html", {"page": page})

    form = DeployForm(posted(request), by=request.user)
    if form.is_valid():
        done, refusals = services.deploy_all(
            post,
            applications=form.cleaned_data["application"],
            officers=form.cleaned_data["officer"],
            by=request.user,
        )
        if done:
            _say(request, len(done), refusals)
            return redirect("deployments:area_centre", code=post.station.code)
        for refusal in refusals:
            form.add_error(None, refusal)
    context = {"post": post, "form": form, **_candidates(request, post)}
    return render(request, "deployments/area_new.html", context)


def _chosen_post(request: SignedIn) -> Post | None:
    asked = request.GET.get("post") or request.POST.get("post")
    if not asked:
        return None
    posts = Post.objects.deployable_by(request.user).with_counts()
    posts = posts.select_related("exam", "station", "position")
    return get_object_or_404(posts, pk=number_in(asked))


def _candidates(request: SignedIn, post: Post) -> dict[str, Any]:
    search = SearchForm(request.GET)
    q = search.cleaned_data["q"] if search.is_valid() else ""
    if q:
        officers = candidates.found(q, by=request.user)[:PAGE]
        return {"search": search, "candidates": list(candidates.of_officers(post, officers))}
    page = Paginator(candidates.applicants(post), PAGE).get_page(request.GET.get("page"))
    applications = cast(ApplicationQuerySet, page.object_list)
    listed = list(candidates.of_applications(post, applications))
    return {"search": search, "candidates": listed, "page": page}


def _say(request: SignedIn, done: int, refusals: list[str]) -> None:
    if done:
        messages.success(
            request,
            ngettext(
                "%(count)d officer is deployed and is told by text.",
                "%(count)d officers are deployed and are told by text.",
                done,
            )
            % {"count": done},
        )
    for refusal in refusals:
        messages.error(request, refusal)


# To change


def theirs(request: SignedIn, pk: int) -> Deployment:
    rows = Deployment.objects.deployable_by(request.user).with_place().select_related("officer")
    return get_object_or_404(rows, pk=pk)


@for_role(Role.DIRECTOR)
def cancel(request: SignedIn, pk: int) -> HttpResponse:
    deployment = theirs(request, pk)
    form = CallOffForm(posted(request), initial={"seen": deployment.version})

    def act() -> None:
        services.cancel(deployment, by=request.user, **form.cleaned_data)

    if carry_out(form, act, on=deployment):
        messages.success(request, _("The deployment is cancelled and the officer told."))
        return redirect("deployments:area_centre", code=deployment.post.station.code)
    context = {"deployment": deployment, "form": form}
    return render(request, "deployments/area_cancel.html", context)


@for_role(Role.DIRECTOR)
def redeploy(request: SignedIn, pk: int) -> HttpResponse:
    deployment = theirs(request, pk)
    form = RedeployForm(
        posted(request),
        deployment=deployment,
        by=request.user,
        initial={"from_day": timezone.localdate(), "seen": deployment.version},
    )

    def act() -> None:
        data = form.cleaned_data
        services.redeploy(
            deployment,
            to=data["station"],
            from_day=data["from_day"],
            reason=data["reason"],
            seen=data["seen"],
            by=request.user,
        )

    if carry_out(form, act, on=deployment):
        messages.success(request, _("The officer is redeployed and told by text."))
        return redirect("deployments:area_centre", code=form.cleaned_data["station"].code)
    context = {"deployment": deployment, "form": form}
    return render(request, "deployments/area_redeploy.html", context)


@for_role(Role.DIRECTOR)
def replace(request: SignedIn, pk: int) -> HttpResponse:
    deployment = theirs(request, pk)
    search, link = SearchForm(request.GET), FromLinkForm(request.GET)
    q = search.cleaned_data["q"] if search.is_valid() else ""
    form = ReplaceForm(
        posted(request),
        by=request.user,
        offered=_offered(request, deployment, q),
        initial={"from_day": timezone.localdate(), "seen": deployment.version, **link.given},
    )

    def act() -> None:
        services.replace(deployment, by=request.user, **form.cleaned_data)

    if carry_out(form, act, on=deployment):
        messages.success(request, _("The officer is replaced; both are told by text."))
        return redirect("deployments:area_centre", code=deployment.post.station.code)
    context = {"deployment": deployment, "form": form, "search": search, "link": link}
    return render(request, "deployments/area_replace.html", context)


def _offered(request: SignedIn, deployment: Deployment, q: str) -> list[tuple[int, str]]:
    """Whom the drop-down names: those found or, without a search, those who applied. Whoever was
    chosen before stays named."""
    if q:
        officers = list(candidates.found(q, by=request.user)[:PAGE])
    else:
        waiting = candidates.applicants(deployment.post).select_related("officer")[:PAGE]
        officers = [application.officer for application in waiting]
    officers += candidates.reachable(request.user).filter(pk=number_in(request.POST.get("officer")))
    return list({officer.pk: str(officer) for officer in officers}.items())


@for_role(Role.DIRECTOR)
def swap(request: SignedIn) -> HttpResponse:
    ours = Deployment.objects.deployable_by(request.user).with_place().select_related("officer")
    rows = ours.filter(status__in=LIVE, ends_on__gte=timezone.localdate()).order_by(
        "officer__full_name", "pk"
    )
    search = SearchForm(request.GET)
    q = search.cleaned_data["q"] if search.is_valid() else ""
    first = rows.filter(pk=number_in(request.GET.get("first"))).first()
    form = SwapForm(
        posted(request),
        among=ours,  # of one that has just been changed the refusal says by whom
        first=first,
        offered=candidates.partners(rows, first=first, q=q)[: 2 * PAGE],
        initial={"from_day": timezone.localdate(), "first": first},
    )
    if carry_out(form, lambda: services.swap(by=request.user, **form.cleaned_data)):
        messages.success(request, _("The officers change places; both are told by text."))
        return redirect("deployments:area_deployments")
    return render(request, "deployments/area_swap.html", {"form": form, "search": search})
