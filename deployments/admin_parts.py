"""What the pages of headquarters' admin about deployments are made of."""

from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.requests import actor
from cp2.lists import LongList
from cp2.rules import Refused
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


def each_with_reason(
    page: admin.ModelAdmin[Any],
    request: HttpRequest,
    rows: Iterable[Any],
    act: Callable[..., object],
    *,
    named: Callable[[Any], object] = str,
) -> int | None:
    """Each ticked row on its own, with the reason that was typed beside the action: how many were
    done. None says that the reason is missing; what was refused is said by name."""
    form = WithReason(request.POST)
    if not form.is_valid():
        for error in form.errors["reason"]:
            page.message_user(request, str(error), messages.ERROR)
        return None
    done = 0
    for row in rows:
        try:
            act(row, by=actor(request), **form.cleaned_data)
        except Refused as refusal:
            page.message_user(request, f"{named(row)}: {refusal}", messages.ERROR)
        else:
            done += 1
    return done
