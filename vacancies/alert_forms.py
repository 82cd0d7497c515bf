from typing import Any, cast

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalogue.models import Activity, County, Exam, Position, StationKind, SubCounty
from profiles.models import Officer


class AlertForm(forms.Form):
    """What to listen for. A search posts all that it was narrowed by, in hidden fields; the page of
    the alerts itself offers position, exam, and how far from home."""

    position = forms.ModelChoiceField(
        Position.objects.order_by("rank"),
        label=gettext_lazy("Position"),
        required=False,
        empty_label=gettext_lazy("Any position"),
    )
    exam = forms.ChoiceField(label=gettext_lazy("Exam"), required=False)
    place = forms.ChoiceField(label=gettext_lazy("Where"), required=False)
    activity = forms.ModelChoiceField(
        Activity.objects.all(), required=False, widget=forms.HiddenInput
    )
    duty_station = forms.ChoiceField(
        choices=[("", ""), *StationKind.choices], required=False, widget=forms.HiddenInput
    )
    county = forms.ModelChoiceField(County.objects.all(), required=False, widget=forms.HiddenInput)
    sub_county = forms.ModelChoiceField(
        SubCounty.objects.all(), required=False, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, officer: Officer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.officer, self.exams = officer, list(Exam.objects.order_by("code", "-year"))
        newest = {exam.code: exam for exam in reversed(self.exams)}
        self._offer("exam", [("", _("Any exam")), *((e.pk, e.name) for e in newest.values())])
        self._offer("place", self._places())
        self.fields["place"].initial = "sub_county" if officer.sub_county else ""

    def _offer(self, name: str, choices: list[Any]) -> None:
        cast(forms.ChoiceField, self.fields[name]).choices = choices

    def _places(self) -> list[tuple[str, str]]:
        home = self.officer.sub_county
        near = (
            [
                ("sub_county", str(home)),
                ("county", _("%(county)s County") % {"county": home.county}),
            ]
            if home
            else []
        )
        return [*near, ("", _("Anywhere in Kenya"))]

    def clean_exam(self) -> Exam | None:
        """Of a search it may be one of another year: it stands for all of its kind."""
        chosen = self.cleaned_data["exam"]
        return next((exam for exam in self.exams if str(exam.pk) == chosen), None)

    def wanted(self) -> dict[str, Any]:
        asked, home = self.cleaned_data, self.officer.sub_county
        county, sub_county = asked["county"], asked["sub_county"]
        if home and asked["place"] == "sub_county":
            sub_county = home
        elif home and asked["place"] == "county":
            county = home.county
        return {
            "exam": asked["exam"],
            "activity": asked["activity"],
            "station_kind": asked["duty_station"],
            "position": asked["position"],
            "county": None if sub_county else county,
            "sub_county": sub_county,
        }
