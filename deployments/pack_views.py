"""Packs of letters: asked for by a centre or a director, watched, taken."""

from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from accounts.requests import SignedIn, is_read
from catalogue.models import CentreEntry
from cp2.rules import Refused, Role
from deployments import packs
from deployments.letter_forms import PackForm
from deployments.models import LetterPack, LetterPackQuerySet
from deployments.views import for_role

PAGE = 25
SHOWN = 10  # of the packs that were asked for last


def _posted(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _answer(request: SignedIn, form: forms.Form, **scope: Any) -> HttpResponse | None:
    """On to the pack that was asked for; none if nothing was, and the form says why."""
    if not form.is_valid():
        return None
    try:
        pack = packs.ask(**{**scope, **form.cleaned_data}, by=request.user)
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return None
    return redirect("deployments:pack", pack.pk)


def _shown(request: SignedIn, form: forms.Form, there: LetterPackQuerySet) -> HttpResponse:
    context = {"form": form, "packs": there.with_scope().order_by("-pk")[:SHOWN]}
    return render(request, "deployments/letter_packs.html", context)


@for_role(Role.DIRECTOR)
def area_letters(request: SignedIn) -> HttpResponse:
    form = PackForm(_posted(request), by=request.user)
    answer = _answer(request, form, sub_county=request.user.sub_county)
    return answer or _shown(request, form, LetterPack.objects.visible_to(request.user))


@for_role(Role.CENTRE)
def centre_letters(request: SignedIn, exam_id: int) -> HttpResponse:
    entries = CentreEntry.objects.visible_to(request.user).select_related("exam", "station")
    entry = get_object_or_404(entries, exam=exam_id)
    if entry.distance_km is None:  # which every centre gives first
        return redirect("attendance:distance", exam_id)
    form = PackForm(_posted(request), by=request.user)
    answer = _answer(request, form, exam=entry.exam, station=entry.station)
    return answer or _shown(request, form, LetterPack.objects.visible_to(request.user))


def _found(request: SignedIn, pk: int) -> LetterPack:
    return get_object_or_404(LetterPack.objects.visible_to(request.user).with_scope(), pk=pk)


@login_required
@require_safe
def pack(request: SignedIn, pk: int) -> HttpResponse:
    """How far it is, and whose letter is not in it. It looks again by itself."""
    found = _found(request, pk)
    page = Paginator(packs.missing(found), PAGE).get_page(request.GET.get("page"))
    context = {"pack": found, "page": page, "changed": packs.changed_since(found)}
    response = render(request, "deployments/letter_pack.html", context)
    if found.is_open:
        response["Refresh"] = "3"
    return response


@login_required
@require_safe
def pack_file(request: SignedIn, pk: int) -> HttpResponseBase:
    found = _found(request, pk)
    file = packs.open_file(found) if found.is_ready else None
    if file is None:
        raise Http404
    if is_read(request):
        packs.note_taken(found, by=request.user)
    name = f"letters-{found.exam.abbreviation}-{found.exam.year}-{found.pk}.pdf"
    return FileResponse(file, as_attachment=True, filename=name, content_type="application/pdf")
