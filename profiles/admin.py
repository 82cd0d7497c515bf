from collections.abc import Callable, Iterator
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts.admin import Discreet
from accounts.models import Entry
from accounts.requests import actor
from cp2.lists import LongList
from cp2.rules import Refused
from profiles import numbers, services
from profiles.fields import LineField
from profiles.models import (
    BankAccount,
    NextOfKin,
    NumberChange,
    Officer,
    Qualification,
    Register,
    RegisterEntry,
    Vetting,
    WorkExperience,
)


class OfficersOwn(LongList[Any], Discreet):
    """What officers themselves say: headquarters reads it, and who read it is written down."""

    actions: list[str] = []

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields or [field.name for field in self.opts.fields]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        seen, reader = self.get_object(request, object_id), actor(request)
        if seen is not None and request.method == "GET":
            services.note_view(getattr(seen, "officer", seen), by=reader)
        return super().change_view(request, object_id, form_url, extra_context)


def link_to_paper(qualification: Qualification) -> str:
    """The certificate, by the road that writes down who fetched it."""
    if not qualification.certificate:
        return ""
    url = reverse("profiles:certificate", args=[qualification.pk])
    return format_html('<a href="{}">{}</a>', url, qualification.certificate_name)


class Rows(admin.TabularInline[Any, Any]):
    extra = 0
    can_delete = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """With the officer: vetting looks at both."""
        return request.user.has_perm("profiles.view_officer")

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class WorkRows(Rows):
    model = WorkExperience
    fields = ["employer", "institution", "designation", "sub_county", "starts_on", "ends_on"]


class QualificationRows(Rows):
    model = Qualification
    fields = ["level", "institution", "course", "starts_on", "ends_on", "paper"]

    @admin.display(description=_("certificate"))
    def paper(self, qualification: Qualification) -> str:
        return link_to_paper(qualification)


class ReasonForm(ActionForm):
    """Beside the drop-down of actions."""

    reason = forms.CharField(label=_("Reason (to bar)"), required=False)


class DecisionForm(ActionForm):
    reason = forms.CharField(label=_("Reason"), required=False)


def reason_of(page: admin.ModelAdmin[Any], request: HttpRequest, *, required: bool) -> str | None:
    """What was typed beside the actions; None, and said so, if it will not do."""
    field = LineField(
        max_length=300,
        required=required,
        error_messages={"required": _("Type the reason beside the action.")},
    )
    try:
        reason: str = field.clean(request.POST.get("reason", ""))
    except ValidationError as error:
        page.message_user(request, " ".join(error.messages), messages.ERROR)
        return None
    return reason


class ClashFilter(admin.SimpleListFilter):
    title = _("perhaps two accounts")
    parameter_name = "clashed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Typed a number of another account"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() != "yes":
            return queryset
        clashes = Entry.objects.filter(verb=services.CLASHED, subject_type="profiles.officer")
        return queryset.filter(pk__in=clashes.values("subject_id"), merged_into=None)


@admin.register(Officer)
class OfficerAdmin(OfficersOwn):
    list_display = ["full_name", "user", "masked_id", "sub_county", "vetting", "submitted_at"]
    list_filter = [
        "vetting",
        ("submitted_at", admin.EmptyFieldListFilter),
        ClashFilter,
        "sub_county__county",
    ]
    list_select_related = ["user", "sub_county"]
    search_fields = [
        "user__username__exact",
        "national_id__exact",
        "kra_pin__exact",
        "tsc_number__exact",
        "full_name__startswith",
    ]
    search_help_text = _("A whole number (2547…, ID, KRA PIN, TSC), or how the name begins")
    inlines = [WorkRows, QualificationRows]
    action_form = ReasonForm
    actions = ["vet", "bar"]

    @admin.action(description=_("Vet selected officers"), permissions=["change"])
    def vet(self, request: HttpRequest, queryset: QuerySet[Officer]) -> None:
        self._decide(request, queryset, Vetting.VETTED)

    @admin.action(description=_("Bar selected officers"), permissions=["change"])
    def bar(self, request: HttpRequest, queryset: QuerySet[Officer]) -> None:
        self._decide(request, queryset, Vetting.BARRED)

    def _decide(self, request: HttpRequest, queryset: QuerySet[Officer], status: Vetting) -> None:
        reason = reason_of(self, request, required=False)
        if reason is None:
            return
        for officer in queryset[:100]:
            try:
                services.vet(officer, status=status, reason=reason, by=actor(request))
            except Refused as refusal:
                self.message_user(request, f"{officer}: {refusal}", messages.ERROR)
            else:
                self.message_user(request, f"{officer}: {status.label}", messages.SUCCESS)


