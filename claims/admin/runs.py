from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.run_admin import LongRunAdmin
from claims import runs
from claims.models import MoneyRun


@admin.register(MoneyRun)
class MoneyRunAdmin(LongRunAdmin):
    runs = runs.RUNS
    list_display = ["__str__", "place", "status", "how_far", "asked_at", "started_by", "failure"]
    list_filter = ["kind", "status", "exam"]
    list_select_related = ["exam", "sub_county", "batch", "started_by"]

    @admin.display(description=_("sub-county"))
    def place(self, run: MoneyRun) -> str:
        return str(run.sub_county or "")

    def links(self, run: Any) -> list[tuple[str, str]]:
        if run.batch is None:
            return []
        url = reverse("admin:claims_paymentbatch_change", args=[run.batch_id])
        return [(str(run.batch), url)]

    def may_act(self, request: HttpRequest, run: Any) -> bool:
        user = request.user
        return user.has_perm("claims.prepare_paymentbatch") or user.has_perm("claims.approve_claim")
