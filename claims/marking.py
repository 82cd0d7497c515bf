"""What marking centres return of each examiner, as a file: looked at first, then taken whole.

A file is read and shown, and nothing is written; what it would change is applied as it was shown,
all of it or nothing. Sent again later, what it says otherwise is a change that the trail keeps.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record, record_each
from catalogue.models import Exam, Position
from claims.compute import lock_exam
from claims.models import MarkingRate, MarkingRecord
from cp2.rules import Refused
from cp2.tables import Unreadable, read
from deployments.models import Deployment, DeploymentStatus
from sms import phones

COLUMNS = [
    "officer",
    "station",
    "position",
    "coordination_days",
    "scripts",
    "travel",
    "advance",
    "signed",
]
ALSO = {
    "phone": "officer",
    "national_id": "officer",
    "id_number": "officer",
    "phone_or_national_id": "officer",
    "station_code": "station",
    "position_code": "position",
    "paper": "position",
    "paper_code": "position",
}
MOST_LINES = 50_000
MOST_SAID = 20
MOST_DAYS, MOST_SCRIPTS, MOST_SHILLINGS = 60, 20_000, 100_000
NATIONAL_ID = re.compile(r"[0-9]{6,9}", re.ASCII)
WHOLE = re.compile(r"[0-9]{1,6}", re.ASCII)
SHILLINGS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,2})?", re.ASCII)
SIGNED = {"yes": True, "ndiyo": True, "no": False, "hapana": False}
SERVED = [DeploymentStatus.ACCEPTED, DeploymentStatus.MOVED]

# Coordination days, scripts, travel, advance, signed; as JSON keeps it.
Figures = tuple[int, int, str, str, bool]
Given = dict[int, Figures]  # by deployment


@dataclass(frozen=True, slots=True)
class Line:
    """What changes of one examiner."""

    deployment: int
    name: str
    was: Figures | None
    now: Figures


@dataclass
class Preview:
    """What a file would do."""

    given: Given
    sha256: str
    changes: list[Line] = field(default_factory=list)

    @property
    def new(self) -> int:
        return sum(line.was is None for line in self.changes)

    @property
    def same(self) -> int:
        return len(self.given) - len(self.changes)

    @property
    def unsigned(self) -> int:
        return sum(not figures[4] for figures in self.given.values())

    @property
    def scripts(self) -> int:
        return sum(figures[1] for figures in self.given.values())

    @property
    def travel(self) -> Decimal:
        return sum((Decimal(figures[2]) for figures in self.given.values()), Decimal(0))

    @property
    def advance(self) -> Decimal:
        return sum((Decimal(figures[3]) for figures in self.given.values()), Decimal(0))

    @property
    def to_apply(self) -> list[list[Any]]:
        return [[line.deployment, *line.now] for line in self.changes]

    @property
    def seal(self) -> str:
        """Of what there was before: whether it is still so when this is applied."""
        return _seal((line.deployment, line.was) for line in self.changes)


def _seal(was: Iterable[tuple[int, Figures | None]]) -> str:
    said = json.dumps(sorted((pk, list(figures or ())) for pk, figures in was))
    return hashlib.sha256(said.encode()).hexdigest()


# Read


def preview(file: IO[bytes], *, exam: Exam) -> Preview:
    """Refused with what is wrong, line by line, if anything is."""
    wrong: list[str] = []

    def say(line: int, fault: str) -> None:
        wrong.append(_("Line %(line)d: %(fault)s") % {"line": line, "fault": fault})

    known = _Known(exam)
    given: Given = {}
    for line, cells in read(file, needed=COLUMNS, also=ALSO, most_rows=MOST_LINES, wrong=say):
        try:
            deployment = known.deployment(cells)
            figures = _figures(cells)
        except ValidationError as fault:
            say(line, " ".join(fault.messages))
            continue
        if deployment in given:
            say(line, _("This examiner stands in an earlier line too."))
        given[deployment] = figures
    if wrong:
        more = len(wrong) - MOST_SAID
        told = [_("And %(n)d more lines are wrong.") % {"n": more}] if more > 0 else []
        raise Refused(*wrong[:MOST_SAID], *told)
    if not given:
        raise Unreadable(_("There is nothing in this file."))
    shown = Preview(given, _sha256(file))
    there = _there(exam, list(given))
    shown.changes = [
        Line(pk, known.names[pk], there.get(pk), figures)
        for pk, figures in given.items()
        if there.get(pk) != figures
    ]
    return shown


def _sha256(file: IO[bytes]) -> str:
    file.seek(0)
    return hashlib.sha256(file.read()).hexdigest()


class _Known:
    """Who is deployed where as what, by all that a line may name them with."""

    def __init__(self, exam: Exam) -> None:
        self.names: dict[int, str] = {}
        self.found: dict[tuple[str, str, int], int] = {}
        self.people: set[str] = set()
        rows = Deployment.objects.filter(
            post__exam=exam, post__position__in=self._paid(exam), status__in=SERVED
        ).values_list(
            "pk",
            "officer__full_name",
            "officer__user__phone",
            "officer__national_id",
            "post__station__code",
            "post__position",
        )
        for pk, name, phone, national_id, station, position in rows.order_by("pk").iterator():
            self.names[pk] = name or phone or ""
            for key in filter(None, (phone, national_id)):
                self.people.add(key)
                self.found[key, station, position] = pk  # the latest, of several

    def _paid(self, exam: Exam) -> list[int]:
        """Positions that have rates of marking, by their code or their paper."""
        rated = set(MarkingRate.objects.filter(exam=exam).values_list("position", flat=True))
        self.positions: dict[str, list[int]] = {}
        self.unpaid: set[str] = set()
        for pk, code, paper in Position.objects.values_list("pk", "code", "paper"):
            for key in filter(None, (code.upper(), paper)):
                if pk in rated:
                    self.positions.setdefault(key, []).append(pk)
                else:
                    self.unpaid.add(key)
        return list(rated)

    def deployment(self, cells: dict[str, str]) -> int:
        readings = _readings(cells["officer"])
        station, code = cells["station"].strip().upper(), cells["position"].strip().upper()
        if code not in self.positions:
            if code in self.unpaid:
                raise ValidationError(
                    _("This position has no rates of marking in this exam. Enter them first.")
                )
            raise ValidationError(_("No position or paper has this code."))
        people = [person for person in readings if person in self.people]
        found = {
            pk
            for person in people
            for position in self.positions[code]
            if (pk := self.found.get((person, station, position)))
        }
        if len(found) == 1:
            return found.pop()
        if found and len(people) > 1:
            raise ValidationError(
                _("This is the phone of one examiner and the ID number of another: write 2547….")
            )
        if found:
            raise ValidationError(
                _("This examiner serves in several positions of this paper: write the position.")
            )
        if not people:
            raise ValidationError(
                _("Nobody with this phone or ID number is deployed to mark in this exam.")
            )
        raise ValidationError(_("This examiner is not deployed at this station in this position."))


def _readings(typed: str) -> list[str]:
    """A phone as it is kept, or an ID number. Nine digits may be either: spreadsheets drop the
    nought that a phone begins with."""
    text = typed.strip()
    if not text:
        raise ValidationError(_("Enter the examiner's phone or ID number."))
    if not NATIONAL_ID.fullmatch(text):
        return [phones.mobile(text)]
    return [text, phones.mobile(text)] if phones.is_mobile(text) else [text]


def _figures(cells: dict[str, str]) -> Figures:
    signed = SIGNED.get(cells["signed"].strip().casefold())
    if signed is None:
        raise ValidationError(_("Signed: write yes or no."))
    return (
        _whole(cells, "coordination_days", MOST_DAYS),
        _whole(cells, "scripts", MOST_SCRIPTS),
        _shillings(cells, "travel"),
        _shillings(cells, "advance"),
        signed,
    )


def _whole(cells: dict[str, str], column: str, most: int) -> int:
    text = cells[column].strip()
    if not WHOLE.fullmatch(text) or int(text) > most:
        raise ValidationError(
            _("%(column)s: write a whole number from 0 to %(most)s in the digits 0 to 9.")
            % {"column": column, "most": f"{most:,}"}
        )
    return int(text)


def _shillings(cells: dict[str, str], column: str) -> str:
    text = cells[column].strip()
    if not SHILLINGS.fullmatch(text):
        raise ValidationError(
            _("%(column)s: write shillings as 0, 550 or 12.50.") % {"column": column}
        )
    if Decimal(text) > MOST_SHILLINGS:
        raise ValidationError(
            _("%(column)s: this is more than %(most)s shillings for one examiner.")
            % {"column": column, "most": f"{MOST_SHILLINGS:,}"}
        )
    return str(Decimal(text).quantize(Decimal("0.01")))


def _there(exam: Exam, deployments: list[int]) -> Given:
    rows = MarkingRecord.objects.filter(exam=exam, deployment__in=deployments)
    return {
        pk: (days, scripts, str(travel), str(advance), signed)
        for pk, days, scripts, travel, advance, signed in rows.values_list(
            "deployment", "coordination_days", "scripts", "travel", "advance", "signed"
        )
    }


# Apply

WRITE = """
INSERT INTO claims_markingrecord
    (exam_id, deployment_id, coordination_days, scripts, travel, advance, signed, by_id)
