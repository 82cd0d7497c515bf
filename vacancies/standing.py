"""What an office looks at when it chooses, and the rules too: years served, levels of study."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple, Protocol

from django.utils import timezone

from catalogue.models import Exam, Position, PositionTerms, StudyLevel
from profiles.models import Officer, Qualification, WorkExperience


class Served(Protocol):
    """As much of a workstation as counting its years needs."""

    @property
    def starts_on(self) -> date: ...
    @property
    def ends_on(self) -> date | None: ...


def rank(level: str) -> int:
    """Where a level of study stands, from 0; nothing at all stands below every level."""
    return StudyLevel.values.index(level) if level else -1


def highest_level(qualifications: Iterable[Qualification]) -> str:
    return max((each.level for each in qualifications), key=rank, default="")


def years_served(work: Iterable[Served]) -> int:
    """Whole years, to today; time in two places at once counts once."""
    days, counted_to = 1, date.min  # today, or the last day, counts too
    for job in sorted(work, key=lambda job: job.starts_on):
        end = min(job.ends_on or timezone.localdate(), timezone.localdate())
        begin = max(job.starts_on, counted_to)
        if end > begin:
            days, counted_to = days + (end - begin).days, end
    return days * 100 // 36525


def is_too_old(officer: Officer, terms: PositionTerms, exam: Exam) -> bool:
    """Only the year of birth is known, so it is the age that they reach in the exam's year that
    counts. Whose year is unknown meets no limit."""
    if terms.oldest is None:
        return False
    born = officer.year_of_birth
    return born is None or exam.starts_on.year - born > terms.oldest


def is_trained(papers: Iterable[str], position: Position) -> bool:
    """As examiner of the position's paper or, where it is for a whole subject, of any of its."""
    wanted = position.paper or f"{position.subject_id or ''}/"
    return any(paper.startswith(wanted) for paper in papers)


class Standing(NamedTuple):
    """To be read off a list at a glance."""

    level: str
    years: int
    workstation: WorkExperience | None


def standing(officer: Officer) -> Standing:
    level = highest_level(officer.qualifications.all())
    return Standing(
        level=str(StudyLevel(level).label) if level else "",
        years=years_served(officer.work.all()),
        workstation=officer.current_work,
    )
