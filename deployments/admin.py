from functools import partial
from operator import attrgetter
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.requests import actor
from catalogue.models import Exam, SubCounty
from cp2.confirming import confirmed, each
from cp2.exports import Table
from cp2.lists import CappedPaginator
from deployments import admin_lists, deploy_admin, services
from deployments import allocation_admin as allocation_admin  # whose models are registered there
from deployments import fairness_admin as fairness_admin  # whose model is registered there
from deployments import letter_admin as letter_admin  # whose models are registered there
from deployments import marking_admin as marking_admin  # whose model is registered there
from deployments import waiver_admin as waiver_admin  # whose model is registered there
from deployments.admin_parts import LookOnly, WithNumber, WithReason
from deployments.models import Deployment, Post
from deployments.services import recounts


class ComputeForm(forms.Form):
    exam = forms.ModelChoiceField(
        queryset=Exam.objects.all(),
        label=_("Exam"),
        error_messages={"required": _("Choose the exam")},
    )
    sub_county = forms.ModelChoiceField(
        queryset=SubCounty.objects.select_related("county"),
        label=_("Sub-county"),
        required=False,
        empty_label=_("The nation"),
    )


class FewPages(CappedPaginator):
    """The gap of each post is counted on the way, so fewer of them are."""

    most = 1_000


