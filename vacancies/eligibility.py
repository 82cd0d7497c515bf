"""Why an officer may not apply: the one place that knows. A list says the first reason against
each of its vacancies, the page of a vacancy lists all, and the service refuses with all.

It asks the database nothing: what it goes by comes with the `Applicant`, and with vacancies found
`in_words().with_terms()`, so that twenty-five vacancies cost what one does.
"""

from collections.abc import Iterator
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalogue.models import Level, PositionTerms, StudyLevel
from profiles.models import Employer, Vetting
from vacancies.applicants import Applicant, Reason
from vacancies.models import Vacancy
from vacancies.standing import is_too_old, is_trained, rank


def reasons_against(applicant: Applicant, vacancy: Vacancy) -> Iterator[Reason]:
    """None means that they may apply."""
    yield from against_the_person(applicant)
    yield from against_this(applicant, vacancy)


def against_the_person(applicant: Applicant) -> Iterator[Reason]:
    """Whatever the vacancy."""
    officer = applicant.officer
    if officer.submitted_at is None:
        yield Reason(
            _("Your profile has not been submitted. Complete it and submit it first."),
            _("Complete my profile"),
            "profiles:profile",
        )
    if officer.vetting == Vetting.BARRED:
        yield Reason(
            _("You may not serve at present: %(reason)s") % {"reason": officer.vetting_reason},
            _("Appeal: ask headquarters to look at it again"),
            "enquiries:new",
            query="category=appeal",
        )


def against_this(applicant: Applicant, vacancy: Vacancy) -> Iterator[Reason]:
    """Nothing is asked where headquarters has set no terms."""
    yield from _of_its_window(vacancy)
    yield from _of_another_application(applicant, vacancy)
    if terms := vacancy.terms:
        yield from _of_the_terms(applicant, terms)
        yield from _of_the_position(applicant, vacancy, terms)
    for objections in applicant.objections:
        yield from objections(vacancy)


def _of_its_window(vacancy: Vacancy) -> Iterator[Reason]:
    now = timezone.now()
    others = _("Look at other vacancies"), "vacancies:search"
    if now < vacancy.opens_at:
        opens = _("Applications for this vacancy open on %(day)s.")
        yield Reason(opens % {"day": _when(vacancy.opens_at)}, *others)
    if now >= vacancy.closes_at:
        closed = _("Applications for this vacancy closed on %(day)s.")
        yield Reason(closed % {"day": _when(vacancy.closes_at)}, *others)


def _when(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "j M Y, H:i")


def _of_another_application(applicant: Applicant, vacancy: Vacancy) -> Iterator[Reason]:
    if live := applicant.live(vacancy.exam_id):
        yield Reason(
            _(
                "You have already applied for this exam, as %(position)s in %(sub_county)s: "
                "%(status)s."
            )
            % {
                "position": live.position,
                "sub_county": live.sub_county,
                "status": live.status_label.lower(),
            },
            _("Look at that application"),
            "vacancies:application",
            live.pk,
        )


def _of_the_terms(applicant: Applicant, terms: PositionTerms) -> Iterator[Reason]:
    """What the exam asks of the position this year."""
    current = applicant.current
    workstation = _("Correct my current workstation"), "profiles:work"
    if terms.school_levels and (current is None or current.level not in terms.school_levels):
        said = _(
            "This position is for those who now work at a school of this level: %(levels)s. "
            "Your current workstation: %(level)s."
        )
        levels = ", ".join(str(Level(level).label) for level in terms.school_levels)
        level = (current and current.level_label) or _("none")
        yield Reason(said % {"levels": levels, "level": level}, *workstation)
    if terms.tsc_employment_required and (current is None or current.employer != Employer.TSC):
        yield Reason(
            _("This position is for those whom the Teachers Service Commission employs now."),
            *workstation,
        )
    if (lowest := terms.lowest_qualification) and rank(applicant.level) < rank(lowest):
        said = _("This position asks for this level of study or a higher one: %(level)s.")
        yield Reason(
            said % {"level": StudyLevel(lowest).label},
            _("Add a qualification"),
            "profiles:add_qualification",
        )
    if applicant.years < terms.years_of_experience:
        said = ngettext(
            "This position asks for %(least)d year of experience; your profile shows %(served)d.",
            "This position asks for %(least)d years of experience; your profile shows %(served)d.",
            terms.years_of_experience,
        )
        yield Reason(
            said % {"least": terms.years_of_experience, "served": applicant.years},
            _("Add work experience"),
            "profiles:add_work",
        )


def _of_the_position(
    applicant: Applicant, vacancy: Vacancy, terms: PositionTerms
) -> Iterator[Reason]:
    """Age, subject and training, which are asked of examiners above all."""
    officer, position = applicant.officer, vacancy.position
    if is_too_old(officer, terms, vacancy.exam):
        said = _("This position has an age limit of %(oldest)d years; you were born in %(born)s.")
        born = officer.year_of_birth or _("a year that is not known")
        yield Reason(
            said % {"oldest": terms.oldest, "born": born},
            _("Correct my year of birth"),
            "profiles:personal",
        )
    if terms.subject_required and position.subject_id not in officer.subjects:
        said = _("This position is for those who teach its subject: %(position)s.")
        yield Reason(said % {"position": position}, _("Say what I teach"), "profiles:teaching")
    if terms.training_required and not is_trained(officer.trained_in, position):
        said = _("This position asks for training as examiner: %(position)s.")
        yield Reason(said % {"position": position}, _("Add my training"), "profiles:add_training")
