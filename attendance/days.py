"""A centre's own days: what became of each, what is due now, and by which rule."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from attendance import owed
from attendance.owed import Line
from attendance.serving import serving_on_idle_days
from catalogue.models import CentreEntry, DayKind, Exam, ExamDay


def of(entry: CentreEntry) -> list[dict[str, Any]]:
    """Every day on which the centre works, in their order."""
    today = timezone.localdate()
    lines = {line.day: line for line in owed.of_entry(entry)}
    return [
        {
            "exam_day": exam_day,
            "line": lines[exam_day.day],
            "is_today": exam_day.day == today,
            **state(lines[exam_day.day], today),
        }
        for exam_day in ExamDay.objects.worked_by(entry).order_by("day")
        if exam_day.day in lines
    ]


def state(line: Line, today: date) -> dict[str, str]:
    """What became of a day, as its tone and in a word, and what to do about it."""
    if line.status is not None:
        word = _("Amended") if line.is_amended else _("Submitted")
        return {"state": line.status, "word": word, "note": _("Late") if line.is_late else ""}
    if line.day > today:
        return {"state": "to_come", "word": _("To come"), "note": ""}
    if line.is_missed:
        return {
            "state": "missing",
            "word": _("Missed"),
            "note": _("Ask the TSC Sub-County Director to amend it."),
        }
    said = {
        "due": _moment(line.due_at, line.day),
        "closes": _moment(line.closes_at, line.day),
    }
    if line.day < today:
        note = _("Late: mark it by %(closes)s, and say why.")
    elif line.is_overdue:
        note = _("It was due at %(due)s.")
    else:
        note = _("Due at %(due)s.")
    return {"state": "open", "word": _("Open"), "note": note % said}


def _moment(at: Any, day: date) -> str:
    """The hour, and the day too where it is another."""
    local = timezone.localtime(at)
    return date_format(local, "H:i" if local.date() == day else "j M, H:i")


def due_now(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Days that wait for the centre, today's first."""
    waiting = [row for row in rows if row["state"] == "open"]
    return sorted(waiting, key=lambda row: row["line"].day, reverse=True)


def rule(exam: Exam) -> str:
    """When registers are due and when they close, in words."""
    said = {
        "due": f"{exam.registers_due_at:%H:%M}",
        "closes": f"{exam.registers_close_at:%H:%M}",
        "days": exam.registers_close_after,
    }
    if exam.registers_close_after == 0:
        words = _(
            "A register is due at %(due)s and closes at %(closes)s on the day itself. After that "
            "only the TSC Sub-County Director can have it amended."
        )
    else:
        words = ngettext(
            "A register is due at %(due)s. After the day itself it wants a reason, and at "
            "%(closes)s on the next day it closes. After that only the TSC Sub-County Director can "
            "have it amended.",
            "A register is due at %(due)s. After the day itself it wants a reason, and at "
            "%(closes)s, %(days)d days later, it closes. After that only the TSC Sub-County "
            "Director can have it amended.",
            exam.registers_close_after,
        )
    return words % said


def not_needed(entry: CentreEntry, day: date) -> dict[str, str] | None:
    """Which positions serve here and are not on this day's list, and what kind of day that is."""
    found = serving_on_idle_days(entry, day)
    if not found:
        return None
    names = ", ".join(name for name, _kind in found)
    return {"positions": names, "kind": str(DayKind(found[0][1]).label)}
