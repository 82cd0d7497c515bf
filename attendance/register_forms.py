"""A register as it is marked, and as it is amended."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from attendance.forms import PersonForm
from attendance.models import MarkStatus
from attendance.serving import Line, version
from profiles.fields import LineField


class MarksForm(forms.Form):
    """One choice for each officer who serves at the centre that day and is not marked elsewhere."""

    def __init__(
        self, *args: Any, lines: Iterable[Line], all_present: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        asked = (line for line in lines if not line.elsewhere)
        self.lines = {f"officer_{line.officer_id}": line for line in asked}
        for name, line in self.lines.items():
            self.fields[name] = forms.ChoiceField(
                choices=MarkStatus,
                label=line.officer,
                help_text=f"{line.number}. {line.position}",
                initial=MarkStatus.PRESENT if all_present else line.status,
                widget=forms.RadioSelect,
                error_messages={
                    "required": _("Say whether %(officer)s was present") % {"officer": line.officer}
                },
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if any(name.startswith("officer_") and name not in self.lines for name in self.data):
            raise ValidationError(
                _("The list of officers has changed since you opened it. Look at it again.")
            )
        return data

    def officers(self) -> list[forms.BoundField]:
        return [self[name] for name in self.lines]

    def marks(self) -> dict[int, MarkStatus]:
        return {
            line.officer_id: MarkStatus(self.cleaned_data[name])
            for name, line in self.lines.items()
        }


class RegisterForm(PersonForm, MarksForm):
    """A day's register as the centre marks it, by whoever sits at the shared account."""

    # Which version of the register this page shows; an old page never overwrites a newer mark.
    seen = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)

    late_reason = LineField(
        label=gettext_lazy("Why is it marked after the day?"),
        max_length=300,
        help_text=gettext_lazy("For example: no network all day. Your director reads it."),
        error_messages={"required": gettext_lazy("Say why this day is marked after it was over")},
    )

    def __init__(self, *args: Any, is_late: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_late:
            del self.fields["late_reason"]
        self.initial["seen"] = version(line.received_at for line in kwargs["lines"])

    def posted(self) -> dict[str, Any]:
        """What `services.mark_all` asks for."""
        data = self.cleaned_data
        return {
            "marks": self.marks(),
            "acting_name": data["acting_name"],
            "seen": data["seen"] if "seen" in self.data else None,
            "late_reason": data.get("late_reason", ""),
        }


class AmendForm(MarksForm):
    """A submitted register as a director changes it: with a reason."""

    reason = LineField(
        label=gettext_lazy("Reason"),
        max_length=300,
        help_text=gettext_lazy("What was wrong, and how you know. It stays in the audit trail."),
        error_messages={"required": gettext_lazy("Enter the reason for the change")},
    )
