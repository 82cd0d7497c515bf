from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin import Discreet
from claims.admin.taking_back import take_back_page
from claims.models import (
    Payment,
    PaymentStatus,
)
from claims.templatetags.shillings import masked
from cp2.lists import LongList, NeverTyped
from profiles import looks
from profiles.models import Officer
from profiles.unmasking import Unmasking


@admin.register(Payment)
class PaymentAdmin(NeverTyped, LongList[Payment], Discreet, Unmasking):
    hidden = ("payee_name", "payee_phone", "account")
    looks_verb = looks.PAYEE
    change_form_template = "claims/admin/payment.html"
    list_display = ["payee", "number", "amount", "batch", "status", "reference", "failure", "trail"]
    list_filter = ["status", "batch__exam"]
    list_select_related = ["batch"]
    search_fields = ["=payee_phone", "=reference"]
    search_help_text = gettext_lazy("Number in full (2547…), or M-Pesa reference")

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(
            lambda request, pk: take_back_page(request, pk, self.admin_site)
        )
        take_back = path("<int:pk>/take-back/", page, name="claims_payment_take_back")
        return [take_back, *super().get_urls()]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup == "batch__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description=gettext_lazy("payee"))
    def payee(self, payment: Payment) -> str:
        first, _space, rest = payment.payee_name.partition(" ")
        return f"{first} {rest[:1]}." if rest else first

    @admin.display(description=gettext_lazy("number"))
    def number(self, payment: Payment) -> str:
        return masked(payment.payee_phone) or payment.masked_account

    @admin.display(description=gettext_lazy("trail"))
    def trail(self, payment: Payment) -> str:
        url = reverse("admin:claims_payment_trail", args=[payment.pk])
        return format_html('<a href="{}">{}</a>', url, _("Trail"))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The payee's number in full, for whoever says why."""
        payment = self.get_object(request, unquote(object_id))
        look = self.looked(request, payment)
        if isinstance(look, HttpResponse):
            return look
        may = request.user.has_perm("claims.approve_paymentbatch")
        paid = payment is not None and payment.status == PaymentStatus.PAID
        context = {"may_take_back": may and paid, "look": look, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        names = [field.name for field in self.opts.fields if field.editable]
        return self.with_masks(request, names, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_fields(request, obj)

    def officer_of(self, row: Payment) -> Officer:
        return row.claim.officer

    def subject_of(self, row: Payment) -> Payment:
        return row
