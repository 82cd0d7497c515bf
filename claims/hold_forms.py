"""What headquarters types about holds, investigations and ghosts."""

from typing import Any

from django import forms
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalogue.models import DutyStation, Exam
from claims.models import Claim, HoldCode
from deployments.forms import ChosenField
from profiles.fields import LineField

MOST = 300  # letters, as the columns hold


def wide() -> forms.TextInput:
    return forms.TextInput(attrs={"size": 80})


class CentreForm(forms.Form):
    """An exam, and a centre of it by its code."""

    exam = ChosenField(
        queryset=Exam.objects.all(),
        label=gettext_lazy("Exam"),
        error_messages={"required": gettext_lazy("Choose the exam")},
    )
    centre = forms.CharField(
        label=gettext_lazy("Code of the centre"),
        max_length=20,
        error_messages={"required": gettext_lazy("Enter the code of the centre")},
    )

    def clean_centre(self) -> DutyStation:
        code = self.cleaned_data["centre"].strip()
        station = DutyStation.objects.filter(code=code).first()
        if station is None:
            raise forms.ValidationError(_("No centre has the code %(code)s.") % {"code": code})
        return station


class InvestigationForm(CentreForm):
    reason = LineField(
        label=gettext_lazy("Why KNEC looks into this centre"),
        help_text=gettext_lazy("Officers are not shown this."),
        error_messages={"required": gettext_lazy("Enter the reason")},
        max_length=MOST,
        widget=wide(),
    )


class RaiseManyForm(CentreForm):
    """The same reason for everybody who served at a centre."""

    code = forms.ChoiceField(
        label=gettext_lazy("Reason"),
        choices=HoldCode.choices,
        initial=HoldCode.INVESTIGATION,
        help_text=gettext_lazy("To look into a whole centre, open an investigation instead."),
    )
    note = LineField(
        label=gettext_lazy("What you found"),
        help_text=gettext_lazy("Officers read this beside their claim."),
        error_messages={"required": gettext_lazy("Enter what you found")},
        max_length=MOST,
        widget=wide(),
    )


class ReportForm(forms.Form):
    """Which exam's ghosts somebody looks at."""

    exam = ChosenField(queryset=Exam.objects.all(), required=False, label=gettext_lazy("Exam"))

    def chosen(self) -> Exam | None:
        """The one that was asked for, else the one that has signals and began last."""
        if self.is_valid() and self.cleaned_data["exam"]:
            found: Exam = self.cleaned_data["exam"]
            return found
        with_claims = Exists(Claim.objects.filter(exam=OuterRef("pk")))
        return Exam.objects.filter(with_claims).order_by("-starts_on", "-pk").first()


class FindingForm(forms.Form):
    """What is done about the signals of the ticked claims."""

    act = forms.ChoiceField(
        choices=[("look", gettext_lazy("Looked at")), ("hold", gettext_lazy("Hold"))],
        required=False,
        initial="look",
    )
    code = forms.ChoiceField(
        choices=[
            (code, HoldCode(code).label) for code in (HoldCode.DUPLICATE, HoldCode.INVESTIGATION)
        ],
        required=False,
        label=gettext_lazy("Reason of the hold"),
    )
    note = LineField(
        label=gettext_lazy("What you found"),
        error_messages={"required": gettext_lazy("Enter what you found")},
        max_length=MOST,
        widget=wide(),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].initial = HoldCode.DUPLICATE
