"""What an officer says of where they may serve."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalogue.models import DutyStation, Position, Skill, Subject
from profiles.fields import CodeField, LineField, WholeNumberField
from profiles.forms import choices
from profiles.models import Nature

MOST_SUBJECTS = 5


def subjects() -> list[tuple[str, str]]:
    return [(subject.code, subject.name) for subject in Subject.objects.all()]


def papers() -> list[tuple[str, Any]]:
    """Those that examiners are hired for."""
    known = Position.objects.exclude(paper="").select_related("subject").order_by("paper")
    named = {each.paper: f"{each.paper} {each.subject.name}" for each in known if each.subject}
    return [("", gettext_lazy("Choose")), *named.items()]


class TeachingForm(forms.Form):
    subjects = forms.MultipleChoiceField(
        label=gettext_lazy("Subjects that you teach"),
        choices=subjects,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Five at most."),
    )
    skills = forms.MultipleChoiceField(
        label=gettext_lazy("What you can do for candidates who need it"),
        choices=Skill,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Tick only what you read, sign or speak well enough to invigilate."),
    )

    def clean_subjects(self) -> list[str]:
        chosen: list[str] = self.cleaned_data["subjects"]
        if len(chosen) > MOST_SUBJECTS:
            raise ValidationError(_("Tick five subjects at most."))
        return chosen


class TrainingForm(forms.Form):
    paper = forms.ChoiceField(
        label=gettext_lazy("Paper"),
        choices=papers,
        error_messages={"required": gettext_lazy("Choose the paper from the list.")},
    )
    year = WholeNumberField(
        label=gettext_lazy("Year of the training"),
        min_value=1980,
        max_value=2100,
        error_messages={"required": gettext_lazy("Enter the year, for example 2023.")},
    )
    certificate_number = CodeField(
        label=gettext_lazy("Certificate number"),
        max_length=30,
        help_text=gettext_lazy("As it stands on the certificate that KNEC gave you."),
        error_messages={"required": gettext_lazy("Enter the number on the certificate.")},
    )

    def clean_year(self) -> int:
        year: int = self.cleaned_data["year"]
        if year > timezone.localdate().year:
            raise ValidationError(_("This year has not come yet."))
        return year


class InterestForm(forms.Form):
    station = CodeField(
        label=gettext_lazy("KNEC code of the school or centre"),
        help_text=gettext_lazy("For example 10100001."),
        error_messages={"required": gettext_lazy("Enter the code of the school or centre.")},
    )
    nature = forms.ChoiceField(
        label=gettext_lazy("What it is"),
        choices=choices(Nature),
        error_messages={"required": gettext_lazy("Choose what it is from the list.")},
    )
    words = LineField(
        label=gettext_lazy("In your own words"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("Needed if it is something else."),
    )

    def clean_station(self) -> DutyStation:
        station = DutyStation.objects.filter(code=self.cleaned_data["station"]).first()
        if station is None:
            raise ValidationError(_("No centre has this code. Correct it."))
        return station


class RecordedInterestForm(InterestForm):
    """By an office."""

    words = LineField(
        label=gettext_lazy("How this is known"),
        max_length=300,
        help_text=gettext_lazy("The officer can read this."),
        error_messages={"required": gettext_lazy("Say how this is known.")},
    )
