"""The whole of a batch on one page, and the decision about it."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.codes import needs_fresh_code
from accounts.requests import actor
from claims import services
from claims.models import BatchStatus, PaymentBatch
from claims.review import review
from cp2.rules import Refused


def whole(page: admin.ModelAdmin[Any], request: HttpRequest, pk: int) -> HttpResponse:
    """Totals and what stands out, for the one who approves it; and for whoever looks later."""
    if not page.has_view_permission(request):
        raise PermissionDenied
    batches = PaymentBatch.objects.select_related("exam", "sub_county__county", "prepared_by")
    batch = get_object_or_404(batches, pk=pk)
    draft = batch.status == BatchStatus.DRAFT
    approver = request.user.has_perm("claims.approve_paymentbatch")
    preparer = request.user.has_perm("claims.prepare_paymentbatch")
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "title": str(batch),
        "batch": batch,
        "review": review(batch),
        "is_draft": draft,
        "may_approve": draft and approver,
        "may_take_out": draft and (approver or preparer),
    }
    return TemplateResponse(request, "claims/admin/whole.html", context)


def decide(page: admin.ModelAdmin[Any], request: HttpRequest, pk: int) -> HttpResponse:
    act = request.POST.get("act", "")
    needed = {
        "approve": ["claims.approve_paymentbatch"],
        "take_out": ["claims.approve_paymentbatch", "claims.prepare_paymentbatch"],
    }
    if request.method != "POST" or not any(map(request.user.has_perm, needed.get(act, []))):
        raise PermissionDenied
    asked = needs_fresh_code(request)
    if asked:
        return asked
    batch = get_object_or_404(PaymentBatch, pk=pk)
    by = actor(request)
    try:
        if act == "approve":
            services.approve_batch(batch, by=by)
            said = _("The batch is approved. A preparer exports it next.")
        else:
            number = services.take_out_changed(batch, by=by)
            said = ngettext("%(n)s payment taken out.", "%(n)s payments taken out.", number)
            said %= {"n": number}
    except Refused as refusal:
        page.message_user(request, str(refusal), messages.ERROR)
    else:
        page.message_user(request, said)
    return redirect("admin:claims_paymentbatch_whole", pk)
