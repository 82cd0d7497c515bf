"""What a phone sends of a register that was marked without a network, and how it is settled."""

import json
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from attendance.copies import Difference
from attendance.forms import PersonField, PersonForm
from attendance.models import MarkStatus
from attendance.services import Sent
from profiles.fields import LineField

MOST = 1000  # officers of one register
LONGEST = 18  # digits of an officer's number


class MarksField(forms.Field):
    """{"12": "present", "15": "absent"}"""

    def clean(self, value: Any) -> dict[int, MarkStatus]:
        if not isinstance(value, dict) or not 0 < len(value) <= MOST:
            raise ValidationError("no marks")
        if not all(_is_number(officer) for officer in value):
            raise ValidationError("no officer")
        if not all(isinstance(status, str) and status in MarkStatus for status in value.values()):
            raise ValidationError("no mark")
        return {int(officer): MarkStatus(status) for officer, status in value.items()}


def _is_number(typed: str) -> bool:
    return typed.isascii() and typed.isdecimal() and len(typed) <= LONGEST


class CopyForm(forms.Form):
    """Filled in by our own script. What a person typed into it is never a reason to refuse it:
    a name or a reason that is none is left out, and the marks stay."""

    id = forms.UUIDField()
    device = forms.UUIDField()
    owner = forms.CharField(max_length=20)
    day = forms.DateField()
    marked_at = forms.DateTimeField()
    seen = forms.CharField(max_length=40, required=False)
    marks = MarksField()

    @classmethod
    def read(cls, body: bytes) -> "CopyForm":
        try:
            data = json.loads(body)
        except (ValueError, RecursionError):
            data = None
        if not isinstance(data, dict):
            data = {}
        return cls({key: each for key, each in data.items() if key == "marks" or is_text(each)})

    def clean_marked_at(self) -> Any:
        time = self.cleaned_data["marked_at"]
        if not 1970 <= time.year < 9999:
            raise ValidationError("no time")
        return time

    def sent(self, *, instead: str) -> Sent:
        """`instead` stands for whom the copy does not name."""
        data = self.cleaned_data
        return Sent(
            client_id=data["id"],
            device=data["device"],
            day=data["day"],
            marks=data["marks"],
            acting_name=self._typed("acting_name", PersonField()) or instead,
            marked_at=data["marked_at"],
            seen=data["seen"],
            late_reason=self._typed("late_reason", LineField(max_length=300, required=False)),
        )

    def _typed(self, name: str, field: forms.CharField) -> str:
        try:
            return str(field.clean(self.data.get(name, "")))
        except ValidationError:
            return ""


def is_text(value: Any) -> bool:
    """And has no half of a character, which no database would take."""
    return isinstance(value, str) and not any("\ud800" <= char <= "\udfff" for char in value)


KEEP, TAKE = "keep", "take"


class SettleForm(PersonForm):
    """Officer by officer: the mark that stands, or that of the copy."""

    def __init__(self, *args: Any, differences: Iterable[Difference], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.differences = {f"officer_{each.officer_id}": each for each in differences}
        for name, each in self.differences.items():
            self.fields[name] = forms.ChoiceField(
                label=each.officer,
                choices=[
                    (
                        KEEP,
                        _("Keep %(mark)s of the register") % _mark(each.mark.get_status_display()),
                    ),
                    (TAKE, _("Take %(mark)s of the copy") % _mark(each.said)),
                ],
                widget=forms.RadioSelect,
                error_messages={"required": gettext_lazy("Choose which mark is right")},
            )

    def taken(self) -> list[int]:
        return [
            each.officer_id
            for name, each in self.differences.items()
            if self.cleaned_data[name] == TAKE
        ]


def _mark(mark: str) -> dict[str, str]:
    return {"mark": mark}
