from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.requests import actor
from accounts.run_admin import LongRunAdmin
from cp2.runs import services
from cp2.runs.models import Run


@admin.register(Run)
class RunAdmin(LongRunAdmin):
    runs = services.RUNS
    list_display = ["title", "kind", "status", "how_far", "asked_at", "started_by", "failure"]
    list_filter = ["kind", "status"]
    list_select_related = ["started_by"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).visible_to(actor(request))  # type: ignore[attr-defined]  # as its manager has it

    def links(self, run: Any) -> list[tuple[str, str]]:
        return [(_("Look at the result"), run.page)] if run.page else []

    def may_act(self, request: HttpRequest, run: Any) -> bool:
        """Whoever started it, and those who look after all of them."""
        return run.started_by_id == request.user.pk or request.user.has_perm("runs.change_run")
