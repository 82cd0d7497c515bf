from django import forms
from django.utils.translation import gettext_lazy as _


class ApplyForm(forms.Form):
    confirm = forms.BooleanField(
        label=_("My profile is true and complete, and I will serve if I am deployed."),
        error_messages={"required": _("Tick the box to confirm, then submit your application")},
    )
