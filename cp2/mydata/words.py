"""How the rows about a person are said: to them in words, to a machine in stable keys."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.files.storage import Storage
from django.db import models
from django.db.models.fields.files import FieldFile
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts.models import Entry, User
from cp2.audit.models import Change
from cp2.audit.words import field_of
from cp2.mydata.groups import GROUPS, Group, group_of
from cp2.mydata.parts import Model, handed_out, is_withheld, parts
from cp2.rules import Role
from deployments.models import Letter
from enquiries.models import Attachment
from profiles.models import Paper

# Where a file can be fetched by whoever it is of.
LINKS: dict[tuple[Model, str], Callable[[Any], str]] = {
    (Paper, "file"): lambda row: reverse("profiles:paper", args=[row.pk]),
    (Letter, "file"): lambda row: reverse("deployments:letter", args=[row.deployment_id]),
    (Attachment, "file"): lambda row: reverse("enquiries:attachment", args=[row.pk]),
}
# What its sender called it.
NAMES: dict[tuple[Model, str], str] = {(Paper, "file"): "name", (Attachment, "file"): "name"}


# Who


def who(user: User | None, *, mine: Iterable[int] = (), name: bool = False) -> str:
    """By role and place; by name only where the trail itself is shown."""
    if user is None:
        return _("The portal itself, by rule")
    if user.pk in mine:
        return _("You")
    match user.role:
        case Role.OFFICER:
            return _("An officer")
        case Role.CENTRE:
            return _("Centre %(centre)s") % {"centre": user.station}
        case Role.DIRECTOR:
            said = f"{user.get_office_display()}, {user.sub_county}"
        case _:
            said = _("KNEC headquarters")
    return f"{said} ({user.name})" if name and user.name else said


# What


class Teller:
    """Says the rows of one person; knows which accounts are theirs."""

    def __init__(self, accounts: Iterable[int]) -> None:
        self.mine = set(accounts)

    def row(self, row: models.Model) -> dict[str, Any]:
        """For machines: field names, ISO dates, the words of a choice beside it."""
        said: dict[str, Any] = {}
        for field in handed_out(type(row)):
            said[field.name] = self._value(row, field)
            if field.choices and not isinstance(said[field.name], list):
                said[f"{field.name}_label"] = getattr(row, f"get_{field.name}_display")()
        return said

    def _value(self, row: models.Model, field: Any) -> Any:
        if field.many_to_many:
            return [str(each) for each in getattr(row, field.name).all()]
        if field.is_relation:
            return self._relation(row, field)
        value = getattr(row, field.attname)
        if isinstance(value, FieldFile):
            return _file(row, field, value)
        return plain(value)

    def _relation(self, row: models.Model, field: Any) -> Any:
        target = field.related_model
        if getattr(row, field.attname) is None:
            return None
        if target is User:
            return who(getattr(row, field.name), mine=self.mine, name=type(row) is Entry)
        if target in parts():
            return getattr(row, field.attname)
        other = getattr(row, field.name)
        if other._meta.app_label in ("catalogue", "auth"):
            return str(other)
        return {
            its.name: self._value(other, its)
            for its in other._meta.concrete_fields
            if not is_withheld(type(other), its.name)
        }

    def cells(self, row: models.Model) -> Iterator[tuple[str, str, str]]:
        """For people: name, label and words of whatever is filled in."""
        for field in handed_out(type(row)):
            yield from self._cell(row, field)

    def _cell(self, row: models.Model, field: Any) -> Iterator[tuple[str, str, str]]:
        label = capfirst(str(field.verbose_name))
        if field.choices and not hasattr(field, "base_field"):
            yield field.name, label, str(getattr(row, f"get_{field.name}_display")() or "")
            return
        value = self._value(row, field)
        if isinstance(value, dict) and field.is_relation:
            other = getattr(row, field.name)
            for its in other._meta.concrete_fields:
                if not its.primary_key and not is_withheld(type(other), its.name):
                    yield from self._cell(other, its)
            return
        if type(row) in (Entry, Change) and field.name == "subject_type":
            yield field.name, label, _kind_of_thing(value)
            return
        if type(row) is Change and field.name == "fields":
            yield field.name, label, "; ".join(_changes(row))
            return
        raw = None if field.is_relation or field.many_to_many else getattr(row, field.attname)
        yield field.name, label, in_words(value, raw)


def _file(row: models.Model, field: Any, file: FieldFile) -> dict[str, Any] | None:
    if not file.name:
        return None
    key = (type(row), field.name)
    link = LINKS[key](row) if key in LINKS else ""
    return {
        "name": getattr(row, NAMES[key]) if key in NAMES else "",
        "size": size_of(file.storage, file.name),
        "link": f"{settings.SITE_URL}{link}" if link else "",
    }


def size_of(storage: Storage, name: str) -> int | None:
    """In bytes; nothing if the store has lost it, or is of a kind that tells no sizes."""
    try:
        return storage.size(name)
    except (OSError, NotImplementedError):
        return None


def plain(value: Any) -> Any:
    """As JSON has it."""
    match value:
        case None | bool() | int() | str() | list() | dict():
            return value
        case datetime():
            return timezone.localtime(value).isoformat()
        case date() | time():
            return value.isoformat()
        case Decimal():
            return str(value)
        case _:
            return str(value)


def in_words(value: Any, raw: Any = None) -> str:
    match raw if raw is not None else value:
        case None | "" | []:
            return ""
        case bool(yes):
            return _("Yes") if yes else _("No")
        case datetime() as moment:
            return date_format(timezone.localtime(moment), "j M Y, H:i")
        case date() as day:
            return date_format(day, "j M Y")
        case FieldFile():
            return _file_in_words(value) if value else ""
        case list(several):
            return ", ".join(map(str, several))
        case _:
            return str(value)


def _changes(change: Change) -> Iterator[str]:
    """Their own numbers, so in full."""
    for name, values in change.fields.items():
        field = field_of(change.subject_type, name)
        was, now = (in_words(value) or "–" for value in values)
        yield f"{field.verbose_name if field else name}: {was} → {now}"


def _kind_of_thing(label: str) -> str:
    """The trail outlives what it tells of, and so do the names of tables."""
    try:
        return str(apps.get_model(label)._meta.verbose_name)
    except LookupError:
        return label


def _file_in_words(file: dict[str, Any]) -> str:
    size = "" if file["size"] is None else f"{file['size']:,} B"
    return ", ".join(filter(None, (file["name"], size, file["link"])))


# Together


@dataclass(frozen=True)
class Section:
    """One table's rows about a person."""

    group: Group
    model: Model
    rows: list[Any]

    @property
    def key(self) -> str:
        return self.model._meta.label_lower

    @property
    def title(self) -> str:
        return str(capfirst(str(self.model._meta.verbose_name_plural)))


def sections(rows: dict[Model, list[Any]]) -> list[Section]:
    """In the order of the groups, and within one as the models are met."""
    told = [Section(group_of(model), model, found) for model, found in rows.items() if found]
    return sorted(told, key=lambda section: GROUPS.index(section.group))
