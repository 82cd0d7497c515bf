from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from catalogue.models import DayKind, Exam, ExamDay
from cp2.opening import last_year
from cp2.opening.checks.base import Check, Found, asked, bare, exam_page, here, listed, rows
from cp2.opening.models import Severity

DAY = "admin:catalogue_examday_change"


def over(exam: Exam) -> Found:
    return bare(str(exam)) if exam.ends_on < timezone.localdate() else Found(0)


def no_days(exam: Exam) -> Found:
    return Found(0) if exam.days.exists() else bare(str(exam))


def outside(exam: Exam) -> Found:
    return rows(exam.days.filter(Q(day__lt=exam.rehearsal_on) | Q(day__gt=exam.ends_on)), DAY)


def ends_without_day(exam: Exam) -> Found:
    """The first and the last days that letters name."""
    there = set(exam.days.values_list("day", flat=True))
    if not there:
        return Found(0)
    named = {exam.rehearsal_on: _("rehearsal"), exam.starts_on: _("start"), exam.ends_on: _("end")}
    return bare(*(f"{day:%-d %b %Y}: {name}" for day, name in named.items() if day not in there))


def at_weekends(exam: Exam) -> Found:
    days = exam.days.order_by("day")
    return listed((str(day), DAY, day.pk) for day in days if last_year.is_weekend(day.day))


def on_holidays(exam: Exam) -> Found:
    known = last_year.holidays(exam)
    days = exam.days.filter(day__in=known).order_by("day")
    return listed((f"{day}: {known[day.day]}", DAY, day.pk) for day in days)


def without_papers(exam: Exam) -> Found:
    """Where other days of the exam have papers, every centre would work on these."""
    sat = ExamDay.objects.filter(exam=exam).exclude(kind=DayKind.REHEARSAL)
    if not sat.exclude(papers=[]).exists():
        return Found(0)
    return rows(sat.filter(papers=[]), DAY)


PAPERS_OF_NO_DAY = """
SELECT DISTINCT paper FROM catalogue_centreentry entry, unnest(entry.papers) paper
WHERE entry.exam_id = %(exam)s AND NOT EXISTS (
    SELECT FROM catalogue_examday day WHERE day.exam_id = %(exam)s AND paper = ANY(day.papers)
)
ORDER BY paper
"""


def papers_of_no_day(exam: Exam) -> Found:
    if not exam.days.exclude(papers=[]).exists():
        return Found(0)
    return asked(PAPERS_OF_NO_DAY, exam=exam.pk)


CHECKS = [
    Check(
        "over",
        "exam",
        Severity.LOOK,
        ngettext_lazy("The exam is over.", "The exam is over.", "n"),
        over,
        exam_page,
        shown=True,
    ),
    Check(
        "no_days",
        "days",
        Severity.BLOCKS,
        ngettext_lazy("The exam has no days.", "The exam has no days.", "n"),
        no_days,
        here("days"),
        shown=True,
    ),
    Check(
        "days_outside",
        "days",
        Severity.BLOCKS,
        ngettext_lazy(
            "%(n)d day lies before the rehearsal or after the end of the exam.",
            "%(n)d days lie before the rehearsal or after the end of the exam.",
            "n",
        ),
        outside,
        here("days"),
        shown=True,
    ),
    Check(
        "ends_without_day",
        "days",
        Severity.BLOCKS,
        ngettext_lazy(
            "%(n)d date that letters name is no day of the exam.",
            "%(n)d dates that letters name are no days of the exam.",
            "n",
        ),
        ends_without_day,
        here("days"),
        shown=True,
    ),
    Check(
        "weekends",
        "days",
        Severity.LOOK,
        ngettext_lazy("%(n)d day is at a weekend.", "%(n)d days are at weekends.", "n"),
        at_weekends,
        here("days"),
        shown=True,
    ),
    Check(
        "holidays",
        "days",
        Severity.LOOK,
        ngettext_lazy("%(n)d day is a public holiday.", "%(n)d days are public holidays.", "n"),
        on_holidays,
        here("days"),
        shown=True,
    ),
    Check(
        "days_without_papers",
        "days",
        Severity.LOOK,
        ngettext_lazy(
            "%(n)d day has no papers, so every centre works on it.",
            "%(n)d days have no papers, so every centre works on them.",
            "n",
        ),
        without_papers,
        here("days"),
        shown=True,
    ),
    Check(
        "papers_of_no_day",
        "days",
        Severity.LOOK,
        ngettext_lazy(
            "%(n)d paper of the centres is sat on no day.",
            "%(n)d papers of the centres are sat on no day.",
            "n",
        ),
        papers_of_no_day,
        here("days"),
    ),
]
