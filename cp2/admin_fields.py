"""What may be typed into headquarters' forms: as careful as the portal's own. Django's fields take
digits of any script, 1e3 and 1_0 for numbers, and text that nobody can see or PostgreSQL keep."""

import json
from datetime import date, datetime
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from claims import freeze
from deployments.forms import ChosenField
from profiles.fields import (
    AmountField,
    LineField,
    MailField,
    ProseField,
    WholeNumberField,
    is_hidden,
)

FIRST, LAST = 1950, 2100  # years that an exam or a deadline can be in
MOST_JSON = 20_000


def check_year(day: date | None) -> None:
    if day and not FIRST <= day.year <= LAST:
        raise ValidationError(
            _("Enter a year between %(first)s and %(last)s.") % {"first": FIRST, "last": LAST}
        )


class PlainDateField(forms.DateField):
    def to_python(self, value: Any) -> date | None:
        if isinstance(value, str) and not value.isascii():
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        day = super().to_python(value)
        check_year(day)
        return day


class PlainTimeField(forms.TimeField):
    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and not value.isascii():
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(value)


class PlainMomentField(forms.SplitDateTimeField):
    """A day and a time, each in a box of its own."""

    def clean(self, value: Any) -> datetime | None:
        if not all(str(part).isascii() for part in value or []):
            raise ValidationError(_("Use only the digits 0 to 9 in a date and a time."))
        moment: datetime | None = super().clean(value)
        check_year(moment)
        return moment


class PlainJSONField(forms.JSONField):
    """JSON that PostgreSQL can keep and a page can show."""

    def to_python(self, value: Any) -> Any:
        if not isinstance(value, str) or value in self.empty_values:
            return super().to_python(value)
        try:
            if len(value) > MOST_JSON:
                raise ValueError("too long")
            read = json.loads(value, parse_constant=_refuse)
            if any(is_hidden(char) for text in _texts(read) for char in text):
                raise ValueError("hidden characters")
        except (ValueError, RecursionError) as error:
            raise ValidationError(
                _("This is not JSON, or has hidden characters in it."), code="invalid"
            ) from error
        return super().to_python(value)


def _refuse(constant: str) -> None:
    raise ValueError(constant)  # NaN and Infinity are no JSON


def _texts(read: Any) -> list[str]:
    match read:
        case str():
            return [read]
        case list():
            return [text for each in read for text in _texts(each)]
        case dict():
            return [*read, *(text for each in read.values() for text in _texts(each))]
        case _:
            return []


FIELDS: dict[type[models.Field[Any, Any]], type[forms.Field]] = {
    models.CharField: LineField,
    models.EmailField: MailField,
    models.TextField: ProseField,
    models.IntegerField: WholeNumberField,
    models.BigIntegerField: WholeNumberField,
    models.SmallIntegerField: WholeNumberField,
    models.PositiveIntegerField: WholeNumberField,
    models.PositiveSmallIntegerField: WholeNumberField,
    models.DecimalField: AmountField,
    models.DateField: PlainDateField,
    models.DateTimeField: PlainMomentField,
    models.TimeField: PlainTimeField,
    models.JSONField: PlainJSONField,
    models.ForeignKey: ChosenField,
    models.OneToOneField: ChosenField,
}


