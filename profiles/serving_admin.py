"""Headquarters reads what officers declare, and records what it learns itself."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.requests import actor
from cp2.confirming import confirmed
from cp2.lists import LongList
from profiles import serving
from profiles.finding import OfficerField
from profiles.models import ExaminerTraining, Interest


class InterestForm(forms.ModelForm[Interest]):
    who = OfficerField(
        label=gettext_lazy("Officer"),
        help_text=gettext_lazy("Phone number, ID number or TSC number."),
    )

    class Meta:
        model = Interest
        fields = ["station", "nature", "words"]

    field_order = ["who", "station", "nature", "words"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors:
            if not data["words"]:
                self.add_error("words", _("Say how this is known."))
            if data["who"].interests.filter(station=data["station"]).exists():
                self.add_error("station", _("An interest in this station is on record already."))
        return data


@admin.register(Interest)
class InterestAdmin(LongList[Interest]):
    form = InterestForm
    list_display = ["officer", "station", "nature", "recorded_by", "recorded_at"]
    list_filter = ["nature", ("recorded_by", admin.EmptyFieldListFilter)]
    list_select_related = ["officer__user", "station", "recorded_by"]
    search_fields = ["=officer__national_id", "=officer__user__phone", "=station__code"]
    search_help_text = gettext_lazy("ID number, phone number (2547…) or centre code, in full")
    autocomplete_fields = ["station"]

    def get_fields(self, request: HttpRequest, obj: Interest | None = None) -> list[Any]:
        if obj is None:
            return list(InterestForm.field_order)
        return ["officer", "station", "nature", "words", "recorded_by", "recorded_at"]

    def get_readonly_fields(self, request: HttpRequest, obj: Interest | None = None) -> list[str]:
        return self.get_fields(request, obj) if obj else []

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # the action below says so in the trail

    def save_model(self, request: HttpRequest, obj: Interest, form: Any, change: bool) -> None:
        typed = form.cleaned_data
        recorded = serving.declare_interest(
            typed["who"],
            station=typed["station"],
            nature=typed["nature"],
            words=typed["words"],
            by=actor(request),
        )
        obj.__dict__.update(recorded.__dict__)

    actions = ["remove"]

    def has_remove_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("profiles.delete_interest")

    @admin.action(description=gettext_lazy("Remove the interest"), permissions=["remove"])
    @confirmed(says=gettext_lazy("They no longer keep their officers from serving there."))
    def remove(self, request: HttpRequest, queryset: QuerySet[Interest]) -> None:
        for interest in queryset.select_related("officer"):
            serving.remove_interest(interest, by=actor(request))
            self.message_user(request, _("%(interest)s: removed.") % {"interest": interest})


@admin.register(ExaminerTraining)
class ExaminerTrainingAdmin(LongList[ExaminerTraining]):
    """As officers give them; whoever vets compares the certificate's number."""

    list_display = ["officer", "paper", "year", "certificate_number"]
    list_filter = ["paper"]
    list_select_related = ["officer__user"]
    search_fields = ["=officer__national_id", "=officer__user__phone", "=certificate_number"]
    search_help_text = gettext_lazy("ID number, phone number (2547…) or certificate, in full")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["officer", "paper", "year", "certificate_number"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
