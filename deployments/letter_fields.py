"""What may be named in the words of a letter, in braces: a list of names, and nothing else.

A name is looked up in this list and replaced by words; there is no expression, attribute or call,
so whoever writes a text can reach nothing that is not here.
"""

import re
from collections.abc import Iterator, Mapping

from django.utils.html import conditional_escape, escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

FIELDS = {
    "officer": gettext_lazy("The officer's full name"),
    "position": gettext_lazy("The position, such as Invigilator"),
    "a": gettext_lazy("The English article of the position: a or an"),
    "position_code": gettext_lazy("The position's code, such as INV"),
    "subject": gettext_lazy("Of examiners: the subject that they mark"),
    "paper": gettext_lazy("Of examiners: the paper that they mark, such as 101/1"),
    "exam": gettext_lazy("The exam's abbreviation, such as KCSE"),
    "exam_name": gettext_lazy("The exam's name in full"),
    "year": gettext_lazy("The exam's year"),
    "station": gettext_lazy("The duty station's name"),
    "station_code": gettext_lazy("The duty station's code"),
    "sub_county": gettext_lazy("The duty station's sub-county"),
    "county": gettext_lazy("The duty station's county"),
    "starts_on": gettext_lazy("First day"),
    "ends_on": gettext_lazy("Last day"),
    "rehearsal_on": gettext_lazy("Day of the rehearsal"),
    "daily_rate": gettext_lazy("What is paid for a day, with the currency"),
    "with_rehearsal": gettext_lazy("“, inclusive of the rehearsal day” where that day is paid"),
    "respond_by": gettext_lazy("Until when the offer could be answered"),
    "answered_on": gettext_lazy("When the officer accepted"),
    "director": gettext_lazy("The office that the officer answers to"),
    "cooling_off_years": gettext_lazy("Years without service at the same centre"),
    "site": gettext_lazy("The portal's address"),
    "serial": gettext_lazy("The letter's number"),
}
# Set in bold, and not broken where they are short.
BOLD = {"position", "station", "starts_on", "ends_on", "daily_rate", "site", "respond_by"}
WHOLE = {"starts_on", "ends_on", "rehearsal_on", "daily_rate", "respond_by", "answered_on"}
IN_BRACES = re.compile(r"\{([^{}]*)\}")
DIAL = re.compile(r"\*[0-9*]+#")


def faults(text: str) -> Iterator[str]:
    """What is wrong with what was typed, each in a sentence."""
    unknown = [name for name in IN_BRACES.findall(text) if name not in FIELDS]
    for name in dict.fromkeys(unknown):
        yield _(
            "There is no field {%(name)s}. Use those that are listed below, spelt as they are."
        ) % {"name": name[:60]}
    if re.search(r"[{}]", IN_BRACES.sub("", text)):
        yield _("A brace stands alone. Write a field as { its name }, without spaces.")


def fill(text: str, values: Mapping[str, str]) -> SafeString:
    """For a page: all that is not ours is escaped. A value is never looked through again."""
    parts = IN_BRACES.split(text)
    shown = [
        _value(part, values) if n % 2 else DIAL.sub(_whole, str(escape(part)))
        for n, part in enumerate(parts)
    ]
    return mark_safe("".join(shown))  # each part was escaped


def _whole(found: "re.Match[str]") -> str:
    return f'<b class="nowrap">{found[0]}</b>'


def _value(name: str, values: Mapping[str, str]) -> str:
    if name not in values:
        return conditional_escape(f"{{{name}}}")
    if name in BOLD:
        return format_html(
            "<b{}>{}</b>", mark_safe(' class="nowrap"') if name in WHOLE else "", values[name]
        )
    if name in WHOLE:
        return format_html('<span class="nowrap">{}</span>', values[name])
    return conditional_escape(values[name])


def plain(text: str, values: Mapping[str, str]) -> str:
    """The same for what is no page, such as a reference or a title."""
    return IN_BRACES.sub(lambda found: values.get(found[1], found[0]), text)
