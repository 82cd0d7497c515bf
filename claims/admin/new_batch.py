"""The page on which a batch is chosen: by exam, place and channel, with what it would leave out."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.codes import needs_fresh_code
from accounts.requests import actor
from claims import services
from claims.forms import BatchForm
from claims.models import OPEN, Claim, ClaimStatus
from claims.services.survey import survey

# Where the claims that are left out for a reason can be looked at; of the others no list is kept.
LISTS: dict[str, dict[str, str]] = {
    "unapproved": {"status__in": ",".join(OPEN)},
    "owing": {"status__exact": ClaimStatus.APPROVED},
    "waiting": {"status__exact": ClaimStatus.APPROVED},
    "held": {"status__exact": ClaimStatus.APPROVED, "held": "yes"},
}


def new(page: admin.ModelAdmin[Any], request: HttpRequest) -> HttpResponse:
    """First what would go in and what not, then the press that builds it."""
    if not request.user.has_perm("claims.prepare_paymentbatch"):
        raise PermissionDenied
    builds = request.method == "POST"
    if builds and (asked := needs_fresh_code(request)):
        return asked
    given = request.POST if builds else request.GET
    form = BatchForm(given if "exam" in given else None, initial={"channel": "mpesa"})
    by = actor(request)
    found = None
    if form.is_valid():
        wanted = form.cleaned_data
        if builds:
            run = services.start_batch(by=by, **wanted)
            return redirect("admin:claims_moneyrun_change", run.pk)
        where = {name: wanted[name] for name in ("sub_county", "county")}
        claims = Claim.objects.filter(exam=wanted["exam"]).served_in(**where)
        found = survey(claims, channel=wanted["channel"], by=by)
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "title": _("New payment batch"),
        "form": form,
        "found": found,
        "left_out": [
            (text, count, total, _list_of(why, form)) for why, text, count, total in found.left_out
        ]
        if found
        else [],
        "held": [(text, count, _holds_of(code)) for code, text, count in found.held_by_code]
        if found
        else [],
        "hidden": [(name, given.get(name, "")) for name in form.fields] if found else [],
    }
    return TemplateResponse(request, "claims/admin/new_batch.html", context)


def _list_of(why: str, form: BatchForm) -> str:
    if why not in LISTS:
        return ""
    query = {"exam__id__exact": str(form.cleaned_data["exam"].pk), **LISTS[why]}
    return f"{reverse('admin:claims_claim_changelist')}?{urlencode(query)}"


def _holds_of(code: str) -> str:
    query = {"code__exact": code}  # the list shows those that stand
    return f"{reverse('admin:claims_hold_changelist')}?{urlencode(query)}"
