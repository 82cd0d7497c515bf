"""What may be typed for a person: names, the agencies' numbers, days. Small fields for any form.

Each takes what people write (spaces, curly quotes, small letters), keeps it in one form, and says
in a sentence what is wrong and what a good one looks like.
"""

import re
import unicodedata
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

# Letters to Unicode, nothing to the eye: a name of these alone would look empty. The last stands
# where something could not be read.
FILLERS = frozenset("\u115f\u1160\u2800\u3164\uffa0\ufffd")
HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
QUOTES_AND_DASHES = str.maketrans(dict.fromkeys("‘’ʼ`´", "'") | dict.fromkeys("‐‑–—", "-"))
EARLIEST = date(1950, 1, 1)
YOUNGEST, OLDEST = 18, 90


def tidy(typed: str) -> str:
    """One kind of space, none at the ends, accents joined to their letters."""
    text = unicodedata.normalize("NFC", typed.replace("\ufeff", ""))
    spaced = ["\u0020" if unicodedata.category(char) == "Zs" else char for char in text]
    return re.sub(" +", " ", "".join(spaced)).strip()


def is_hidden(char: str) -> bool:
    """Control characters, marks that turn the direction of writing, halves of a character, breaks
    and blanks in disguise."""
    return unicodedata.category(char) in HIDDEN or char in FILLERS


class LineField(forms.CharField):
    """One line of anything that can be read."""

    default_error_messages = {
        "max_length": gettext_lazy("Use at most %(limit_value)d characters."),
    }

    def to_python(self, value: Any) -> str:
        typed: str = super().to_python(value) or ""
        if self.max_length and len(typed) > 4 * self.max_length:
            return typed  # not worth reading: the length is what is wrong with it
        text = tidy(typed)
        if any(map(is_hidden, text)):
            raise ValidationError(
                _("This has hidden characters or line breaks in it. Type it anew, on one line.")
            )
        empty: Any = self.empty_value
        return self.check(text) if text else empty

    def check(self, text: str) -> str:
        return text


class ProseField(forms.CharField):
    """Some lines of anything that can be read."""

    default_error_messages = {
        "max_length": gettext_lazy("Use at most %(limit_value)d characters."),
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.Textarea(attrs={"rows": 6}))
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> str:
        typed: str = super().to_python(value) or ""
        if self.max_length and len(typed) > 4 * self.max_length:
            return typed  # not worth reading: the length is what is wrong with it
        lines = [tidy(line.replace("\t", " ")) for line in typed.splitlines()]
        # what makes one sign of several emoji is hidden too, and harmless
        if any(is_hidden(char) and char not in "\u200d\ufe0f" for line in lines for char in line):
            raise ValidationError(_("This has hidden characters in it. Type it anew."))
        text = "\n".join(lines).strip()
        return text if text.strip("\u200d\ufe0f\n ") else ""


class NameField(LineField):
    """A person's name: Ng'ang'a, Ngũgĩ, Wa Thiong'o, Anne-Marie, J. K. Kamau."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 120, **kwargs})

    def check(self, text: str) -> str:
        name = text.translate(QUOTES_AND_DASHES)
        marks = 0
        scripts: set[str] = set()
        for char in unicodedata.normalize("NFD", name):  # accents apart from their letters
            category = unicodedata.category(char)
            if category[0] == "M" and scripts:
                marks += 1
            elif category in {"Lu", "Ll", "Lt", "Lo"} and _is_plain(char):
                marks = 0
                scripts.add(unicodedata.name(char).split()[0])
            elif char not in " '-.":
                raise ValidationError(
                    _(
                        "Use only letters, spaces, ' - and . in a name, "
                        "for example Wanjikũ Ng'ang'a."
                    )
                )
            if marks > 2:
                raise ValidationError(_("This name has too many accents on one letter."))
        if len(scripts) > 1:
            raise ValidationError(_("Write the name in one alphabet, as it stands on the ID."))
        if not scripts:
            raise ValidationError(_("Enter a name with letters in it, as it stands on the ID."))
        return name


def _is_plain(letter: str) -> bool:
    """Not a letter's look-alike, such as the wide or the mathematical ones."""
    return unicodedata.normalize("NFKC", letter) == letter


class CodeField(LineField):
    """A number of an agency whose form nobody publishes: letters, digits, - and /."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 20, **kwargs})

    def check(self, text: str) -> str:
        code = "".join(text.split())
        if not re.fullmatch(r"[0-9A-Za-z/-]+", code):
            raise ValidationError(_("Use only letters, digits, - and / in this number."))
        return code.upper()


class DigitsField(LineField):
    """A number that is kept as it is written: the noughts in front belong to it."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})
        super().__init__(**{"max_length": 40, "widget": widget, **kwargs})


