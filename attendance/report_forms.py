"""A supervisor's report of a day, and what a director asks of the reports."""

from datetime import date, time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalogue.models import Exam
from deployments.area_forms import Narrowing
from deployments.forms import ChosenField, offer
from profiles.fields import DayField, ProseField, WholeNumberField

MOST = 2000  # characters


class TimeOfDayField(forms.TimeField):
    """By the clock of the phone, or typed as 07:15."""

    default_error_messages = {
        "invalid": gettext_lazy("Enter a time of the day, such as 07:15."),
    }

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TimeInput(format="%H:%M", attrs={"type": "time"})
        formats = ["%H:%M", "%H:%M:%S", "%H.%M"]
        super().__init__(
            **{"widget": widget, "input_formats": formats, "required": False, **kwargs}
        )

    def to_python(self, value: Any) -> time | None:
        if isinstance(value, str) and not value.isascii():
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(value)


class ReportForm(forms.Form):
    candidates_absent = WholeNumberField(
        label=gettext_lazy("Candidates absent"),
        min_value=0,
        max_value=32767,
        help_text=gettext_lazy("0 if all of them came."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={
            "required": gettext_lazy("Enter how many candidates were absent, 0 if none"),
            "min_value": gettext_lazy("Enter 0 or more."),
            "max_value": gettext_lazy("No centre has as many candidates."),
        },
    )
    incidents = ProseField(
        label=gettext_lazy("Incidents"),
        max_length=MOST,
        required=False,
        help_text=gettext_lazy(
            "Whatever was out of order: illness, late papers, cheating. Leave it empty if nothing "
            "was. The centre, both directors and KNEC read it."
        ),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    materials_in_at = TimeOfDayField(label=gettext_lazy("Materials received at the centre"))
    materials_out_at = TimeOfDayField(
        label=gettext_lazy("Materials returned"),
        help_text=gettext_lazy("When the packed scripts left the centre."),
    )
    second_in_at = TimeOfDayField(
        label=gettext_lazy("Received again"),
        help_text=gettext_lazy("Where papers are collected twice a day."),
    )
    second_out_at = TimeOfDayField(label=gettext_lazy("Returned again"))

    def __init__(self, *args: Any, candidates: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.candidates = candidates

    def clean_candidates_absent(self) -> int:
        absent: int = self.cleaned_data["candidates_absent"]
        if self.candidates is not None and absent > self.candidates:
            raise ValidationError(
                _("This centre has %(count)d candidates; no more can be absent.")
                % {"count": self.candidates}
            )
        return absent

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self._in_turn("materials_in_at", "materials_out_at")
        self._in_turn("second_in_at", "second_out_at")
        self._in_turn("materials_in_at", "second_in_at")
        first_out, again = data.get("materials_out_at"), data.get("second_in_at")
        if first_out and again and again < first_out:
            self.add_error(
                "second_in_at", _("The second materials come after the first were returned.")
            )
        return data

    def _in_turn(self, first: str, then: str) -> None:
        if first in self.errors or then in self.errors or not self.cleaned_data.get(then):
            return
        before, after = self.cleaned_data.get(first), self.cleaned_data[then]
        if before is None:
            self.add_error(first, _("Enter this time too; the one after it is given."))
        elif after < before:
            self.add_error(
                then,
                _("This is before %(time)s. Check the two times.") % {"time": f"{before:%H:%M}"},
            )


class ReportsForm(Narrowing):
    """A director's list: of one day or, where that is left empty, of all."""

    day = DayField(
        label=gettext_lazy("Day"), required=False, help_text=gettext_lazy("Empty: all days.")
    )
    exam = ChosenField(
        queryset=Exam.objects.none(),
        label=gettext_lazy("Exam"),
        required=False,
        empty_label=gettext_lazy("All exams"),
    )
    shows = forms.ChoiceField(
        label=gettext_lazy("Show"),
        required=False,
        choices=[
            ("", gettext_lazy("Written")),
            ("incidents", gettext_lazy("With incidents only")),
            ("missing", gettext_lazy("Not written")),
        ],
    )

    def __init__(self, *args: Any, exams: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "exam", exams)

    @property
    def lists_missing(self) -> bool:
        return bool(self.asked.get("shows") == "missing")

    @property
    def day_asked(self) -> date:
        """Whoever is missing is so on a day."""
        day: date = self.asked.get("day") or timezone.localdate()
        return day
