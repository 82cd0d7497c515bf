"""What claims are computed with. What approved ones rest on stands still (`claims.freeze`)."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.admin import FreshForm
from accounts.requests import actor
from accounts.services import record
from claims import freeze
from claims.models import MarkingRate, RateChange, TaxRule


class Rates(FreshForm):
    """Saved with who did it and what it was before. Never thrown away."""

    verb = ""
    told: list[str] = []  # the fields that the trail tells of
    fixed: list[str] = []  # what a row is of

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return self.fixed if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except IntegrityError:  # a claim was approved since the form asked
            self.message_user(request, _("Nothing was saved: look at it again."), messages.ERROR)
            return redirect(request.path)

    def save_model(
        self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool
    ) -> None:
        details = {name: _said(getattr(obj, name)) for name in self.told}
        if change:
            was = self.model._base_manager.get(pk=obj.pk)
            details["was"] = {name: _said(getattr(was, name)) for name in self.told}
        super().save_model(request, obj, form, change)
        record(self.verb, obj, by=actor(request), **details)


def _said(value: Any) -> Any:
    match value:
        case Decimal() | date():
            return str(value)
        case models.Model():
            return value.pk
        case _:
            return value


@admin.register(TaxRule)
class TaxRuleAdmin(Rates):
    """A changed rule counts from the next time that claims are prepared."""

    list_display = ["exam", "rate", "above"]
    list_select_related = ["exam"]
    verb, told, fixed = "tax_rule.changed", ["exam_id", "rate", "above"], ["exam"]


class RateChangeForm(forms.ModelForm[RateChange]):
    seen = forms.BooleanField(
        required=False,
        label=gettext_lazy("I have seen how many approved claims this touches"),
        help_text=gettext_lazy(
            "Where it touches any, this page says how many before anything is saved. What is "
            "approved stays, and an adjustment carries the difference."
        ),
    )

    class Meta:
        model = RateChange
        fields = ["terms", "from_day", "daily_rate", "reason"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        terms = data.get("terms") or getattr(self.instance, "terms", None)
        day = data.get("from_day")
        if self.errors or not terms or not day:
            return data
        if not terms.exam.rehearsal_on <= day <= terms.exam.ends_on:
            raise ValidationError(
                {"from_day": _("This day is before the rehearsal or after the end.")}
            )
        every, approved = freeze.touched_by(terms, day)
        if approved and not data.get("seen"):
            said = ngettext(
                "%(n)s officer has an approved claim with days from then on, and gets an "
                "adjustment. If that is meant, tick this and save.",
                "%(n)s officers have an approved claim with days from then on, and get an "
                "adjustment each. If that is meant, tick this and save.",
                approved,
            )
            self.add_error("seen", said % {"n": approved})
        self.touched = every
        return data


@admin.register(RateChange)
class RateChangeAdmin(Rates):
    """Another daily rate from a day on. Counts from the next time that claims are prepared."""

    form = RateChangeForm
    list_display = ["terms", "from_day", "daily_rate", "reason", "by", "at"]
    list_filter = ["terms__exam"]
    list_select_related = ["terms__exam", "terms__position", "by"]
    list_per_page = 50
    fields = ["terms", "from_day", "daily_rate", "reason", "seen"]
    autocomplete_fields = ["terms"]
    verb, fixed = "rate.changed", ["terms"]
    told = ["terms_id", "from_day", "daily_rate", "reason"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if request.user.has_perm("claims.add_ratechange"):
            return self.fields
        return ["terms", "from_day", "daily_rate", "reason", "by", "at"]

    def save_model(self, request: HttpRequest, obj: RateChange, form: Any, change: bool) -> None:
        obj.by = actor(request)
        super().save_model(request, obj, form, change)
        said = ngettext(
            "It touches the claim of %(n)s officer, when claims are prepared again.",
            "It touches the claims of %(n)s officers, when claims are prepared again.",
            form.touched,
        )
        self.message_user(request, said % {"n": form.touched})


@admin.register(MarkingRate)
class MarkingRateAdmin(Rates):
    """What examiners are paid by. Counts from the next time that claims are prepared."""

    list_display = ["exam", "position", "coordination_fee", "basic_fee", "script_fee"]
    list_filter = ["exam"]
    list_select_related = ["exam", "position"]
    list_per_page = 50
    autocomplete_fields = ["exam", "position"]
    verb, fixed = "marking_rate.changed", ["exam", "position"]
    told = ["exam_id", "position_id", "coordination_fee", "basic_fee", "script_fee"]
