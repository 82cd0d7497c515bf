from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin import FreshActions
from accounts.codes import needs_fresh_code
from accounts.promises import RunStatus
from accounts.requests import actor
from accounts.running import Runs
from cp2.lists import NeverTyped
from cp2.rules import Refused


class LongRunAdmin(NeverTyped, FreshActions):
    """Runs are looked at, called off and tried again; who may do so is `may_act`'s to say."""

    runs: ClassVar[Runs[Any]]
    list_per_page = 50
    show_full_result_count = False

    @admin.display(description=gettext_lazy("done"))
    def how_far(self, run: Any) -> str:
        return f"{run.percent}%"

    def may_act(self, request: HttpRequest, run: Any) -> bool:
        """Nobody, where a model does not say who."""
        return False

    def links(self, run: Any) -> list[tuple[str, str]]:
        """What the run is about, as (words, address)."""
        return []

    @property
    def act_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_act"

    @property
    def list_name(self) -> str:
        return f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view
        return [path("<int:pk>/act/", page(self.act), name=self.act_name), *super().get_urls()]

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
            "list_name": self.list_name,
            "outcome": [(name.replace("_", " "), value) for name, value in run.outcome.items()],
            "log": [(parse_datetime(at), said) for at, said in reversed(run.log)],
            "links": self.links(run),
            "act_name": f"admin:{self.act_name}",
            "may_act": self.may_act(request, run),
            "may_cancel": run.is_open or run.status == RunStatus.FAILED,
        }
        response = TemplateResponse(request, "runs/run.html", context)
        if run.is_open:
            response["Refresh"] = "2"
        return response

    def act(self, request: HttpRequest, pk: int) -> HttpResponse:
        if request.method != "POST":
            raise PermissionDenied
        run = get_object_or_404(self.model, pk=pk)
        if not self.may_act(request, run):
            raise PermissionDenied
        asked = needs_fresh_code(request)
        if asked:
            return asked
        acts = {"cancel": self.runs.cancel, "try_again": self.runs.try_again}
        act = acts.get(request.POST.get("act", ""))
        if act is None:
            raise PermissionDenied
        try:
            act(run, by=actor(request))
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self.message_user(request, _("Done."))
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", pk)
