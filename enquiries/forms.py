from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalogue.models import DutyStation, Exam, Position, SubCounty
from deployments.forms import ChosenField
from enquiries.models import Category, EnquiryStatus
from profiles.fields import LineField, ProseField
from profiles.models import Officer, Vetting
from sms.phones import MobileField, local


class EnquiryForm(forms.Form):
    """KNEC's query form. It goes to the sub-county of the officer's workstation; who has given
    none is routed by the centre, or asked."""

    category = forms.ChoiceField(
        label=gettext_lazy("What is it about?"),
        choices=[("", gettext_lazy("Choose")), *Category.choices],
        error_messages={
            "required": gettext_lazy("Choose what it is about"),
            "invalid_choice": gettext_lazy("Choose one of those that the page offers."),
        },
    )
    exam = ChosenField(queryset=Exam.objects.all(), required=False, label=gettext_lazy("Exam"))
    centre_code = LineField(
        required=False,
        label=gettext_lazy("Centre code"),
        max_length=12,
        help_text=gettext_lazy("Of the centre where you worked."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )
    position = ChosenField(
        queryset=Position.objects.all(), required=False, label=gettext_lazy("Position")
    )
    payee_phone = MobileField(
        required=False,
        label=gettext_lazy("M-Pesa number to be paid"),
        help_text=gettext_lazy("It must be registered with your national ID number."),
    )
    sub_county = ChosenField(
        queryset=SubCounty.objects.all(),
        required=False,
        label=gettext_lazy("Sub-county where you work"),
        help_text=gettext_lazy("Whoever is in charge there answers you."),
    )
    subject = LineField(
        label=gettext_lazy("Subject"),
        max_length=120,
        error_messages={"required": gettext_lazy("Enter a subject of a few words")},
    )
    text = ProseField(
        label=gettext_lazy("Your question"),
        max_length=2000,
        error_messages={"required": gettext_lazy("Enter your question")},
    )

    def __init__(self, *args: Any, officer: Officer, about: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.officer = officer
        self._offer_appeal(about)
        self.initial.setdefault("payee_phone", officer.payee_phone and local(officer.payee_phone))
        if officer.sub_county_id:
            del self.fields["sub_county"]
        else:
            self.fields["sub_county"].choices = _by_county()  # type: ignore[attr-defined]  # a choice

    def _offer_appeal(self, about: str) -> None:
        """Whoever is barred may appeal, and is asked for no more than why."""
        if self.officer.vetting != Vetting.BARRED:
            fitting = [choice for choice in Category.choices if choice[0] != Category.APPEAL]
            self.fields["category"].choices = [("", _("Choose")), *fitting]  # type: ignore[attr-defined]  # a choice
        elif about == Category.APPEAL:
            for name in ("exam", "centre_code", "position", "payee_phone"):
                del self.fields[name]
            self.fields["category"].widget = forms.HiddenInput()
            self.fields["text"].label = _("Why the bar is wrong, or should end")

    def clean_centre_code(self) -> str:
        code = "".join(self.cleaned_data["centre_code"].split()).upper()
        if code and not self._centre(code):
            raise ValidationError(
                _("There is no centre with this code. Check it, or leave it empty.")
            )
        return code

    def clean_position(self) -> str:
        return str(self.cleaned_data["position"] or "")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.errors:
            return data
        if self.officer.sub_county_id:
            data["sub_county"] = self.officer.sub_county
        elif centre := self._centre(data.get("centre_code", "")):
            data["sub_county"] = centre.sub_county
        elif not data["sub_county"]:
            self.add_error("sub_county", _("Choose your sub-county, or enter a centre code"))
        return data

    def _centre(self, code: str) -> DutyStation | None:
        if not (code and code.isascii() and code.isalnum()):
            return None
        return DutyStation.objects.select_related("sub_county").filter(code=code).first()


def _by_county() -> list[tuple[str, Any]]:
    """All sub-counties below the names of their counties, which drop-downs can be typed into."""
    groups: dict[str, list[tuple[int, str]]] = {}
    for pk, name, county in SubCounty.objects.order_by("county__name", "name").values_list(
        "pk", "name", "county__name"
    ):
        groups.setdefault(county, []).append((pk, name))
    return [("", _("Choose")), *groups.items()]


class ReplyForm(forms.Form):
    text = ProseField(
        label=gettext_lazy("Add to this enquiry"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": gettext_lazy("Enter what you want to add")},
    )


class AnswerForm(forms.Form):
    text = ProseField(
        label=gettext_lazy("Your answer"),
        max_length=2000,
        help_text=gettext_lazy("The officer gets a text that it is here."),
        error_messages={"required": gettext_lazy("Enter your answer")},
    )


class EscalateForm(forms.Form):
    reason = ProseField(
        label=gettext_lazy("Why headquarters must answer"),
        max_length=500,
        help_text=gettext_lazy("The officer reads this too."),
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("Enter why headquarters must answer")},
    )


class AreaEnquiriesForm(forms.Form):
    status = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Status"),
        choices=[("", gettext_lazy("All")), *EnquiryStatus.choices],
    )
    category = forms.ChoiceField(
        required=False,
        label=gettext_lazy("About"),
        choices=[
            ("", gettext_lazy("All")),
            *(choice for choice in Category.choices if choice[0] != Category.APPEAL),
        ],
    )

    def asked(self) -> dict[str, str]:
        if not self.is_valid():
            return {}
        return {name: value for name, value in self.cleaned_data.items() if value}
