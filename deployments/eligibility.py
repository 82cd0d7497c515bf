"""Why an officer may not fill a post. The page shows every reason, the service refuses with the
first."""

from collections.abc import Iterator
from datetime import date
from typing import TypeVar

from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from catalogue.models import Exam, Level, PositionTerms, StudyLevel
from deployments.models import HOLDS_ITS_DAYS, Deployment, Post
from profiles.models import Employer, Officer, Vetting
from vacancies.applicants import Objections, Reason
from vacancies.models import Vacancy
from vacancies.standing import highest_level, rank, years_served

# A centre manager is the head of the very school, so rules on one's own school are not for them.
HEADS_OF_THEIR_OWN = {"CM"}

OfficerSet = TypeVar("OfficerSet", bound=QuerySet[Officer])


def terms_of(post: Post) -> PositionTerms | None:
    return PositionTerms.objects.filter(exam=post.exam_id, position=post.position_id).first()


def with_history(officers: OfficerSet) -> OfficerSet:
    """All that the rules ask about, in the same few queries for one officer as for a page."""
    return officers.select_related("user", "sub_county").prefetch_related(*history())


def history(prefix: str = "") -> list[str | Prefetch[str]]:
    """The same for rows that lead to officers, under the name by which they do."""
    held = Deployment.objects.filter(status__in=HOLDS_ITS_DAYS).with_place()
    return [
        f"{prefix}work",
        f"{prefix}qualifications",
        Prefetch(f"{prefix}deployments", held, to_attr="held"),
    ]


def first_day(post: Post) -> date:
    """When somebody deployed now would begin: with the rehearsal or, if that is over, today."""
    return max(post.exam.rehearsal_on, timezone.localdate())


def reasons_against(
    officer: Officer,
    post: Post,
    *,
    terms: PositionTerms | None,
    from_day: date | None = None,
    leaving: Deployment | None = None,
) -> Iterator[str]:
    """One sentence each; none means that they may. The officer comes from `with_history`.

    `leaving` is the deployment that the officer gives up for this one.
    """
    if officer.submitted_at is None:
        yield _("The profile is not submitted yet.")
    if officer.vetting == Vetting.BARRED:
        yield _("Headquarters has barred this officer.")
    if terms is None:
        yield _("Headquarters has set no terms for this position in this exam.")
    else:
        yield from _terms_unmet(officer, terms)
    if post.position.code not in HEADS_OF_THEIR_OWN:
        yield from _own_school(officer, post)
        yield from _cooling_off(officer, post)
    yield from _elsewhere(officer, post, from_day or first_day(post), leaving)


def _terms_unmet(officer: Officer, terms: PositionTerms) -> Iterator[str]:
    """As when they applied; but whoever is nominated has never been asked, and profiles change."""
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


def _own_school(officer: Officer, post: Post) -> Iterator[str]:
    since = _years_before(post.exam, post.exam.cooling_off_years)
    for work in officer.work.all():
        if work.station_id == post.station_id and (work.ends_on is None or work.ends_on >= since):
            yield (
                _("The officer works at this school.")
                if work.ends_on is None
                else _("The officer worked at this school until %(day)s.")
                % {"day": date_format(work.ends_on, "j M Y")}
            )


def _years_before(exam: Exam, years: int) -> date:
    start = exam.starts_on
    return start.replace(year=start.year - years, day=min(start.day, 28))


def _cooling_off(officer: Officer, post: Post) -> Iterator[str]:
    """Deployments of the same year do not count: two exams may be sat in one school."""
    years = {
        held.post.exam.year
        for held in _held(officer)
        if held.post.station_id == post.station_id
        and 0 < post.exam.year - held.post.exam.year <= post.exam.cooling_off_years
    }
    if years:
        yield _("The officer served at this centre in %(year)s, too short a time ago.") % {
            "year": max(years)
        }


def _elsewhere(
    officer: Officer, post: Post, from_day: date, leaving: Deployment | None
) -> Iterator[str]:
    for held in _held(officer):
        if leaving is not None and held.pk == leaving.pk:
            continue
        if held.starts_on <= post.exam.ends_on and held.ends_on >= from_day:
            yield _("Already deployed at %(station)s, %(first)s to %(last)s.") % {
                "station": held.post.station,
                "first": date_format(held.starts_on, "j M Y"),
                "last": date_format(held.ends_on, "j M Y"),
            }


def _held(officer: Officer) -> list[Deployment]:
    held: list[Deployment] = officer.held  # type: ignore[attr-defined]  # prefetched
    return held


# Against an application: vacancies asks this, as settings say


def serving_in_those_days(officer: Officer) -> Objections:
    """Nobody serves in two places at once, so while they serve they cannot put in for those days.
    What came of an application for the same exam is that application's to say."""
    live = officer.deployments.live().filter(ends_on__gte=timezone.localdate())
    held = list(live.with_place().order_by("starts_on"))

    def objections(vacancy: Vacancy) -> Iterator[Reason]:
        exam = vacancy.exam
        for each in held:
            own = each.post.exam_id == exam.pk and each.application_id is not None
            if own or each.starts_on > exam.ends_on or each.ends_on < exam.rehearsal_on:
                continue
            yield Reason(
                _(
                    "You are deployed for %(other)s at %(station)s from %(first)s to %(last)s; "
                    "this exam is from %(begins)s to %(ends)s."
                )
                % {
                    "other": each.post.exam.short,
                    "station": each.post.station,
                    "first": _day(each.starts_on),
                    "last": _day(each.ends_on),
                    "begins": _day(exam.rehearsal_on),
                    "ends": _day(exam.ends_on),
                },
                _("Look at that deployment"),
                "deployments:detail",
                each.pk,
            )

    return objections


def _day(day: date) -> str:
    return date_format(day, "j M Y")
