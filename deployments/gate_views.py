"""The morning of an exam: a director takes on whoever stands at the gate, in somebody's place or in
one that is empty; and the list of those whose papers are still to come."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from accounts.requests import SignedIn
from cp2.rules import Role
from deployments import candidates, services
from deployments.change_views import PAGE, carry_out, posted, theirs
from deployments.forms import FromLinkForm
from deployments.gate_forms import GateForm, GateSearchForm, StrangerForm
from deployments.models import Deployment, Post
from deployments.views import for_role
from profiles import looks
from profiles.models import Officer
from sms.phones import is_mobile


@for_role(Role.DIRECTOR)
def replace_now(request: SignedIn, pk: int) -> HttpResponse:
    old = theirs(request, pk)
    return _gate(request, old.post, old)


@for_role(Role.DIRECTOR)
def fill_now(request: SignedIn, pk: int) -> HttpResponse:
    posts = Post.objects.deployable_by(request.user).ahead()
    post = get_object_or_404(posts.select_related("exam", "station", "position"), pk=pk)
    return _gate(request, post, None)


def _gate(request: SignedIn, post: Post, old: Deployment | None) -> HttpResponse:
    """First the number, which a whole nation's officers are searched by; then the rest."""
    search, link = GateSearchForm(request.GET), FromLinkForm(request.GET)
    q = search.cleaned_data["q"] if search.is_valid() else ""
    officer = candidates.by_number(q) if q else None
    if officer is not None and request.method != "POST":
        looks.note_view(officer, by=request.user)
    form = _form(request, officer, old, q)
    form.initial |= {name: said for name, said in link.given.items() if name in form.fields}
    if carry_out(form, lambda: _take_on(request, form, post, officer, old), on=old):
        messages.success(
            request, _("They are deployed for today, show on the centre's list, and are told.")
        )
        return redirect("deployments:area_centre", code=post.station.code)
    context = {"post": post, "old": old, "officer": officer, "search": search, "q": q, "form": form}
    context["link"] = link
    return render(request, "deployments/area_gate.html", context)


def _form(request: SignedIn, officer: Officer | None, old: Deployment | None, q: str) -> Any:
    seen = old.version if old else ""
    if officer is not None:
        return GateForm(posted(request), initial={"seen": seen})
    name = "phone" if is_mobile(q) else "national_id"
    return StrangerForm(posted(request), initial={"seen": seen, name: q})


def _take_on(
    request: SignedIn, form: Any, post: Post, officer: Officer | None, old: Deployment | None
) -> Deployment:
    given: dict[str, Any] = {
        "by": request.user,
        "instead_of": old,
        **{name: form.cleaned_data[name] for name in ("works_here", "reason", "seen")},
    }
    if officer is not None:
        return services.take_on(post, officer=officer, **given)
    phone = form.cleaned_data["phone"]
    return services.take_on_stranger(post, phone=phone, person=form.person, **given)


@for_role(Role.DIRECTOR)
def papers(request: SignedIn) -> HttpResponse:
    """Who serves already and cannot be paid yet."""
    rows = (
        Deployment.objects.visible_to(request.user)
        .with_papers_due()
        .with_place()
        .select_related("officer__user")
        .order_by("-starts_on", "-pk")
    )
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    return render(request, "deployments/area_papers.html", {"page": page})
