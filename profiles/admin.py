from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import Count, Exists, Model, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.formats import localize
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from accounts.admin import Discreet
from accounts.models import Entry
from accounts.requests import actor, is_read
from cp2.confirming import confirmed
from cp2.lists import LongList
from cp2.rules import Refused
from profiles import looks, numbers, services
from profiles import serving_admin as serving_admin  # whose models are registered there
from profiles.appeals import appeal_of
from profiles.fields import LineField
from profiles.models import (
    SIDES,
    BankAccount,
    NextOfKin,
    NumberChange,
    Officer,
    Paper,
    Qualification,
    RegisterCheck,
    Vetting,
    WorkExperience,
)
from profiles.register_admin import OutcomeFilter, PayeeFilter
from profiles.unmasking import Unmasking


class OfficersOwn(LongList[Any], Discreet, Unmasking):
    """What officers themselves say: headquarters reads it, and who read it is written down; and
    why, where numbers are shown in full."""

    actions: list[str] = []

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_readonly_fields(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        names = self.fields or [field.name for field in self.opts.fields if field.editable]
        return self.with_masks(request, names, obj)

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
        seen: Any = self.get_object(request, unquote(object_id))
        look = self.looked(request, seen)
        if isinstance(look, HttpResponse):
            return look
        context = {"look": look, **(extra_context or {})}
        response = super().change_view(request, object_id, form_url, context)
        if response.status_code == 200 and is_read(request) and not self.in_full(request):
            details: dict[str, Any] = {"masked": True} if self.hidden else {}
            looks.note_view(self.officer_of(seen), by=actor(request), **details)
        return response


def link_to_paper(paper: Paper | None) -> str:
    """By the road that writes down who fetched it."""
    if paper is None:
        return ""
    if not paper.is_usable:
        return f"{paper.name} ({paper.get_status_display()})"
    return format_html('<a href="{}">{}</a>', reverse("profiles:paper", args=[paper.pk]), paper)


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

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class WorkRows(Rows):
    model = WorkExperience
    fields = ["employer", "institution", "designation", "sub_county", "starts_on", "ends_on"]


class QualificationRows(Rows):
    model = Qualification
    fields = ["level", "institution", "course", "starts_on", "ends_on", "paper"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Qualification]:
        return super().get_queryset(request).select_related("certificate")

    @admin.display(description=_("certificate"))
    def paper(self, qualification: Qualification) -> str:
        return link_to_paper(getattr(qualification, "certificate", None))


class CopyRows(Rows):
    """Of the ID card; certificates stand by their qualifications."""

    model = Paper
    verbose_name_plural = _("copies of the ID card")
    fields = ["kind", "paper", "sent_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Paper]:
        copies: QuerySet[Paper] = super().get_queryset(request).filter(kind__in=SIDES)
        return copies

    @admin.display(description=_("file"))
    def paper(self, paper: Paper) -> str:
        return link_to_paper(paper)


class CheckRows(Rows):
    model = RegisterCheck
    fields = ["register", "outcome", "facts", "checked_at", "accepted_by", "reason"]

    @admin.display(description=_("what differs"))
    def facts(self, check: RegisterCheck) -> str:
        return check.facts

    def get_queryset(self, request: HttpRequest) -> QuerySet[RegisterCheck]:
        return super().get_queryset(request).select_related("accepted_by")


class WithReason(forms.Form):
    reason = LineField(
        label=_("Reason"), max_length=300, error_messages={"required": _("Enter the reason")}
    )


class WithPerhapsAReason(forms.Form):
    reason = LineField(label=_("Reason, if there is one to note"), max_length=300, required=False)


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
        OutcomeFilter,
        PayeeFilter,
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
    inlines = [CheckRows, CopyRows, WorkRows, QualificationRows]
    change_form_template = "admin/profiles/officer/change_form.html"
    actions = ["vet", "bar"]
    hidden = (
        "user",
        "national_id",
        "kra_pin",
        "nssf_number",
        "sha_number",
        "tsc_number",
        "pf_number",
        "payee_name",
        "payee_phone",
        "email",
    )

    @admin.display(description=_("ID number"))
    def masked_id(self, officer: Officer) -> str:
        return officer.masked_id

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*super().get_readonly_fields(request, obj), "appeal"]

    @admin.display(description=_("appeal"))
    def appeal(self, officer: Officer) -> str:
        """Read it there before the bar is lifted here."""
        appeal = appeal_of(officer)
        if appeal is None:
            return ""
        url = reverse("admin:enquiries_enquiry_change", args=[appeal.pk])
        said = f"{appeal.get_status_display()}, {localize(localtime(appeal.opened_at))}"
        return format_html('<a href="{}">{}</a>', url, said)

    @admin.action(description=_("Vet selected officers"), permissions=["change"])
    @confirmed(
        says=_("They are vetted and may be deployed. A bar on any of them is lifted."),
        form=WithPerhapsAReason,
        most=100,
    )
    def vet(self, request: HttpRequest, queryset: QuerySet[Officer], *, reason: str) -> None:
        self._decide(request, queryset, Vetting.VETTED, reason)

    @admin.action(description=_("Bar selected officers"), permissions=["change"])
    @confirmed(
        says=_("They can neither apply nor be deployed. Each is told the reason, and may appeal."),
        form=WithReason,
        most=100,
    )
    def bar(self, request: HttpRequest, queryset: QuerySet[Officer], *, reason: str) -> None:
        self._decide(request, queryset, Vetting.BARRED, reason)

    def _decide(
        self, request: HttpRequest, queryset: QuerySet[Officer], status: Vetting, reason: str
    ) -> None:
        for officer in queryset:
            try:
                services.vet(officer, status=status, reason=reason, by=actor(request))
            except Refused as refusal:
                self.message_user(request, f"{officer}: {refusal}", messages.ERROR)
            else:
                self.message_user(request, f"{officer}: {status.label}", messages.SUCCESS)


@admin.register(WorkExperience)
class WorkExperienceAdmin(OfficersOwn):
    list_display = ["officer", "institution", "designation", "sub_county", "starts_on", "ends_on"]
    filters_of_a_search = ["employer", "level"]
    list_select_related = ["officer__user", "sub_county"]
    ordering = ["-pk"]
    search_fields = ["officer__national_id__exact", "officer__user__username__exact"]


@admin.register(Qualification)
class QualificationAdmin(OfficersOwn):
    fields = ["officer", "level", "institution", "course", "starts_on", "ends_on", "paper"]
    list_display = ["officer", "level", "course", "institution", "ends_on"]
    filters_of_a_search = ["level"]
    list_select_related = ["officer__user"]
    ordering = ["-pk"]
    search_fields = ["officer__national_id__exact", "officer__user__username__exact"]

    @admin.display(description=_("certificate"))
    def paper(self, qualification: Qualification) -> str:
        return link_to_paper(getattr(qualification, "certificate", None))


MOST_SHARED = 5_000  # accounts; with more of them something else is wrong


class SharedFilter(admin.SimpleListFilter):
    """Allowed, since a couple may have one account; but a stranger's is how money goes astray."""

    title = _("used by two people")
    parameter_name = "shared"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("The same account as another officer"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() != "yes":
            return queryset
        same = BankAccount.objects.filter(number=OuterRef("number"), bank=OuterRef("bank"))
        numbers = BankAccount.objects.order_by().values("number", "bank")
        twice = numbers.annotate(times=Count("number")).filter(times__gt=1)
        # asked first, and as a list, so that the few they are of are then found by the index
        few = [number for number, _bank in twice.values_list("number", "bank")[:MOST_SHARED]]
        return queryset.filter(Exists(same.exclude(pk=OuterRef("pk"))), number__in=few)


@admin.register(BankAccount)
class BankAccountAdmin(OfficersOwn):
    hidden = ("number",)
    list_display = ["officer", "bank", "branch", "masked_number"]
    list_filter = [SharedFilter, "bank"]
    list_select_related = ["officer__user", "bank", "branch"]
    search_fields = [
        "number__exact",
        "officer__national_id__exact",
        "officer__user__username__exact",
    ]


@admin.register(NextOfKin)
class NextOfKinAdmin(OfficersOwn):
    hidden = ("phone",)
    list_display = ["officer", "relationship"]
    list_select_related = ["officer__user"]
    search_fields = ["officer__national_id__exact", "officer__user__username__exact"]


@admin.register(NumberChange)
class NumberChangeAdmin(OfficersOwn):
    """Who asks for another number. The helpdesk decides where no director does."""

    hidden = ("old_phone", "new_phone")
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
    @confirmed(
        says=_("Each account goes over to the new number, and a password is texted to it."),
        form=WithReason,
        most=100,
    )
    def approve(
        self, request: HttpRequest, queryset: QuerySet[NumberChange], *, reason: str
    ) -> None:
        self._decide(request, queryset, numbers.approve, reason)

    @admin.action(description=_("Refuse selected requests"), permissions=["decide"])
    @confirmed(
        says=_("Their numbers stay what they are, and the reason is texted to the ones asked for."),
        form=WithReason,
        most=100,
    )
    def refuse(
        self, request: HttpRequest, queryset: QuerySet[NumberChange], *, reason: str
    ) -> None:
        self._decide(request, queryset, numbers.refuse, reason)

    def _decide(
        self,
        request: HttpRequest,
        queryset: QuerySet[NumberChange],
        decide: Callable[..., NumberChange],
        reason: str,
    ) -> None:
        for change in queryset.select_related("officer__user"):
            try:
                after = decide(change, reason=reason, by=actor(request))
            except Refused as refusal:
                self.message_user(request, f"{change.officer}: {refusal}", messages.ERROR)
            else:
                said = f"{change.officer}: {after.get_status_display()}"
                self.message_user(request, said, messages.SUCCESS)
