"""KNEC's query form, and what is said below it."""

from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalogue.models import DutyStation, Exam, Position, SubCounty
from cp2.rules import Refused
from deployments.area_forms import Narrowing
from deployments.forms import ChosenField
from enquiries.file_fields import WithFiles
from enquiries.models import CannedAnswer, Category, Enquiry, EnquiryStatus, Topic
from enquiries.services import latest_reply
from profiles.fields import LineField, ProseField
from profiles.models import Officer, Vetting
from sms.phones import MobileField, local

NOT_ASKED_OF_AN_APPEAL = (
    "topic", "exam", "centre_code", "full_name", "position", "payee_phone"
)  # fmt: skip


class EnquiryForm(WithFiles):
    """It goes to the sub-county of the officer's workstation; who has given none is routed by the
    centre, or asked."""

    category = forms.ChoiceField(
        label=gettext_lazy("What is it about?"),
        choices=[("", gettext_lazy("Choose")), *Category.choices],
        error_messages={
            "required": gettext_lazy("Choose what it is about"),
            "invalid_choice": gettext_lazy("Choose one of those that the page offers."),
        },
    )
    topic = ChosenField(
        queryset=Topic.objects.offered(), required=False, label=gettext_lazy("More exactly")
    )
    exam = ChosenField(
        queryset=Exam.objects.all(), required=False, label=gettext_lazy("Year and exam")
    )
    centre_code = LineField(
        required=False,
        label=gettext_lazy("Centre code"),
        max_length=12,
        help_text=gettext_lazy("Of the centre where you worked."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )
    full_name = LineField(
        required=False,
        label=gettext_lazy("Full name"),
        max_length=120,
        help_text=gettext_lazy("As it stands on your ID."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
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
    field_order = [
        "category", "topic", "exam", "centre_code", "full_name", "position", "payee_phone",
        "sub_county", "subject", "text", "files",
    ]  # fmt: skip

    def __init__(self, *args: Any, officer: Officer, about: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.officer = officer
        self._offer_appeal(about)
        self.initial.setdefault("payee_phone", officer.payee_phone and local(officer.payee_phone))
        self.initial.setdefault("full_name", officer.full_name)
        if "topic" in self.fields:
            cast(forms.ChoiceField, self.fields["topic"]).choices = _by_category()
        if officer.sub_county_id:
            del self.fields["sub_county"]
        else:
            cast(forms.ChoiceField, self.fields["sub_county"]).choices = _by_county()

    def _offer_appeal(self, about: str) -> None:
        """Whoever is barred may appeal, and is asked for no more than why."""
        if self.officer.vetting != Vetting.BARRED:
            fitting = [choice for choice in Category.choices if choice[0] != Category.APPEAL]
            cast(forms.ChoiceField, self.fields["category"]).choices = [("", _("Choose")), *fitting]
        elif about == Category.APPEAL:
            for name in NOT_ASKED_OF_AN_APPEAL:
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
        data = super().clean()
        if self.errors:
            return data
        self._narrow(data)
        if self.officer.sub_county_id:
            data["sub_county"] = self.officer.sub_county
        elif centre := self._centre(data.get("centre_code", "")):
            data["sub_county"] = centre.sub_county
        elif not data["sub_county"]:
            self.add_error("sub_county", _("Choose your sub-county, or enter a centre code"))
        return data

    def _narrow(self, data: dict[str, Any]) -> None:
        """The topic says more exactly what it is about, so it counts; but an appeal is one."""
        if topic := data.get("topic"):
            if data["category"] == Category.APPEAL:
                data["topic"] = None
            else:
                data["category"] = topic.category

    def _centre(self, code: str) -> DutyStation | None:
        if not (code and code.isascii() and code.isalnum()):
            return None
        return DutyStation.objects.select_related("sub_county").filter(code=code).first()


def _by_category() -> list[tuple[str, Any]]:
    """Topics below what they belong to, in the order of the categories."""
    groups: dict[str, list[tuple[int, str]]] = {value: [] for value in Category.values}
    for topic in Topic.objects.offered():
        groups[topic.category].append((topic.pk, str(topic)))
    shown: list[Any] = [(Category(value).label, rows) for value, rows in groups.items() if rows]
    return [("", _("None of these")), *shown]


def _by_county() -> list[tuple[str, Any]]:
    """All sub-counties below the names of their counties, which drop-downs can be typed into."""
    groups: dict[str, list[tuple[int, str]]] = {}
    for pk, name, county in SubCounty.objects.order_by("county__name", "name").values_list(
        "pk", "name", "county__name"
    ):
        groups.setdefault(county, []).append((pk, name))
    return [("", _("Choose")), *groups.items()]


class ReplyForm(WithFiles):
    text = ProseField(
        label=gettext_lazy("Add to this enquiry"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": gettext_lazy("Enter what you want to add")},
    )
    field_order = ["text", "files"]


def _last_seen(typed: str) -> int:
    """The last reply that was on the page; what is no number has seen nothing."""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 19 else 0


class AnswerForm(WithFiles):
    """With what whoever answers has seen of the thread, and the ready answers that fit."""

    canned = ChosenField(
        queryset=CannedAnswer.objects.filter(active=True),
        required=False,
        label=gettext_lazy("Ready answer"),
        empty_label=gettext_lazy("None"),
        help_text=gettext_lazy("It comes into the box below, for you to read before you send it."),
    )
    text = ProseField(
        label=gettext_lazy("Your answer"),
        max_length=2000,
        help_text=gettext_lazy("The officer gets a text that it is here."),
        error_messages={"required": gettext_lazy("Enter your answer")},
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    field_order = ["canned", "text", "files", "seen"]

    def __init__(self, *args: Any, enquiry: Enquiry, seen: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["seen"] = seen
        fitting = list(CannedAnswer.objects.fitting(enquiry.category, enquiry.topic_id))
        self.has_ready_answers = bool(fitting)
        cast(forms.ChoiceField, self.fields["canned"]).choices = [
            ("", _("None")),
            *((each.pk, each.title) for each in fitting),
        ]

    @property
    def last_seen(self) -> int:
        return _last_seen(str(self.cleaned_data.get("seen", "")))

    @property
    def said(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("text", "files")} | {
            "seen": self.last_seen
        }

    def refuse(self, enquiry: Enquiry, refusal: Refused) -> None:
        """With all that was typed; what was said meanwhile is on the page now, so it is seen."""
        self.add_error(None, str(refusal))
        self.data = {**self.data.dict(), "seen": str(latest_reply(enquiry))}  # type: ignore[attr-defined]  # as posted


class UseForm(forms.Form):
    """What of an answer's form is there when a ready one is to be put in."""

    canned = ChosenField(
        queryset=CannedAnswer.objects.filter(active=True),
        error_messages={"required": gettext_lazy("Choose a ready answer first")},
    )
    text = ProseField(required=False)

    def filled(self, enquiry: Enquiry, posted: QueryDict) -> AnswerForm:
        """The answer's form, with the ready one below what was typed already; nothing is sent."""
        shown = {name: posted.get(name, "") for name in ("text", "seen", "canned")}
        if not self.is_valid():
            form = AnswerForm({**shown}, enquiry=enquiry)
            form.errors.clear()
            for name, errors in self.errors.items():
                form.add_error(name, [str(error) for error in errors])
            return form
        language = enquiry.officer.user.language if enquiry.officer else "en"
        ready = self.cleaned_data["canned"].text_in(language)
        typed = self.cleaned_data["text"]
        text = f"{typed}\n\n{ready}" if typed and ready not in typed else ready
        initial = {"text": text, "canned": shown["canned"]}
        return AnswerForm(enquiry=enquiry, initial=initial, seen=_last_seen(shown["seen"]))


class EscalateForm(forms.Form):
    reason = ProseField(
        label=gettext_lazy("Why headquarters must answer"),
        max_length=500,
        help_text=gettext_lazy("The officer reads this too."),
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("Enter why headquarters must answer")},
    )


class NoteForm(forms.Form):
    note = ProseField(
        label=gettext_lazy("Note for those who answer"),
        max_length=1000,
        help_text=gettext_lazy("The officer does not see it."),
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("Enter your note")},
    )


class AreaEnquiriesForm(Narrowing):
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
    exam = ChosenField(
        queryset=Exam.objects.all(),
        required=False,
        label=gettext_lazy("Exam"),
        empty_label=gettext_lazy("All"),
    )
    overdue = forms.BooleanField(required=False, label=gettext_lazy("Only those that are overdue"))


class StatisticsForm(Narrowing):
    exam = ChosenField(
        queryset=Exam.objects.all(),
        required=False,
        label=gettext_lazy("Exam"),
        empty_label=gettext_lazy("All"),
    )
