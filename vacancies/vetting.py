"""What speaks against an applicant now, in the words of the office: profiles change after people
have applied, and whoever is put forward without applying was never asked."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from catalogue.models import Level, PositionTerms, StudyLevel
from profiles.models import Employer, Officer, Vetting
from vacancies.standing import highest_level, rank, years_served


def against_the_person(officer: Officer) -> Iterator[str]:
    """Whatever the position."""
    if officer.submitted_at is None:
        yield _("The profile is not submitted yet.")
    if officer.vetting == Vetting.BARRED:
        yield _("Headquarters has barred this officer.")


def terms_unmet(officer: Officer, terms: PositionTerms) -> Iterator[str]:
    """Asks nothing of the database if the officer comes with work and qualifications."""
    work = list(officer.work.all())
    current = next((job for job in work if job.ends_on is None), None)
    if terms.tsc_employment_required and (current is None or current.employer != Employer.TSC):
        yield _("The Teachers Service Commission does not employ this officer now.")
    if terms.school_levels and (current is None or current.level not in terms.school_levels):
        yield _("The officer does not work at a school of this level now: %(levels)s.") % {
            "levels": ", ".join(str(Level(level).label) for level in terms.school_levels)
        }
    highest = highest_level(officer.qualifications.all())
    if terms.lowest_qualification and rank(highest) < rank(terms.lowest_qualification):
        yield _("The position asks for a higher level of study: %(level)s.") % {
            "level": StudyLevel(terms.lowest_qualification).label
        }
    served = years_served(work)
    if served < terms.years_of_experience:
        yield _("Years of experience: %(served)d, where the position asks for %(least)d.") % {
            "served": served,
            "least": terms.years_of_experience,
        }
