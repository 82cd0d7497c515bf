"""The lists of attendance as files, as they are narrowed."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from attendance import absences, today
from attendance.area_forms import DayForm
from attendance.owed import Line
from attendance.season_days import Centre
from cp2.exports import Table
from deployments.area_files import in_blocks
from deployments.models import DeploymentQuerySet
from profiles.models import masked
from sms.phones import local


def day_table(lines: list[Line], day: date, *, form: DayForm, by: User) -> Table:
    """Whom to call, too: the list is for whoever sits at the telephone."""
    calls, told = today.managers(lines, day, to=by), today.reminders(lines, day, to=by)
    names = {exam.pk: exam.short for exam in form.exams.values()}

    def rows() -> Iterator[list[Any]]:
        for line in lines:
            manager = calls.get((line.exam_id, line.station_id))
            yield [
                *day_line(line, names.get(line.exam_id, "")),
                manager.name if manager else "",
                local(manager.phone) if manager and manager.phone else "",
                told[line.entry_id][0] if line.entry_id in told else None,
            ]

    on = date_format(day, "j F Y")
    return Table(
        name=f"attendance-{day.isoformat()}",
        title=_("Registers of %(day)s, %(sub_county)s") % {"day": on, "sub_county": by.sub_county},
        heading=[*day_heading(), _("Centre manager"), _("Phone"), _("Reminded")],
        rows=rows(),
        count=len(lines),
        by=str(by),
        about=form.about,
    )


def day_heading() -> list[str]:
    return [
        _("Code"), _("Centre"), _("Exam"), _("Register"), _("Marked at"), _("By"), _("Expected"),
        _("Present"), _("Absent"), _("Not marked"),
    ]  # fmt: skip


def day_line(line: Line, exam: str) -> list[Any]:
    return [
        line.code,
        line.name,
        exam,
        today.State(line.state).label,
        line.marked_at,
        line.acting_name or "",
        line.expected,
        line.present,
        line.absent,
        line.unmarked,
    ]


def absent_table(found: DeploymentQuerySet, *, by: User, about: str) -> Table:
    return Table(
        name="absent",
        title=_("Who did not come, %(sub_county)s") % {"sub_county": by.sub_county},
        heading=[
            _("Officer"), _("ID number"), _("Phone"), _("Code"), _("Duty station"), _("Exam"),
            _("Position"), _("Last register"), _("Mark"),
        ],
        rows=_absent_lines(found),
        count=found.count(),
        by=str(by),
        about=about,
    )  # fmt: skip


def _absent_lines(found: DeploymentQuerySet) -> Iterator[list[Any]]:
    rows = list(in_blocks(found))
    last = absences.last_registers(rows)
    for row in rows:
        officer, station = row.officer, row.post.station
        day, is_absent = last[row.pk]
        yield [
            officer.full_name,
            masked(officer.national_id),
            local(officer.phone) if officer.phone else "",
            station.code,
            station.name,
            row.post.exam.short,
            row.post.position.name,
            day,
            _("Marked absent") if is_absent else _("Not marked"),
        ]


def season_table(centres: Iterable[Centre], *, by: User, about: str) -> Table:
    rows = [[each.code, each.name, each.exam, *_of(each)] for each in centres]
    return Table(
        name="attendance-season",
        title=_("Registers of the season, %(sub_county)s") % {"sub_county": by.sub_county},
        heading=[
            _("Code"), _("Centre"), _("Exam"), _("Days owed"), _("Marked"), _("Late"),
            _("Amended"), _("Missed"), _("Officers present, of 100"), _("Absences"),
        ],
        rows=rows,
        count=len(rows),
        by=str(by),
        about=about,
    )  # fmt: skip


def _of(centre: Centre) -> list[int]:
    tally = centre.tally
    return [
        tally.owed,
        tally.marked,
        tally.late,
        tally.amended,
        tally.missed,
        tally.share_present,
        tally.absent,
    ]
