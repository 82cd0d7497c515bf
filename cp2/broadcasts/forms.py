from collections.abc import Iterable
from itertools import groupby
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalogue.models import County, DutyStation, Exam, Office, Position, SubCounty
from cp2.broadcasts.models import OF_NO_EXAM, Broadcast, Stage, Who
from cp2.broadcasts.wording import faults
from deployments.forms import ChosenField
from profiles.fields import LineField, ProseField

MOST_STATIONS = 500
# What a column of ids is typed as.
IDS = ["positions", "counties", "sub_counties"]


def _ids(choices: Any, **kwargs: Any) -> forms.TypedMultipleChoiceField:
    return forms.TypedMultipleChoiceField(
        choices=choices, coerce=int, required=False, empty_value=[], **kwargs
    )


class BroadcastForm(forms.Form):
    """What is said, and to whom. Which of the boxes count, the first of them says."""

    title = LineField(
        label=gettext_lazy("Title"),
        max_length=80,
        help_text=gettext_lazy("For headquarters alone; it is not sent."),
    )
    text_en = ProseField(
        label=gettext_lazy("Text in English"),
        max_length=600,
        widget=forms.Textarea(attrs={"rows": 5, "cols": 50}),
        help_text=gettext_lazy(
            "{name} becomes the first name of its reader, {exam} the short name of the exam."
        ),
    )
    text_sw = ProseField(
        label=gettext_lazy("Text in Kiswahili"),
        max_length=600,
        widget=forms.Textarea(attrs={"rows": 5, "cols": 50}),
        help_text=gettext_lazy("Each person gets the text in the language that they chose."),
    )
    who = forms.ChoiceField(label=gettext_lazy("To whom"), choices=Who.choices)
    stage = forms.ChoiceField(
        label=gettext_lazy("Officers who are so far"),
        choices=[("", "---------"), *Stage.choices],
        required=False,
        help_text=gettext_lazy("Of officers alone. What each means stands below."),
    )
    exam = ChosenField(label=gettext_lazy("Exam"), queryset=Exam.objects.none(), required=False)
    office = forms.ChoiceField(
        label=gettext_lazy("Office"),
        choices=[("", gettext_lazy("Both")), *Office.choices],
        required=False,
        help_text=gettext_lazy("Of directors alone."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(ChosenField, self.fields["exam"]).queryset = Exam.objects.all()
        boxes = forms.CheckboxSelectMultiple
        self.fields["positions"] = _ids(
            list(Position.objects.values_list("pk", "name")),
            label=_("Only these positions"),
            widget=boxes,
            help_text=_("None ticked: all."),
        )
        self.fields["counties"] = _ids(
            list(County.objects.order_by("name").values_list("pk", "name")),
            label=_("Only these counties"),
            widget=boxes,
            help_text=_("None ticked, and no other place named: the whole country."),
        )
        self.fields["sub_counties"] = _ids(
            _by_county(SubCounty.objects.select_related("county").order_by("county__name", "name")),
            label=_("And these sub-counties"),
            widget=forms.SelectMultiple(attrs={"size": 8}),
            help_text=_("Hold Ctrl to choose several."),
        )
        self.fields["stations"] = forms.CharField(
            label=_("And these stations"),
            required=False,
            max_length=8000,
            widget=forms.Textarea(attrs={"rows": 2, "cols": 50}),
            help_text=_("Their codes, with spaces, commas or line breaks between them."),
        )

    def clean_stations(self) -> list[int]:
        typed = self.cleaned_data["stations"].upper().replace(",", " ").replace(";", " ").split()
        codes = list(dict.fromkeys(typed))
        if len(codes) > MOST_STATIONS:
            raise ValidationError(
                _("Name at most %(most)s stations, or choose their sub-counties.")
                % {"most": MOST_STATIONS}
            )
        known = dict(DutyStation.objects.filter(code__in=codes).values_list("code", "pk"))
        unknown = [code for code in codes if code not in known]
        if unknown:
            raise ValidationError(
                _("No station has the code %(code)s. Check it.") % {"code": unknown[0][:12]}
            )
        return sorted(known.values())

    def clean(self) -> dict[str, Any]:
        typed: dict[str, Any] = super().clean() or {}
        self._check_audience(typed)
        exam = typed["exam"].short if typed.get("exam") else ""
        for name in ("text_en", "text_sw"):
            for fault in faults(typed.get(name, ""), exam=exam):
                self.add_error(name, fault)
        return typed

    def _check_audience(self, typed: dict[str, Any]) -> None:
        who, stage = typed.get("who"), typed.get("stage", "")
        if who == Who.OFFICERS and not stage and "stage" not in self.errors:
            self.add_error("stage", _("Choose how far the officers have come."))
        if who != Who.OFFICERS and stage:
            self.add_error("stage", _("Leave this empty: only officers are at a stage."))
        if who != Who.DIRECTORS and typed.get("office"):
            self.add_error("office", _("Leave this at both: only directors have an office."))
        of_no_exam = who == Who.DIRECTORS or stage in OF_NO_EXAM
        if not of_no_exam and not typed.get("exam") and "exam" not in self.errors:
            self.add_error("exam", _("Choose the exam: these people are known by it."))
        if typed.get("positions") and (of_no_exam or who == Who.MANAGERS):
            self.add_error("positions", _("Tick none: these people are not chosen by position."))
        if typed.get("stations") and (of_no_exam or stage == Stage.APPLIED):
            self.add_error("stations", _("Leave this empty: these people are at no station yet."))

    def of(self, broadcast: Broadcast) -> Broadcast:
        """The broadcast as it was typed."""
        for name, value in self.cleaned_data.items():
            setattr(broadcast, name, value)
        return broadcast


def _by_county(rows: Iterable[SubCounty]) -> list[tuple[str, list[tuple[int, str]]]]:
    return [
        (name, [(row.pk, row.name) for row in of])
        for name, of in groupby(rows, key=lambda row: row.county.name)
    ]


def typed_before(broadcast: Broadcast) -> dict[str, Any]:
    """What the form begins with."""
    codes = DutyStation.objects.filter(pk__in=broadcast.stations).values_list("code", flat=True)
    names = ["title", "text_en", "text_sw", "who", "stage", "exam", "office", *IDS]
    return {name: getattr(broadcast, name) for name in names} | {"stations": " ".join(codes)}


class ReasonForm(forms.Form):
    reason = LineField(label=gettext_lazy("Reason"), max_length=300)
