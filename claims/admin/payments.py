from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy

from accounts.admin import Discreet
from accounts.requests import actor, is_read
from accounts.services import record
from claims.admin.base import ReadOnly
from claims.models import (
    Payment,
)
from claims.templatetags.shillings import masked


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
        return masked(payment.payee_phone) or payment.masked_account

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
