from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from attendance.models import Mark, MarkStatus
from catalogue.models import County, Exam, Position, SubCounty
from claims.models import Channel, Claim, ClaimLine, ClaimQuerySet, ClaimStatus
from deployments.area_forms import Narrowing
from deployments.candidates import at_station, of_officer
from deployments.forms import ChosenField, ChosenSeveralField, SearchForm
from profiles.fields import LineField, ProseField

ANY = "any"
MOST_BYTES = 25 * 1024**2  # of a result file: some 300,000 lines
TO_LOOK_AT = "open"


@dataclass(frozen=True)
class OfferedDay:
    """A day of the exam, and what the register says of the officer on it."""

    day: date
    kind: str
    mark: Mark | None

    @property
    def value(self) -> str:
        return self.day.isoformat()

    @property
    def is_present(self) -> bool:
        return self.mark is not None and self.mark.status == MarkStatus.PRESENT


class DisputeForm(forms.Form):
    """Which days the register has wrong, ticked among those that the page offers; and what else."""

    day = forms.MultipleChoiceField(
        required=False,
        label=gettext_lazy("Which days are wrong?"),
        error_messages={"invalid_choice": gettext_lazy("Choose among those that the page offers.")},
    )
    reason = ProseField(
        label=gettext_lazy("What is wrong with this claim?"),
        max_length=500,
        help_text=gettext_lazy(
            "For example the days that you worked and that are missing, and at which centre."
        ),
        error_messages={"required": gettext_lazy("Enter what is wrong with this claim")},
    )

    def __init__(self, *args: Any, days: list[OfferedDay], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.days = days
        field: Any = self.fields["day"]
        field.choices = [(each.value, each.value) for each in days]

    @property
    def rows(self) -> list[tuple[OfferedDay, bool]]:
        """The days as plain boxes: widgets of as many cost more than the rest of the page."""
        ticked = set(self["day"].value() or ())
        return [(each, each.value in ticked) for each in self.days]

    def clean(self) -> dict[str, Any]:
        """A day that was ticked was worked if the register does not say so, and the other way."""
        data = super().clean() or {}
        ticked = set(data.pop("day", ()))
        data["days"] = {each.day: not each.is_present for each in self.days if each.value in ticked}
        return data


class AreaClaimsForm(SearchForm, Narrowing):
    """Which claims a director looks at: those to be verified, unless something else is asked."""

    exam = forms.ChoiceField(required=False, label=gettext_lazy("Exam"))
    status = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Status"),
        choices=[
            (TO_LOOK_AT, gettext_lazy("To be verified, and disputed")),
            *ClaimStatus.choices,
            (ANY, gettext_lazy("Any")),
        ],
    )
    position = forms.ChoiceField(required=False, label=gettext_lazy("Position"))
    centre = LineField(
        required=False,
        label=gettext_lazy("Centre: name or code"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    odd = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Look at"),
        choices=[
            ("", gettext_lazy("All")),
            ("odd", gettext_lazy("Those with something odd")),
            ("held", gettext_lazy("Those that are held")),
            ("plain", gettext_lazy("Those that have nothing odd")),
        ],
    )
    field_order = ["exam", "status", "odd", "centre", "position", "q"]

    def __init__(self, asked: Any, *, claims: ClaimQuerySet) -> None:
        super().__init__({"status": TO_LOOK_AT} | asked.dict())
        for name, rows in (
            ("exam", Exam.objects.filter(pk__in=claims.order_by().values("exam"))),
            ("position", Position.objects.filter(terms__isnull=False).distinct()),
        ):
            field: Any = self.fields[name]
            field.choices = [
                ("", gettext_lazy("All")),
                *((str(row.pk), str(row)) for row in rows),
            ]

    def narrow(self, claims: ClaimQuerySet) -> ClaimQuerySet:
        asked = self.asked
        if asked.get("exam"):
            claims = claims.filter(exam=asked["exam"])
        status = asked.get("status")
        if status == TO_LOOK_AT:
            claims = claims.filter(status__in=[ClaimStatus.PREPARED, ClaimStatus.DISPUTED])
        elif status and status != ANY:
            claims = claims.filter(status=status)
        return self._of_people(self._of_place(claims))

    def _of_place(self, claims: ClaimQuerySet) -> ClaimQuerySet:
        """Of one line, which is of that centre and of that position."""
        centre, position = self.asked.get("centre"), self.asked.get("position")
        lines = ClaimLine.objects.all()
        if position:
            lines = lines.filter(deployment__post__position=position)
        if centre:
            lines = lines.filter(at_station(centre, "deployment__post__station"))
        return claims.filter(pk__in=lines.values("claim")) if centre or position else claims

    def _of_people(self, claims: ClaimQuerySet) -> ClaimQuerySet:
        q = self.asked.get("q", "").strip()
        return claims.filter(of_officer(q)) if q else claims


class CentresForm(Narrowing):
    """Of which exam a director counts the claims, centre by centre."""

    exam = forms.ChoiceField(required=False, label=gettext_lazy("Exam"))

    def __init__(self, *args: Any, exams: list[Exam], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.exams = {str(exam.pk): exam for exam in exams}
        field: Any = self.fields["exam"]
        field.choices = [(pk, str(exam)) for pk, exam in self.exams.items()]

    def chosen(self) -> Exam | None:
        """The newest, unless another is asked for."""
        first = next(iter(self.exams.values()), None)
        return self.exams.get(self.asked.get("exam", ""), first)


class VerifyForm(forms.Form):
    """The claims that a director ticked."""

    claim = ChosenSeveralField(
        queryset=Claim.objects.none(),
        label=gettext_lazy("Claims"),
        error_messages={"required": gettext_lazy("Tick at least one claim")},
    )

    def __init__(self, *args: Any, claims: ClaimQuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(ChosenSeveralField, self.fields["claim"]).queryset = claims


class SeenForm(forms.Form):
    """What a director saw before confirming that all of it is right."""

    count = forms.IntegerField(min_value=0, max_value=1_000_000, widget=forms.HiddenInput)
    total = forms.DecimalField(max_digits=14, decimal_places=2, widget=forms.HiddenInput)


class QuestionForm(forms.Form):
    reason = LineField(
        label=gettext_lazy("What is not right?"),
        max_length=300,
        help_text=gettext_lazy("The officer and headquarters read this."),
        error_messages={"required": gettext_lazy("Enter what is not right")},
    )


# For headquarters


class PrepareForm(forms.Form):
    exam = ChosenField(
        queryset=Exam.objects.all(),
        label=gettext_lazy("Exam"),
        error_messages={"required": gettext_lazy("Choose the exam")},
    )
    sub_county = ChosenField(
        queryset=SubCounty.objects.select_related("county"),
        required=False,
        label=gettext_lazy("Sub-county"),
        empty_label=gettext_lazy("All"),
    )


class ApproveForm(forms.Form):
    """Which claims are looked at, in order to approve those that nothing speaks against."""

    exam = ChosenField(
        queryset=Exam.objects.all(),
        label=gettext_lazy("Exam"),
        error_messages={"required": gettext_lazy("Choose the exam")},
    )
    county = ChosenField(
        queryset=County.objects.order_by("name"),
        required=False,
        label=gettext_lazy("County"),
        empty_label=gettext_lazy("All"),
    )
    sub_county = ChosenField(
        queryset=SubCounty.objects.select_related("county").order_by("county__name", "name"),
        required=False,
        label=gettext_lazy("Sub-county"),
        empty_label=gettext_lazy("All"),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        county, sub_county = data.get("county"), data.get("sub_county")
        if county and sub_county and sub_county.county_id != county.pk:
            self.add_error("sub_county", _("This sub-county is in another county."))
        return data


class BatchForm(ApproveForm):
    """What a batch is to be built of."""

    channel = forms.ChoiceField(
        label=gettext_lazy("Channel"),
        choices=Channel,
        error_messages={"required": gettext_lazy("Choose how it is to be paid")},
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("sub_county"):
            data["county"] = None
        return data


class NoteForm(forms.Form):
    note = LineField(
        label=gettext_lazy("What you found"),
        max_length=300,
        widget=forms.TextInput(attrs={"size": 80}),
        error_messages={"required": gettext_lazy("Enter what you found")},
    )


class ResultsForm(forms.Form):
    """A file, or its lines pasted; either way it is kept as a file."""

    file = forms.FileField(
        required=False,
        label=gettext_lazy("Result file, CSV or Excel"),
        error_messages={"empty": gettext_lazy("This file is empty. Choose another.")},
    )
    text = forms.CharField(
        required=False,
        label=gettext_lazy("or its lines"),
        widget=forms.Textarea(attrs={"rows": 8, "cols": 80}),
        help_text=gettext_lazy(
            "The first line names the columns: Reference (CP2-…), MSISDN or Account, Status (paid, "
            "failed or reversed), Receipt, Amount, Reason. Other columns are passed over."
        ),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.errors:
            return data
        if bool(data.get("file")) == bool(data.get("text")):
            raise ValidationError(_("Choose a file or paste its lines: one of the two."))
        file = data["file"]
        if not file:
            lines = f"{data['text'].strip()}\n".encode()
            file = UploadedFile(ContentFile(lines), _("pasted lines"), size=len(lines))
        if (file.size or 0) > MOST_BYTES:
            raise ValidationError(
                _("This file is larger than %(most)d MB. Split it into smaller ones.")
                % {"most": MOST_BYTES // 1024**2}
            )
        data["results"] = file
        return data


class ApplyForm(forms.Form):
    """That the bytes which are written are those that were looked at."""

    sha256 = forms.RegexField(r"^[0-9a-f]{64}$", widget=forms.HiddenInput)


class TakeBackForm(forms.Form):
    reason = LineField(
        label=gettext_lazy("What the channel says, and where you have it from"),
        max_length=200,
        widget=forms.TextInput(attrs={"size": 80}),
        error_messages={"required": gettext_lazy("Enter what the channel says")},
    )
