from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.admin import FreshActions
from accounts.codes import needs_fresh_code
from accounts.requests import actor
from claims import runs, services
from claims.admin.approving import approve_page
from claims.admin.base import MOST_AT_ONCE, ask_for_note
from claims.forms import PrepareForm
from claims.models import (
    Claim,
    ClaimLine,
    DisputedDay,
    Hold,
    Payment,
    RunKind,
)
from claims.templatetags.shillings import masked, shillings
from cp2.lists import LongList, NeverTyped
from cp2.rules import Refused


class LineInline(NeverTyped, admin.TabularInline[ClaimLine, Claim]):
    model = ClaimLine
    extra = 0
    fields = ["deployment", "kind", "quantity", "rate", "amount"]

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


class HoldInline(NeverTyped, admin.TabularInline[Hold, Claim]):
    model = Hold
    extra = 0
    fields = ["code", "note", "raised_at", "raised_by", "cleared_at", "cleared_by"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Hold]:
        return super().get_queryset(request).select_related("raised_by", "cleared_by")


class DisputedDayInline(NeverTyped, admin.TabularInline[DisputedDay, Claim]):
    model = DisputedDay
    extra = 0
    fields = ["day", "worked"]


class PaymentInline(NeverTyped, admin.TabularInline[Payment, Claim]):
    model = Payment
    extra = 0
    fields = ["batch", "amount", "number", "status", "reference", "failure"]
    readonly_fields = ["number"]

    @admin.display(description=gettext_lazy("number"))
    def number(self, payment: Payment) -> str:
        return masked(payment.payee_phone) or payment.masked_account


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
class ClaimAdmin(NeverTyped, FreshActions, LongList[Claim]):
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
    list_filter = ["status", HeldFilter, ("question", admin.EmptyFieldListFilter), "exam"]
    list_select_related = ["officer__user", "exam"]
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
    inlines = [LineInline, HoldInline, DisputedDayInline, PaymentInline]
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
        approve = self.admin_site.admin_view(lambda request: approve_page(request, self.admin_site))
        return [
            path("prepare/", page, name="claims_claim_prepare"),
            path("approve/", approve, name="claims_claim_approve"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {
            "may_prepare": self.has_prepare_permission(request),
            "may_approve": self.has_approve_permission(request),
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)

    def prepare_page(self, request: HttpRequest) -> HttpResponse:
        """Have an exam's claims computed from its registers; the run's page says how far it is."""
        if not self.has_prepare_permission(request):
            raise PermissionDenied
        asked = needs_fresh_code(request)
        if asked:
            return asked
        form = PrepareForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                run = runs.start(RunKind.PREPARE, by=actor(request), **form.cleaned_data)
            except Refused as refusal:
                form.add_error(None, str(refusal))
            else:
                return redirect("admin:claims_moneyrun_change", run.pk)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Prepare claims"),
            "form": form,
        }
        return TemplateResponse(request, "claims/admin/prepare.html", context)


@admin.register(ClaimLine)
class ClaimLineAdmin(NeverTyped, LongList[ClaimLine]):
    list_display = ["claim", "deployment", "kind", "quantity", "rate", "amount"]
    list_select_related = [
        "claim__officer__user",
        "claim__exam",
        "deployment__officer__user",
        "deployment__post__position",
        "deployment__post__station",
        "deployment__post__exam",
    ]
    search_fields = ["claim__officer__user__username__startswith"]
    search_help_text = gettext_lazy("Number (2547…)")
