from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin import FreshActions
from accounts.codes import needs_fresh_code
from accounts.requests import actor
from claims import runs
from claims.admin.base import ReadOnly
from claims.models import MoneyRun, RunStatus
from cp2.rules import Refused

MAY_ACT = ["claims.prepare_paymentbatch", "claims.approve_claim"]
ACTS = {"cancel": runs.cancel, "try_again": runs.try_again}


@admin.register(MoneyRun)
class MoneyRunAdmin(ReadOnly, FreshActions):
    list_display = ["__str__", "place", "status", "how_far", "asked_at", "started_by", "failure"]
    list_filter = ["kind", "status", "exam"]
    list_select_related = ["exam", "sub_county", "batch", "started_by"]
    list_per_page = 50
    show_full_result_count = False

    @admin.display(description=gettext_lazy("sub-county"))
    def place(self, run: MoneyRun) -> str:
        return str(run.sub_county or "")

    @admin.display(description=gettext_lazy("done"))
    def how_far(self, run: MoneyRun) -> str:
        return f"{run.percent}%"

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view
        return [
            path("<int:pk>/act/", page(self.act), name="claims_moneyrun_act"),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """How far it is; the page looks again by itself until it is over."""
        run = self.get_object(request, object_id)
        if run is None or request.method == "POST":
            return super().change_view(request, object_id, form_url, extra_context)
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": str(run),
            "run": run,
            "outcome": [(name.replace("_", " "), value) for name, value in run.outcome.items()],
            "may_act": self._may_act(request),
            "may_cancel": run.is_open or run.status == RunStatus.FAILED,
        }
        response = TemplateResponse(request, "claims/admin/run.html", context)
        if run.is_open:
            response["Refresh"] = "2"
        return response

    def _may_act(self, request: HttpRequest) -> bool:
        return any(request.user.has_perm(right) for right in MAY_ACT)

    def act(self, request: HttpRequest, pk: int) -> HttpResponse:
        if request.method != "POST" or not self._may_act(request):
            raise PermissionDenied
        asked = needs_fresh_code(request)
        if asked:
            return asked
        run = get_object_or_404(MoneyRun, pk=pk)
        act = ACTS.get(request.POST.get("act", ""))
        if act is None:
            raise PermissionDenied
        try:
            act(run, by=actor(request))
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self.message_user(request, _("Done."))
        return redirect("admin:claims_moneyrun_change", pk)
