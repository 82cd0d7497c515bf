"""What a cell says: each of these answers with a value, or raises a ValidationError."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from profiles.fields import AmountField, LineField, WholeNumberField

YES = {"yes", "y", "true", "1", "ndiyo"}
NO = {"no", "n", "false", "0", "hapana"}


def words(most: int, *, needed: bool = False) -> Callable[[str], Any]:
    missing = {"required": gettext_lazy("this is missing.")}
    return LineField(max_length=most, required=needed, error_messages=missing).clean


def code(typed: str) -> str:
    text = str(words(40, needed=True)(typed)).upper()
    RegexValidator(r"\A[0-9A-Z]{2,12}\Z", _("Use capital letters and digits."))(text)
    return text


def or_none(clean: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda typed: clean(typed) or None


def whole(most: int, *, least: int = 0, needed: bool = False) -> Callable[[str], int | None]:
    missing = {"required": gettext_lazy("this is missing.")}
    field = WholeNumberField(
        min_value=least, max_value=most, required=needed, error_messages=missing
    )
    return field.clean


def figure(digits: int, places: int, **more: Any) -> Callable[[str], Decimal | None]:
    field: forms.Field = AmountField(
        max_digits=digits,
        decimal_places=places,
        error_messages={"required": gettext_lazy("this is missing.")},
        **more,
    )
    return field.clean


def one_of(choices: type[models.TextChoices], *, needed: bool = False) -> Callable[[str], str]:
    """By its word, or as the portal shows it."""

    def clean(typed: str) -> str:
        wanted = typed.strip().casefold()
        for choice in choices:
            if wanted in (str(choice.value), str(choice.label).casefold()):
                return str(choice.value)
        if wanted or needed:
            said = _("this is one of: %(known)s.")
            raise ValidationError(said % {"known": ", ".join(choices.values)})
        return ""

    return clean


def some_of(choices: type[models.TextChoices]) -> Callable[[str], list[str]]:
    """With commas between them."""
    one = one_of(choices, needed=True)

    def clean(typed: str) -> list[str]:
        parts = typed.replace(";", ",").split(",")
        return list(dict.fromkeys(one(part) for part in parts if part.strip()))

    return clean


def yes_or_no(default: bool) -> Callable[[str], bool]:
    def clean(typed: str) -> bool:
        text = typed.strip().casefold()
        if text in YES or text in NO or not text:
            return text in YES or (not text and default)
        raise ValidationError(_("Write yes or no."))

    return clean
