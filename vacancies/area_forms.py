"""What a sub-county's office may type about the applications it decides on."""

from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from profiles.fields import LineField
from vacancies.area import Line
from vacancies.models import ApplicationStatus

MOST_NAMED = 100  # as many names as one looks through on one page

SORTS = [
    ("", _("Newest first")),
    ("experience", _("Most years served first")),
    ("service", _("Most exam days served before first")),
    ("distance", _("Nearest first")),
    ("name", _("By name")),
]


class WordsForm(forms.Form):
    """What is asked before anything can be offered."""

    q = LineField(
        label=_("Name, ID number or phone"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    near = LineField(
        label=_("Distance to the centre with this code"),
        required=False,
        max_length=12,
        help_text=_("Empty: to the middle of your stations."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_near(self) -> str:
        return str(self.cleaned_data["near"]).upper()

    def words(self) -> dict[str, str]:
        """What was typed wrongly is left out; the form of the page says so beside it."""
        self.is_valid()
        return {name: self.cleaned_data.get(name, "") for name in ("q", "near")}


class AreaFilterForm(WordsForm):
    """Which applications a director looks at; offers only what the sub-county has vacancies for."""

    exam = forms.ChoiceField(label=_("Exam"), required=False)
    position = forms.ChoiceField(label=_("Position"), required=False)
    status = forms.ChoiceField(
        label=_("Status"), required=False, choices=[("", _("All")), *ApplicationStatus.choices]
    )
    sort = forms.ChoiceField(label=_("Order"), required=False, choices=SORTS)

    field_order = ["exam", "position", "status", "q", "sort", "near"]

    def __init__(
        self, *args: Any, lines: Iterable[Line], centre_is_known: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.centre_is_known = centre_is_known
        lines = list(lines)
        exams = {(str(line.exam), line.exam_name) for line in lines}
        positions = {(line.rank, str(line.position), line.position_name) for line in lines}
        self._offer("exam", sorted(exams))
        self._offer("position", [(pk, name) for _rank, pk, name in sorted(positions)])

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = cast(forms.ChoiceField, self.fields[name])
        field.choices = [("", _("All")), *choices]

    def clean_near(self) -> str:
        near = super().clean_near()
        if near and not self.centre_is_known:
            raise forms.ValidationError(
                _("No station of your sub-county has this code, or KNEC does not know where it is")
            )
        return near

    @property
    def asked(self) -> dict[str, Any]:
        """What was typed wrongly narrows nothing; the form says so beside it."""
        return self.cleaned_data if self.is_valid() else {}


class FirstForm(forms.Form):
    """How many from the top of the list."""

    first = forms.IntegerField(
        label=_("How many"),
        min_value=1,
        max_value=MOST_NAMED,
        initial=10,
        error_messages={"required": _("Enter how many")},
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )


class UnsuccessfulForm(forms.Form):
    reason = LineField(
        label=_("Reason"),
        max_length=300,
        help_text=_("The applicant reads it, and the beginning of it goes out by text."),
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Enter the reason")},
    )
