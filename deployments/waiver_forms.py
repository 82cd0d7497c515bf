"""What headquarters types about waivers."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deployments.models import Deployment, Waiver
from profiles.finding import OfficerField
from profiles.models import Officer
from vacancies.rules import OF_A_STATION


class ServingField(OfficerField):
    """Also by the serial of a letter that they hold."""

    default_error_messages = {
        "unknown": gettext_lazy(
            "Nobody has this number. Enter a phone, ID or TSC number, or a letter's serial."
        ),
    }

    def find(self, typed: str) -> Officer | None:
        if (officer := super().find(typed)) or not (typed.isascii() and typed.isdigit()):
            return officer
        held = Deployment.objects.filter(serial=int(typed[:18])).values("officer")
        return Officer.objects.filter(pk__in=held).select_related("user").first()


class WaiverForm(forms.ModelForm[Waiver]):
    who = ServingField(
        label=gettext_lazy("Officer"),
        help_text=gettext_lazy(
            "Phone number, ID number, TSC number, or the serial of a deployment's letter."
        ),
    )

    class Meta:
        model = Waiver
        fields = ["exam", "rule", "station", "reason"]

    field_order = ["who", "exam", "rule", "station", "reason"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("station") and data.get("rule") and data["rule"] not in OF_A_STATION:
            self.add_error(
                "station",
                _("This rule does not turn on the station, so it is waived for all or for none."),
            )
        if not self.errors:
            standing = data["who"].waivers.standing()
            if standing.filter(
                exam=data["exam"], rule=data["rule"], station=data["station"]
            ).exists():
                self.add_error("rule", _("This is waived for this officer already."))
        return data
