"""Values as a page may show them: numbers of people and accounts are masked, as in lists."""

import re
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from accounts.models import User
from cp2.audit.models import Change
from cp2.audit.watched import WATCHED
from profiles.models import masked

HIDDEN = re.compile(
    r"phone|national_id|kra_pin|(tsc|pf|nssf|sha)_number|^number$|^account$|password|_hash|^sha256$"
)
PHONE = re.compile(r"(?<!\d)(?:\+?254|0)[17]\d{8}(?!\d)")
NAMED: list[type[models.Model]] = [User, Group, Permission]  # the others are numbers here
NOTHING = "–"


def hides(name: str) -> bool:
    return HIDDEN.search(name) is not None


def without_phones(text: str) -> str:
    return PHONE.sub(lambda found: masked(found[0]), text)


def details(value: Any, name: str = "") -> Any:
    """What the trail says besides, with the numbers in it masked."""
    if isinstance(value, dict):
        return {key: details(each, key) for key, each in value.items()}
    if isinstance(value, list):
        return [details(each, name) for each in value]
    if value is None or isinstance(value, bool):
        return value
    if name and hides(name):
        return masked(str(value))
    return without_phones(value) if isinstance(value, str) else value


def said(value: dict[str, Any]) -> str:
    """The same in one line."""
    told = ((name, _flat(each)) for name, each in details(value).items() if each is not None)
    return "; ".join(f"{name}: {words}" for name, words in told if words)


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_flat(each)}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(_flat, value))
    return _yes_or_no(value) if isinstance(value, bool) else str(value)


def _yes_or_no(value: bool) -> str:
    return _("yes") if value else _("no")


def kind_of_thing(label: str) -> str:
    try:
        return str(apps.get_model(label)._meta.verbose_name)
    except (LookupError, ValueError):
        return label  # of a model that there is no longer


# Changes of rows


class Names:
    """Of the people, groups and rights that some changes point to: one query for each kind."""

    def __init__(self, changes: list[Change]) -> None:
        wanted: dict[type[models.Model], set[int]] = {}
        for change in changes:
            for name, values in change.fields.items():
                field = field_of(change.subject_type, name)
                if field is not None and field.related_model in NAMED:
                    wanted.setdefault(field.related_model, set()).update(filter(None, values))
        self.rows = {model: self._of(model, pks) for model, pks in wanted.items()}

    @staticmethod
    def _of(model: type[models.Model], pks: set[int]) -> dict[int, str]:
        if model is Permission:
            return dict(Permission.objects.filter(pk__in=pks).values_list("pk", "name"))
        return {pk: str(row) for pk, row in model._base_manager.in_bulk(pks).items()}

    def lines(self, change: Change) -> Iterator[tuple[str, str, str]]:
        """Field, old value, new value, as the fields stand in the model."""
        known = [(field_of(change.subject_type, name), name) for name in change.fields]
        known.sort(key=lambda pair: getattr(pair[0], "creation_counter", 0))
        for field, name in known:
            values = change.fields[name]
            label = str(field.verbose_name) if field is not None else name
            was, now = (self._said(field, name, each) for each in (values[0], values[1]))
            yield label, was, now

    def _said(self, field: Any, name: str, value: Any) -> str:
        if value is None or value in ("", []):
            return NOTHING
        if isinstance(value, bool):
            return _yes_or_no(value)
        if hides(name):
            return masked(str(value))
        if field is not None and field.is_relation:
            return self.rows.get(field.related_model, {}).get(value, f"{value}")
        if isinstance(field, models.DateTimeField) and (moment := parse_datetime(str(value))):
            return date_format(localtime(moment), "j M Y, H:i")
        choices = dict(getattr(field, "flatchoices", None) or ())
        if isinstance(value, list):
            return ", ".join(str(choices.get(each, each)) for each in value)
        return without_phones(str(choices.get(value, value)))


def field_of(subject_type: str, name: str) -> Any:
    for watched in WATCHED:
        if watched.subject._meta.label_lower == subject_type:
            try:
                return watched.model._meta.get_field(name)
            except FieldDoesNotExist:
                continue
    return None
