from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from profiles.fields import LineField
from vacancies.models import ApplicationQuerySet, ApplicationStatus, VacancyQuerySet


class ApplyForm(forms.Form):
    confirm = forms.BooleanField(
        label=_("My profile is true and complete, and I will serve if I am deployed."),
        error_messages={"required": _("Tick the box to confirm, then submit your application")},
    )


class AreaFilterForm(forms.Form):
    """Which applications a director looks at; offers only what the sub-county has vacancies for."""

    exam = forms.ChoiceField(label=_("Exam"), required=False)
    position = forms.ChoiceField(label=_("Position"), required=False)
    status = forms.ChoiceField(
        label=_("Status"), required=False, choices=[("", _("All")), *ApplicationStatus.choices]
    )
    q = LineField(
        label=_("Name, ID number or phone"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, vacancies: VacancyQuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = list(vacancies.kinds())
        exams = {(str(exam), f"{short} {year}") for exam, short, year, *_position in known}
        positions = {(rank, str(pk), name) for _exam, _short, _year, pk, name, rank in known}
        self._offer("exam", sorted(exams))
        self._offer("position", [(pk, name) for _rank, pk, name in sorted(positions)])

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = cast(forms.ChoiceField, self.fields[name])
        field.choices = [("", _("All")), *choices]

    def narrow(self, applications: ApplicationQuerySet) -> ApplicationQuerySet:
        """What was typed wrongly narrows nothing; the form says so beside it."""
        if not self.is_valid():
            return applications
        asked = self.cleaned_data
        if asked["exam"]:
            applications = applications.filter(exam=asked["exam"])
        if asked["position"]:
            applications = applications.filter(vacancy__position=asked["position"])
        if asked["status"]:
            applications = applications.filter(status=asked["status"])
        return applications.of_person(asked["q"]) if asked["q"] else applications


class UnsuccessfulForm(forms.Form):
    reason = LineField(
        label=_("Reason"),
        max_length=300,
        help_text=_("The applicant reads it, and the beginning of it goes out by text."),
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Enter the reason")},
    )
