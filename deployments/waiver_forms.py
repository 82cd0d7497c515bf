"""What headquarters types about waivers."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deployments.models import Deployment, Waiver
from profiles.fields import LineField
from profiles.models import Officer
from sms.phones import is_mobile, mobile
from vacancies.rules import OF_A_STATION


class OfficerField(LineField):
    """Somebody by a number that is theirs alone. A name is nobody's alone."""

    default_error_messages = {"required": gettext_lazy("Enter a number of the officer")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=20, **kwargs)

    def clean(self, value: Any) -> Any:
        typed = super().clean(value)
        officer = found(typed) if typed else None
        if typed and officer is None:
            raise ValidationError(
                _("Nobody has this number. Enter a phone, ID or TSC number, or a letter's serial.")
            )
        return officer


def found(typed: str) -> Officer | None:
    """By the number that signs in, the ID, the TSC number or, last, the serial of a deployment."""
    officers = Officer.objects.filter(merged_into=None).select_related("user")
    if is_mobile(typed) and (owner := officers.filter(user__phone=mobile(typed)).first()):
        return owner
    if not (typed.isascii() and typed.isdigit()):
        return None
    for number in ("national_id", "tsc_number"):
        if officer := officers.filter(**{number: typed}).first():
            return officer
    if len(typed) > 18:
        return None
    held = Deployment.objects.filter(serial=int(typed)).values("officer")
    return officers.filter(pk__in=held).first()


class WaiverForm(forms.ModelForm[Waiver]):
    who = OfficerField(
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
