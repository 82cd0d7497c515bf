"""Who stands at the gate: found by a number, or registered on the spot."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from deployments.forms import CancelForm, SeenForm
from profiles.fields import LineField, NameField, NationalIdField
from profiles.models import Gender
from sms.phones import MobileField


class GateSearchForm(forms.Form):
    q = LineField(
        label=gettext_lazy("Their ID number or phone"),
        max_length=20,
        required=False,
        help_text=gettext_lazy("The whole number."),
        widget=forms.TextInput(
            attrs={
                "type": "search",
                "inputmode": "tel",
                "autocomplete": "off",
                "class": "form-control",
            }
        ),
    )


class GateForm(SeenForm, CancelForm):
    works_here = forms.TypedChoiceField(
        label=gettext_lazy("Does this person work at this school?"),
        choices=[("no", gettext_lazy("No")), ("yes", gettext_lazy("Yes"))],
        coerce=lambda typed: typed == "yes",
        widget=forms.RadioSelect,
        help_text=gettext_lazy("Ask them. Only the centre manager may."),
        error_messages={"required": gettext_lazy("Say whether they work at this school")},
    )
    reason = LineField(
        label=gettext_lazy("Why they are needed today"),
        max_length=300,
        help_text=gettext_lazy("For example: did not turn up, came drunk, fell ill."),
        error_messages={"required": gettext_lazy("Enter the reason")},
    )


class StrangerForm(GateForm):
    """What must be known of somebody before they may go in; the rest is their profile's."""

    full_name = NameField(
        label=gettext_lazy("Full name"),
        help_text=gettext_lazy("As it stands on the ID card. Look at the card."),
        error_messages={"required": gettext_lazy("Enter the full name from the ID card")},
    )
    national_id = NationalIdField(
        label=gettext_lazy("National ID number"),
        help_text=gettext_lazy("6 to 9 digits, for example 12345678."),
        error_messages={"required": gettext_lazy("Enter the number of the ID card")},
    )
    phone = MobileField(
        label=gettext_lazy("Phone number"),
        help_text=gettext_lazy("Their own. A password comes to it by text."),
        error_messages={"required": gettext_lazy("Enter their phone number")},
    )
    gender = forms.ChoiceField(
        label=gettext_lazy("Gender"),
        choices=Gender.choices,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Say which gender the ID card gives")},
    )
    field_order = ["full_name", "national_id", "phone", "gender", "works_here", "reason"]

    @property
    def person(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("full_name", "national_id", "gender")}
