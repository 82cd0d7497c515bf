"""What speaks against an applicant now, in the words of the office: profiles change after people
have applied, and whoever is put forward without applying was never asked."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from catalogue.models import Exam, Level, Position, PositionTerms, StudyLevel
from profiles.models import Employer, Officer, Vetting
from vacancies.rules import Objection, Rule
from vacancies.standing import highest_level, is_too_old, is_trained, rank, years_served


def against_the_person(officer: Officer) -> Iterator[Objection]:
    """Whatever the position."""
    if officer.submitted_at is None:
        yield Objection(Rule.UNSUBMITTED, _("The profile is not submitted yet."))
    if officer.vetting == Vetting.BARRED:
        yield Objection(Rule.BARRED, _("Headquarters has barred this officer."))


def terms_unmet(
    officer: Officer, terms: PositionTerms, *, exam: Exam, position: Position
) -> Iterator[Objection]:
    """Asks nothing of the database if the officer comes with work and qualifications."""
    work = list(officer.work.all())
    current = next((job for job in work if job.ends_on is None), None)
    if terms.tsc_employment_required and (current is None or current.employer != Employer.TSC):
        said = _("The Teachers Service Commission does not employ this officer now.")
        yield Objection(Rule.TSC_EMPLOYMENT, said)
    if terms.school_levels and (current is None or current.level not in terms.school_levels):
        said = _("The officer does not work at a school of this level now: %(levels)s.")
        levels = ", ".join(str(Level(level).label) for level in terms.school_levels)
        yield Objection(Rule.SCHOOL_LEVEL, said % {"levels": levels})
    highest = highest_level(officer.qualifications.all())
    if terms.lowest_qualification and rank(highest) < rank(terms.lowest_qualification):
        said = _("The position asks for a higher level of study: %(level)s.")
        level = StudyLevel(terms.lowest_qualification).label
        yield Objection(Rule.QUALIFICATION, said % {"level": level})
    served = years_served(work)
    if served < terms.years_of_experience:
        said = _("Years of experience: %(served)d, where the position asks for %(least)d.")
        asked = {"served": served, "least": terms.years_of_experience}
        yield Objection(Rule.EXPERIENCE, said % asked)
    if is_too_old(officer, terms, exam):
        said = _("Born in %(born)s, where the position has an age limit of %(oldest)d years.")
        born = officer.year_of_birth or _("a year that is not known")
        yield Objection(Rule.AGE, said % {"born": born, "oldest": terms.oldest})
    if terms.subject_required and position.subject_id not in officer.subjects:
        said = _("The officer's profile does not name the subject of this position: %(position)s.")
        yield Objection(Rule.SUBJECT, said % {"position": position})
    if terms.training_required and not is_trained(officer.trained_in, position):
        said = _("The officer's profile shows no training as examiner for this: %(position)s.")
        yield Objection(Rule.TRAINING, said % {"position": position})
