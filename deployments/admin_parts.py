"""What the pages of headquarters' admin about deployments are made of."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from cp2.lists import LongList
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
    reason = LineField(
        label=_("Reason"), max_length=200, error_messages={"required": _("Enter the reason")}
    )


class WithNumber(WithReason):
    required = WholeNumberField(
        label=_("New entitlement"),
        min_value=0,
        max_value=999,
        error_messages={"required": _("Enter the new entitlement")},
    )
    field_order = ["required", "reason"]