@admin.register(Post)
class PostAdmin(admin_lists.TakenAway, LookOnly):
    taken_verb = "posts.taken"
    change_list_template = "deployments/admin_posts.html"
    list_display = [
        "exam_short",
        "station",
        "position",
        "gap",
        "required",
        "live",
        "accepted",
        "sub_county",
        "override_reason",
    ]
    list_filter = [
        admin_lists.GapFilter,
        "exam",
        "position",
        "position__deployed_by",
        admin_lists.CountyFilter,
        admin_lists.SubCountyFilter,
        ("override_reason", admin.EmptyFieldListFilter),
        "station__kind",
    ]
    list_select_related = ["exam", "station__sub_county", "position"]
    search_fields = ["=station__code", "station__sub_county__name__istartswith"]
    search_help_text = _("Centre code, or sub-county")
    ordering = ["pk"]  # by station, all of them would be sorted for one page
    paginator = FewPages
    actions = ["override"]

    @admin.display(description=_("exam"), ordering="exam")
    def exam_short(self, post: Post) -> str:
        return post.exam.short

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return admin_lists.counted(Post.objects.order_by())

    @admin.display(description=_("sub-county"))
    def sub_county(self, post: Post) -> str:
        return str(post.station.sub_county)

    @admin.display(description=_("deployed"))
    def live(self, post: Any) -> int:
        return int(post.live)

    @admin.display(description=_("accepted"))
    def accepted(self, post: Any) -> int:
        return int(post.accepted)

    @admin.display(description=_("gap"))
    def gap(self, post: Any) -> int:
        return int(post.gap)

    def table(self, request: HttpRequest, rows: QuerySet[Any], about: str) -> Table:
        return admin_lists.posts_table(rows, by=str(actor(request)), about=about)

    def get_urls(self) -> list[URLResolver | URLPattern]:  # type: ignore[override]  # paths of both kinds
        own = path(
            "compute/",
            self.admin_site.admin_view(self.compute),
            name="deployments_post_compute",
        )
        deploy = path(
            "<int:pk>/deploy/",
            self.admin_site.admin_view(partial(deploy_admin.deploy, admin=self)),
            name="deployments_post_deploy",
        )
        return [own, deploy, *super().get_urls()]

    @admin.display(description=_("deploy"))
    def deploy(self, post: Post) -> str:
        url = reverse("admin:deployments_post_deploy", args=[post.pk])
        return format_html('<a href="{}">{}</a>', url, gettext("Deploy officers"))

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        shown: list[Any] = [*self.list_display]
        if deploy_admin.may_deploy(request):
            shown.insert(4, "deploy")
        return shown

    def compute(self, request: HttpRequest) -> HttpResponse:
        """Entitle every station of an exam anew, by its candidates and terms."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        form = ComputeForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            self.message_user(request, self.recount(actor(request), **form.cleaned_data))
            return redirect("admin:deployments_post_compute")
        context = {
            **self.admin_site.each_context(request),
            "form": form,
            "opts": self.opts,
            "waiting": recounts.waiting(),
        }
        response = render(request, "deployments/admin_compute.html", context)
        if context["waiting"] and not form.is_bound:
            response["Refresh"] = "3"
        return response

    def recount(self, by: User, exam: Exam, sub_county: SubCounty | None) -> str:
        """At once for one sub-county; a nation is left to the worker, which says how far it is."""
        if sub_county is None:
            number = services.ask_recount(exam, by=by)
            return ngettext(
                "%(count)d sub-county is computed now, in the background.",
                "%(count)d sub-counties are computed now, in the background.",
                number,
            ) % {"count": number}
        outcome = services.compute_posts(exam, by=by, sub_county=sub_county)
        return _(
            "Made %(made)d, changed %(changed)d, removed %(removed)d. Kept: %(overridden)d "
            "overridden, %(held)d because more officers are there."
        ) % {**vars(outcome), "held": len(outcome.held)}

    @admin.action(description=_("Override the entitlement"), permissions=["change"])
    @confirmed(
        says=_(
            "Each is entitled to the number that you type, whatever its candidates come to, until "
            "it is overridden again."
        ),
        form=WithNumber,
    )
    def override(self, request: HttpRequest, queryset: QuerySet[Post], **asked: Any) -> None:
        done = each(self, request, queryset, services.override_post, **asked)
        said = ngettext("%(count)d post overridden.", "%(count)d posts overridden.", done)
        self.message_user(request, said % {"count": done})


class PapersFilter(admin.SimpleListFilter):
    """Those who were taken on at the gate and are not in order yet."""

    title = _("papers")
    parameter_name = "papers"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("due", _("To follow"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.with_papers_due() if self.value() == "due" else queryset


@admin.register(Deployment)
class DeploymentAdmin(admin_lists.TakenAway, LookOnly):
    taken_verb = "deployments.taken"
    change_list_template = "deployments/admin_deployments.html"
    list_display = [
        "serial",
        "officer",
        "masked_id",
        "station",
        "position",
        "exam",
        "status",
        "starts_on",
        "ends_on",
    ]
    list_filter = [
        "status",
        PapersFilter,
        "post__exam",
        "post__position",
        admin_lists.UnaskedFilter,
        admin_lists.CountyOfDeployment,
        admin_lists.SubCountyOfDeployment,
    ]
    list_select_related = ["officer__user", "post__exam", "post__station", "post__position"]
    search_fields = [
        "=serial",
        "=officer__national_id",
        "=officer__user__phone",
        "=post__station__code",
        "officer__full_name__startswith",
    ]
    search_help_text = _(
        "Serial, ID number, phone number (2547…) or centre code, in full; or how the name begins"
    )
    actions = ["cancel"]

    def table(self, request: HttpRequest, rows: QuerySet[Any], about: str) -> Table:
        return admin_lists.deployments_table(rows, by=str(actor(request)), about=about)

    @admin.display(description=_("ID number"))
    def masked_id(self, deployment: Deployment) -> str:
        return f"…{(deployment.officer.national_id or '')[-3:]}"

    @admin.display(description=_("duty station"))
    def station(self, deployment: Deployment) -> str:
        return str(deployment.post.station)

    @admin.display(description=_("position"))
    def position(self, deployment: Deployment) -> str:
        return str(deployment.post.position)

    @admin.display(description=_("exam"))
    def exam(self, deployment: Deployment) -> str:
        return deployment.post.exam.short

    @admin.action(description=_("Cancel the selected deployments"), permissions=["change"])
    @confirmed(
        says=_("Their places are free again, their letters are void, and each officer is told."),
        form=WithReason,
    )
    def cancel(self, request: HttpRequest, queryset: QuerySet[Deployment], **asked: Any) -> None:
        done = each(self, request, queryset, services.cancel, named=attrgetter("serial"), **asked)
        self.message_user(
            request,
            ngettext("%(count)d deployment cancelled.", "%(count)d deployments cancelled.", done)
            % {"count": done},
        )
