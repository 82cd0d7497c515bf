"""A broadcast as its page shows it: in words, with the figures of its count and of its report."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from catalogue.models import County, DutyStation, Position, SubCounty
from cp2.broadcasts.audience import MEANS
from cp2.broadcasts.hours import takes
from cp2.broadcasts.models import (
    GONE,
    NOT_REACHED,
    Broadcast,
    BroadcastStatus,
    Recipient,
    Stage,
    State,
    Who,
)
from cp2.broadcasts.report import hour_of
from cp2.broadcasts.wording import exam_of, on_a_phone
from profiles.models import Officer, masked
from sms.fates import Reason, because, remedy

MOST_NAMED = 8


def audience_in_words(broadcast: Broadcast) -> list[tuple[str, str]]:
    """Whom it goes to, line by line."""
    lines = [(_("To whom"), broadcast.get_who_display())]
    if broadcast.stage:
        lines.append((_("Stage"), broadcast.get_stage_display()))
    if broadcast.who == Who.DIRECTORS:
        lines.append((_("Office"), broadcast.get_office_display() or _("Both")))
    if broadcast.exam:
        lines.append((_("Exam"), str(broadcast.exam)))
    for label, model, ids in (
        (_("Positions"), Position, broadcast.positions),
        (_("Counties"), County, broadcast.counties),
        (_("Sub-counties"), SubCounty, broadcast.sub_counties),
        (_("Stations"), DutyStation, broadcast.stations),
    ):
        if ids:
            rows = model._default_manager.filter(pk__in=ids)[:MOST_NAMED]
            lines.append((label, _named([str(row) for row in rows], len(ids))))
    return lines


def _named(names: list[str], count: int) -> str:
    more = count - len(names)
    said = ngettext("and %(n)s more", "and %(n)s more", more) % {"n": more}
    return ", ".join(names) + (f" {said}" if more > 0 else "")


def meanings() -> list[tuple[str, str]]:
    labels = {**dict(Stage.choices), **dict(Who.choices)}
    return [(str(labels[value]), str(words)) for value, words in MEANS.items()]


def phones(broadcast: Broadcast) -> list[dict[str, Any]]:
    """Both texts as a phone shows them."""
    exam = exam_of(broadcast)
    names = {"en": _("English"), "sw": _("Kiswahili")}
    return [
        {"language": names[each], "code": each, **on_a_phone(text, each, exam=exam)}
        for each, text in broadcast.texts.items()
    ]


def how_long(texts: int) -> str:
    lasts, rate = takes(texts), settings.SMS_BULK_PER_SECOND
    if lasts is None:
        return _("No text to many may leave at present: their rate is set to nought.")
    return _(
        "It will take about %(long)s at %(rate)s texts a second, between %(first)s:00 and "
        "%(last)s:00."
    ) % {
        "long": _long(lasts),
        "rate": f"{rate:g}",
        "first": settings.BROADCASTS_FROM,
        "last": settings.BROADCASTS_UNTIL,
    }


def _long(lasts: timedelta) -> str:
    minutes = max(round(lasts.total_seconds() / 60), 1)
    if minutes < 90:
        return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}
    hours = round(minutes / 60)
    return ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours}


@dataclass(frozen=True)
class Line:
    name: str
    cells: list[int]


COUNT_COLUMNS = ["en", "sw", State.NO_PHONE.value, State.OPTED_OUT.value]


def counted(broadcast: Broadcast) -> dict[str, Any]:
    """By county and language, and who is left out."""
    figures = broadcast.figures
    each: dict[str, int] = figures.get("segments", {})
    reached: dict[str, int] = figures.get("reached", {})
    return {
        "lines": _lines(figures.get("counties", []), COUNT_COLUMNS),
        "totals": [reached.get("en", 0), reached.get("sw", 0), figures.get("no_phone", 0),
                   figures.get("opted_out", 0)],
        "per_segment": figures.get("per_segment", ""),
        "languages": [
            (phone["language"], reached.get(phone["code"], 0), each.get(phone["code"], 0))
            for phone in phones(broadcast)
        ],
        "how_long": how_long(broadcast.reached),
    }  # fmt: skip


def _lines(counties: Iterable[Any], columns: list[str]) -> list[Line]:
    return [
        Line(name or _("No county yet"), [of.get(column, 0) for column in columns])
        for name, of in counties
    ]


def sample(broadcast: Broadcast) -> list[tuple[str, str, str]]:
    """Ten of its people, as an example: name, number, county."""
    rows = Recipient.objects.filter(pk__in=broadcast.figures.get("sample", []))
    return list(people(rows.select_related("user", "county")))


def people(rows: Iterable[Recipient]) -> Iterator[tuple[str, str, str]]:
    found = list(rows)
    names = names_of(found)
    for row in found:
        yield names[row.user_id], masked(row.user.phone), row.county.name if row.county else ""


def names_of(rows: list[Recipient]) -> dict[int, str]:
    """An officer's as on the ID; where there is none yet, no more of the number than lists show."""
    officers = dict(
        Officer.objects.filter(user__in=[row.user_id for row in rows]).values_list(
            "user", "full_name"
        )
    )
    return {row.user_id: officers.get(row.user_id) or _known_as(row.user) for row in rows}


def _known_as(user: User) -> str:
    return user.name or masked(user.username)


# The report

NO_TEXT = [State.NO_PHONE, State.OPTED_OUT, State.CLOSED, State.LEFT]
ALWAYS = [State.WAITING, State.WRITTEN, State.SENT, State.DELIVERED, State.FAILED]


def report(broadcast: Broadcast) -> dict[str, Any]:
    made = broadcast.report
    states: dict[str, int] = made.get("states", {})
    shown = [state for state in State if states.get(state) or state in ALWAYS]
    return {
        "states": [
            {"state": state, "label": state.label, "n": states.get(state, 0),
             "advice": advice(state), "listed": state in NOT_REACHED}
            for state in shown
        ],
        "all": sum(states.values()),
        "gone": sum(states.get(state, 0) for state in [*GONE, State.DELIVERED]),
        "to_send": sum(n for state, n in states.items() if state not in NO_TEXT),
        "columns": [state.label for state in shown],
        "lines": _lines(made.get("counties", []), [state.value for state in shown]),
        "reasons": [
            (n, because(Reason(reason)), remedy(Reason(reason)))
            for reason, n in made.get("reasons", [])
        ],
        "hours": [(hour_of(hour), counts) for hour, *counts in made.get("hours", [])],
        "cost": Decimal(made.get("cost", "0")),
        "unreached": sum(states.get(state, 0) for state in NOT_REACHED),
    }  # fmt: skip


def advice(state: State) -> str:
    """What can be done for those who are there."""
    match state:
        case State.UNKNOWN:
            return _("It may have come all the same. It is not sent again by itself.")
        case State.WITHDRAWN:
            return _("It never left. Write another broadcast if they should have it.")
        case State.NO_PHONE:
            return _("Reach them through their sub-county's office.")
        case State.OPTED_OUT:
            return _("They turned announcements off. They can text START to have them again.")
        case State.CLOSED:
            return _("Nothing: nobody signs in to it any more.")
        case State.LEFT:
            return _("Nothing: it concerns them no more.")
        case _state:
            return ""


def looks_again(broadcast: Broadcast) -> bool:
    """Whether the page has something new to show soon."""
    return broadcast.status in (
        BroadcastStatus.COUNTING,
        BroadcastStatus.APPROVED,
        BroadcastStatus.SENDING,
    )
