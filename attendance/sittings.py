"""Which papers are sat on which day, and at which centre, as headquarters sends them.

A file is read and shown first, and nothing is written: what it would change is then applied as it
was shown, in one statement, all of it or nothing.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.db import connection, models, transaction
from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.services import record
from catalogue import papers
from catalogue.models import CentreEntry, DayKind, Exam, ExamDay
from cp2.rules import Refused
from cp2.tables import Unreadable, read

MOST_LINES = 50_000
MOST_SAID = 20
DAY_FORMATS = ["%Y-%m-%d", "%d/%m/%Y"]


class What(models.TextChoices):
    CENTRES = "centres", gettext_lazy("Papers of centres")
    DAYS = "days", gettext_lazy("Days of the exam and their papers")


COLUMNS = {What.CENTRES: ["centre", "papers"], What.DAYS: ["day", "papers"]}
OPTIONAL = {What.CENTRES: [], What.DAYS: ["kind"]}

# By the centre's code, or by the day: its papers and, of a day, its kind.
Given = dict[str, tuple[list[str], str]]


@dataclass
class Change:
    key: str
    name: str
    was: str
    now: str


@dataclass
class Preview:
    """What a file would do."""

    given: Given
    changes: list[Change] = field(default_factory=list)
    added: int = 0  # days that the exam does not have yet
    left_out: int = 0  # that the file does not name, and that stay as they are
    unknown: list[str] = field(default_factory=list)  # papers that the other side does not have

    @property
    def to_apply(self) -> Given:
        return {change.key: self.given[change.key] for change in self.changes}

    @property
    def same(self) -> int:
        return len(self.given) - len(self.changes)


# Read


def preview(file: IO[bytes], *, exam: Exam, what: What) -> Preview:
    """Refused with what is wrong, line by line, if anything is."""
    wrong: list[str] = []
    given: Given = {}

    def say(line: int, fault: str) -> None:
        wrong.append(_("Line %(line)d: %(fault)s") % {"line": line, "fault": fault})

    known = _known(exam, what)
    rows = read(
        file, needed=COLUMNS[what], optional=OPTIONAL[what], most_rows=MOST_LINES, wrong=say
    )
    for line, cells in rows:
        try:
            key, value = _line(cells, exam, what, known)
        except ValidationError as fault:
            say(line, " ".join(fault.messages))
        else:
            if key in given:
                say(line, _("This stands in an earlier line too."))
            given[key] = value
    if wrong:
        raise Refused(*wrong[:MOST_SAID])
    if not given:
        raise Unreadable(_("There is nothing in this file."))
    return compared(given, known, exam=exam, what=what)


def _known(exam: Exam, what: What) -> Given:
    """What there is now."""
    if what == What.CENTRES:
        entries = CentreEntry.objects.filter(exam=exam).order_by("station__code")
        return {
            code: (theirs, "") for code, theirs in entries.values_list("station__code", "papers")
        }
    days = ExamDay.objects.filter(exam=exam).order_by("day")
    return {
        day.isoformat(): (sat, kind) for day, sat, kind in days.values_list("day", "papers", "kind")
    }


def _line(
    cells: dict[str, str], exam: Exam, what: What, known: Given
) -> tuple[str, tuple[list[str], str]]:
    sat = papers.read(cells["papers"])
    if what == What.CENTRES:
        code = cells["centre"].strip().upper()
        if code not in known:
            raise ValidationError(_("No centre with this code is entered for the exam."))
        return code, (sat, "")
    day = _day(cells["day"], exam)
    kind = _kind(cells.get("kind", ""))
    if day not in known and not kind:
        kinds = ", ".join(DayKind.values)
        raise ValidationError(
            _("The exam does not have this day. To add it, say its kind: %(kinds)s.")
            % {"kinds": kinds}
        )
    return day, (sat, kind or known[day][1])


def _day(typed: str, exam: Exam) -> str:
    for form in DAY_FORMATS:
        try:
            day = datetime.strptime(typed.strip(), form).date()  # noqa: DTZ007  # a day, no moment
        except ValueError:
            continue
        if not exam.rehearsal_on <= day <= exam.ends_on:
            raise ValidationError(_("This day is before the rehearsal or after the end."))
        return day.isoformat()
    raise ValidationError(_("Enter a day that exists, such as 31/01/2020."))


def _kind(typed: str) -> str:
    """By its word, or as the portal shows it."""
    wanted = typed.strip().casefold()
    for kind in DayKind:
        if wanted in (kind.value, str(kind.label).casefold()):
            return str(kind.value)
    if wanted:
        raise ValidationError(
            _("The kind of a day is one of these: %(kinds)s.")
            % {"kinds": ", ".join(DayKind.values)}
        )
    return ""


# Show


def compared(given: Given, known: Given, *, exam: Exam, what: What) -> Preview:
    shown = Preview(given, left_out=len(known.keys() - given.keys()))
    for key, (sat, kind) in given.items():
        was = known.get(key)
        if was is None:
            shown.added += 1
        if was is None or (set(was[0]), was[1]) != (set(sat), kind):
            shown.changes.append(
                Change(key, _named(key, what), _said(*was) if was else "", _said(sat, kind))
            )
    shown.unknown = sorted(_unmatched(given, exam, what))
    return shown


def _named(key: str, what: What) -> str:
    return key if what == What.CENTRES else date_format(date.fromisoformat(key), "D j M Y")


def _said(sat: list[str], kind: str) -> str:
    words = papers.written(sat) or _("all")
    return f"{DayKind(kind).label}: {words}" if kind else words


def _unmatched(given: Given, exam: Exam, what: What) -> set[str]:
    """Papers of centres that are sat on no day, or of days that no centre sits: mostly slips of a
    finger. Where one side has none at all, nothing is to be compared."""
    named = {paper for sat, _kind in given.values() for paper in sat}
    others: Any = ExamDay if what == What.CENTRES else CentreEntry
    rows = others.objects.filter(~Q(papers=[]), exam=exam).values_list("papers", flat=True)
    there = {paper for sat in rows for paper in sat}
    return named - there if there else set()


# Apply

CENTRES = """
    UPDATE catalogue_centreentry entry
    SET papers = string_to_array(line.papers, ' ')::varchar[]
    FROM unnest(%s::text[], %s::text[]) AS line (code, papers)
    JOIN catalogue_dutystation station ON station.code = line.code
    WHERE entry.exam_id = %s AND entry.station_id = station.id
        AND entry.papers <> string_to_array(line.papers, ' ')::varchar[]
"""


@transaction.atomic
def apply(given: Given, *, exam: Exam, what: What, by: User) -> int:
    """Says how many rows are other than they were."""
    changed = _to_centres(given, exam) if what == What.CENTRES else _to_days(given, exam)
    record("papers.taken", exam, by=by, what=what.value, changed=changed)
    return changed


def _to_centres(given: Given, exam: Exam) -> int:
    lists = [" ".join(sat) for sat, _kind in given.values()]
    with connection.cursor() as cursor:
        cursor.execute(CENTRES, [[*given], lists, exam.pk])
        changed: int = cursor.rowcount
        return changed


def _to_days(given: Given, exam: Exam) -> int:
    known = _known(exam, What.DAYS)
    changed = {key: value for key, value in given.items() if known.get(key) != value}
    ExamDay.objects.bulk_create(
        (
            ExamDay(exam=exam, day=date.fromisoformat(key), papers=sat, kind=kind)
            for key, (sat, kind) in changed.items()
        ),
        update_conflicts=True,
        unique_fields=["exam", "day"],
        update_fields=["papers", "kind"],
    )
    return len(changed)
