"""A director lets the optimiser propose, looks at it, changes it, and confirms. Nothing is sent
before that."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.requests import SignedIn
from accounts.taking import take_away
from cp2.rules import Refused, Role
from deployments import candidates
from deployments.allocate_forms import (
    ExchangeForm,
    LookForm,
    PutInForm,
    RemoveForm,
    StartForm,
    UnplacedForm,
)
from deployments.allocation import editing, review, runs
from deployments.allocation.confirm import confirm as confirm_run
from deployments.allocation.files import table
from deployments.forms import offer
from deployments.models import AllocationRun, Proposal, Whose
from deployments.views import for_role

PAGE = 25
MOST_GAPS = 25
LOOK_AGAIN = "2"  # seconds


def _theirs(request: SignedIn, pk: int) -> AllocationRun:
    return get_object_or_404(AllocationRun.objects.visible_to(request.user).in_words(), pk=pk)


def _asked(form: forms.Form) -> dict[str, Any]:
    return form.cleaned_data if form.is_valid() else {}


@for_role(Role.DIRECTOR)
def allocate(request: SignedIn) -> HttpResponse:
    """All runs of this office here, and the way to a new one."""
    form = StartForm(request.POST if request.method == "POST" else None, by=request.user)
    if form.is_valid():
        try:
            run = runs.start(
                form.cleaned_data["exam"],
                by=request.user,
                scope=request.user.sub_county,
                whose=Whose(request.user.office),
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("deployments:area_run", pk=run.pk)
    rows = AllocationRun.objects.visible_to(request.user).in_words().order_by("-pk")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    return render(request, "deployments/area_allocate.html", {"form": form, "page": page})


@for_role(Role.DIRECTOR)
def run(request: SignedIn, pk: int) -> HttpResponse:
    """One run: how far it is or, once it is done, what it proposes; the gaps first."""
    of = _theirs(request, pk)
    if of.is_at_work:
        response = render(request, "deployments/area_run_at_work.html", {"run": of})
        response["Refresh"] = LOOK_AGAIN
        return response
    form = LookForm(request.GET)
    asked, above = _asked(form), of_a_run(of)
    paginator = Paginator(review.proposals(of, asked), PAGE)
    if not asked.get("q") and not asked.get("show"):
        paginator.count = review.standing(above["counts"])  # known already
    page = paginator.get_page(request.GET.get("page"))
    context = {
        **above,
        "form": form,
        "page": page,
        "rows": [(row, review.weighed(row)) for row in page],
    }
    return render(request, "deployments/area_run.html", context)


def of_a_run(of: AllocationRun) -> dict[str, Any]:
    """What stands above the pairs."""
    gaps = list(review.empty(of)[: MOST_GAPS + 1])
    return {
        "run": of,
        "counts": review.counts(of),
        "gaps": [(gap, review.kept_away(gap.rules)) for gap in gaps[:MOST_GAPS]],
        "more_gaps": len(gaps) > MOST_GAPS,
        "left": _left(of),
        "bars": review.comparison(of.outcome) if of.outcome else [],
        "stale": review.stale(of) if of.is_done else None,
        "weights": review.weights_in_words(of.weights),
    }


def _left(of: AllocationRun) -> int:
    return of.outcome["places"] - of.outcome["best"]["filled"] if of.outcome else 0


@for_role(Role.DIRECTOR)
def unplaced(request: SignedIn, pk: int) -> HttpResponse:
    """Everybody who applied and has no place, with the reason."""
    of = _theirs(request, pk)
    form = UnplacedForm(request.GET)
    page = Paginator(review.unplaced(of, _asked(form)), PAGE).get_page(request.GET.get("page"))
    return render(
        request, "deployments/area_run_unplaced.html", {"run": of, "form": form, "page": page}
    )


@for_role(Role.DIRECTOR)
@require_POST
def files(request: SignedIn, pk: int) -> HttpResponseBase:
    """The pairs as they are filtered and sorted."""
    of = _theirs(request, pk)
    form = LookForm(request.GET)
    asked = _asked(form)
    fields: dict[str, Any] = form.fields
    chosen = [dict(fields[name].choices)[asked[name]] for name in ("show", "sort") if asked]
    about = "; ".join(filter(None, [str(asked.get("q", "")), *map(str, chosen)]))
    return take_away(
        request,
        lambda: table(of, review.proposals(of, asked), about=about, by=request.user),
        back=f"{reverse('deployments:area_run', args=[pk])}?{request.GET.urlencode()}",
        verb="allocation.taken",
        subject=of,
    )


@for_role(Role.DIRECTOR)
def confirm(request: SignedIn, pk: int) -> HttpResponse:
    of = _theirs(request, pk)
    if request.method == "POST":
        _carry_out(request, lambda: confirm_run(of, by=request.user))
        return redirect("deployments:area_run", pk=pk)
    context = {"run": of, "counts": review.counts(of), "left": _left(of)}
    return render(request, "deployments/area_run_confirm.html", context)


@for_role(Role.DIRECTOR)
@require_POST
def cancel(request: SignedIn, pk: int) -> HttpResponse:
    of = _theirs(request, pk)
    if _carry_out(request, lambda: runs.cancel(of, by=request.user)):
        messages.success(request, _("The proposal is called off. Nobody was told anything."))
    return redirect("deployments:area_allocate")


@for_role(Role.DIRECTOR)
@require_POST
def again(request: SignedIn, pk: int) -> HttpResponse:
    """A run that failed, once more."""
    of = _theirs(request, pk)
    _carry_out(request, lambda: runs.try_again(of, by=request.user))
    return redirect("deployments:area_run", pk=pk)


def _carry_out(request: SignedIn, act: Callable[[], object]) -> bool:
    try:
        act()
    except Refused as refusal:
        messages.error(request, str(refusal))
        return False
    return True


# One pair


@for_role(Role.DIRECTOR)
def pair(request: SignedIn, pk: int, number: int) -> HttpResponse:
    """What was weighed for it; to take out, to put another in, to exchange."""
    of = _theirs(request, pk)
    proposal = get_object_or_404(
        review.in_words(Proposal.objects.filter(run=of)).select_related("part", "run"), pk=number
    )
    q = " ".join(request.GET.get("q", "").split())[:60]
    posted = request.POST.get("act") if request.method == "POST" else None
    acts = _forms(request, proposal, posted, q)
    if posted in acts and acts[posted].is_valid():
        typed = {**acts[posted].cleaned_data, "by": request.user}
        try:
            _act(posted, proposal, typed)
        except Refused as refusal:
            acts[posted].add_error(None, str(refusal))
        else:
            said = _("The proposal is changed. Nobody is told before it is confirmed.")
            messages.success(request, said)
            return redirect("deployments:area_run", pk=pk)
    context = {
        "run": of,
        "proposal": proposal,
        "weighed": review.weighed(proposal),
        "acts": acts,
        "form": acts.get(posted or "", None),
        "q": q,
    }
    return render(request, "deployments/area_pair.html", context)


def _forms(
    request: SignedIn, proposal: Proposal, posted: str | None, q: str
) -> dict[str, forms.Form]:
    """Those that make sense now; the one that was sent is filled."""
    if not proposal.run.is_done or proposal.status not in {"proposed", "removed"}:
        return {}
    made: dict[str, forms.Form] = {}
    kinds: dict[str, type[forms.Form]] = {"put_in": PutInForm}
    if proposal.is_proposed:
        kinds = {"remove": RemoveForm, "put_in": PutInForm, "exchange": ExchangeForm}
    for name, kind in kinds.items():
        made[name] = kind(request.POST if posted == name else None, auto_id=f"id_{name}_%s")
    _offer_officers(request, made["put_in"], proposal, q)
    if "exchange" in made:
        partners = review.partners_for(proposal)
        shown = [(row.pk, f"{row.officer}, {row.post.station}") for row in partners[:200]]
        offer(made["exchange"], "other", partners, shown)
    return made


def _offer_officers(request: SignedIn, form: forms.Form, proposal: Proposal, q: str) -> None:
    """Those without a place, the best first; or whoever was searched for."""
    if q:
        officers = candidates.found(q, by=request.user)[:PAGE]
        shown = [(officer.pk, str(officer)) for officer in officers]
    else:
        rows = review.others_for(proposal)[: 2 * PAGE]
        shown = [(row.officer_id, f"{row.officer} ({row.standing})") for row in rows]
    offer(form, "officer", candidates.reachable(request.user), shown)


def _act(name: str, proposal: Proposal, typed: dict[str, Any]) -> None:
    match name:
        case "remove":
            editing.remove(proposal, **typed)
        case "put_in":
            editing.put_in(proposal, **typed)
        case "exchange":
            editing.exchange(proposal, typed.pop("other"), **typed)
