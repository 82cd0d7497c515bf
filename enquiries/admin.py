"""The helpdesk's side of enquiries: what officers wrote is read, and answered below it."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import BaseModelFormSet, ModelForm
from django.http import HttpRequest
from django.utils.formats import localize
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.requests import actor
from cp2.rules import Refused
from enquiries import services
from enquiries.models import Enquiry, EnquiryStatus, Reply
from profiles.fields import ProseField


class AnswerForm(forms.ModelForm[Reply]):
    text = ProseField(
        label=gettext_lazy("reply"),
        max_length=2000,
        error_messages={"required": gettext_lazy("Enter your answer")},
    )

    class Meta:
        model = Reply
        fields = ["text"]


class ReplyInline(admin.StackedInline[Reply, Enquiry]):
    """What was said, and one empty box: what is typed there is sent as the answer."""

    model = Reply
    form = AnswerForm
    extra = 1
    max_num = services.MOST_REPLIES
    fields = ["text", "by", "said_at"]
    readonly_fields = ["by", "said_at"]

    @admin.display(description=gettext_lazy("at"))
    def said_at(self, reply: Reply) -> str:
        """The empty box below has no time of its own yet."""
        return localize(localtime(reply.at)) if reply.pk else ""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Reply]:
        return super().get_queryset(request).select_related("by", "enquiry")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_open = obj is not None and obj.status != EnquiryStatus.CLOSED
        return is_open and request.user.has_perm("enquiries.add_reply")


@admin.register(Enquiry)
class EnquiryAdmin(admin.ModelAdmin[Enquiry]):
    list_display = ["subject", "officer", "category", "sub_county", "exam", "status", "opened_at"]
    list_filter = ["status", "category", "exam"]
    list_select_related = ["officer__user", "sub_county", "exam"]
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["officer__user__username__startswith", "=officer__national_id"]
    search_help_text = gettext_lazy("Number (2547…), or ID number in full")
    fields = [
        "officer",
        "category",
        "subject",
        "text",
        "exam",
        "centre_code",
        "position",
        "sub_county",
        "status",
        "opened_at",
    ]
    readonly_fields = [
        "officer",
        "category",
        "subject",
        "text",
        "exam",
        "centre_code",
        "position",
        "sub_county",
        "status",
        "opened_at",
    ]
    inlines = [ReplyInline]
    actions = ["close"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: Enquiry, form: ModelForm[Enquiry], change: bool
    ) -> None:
        """Nothing of the enquiry itself is typed here."""

    def save_formset(
        self,
        request: HttpRequest,
        form: ModelForm[Enquiry],
        formset: BaseModelFormSet[Reply, ModelForm[Reply]],
        change: bool,
    ) -> None:
        for written in formset.save(commit=False):
            written.by = actor(request)
            try:
                services.answer(form.instance, by=written.by, text=written.text)
            except Refused as refusal:
                self.message_user(request, str(refusal), messages.ERROR)

    @admin.action(description=gettext_lazy("Close"), permissions=["change"])
    def close(self, request: HttpRequest, queryset: QuerySet[Enquiry]) -> None:
        closed = 0
        for enquiry in queryset:
            try:
                services.close(enquiry, by=actor(request))
            except Refused as refusal:
                self.message_user(request, f"{enquiry}: {refusal}", messages.ERROR)
            else:
                closed += 1
        self.message_user(request, _("%(count)s closed.") % {"count": closed})


@admin.register(Reply)
class ReplyAdmin(admin.ModelAdmin[Reply]):
    list_display = ["enquiry", "by", "at"]
    list_select_related = ["enquiry", "by"]
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["enquiry__officer__user__username__startswith"]
    search_help_text = gettext_lazy("Number (2547…)")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