@admin.register(WorkExperience)
class WorkExperienceAdmin(OfficersOwn):
    list_display = ["officer", "institution", "designation", "sub_county", "starts_on", "ends_on"]
    list_filter = ["employer", "level"]
    list_select_related = ["officer__user", "sub_county"]
    search_fields = ["officer__national_id__exact", "officer__user__username__exact"]


@admin.register(Qualification)
class QualificationAdmin(OfficersOwn):
    fields = ["officer", "level", "institution", "course", "starts_on", "ends_on", "paper"]
    list_display = ["officer", "level", "course", "institution", "ends_on"]
    list_filter = ["level"]
    list_select_related = ["officer__user"]
    search_fields = ["officer__national_id__exact", "officer__user__username__exact"]

    @admin.display(description=_("certificate"))
    def paper(self, qualification: Qualification) -> str:
        return link_to_paper(qualification)


@admin.register(BankAccount)
class BankAccountAdmin(OfficersOwn):
    list_display = ["officer", "bank", "branch", "masked_number"]
    list_filter = ["bank"]
    list_select_related = ["officer__user", "bank", "branch"]
    search_fields = [
        "number__exact",
        "officer__national_id__exact",
        "officer__user__username__exact",
    ]


@admin.register(NextOfKin)
class NextOfKinAdmin(OfficersOwn):
    list_display = ["officer", "relationship"]
    list_select_related = ["officer__user"]
    search_fields = ["officer__national_id__exact", "officer__user__username__exact"]


@admin.register(NumberChange)
class NumberChangeAdmin(OfficersOwn):
    """Who asks for another number. The helpdesk decides where no director does."""

    list_display = [
        "officer",
        "old",
        "new",
        "road",
        "status",
        "proven_at",
        "decided_by",
    ]
    list_filter = ["status", "road"]
    list_select_related = ["officer__user", "decided_by"]
    search_fields = [
        "old_phone__exact",
        "new_phone__exact",
        "officer__national_id__exact",
        "officer__full_name__startswith",
    ]
    search_help_text = _("A whole number (2547… or ID), or how the name begins")
    fields = [
        "officer",
        "road",
        "status",
        "old_phone",
        "new_phone",
        "payee_too",
        "why",
        "asked_at",
        "proven_at",
        "decided_by",
        "decided_at",
        "decision",
    ]
    action_form = DecisionForm
    actions = ["approve", "refuse"]

    @admin.display(description=_("old number"))
    def old(self, change: NumberChange) -> str:
        return change.masked_old

    @admin.display(description=_("new number"))
    def new(self, change: NumberChange) -> str:
        return change.masked_new

    def get_queryset(self, request: HttpRequest) -> QuerySet[NumberChange]:
        return NumberChange.objects.visible_to(actor(request))

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("profiles.decide_number")

    @admin.action(description=_("Approve selected requests"), permissions=["decide"])
    def approve(self, request: HttpRequest, queryset: QuerySet[NumberChange]) -> None:
        self._decide(request, queryset, numbers.approve)

    @admin.action(description=_("Refuse selected requests"), permissions=["decide"])
    def refuse(self, request: HttpRequest, queryset: QuerySet[NumberChange]) -> None:
        self._decide(request, queryset, numbers.refuse)

    def _decide(
        self,
        request: HttpRequest,
        queryset: QuerySet[NumberChange],
        decide: Callable[..., NumberChange],
    ) -> None:
        reason = reason_of(self, request, required=True)
        if reason is None:
            return
        for change in queryset.select_related("officer__user").order_by("pk")[:100]:
            try:
                after = decide(change, reason=reason, by=actor(request))
            except Refused as refusal:
                self.message_user(request, f"{change.officer}: {refusal}", messages.ERROR)
            else:
                said = f"{change.officer}: {after.get_status_display()}"
                self.message_user(request, said, messages.SUCCESS)


@admin.register(RegisterEntry)
class RegisterEntryAdmin(LongList[Any], Discreet):
    """Lines of the agencies' registers. Imported anew rather than changed by hand."""

    list_display = ["register", "number", "name", "imported_at"]
    list_filter = ["register"]
    search_fields = ["number__exact"]
    readonly_fields = ["imported_at"]

    def found(self, request: HttpRequest, term: str) -> Iterator[QuerySet[RegisterEntry, Any]]:
        """The index of a number begins with its register, so all registers are named."""
        those = RegisterEntry.objects.filter(register__in=Register.values, number=term)
        yield those.values("pk")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        written = ["register", "number", "national_id", "name"]
        return [*written, *self.readonly_fields] if obj else written

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
