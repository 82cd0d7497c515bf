"""Claims and money at headquarters. Everything here is read; what changes it is an action, and
each action belongs to one of two groups that no one person should be in."""

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.admin import Discreet, FreshActions, FreshForm
from accounts.codes import needs_fresh_code
from accounts.requests import actor, is_read
from accounts.services import record
from claims import services
from claims.forms import NoteForm, PrepareForm, ResultsForm
from claims.models import (
    BatchStatus,
    Claim,
    ClaimLine,
    Hold,
    Payment,
    PaymentBatch,
    TaxRule,
)
from claims.templatetags.shillings import masked, shillings
from cp2.rules import Refused

MOST_AT_ONCE = 1000


class ReadOnly:
    """Money is never typed over nor thrown away; services change it and leave a trace."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class LineInline(ReadOnly, admin.TabularInline[ClaimLine, Claim]):
    model = ClaimLine
    extra = 0
    fields = ["deployment", "days", "rate", "amount"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ClaimLine]:
        deployment = "deployment__post"
        return (
            super()
            .get_queryset(request)
            .select_related(
                "deployment__officer__user",
                f"{deployment}__position",
                f"{deployment}__station",
                f"{deployment}__exam",
            )
        )


class HoldInline(ReadOnly, admin.TabularInline[Hold, Claim]):
    model = Hold
    extra = 0
    fields = ["code", "note", "raised_at", "raised_by", "cleared_at", "cleared_by"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Hold]:
        return super().get_queryset(request).select_related("raised_by", "cleared_by")


class PaymentInline(ReadOnly, admin.TabularInline[Payment, Claim]):
    model = Payment
    extra = 0
    fields = ["batch", "amount", "number", "status", "reference", "failure"]
    readonly_fields = ["number"]

    @admin.display(description=gettext_lazy("number"))
    def number(self, payment: Payment) -> str:
        return masked(payment.payee_phone)


class HeldFilter(admin.SimpleListFilter):
    title = gettext_lazy("holds")
    parameter_name = "held"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", gettext_lazy("Held")), ("no", gettext_lazy("Free"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        standing = Exists(Hold.objects.standing().filter(claim=OuterRef("pk")))
        match self.value():
            case "yes":
                return queryset.filter(standing)
            case "no":
                return queryset.exclude(standing)
            case _:
                return queryset


@admin.register(Claim)
class ClaimAdmin(ReadOnly, FreshActions):
    change_list_template = "claims/admin/claims.html"
    list_display = [
        "officer",
        "exam_short",
        "days",
        "gross",
        "tax",
        "net",
        "status",
        "held",
        "payment_reference",
    ]
    list_filter = ["status", HeldFilter, "exam"]
    list_select_related = ["officer__user", "exam"]
    list_per_page = 50
    show_full_result_count = False
    search_fields = [
        "officer__user__username__startswith",
        "=officer__national_id",
        "officer__full_name__startswith",
        "=payment_reference",
    ]
    search_help_text = gettext_lazy(
        "Number (2547…), ID number in full, name from its start, or payment reference"
    )
    exclude = ["verified_by", "approved_by"]
    readonly_fields = ["who_verified", "who_approved"]
    inlines = [LineInline, HoldInline, PaymentInline]
    actions = ["approve", "prepare_batch", "check_holds", "settle"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Claim]:
        queryset = cast(Any, super().get_queryset(request))
        return cast(QuerySet[Claim], queryset.with_exceptions())

    @admin.display(description=gettext_lazy("exam"), ordering="exam")
    def exam_short(self, claim: Claim) -> str:
        return claim.exam.short

    @admin.display(description=gettext_lazy("holds"))
    def held(self, claim: Any) -> str:
        return str(claim.standing_holds or "")

    @admin.display(description=gettext_lazy("verified by"))
    def who_verified(self, claim: Claim) -> str:
        return str(claim.verified_by or "")

    @admin.display(description=gettext_lazy("approved by"))
    def who_approved(self, claim: Claim) -> str:
        return str(claim.approved_by or "")

    def has_approve_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("claims.approve_claim")

    def has_prepare_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("claims.prepare_paymentbatch")

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("claims.dispute_claim")

    @admin.action(description=gettext_lazy("Approve"), permissions=["approve"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Claim]) -> None:
        claims = queryset.select_related("officer__user").order_by("pk")[:MOST_AT_ONCE]
        tally = services.approve_all(claims, by=actor(request))
        for claim, why in tally.refused:
            self.message_user(request, f"{claim.officer}: {why}", messages.ERROR)
        said = ngettext("%(n)s claim approved.", "%(n)s claims approved.", tally.done)
        self.message_user(request, said % {"n": tally.done})

    @admin.action(description=gettext_lazy("Prepare a payment batch"), permissions=["prepare"])
    def prepare_batch(self, request: HttpRequest, queryset: QuerySet[Claim]) -> HttpResponse | None:
        try:
            batch = services.prepare_batch(queryset, by=actor(request))
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return None
        self.message_user(
            request,
            _(
                "%(batch)s: %(count)s payments, %(total)s. Claims that were not approved, are "
                "held, or were approved by you are not in it."
            )
            % {"batch": batch, "count": batch.count, "total": shillings(batch.total)},
        )
        return redirect("admin:claims_paymentbatch_change", batch.pk)

    @admin.action(description=gettext_lazy("Check the holds again"), permissions=["prepare"])
    def check_holds(self, request: HttpRequest, queryset: QuerySet[Claim]) -> None:
        raised, cleared = services.check_holds(queryset, by=actor(request))
        said = _("%(raised)s holds raised, %(cleared)s cleared.")
        self.message_user(request, said % {"raised": raised, "cleared": cleared})

    @admin.action(description=gettext_lazy("Settle the dispute"), permissions=["settle"])
    def settle(self, request: HttpRequest, queryset: QuerySet[Claim]) -> HttpResponse | None:
        return ask_for_note(
            self,
            request,
            queryset.select_related("officer__user", "exam"),
            title=_("Settle the dispute"),
            act=lambda claim, note: services.settle(claim, by=actor(request), note=note),
        )

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.prepare_page)
        return [path("prepare/", page, name="claims_claim_prepare"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"may_prepare": self.has_prepare_permission(request), **(extra_context or {})}
        return super().changelist_view(request, context)

    def prepare_page(self, request: HttpRequest) -> HttpResponse:
        """Compute an exam's claims from its registers."""
        if not self.has_prepare_permission(request):
            raise PermissionDenied
        asked = needs_fresh_code(request)
        if asked:
            return asked
        form = PrepareForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            count = services.prepare(by=actor(request), **form.cleaned_data)
            self.message_user(request, _("%(count)s claims prepared.") % {"count": count})
            return redirect("admin:claims_claim_changelist")
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Prepare claims"),
            "form": form,
        }
        return TemplateResponse(request, "claims/admin/prepare.html", context)


