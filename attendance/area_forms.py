"""What a director asks for."""

from datetime import date
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy

from catalogue.models import Exam
from profiles.fields import DayField


class DayForm(forms.Form):
    """Which day and which exam a director looks at; a link without them shows today."""

    day = DayField(label=gettext_lazy("Day"), required=False)
    exam = forms.ModelChoiceField(
        Exam.objects.none(),
        label=gettext_lazy("Exam"),
        required=False,
        empty_label=gettext_lazy("All exams"),
        error_messages={"invalid_choice": gettext_lazy("Choose an exam from the list")},
    )

    def __init__(self, *args: Any, exams: QuerySet[Exam], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["exam"].queryset = exams  # type: ignore[attr-defined]  # a ModelChoiceField

    def chosen(self) -> tuple[date, Exam | None]:
        """The day and the exam, as far as they were given."""
        data = self.cleaned_data if self.is_valid() else {}
        return data.get("day") or timezone.localdate(), data.get("exam")


class AbsentForm(forms.Form):
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
        return str(self.cleaned_data["mark"]) if self.is_valid() else ""