class NationalIdField(DigitsField):
    def check(self, text: str) -> str:
        number = text.replace(" ", "")
        if not re.fullmatch(r"[0-9]{6,9}", number):
            raise ValidationError(
                _("An ID number is 6 to 9 digits, for example 12345678. Copy it off the ID card.")
            )
        if len(set(number)) == 1:
            raise ValidationError(
                _("This is not an ID number. Copy it off the ID card, for example 12345678.")
            )
        return number


class KraPinField(LineField):
    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        )
        super().__init__(**{"max_length": 40, "widget": widget, **kwargs})

    def check(self, text: str) -> str:
        # Only then to capitals: some letters of other alphabets have one of ours as their capital.
        pin = text.replace(" ", "").upper() if text.isascii() else ""
        if re.fullmatch(r"P[0-9]{9}[A-Z]", pin):
            raise ValidationError(
                _("This PIN starts with P: it is a company's. Enter your own, which starts with A.")
            )
        if not re.fullmatch(r"A[0-9]{9}[A-Z]", pin):
            raise ValidationError(
                _("A KRA PIN is the letter A, nine digits and a letter, for example A012345678Z.")
            )
        return pin


class TscNumberField(DigitsField):
    def check(self, text: str) -> str:
        plain = text.replace(" ", "").upper() if text.isascii() else ""
        found = re.fullmatch(r"(?:TSC)?(?:NO)?[/:.-]*([0-9]{5,8})", plain)
        if not found:
            raise ValidationError(
                _("A TSC number is 5 to 8 digits, for example 345678. Copy it off your payslip.")
            )
        return found[1]


class AccountNumberField(DigitsField):
    def check(self, text: str) -> str:
        number = re.sub("[ -]", "", text)
        if re.fullmatch(r"[0-9]+[.,][0-9]+E\+?[0-9]+", text.replace(" ", "").upper()):
            raise ValidationError(
                _(
                    "Excel changed this number: %(number)s is not how the bank writes it. Copy all "
                    "its digits off a bank statement."
                )
                % {"number": text}
            )
        if not re.fullmatch(r"[0-9]{5,20}", number):
            raise ValidationError(
                _("An account number is 5 to 20 digits, for example 0012345678901.")
            )
        return number


class MailField(forms.EmailField):
    """An address that reaches a person: none of the quoted, numeric or foreign-letter kinds."""

    default_error_messages = {
        "invalid": gettext_lazy("Enter an e-mail address such as wanjiku@example.com."),
        "max_length": gettext_lazy("Use at most %(limit_value)d characters."),
    }

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.EmailInput(attrs={"autocomplete": "email"})
        super().__init__(**{"max_length": 254, "widget": widget, **kwargs})

    def to_python(self, value: Any) -> str:
        address: str = super().to_python(value) or ""
        if not re.fullmatch(r"[!-~]*", address) or set(address) & set('"[]'):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return address


class DayField(forms.DateField):
    """A day that has been: from the calendar of the phone, or typed as 31/01/2020."""

    default_error_messages = {
        "invalid": gettext_lazy("Enter a day that exists, such as 31/01/2020."),
    }

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        formats = ["%Y-%m-%d", "%d/%m/%Y"]
        super().__init__(**{"widget": widget, "input_formats": formats, **kwargs})

    def to_python(self, value: Any) -> date | None:
        if isinstance(value, str) and not value.isascii():
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        day = super().to_python(value)
        if day and not EARLIEST <= day <= timezone.localdate():
            raise ValidationError(_("Enter a day between 1 January 1950 and today."))
        return day


class YearOfBirthField(DigitsField):
    def clean(self, value: Any) -> int | None:
        text = super().clean(value)
        if not text:
            return None
        if not re.fullmatch("[0-9]{4}", text):
            raise ValidationError(_("Enter the year of birth as four digits, such as 1985."))
        age = timezone.localdate().year - int(text)
        if age < YOUNGEST:
            raise ValidationError(_("Officers are 18 or older. Check the year of birth."))
        if age > OLDEST:
            raise ValidationError(_("This is more than 90 years ago. Check the year of birth."))
        return int(text)


class WholeNumberField(forms.IntegerField):
    """Digits as they stand on a keyboard; Python also reads ١, 1_0 and +1 as numbers."""

    default_error_messages = {"invalid": gettext_lazy("Enter a whole number, such as 12.")}

    def to_python(self, value: Any) -> int | None:
        if isinstance(value, str) and not re.fullmatch(r"\s*(-?[0-9]{1,18})?\s*", value, re.ASCII):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(value)


class AmountField(forms.DecimalField):
    """Shillings, or another figure with a point in it; Python also reads 1e3, 1_0 and NaN."""

    default_error_messages = {"invalid": gettext_lazy("Enter a figure, such as 550 or 12.50.")}

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and not re.fullmatch(
            r"\s*(-?[0-9]{1,12}(\.[0-9]{1,9})?)?\s*", value, re.ASCII
        ):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        figure: Decimal | None = super().to_python(value)
        if figure is not None and figure.is_signed() and not figure:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return figure
