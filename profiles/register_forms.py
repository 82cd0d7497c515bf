"""What is typed about registers: by headquarters, who import them, and by directors, who know the
officers that they know otherwise."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cp2 import tables
from cp2.rules import Refused
from profiles.fields import LineField
from profiles.forms import choices
from profiles.models import Fact, Outcome, Register

MOST_BYTES = 32 * 1024 * 1024


class TableField(forms.FileField):
    """A CSV file or a workbook, as far as can be told without reading it."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.FileInput(attrs={"accept": ".csv,.txt,.xlsx"})
        super().__init__(**{"max_length": 255, "widget": widget, **kwargs})

    def clean(self, data: Any, initial: Any = None) -> Any:
        upload = super().clean(data, initial)
        if upload.size > MOST_BYTES:
            raise ValidationError(_("This file is larger than 32 MB. Send the rows in parts."))
        try:
            tables.kind(upload.file)
        except Refused as refusal:
            raise ValidationError(str(refusal)) from refusal
        return upload


class ImportForm(forms.Form):
    register = forms.ChoiceField(
        label=gettext_lazy("Register"),
        choices=choices(Register),
        error_messages={"required": gettext_lazy("Say which register this is")},
    )
    file = TableField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy(
            "CSV or Excel (.xlsx), at most 300,000 rows and 32 MB, with a heading: number, name "
            "and, for the TSC register, national_id."
        ),
        error_messages={
            "required": gettext_lazy("Choose the file"),
            "empty": gettext_lazy("There is nothing in this file."),
        },
    )


class BeginForm(forms.Form):
    """Only a file with bad lines asks for the tick."""

    saw_the_bad = forms.BooleanField(
        label=gettext_lazy("I have seen which lines are bad, and that they will not be imported"),
        error_messages={"required": gettext_lazy("Say that you have seen which lines are bad")},
    )

    def __init__(self, *args: Any, bad: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not bad:
            del self.fields["saw_the_bad"]

    @property
    def saw(self) -> bool:
        return bool(self.cleaned_data.get("saw_the_bad"))


SEEN = [
    ("", gettext_lazy("To look at")),
    ("yes", gettext_lazy("Accepted as the same person")),
    ("all", gettext_lazy("Both")),
]


class IdentityForm(forms.Form):
    """Which of them a director looks at."""

    register = forms.ChoiceField(
        label=gettext_lazy("Register"),
        required=False,
        choices=[("", gettext_lazy("All")), *Register.choices],
    )
    outcome = forms.ChoiceField(
        label=gettext_lazy("Outcome"),
        required=False,
        choices=[
            ("", gettext_lazy("All")),
            *((one.value, one.label) for one in (Outcome.MISMATCH, Outcome.NOT_FOUND)),
        ],
    )
    field = forms.ChoiceField(
        label=gettext_lazy("What differs"),
        required=False,
        choices=[("", gettext_lazy("All")), *Fact.choices],
    )
    seen = forms.ChoiceField(label=gettext_lazy("State"), required=False, choices=SEEN)


class AcceptForm(forms.Form):
    reason = LineField(
        label=gettext_lazy("How you know"),
        max_length=300,
        help_text=gettext_lazy(
            "For example: married since, I have seen the ID card and the certificate."
        ),
        error_messages={"required": gettext_lazy("Say how you know that it is the same person")},
    )
