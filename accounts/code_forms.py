import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class SecretInput(forms.TextInput):
    """Shows what is typed, and never what was typed: it is used up or wrong."""

    def format_value(self, value: Any) -> None:
        return None


class CodeForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("One-time code"),
        max_length=12,
        help_text=gettext_lazy("The six digits that your authenticator app shows now."),
        widget=SecretInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
        error_messages={"required": gettext_lazy("Enter the code")},
    )

    def clean_code(self) -> str:
        code = "".join(self.cleaned_data["code"].split())
        if not re.fullmatch(r"[0-9]{6}", code):
            raise ValidationError(_("Enter the six digits that your authenticator app shows."))
        return code


class RecoveryForm(forms.Form):
    recovery_code = forms.CharField(
        label=gettext_lazy("Recovery code"),
        max_length=40,
        help_text=gettext_lazy("One of your list that you have not used yet. Each works once."),
        widget=SecretInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
        error_messages={"required": gettext_lazy("Enter a recovery code")},
    )


class KeptForm(forms.Form):
    """Under codes that are shown once. The hidden field tells it from the button for new ones."""

    shown = forms.BooleanField(initial=True, required=False, widget=forms.HiddenInput)
    kept = forms.BooleanField(
        label=gettext_lazy("I have kept them"),
        error_messages={
            "required": gettext_lazy("Write the codes down first, then tick “I have kept them”.")
        },
    )


class TakeAwayForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        help_text=gettext_lazy("What happened, and how you made sure who is asking."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "vTextField"}),
        error_messages={"required": gettext_lazy("Enter the reason")},
    )

    def clean_reason(self) -> str:
        return " ".join(self.cleaned_data["reason"].split())
