"""What a sub-county's office may ask of its lists of stations and deployments."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from catalogue.models import Exam, Position
from deployments.forms import CancelForm, ChosenField, SearchForm
from deployments.models import DeploymentStatus
from profiles.fields import LineField


class Narrowing(forms.Form):
    """A form that only asks."""

    @property
    def asked(self) -> dict[str, Any]:
        """What was typed wrongly narrows nothing; the form says so beside it."""
        return self.cleaned_data if self.is_valid() else {}

    @property
    def about(self) -> str:
        """How the list is narrowed, in words."""
        parts = []
        for name, value in self.asked.items():
            if value:
                field = self.fields[name]
                choices: dict[Any, Any] = dict(getattr(field, "choices", []))
                said = "" if value is True else f": {choices.get(value, value)}"
                parts.append(f"{field.label}{said}")
        return "; ".join(parts)


class CentresForm(Narrowing):
    exam = ChosenField(
        queryset=Exam.objects.all(),
        label=_("Exam"),
        required=False,
        empty_label=_("All that are not over"),
    )
    position = ChosenField(
        queryset=Position.objects.all(), label=_("Position"), required=False, empty_label=_("All")
    )
    q = LineField(
        label=_("Station: name or code"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    sort = forms.ChoiceField(
        label=_("Order"),
        required=False,
        choices=[
            ("", _("Largest gaps first")),
            ("code", _("By code")),
            ("name", _("By name")),
        ],
    )
    gaps = forms.BooleanField(label=_("Only where places are free"), required=False)
    ours = forms.BooleanField(label=_("Only positions that this office fills"), required=False)


class DeploymentsForm(SearchForm, Narrowing):
    exam = ChosenField(
        queryset=Exam.objects.all(), label=_("Exam"), required=False, empty_label=_("All")
    )
    position = ChosenField(
        queryset=Position.objects.all(), label=_("Position"), required=False, empty_label=_("All")
    )
    status = forms.ChoiceField(
        choices=[("", _("All")), *DeploymentStatus.choices], label=_("Status"), required=False
    )
    station = LineField(
        label=_("Station: name or code"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    shows = forms.ChoiceField(
        label=_("Only those to see to"),
        required=False,
        choices=[
            ("", _("All")),
            ("due", _("Offers that end within a day")),
            ("free", _("Turned down or not answered, and the place is free")),
            ("letter", _("The letter could not be printed")),
            ("unasked", _("Nominated without an application")),
        ],
    )
    sort = forms.ChoiceField(
        label=_("Order"),
        required=False,
        choices=[
            ("", _("Last offered first")),
            ("deadline", _("First to be answered first")),
            ("name", _("By name")),
            ("station", _("By station")),
        ],
    )
    ours = forms.BooleanField(label=_("Only positions that this office fills"), required=False)
    field_order = ["exam", "position", "status", "station", "q", "shows", "sort", "ours"]


class CancelAllForm(CancelForm):
    reason = LineField(
        label=_("Reason"),
        max_length=300,
        help_text=_("Each of them is told this."),
        error_messages={"required": _("Enter the reason")},
    )
