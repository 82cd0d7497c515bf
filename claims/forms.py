from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalogue.models import County, Exam, SubCounty
from claims.models import Claim, ClaimQuerySet, ClaimStatus
from deployments.forms import ChosenField, ChosenSeveralField
from profiles.fields import LineField, ProseField

ANY = "any"
MOST_BYTES = 25 * 1024**2  # of a result file: some 300,000 lines


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
