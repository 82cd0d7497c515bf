"""Why an officer may not apply. The page lists every reason, the service refuses with the first."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import NamedTuple

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalogue.models import Level, PositionTerms, StudyLevel
from profiles.models import Employer, Officer, Qualification, Vetting, WorkExperience
from vacancies.models import Vacancy


def reasons_against(officer: Officer, vacancy: Vacancy) -> Iterator[str]:
    """One sentence each, for the officer. None means that they may apply."""
    yield from _of_the_vacancy(vacancy)
    yield from _of_the_person(officer)
    terms = PositionTerms.objects.filter(exam=vacancy.exam_id, position=vacancy.position_id).first()
    if terms:
        yield from _of_the_terms(officer, terms)
    yield from _of_another_application(officer, vacancy)


def _of_the_vacancy(vacancy: Vacancy) -> Iterator[str]:
    now = timezone.now()
    if now < vacancy.opens_at:
        yield _("Applications for this vacancy open on %(day)s.") % {"day": _when(vacancy.opens_at)}
    if now >= vacancy.closes_at:
        yield _("Applications for this vacancy closed on %(day)s.") % {
            "day": _when(vacancy.closes_at)
        }


def _when(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "j M Y, H:i")


def _of_the_person(officer: Officer) -> Iterator[str]:
    if officer.submitted_at is None:
        yield _("Your profile has not been submitted. Complete it and submit it first.")
    if officer.vetting == Vetting.BARRED:
        yield _("You may not serve at present: %(reason)s") % {"reason": officer.vetting_reason}


def _of_the_terms(officer: Officer, terms: PositionTerms) -> Iterator[str]:
    """What the exam asks of the position this year."""
    work = list(officer.work.all())
    current = next((job for job in work if job.ends_on is None), None)
    if terms.school_levels and (current is None or current.level not in terms.school_levels):
        yield _(
            "This position is for those who now work at a school of this level: %(levels)s. "
            "Your current workstation: %(level)s."
        ) % {
            "levels": ", ".join(str(Level(level).label) for level in terms.school_levels),
            "level": (current and current.get_level_display()) or _("none"),
        }
    if terms.tsc_employment_required and (current is None or current.employer != Employer.TSC):
        yield _("This position is for those whom the Teachers Service Commission employs now.")
    yield from _of_learning(officer, terms.lowest_qualification)
    yield from _of_experience(work, terms.years_of_experience)


def _of_learning(officer: Officer, lowest: str) -> Iterator[str]:
    if lowest and rank(highest_level(officer.qualifications.all())) < rank(lowest):
        yield _("This position asks for this level of study or a higher one: %(level)s.") % {
            "level": StudyLevel(lowest).label
        }


def _of_experience(work: Iterable[WorkExperience], least: int) -> Iterator[str]:
    served = years_served(work) if least else 0
    if served < least:
        yield ngettext(
            "This position asks for %(least)d year of experience; your profile shows %(served)d.",
            "This position asks for %(least)d years of experience; your profile shows %(served)d.",
            least,
        ) % {"least": least, "served": served}


def _of_another_application(officer: Officer, vacancy: Vacancy) -> Iterator[str]:
    live = (
        officer.applications.live()
        .filter(exam=vacancy.exam_id)
        .select_related("vacancy__position", "vacancy__sub_county")
        .first()
    )
    if live:
        yield _(
            "You have already applied for this exam, as %(position)s in %(sub_county)s: %(status)s."
        ) % {
            "position": live.vacancy.position,
            "sub_county": live.vacancy.sub_county,
            "status": live.get_status_display().lower(),
        }


def rank(level: str) -> int:
    """Where a level of study stands, from 0; nothing at all stands below every level."""
    return StudyLevel.values.index(level) if level else -1


def highest_level(qualifications: Iterable[Qualification]) -> str:
    return max((each.level for each in qualifications), key=rank, default="")


def years_served(work: Iterable[WorkExperience]) -> int:
    """Whole years, to today; time in two places at once counts once."""
    days, counted_to = 1, date.min  # today, or the last day, counts too
    for job in sorted(work, key=lambda job: job.starts_on):
        end = min(job.ends_on or timezone.localdate(), timezone.localdate())
        begin = max(job.starts_on, counted_to)
        if end > begin:
            days, counted_to = days + (end - begin).days, end
    return days * 100 // 36525


class Standing(NamedTuple):
    """What an office looks at when it chooses: to be read off a list at a glance."""

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
