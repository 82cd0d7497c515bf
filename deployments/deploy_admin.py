"""Headquarters deploys to a post itself: above all examiners, whom no sub-county deploys."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import ngettext

from accounts.requests import actor
from deployments import candidates, services
from deployments.forms import DeployForm, SearchForm
from deployments.models import Post
from vacancies.models import ApplicationQuerySet

PAGE = 25


def may_deploy(request: HttpRequest) -> bool:
    return request.user.has_perm("deployments.change_deployment")


def deploy(request: HttpRequest, pk: int, admin: ModelAdmin[Post]) -> HttpResponse:
    """Applicants, the best ranked first, or anybody who is searched for; several at once."""
    if not may_deploy(request):
        raise PermissionDenied
    posts = Post.objects.with_counts().select_related("exam", "station", "position")
    post = get_object_or_404(posts, pk=pk)
    form = DeployForm(request.POST if request.method == "POST" else None, by=actor(request))
    if form.is_valid():
        done, refusals = services.deploy_all(
            post,
            applications=form.cleaned_data["application"],
            officers=form.cleaned_data["officer"],
            by=actor(request),
        )
        _say(request, len(done), refusals)
        return redirect("admin:deployments_post_deploy", pk)
    context = {
        **admin.admin_site.each_context(request),
        "opts": admin.opts,
        "title": str(post),
        "post": post,
        "form": form,
        **_candidates(request, post),
    }
    return TemplateResponse(request, "deployments/admin_deploy.html", context)


def _candidates(request: HttpRequest, post: Post) -> dict[str, Any]:
    search = SearchForm(request.GET)
    q = search.cleaned_data["q"] if search.is_valid() else ""
    if q:
        officers = candidates.found(q, by=actor(request))[:PAGE]
        return {"search": search, "candidates": list(candidates.of_officers(post, officers))}
    page = Paginator(candidates.ranked(post), PAGE).get_page(request.GET.get("page"))
    applications = cast(ApplicationQuerySet, page.object_list)
    listed = list(candidates.of_applications(post, applications))
    return {"search": search, "candidates": listed, "page": page}


def _say(request: HttpRequest, done: int, refusals: list[str]) -> None:
    if done:
        said = ngettext(
            "%(count)d officer is deployed and is told by text.",
            "%(count)d officers are deployed and are told by text.",
            done,
        )
        messages.success(request, said % {"count": done})
    for refusal in refusals:
        messages.error(request, refusal)
