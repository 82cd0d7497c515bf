"""What an officer has earned, from which days, and where the money is."""

from datetime import date
from typing import Any, cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.requests import SignedIn
from attendance.models import Mark
from catalogue.models import ExamDay
from claims import services, statement
from claims.facts import expected, facts, whole
from claims.forms import DisputeForm, OfferedDay
from claims.models import Claim, ClaimStatus
from cp2.rules import Refused, Role
from deployments.views import for_role

PAGE = 25


@require_safe
@for_role(Role.OFFICER)
def claims(request: SignedIn) -> HttpResponse:
    """An adjustment stands under the claim that it adjusts; the newest exam comes first."""
    firsts = Claim.objects.visible_to(request.user).filter(adjusts=None)
    rows = firsts.select_related("exam").with_exceptions().order_by("-exam__year", "-pk")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    shown: list[Any] = list(page)
    changes: dict[int, list[Any]] = {claim.pk: [] for claim in shown}
    for change in Claim.objects.filter(adjusts__in=changes).with_exceptions().order_by("pk"):
        changes[cast(int, change.adjusts_id)].append(change)
    everything = [*shown, *(change for some in changes.values() for change in some)]
    context = {
        "page": page,
        "rows": [(claim, changes[claim.pk]) for claim in shown],
        "expected": expected(request.user),
        "years": sorted({paid for each in everything if (paid := _paid_in(each))}, reverse=True),
    }
    return render(request, "claims/list.html", context)


def _paid_in(claim: Claim) -> int | None:
    return timezone.localdate(claim.paid_at).year if claim.paid_at else None


def _mine(request: SignedIn, pk: int) -> Claim:
    return get_object_or_404(whole(Claim.objects.visible_to(request.user)), pk=pk)


@require_safe
@for_role(Role.OFFICER)
def claim(request: SignedIn, pk: int) -> HttpResponse:
    found = facts(_mine(request, pk))
    return render(request, "claims/claim.html", {"facts": found, "claim": found.claim})


@for_role(Role.OFFICER)
def dispute(request: SignedIn, pk: int) -> HttpResponse:
    claim = _mine(request, pk)
    form = DisputeForm(
        request.POST if request.method == "POST" else None, days=list(_offered(claim))
    )
    if form.is_valid():
        try:
            services.dispute(claim, by=request.user, **form.cleaned_data)
        except Refused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("KNEC will look at your dispute. You get a text then."))
        return redirect("claims:claim", pk=pk)
    return render(request, "claims/dispute.html", {"claim": claim, "form": form})


def _offered(claim: Claim) -> list[OfferedDay]:
    """The days of the exam so far, each with what the register says of the officer."""
    marks: dict[date, Mark] = {
        mark.day: mark
        for mark in Mark.objects.filter(
            officer=claim.officer_id, deployment__post__exam=claim.exam_id
        ).select_related("deployment__post__station")
    }
    days = ExamDay.objects.filter(exam=claim.exam_id, day__lte=timezone.localdate())
    offered = {each.day: each.get_kind_display() for each in days}
    offered |= {day: "" for day in marks if day not in offered}
    return [OfferedDay(day, offered[day], marks.get(day)) for day in sorted(offered)]


@for_role(Role.OFFICER)
def withdraw(request: SignedIn, pk: int) -> HttpResponse:
    claim = _mine(request, pk)
    if request.method != "POST":
        if claim.status != ClaimStatus.DISPUTED:
            return redirect("claims:claim", pk=pk)
        return render(request, "claims/withdraw.html", {"claim": claim})
    try:
        left = services.withdraw_dispute(claim, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("claims:claim", pk=pk)
    messages.success(request, _("Your dispute is withdrawn. The claim goes on its way."))
    return redirect("claims:claim", pk=pk) if left else redirect("claims:list")


@require_safe
@for_role(Role.OFFICER)
def statement_pdf(request: SignedIn, pk: int) -> HttpResponse:
    claim = _mine(request, pk)
    return _paper(statement.of_claim(facts(claim)), f"claim-{claim.pk}")


@require_safe
@for_role(Role.OFFICER)
def year_pdf(request: SignedIn, year: int) -> HttpResponse:
    if year not in statement.YEARS:
        raise Http404
    paid = statement.paid_in(request.user, year)
    return _paper(statement.of_year(paid), f"payments-{year}")


def _paper(content: bytes, name: str) -> HttpResponse:
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={
            "Content-Disposition": f'inline; filename="{name}.pdf"',
            "Cache-Control": "private, no-store",
        },
    )