# What a rule of the database says in words, and beside which box; Django would name the rule alone.
SAID: dict[str, tuple[str, Any]] = {
    "bank_code": ("code", gettext_lazy("A bank's code is two digits, such as 68.")),
    "branch_code": ("code", gettext_lazy("A branch's code is three digits, such as 012.")),
    "county_code_is_official": ("code", gettext_lazy("A county's code is from 1 to 47.")),
    "promise_is_of_some_days": ("days", gettext_lazy("Enter a number of days from 1 to 90.")),
    "registers_close_after_they_are_due": (
        "registers_close_at",
        gettext_lazy(
            "Registers close after they are due: on the day itself at a later hour, or 1 to 60 "
            "days after it."
        ),
    ),
    "exam_runs_forward": (
        "ends_on",
        gettext_lazy("First comes the rehearsal, then the first day, then the last. Check them."),
    ),
    "marking_entry_takes_some": ("officers", gettext_lazy("Enter 1 or more, up to 32767.")),
    "no_centre_hosts_itself": ("host", gettext_lazy("A centre cannot be its own host.")),
    "paper_is_of_the_subject": (
        "paper",
        gettext_lazy("A paper is its subject's number and its own, such as 101/1 of 101."),
    ),
    "role_has_its_place": (
        "role",
        gettext_lazy(
            "A centre has a station and an exam, a director an office and a sub-county, an "
            "officer a phone number; nobody has what is another's."
        ),
    ),
    "subject_code": ("code", gettext_lazy("A subject's code is three digits, such as 101.")),
    "changed_rate_not_negative": ("daily_rate", gettext_lazy("Enter 0 or more.")),
    "marking_rates_not_negative": (
        "coordination_fee",
        gettext_lazy("Enter 0 or more in each of the three."),
    ),
    "tax_is_a_part_of_the_claim": ("rate", gettext_lazy("Enter a share from 0 to 100.")),
    "tax_threshold_not_negative": ("above", gettext_lazy("Enter 0 or more.")),
    "terms_age_limit_is_an_age": ("oldest", gettext_lazy("Enter an age from 18 to 99.")),
    "terms_centres_ratio_is_positive": ("centres_per_officer", gettext_lazy("Enter 1 or more.")),
    "terms_counted_with_another_exam": (
        "counted_with",
        gettext_lazy("Choose another exam than the one that these terms are for."),
    ),
    "terms_leave_time_to_respond": ("days_to_respond", gettext_lazy("Enter 1 day or more.")),
    "terms_rate_not_negative": ("daily_rate", gettext_lazy("Enter 0 or more.")),
    "terms_ratio_is_positive": ("candidates_per_officer", gettext_lazy("Enter 1 or more.")),
    "topic_promises_some_days": (
        "promised_days",
        gettext_lazy("Enter a number of days from 1 to 90, or nothing."),
    ),
    "vacancy_closes_after_it_opens": (
        "closes_at",
        gettext_lazy("Enter a moment after the one at which it opens."),
    ),
    "weights_are_small_numbers": (
        "per_year",
        gettext_lazy("Points are from 0 to 100, and no more than 20 years are recent. Check them."),
    ),
    "weights_are_ways_within_kenya": (
        "elsewhere_km",
        gettext_lazy("Ways are from 0 to 1,000 km. Check them."),
    ),
}


class WordedForm(forms.ModelForm[Any]):
    """Says beside its box what a rule of the database has against what was typed."""

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # Django's own, which checks the rules
        rules = [rule for _model, rules in self.instance.get_constraints() for rule in rules]
        for rule in rules:
            if rule.name in SAID and self._take_out(rule.get_violation_error_message()):
                box, sentence = SAID[rule.name]
                self.add_error(box if box in self.fields else None, sentence)
        if refused := freeze.refusal(self.instance, self.changed_data):
            box, said = refused
            self.add_error(box if box in self.fields else None, said)

    def _take_out(self, said: str) -> bool:
        """Whether it was among the errors of the form as a whole."""
        errors = self.errors.get(NON_FIELD_ERRORS)
        left = [error for error in errors.as_data() if error.messages != [said]] if errors else []
        if errors is None or len(left) == len(errors):
            return False
        del self.errors[NON_FIELD_ERRORS]
        if left:
            self.add_error(None, left)
        return True


def worded(form: type[Any]) -> type[Any]:
    if form is forms.ModelForm:
        return WordedForm
    return form if issubclass(form, WordedForm) else type(form.__name__, (form, WordedForm), {})


def careful(overrides: Any) -> None:
    """Have a model's admin make its forms of these fields; what else it says of them stays."""
    for kind, field in FIELDS.items():
        overrides.setdefault(kind, {})["form_class"] = field
