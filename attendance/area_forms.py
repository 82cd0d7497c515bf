"""What a director asks for."""

from datetime import date
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.models import User
from attendance.today import State
from catalogue.models import CentreEntry, County, Exam, SubCounty
from deployments.area_forms import Narrowing
from profiles.fields import DayField


def exams_of(user: User) -> list[Exam]:
    """Those for which centres that this person sees are entered, the newest first."""
    entries = CentreEntry.objects.visible_to(user)
    return list(Exam.objects.filter(pk__in=entries.values("exam")))


class ExamForm(Narrowing):
    """Which exam somebody looks at; they are read once, for the choice and for the page."""

    exam = forms.ChoiceField(
        label=gettext_lazy("Exam"),
        required=False,
        error_messages={"invalid_choice": gettext_lazy("Choose an exam from the list")},
    )

    def __init__(self, *args: Any, exams: list[Exam], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.exams = {str(exam.pk): exam for exam in exams}
        choices = [(pk, str(exam)) for pk, exam in self.exams.items()]
        field: Any = self.fields["exam"]
        field.choices = [("", gettext_lazy("All exams")), *choices]

    def chosen_exam(self) -> Exam | None:
        return self.exams.get(self.asked.get("exam", ""))


class DayForm(ExamForm):
    """Which day and which exam, and of that which centres; a link without them shows today."""

    field_order = ["day", "exam", "state"]

    day = DayField(label=gettext_lazy("Day"), required=False)
    state = forms.ChoiceField(
        label=gettext_lazy("Centres"),
        required=False,
        choices=[("", gettext_lazy("All centres")), *State.choices],
    )
    # whoever stopped the page from renewing itself does not have it start again by narrowing it
    still = forms.CharField(required=False, widget=forms.HiddenInput, max_length=1)

    def chosen(self) -> tuple[date, Exam | None, State | None]:
        """As far as they were given."""
        state = self.asked.get("state")
        day = self.asked.get("day") or timezone.localdate()
        return day, self.chosen_exam(), State(state) if state else None


class AbsentForm(Narrowing):
    mark = forms.ChoiceField(
        label=gettext_lazy("In the last register"),
        required=False,
        choices=[
            ("", gettext_lazy("Absent or not marked")),
            ("absent", gettext_lazy("Marked absent")),
            ("none", gettext_lazy("Not marked")),
        ],
    )

    def chosen(self) -> str:
        return str(self.asked.get("mark", ""))


class NationForm(DayForm):
    """As headquarters asks: of all counties, of one, or of one sub-county's centres."""

    field_order = ["day", "exam", "state"]

    county = forms.ModelChoiceField(
        County.objects.all(), label=gettext_lazy("County"), required=False, widget=forms.HiddenInput
    )
    sub_county = forms.ModelChoiceField(
        SubCounty.objects.select_related("county"),
        label=gettext_lazy("Sub-county"),
        required=False,
        widget=forms.HiddenInput,
    )

    def place(self) -> County | SubCounty | None:
        found: County | SubCounty | None = self.asked.get("sub_county") or self.asked.get("county")
        return found
