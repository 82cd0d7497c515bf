"""All that became of one row, in one line of time: acts upon it, and changes of its fields."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import Entry, User
from attendance.models import Mark, MarkHistory
from claims.models import Claim
from cp2.audit.models import Change
from cp2.audit.words import NOTHING, Names, kind_of_thing, said
from cp2.mydata.gather import SEEN
from profiles.models import Officer

MOST = 200  # of each, the newest


@dataclass(frozen=True)
class Event:
    at: datetime
    who: str
    what: str
    of: str = ""  # another row that belongs to it
    said: str = ""
    through: str = ""
    fields: list[tuple[str, str, str]] = field(default_factory=list)


def belonging(row: models.Model) -> Iterator[models.Model]:
    """What is changed with a row and has no history anybody would look for."""
    if isinstance(row, Officer):
        yield row.user
        if account := getattr(row, "bank_account", None):
            yield account
    elif isinstance(row, Claim):
        yield from row.lines.all()[:MOST]
        yield from row.holds.all()[:MOST]
        yield from row.payments.all()[:MOST]


class History:
    """The newest first. `may` says whether the reader may see a kind of thing at all."""

    def __init__(self, row: models.Model, *, may: Callable[[str], bool], with_looks: bool) -> None:
        self.row, self.may, self.with_looks = row, may, with_looks

    @cached_property
    def events(self) -> list[Event]:
        found = [*self._acts(), *self._changes(), *self._marks()]
        return sorted(found, key=lambda event: event.at, reverse=True)

    @cached_property
    def is_cut(self) -> bool:
        return len(self._entries) > MOST or len(self._changed) > MOST

    @cached_property
    def _entries(self) -> list[Entry]:
        entries = Entry.objects.about(self.row).select_related("actor")
        if not self.with_looks:
            entries = entries.exclude(verb__in=SEEN)
        return list(entries[: MOST + 1])

    @cached_property
    def _changed(self) -> list[Change]:
        about = Q()
        for row in (self.row, *belonging(self.row)):
            meta = row._meta
            if row is self.row or self.may(f"{meta.app_label}.view_{meta.model_name}"):
                about |= Q(subject_type=meta.label_lower, subject_id=row.pk)
        return list(Change.objects.filter(about).select_related("actor")[: MOST + 1])

    def _acts(self) -> Iterator[Event]:
        for entry in self._entries[:MOST]:
            yield Event(
                entry.at, _who(entry.actor, entry.acting_name), entry.verb, said=said(entry.details)
            )

    def _changes(self) -> Iterator[Event]:
        shown = self._changed[:MOST]
        names = Names(shown)
        own = self.row._meta.label_lower
        for change in shown:
            of = ""
            if change.subject_type != own:
                of = f"{kind_of_thing(change.subject_type)} {change.subject_id}"
            yield Event(
                change.at,
                _who(change.actor),
                change.get_kind_display(),
                of=of,
                through=change.through,
                fields=list(names.lines(change)),
            )

    def _marks(self) -> Iterator[Event]:
        """What a mark was, which the database keeps in a table of its own."""
        if not isinstance(self.row, Mark):
            return
        earlier = list(self.row.history.select_related("marked_by")[:MOST])
        becomes: Mark | MarkHistory = self.row
        for was in earlier:
            yield Event(
                was.changed_at,
                _who(becomes.marked_by, becomes.acting_name),
                _("Changed"),
                fields=list(_between(was, becomes)),
            )
            becomes = was


def _between(was: MarkHistory, now: Mark | MarkHistory) -> Iterator[tuple[str, str, str]]:
    for name in ("status", "way", "acting_name", "amendment_id"):
        old, new = getattr(was, name), getattr(now, name)
        if old != new:
            label = MarkHistory._meta.get_field(name.removesuffix("_id"))
            yield str(getattr(label, "verbose_name", name)), _shown(was, name), _shown(now, name)


def _shown(row: Any, name: str) -> str:
    display = getattr(row, f"get_{name}_display", None)
    value = display() if display else getattr(row, name)
    return str(value) if value else NOTHING


def _who(user: User | None, acting: str = "") -> str:
    name = str(user) if user and (user.name or not user.phone) else ""
    if user and not name:
        name = _("Account %(number)s") % {"number": user.pk}  # an officer's user name is a phone
    return f"{acting} ({name})" if acting and name else acting or name
