"""What a director verifies: the odd ones first, the plain ones at once, and what is not right."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Min, Q, Sum
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.codes import fresh_code
from accounts.requests import SignedIn
from accounts.taking import take_away
from attendance.views import for_directors
from catalogue.models import Office
from claims import progress, services
from claims.area_files import claims_table
from claims.exceptions import odd, odd_first, with_signs, words
from claims.facts import facts, whole
from claims.forms import (
    AreaClaimsForm,
    CentresForm,
    QuestionForm,
    SeenForm,
    VerifyForm,
)
from claims.life import usual_days
from claims.models import Claim, ClaimQuerySet, ClaimStatus
from claims.services.verifying import Asked, Changed, free, total
from cp2.rules import Refused, Role
from deployments.views import for_role
from profiles.owners import accounts_of

PAGE = 25
LEFT_OUT = 50  # named on one page; the list shows the rest


class Counted(Paginator[Any]):
    """Of rows that were counted with their totals."""

    def __init__(self, rows: ClaimQuerySet, per_page: int, *, count: int) -> None:
        super().__init__(rows, per_page)
        self.count = count


def _chosen(request: SignedIn) -> tuple[AreaClaimsForm, ClaimQuerySet]:
    visible = Claim.objects.visible_to(request.user)
    form = AreaClaimsForm(request.GET, claims=visible)
    rows: Any = with_signs(form.narrow(visible))
    match form.asked.get("odd"):
        case "odd":
            rows = odd(rows)
        case "held":
            rows = rows.filter(standing_holds__gt=0)
        case "plain":
            rows = rows.exclude(pk__in=odd(rows).values("pk"))
    return form, rows


@require_safe
@for_role(Role.DIRECTOR)
def area_claims(request: SignedIn) -> HttpResponse:
    """Those with something odd come first."""
    form, chosen = _chosen(request)
    totals = _totals(chosen)
    rows = odd_first(chosen.select_related("officer__user", "exam"))
    page = Counted(rows, PAGE, count=totals["claims"]).get_page(request.GET.get("page"))
    all_ticked = request.GET.get("tick") == "all"
    verifies = request.user.office == Office.TSC
    shown, own = [], accounts_of(request.user)
    for claim in page:
        said = words(claim, own=own)
        may = verifies and claim.status == ClaimStatus.PREPARED
        shown.append((claim, said, may, all_ticked and not said))
    context = {
        "form": form,
        "page": page,
        "rows": shown,
        "totals": totals,
        "verifies": verifies,
        "usual_days": usual_days(ClaimStatus.VERIFIED),
    }
    return render(request, "claims/area_claims.html", context)


def _totals(claims: ClaimQuerySet) -> dict[str, Any]:
    waiting = Q(status=ClaimStatus.PREPARED)
    return claims.aggregate(
        claims=Count("pk"),
        held=Count("pk", filter=Q(standing_holds__gt=0)),
        days=Sum("days", default=0),
        net=Sum("net", default=0),
        waiting=Count("pk", filter=waiting),
        oldest=Min("prepared_at", filter=waiting),
    )


@require_POST
@for_role(Role.DIRECTOR)
def area_claims_files(request: SignedIn) -> HttpResponseBase:
    form, chosen = _chosen(request)
    rows = odd_first(chosen.select_related("officer__user", "exam"))
    return take_away(
        request,
        lambda: claims_table(rows, by=request.user, about=form.about),
        back=_list(request),
        verb="claims.taken",
        filters=form.about,
    )


@require_safe
@for_role(Role.DIRECTOR)
def area_claim(request: SignedIn, pk: int) -> HttpResponse:
    """Day by day, with the way to the register of each day."""
    claim: Any = get_object_or_404(with_signs(whole(Claim.objects.visible_to(request.user))), pk=pk)
    found = facts(claim)
    here = request.user.sub_county_id if request.user.office == Office.TSC else None
    for mark in found.days:  # registers are the TSC director's to look into
        mark.is_ours = mark.deployment.post.station.sub_county_id == here
    own = accounts_of(request.user)
    waits = claim.status == ClaimStatus.PREPARED
    context = {
        "facts": found,
        "claim": claim,
        "signs": words(claim, own=own),
        "verifiable": request.user.office == Office.TSC and waits and claim.officer_id not in own,
    }
    return render(request, "claims/area_claim.html", context)


def _list(request: SignedIn) -> str:
    query = request.GET.copy()
    for name in ("tick", "also_held"):
        query.pop(name, None)
    asked = f"?{query.urlencode()}" if query else ""
    return reverse("claims:area_claims") + asked


@require_POST
@for_directors(Office.TSC)
@fresh_code(back="claims:area_claims")
def verify(request: SignedIn) -> HttpResponse:
    """The ticked ones, each on its own: one that is refused is said by name."""
    visible = Claim.objects.visible_to(request.user).select_related("officer__user", "exam")
    form = VerifyForm(request.POST, claims=visible.order_by("pk"))
    if form.is_valid():
        tally = services.verify_all(form.cleaned_data["claim"], by=request.user)
        for refused, why in tally.refused:
            messages.error(request, f"{refused.officer}: {why}")
        _say_verified(request, tally.done)
    else:
        messages.error(request, str(form.errors["claim"][0]))
    return redirect(_list(request))


def _say_verified(request: SignedIn, number: int) -> None:
    if number:
        verified = ngettext("%(n)s claim verified.", "%(n)s claims verified.", number)
        messages.success(request, verified % {"n": number})


@for_directors(Office.TSC)
@fresh_code
def verify_all(request: SignedIn) -> HttpResponse:
    """All of the list that have nothing odd about them: first the figures, then, of just these
    figures, the deed."""
    _form, chosen = _chosen(request)
    also_held = request.GET.get("also_held") == "on"
    if request.method == "POST":
        form = SeenForm(request.POST)
        if form.is_valid():
            seen = Asked(**form.cleaned_data)
            try:
                done = services.verify_free(chosen, by=request.user, seen=seen, also_held=also_held)
            except Changed as changed:
                messages.error(request, str(changed))
            except Refused as refusal:
                messages.error(request, str(refusal))
                return redirect(_list(request))
            else:
                _say_verified(request, len(done.free))
                return redirect(_list(request))
    found = free(chosen, by=request.user, also_held=also_held)
    context = {
        "found": found,
        "total": total(found.free),
        "days": sum(claim.days for claim in found.free),
        "left_out": found.odd[:LEFT_OUT],
        "also_held": also_held,
        "back": _list(request),
    }
    return render(request, "claims/verify_all.html", context)


@for_directors(Office.TSC)
def question(request: SignedIn, pk: int) -> HttpResponse:
    """Something is not right: it waits, and headquarters and the officer read why."""
    claim = get_object_or_404(whole(Claim.objects.visible_to(request.user)), pk=pk)
    form = QuestionForm(
        request.POST if request.method == "POST" else None, initial={"reason": claim.question}
    )
    if form.is_valid():
        try:
            services.question(claim, by=request.user, **form.cleaned_data)
        except Refused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(
                request, _("It stays unverified. The officer and headquarters see what you ask.")
            )
        return redirect("claims:area_claim", pk=pk)
    return render(request, "claims/question.html", {"claim": claim, "form": form})


@require_safe
@for_role(Role.DIRECTOR)
def area_centres(request: SignedIn) -> HttpResponse:
    """Centre by centre, those that lag behind first."""
    form = CentresForm(request.GET, exams=progress.exams(request.user))
    exam = form.chosen()
    rows = progress.centres(request.user, exam)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    context = {"form": form, "exam": exam, "page": page}
    return render(request, "claims/area_centres.html", context)
