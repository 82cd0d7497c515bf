"""What whoever leaves a centre writes for whoever comes after them."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from attendance.report_forms import MOST
from catalogue.models import Exam
from deployments.area_forms import Narrowing
from deployments.forms import ChosenField, offer
from profiles.fields import ProseField


class HandoverForm(forms.Form):
    issues = ProseField(
        label=gettext_lazy("Issues observed"),
        max_length=MOST,
        help_text=gettext_lazy("What the next supervisor must know. If there was nothing, say so."),
        error_messages={"required": gettext_lazy("Say what you observed, or that it was nothing")},
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    absent_candidates = ProseField(
        label=gettext_lazy("Absent candidates"),
        max_length=MOST,
        required=False,
        help_text=gettext_lazy("Index numbers, and the papers that they missed."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    hardship = ProseField(
        label=gettext_lazy("Hardship cases"),
        max_length=MOST,
        required=False,
        help_text=gettext_lazy(
            "Candidates who are ill, bereaved or expecting, and what they need."
        ),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class HandoversForm(Narrowing):
    exam = ChosenField(
        queryset=Exam.objects.none(),
        label=gettext_lazy("Exam"),
        required=False,
        empty_label=gettext_lazy("All exams"),
    )
    missing = forms.BooleanField(
        label=gettext_lazy("Only where nothing was handed over"), required=False
    )

    def __init__(self, *args: Any, exams: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "exam", exams)
