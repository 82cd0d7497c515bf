"""Approving in bulk: what waits, what speaks against some of it, and all the rest in one run."""

from typing import Any, cast

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from accounts.codes import needs_fresh_code
from accounts.requests import actor
from claims import services
from claims.approving import Overview, overview
from claims.forms import ApproveForm
from claims.models import Claim
from cp2.rules import Refused


def approve_page(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Asked with GET, it shows what there is; posted, it begins."""
    if not request.user.has_perm("claims.approve_claim"):
        raise PermissionDenied
    if asked := needs_fresh_code(request):
        return asked
    typed = request.POST if request.method == "POST" else request.GET
    form = ApproveForm(typed if "exam" in typed or request.method == "POST" else None)
    seen: Overview | None = None
    if form.is_valid():
        chosen = form.cleaned_data
        if request.method == "POST":
            try:
                run = services.approve_free(by=actor(request), **chosen)
            except Refused as refusal:
                form.add_error(None, str(refusal))
            else:
                return redirect("admin:claims_moneyrun_change", run.pk)
        seen = overview(
            chosen["exam"],
            by=actor(request),
            county=chosen["county"].pk if chosen["county"] else None,
            sub_county=chosen["sub_county"].pk if chosen["sub_county"] else None,
        )
    context: dict[str, Any] = {
        **site.each_context(request),
        "opts": cast(Any, Claim)._meta,
        "title": _("Approve claims"),
        "form": form,
        "seen": seen,
    }
    return TemplateResponse(request, "claims/admin/approve.html", context)
