"""What is typed on the way to an open season."""

from datetime import date
from typing import Any, cast

from django import forms
from django.db import models
from django.forms.formsets import BaseFormSet
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalogue.models import DayKind, Exam, PositionTerms
from catalogue.papers import PapersField
from cp2.admin_fields import FIELDS, PlainDateField, WordedForm
from cp2.opening import last_year
from profiles.fields import LineField

MOST_DAYS, EXTRA_DAYS = 120, 3


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self, attrs: Any = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


def careful(field: Any, **more: Any) -> Any:
    form_class = FIELDS.get(type(field))
    if form_class:
        more["form_class"] = form_class
    if isinstance(field, models.DateField):
        more["widget"] = DateInput
    return field.formfield(**more)


class FromForm(forms.Form):
    """Which exam the new one is copied from."""

    of = forms.ModelChoiceField(
        Exam.objects.all(),
        label=gettext_lazy("Copied from"),
        required=False,
        empty_label=gettext_lazy("None: a new exam"),
    )


class ExamForm(WordedForm):
    """A new exam. It may not have the year and number of another one."""

    class Meta:
        model = Exam
        fields = [
            "year",
            "code",
            "abbreviation",
            "name",
            "rehearsal_on",
            "starts_on",
            "ends_on",
            "cooling_off_years",
            "hosting_threshold",
            "centres_sign_in_for",
            "registers_due_at",
            "registers_close_after",
            "registers_close_at",
        ]
        formfield_callback = careful

    def clean_year(self) -> int:
        year: int = self.cleaned_data["year"]
        if not 2000 <= year <= 2100:
            raise forms.ValidationError(_("Enter the year as four digits, such as 2026."))
        return year


class DayForm(forms.Form):
    day = PlainDateField(label=gettext_lazy("Day"), widget=DateInput, required=False)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=DayKind, required=False)
    papers = PapersField(label=gettext_lazy("Papers"))
    remove = forms.BooleanField(label=gettext_lazy("Take away"), required=False)

    def __init__(self, *args: Any, exam: Exam, notes: dict[date, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.exam, self.notes = exam, notes
        for name, field in self.fields.items():
            field.widget.attrs["aria-label"] = self.fields[name].label

    @property
    def note(self) -> str:
        """What there is to know of the day in this row."""
        day = self._day()
        return (self.notes.get(day) or weekday(day)) if day else ""

    @property
    def warns(self) -> bool:
        day = self._day()
        return day is not None and (day in self.notes or last_year.is_weekend(day))

    def _day(self) -> date | None:
        """What stands in the box, typed or from before."""
        try:
            day: date | None = self.fields["day"].to_python(self["day"].value())
        except forms.ValidationError:
            return None
        return day

    def clean_day(self) -> date | None:
        day: date | None = self.cleaned_data.get("day")
        gone = self.data.get(self.add_prefix("remove"))
        if day and not gone and not self.exam.rehearsal_on <= day <= self.exam.ends_on:
            raise forms.ValidationError(
                _("The exam lasts from %(first)s to %(last)s. Choose a day between them.")
                % {
                    "first": date_format(self.exam.rehearsal_on, "j M Y"),
                    "last": date_format(self.exam.ends_on, "j M Y"),
                }
            )
        return day

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and cleaned.get("papers") and not cleaned.get("day"):
            self.add_error("day", _("Enter the day on which these papers are sat."))
        if cleaned.get("day") and not cleaned.get("kind"):
            self.add_error("kind", _("Choose what kind of day it is."))
        return cleaned


def weekday(day: date) -> str:
    return date_format(day, "l")


class DaysFormSet(BaseFormSet[DayForm]):
    def clean(self) -> None:
        seen: set[date] = set()
        for form in self.forms:
            day = form.cleaned_data.get("day") if form.is_valid() else None
            if not day or form.cleaned_data.get("remove"):
                continue
            if day in seen:
                form.add_error("day", _("This day is there twice."))
            seen.add(day)

    def wanted(self) -> last_year.Days:
        return {
            form.cleaned_data["day"]: (form.cleaned_data["kind"], form.cleaned_data["papers"])
            for form in self.forms
            if form.cleaned_data.get("day") and not form.cleaned_data.get("remove")
        }


DAYS = forms.formset_factory(
    DayForm,
    formset=DaysFormSet,
    extra=EXTRA_DAYS,
    max_num=MOST_DAYS,
    absolute_max=MOST_DAYS,
    validate_max=True,
)


class TermsForm(forms.Form):
    """One position: its figures, what they were last year, and whether it is taken over."""

    take = forms.BooleanField(label=gettext_lazy("Take over"), required=False)

    def __init__(
        self,
        *args: Any,
        row: PositionTerms,
        was: PositionTerms | None,
        is_fixed: bool,
        begins: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.row, self.was, self.is_fixed = row, was, is_fixed
        self.is_there = row.pk is not None
        if self.is_there:
            del self.fields["take"]
        else:
            self.fields["take"].initial = begins
        for name in last_year.FIGURES:
            field = cast(forms.Field, careful(PositionTerms._meta.get_field(name)))
            field.initial = getattr(row, name)
            field.help_text = ""
            field.widget.attrs.update(
                {"aria-label": f"{row.position}: {last_year.name_of(name)}", "class": "figure"}
            )
            self.fields[name] = field
        if is_fixed:
            self.fields["daily_rate"].disabled = True

    @property
    def figures(self) -> list[tuple[forms.BoundField, str | None]]:
        """Each box, and what it was last year if that is something else."""
        shown = []
        for name in last_year.FIGURES:
            field = PositionTerms._meta.get_field(name)
            old = last_year.said(field, getattr(self.was, name)) if self.was else None
            now = last_year.said(field, getattr(self.row, name))
            shown.append((self[name], old if old != now else None))
        return shown

    @property
    def other_changes(self) -> list[last_year.Change]:
        """Of what is behind the row's link."""
        if not self.was or not self.is_there:
            return []
        found = last_year.changes(self.was, self.row)
        return [change for change in found if change.name not in last_year.FIGURES]

    @property
    def is_wanted(self) -> bool:
        return self.is_there or bool(self.cleaned_data.get("take"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            tried = PositionTerms(
                **{
                    field.attname: getattr(self.row, field.attname)
                    for field in PositionTerms._meta.concrete_fields
                }
            )
            for name in last_year.FIGURES:
                setattr(tried, name, cleaned[name])
            self._check(tried)
        return cleaned

    def _check(self, tried: PositionTerms) -> None:
        columns = [field.name for field in PositionTerms._meta.concrete_fields]
        try:
            tried.clean_fields(exclude=[name for name in columns if name not in last_year.FIGURES])
        except forms.ValidationError as error:
            self.add_error(None, error)
            return
        if tried.candidates_per_officer == 0:
            self.add_error("candidates_per_officer", _("Enter 1 or more."))
        if tried.centres_per_officer == 0:
            self.add_error("centres_per_officer", _("Enter 1 or more."))
        if tried.daily_rate < 0:
            self.add_error("daily_rate", _("Enter 0 or more."))
        if tried.days_to_respond == 0:
            self.add_error("days_to_respond", _("Enter 1 day or more."))

    def wanted(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in last_year.FIGURES}


class NoteForm(forms.Form):
    note = LineField(
        label=gettext_lazy("Note"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("What whoever reads this later should know."),
    )


class ReasonForm(forms.Form):
    reason = LineField(
        label=gettext_lazy("Reason"),
        max_length=300,
        error_messages={"required": gettext_lazy("Give the reason.")},
    )
