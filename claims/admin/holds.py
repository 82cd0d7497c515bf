from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin import FreshActions
from accounts.requests import actor
from claims import services
from claims.admin.base import ask_for_note
from claims.models import (
    Hold,
)
from cp2.rules import Refused


class HoldForm(forms.ModelForm[Hold]):
    class Meta:
        model = Hold
        fields = ["claim", "code", "note"]
        error_messages = {"note": {"required": gettext_lazy("Enter what you found")}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.required = True


@admin.register(Hold)
class HoldAdmin(FreshActions):
    """People raise a hold by adding one, and clear it by an action that asks what they found."""

    form = HoldForm
    list_display = ["claim", "code", "note", "raised_at", "raised_by", "cleared_at", "cleared_by"]
    list_filter = ["code", ("cleared_at", admin.EmptyFieldListFilter)]
    list_select_related = ["claim__officer__user", "claim__exam", "raised_by", "cleared_by"]
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["claim__officer__user__username__startswith"]
    search_help_text = gettext_lazy("Number (2547…)")
    autocomplete_fields = ["claim"]
    actions = ["clear"]

    def has_hold_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("claims.change_hold")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_hold_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        try:
            return super().add_view(request, form_url, extra_context)
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return redirect("admin:claims_hold_add")

    def save_model(
        self, request: HttpRequest, obj: Hold, form: ModelForm[Hold], change: bool
    ) -> None:
        raised = services.raise_hold(obj.claim, code=obj.code, by=actor(request), note=obj.note)
        obj.pk = raised.pk

    @admin.action(description=gettext_lazy("Clear"), permissions=["hold"])
    def clear(self, request: HttpRequest, queryset: QuerySet[Hold]) -> HttpResponse | None:
        return ask_for_note(
            self,
            request,
            queryset.select_related("claim__officer__user", "claim__exam"),
            title=_("Clear holds"),
            act=lambda hold, note: services.clear_hold(hold, by=actor(request), note=note),
        )
