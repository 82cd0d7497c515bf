from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy, ngettext

from accounts.admin import FreshActions
from accounts.codes import needs_fresh_code
from accounts.requests import actor
from claims import ledger, services
from claims.admin import new_batch, whole
from claims.admin.results import ResultFileAdmin
from claims.channels import content_type, ending
from claims.models import (
    SENT,
    PaymentBatch,
    ResultFile,
)
from claims.templatetags.shillings import shillings
from cp2.confirming import confirmed
from cp2.lists import NeverTyped
from cp2.rules import Refused


def with_its_sum(batch: PaymentBatch) -> str:
    lines = ngettext("%(n)s payment", "%(n)s payments", batch.count) % {"n": batch.count}
    return f"{batch}: {lines}, {shillings(batch.total)}"


@admin.register(PaymentBatch)
class PaymentBatchAdmin(NeverTyped, FreshActions):
    """Preparers prepare, export and reconcile; approvers approve. Both may stop a draft."""

    change_form_template = "claims/admin/batch.html"
    change_list_template = "claims/admin/batches.html"
    list_display = [
        "__str__",
        "exam_short",
        "status",
        "count",
        "total",
        "channel",
        "place",
        "prepared_by",
        "approved_by",
        "prepared_at",
    ]
    list_filter = ["status", "channel", "exam"]
    list_select_related = ["exam", "sub_county__county", "prepared_by", "approved_by"]
    show_full_result_count = False
    fields = [
        "exam",
        "channel",
        "place",
        "status",
        "count",
        "total",
        "lines",
        "prepared_by",
        "prepared_at",
        "approved_by",
        "approved_at",
        "exported_at",
        "sha256",
    ]
    readonly_fields = ["lines", "place"]
    actions = ["approve_batch", "cancel_batch", "export_batch"]

    @admin.display(description=gettext_lazy("lines"))
    def lines(self, batch: PaymentBatch) -> str:
        url = reverse("admin:claims_payment_changelist")
        return format_html('<a href="{}?batch__id__exact={}">{}</a>', url, batch.pk, batch.count)

    @admin.display(description=gettext_lazy("exam"), ordering="exam")
    def exam_short(self, batch: PaymentBatch) -> str:
        return batch.exam.short

    @admin.display(description=gettext_lazy("place"))
    def place(self, batch: PaymentBatch) -> str:
        return str(batch.sub_county or "")

    def has_prepare_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("claims.prepare_paymentbatch")

    def has_approve_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("claims.approve_paymentbatch")

    def _each(
        self,
        request: HttpRequest,
        batches: QuerySet[PaymentBatch],
        act: Callable[..., PaymentBatch],
    ) -> None:
        for batch in batches.order_by("pk"):
            try:
                after = act(batch, by=actor(request))
            except Refused as refusal:
                self.message_user(request, f"{batch}: {refusal}", messages.ERROR)
            else:
                self.message_user(request, f"{batch}: {after.get_status_display()}")

    @admin.action(description=gettext_lazy("Approve"), permissions=["approve"])
    @confirmed(
        says=gettext_lazy("Once approved, what stands in them is exported and paid, by your word."),
        named=with_its_sum,
    )
    def approve_batch(self, request: HttpRequest, queryset: QuerySet[PaymentBatch]) -> None:
        self._each(request, queryset, services.approve_batch)

    @admin.action(description=gettext_lazy("Cancel"), permissions=["prepare", "approve"])
    @confirmed(
        says=gettext_lazy("Their claims go back to those that wait for a batch."),
        named=with_its_sum,
    )
    def cancel_batch(self, request: HttpRequest, queryset: QuerySet[PaymentBatch]) -> None:
        self._each(request, queryset, services.cancel_batch)

    @admin.action(description=gettext_lazy("Export"), permissions=["prepare"])
    def export_batch(
        self, request: HttpRequest, queryset: QuerySet[PaymentBatch]
    ) -> HttpResponse | None:
        """A worker writes the files; of one batch, the page shows how far it is."""
        started = []
        for batch in queryset.order_by("pk"):
            try:
                started.append(services.start_export(batch, by=actor(request)))
            except Refused as refusal:
                self.message_user(request, f"{batch}: {refusal}", messages.ERROR)
        if len(started) == 1:
            return redirect("admin:claims_moneyrun_change", started[0].pk)
        if started:
            said = ngettext(
                "%(n)s batch is being exported.", "%(n)s batches are being exported.", len(started)
            )
            self.message_user(request, said % {"n": len(started)})
        return None

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view
        name = "claims_paymentbatch_{}".format
        return [
            path("new/", page(partial(new_batch.new, self)), name=name("new")),
            path("<int:pk>/whole/", page(partial(whole.whole, self)), name=name("whole")),
            path("<int:pk>/decide/", page(partial(whole.decide, self)), name=name("decide")),
            path("<int:pk>/download/", page(self.download), name=name("download")),
            path("<int:pk>/reconcile/", page(self.reconcile), name=name("reconcile")),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"may_prepare": self.has_prepare_permission(request), **(extra_context or {})}
        return super().changelist_view(request, context)

    def _open(self, request: HttpRequest, pk: int) -> PaymentBatch:
        if not self.has_prepare_permission(request):
            raise PermissionDenied
        batch = PaymentBatch.objects.select_related("exam").filter(pk=pk).first()
        if batch is None:
            raise Http404
        return batch

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        batch = self.get_object(request, object_id)
        sent = batch is not None and batch.status in SENT
        context = {
            "sent": sent and self.has_prepare_permission(request),
            "run": batch.runs.order_by("-pk").first() if batch else None,
            **(extra_context or {}),
        }
        context["accounts"] = ledger.accounts(batch) if batch else None
        return super().change_view(request, object_id, form_url, context)

    def download(self, request: HttpRequest, pk: int) -> HttpResponse:
        batch = self._open(request, pk)
        page = reverse("admin:claims_paymentbatch_change", args=[pk])
        asked = needs_fresh_code(request, back=page)  # a file would leave the form on the screen
        if asked:
            return asked
        try:
            written = services.exported_file(batch, by=actor(request))
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return redirect("admin:claims_paymentbatch_change", pk)
        name = f"cp2-batch-{batch.pk}.{ending(batch)}"
        response = HttpResponse(written, content_type=content_type(batch))
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        response["X-Content-Type-Options"] = "nosniff"
        return response

    def reconcile(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take in the channel's result file."""
        batch = self._open(request, pk)
        return ResultFileAdmin(ResultFile, self.admin_site).take(request, batch)
