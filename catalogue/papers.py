"""Papers as people write them: 101/1, 102/2, with commas, semicolons or spaces between."""

import re
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from catalogue.models import PAPER

MOST = 100  # papers of one exam are fewer


def read(text: str) -> list[str]:
    """Each once, in the order that they are written in; a ValidationError says what is none."""
    found = dict.fromkeys(part.upper() for part in re.split(r"[\s,;]+", text) if part)
    for paper in found:
        if not cast(re.Pattern[str], PAPER.regex).fullmatch(paper):
            raise ValidationError(
                _(
                    "“%(paper)s” is no number of a paper. Write them as 101/1, with commas "
                    "between them."
                )
                % {"paper": paper[:20]}
            )
    if len(found) > MOST:
        raise ValidationError(_("These are more than %(most)d papers.") % {"most": MOST})
    return list(found)


def written(papers: list[str]) -> str:
    return ", ".join(papers)


class PapersField(forms.CharField):
    """One box for all of them."""

    widget = forms.TextInput(attrs={"size": 40, "autocomplete": "off"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, "max_length": 1000, **kwargs})

    def prepare_value(self, value: Any) -> Any:
        return written(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return read(super().to_python(value) or "")

    def run_validators(self, value: Any) -> None:
        """The length is that of what was typed, and was looked at before it was read."""

    def clean(self, value: Any) -> Any:
        super().run_validators(super().to_python(value) or "")
        return super().clean(value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)
