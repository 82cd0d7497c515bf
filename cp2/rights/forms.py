from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from cp2.rights import looks
from profiles.fields import LineField
from profiles.models import Officer
from profiles.unmasking import Why
from sms.phones import is_mobile, mobile


class LooksForm(forms.Form):
    """Which looks somebody asks for."""

    who = LineField(
        label=gettext_lazy("Who looked"),
        required=False,
        max_length=40,
        help_text=gettext_lazy("User name, in full"),
    )
    officer = LineField(
        label=gettext_lazy("At whom"),
        required=False,
        max_length=40,
        help_text=gettext_lazy("Phone or ID number of the officer, in full"),
    )
    kind = forms.ChoiceField(label=gettext_lazy("At what"), required=False)
    why = forms.ChoiceField(label=gettext_lazy("Why"), required=False)
    since = forms.DateField(
        label=gettext_lazy("From"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    until = forms.DateField(
        label=gettext_lazy("To"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    before = forms.IntegerField(
        required=False, min_value=1, max_value=2**62, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind: Any = self.fields["kind"]
        kind.choices = [("", _("Anything")), *looks.kinds().items()]
        why: Any = self.fields["why"]
        why.choices = [("", _("Any reason")), *Why.choices, ("none", _("No reason was asked for"))]

    def clean_who(self) -> User | None:
        typed = self.cleaned_data["who"]
        user = User.objects.filter(username=typed).first() if typed else None
        if typed and user is None:
            raise ValidationError(_("Nobody has this user name."))
        return user

    def clean_officer(self) -> Officer | None:
        typed = self.cleaned_data["officer"]
        if not typed:
            return None
        phone = mobile(typed) if is_mobile(typed) else ""
        number = typed.replace(" ", "")
        known = Q(national_id=number) | Q(user__username=phone) if phone else Q(national_id=number)
        officer = Officer.objects.filter(known).first()
        if officer is None:
            raise ValidationError(_("No officer has this number."))
        return officer
