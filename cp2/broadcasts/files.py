"""A broadcast's people and its report, as pages list them and as files."""

from collections.abc import Iterator
from itertools import islice

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.models import User
from cp2.broadcasts import shown
from cp2.broadcasts.models import NOT_REACHED, Broadcast, Recipient, State
from cp2.exports import Table
from profiles.models import masked
from sms.fates import because, reason_of, remedy

BLOCK = 500


def asked_states(request: HttpRequest) -> list[State]:
    """The one that the address names, else all of those that were not reached."""
    asked = request.GET.get("state", "")
    return [State(asked)] if asked in State.values else NOT_REACHED


def people(broadcast: Broadcast, states: list[State]) -> QuerySet[Recipient]:
    rows = Recipient.objects.filter(broadcast=broadcast, state__in=states)
    return rows.select_related("user", "county").order_by("pk")


def rows(found: list[Recipient]) -> Iterator[tuple[str, str, str, str, str, str]]:
    """Name, number, county, how far it is, why, and what to do."""
    names = shown.names_of(found)
    for row in found:
        why, advice = "", shown.advice(State(row.state))
        if row.state == State.FAILED:
            reason = reason_of(row.failure)
            why, advice = because(reason), remedy(reason)
        yield (
            names[row.user_id],
            masked(row.user.phone),
            row.county.name if row.county else "",
            row.get_state_display(),
            why,
            advice,
        )


def people_table(broadcast: Broadcast, states: list[State], *, by: User) -> Table:
    found = people(broadcast, states)
    each = found.iterator(chunk_size=BLOCK)
    blocks = iter(lambda: list(islice(each, BLOCK)), [])
    return Table(
        name=f"broadcast-{broadcast.pk}-people",
        title=broadcast.title,
        heading=[_("Name"), _("Number"), _("County"), _("State"), _("Why"), _("What to do")],
        rows=(line for block in blocks for line in rows(block)),
        count=found.count(),
        by=str(by),
        about=", ".join(str(state.label) for state in states),
    )


def report_table(broadcast: Broadcast, *, by: User) -> Table:
    """County by county; one line for each."""
    report = shown.report(broadcast)
    lines = [[line.name, *line.cells] for line in report["lines"]]
    return Table(
        name=f"broadcast-{broadcast.pk}-report",
        title=broadcast.title,
        heading=[_("County"), *map(str, report["columns"])],
        rows=lines,
        count=len(lines),
        by=str(by),
    )