SELECT %(exam)s, line.deployment, line.days, line.scripts, line.travel, line.advance, line.signed,
    %(by)s
FROM unnest(
    %(deployments)s::bigint[], %(days)s::int[], %(scripts)s::int[], %(travel)s::numeric[],
    %(advance)s::numeric[], %(signed)s::boolean[]
) AS line (deployment, days, scripts, travel, advance, signed)
ON CONFLICT (deployment_id) DO UPDATE
SET coordination_days = EXCLUDED.coordination_days, scripts = EXCLUDED.scripts,
    travel = EXCLUDED.travel, advance = EXCLUDED.advance, signed = EXCLUDED.signed,
    by_id = EXCLUDED.by_id, at = now()
RETURNING id, deployment_id
"""
NAMES = ["coordination_days", "scripts", "travel", "advance", "signed"]


@transaction.atomic
def apply(lines: list[list[Any]], *, exam: Exam, seal: str, sha256: str, by: User) -> int:
    """What was shown, if what it changes is still as it was. Says how many that is."""
    if not lines:
        return 0
    lock_exam(exam)
    deployments = [line[0] for line in lines]
    there = _there(exam, deployments)
    if _seal((pk, there.get(pk)) for pk in deployments) != seal:
        raise Refused(_("These records were changed meanwhile. Send the file again."))
    _pks, days, scripts, travel, advance, signed = map(list, zip(*lines, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(
            WRITE,
            {
                "exam": exam.pk,
                "by": by.pk,
                "deployments": deployments,
                "days": days,
                "scripts": scripts,
                "travel": travel,
                "advance": advance,
                "signed": signed,
            },
        )
        rows = {deployment: pk for pk, deployment in cursor.fetchall()}
    now = {line[0]: line[1:] for line in lines}
    record("marking_records.taken", exam, by=by, lines=len(lines), sha256=sha256)
    record_each(
        "marking_record.changed",
        [
            (MarkingRecord(pk=rows[pk]), {**_named(now[pk]), "was": _named(was)})
            for pk, was in there.items()
        ],
        by=by,
    )
    return len(lines)


def _named(figures: Iterable[Any]) -> dict[str, Any]:
    return dict(zip(NAMES, figures, strict=True))
