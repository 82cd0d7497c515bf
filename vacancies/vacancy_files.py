"""Vacancies as a file: as they leave, so they come back, with other numbers and dates or new lines.

A file is read once and kept as numbers; whoever sent it looks at what it would do and confirms.
What it does is worked out again then, since vacancies may have changed in between.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import IO, Any, NamedTuple

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record, record_each
from catalogue.models import Activity, Exam, Position, StationKind, SubCounty
from cp2.rules import Refused, lock, move
from cp2.tables import Unreadable, read
from vacancies.admin_forms import DAY_ENDS, DAY_STARTS, moment
from vacancies.models import FileStatus, Vacancy, VacancyFile, VacancyQuerySet
from vacancies.opening import entitled, facts, key, lock_exams

COLUMNS = [
    "exam",
    "activity",
    "duty_station",
    "position",
    "county",
    "sub_county",
    "places",
    "opens_at",
    "closes_at",
]
MOST_LINES = 20_000
MOST_SAID = 50  # errors on one page
MOST_PLACES = 1_000_000
BATCH = 2000

Fields = tuple[int, int, str, int, int]  # exam, activity, kind, position, sub-county


def rows(vacancies: VacancyQuerySet) -> Iterator[list[Any]]:
    """Moments are text: a sheet would drop the time of those at midnight."""
    for vacancy in vacancies.in_words():
        yield [
            f"{vacancy.exam.year}/{vacancy.exam.code}",
            vacancy.activity.name,
            vacancy.get_station_kind_display(),
            vacancy.position.name,
            vacancy.sub_county.county.name,
            vacancy.sub_county.name,
            vacancy.places,
            _written(vacancy.opens_at),
            _written(vacancy.closes_at),
        ]


def _written(at: datetime) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}"


# Read


class Line(NamedTuple):
    exam: int
    activity: int
    station_kind: str
    position: int
    sub_county: int
    places: int
    opens_at: str
    closes_at: str

    @property
    def fields(self) -> Fields:
        return self[:5]


@dataclass
class _Reading:
    lines: dict[Fields, Line] = field(default_factory=dict)
    repeated: int = 0
    wrong: int = 0
    errors: list[tuple[int, str]] = field(default_factory=list)

    def note(self, line: int, why: str) -> None:
        self.wrong += 1
        if len(self.errors) < MOST_SAID:
            self.errors.append((line, why))


@transaction.atomic
def read_file(file: IO[bytes], *, name: str, by: User) -> VacancyFile:
    """Keep what the file says. What this person sent before and did not confirm is forgotten."""
    reading, names = _Reading(), _Names()
    for number, cells in read(
        file, needed=COLUMNS, most_rows=MOST_LINES, wrong=lambda n, why: reading.note(n, why)
    ):
        try:
            line = names.line(cells)
        except Unreadable as error:
            reading.note(number, str(error))
            continue
        before = reading.lines.setdefault(line.fields, line)
        if before is not line and before == line:
            reading.repeated += 1
        elif before is not line:
            reading.note(number, _("a line above says something else of the same vacancy."))
    if not reading.lines and not reading.wrong:
        raise Unreadable(_("There is no line below the heading."))
    VacancyFile.objects.filter(by=by, status=FileStatus.READ).delete()
    return VacancyFile.objects.create(
        name=name[:120],
        by=by,
        lines=list(reading.lines.values()),
        outcome={
            "repeated": reading.repeated,
            "wrong": reading.wrong,
            "errors": reading.errors,
        },
    )


def _same(text: str) -> str:
    return " ".join(text.removeprefix("'").split()).casefold()


class _Names:
    """What cells may name, and the numbers behind it."""

    def __init__(self) -> None:
        self.exams = {
            f"{year}/{code}": pk
            for pk, year, code in Exam.objects.values_list("pk", "year", "code")
        }
        self.activities = {
            _same(name): pk for pk, name in Activity.objects.values_list("pk", "name")
        }
        self.positions: dict[str, int] = {}
        for pk, name, code in Position.objects.values_list("pk", "name", "code"):
            self.positions |= {_same(name): pk, _same(code): pk}
        self.sub_counties = {
            (_same(county), _same(name)): pk
            for pk, county, name in SubCounty.objects.values_list("pk", "county__name", "name")
        }
        self.kinds = {kind.value: kind.value for kind in StationKind}
        for language, _name in settings.LANGUAGES:
            with translation.override(language):
                self.kinds |= {_same(str(kind.label)): kind.value for kind in StationKind}

    def line(self, cells: dict[str, str]) -> Line:
        exam = self.exams.get(cells["exam"].split(" ", 1)[0])
        if exam is None:
            raise Unreadable(_("no exam “%(name)s”; write 2025/3.") % {"name": cells["exam"][:40]})
        place = (_same(cells["county"]), _same(cells["sub_county"]))
        line = Line(
            exam=exam,
            activity=_found(self.activities, cells["activity"]),
            station_kind=_found(self.kinds, cells["duty_station"]),
            position=_found(self.positions, cells["position"]),
            sub_county=self._sub_county(place, cells),
            places=_places(cells["places"]),
            opens_at=_moment(cells["opens_at"], DAY_STARTS).isoformat(),
            closes_at=_moment(cells["closes_at"], DAY_ENDS).isoformat(),
        )
        if datetime.fromisoformat(line.closes_at) <= datetime.fromisoformat(line.opens_at):
            raise Unreadable(_("the deadline must come after the day on which it opens."))
        return line

    def _sub_county(self, place: tuple[str, str], cells: dict[str, str]) -> int:
        found = self.sub_counties.get(place)
        if found is None:
            raise Unreadable(
                _("no sub-county “%(name)s” in “%(county)s”.")
                % {"name": cells["sub_county"][:60], "county": cells["county"][:60]}
            )
        return found


def _found(names: dict[str, Any], cell: str) -> Any:
    found = names.get(_same(cell))
    if found is None:
        raise Unreadable(_("nothing here is called “%(name)s”.") % {"name": cell[:60]})
    return found


def _places(cell: str) -> int:
    if not re.fullmatch(r"[0-9]{1,7}", cell, re.ASCII) or int(cell) > MOST_PLACES:
        raise Unreadable(_("places must be a whole number, not “%(cell)s”.") % {"cell": cell[:40]})
    return int(cell)


def _moment(cell: str, at: Any) -> datetime:
    """`2025-10-31`, or with a time; a day alone begins or ends as days do here."""
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", cell, re.ASCII):
            return moment(date.fromisoformat(cell), at)
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:00)?", cell, re.ASCII):
            return timezone.make_aware(datetime.fromisoformat(cell))
    except (ValueError, OverflowError):
        pass
    raise Unreadable(
        _("a day must be written 2025-10-31 or 2025-10-31 23:59, not “%(cell)s”.")
        % {"cell": cell[:40]}
    )


# Compared, and applied


@dataclass
class Change:
    """What the file would do now."""

    fresh: list[Vacancy] = field(default_factory=list)
    changed: list[tuple[Vacancy, Vacancy]] = field(default_factory=list)  # as it was, as it will be
    same: int = 0


def compare(sent: VacancyFile) -> Change:
    lines = [Line(*line) for line in sent.lines]
    exams = {line.exam for line in lines}
    there = {
        (row.exam_id, row.activity_id, row.station_kind, row.position_id, row.sub_county_id): row
        for row in Vacancy.objects.filter(exam__in=exams)
    }
    counted, change = entitled(exams), Change()
    for line in lines:
        wanted, was = _vacancy(line), there.get(line.fields)
        if was is not None and was.places == wanted.places:
            wanted.override_reason = was.override_reason
        elif wanted.places != counted.get(key(wanted)):
            wanted.override_reason = _reason(sent)
        if was is None:
            change.fresh.append(wanted)
            continue
        for name in ("opens_at", "closes_at"):  # a file has no seconds
            if _written(getattr(was, name)) == _written(getattr(wanted, name)):
                setattr(wanted, name, getattr(was, name))
        if facts(was) != facts(wanted):
            change.changed.append((was, wanted))
        else:
            change.same += 1
    return change


def _reason(sent: VacancyFile) -> str:
    return (_("From the file %(name)s") % {"name": sent.name})[:200]


def _vacancy(line: Line) -> Vacancy:
    return Vacancy(
        exam_id=line.exam,
        activity_id=line.activity,
        station_kind=line.station_kind,
        position_id=line.position,
        sub_county_id=line.sub_county,
        places=line.places,
        # in the time zone in which moments come from the database
        opens_at=datetime.fromisoformat(line.opens_at).astimezone(UTC),
        closes_at=datetime.fromisoformat(line.closes_at).astimezone(UTC),
    )


@transaction.atomic
def apply_file(sent: VacancyFile, *, by: User) -> VacancyFile:
    """All lines that could be read, or none. Twice is once."""
    sent = lock(sent)
    if sent.status == FileStatus.APPLIED:
        return sent
    if sent.by_id != by.pk:
        raise Refused(_("Somebody else has sent this file. Send it yourself to look through it."))
    lock_exams({line[0] for line in sent.lines})
    change = compare(sent)
    _write([*change.fresh, *(now for _was, now in change.changed)])
    outcome = {
        **sent.outcome,
        "fresh": len(change.fresh),
        "changed": len(change.changed),
        "same": change.same,
    }
    move(sent, FileStatus.APPLIED, applied_at=timezone.now(), lines=[], outcome=outcome)
    told = {name: value for name, value in outcome.items() if name != "errors"}
    record("vacancies.imported", sent, by=by, name=sent.name, **told)
    told_each = [
        (now, {"was": facts(was), "now": facts(now), "file": sent.name})
        for was, now in change.changed
    ]
    record_each("vacancy.changed", told_each, by=by)
    return sent


def _write(vacancies: Iterable[Vacancy]) -> None:
    """One statement for many; what is there already is found by what it is for."""
    Vacancy.objects.bulk_create(
        vacancies,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["exam", "activity", "station_kind", "position", "sub_county"],
        update_fields=["places", "override_reason", "opens_at", "closes_at"],
    )
