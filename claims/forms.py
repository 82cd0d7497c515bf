from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalogue.models import County, Exam, SubCounty
from claims import files
from claims.models import Channel, Claim, ClaimQuerySet, ClaimStatus
from deployments.forms import ChosenField, ChosenSeveralField
from profiles.fields import LineField, ProseField

ANY = "any"


class DisputeForm(forms.Form):
    reason = ProseField(
        label=gettext_lazy("What is wrong with this claim?"),
        max_length=500,
        help_text=gettext_lazy(
            "For example the days that you worked and that are missing, and at which centre."
        ),
        error_messages={"required": gettext_lazy("Enter what is wrong with this claim")},
    )


class AreaClaimsForm(forms.Form):
    """Which claims a director looks at: those to be verified, unless something else is asked."""

    exam = ChosenField(
        queryset=Exam.objects.none(),
        required=False,
        label=gettext_lazy("Exam"),
        empty_label=gettext_lazy("All"),
    )
    status = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Status"),
        choices=[*ClaimStatus.choices, (ANY, gettext_lazy("Any"))],
    )

    def __init__(self, asked: Any, *, claims: ClaimQuerySet) -> None:
        super().__init__({"status": ClaimStatus.PREPARED} | asked.dict())
        self.fields["exam"].queryset = Exam.objects.filter(  # type: ignore[attr-defined]  # a ModelChoiceField
            pk__in=claims.order_by().values("exam")
        )

    def narrow(self, claims: ClaimQuerySet) -> ClaimQuerySet:
        """What was typed wrongly narrows nothing; the form says so beside it."""
        if not self.is_valid():
            return claims
        if self.cleaned_data["exam"]:
            claims = claims.filter(exam=self.cleaned_data["exam"])
        if self.cleaned_data["status"] not in ("", ANY):
            claims = claims.filter(status=self.cleaned_data["status"])
        return claims


class VerifyForm(forms.Form):
    """The claims that a director ticked."""

    claim = ChosenSeveralField(
        queryset=Claim.objects.none(),
        label=gettext_lazy("Claims"),
        error_messages={"required": gettext_lazy("Tick at least one claim")},
    )

    def __init__(self, *args: Any, claims: ClaimQuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["claim"].queryset = claims  # type: ignore[attr-defined]  # a ModelChoiceField


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


class BatchForm(forms.Form):
    """What a batch is to be built of."""

    exam = ChosenField(
        queryset=Exam.objects.all(),
        label=gettext_lazy("Exam"),
        error_messages={"required": gettext_lazy("Choose the exam")},
    )
    county = ChosenField(
        queryset=County.objects.all(),
        required=False,
        label=gettext_lazy("County"),
        empty_label=gettext_lazy("All"),
    )
    sub_county = ChosenField(
        queryset=SubCounty.objects.select_related("county"),
        required=False,
        label=gettext_lazy("Sub-county"),
        empty_label=gettext_lazy("All"),
    )
    channel = forms.ChoiceField(
        label=gettext_lazy("Channel"),
        choices=Channel,
        error_messages={"required": gettext_lazy("Choose how it is to be paid")},
    )

    def clean(self) -> dict[str, Any]:
        county, sub_county = self.cleaned_data.get("county"), self.cleaned_data.get("sub_county")
        if county and sub_county:
            if sub_county.county_id != county.pk:
                self.add_error("sub_county", _("This sub-county is in another county."))
            self.cleaned_data["county"] = None
        return self.cleaned_data


class NoteForm(forms.Form):
    note = LineField(
        label=gettext_lazy("What you found"),
        max_length=300,
        widget=forms.TextInput(attrs={"size": 80}),
        error_messages={"required": gettext_lazy("Enter what you found")},
    )


class ResultsForm(forms.Form):
    file = forms.FileField(
        required=False,
        label=gettext_lazy("Result file, CSV"),
        error_messages={"empty": gettext_lazy("This file is empty. Choose another.")},
    )
    text = forms.CharField(
        required=False,
        label=gettext_lazy("or its lines"),
        widget=forms.Textarea(attrs={"rows": 8, "cols": 80}),
        help_text=gettext_lazy(
            "The first line names the columns: Reference (CP2-…) or MSISDN, Status (paid or "
            "failed), Receipt, Amount, Reason."
        ),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.errors:
            return data
        if bool(data.get("file")) == bool(data.get("text")):
            raise ValidationError(_("Choose a file or paste its lines: one of the two."))
        text = _decoded(data["file"]) if data.get("file") else data["text"]
        data["results"] = files.read_results(text)
        return data


def _decoded(file: Any) -> str:
    if (file.size or 0) > files.MOST_CHARACTERS:
        raise ValidationError(_("This file is too long. Split it into smaller ones."))
    try:
        return bytes(file.read()).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValidationError(_("This is not a CSV file in UTF-8. Save it as one.")) from error
