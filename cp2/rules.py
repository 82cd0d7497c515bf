"""The floor: how a rule refuses, how a row is locked, how a status moves, who is looking, and how
what is due is worked off."""

import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any, Protocol, TypeVar

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class Refused(Exception):
    """A rule said no, or several did. Each says why in a sentence, shown to the user as it is."""

    def __str__(self) -> str:
        return " ".join(str(reason) for reason in self.args)


class Role(models.TextChoices):
    """What kind of account this is; it decides which front door opens."""

    OFFICER = "officer", gettext_lazy("Officer")
    CENTRE = "centre", gettext_lazy("Centre")
    DIRECTOR = "director", gettext_lazy("Director")
    STAFF = "staff", gettext_lazy("Headquarters")


class Viewer(Protocol):
    """As much of a user as `visible_to` needs, so that the lowest apps can ask too."""

    @property
    def pk(self) -> Any: ...
    @property
    def role(self) -> str: ...
    @property
    def office(self) -> str: ...
    @property
    def station_id(self) -> int | None: ...
    @property
    def exam_id(self) -> int | None: ...
    @property
    def sub_county_id(self) -> int | None: ...


Row = TypeVar("Row", bound=models.Model)


def lock(obj: Row) -> Row:
    """Read one row again, for update. Call inside a transaction, lowest app first."""
    model = obj.__class__  # not type(obj): request.user is a lazy stand-in for its row
    return model._base_manager.select_for_update(of=("self",)).get(pk=obj.pk)


def digest(seen: Any) -> str:
    """Of what somebody saw, so that it is known whether it is still so when they say yes to it."""
    return sha256(repr(seen).encode()).hexdigest()[:16]


def refuse_move(obj: Any, status: models.TextChoices) -> None:
    """Refused if its MOVES do not allow it."""
    if status not in obj.MOVES.get(obj.status, ()):
        raise Refused(
            _("This %(thing)s is %(now)s, so it cannot be %(wanted)s.")
            % {
                "thing": obj._meta.verbose_name,
                "now": obj.get_status_display().lower(),
                "wanted": str(status.label).lower(),
            }
        )


def move(obj: Any, status: models.TextChoices, **fields: Any) -> None:
    """Take a locked row to a new status, if its MOVES allow it, and save only what changed."""
    refuse_move(obj, status)
    for name, value in {"status": status, **fields}.items():
        setattr(obj, name, value)
    obj.save(update_fields=["status", *fields])


def in_portions(step: Callable[[int], int], *, most: int, seconds: float = 20) -> int:
    """Take what is due `most` at a time, each lot in a transaction of the step's own, until no full
    lot is left or the time is over; the next turn has the rest. How many in all."""
    ends = time.monotonic() + seconds
    done = some = step(most)
    while some == most and time.monotonic() < ends:
        some = step(most)
        done += some
    return done
