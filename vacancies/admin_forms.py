"""What headquarters types about vacancies."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from catalogue.models import County, Exam, Position
from cp2.rules import Refused
from vacancies import opening
from vacancies.models import Vacancy

DAY_STARTS, DAY_ENDS = time(8), time(23, 59)


class MomentField(forms.SplitDateTimeField):
    """A day and a time, each in the field that the browser offers for it."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.SplitDateTimeWidget(
            date_attrs={"type": "date"},
            time_attrs={"type": "time"},
            date_format="%Y-%m-%d",
            time_format="%H:%M",
        )
        super().__init__(
            input_date_formats=["%Y-%m-%d"],
            input_time_formats=["%H:%M", "%H:%M:%S"],
            widget=widget,
            **kwargs,
        )


def moment(day: Any, at: time) -> datetime:
    return timezone.make_aware(datetime.combine(day, at))


class VacancyForm(forms.ModelForm[Vacancy]):
    """One vacancy. The rules are the service's; here they are said beside the fields."""

    class Meta:
        model = Vacancy
        fields = [
            "exam",
            "activity",
            "station_kind",
            "position",
            "sub_county",
            "places",
            "override_reason",
            "opens_at",
            "closes_at",
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            vacancy = Vacancy(
                **{
                    field.attname: getattr(self.instance, field.attname)
                    for field in Vacancy._meta.concrete_fields
                }
            )
            for name, value in cleaned.items():
                setattr(vacancy, name, value)
            counted = opening.entitled([vacancy.exam_id]).get(opening.key(vacancy))
            try:
                opening.refuse(vacancy, counted)
            except Refused as refusal:
                raise forms.ValidationError(str(refusal)) from refusal
        return cleaned


class WindowForm(forms.Form):
    """Another window for many. What is left empty stays as it is."""

    opens_at = MomentField(label=_("Opens"), required=False)
    closes_at = MomentField(label=_("Deadline"), required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        opens_at, closes_at = cleaned.get("opens_at"), cleaned.get("closes_at")
        if not self.errors and not opens_at and not closes_at:
            raise forms.ValidationError(gettext("Enter a deadline, or when they open"))
        if opens_at and closes_at and closes_at <= opens_at:
            self.add_error(
                "closes_at", gettext("The deadline must come after the day on which it opens.")
            )
        return cleaned


class ExamWindowForm(WindowForm):
    """The same for all vacancies of an exam, or those of one position."""

    exam = forms.ModelChoiceField(
        Exam.objects.all(),
        label=_("Exam"),
        error_messages={"required": _("Choose the exam")},
    )
    position = forms.ModelChoiceField(
        Position.objects.all(), label=_("Position"), required=False, empty_label=_("All")
    )

    field_order = ["exam", "position"]


class PlacesForm(forms.Form):
    """Whose applicants are counted."""

    exam = forms.ModelChoiceField(
        Exam.objects.filter(vacancies__isnull=False).distinct(), label=_("Exam"), required=False
    )
    position = forms.ModelChoiceField(
        Position.objects.all(), label=_("Position"), required=False, empty_label=_("All")
    )
    county = forms.ModelChoiceField(
        County.objects.order_by("name"), label=_("County"), required=False, empty_label=_("All")
    )


class FileForm(forms.Form):
    file = forms.FileField(
        label=_("File (CSV or Excel)"),
        error_messages={"required": _("Choose the file")},
    )


def sensible_window(exam: Exam) -> tuple[datetime, datetime]:
    """From this morning for two weeks, but not up to the rehearsal itself; for an exam that is so
    near or has begun, a few days."""
    today = timezone.localdate()
    last = min(today + timedelta(days=14), exam.rehearsal_on - timedelta(days=7))
    if last <= today:
        last = min(today + timedelta(days=3), max(exam.ends_on, today))
    return moment(today, DAY_STARTS), moment(last, DAY_ENDS)
