"""Why an officer may not fill a post. The page shows every reason, the service refuses with the
first."""

from collections.abc import Iterator
from datetime import date
from typing import TypeVar

from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from catalogue.models import Exam, PositionTerms
from deployments.models import HOLDS_ITS_DAYS, Deployment, Post
from profiles.models import Officer
from vacancies.applicants import Objections, Reason
from vacancies.models import Vacancy
from vacancies.vetting import against_the_person, terms_unmet

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
    yield from against_the_person(officer)
    if terms is None:
        yield _("Headquarters has set no terms for this position in this exam.")
    else:
        yield from terms_unmet(officer, terms)
    if post.position.code not in HEADS_OF_THEIR_OWN:
        yield from _own_school(officer, post)
        yield from _cooling_off(officer, post)
    yield from _elsewhere(officer, post, from_day or first_day(post), leaving)


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
