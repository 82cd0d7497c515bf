"""What a director asks of second looks, and says of them."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from attendance.models import LookKind, SecondLook
from catalogue.models import Exam
from deployments.area_forms import Narrowing
from deployments.forms import ChosenField
from profiles.fields import LineField


class LooksForm(Narrowing):
    kind = forms.ChoiceField(
        choices=[("", _("All")), *LookKind.choices], label=_("Kind"), required=False
    )
    exam = ChosenField(
        queryset=Exam.objects.all(), label=_("Exam"), required=False, empty_label=_("All exams")
    )
    q = LineField(
        label=_("Centre: name or code"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    shows = forms.ChoiceField(
        choices=[
            ("", _("Not looked at yet")),
            ("had", _("Looked at")),
            ("all", _("All")),
        ],
        label=_("Which"),
        required=False,
    )


class LookedForm(forms.Form):
    """Those ticked, and what was seen."""

    look = forms.ModelMultipleChoiceField(
        queryset=SecondLook.objects.none(),
        error_messages={
            "required": _("Tick at least one."),
            "invalid_choice": _("One of these is no longer in your list."),
            "invalid_pk_value": _("One of these is no longer in your list."),
        },
    )
    note = LineField(
        label=_("What did you see?"),
        max_length=300,
        help_text=_("For example: asked the centre, the paper register agrees."),
        error_messages={"required": _("Say what you saw")},
    )

    def __init__(self, *args: Any, looks: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ticked: Any = self.fields["look"]
        ticked.queryset = looks
