"""What a centre reports, and what a director answers."""

from collections.abc import Iterable
from datetime import date
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from attendance.forms import PersonForm
from attendance.models import CentreReportStatus, ReportKind
from attendance.report_forms import MOST
from catalogue.models import Exam
from deployments.area_forms import Narrowing
from deployments.forms import ChosenField, offer
from deployments.models import Deployment
from profiles.fields import DayField, ProseField


class CentreReportForm(PersonForm):
    kind = forms.ChoiceField(
        label=gettext_lazy("What do you report?"),
        choices=[
            (ReportKind.NO_SHOW, gettext_lazy("Somebody did not come")),
            (ReportKind.INCIDENT, gettext_lazy("An incident")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Say what you report")},
    )
    officer = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Who did not come today?"),
        required=False,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Leave this empty for an incident."),
        error_messages={
            "invalid_choice": gettext_lazy(
                "The list of officers has changed since you opened it. Look at it again."
            )
        },
    )
    day = DayField(label=gettext_lazy("Day"))
    text = ProseField(
        label=gettext_lazy("What happened"),
        max_length=MOST,
        required=False,
        help_text=gettext_lazy("Both directors and KNEC read it."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    field_order = ["acting_name", "kind", "officer", "day", "text"]

    def __init__(
        self, *args: Any, serving: Iterable[Deployment], first_day: date, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.serving = {row.pk: row for row in serving}
        self.first_day = first_day
        cast(forms.ChoiceField, self.fields["officer"]).choices = [
            (pk, f"{row.officer.full_name}, {row.post.position}")
            for pk, row in self.serving.items()
        ]
        if not self.serving:
            self.fields["officer"].help_text = _("Nobody is expected here today.")
        self.initial["day"] = timezone.localdate()

    def clean_day(self) -> date:
        day: date = self.cleaned_data["day"]
        if not self.first_day <= day <= timezone.localdate():
            raise ValidationError(_("Choose a day of the exam that has been, or today."))
        return day

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        match data.get("kind"):
            case ReportKind.NO_SHOW:
                if not data.get("officer") and "officer" not in self.errors:
                    self.add_error("officer", _("Tick who did not come."))
                if data.get("day") and data["day"] != timezone.localdate():
                    self.add_error(
                        "day",
                        _(
                            "Whoever does not come is reported on the day itself; of earlier days "
                            "the register says it."
                        ),
                    )
            case ReportKind.INCIDENT:
                if not data.get("text") and "text" not in self.errors:
                    self.add_error("text", _("Say what happened."))
                if data.get("officer"):
                    self.add_error(
                        "officer",
                        _("Untick them, or report that they did not come: one thing at a time."),
                    )
        return data

    @property
    def absent(self) -> list[Deployment]:
        return [self.serving[pk] for pk in self.cleaned_data["officer"]]


class CentreReportsForm(Narrowing):
    kind = forms.ChoiceField(
        label=gettext_lazy("Show"),
        required=False,
        choices=[
            ("", gettext_lazy("All")),
            (ReportKind.NO_SHOW, gettext_lazy("Who did not come")),
            (ReportKind.INCIDENT, gettext_lazy("Incidents")),
        ],
    )
    status = forms.ChoiceField(
        label=gettext_lazy("Status"),
        required=False,
        choices=[("", gettext_lazy("All")), *CentreReportStatus.choices],
    )
    exam = ChosenField(
        queryset=Exam.objects.none(),
        label=gettext_lazy("Exam"),
        required=False,
        empty_label=gettext_lazy("All exams"),
    )
    ours = forms.BooleanField(
        label=gettext_lazy("Only those that this office settles"), required=False
    )

    def __init__(self, *args: Any, exams: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "exam", exams)


class AnswerForm(forms.Form):
    answer = ProseField(
        label=gettext_lazy("Your answer"),
        max_length=MOST,
        help_text=gettext_lazy("What you have done or decided. The centre reads it."),
        error_messages={"required": gettext_lazy("Enter your answer")},
        widget=forms.Textarea(attrs={"rows": 4}),
    )
