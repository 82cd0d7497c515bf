"""What may be typed at the phone in the browser."""

from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from sms.backends.simulator import GATEWAY_DOES, REPORTS_DO, SLOWEST, Faults
from sms.phones import MobileField


def _choices(explained: dict[Any, Any]) -> list[tuple[str, Any]]:
    return [
        (fault.value, format_lazy("{}. {}", fault.label, does)) for fault, does in explained.items()
    ]


class PhoneForm(forms.Form):
    phone = MobileField(
        label=_("Phone number"), help_text=_("Any Kenyan mobile, for example 0712 345 678.")
    )


class FaultsForm(forms.Form):
    gateway = forms.ChoiceField(
        label=_("The gateway"), widget=forms.RadioSelect, choices=_choices(GATEWAY_DOES)
    )
    seconds = forms.IntegerField(
        label=_("Seconds, when it is slow"),
        min_value=1,
        max_value=SLOWEST,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages={"required": _("Enter a number of seconds")},
    )
    reports = forms.ChoiceField(
        label=_("Its reports on what became of a text"),
        widget=forms.RadioSelect,
        choices=_choices(REPORTS_DO),
    )

    def faults(self) -> Faults:
        return Faults(**self.cleaned_data)
