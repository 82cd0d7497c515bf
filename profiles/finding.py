"""One officer by a number that is theirs alone, as an office types it. A name is nobody's alone."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from profiles.fields import LineField
from profiles.models import Officer
from sms.phones import is_mobile, mobile


def by_number(typed: str) -> Officer | None:
    """The number that signs in, the ID or the TSC number."""
    officers = Officer.objects.filter(merged_into=None).select_related("user")
    if is_mobile(typed) and (owner := officers.filter(user__phone=mobile(typed)).first()):
        return owner
    if not (typed.isascii() and typed.isdigit()):
        return None
    for number in ("national_id", "tsc_number"):
        if officer := officers.filter(**{number: typed}).first():
            return officer
    return None


class OfficerField(LineField):
    default_error_messages = {
        "required": gettext_lazy("Enter a number of the officer"),
        "unknown": gettext_lazy("Nobody has this number. Enter a phone, ID or TSC number."),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=20, **kwargs)

    def clean(self, value: Any) -> Any:
        typed = super().clean(value)
        officer = self.find(typed) if typed else None
        if typed and officer is None:
            raise ValidationError(self.error_messages["unknown"], code="unknown")
        return officer

    def find(self, typed: str) -> Officer | None:
        return by_number(typed)
