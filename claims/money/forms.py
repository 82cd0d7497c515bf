"""What somebody asks of the money."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from catalogue.models import County, Exam, Position, SubCounty
from claims.models import MoneyChange, MoneyState, Road
from claims.money.report import By
from deployments.area_forms import Narrowing
from profiles.fields import DayField, LineField

HIDDEN = forms.HiddenInput


class ExamChoice(Narrowing):
    """The exams are read once, for the choice and for the page, each with `is_changing`: whether
    there is something that is not counted yet."""

    exam = forms.ChoiceField(
        label=_("Exam"),
        required=False,
        error_messages={"invalid_choice": _("Choose an exam from the list")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["exam"]
        field.choices = self._choices

    @cached_property
    def exams(self) -> dict[str, Any]:
        changes = MoneyChange.objects.filter(exam=OuterRef("pk"))
        exams = Exam.objects.annotate(is_changing=Exists(changes))
        return {str(exam.pk): exam for exam in exams}

    def _choices(self) -> list[tuple[str, Any]]:
        """Read when they are shown, or when one was chosen."""
        return [("", _("All exams")), *((pk, str(exam)) for pk, exam in self.exams.items())]

    def chosen_exam(self) -> Exam | None:
        found: Exam | None = self.exams.get(self.asked.get("exam", ""))
        return found

    @property
    def is_changing(self) -> bool:
        """Of what was asked for, something is not counted yet."""
        exam: Any = self.chosen_exam()
        return any(each.is_changing for each in ([exam] if exam else self.exams.values()))


class MoneyForm(ExamChoice):
    """How the report is cut, and what of. Places, positions and weeks are chosen in its rows."""

    field_order = ["by", "exam", "state", "channel"]

    by = forms.ChoiceField(label=_("A line for each"), choices=By, required=False)
    state = forms.ChoiceField(
        label=_("Where the money is"),
        required=False,
        choices=[("", _("Anywhere")), *MoneyState.choices],
    )
    channel = forms.ChoiceField(
        label=_("Channel"), required=False, choices=[("", _("All channels")), *Road.choices]
    )
    county = forms.ModelChoiceField(
        County.objects.all(), label=_("County"), required=False, widget=HIDDEN
    )
    sub_county = forms.ModelChoiceField(
        SubCounty.objects.select_related("county"),
        label=_("Sub-county"),
        required=False,
        widget=HIDDEN,
    )
    position = forms.ModelChoiceField(
        Position.objects.all(), label=_("Position"), required=False, widget=HIDDEN
    )
    year = forms.IntegerField(
        label=_("Year"), required=False, min_value=2000, max_value=2100, widget=HIDDEN
    )
    week = DayField(label=_("Week from"), required=False, widget=HIDDEN)
    held = forms.BooleanField(label=_("Held"), required=False, widget=HIDDEN)

    def clean_week(self) -> date | None:
        """Any day names its week."""
        day: date | None = self.cleaned_data["week"]
        return day - timedelta(days=day.weekday()) if day else None

    def by_what(self) -> By:
        return By(self.asked.get("by") or By.COUNTY)

    def narrowed(self, *visible: str) -> list[tuple[str, str, str]]:
        """What was chosen in the rows, or in these of the fields that are seen: the parameter,
        what it is, what was chosen."""
        hidden = ("year", "county", "sub_county", "position", "week", "held")
        return [
            (name, str(self.fields[name].label), self._said(name, value))
            for name in (*visible, *hidden)
            if (value := self.asked.get(name))
        ]

    def _said(self, name: str, value: Any) -> str:
        if value is True:
            return ""
        if not isinstance(value, str):
            return str(value)
        field: Any = self.fields[name]
        return str(dict(field.choices)[value])


class AreaMoneyForm(ExamChoice):
    by = forms.ChoiceField(
        label=_("A line for each"),
        choices=[("position", _("Position")), ("centre", _("Centre"))],
        required=False,
    )
    field_order = ["by", "exam"]


class FindForm(forms.Form):
    q = LineField(
        label=_("Payment, claim or person"),
        max_length=40,
        help_text=_(
            "Our reference (CP2-123), the receipt number, the number of a claim (claim 45), an "
            "officer's phone number or national ID number, each in full."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Enter what you look for")},
    )


class SampleForm(forms.Form):
    exam = forms.ModelChoiceField(
        Exam.objects.all(),
        label=_("Exam"),
        error_messages={"required": _("Choose the exam")},
    )
    size = forms.IntegerField(
        label=_("How many payments"),
        min_value=1,
        max_value=1000,
        initial=50,
        error_messages={"required": _("Enter how many payments to draw")},
    )
    seed = LineField(
        label=_("Seed"),
        max_length=40,
        required=False,
        help_text=_("Any word or number. Left empty, one is made and written down."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    by_county = forms.BooleanField(
        label=_("Share them out over the counties, by how many payments each has"), required=False
    )
