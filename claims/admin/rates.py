from typing import Any

from django.contrib import admin
from django.db import transaction
from django.forms import ModelForm
from django.http import HttpRequest

from accounts.admin import FreshForm
from accounts.requests import actor
from accounts.services import record
from claims.models import (
    TaxRule,
)


@admin.register(TaxRule)
class TaxRuleAdmin(FreshForm):
    """A changed rule counts from the next time that claims are prepared."""

    list_display = ["exam", "rate", "above"]
    list_select_related = ["exam"]

    def get_readonly_fields(self, request: HttpRequest, obj: TaxRule | None = None) -> list[str]:
        return ["exam"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: TaxRule, form: ModelForm[TaxRule], change: bool
    ) -> None:
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            details = {"rate": str(obj.rate), "above": str(obj.above)}
            record("tax_rule.changed", obj, by=actor(request), exam=obj.exam_id, **details)
