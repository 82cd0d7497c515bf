"""Which centres are given a password on paper."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalogue.models import CentreEntry, CentreEntryQuerySet, Exam
from deployments.forms import ChosenSeveralField, offer


class SlipExamForm(forms.Form):
    """For which exam a director looks at the centres' passwords."""

    exam = forms.TypedChoiceField(
        label=gettext_lazy("Exam"),
        coerce=int,
        required=False,
        error_messages={"invalid_choice": gettext_lazy("Choose an exam from the list")},
    )

    def __init__(self, *args: Any, exams: Sequence[Exam], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.exams = {exam.pk: exam for exam in exams}
        field: Any = self.fields["exam"]
        field.choices = [(exam.pk, str(exam)) for exam in exams]

    def chosen(self) -> Exam | None:
        data = self.cleaned_data if self.is_valid() else {}
        return self.exams.get(data["exam"]) if data.get("exam") else None


class SlipCentresField(ChosenSeveralField):
    most = 50

    def clean(self, value: Any) -> Any:
        if len(value or []) > self.most:
            raise ValidationError(
                _("Tick at most %(most)s centres at a time."), "too_many", {"most": self.most}
            )
        return super().clean(value)


class SlipsForm(forms.Form):
    """The centres that were ticked."""

    centre = SlipCentresField(
        queryset=CentreEntry.objects.none(),
        label=gettext_lazy("Centres"),
        error_messages={"required": gettext_lazy("Tick the centres that need a slip")},
    )

    def __init__(self, *args: Any, entries: CentreEntryQuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "centre", entries)

    @property
    def names_none_of_ours(self) -> bool:
        """Something was posted that the page never offered: another's centre, or no number."""
        return self.has_error("centre", "invalid_choice")

    def ticked(self) -> set[str]:
        return set(self["centre"].value() or [])
