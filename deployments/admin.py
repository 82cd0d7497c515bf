from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.requests import actor
from catalogue.models import Exam, SubCounty
from cp2.exports import Table
from cp2.lists import LongList
from cp2.rules import Refused
from deployments import admin_lists, letters, services
from deployments import fairness_admin as fairness_admin
from deployments.models import AllocationRun, Deployment, Letter, LetterText, Post
from profiles.fields import LineField, WholeNumberField


class LookOnly(LongList[Any]):
    """Rows that services write: read here, changed through actions, never deleted."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [field.name for field in self.model._meta.fields]


class WithReason(forms.Form):
    reason = LineField(max_length=200, error_messages={"required": _("Enter the reason")})


class WithNumber(WithReason):
    required = WholeNumberField(
        min_value=0, max_value=999, error_messages={"required": _("Enter the new entitlement")}
    )


class PostActionForm(ActionForm):
    required = WholeNumberField(required=False, min_value=0, label=_("New entitlement:"))
    reason = forms.CharField(required=False, max_length=200, label=_("Reason:"))


class DeploymentActionForm(ActionForm):
    reason = forms.CharField(required=False, max_length=200, label=_("Reason:"))


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
        admin_lists.CountyFilter,
        admin_lists.SubCountyFilter,
        ("override_reason", admin.EmptyFieldListFilter),
        "station__kind",
    ]
    list_select_related = ["exam", "station__sub_county", "position"]
    search_fields = ["=station__code", "station__sub_county__name__istartswith"]
    search_help_text = _("Centre code, or sub-county")
    ordering = ["pk"]  # by station, all of them would be sorted for one page
    action_form = PostActionForm
    actions = ["override"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return admin_lists.counted(Post.objects.order_by())

    @admin.display(description=_("exam"))
    def exam_short(self, post: Post) -> str:
        return post.exam.short

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
        return [own, *super().get_urls()]

    def compute(self, request: HttpRequest) -> HttpResponse:
        """Entitle every station of an exam anew, by its candidates and terms."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        form = ComputeForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            outcome = services.compute_posts(by=actor(request), **form.cleaned_data)
            self.message_user(
                request,
                _(
                    "Made %(made)d, changed %(changed)d, removed %(removed)d. Kept: %(overridden)d "
                    "overridden, %(held)d because more officers are there."
                )
                % {**vars(outcome), "held": len(outcome.held)},
            )
            return redirect("admin:deployments_post_changelist")
        context = {**self.admin_site.each_context(request), "form": form, "opts": self.opts}
        return render(request, "deployments/admin_compute.html", context)

    @admin.action(description=_("Override the entitlement"), permissions=["change"])
    def override(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        form = WithNumber(request.POST)
        if not form.is_valid():
            for error in (text for errors in form.errors.values() for text in errors):
                self.message_user(request, str(error), messages.ERROR)
            return
        for post in queryset:
            try:
                services.override_post(post, by=actor(request), **form.cleaned_data)
            except Refused as refusal:
                self.message_user(request, f"{post}: {refusal}", messages.ERROR)
            else:
                self.message_user(request, _("%(post)s: overridden.") % {"post": post})


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
    ]
    search_help_text = _("Serial, ID number, phone number (2547…) or centre code, in full")
    action_form = DeploymentActionForm
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
    def cancel(self, request: HttpRequest, queryset: QuerySet[Deployment]) -> None:
        form = WithReason(request.POST)
        if not form.is_valid():
            for error in form.errors["reason"]:
                self.message_user(request, str(error), messages.ERROR)
            return
        done = 0
        for deployment in queryset:
            try:
                services.cancel(deployment, by=actor(request), **form.cleaned_data)
            except Refused as refusal:
                self.message_user(request, f"{deployment.serial}: {refusal}", messages.ERROR)
            else:
                done += 1
        self.message_user(
            request,
            ngettext("%(count)d deployment cancelled.", "%(count)d deployments cancelled.", done)
            % {"count": done},
        )


@admin.register(Letter)
class LetterAdmin(LookOnly):
    """Which letters there are. The file itself is the officer's: it opens on their page only."""

    list_display = ["code", "deployment", "status", "issued_at", "voided_at", "downloaded_at"]
    list_filter = ["status", ("voided_at", admin.EmptyFieldListFilter)]
    list_select_related = [
        "deployment__officer__user",
        "deployment__post__exam",
        "deployment__post__station",
        "deployment__post__position",
    ]
    search_fields = ["=code", "=deployment__serial"]
    search_help_text = _("The code on the letter, or its serial")
    exclude = ["file"]
    actions = ["print_again"]

    @admin.action(description=_("Print failed letters again"), permissions=["print"])
    def print_again(self, request: HttpRequest, queryset: QuerySet[Letter]) -> None:
        for letter in queryset:
            try:
                letters.print_again(letter, by=actor(request))
            except Refused as refusal:
                self.message_user(request, f"{letter}: {refusal}", messages.ERROR)
            else:
                self.message_user(request, _("%(letter)s: printed soon.") % {"letter": letter})

    def has_print_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("deployments.change_deployment")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [name for name in super().get_readonly_fields(request, obj) if name != "file"]


@admin.register(LetterText)
class LetterTextAdmin(admin.ModelAdmin[LetterText]):
    list_display = ["exam", "position", "version"]
    list_filter = ["exam", "position"]
    list_select_related = ["exam", "position"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Letters may have gone out in these words: a new wording is a new version."""
        return ["exam", "position", "version", "policy", "paragraphs"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(AllocationRun)
class AllocationRunAdmin(LookOnly):
    list_display = ["exam", "scope", "status", "progress", "started_by", "created_at"]
    list_filter = ["status", "exam"]
    list_select_related = ["exam", "scope", "started_by"]
