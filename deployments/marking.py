"""How many examiners of which paper each marking centre takes, as headquarters sends it."""

from typing import IO

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record
from catalogue.models import DutyStation, Exam, MarkingEntry, Position, StationKind
from cp2.rules import Refused
from cp2.tables import Unreadable, read

COLUMNS = ["station", "position", "officers"]
MOST_LINES = 5_000
MOST_OFFICERS = 32_767
MOST_SAID = 20


@transaction.atomic
def take_file(file: IO[bytes], *, exam: Exam, by: User) -> int:
    """All of its lines or none. A line whose station and position are known gets its new number."""
    wrong: list[str] = []

    def say(line: int, fault: str) -> None:
        wrong.append(_("Line %(line)d: %(fault)s") % {"line": line, "fault": fault})

    stations = dict(
        DutyStation.objects.filter(kind=StationKind.MARKING_CENTRE).values_list("code", "pk")
    )
    positions = dict(Position.objects.values_list("code", "pk"))
    found: dict[tuple[int, int], int] = {}
    for line, cells in read(file, needed=COLUMNS, most_rows=MOST_LINES, wrong=say):
        station = stations.get(cells["station"].strip().upper())
        position = positions.get(cells["position"].strip().upper())
        officers = cells["officers"].strip()
        if station is None:
            say(line, _("No marking centre has this code."))
        elif position is None:
            say(line, _("No position has this code."))
        elif not _is_number(officers):
            say(line, _("Give the number of officers, 1 or more."))
        elif (station, position) in found:
            say(line, _("This station and position stand in an earlier line too."))
        else:
            found[station, position] = int(officers)
    if wrong:
        raise Refused(*wrong[:MOST_SAID])
    if not found:
        raise Unreadable(_("There is nothing in this file."))
    MarkingEntry.objects.bulk_create(
        (
            MarkingEntry(exam=exam, station_id=station, position_id=position, officers=officers)
            for (station, position), officers in found.items()
        ),
        update_conflicts=True,
        unique_fields=["exam", "station", "position"],
        update_fields=["officers"],
    )
    record("marking_entries.taken", exam, by=by, lines=len(found))
    return len(found)


def _is_number(cell: str) -> bool:
    plain = cell.isascii() and cell.isdigit() and len(cell) <= 5
    return plain and 1 <= int(cell) <= MOST_OFFICERS
