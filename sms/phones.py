"""What a phone number is here: a Kenyan mobile, kept as 2547… or 2541… and nothing else."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

SEPARATORS = re.compile(r"[ \-.()\u00a0]")
MOBILE = re.compile(r"(?:\+|00|000)?(?:254)?0?([17][0-9]{8})")
LANDLINE = re.compile(r"(?:(?:\+|00|000)?254|0)0?[2-6][0-9]{5,8}")


def mobile(typed: str) -> str:
    """`0712 345 678`, `+254 (0)712…`, `112345678` → `254…`, or ValidationError in plain words.

    No operator is read off the prefix: numbers move between networks.
    """
    text = typed.strip()
    if len(text) > 32:
        raise ValidationError(_("Enter one mobile number, for example 0712 345 678."))
    text = SEPARATORS.sub("", text)
    if not re.fullmatch(r"\+?[0-9]+", text):
        raise ValidationError(
            _("Use only the digits 0 to 9 in the number, for example 0712 345 678.")
        )
    if found := MOBILE.fullmatch(text):
        return f"254{found[1]}"
    if LANDLINE.fullmatch(text):
        raise ValidationError(_("This is not a mobile number. Enter one that starts 07 or 01."))
    if text.startswith("+") or (text.startswith("00") and not text.startswith("00254")):
        raise ValidationError(_("Enter a Kenyan mobile number: it starts +254, 07 or 01."))
    if len(text) < 7:
        raise ValidationError(
            _("This number is too short. Enter all 10 digits, such as 0712 345 678.")
        )
    raise ValidationError(
        _("This is not a Kenyan mobile number. Enter 10 digits that start 07 or 01.")
    )


def is_mobile(text: str) -> bool:
    try:
        mobile(text)
    except ValidationError:
        return False
    return True


def local(phone: str) -> str:
    """254712345678 as people say it: 0712 345 678."""
    return f"0{phone[3:6]} {phone[6:9]} {phone[9:]}"


def spellings(phone: str) -> list[str]:
    """As networks write the sender of a text that comes in."""
    return [f"+{phone}", phone, f"0{phone[3:]}"]


def prefix(typed: str) -> str:
    """`0712`, `+254 712`, `712` → `254712`: how a number begins, however it is written; nothing
    if no mobile number begins so."""
    digits = SEPARATORS.sub("", typed.strip()).removeprefix("+")
    for trunk in ("254", "0"):
        digits = digits.removeprefix(trunk)
    begins = re.fullmatch(r"[17][0-9]{0,8}", digits, re.ASCII)
    return f"254{digits}" if begins else ""


def hinted(phone: str) -> str:
    """0712…78: enough for whoever knows the number, in a text that others may read."""
    return f"0{phone[3:6]}…{phone[-2:]}"


class MobileField(forms.CharField):
    """One Kenyan mobile number, typed in any of the usual ways."""

    default_error_messages = {"required": gettext_lazy("Enter your phone number")}

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault(
            "widget", forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel"})
        )
        super().__init__(**kwargs)

    def clean(self, value: Any) -> str:
        typed = super().clean(value)
        return mobile(typed) if typed else ""
