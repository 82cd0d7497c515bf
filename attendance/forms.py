"""What a centre may type of itself."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from profiles.fields import NameField


class PersonField(NameField):
    """The name of whoever sits at a shared account."""

    default_error_messages = {"required": gettext_lazy("Enter your own name")}

    def __init__(self) -> None:
        super().__init__(
            label=gettext_lazy("Your name"),
            help_text=gettext_lazy(
                "The centre shares its account, so each entry says who made it."
            ),
            widget=forms.TextInput(attrs={"autocomplete": "name", "spellcheck": "false"}),
        )


class PersonForm(forms.Form):
    """Asked once a session; after that the name stands in the box and may be changed."""

    acting_name = PersonField()

    def __init__(self, *args: Any, acting_name: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.remembered = acting_name
        self.fields["acting_name"].required = not acting_name
        self.initial["acting_name"] = acting_name

    def clean_acting_name(self) -> str:
        name: str = self.cleaned_data["acting_name"]
        return name or self.remembered


class DistanceForm(forms.Form):
    distance_km = forms.RegexField(
        r"\A[0-9]{1,3}(?:[.,][0-9])?\Z",
        label=gettext_lazy("Distance to the distribution centre, in kilometres"),
        help_text=gettext_lazy("By road and roughly, for example 12.5."),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages={
            "required": gettext_lazy("Enter the distance in kilometres"),
            "invalid": gettext_lazy(
                "Enter kilometres from 0 to 999, with one decimal at most, for example 12.5"
            ),
        },
    )

    def clean_distance_km(self) -> Decimal:
        distance = Decimal(self.cleaned_data["distance_km"].replace(",", "."))
        if distance > 999:
            raise ValidationError(self.fields["distance_km"].error_messages["invalid"])
        return distance


class SignForm(PersonForm):
    """That all have signed the printed register, and who says so."""
