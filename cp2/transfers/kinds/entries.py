from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services import record
from catalogue import papers
from catalogue.models import CentreEntry, Skill
from cp2.opening.models import Carried
from cp2.transfers.kinds import cells
from cp2.transfers.kinds.base import STAGE, Column, Fault, Kind, Reading, Sets

OF_LAST_YEAR = Carried._meta.db_table


def find(column: str, code: str) -> str:
    return (
        f"UPDATE {STAGE} i SET {column} = s.id FROM catalogue_dutystation s WHERE s.code = i.{code}"
    )


def other_than(column: str, code: str, kind: str) -> str:
    """Lines that name no station, or one of another kind."""
    return (
        f"SELECT i.line, i.{code} FROM {STAGE} i LEFT JOIN catalogue_dutystation s "
        f"ON s.id = i.{column} WHERE i.{code} IS NOT NULL AND s.kind IS DISTINCT FROM '{kind}'"
    )


def named(column: str) -> str:
    return f"(SELECT code FROM catalogue_dutystation WHERE id = t.{column})"


@dataclass(frozen=True)
class Entries(Kind):
    """A number of last year's that stands in the file as well is this year's from then on."""

    def counts(self, reading: Reading) -> dict[str, int]:
        counts = super().counts(reading)
        confirmed = self._confirmed(reading)
        return {**counts, "confirmed": confirmed, "unchanged": counts["unchanged"] - confirmed}

    def _confirmed(self, reading: Reading) -> int:
        """Lines that change nothing but that."""
        return self._count(
            "NOT bad AND EXISTS ("
            f"SELECT FROM {self.table} t JOIN {OF_LAST_YEAR} c ON c.entry_id = t.id "
            f"WHERE t.id = i.row_id AND NOT ({self._differs(reading.names)}))"
        )

    def apply(self, reading: Reading, *, by: User) -> dict[str, int]:
        confirmed = self._confirmed(reading)
        done = super().apply(reading, by=by)
        with connection.cursor() as cursor:
            cursor.execute(
                f"DELETE FROM {OF_LAST_YEAR} c USING {STAGE} i "
                "WHERE c.entry_id = i.row_id AND NOT i.bad"
            )
        if confirmed and (exam := reading.of.exam):
            told: dict[str, Any] = {"entries": confirmed, "import": reading.of.pk}
            record("exam.entries_confirmed", exam, by=by, **told)
        return {**done, "confirmed": confirmed}


ENTRIES = Entries(
    model=CentreEntry,
    permissions=["catalogue.add_centreentry", "catalogue.change_centreentry"],
    of_exam=True,
    columns=[
        Column("centre", cells.code, "40718101", needed=True, also=("centre_code", "code")),
        Column("candidates", cells.whole(50_000, needed=True), "184", "integer", needed=True),
        Column(
            "distribution_centre",
            lambda typed: cells.code(typed) if typed else None,
            "DC0718",
        ),
        Column("host", lambda typed: cells.code(typed) if typed else None, ""),
        Column("needs", cells.some_of(Skill), "braille", "varchar[]"),
        Column("papers", papers.read, "101/1, 121/2", "varchar[]"),
    ],
    extra={"station_id": "bigint", "centre_id": "bigint", "host_id": "bigint"},
    resolve=[
        find("station_id", "centre"),
        find("centre_id", "distribution_centre"),
        find("host_id", "host"),
    ],
    unique=[("centre",)],
    key="t.exam_id = %(exam)s AND t.station_id = i.station_id",
    name="i.centre",
    sets={
        "station_id": Sets("centre", "i.station_id"),
        "candidates": Sets("candidates", "i.candidates"),
        "distribution_centre_id": Sets(
            "distribution_centre",
            "i.centre_id",
            named("distribution_centre_id"),
            "i.distribution_centre",
        ),
        "host_id": Sets("host", "i.host_id", named("host_id"), "i.host"),
        "needs": Sets("needs", "i.needs"),
        "papers": Sets("papers", "i.papers"),
    },
    faults=[
        Fault(
            _("No examination centre has the code %(said)s."),
            other_than("station_id", "centre", "examination_centre"),
        ),
        Fault(
            _("No distribution centre has the code %(said)s."),
            other_than("centre_id", "distribution_centre", "distribution_centre"),
        ),
        Fault(
            _("No examination centre that could be the host has the code %(said)s."),
            other_than("host_id", "host", "examination_centre"),
        ),
        Fault(
            _("No centre hosts itself: %(said)s."),
            f"SELECT line, host FROM {STAGE} WHERE host_id = station_id",
        ),
        Fault(
            _("The host %(said)s is not entered for this exam, here or in the file."),
            f"SELECT i.line, i.host FROM {STAGE} i WHERE i.host_id IS NOT NULL "
            "AND NOT EXISTS (SELECT FROM catalogue_centreentry e WHERE e.exam_id = %(exam)s "
            "AND e.station_id = i.host_id) "
            f"AND NOT EXISTS (SELECT FROM {STAGE} h WHERE h.station_id = i.host_id)",
        ),
    ],
    verb="entry",
    help=_("Distances stay as the centres gave them. Posts are computed anew afterwards."),
)