def ask_for_note(
    page: admin.ModelAdmin[Any],
    request: HttpRequest,
    queryset: QuerySet[Any],
    *,
    title: str,
    act: Callable[[Any, str], object],
) -> HttpResponse | None:
    """The page between an action and its doing, where a person writes what they found."""
    form = NoteForm(request.POST if "note" in request.POST else None)
    rows = list(queryset[:MOST_AT_ONCE])
    if not form.is_valid():
        context = {
            **page.admin_site.each_context(request),
            "opts": page.opts,
            "title": title,
            "form": form,
            "rows": rows,
            "action": request.POST["action"],
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "claims/admin/note.html", context)
    done = 0
    for row in rows:
        try:
            act(row, form.cleaned_data["note"])
        except Refused as refusal:
            page.message_user(request, f"{row}: {refusal}", messages.ERROR)
        else:
            done += 1
    page.message_user(request, _("Done for %(n)s.") % {"n": done})
    return None


class HoldForm(forms.ModelForm[Hold]):
    class Meta:
        model = Hold
        fields = ["claim", "code", "note"]
        error_messages = {"note": {"required": gettext_lazy("Enter what you found")}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.required = True


@admin.register(Hold)
class HoldAdmin(FreshActions):
    """People raise a hold by adding one, and clear it by an action that asks what they found."""

    form = HoldForm
    list_display = ["claim", "code", "note", "raised_at", "raised_by", "cleared_at", "cleared_by"]
    list_filter = ["code", ("cleared_at", admin.EmptyFieldListFilter)]
    list_select_related = ["claim__officer__user", "claim__exam", "raised_by", "cleared_by"]
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["claim__officer__user__username__startswith"]
    search_help_text = gettext_lazy("Number (2547…)")
    autocomplete_fields = ["claim"]
    actions = ["clear"]

    def has_hold_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("claims.change_hold")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_hold_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        try:
            return super().add_view(request, form_url, extra_context)
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return redirect("admin:claims_hold_add")

    def save_model(
        self, request: HttpRequest, obj: Hold, form: ModelForm[Hold], change: bool
    ) -> None:
        raised = services.raise_hold(obj.claim, code=obj.code, by=actor(request), note=obj.note)
        obj.pk = raised.pk

    @admin.action(description=gettext_lazy("Clear"), permissions=["hold"])
    def clear(self, request: HttpRequest, queryset: QuerySet[Hold]) -> HttpResponse | None:
        return ask_for_note(
            self,
            request,
            queryset.select_related("claim__officer__user", "claim__exam"),
            title=_("Clear holds"),
            act=lambda hold, note: services.clear_hold(hold, by=actor(request), note=note),
        )


@admin.register(TaxRule)
class TaxRuleAdmin(FreshForm):
    """A changed rule counts from the next time that claims are prepared."""

    list_display = ["exam", "rate", "above"]
    list_select_related = ["exam"]

    def get_readonly_fields(self, request: HttpRequest, obj: TaxRule | None = None) -> list[str]:
        return ["exam"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: TaxRule, form: ModelForm[TaxRule], change: bool
    ) -> None:
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            details = {"rate": str(obj.rate), "above": str(obj.above)}
            record("tax_rule.changed", obj, by=actor(request), exam=obj.exam_id, **details)


@admin.register(PaymentBatch)
class PaymentBatchAdmin(ReadOnly, FreshActions):
    """Preparers prepare, export and reconcile; approvers approve. Both may stop a draft."""

    change_form_template = "claims/admin/batch.html"
    list_display = [
        "__str__",
        "exam",
        "status",
        "count",
        "total",
        "prepared_by",
        "approved_by",
        "prepared_at",
    ]
    list_filter = ["status", "exam"]
    list_select_related = ["exam", "prepared_by", "approved_by"]
    show_full_result_count = False
    fields = [
        "exam",
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
    readonly_fields = ["lines"]
    actions = ["approve_batch", "cancel_batch", "export_batch"]

    @admin.display(description=gettext_lazy("lines"))
    def lines(self, batch: PaymentBatch) -> str:
        url = reverse("admin:claims_payment_changelist")
        return format_html('<a href="{}?batch__id__exact={}">{}</a>', url, batch.pk, batch.count)

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
    def approve_batch(self, request: HttpRequest, queryset: QuerySet[PaymentBatch]) -> None:
        self._each(request, queryset, services.approve_batch)

    @admin.action(description=gettext_lazy("Cancel"), permissions=["prepare", "approve"])
    def cancel_batch(self, request: HttpRequest, queryset: QuerySet[PaymentBatch]) -> None:
        self._each(request, queryset, services.cancel_batch)

    @admin.action(description=gettext_lazy("Export"), permissions=["prepare"])
    def export_batch(self, request: HttpRequest, queryset: QuerySet[PaymentBatch]) -> None:
        self._each(request, queryset, services.export_batch)

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view
        return [
            path("<int:pk>/download/", page(self.download), name="claims_paymentbatch_download"),
            path("<int:pk>/reconcile/", page(self.reconcile), name="claims_paymentbatch_reconcile"),
            *super().get_urls(),
        ]

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
        sent = batch is not None and batch.status in (BatchStatus.EXPORTED, BatchStatus.RECONCILED)
        context = {"sent": sent and self.has_prepare_permission(request), **(extra_context or {})}
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
        response = HttpResponse(written, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="cp2-batch-{batch.pk}.csv"'
        response["X-Content-Type-Options"] = "nosniff"
        return response

    def reconcile(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Read the channel's result file back; what a person must look at stays on the page."""
        batch = self._open(request, pk)
        asked = needs_fresh_code(request)
        if asked:
            return asked
        posted = request.method == "POST"
        form = ResultsForm(request.POST, request.FILES) if posted else ResultsForm()
        outcome = None
        if form.is_valid():
            results = form.cleaned_data["results"]
            try:
                outcome = services.reconcile(batch, results, by=actor(request))
            except Refused as refusal:
                form.add_error(None, str(refusal))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Reconcile"),
            "batch": batch,
            "form": form,
            "outcome": outcome,
        }
        return TemplateResponse(request, "claims/admin/reconcile.html", context)


@admin.register(Payment)
class PaymentAdmin(ReadOnly, Discreet):
    list_display = ["payee", "number", "amount", "batch", "status", "reference", "failure"]
    list_filter = ["status", "batch__exam"]
    list_select_related = ["batch"]
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["=payee_phone", "=reference"]
    search_help_text = gettext_lazy("Number in full (2547…), or M-Pesa reference")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup == "batch__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description=gettext_lazy("payee"))
    def payee(self, payment: Payment) -> str:
        first, _space, rest = payment.payee_name.partition(" ")
        return f"{first} {rest[:1]}." if rest else first

    @admin.display(description=gettext_lazy("number"))
    def number(self, payment: Payment) -> str:
        return masked(payment.payee_phone)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Whoever opens one sees the payee in full, and that is written down."""
        response = super().change_view(request, object_id, form_url, extra_context)
        if response.status_code == 200 and is_read(request):  # it is shown, not refused
            seen = cast(Payment, self.get_object(request, unquote(object_id)))
            record("payee.viewed", seen, by=actor(request))
        return response


@admin.register(ClaimLine)
class ClaimLineAdmin(ReadOnly, admin.ModelAdmin[ClaimLine]):
    list_display = ["claim", "deployment", "days", "rate", "amount"]
    list_select_related = [
        "claim__officer__user",
        "claim__exam",
        "deployment__officer__user",
        "deployment__post__position",
        "deployment__post__station",
        "deployment__post__exam",
    ]
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["claim__officer__user__username__startswith"]
    search_help_text = gettext_lazy("Number (2547…)")
