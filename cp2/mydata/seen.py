"""Who has opened what is theirs, in sentences: the trail's looks, one line a person and day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Entry, User
from cp2.mydata.gather import COLLECTED, Person
from cp2.mydata.words import who
from cp2.rules import Role

MOST = 20  # on the page; the files have all


@dataclass(frozen=True)
class Look:
    day: date
    actor: User | None
    verb: str
    times: int

    def sentence(self, place: int | None) -> str:
        """`place` is the sub-county of the officer who reads it."""
        said = {
            "payee.viewed": _("%(who)s looked at whom we pay for you."),
            "number.looked_up": _("%(who)s looked up your number and the texts to it."),
            COLLECTED: _("%(who)s had all that is held about you put in a file."),
        }.get(self.verb, _("%(who)s opened your profile or a paper in it."))
        said %= {"who": _looker(self.actor, place)}
        if self.times > 1:
            times = ngettext("%(n)s time", "%(n)s times", self.times) % {"n": self.times}
            said = f"{said} ({times})"
        return f"{date_format(self.day, 'j M Y')}: {said}"


def _looker(actor: User | None, place: int | None) -> str:
    if actor and actor.role == Role.DIRECTOR and actor.sub_county_id == place:
        said = _("The %(office)s of your sub-county") % {"office": actor.get_office_display()}
        return f"{said} ({actor.name})" if actor.name else said
    return who(actor, name=True)


def looks(person: Person, *, most: int | None = None) -> list[str]:
    """The newest first."""
    entries = person.looks()[: most * 10 if most else None]
    found = [
        Look(day, actor, verb, sum(1 for _entry in same))
        for (day, actor, verb), same in groupby(_by_day(entries), key=_key)
    ]
    officer = getattr(person.user, "officer", None)
    place = officer.sub_county_id if officer else None
    return [look.sentence(place) for look in found[:most]]


def _by_day(entries: Iterable[Entry]) -> list[Entry]:
    def order(entry: Entry) -> tuple[int, int, str]:
        return -_day(entry).toordinal(), entry.actor_id or 0, entry.verb

    return sorted(entries, key=order)


def _key(entry: Entry) -> tuple[date, User | None, str]:
    return _day(entry), entry.actor, entry.verb


def _day(entry: Entry) -> date:
    return timezone.localdate(entry.at)
