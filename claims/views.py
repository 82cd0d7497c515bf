"""What an officer has earned and where the money is; what a director verifies."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Exists, F, OuterRef, Q, Sum
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.codes import fresh_code
from accounts.models import User
from accounts.requests import SignedIn
from attendance.models import Mark, MarkStatus
from catalogue.models import Office
from claims import services
from claims.forms import AreaClaimsForm, DisputeForm, VerifyForm
from claims.life import life, whereabouts
from claims.models import Claim, ClaimLine, ClaimQuerySet, ClaimStatus, Hold
from cp2.rules import Refused, Role
from deployments.views import for_role

PAGE = 25


# The officer


@require_safe
@for_role(Role.OFFICER)
def claims(request: SignedIn) -> HttpResponse:
    rows = Claim.objects.visible_to(request.user).select_related("exam").with_exceptions()
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    return render(request, "claims/list.html", {"page": page})


@require_safe
@for_role(Role.OFFICER)
def claim(request: SignedIn, pk: int) -> HttpResponse:
    claim = get_object_or_404(_whole(request.user), pk=pk)
    disputable = ClaimStatus.DISPUTED in claim.MOVES.get(ClaimStatus(claim.status), ())
    return render(request, "claims/claim.html", {"disputable": disputable, **_facts(claim)})


@for_role(Role.OFFICER)
def dispute(request: SignedIn, pk: int) -> HttpResponse:
    claim = get_object_or_404(_whole(request.user), pk=pk)
    form = DisputeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            services.dispute(claim, by=request.user, **form.cleaned_data)
        except Refused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("KNEC will look at your dispute. You get a text then."))
        return redirect("claims:claim", pk=pk)
    return render(request, "claims/dispute.html", {"claim": claim, "form": form})


def _whole(user: User) -> ClaimQuerySet:
    return Claim.objects.visible_to(user).select_related("officer__user", "exam")


def _facts(claim: Claim) -> dict[str, Any]:
    """What a claim rests on and what became of it, for whoever looks."""
    lines = list(
        ClaimLine.objects.filter(claim=claim).select_related(
            "deployment__post__station", "deployment__post__position"
        )
    )
    days: dict[int, list[Any]] = {line.deployment_id: [] for line in lines}
    for deployment, day in (
        Mark.objects.filter(deployment__in=days, status=MarkStatus.PRESENT)
        .order_by("day")
        .values_list("deployment", "day")
    ):
        days[deployment].append(day)
    holds = list(Hold.objects.standing().filter(claim=claim))
    return {
        "claim": claim,
        "lines": [(line, days[line.deployment_id]) for line in lines],
        "holds": holds,
        "steps": life(claim),
        "whereabouts": whereabouts(claim, held=bool(holds)),
    }


# The director


@require_safe
@for_role(Role.DIRECTOR)
def area_claims(request: SignedIn) -> HttpResponse:
    """Those with something odd come first."""
    visible = Claim.objects.visible_to(request.user)
    form = AreaClaimsForm(request.GET, claims=visible)
    chosen = form.narrow(visible)
    rows = (
        chosen.select_related("officer__user", "exam")
        .with_exceptions()
        .order_by(F("too_long").desc(), F("standing_holds").desc(), "officer__full_name", "pk")
    )
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "totals": _totals(chosen),
        "verifies": request.user.office == Office.TSC,
        "all_ticked": request.GET.get("tick") == "all",
    }
    return render(request, "claims/area_claims.html", context)


def _totals(claims: ClaimQuerySet) -> dict[str, Any]:
    held = Exists(Hold.objects.standing().filter(claim=OuterRef("pk")))
    return claims.annotate(is_held=held).aggregate(
        claims=Count("pk"),
        held=Count("pk", filter=Q(is_held=True)),
        days=Sum("days", default=0),
        net=Sum("net", default=0),
    )


@require_safe
@for_role(Role.DIRECTOR)
def area_claim(request: SignedIn, pk: int) -> HttpResponse:
    claim = get_object_or_404(_whole(request.user).with_exceptions(), pk=pk)
    verifiable = request.user.office == Office.TSC and claim.status == ClaimStatus.PREPARED
    context = {"verifiable": verifiable, **_facts(claim)}
    return render(request, "claims/area_claim.html", context)


@require_POST
@for_role(Role.DIRECTOR)
@fresh_code(back="claims:area_claims")
def verify(request: SignedIn) -> HttpResponse:
    """The ticked ones, each on its own: one that is refused is said by name."""
    if request.user.office != Office.TSC:
        raise Http404
    form = VerifyForm(request.POST, claims=_whole(request.user).order_by("pk"))
    if form.is_valid():
        tally = services.verify_all(form.cleaned_data["claim"], by=request.user)
        for refused, why in tally.refused:
            messages.error(request, f"{refused.officer}: {why}")
        if tally.done:
            verified = ngettext("%(n)s claim verified.", "%(n)s claims verified.", tally.done)
            messages.success(request, verified % {"n": tally.done})
    else:
        messages.error(request, str(form.errors["claim"][0]))
    query = request.GET.copy()
    query.pop("tick", None)
    asked = f"?{query.urlencode()}" if query else ""
    return redirect(reverse("claims:area_claims") + asked)
