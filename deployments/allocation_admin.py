"""Headquarters allocates any scope: starts a run, watches it, looks at what is proposed, confirms
it; and says what counts."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.requests import actor
from cp2.confirming import confirmed, each
from cp2.rules import Refused
from deployments.admin_parts import LookOnly, WithReason
from deployments.allocate_forms import AnyStartForm
from deployments.allocate_views import LOOK_AGAIN, of_a_run
from deployments.allocation import editing, runs
from deployments.allocation.confirm import confirm
from deployments.models import (
    AllocationRun,
    AllocationWeights,
    EmptyPost,
    Proposal,
    Spill,
    Unplaced,
    Whose,
)

MAY_SEE = "deployments.view_allocationrun"
MAY_ACT = "deployments.change_deployment"


class OfRuns(LookOnly):
    """Rows of a run: whoever may look at the run may look at them."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(MAY_SEE)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)


@admin.register(AllocationRun)
class AllocationRunAdmin(LookOnly):
    change_list_template = "deployments/admin_runs.html"
    list_display = [
        "exam", "where", "whose", "status", "progress", "filled", "started_by", "created_at",
    ]  # fmt: skip
    list_display_links = None
    list_filter = ["status", "exam", "whose"]
    list_select_related = ["exam", "scope", "county", "started_by"]

    @admin.display(description=_("where"))
    def where(self, run: AllocationRun) -> Any:
        url = reverse("admin:deployments_allocation", args=[run.pk])
        return format_html('<a href="{}">{}</a>', url, run.place)

    @admin.display(description=_("filled"))
    def filled(self, run: AllocationRun) -> str:
        if not run.outcome:
            return "–"
        return f"{run.outcome['best']['filled']:,} / {run.outcome['places']:,}"

    def get_urls(self) -> list[URLPattern]:
        def page(view: Any) -> Any:
            return self.admin_site.admin_view(view)

        return [
            path("start/", page(self.start), name="deployments_allocation_start"),
            path("<int:pk>/look/", page(self.look), name="deployments_allocation"),
            path(
                "<int:pk>/confirm/",
                page(require_POST(self.confirm)),
                name="deployments_allocation_confirm",
            ),
            path(
                "<int:pk>/cancel/",
                page(require_POST(self.cancel)),
                name="deployments_allocation_cancel",
            ),
            path(
                "<int:pk>/again/",
                page(require_POST(self.again)),
                name="deployments_allocation_again",
            ),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        may = {"may_start": request.user.has_perm(MAY_ACT)}
        return super().changelist_view(request, {**may, **(extra_context or {})})

    def _page(
        self, request: HttpRequest, template: str, title: str, **context: Any
    ) -> TemplateResponse:
        each = self.admin_site.each_context(request)
        context = {**each, "opts": self.opts, "title": title, **context}
        return TemplateResponse(request, f"deployments/{template}.html", context)

    def start(self, request: HttpRequest) -> HttpResponse:
        _refuse_without(request, MAY_ACT)
        sent = request.POST if request.method == "POST" else None
        form = AnyStartForm(sent, by=actor(request))
        if form.is_valid():
            typed = form.cleaned_data
            try:
                run = runs.start(
                    typed["exam"],
                    by=actor(request),
                    scope=typed["sub_county"],
                    county=typed["county"],
                    whose=Whose(typed["whose"]),
                    spill=Spill(typed["spill"]),
                    seed=typed["seed"],
                )
            except Refused as refusal:
                form.add_error(None, str(refusal))
            else:
                return redirect("admin:deployments_allocation", pk=run.pk)
        return self._page(request, "admin_run_start", gettext("Make a proposal"), form=form)

    def look(self, request: HttpRequest, pk: int) -> HttpResponse:
        """How far it is, and what it proposes; it looks again by itself while it is worked at."""
        _refuse_without(request, MAY_SEE)
        run = get_object_or_404(AllocationRun.objects.in_words(), pk=pk)
        failed = run.parts.filter(status="failed").select_related("sub_county", "county")
        context = {
            **of_a_run(run),
            "failed": list(failed[:20]),
            "may_act": request.user.has_perm(MAY_ACT),
        }
        response = self._page(request, "admin_run", str(run), **context)
        if run.is_at_work:
            response["Refresh"] = LOOK_AGAIN
        return response

    def confirm(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._act(request, pk, lambda run: confirm(run, by=actor(request)))

    def cancel(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._act(request, pk, lambda run: runs.cancel(run, by=actor(request)))

    def again(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._act(request, pk, lambda run: runs.try_again(run, by=actor(request)))

    def _act(
        self, request: HttpRequest, pk: int, act: Callable[[AllocationRun], object]
    ) -> HttpResponse:
        _refuse_without(request, MAY_ACT)
        run = get_object_or_404(AllocationRun, pk=pk)
        try:
            act(run)
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        return redirect("admin:deployments_allocation", pk=pk)


def _refuse_without(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied


@admin.register(Proposal)
class ProposalAdmin(OfRuns):
    list_display = [
        "officer", "masked_id", "station", "position", "standing", "km", "status", "by_hand",
        "refusal", "run",
    ]  # fmt: skip
    list_filter = ["status", "by_hand", "part__round", "post__position"]
    list_select_related = [
        "officer__user", "post__station", "post__position", "run__exam", "run__scope",
        "run__county",
    ]  # fmt: skip
    search_fields = [
        "=officer__national_id",
        "=post__station__code",
        "post__station__sub_county__name__istartswith",
    ]
    search_help_text = _("ID number or centre code in full, or sub-county")
    actions = ["remove"]

    @admin.display(description=_("ID number"))
    def masked_id(self, proposal: Proposal) -> str:
        return proposal.officer.masked_id

    @admin.display(description=_("duty station"))
    def station(self, proposal: Proposal) -> str:
        return str(proposal.post.station)

    @admin.display(description=_("position"))
    def position(self, proposal: Proposal) -> str:
        return str(proposal.post.position)

    @admin.display(description=_("distance, km"))
    def km(self, proposal: Proposal) -> float | None:
        return proposal.km

    def has_remove_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(MAY_ACT)

    @admin.action(description=_("Take the selected officers out"), permissions=["remove"])
    @confirmed(
        says=_("They are not deployed when the run is confirmed; their places stay free."),
        form=WithReason,
    )
    def remove(self, request: HttpRequest, queryset: QuerySet[Proposal], **asked: Any) -> None:
        done = each(self, request, queryset.select_related("run"), editing.remove, **asked)
        said = ngettext("%(count)d officer taken out.", "%(count)d officers taken out.", done)
        self.message_user(request, said % {"count": done})


@admin.register(EmptyPost)
class EmptyPostAdmin(OfRuns):
    list_display = ["post", "places", "applied", "eligible", "why", "rules", "run"]
    list_filter = ["why", "post__position"]
    list_select_related = [
        "post__station", "post__position", "post__exam", "run__exam", "run__scope", "run__county",
    ]  # fmt: skip
    search_fields = ["=post__station__code", "post__station__sub_county__name__istartswith"]
    search_help_text = _("Centre code, or sub-county")


@admin.register(Unplaced)
class UnplacedAdmin(OfRuns):
    list_display = ["officer", "application", "standing", "why", "least", "run"]
    list_filter = ["why", "application__vacancy__position"]
    list_select_related = [
        "officer__user", "application", "run__exam", "run__scope", "run__county",
    ]  # fmt: skip
    search_fields = ["=officer__national_id", "=application__reference"]
    search_help_text = _("ID number or reference, in full")


@admin.register(AllocationWeights)
class AllocationWeightsAdmin(admin.ModelAdmin[AllocationWeights]):
    """Whoever sets an exam's terms says what counts; a run keeps what it was started with."""

    list_display = ["exam", "per_year", "per_level", "nominated", "per_recent_year"]
    list_select_related = ["exam"]
    fieldsets = [
        (None, {"fields": ["exam"]}),
        (_("Standing"), {"fields": [*AllocationWeights.POINTS]}),
        (_("Ways"), {"fields": [*AllocationWeights.KILOMETRES]}),
    ]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(MAY_SEE)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("catalogue.change_positionterms")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("catalogue.change_positionterms")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["exam"] if obj else []
