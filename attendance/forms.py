"""What a centre and a director may type."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from attendance.models import MarkStatus
from attendance.serving import Line, version
from catalogue.models import CentreEntry, CentreEntryQuerySet, Exam
from deployments.forms import ChosenSeveralField, offer
from profiles.fields import DayField, LineField, NameField


class PersonField(NameField):
    """The name of whoever sits at a shared account."""

    default_error_messages = {"required": gettext_lazy("Enter your own name")}

    def __init__(self) -> None:
        super().__init__(
            label=gettext_lazy("Your name"),
            help_text=gettext_lazy(
                "The centre shares its account, so each entry says who made it."
            ),
            widget=forms.TextInput(attrs={"autocomplete": "name", "spellcheck": "false"}),
        )


class PersonForm(forms.Form):
    """Asked once a session; after that the name stands in the box and may be changed."""

    acting_name = PersonField()

    def __init__(self, *args: Any, acting_name: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.remembered = acting_name
        self.fields["acting_name"].required = not acting_name
        self.initial["acting_name"] = acting_name

    def clean_acting_name(self) -> str:
        name: str = self.cleaned_data["acting_name"]
        return name or self.remembered


class DistanceForm(forms.Form):
    distance_km = forms.RegexField(
        r"\A[0-9]{1,3}(?:[.,][0-9])?\Z",
        label=gettext_lazy("Distance to the distribution centre, in kilometres"),
        help_text=gettext_lazy("By road and roughly, for example 12.5."),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages={
            "required": gettext_lazy("Enter the distance in kilometres"),
            "invalid": gettext_lazy(
                "Enter kilometres from 0 to 999, with one decimal at most, for example 12.5"
            ),
        },
    )

    def clean_distance_km(self) -> Decimal:
        distance = Decimal(self.cleaned_data["distance_km"].replace(",", "."))
        if distance > 999:
            raise ValidationError(self.fields["distance_km"].error_messages["invalid"])
        return distance


class MarksForm(forms.Form):
    """One choice for each officer who serves at the centre that day and is not marked elsewhere."""

    def __init__(
        self, *args: Any, lines: Iterable[Line], all_present: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        asked = (line for line in lines if not line.elsewhere)
        self.lines = {f"officer_{line.officer_id}": line for line in asked}
        for name, line in self.lines.items():
            self.fields[name] = forms.ChoiceField(
                choices=MarkStatus,
                label=line.officer,
                help_text=line.position,
                initial=MarkStatus.PRESENT if all_present else line.status,
                widget=forms.RadioSelect,
                error_messages={
                    "required": _("Say whether %(officer)s was present") % {"officer": line.officer}
                },
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if any(name.startswith("officer_") and name not in self.lines for name in self.data):
            raise ValidationError(
                _("The list of officers has changed since you opened it. Look at it again.")
            )
        return data

    def officers(self) -> list[forms.BoundField]:
        return [self[name] for name in self.lines]

    def marks(self) -> dict[int, MarkStatus]:
        return {
            line.officer_id: MarkStatus(self.cleaned_data[name])
            for name, line in self.lines.items()
        }


class RegisterForm(PersonForm, MarksForm):
    """A day's register as the centre marks it, by whoever sits at the shared account."""

    # Which version of the register this page shows; an old page never overwrites a newer mark.
    seen = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["seen"] = version(line.marked_at for line in kwargs["lines"])

    def posted(self) -> dict[str, Any]:
        """What `services.mark_all` asks for."""
        data = self.cleaned_data
        return {
            "marks": self.marks(),
            "acting_name": data["acting_name"],
            "seen": data["seen"] if "seen" in self.data else None,
        }


class AmendForm(MarksForm):
    """A submitted register as a director changes it: with a reason."""

    reason = LineField(
        label=gettext_lazy("Reason"),
        max_length=300,
        help_text=gettext_lazy("What was wrong, and how you know. It stays in the audit trail."),
        error_messages={"required": gettext_lazy("Enter the reason for the change")},
    )


class SignForm(PersonForm):
    """That all have signed the printed register, and who says so."""


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
