"""What is asked about signed returns."""

from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from attendance.models import RegisterReturn
from attendance.scanning import MOST_CODES, codes


class ScanForm(forms.Form):
    """A pile of papers: their codes in one box."""

    codes = forms.CharField(
        label=gettext_lazy("Codes on the papers"),
        help_text=gettext_lazy(
            "Type, paste or scan them: one a line, or with spaces between. A scanner may also read "
            "the whole address from the square code."
        ),
        max_length=60_000,
        widget=forms.Textarea(
            attrs={"rows": 4, "autocapitalize": "characters", "spellcheck": "false"}
        ),
        error_messages={"required": gettext_lazy("Enter the code of at least one paper")},
    )

    def clean_codes(self) -> list[str]:
        found = codes(self.cleaned_data["codes"])
        if not found:
            raise ValidationError(_("Enter the code of at least one paper"))
        if len(found) > MOST_CODES:
            raise ValidationError(
                _("These are %(count)s codes. Enter %(most)s at most, and the rest after that.")
                % {"count": len(found), "most": MOST_CODES}
            )
        return found


class TickedForm(forms.Form):
    """The papers that were found and ticked."""

    returns = forms.ModelMultipleChoiceField(
        RegisterReturn.objects.none(),
        error_messages={
            "required": gettext_lazy("Tick at least one paper"),
            "invalid_choice": gettext_lazy("One of these papers is not there any more. Look again"),
            "invalid_pk_value": gettext_lazy("Choose from the list"),
        },
    )

    def __init__(self, *args: Any, among: QuerySet[RegisterReturn], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        returns = cast(forms.ModelMultipleChoiceField[RegisterReturn], self.fields["returns"])
        returns.queryset = among
