from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalogue.models import Exam
from cp2.exports import Kind
from profiles.fields import LineField
from profiles.register_forms import TableField

MOST_BYTES = 20 * 1024 * 1024


class FileField(TableField):
    def clean(self, data: Any, initial: Any = None) -> Any:
        if data and data.size > MOST_BYTES:
            raise ValidationError(_("This file is larger than 20 MB. Send the rows in parts."))
        return super().clean(data, initial)


class UploadForm(forms.Form):
    exam = forms.ModelChoiceField(
        Exam.objects.all(),
        label=gettext_lazy("Exam"),
        error_messages={"required": gettext_lazy("Choose the exam")},
    )
    file = FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("CSV or Excel (.xlsx), at most 300,000 rows and 20 MB."),
        error_messages={
            "required": gettext_lazy("Choose the file"),
            "empty": gettext_lazy("There is nothing in this file."),
        },
    )

    def __init__(self, *args: Any, of_exam: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not of_exam:
            del self.fields["exam"]


def reason_field() -> LineField:
    return LineField(
        label=gettext_lazy("Reason"),
        max_length=300,
        error_messages={"required": gettext_lazy("Say why, in a few words")},
    )


class ApplyForm(forms.Form):
    reason = reason_field()
    tells = forms.BooleanField(
        label=gettext_lazy("Text those who are new how to get their login details"),
        required=False,
    )

    def __init__(self, *args: Any, may_tell: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = _("For example: list of the county office of 3 March.")
        if not may_tell:
            del self.fields["tells"]


class TakeForm(forms.Form):
    format = forms.ChoiceField(
        label=gettext_lazy("As"),
        choices=[(Kind.CSV, "CSV"), (Kind.XLSX, gettext_lazy("Excel (.xlsx)"))],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what kind of file")},
    )
    reason = reason_field()

    def __init__(self, *args: Any, holds_people: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not holds_people:
            del self.fields["reason"]
