"""A closed day as it is to become, and what is said about it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from attendance.forms import PersonForm
from attendance.models import Amendment, AmendmentStatus
from attendance.register_forms import MarksForm
from profiles.fields import LineField


class AskForm(PersonForm, MarksForm):
    """What the centre asks of its director."""

    reason = LineField(
        label=gettext_lazy("Why is it to be changed?"),
        max_length=300,
        help_text=gettext_lazy("What was wrong, and how you know. Your director reads it."),
        error_messages={"required": gettext_lazy("Say why the register is to be changed")},
    )

    def posted(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "marks": self.marks(),
            "acting_name": data["acting_name"],
            "reason": data["reason"],
        }


class RefuseForm(forms.Form):
    answer = LineField(
        label=gettext_lazy("Why is it refused?"),
        max_length=300,
        help_text=gettext_lazy("The centre reads it."),
        error_messages={"required": gettext_lazy("Say why this is refused")},
    )


class AmendmentsForm(forms.Form):
    status = forms.ChoiceField(
        choices=[("", gettext_lazy("All")), *AmendmentStatus.choices],
        label=gettext_lazy("Status"),
        required=False,
    )

    def chosen(self) -> str:
        return str(self.cleaned_data["status"]) if self.is_valid() else ""


class TickedForm(forms.Form):
    """Those ticked on the list; what is no longer in it is passed over by the service in words."""

    amendment = forms.ModelMultipleChoiceField(
        queryset=Amendment.objects.none(),
        error_messages={
            "required": gettext_lazy("Tick at least one."),
            "invalid_choice": gettext_lazy("One of these is no longer in your list."),
            "invalid_pk_value": gettext_lazy("One of these is no longer in your list."),
        },
    )

    def __init__(self, *args: Any, amendments: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ticked: Any = self.fields["amendment"]
        ticked.queryset = amendments
