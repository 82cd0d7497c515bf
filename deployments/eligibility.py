"""Why an officer may not fill a post. The page shows every reason, the service refuses with the
first.

The rules come in halves, so that whoever weighs many officers against many posts asks each officer
once and not once a post: `against_everywhere` holds wherever they would serve, `stations_refused`
names the few stations that are closed to them, `elsewhere` is about the days, and `against_here`
about what this one post is. `reasons_against` is their sum, for one post. None of them asks the
database for anything about an officer who comes from `with_history`. What headquarters has waived
is left out of all of them; `lifted` tells what that was.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple, TypeVar

from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from catalogue.models import Exam, OwnSchool, Position, PositionTerms, Skill
from deployments.models import HOLDS_ITS_DAYS, Deployment, Post, Waiver
from deployments.sites import Site, site_of
from profiles.models import Interest, Officer, Vetting
from vacancies.applicants import Objections, Reason
from vacancies.models import Vacancy
from vacancies.rules import NEVER_WAIVED, Objection, Rule
from vacancies.vetting import against_the_person, terms_unmet

OfficerSet = TypeVar("OfficerSet", bound=QuerySet[Officer])


def terms_of(post: Post) -> PositionTerms | None:
    return PositionTerms.objects.filter(exam=post.exam_id, position=post.position_id).first()


def with_history(officers: OfficerSet) -> OfficerSet:
    """All that the rules ask about, in the same few queries for one officer as for a page."""
    return officers.select_related("user", "sub_county").prefetch_related(*history())


def history(prefix: str = "") -> list[str | Prefetch[str]]:
    """The same for rows that lead to officers, under the name by which they do."""
    held = Deployment.objects.filter(status__in=HOLDS_ITS_DAYS).with_place()
    waivers = Waiver.objects.standing().select_related("granted_by")
    return [
        f"{prefix}work",
        f"{prefix}qualifications",
        Prefetch(f"{prefix}interests", Interest.objects.select_related("station")),
        Prefetch(f"{prefix}deployments", held, to_attr="held"),
        Prefetch(f"{prefix}waivers", waivers, to_attr="waived"),
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
    until: date | None = None,
    leaving: Deployment | None = None,
    site: Site | None = None,
) -> Iterator[Objection]:
    """One sentence each; none means that they may. The officer comes from `with_history`.

    `until` is the last day, where it is not the exam's. `leaving` is the deployment that the
    officer gives up for this one. `site` is what `site_of`
    says of the post, which a page of officers asks once.
    """
    if site is None:
        site = site_of(post, terms)
    yield from against_everywhere(officer, post.exam, post.position, terms)
    yield from stations_refused(officer, post.exam, terms).get(post.station_id, [])
    yield from against_here(officer, post, terms, site)
    yield from elsewhere(officer, post.exam, from_day or first_day(post), leaving, until)


# Wherever it may be


def against_everywhere(
    officer: Officer, exam: Exam, position: Position, terms: PositionTerms | None
) -> Iterator[Objection]:
    """What holds at whatever station."""
    return _not_waived(officer, exam, None, _everywhere(officer, exam, position, terms))


def _everywhere(
    officer: Officer, exam: Exam, position: Position, terms: PositionTerms | None
) -> Iterator[Objection]:
    yield from against_the_person(officer)
    if terms is None:
        said = _("Headquarters has set no terms for this position in this exam.")
        yield Objection(Rule.NO_TERMS, said)
        return
    if terms.vetting_required and officer.vetting == Vetting.PENDING:
        yield Objection(Rule.UNVETTED, _("The officer is not vetted yet."))
    yield from terms_unmet(officer, terms, exam=exam, position=position)


# Here and not there


def stations_refused(
    officer: Officer, exam: Exam, terms: PositionTerms | None
) -> dict[int, list[Objection]]:
    """By the number of the station: the few that are closed to this officer."""
    refused: dict[int, list[Objection]] = {}
    for station, objection in _at_stations(officer, exam, terms):
        for left in _not_waived(officer, exam, station, [objection]):
            refused.setdefault(station, []).append(left)
    return refused


def only_at(officer: Officer, exam: Exam, terms: PositionTerms | None) -> set[int] | None:
    """The stations that are open to them, where a position is for people of the house; None where
    it is for anybody. The same rule as in `against_here`, for whoever asks once an officer."""
    if terms is None or terms.at_own_school != OwnSchool.REQUIRED:
        return None
    own = _own_stations(officer)
    for waiver in _waivers(officer, exam, Rule.NOT_THEIR_SCHOOL):
        if waiver.station_id is None:
            return None
        own.add(waiver.station_id)
    return own


def _at_stations(
    officer: Officer, exam: Exam, terms: PositionTerms | None
) -> Iterator[tuple[int, Objection]]:
    rule = terms.at_own_school if terms is not None else OwnSchool.FORBIDDEN
    own = _own_stations(officer)
    if rule == OwnSchool.FORBIDDEN:
        for station in own:
            said = _("The officer works at this school.")
            yield station, Objection(Rule.OWN_SCHOOL, said)
    for station, objection in [*_worked_there(officer, exam), *_served_there(officer, exam)]:
        if rule == OwnSchool.FORBIDDEN or station not in own:
            yield station, objection
    for interest in officer.interests.all():
        yield interest.station_id, _of_interest(interest)


def _own_stations(officer: Officer) -> set[int]:
    """Where they work now."""
    return {
        work.station_id
        for work in officer.work.all()
        if work.ends_on is None and work.station_id is not None
    }


def _worked_there(officer: Officer, exam: Exam) -> Iterator[tuple[int, Objection]]:
    since = _years_before(exam)
    last: dict[int, date] = {}
    for work in officer.work.all():
        if work.station_id is not None and work.ends_on is not None and work.ends_on >= since:
            last[work.station_id] = max(work.ends_on, last.get(work.station_id, work.ends_on))
    for station, day in last.items():
        said = _("The officer worked at this school until %(day)s.")
        yield station, Objection(Rule.COOLING_OFF, said % {"day": date_format(day, "j M Y")})


def _years_before(exam: Exam) -> date:
    """The day on which the cooling-off began."""
    start = exam.starts_on
    leap_day = (start.month, start.day) == (2, 29)
    return start.replace(
        year=start.year - exam.cooling_off_years, day=28 if leap_day else start.day
    )


def _served_there(officer: Officer, exam: Exam) -> Iterator[tuple[int, Objection]]:
    """Deployments of the same year do not count: two exams may be sat in one school."""
    last: dict[int, int] = {}
    for held in held_by(officer):
        if 0 < exam.year - held.post.exam.year <= exam.cooling_off_years:
            station = held.post.station_id
            last[station] = max(held.post.exam.year, last.get(station, 0))
    for station, year in last.items():
        said = _("The officer served at this centre in %(year)s, too short a time ago.")
        yield station, Objection(Rule.COOLING_OFF, said % {"year": year})


def _of_interest(interest: Interest) -> Objection:
    said = (
        _("The officer has declared an interest in %(station)s.")
        if interest.is_declared
        else _("An interest of the officer in %(station)s is on record.")
    )
    return Objection(Rule.INTEREST, said % {"station": interest.station})


# At this very post


def against_here(
    officer: Officer, post: Post, terms: PositionTerms | None, site: Site
) -> Iterator[Objection]:
    """What turns on the post: who works there, its host, what its candidates need."""
    return _not_waived(officer, post.exam, post.station_id, _here(officer, post, terms, site))


def _here(
    officer: Officer, post: Post, terms: PositionTerms | None, site: Site
) -> Iterator[Objection]:
    if terms is None:
        return
    required = terms.at_own_school == OwnSchool.REQUIRED
    if required and post.station_id not in _own_stations(officer):
        said = _("This position is for those who work at %(station)s; the officer does not.")
        yield Objection(Rule.NOT_THEIR_SCHOOL, said % {"station": post.station})
    if site.is_hosted and not terms.in_hosted_centres:
        said = _("%(station)s is hosted by another centre, where there is no such position.")
        yield Objection(Rule.HOSTING, said % {"station": post.station})
    if site.wants and not site.wants & set(officer.skills):
        said = _(
            "Candidates at %(station)s need %(skills)s; the last free place is kept for an "
            "officer who has that."
        )
        skills = ", ".join(str(Skill(each).label) for each in sorted(site.wants))
        yield Objection(Rule.NEEDS, said % {"station": post.station, "skills": skills})


# Then and not now


def elsewhere(
    officer: Officer,
    exam: Exam,
    from_day: date,
    leaving: Deployment | None = None,
    until: date | None = None,
) -> Iterator[Objection]:
    for held in held_by(officer):
        if leaving is not None and held.pk == leaving.pk:
            continue
        if held.starts_on <= (until or exam.ends_on) and held.ends_on >= from_day:
            said = _("Already deployed at %(station)s, %(first)s to %(last)s.") % {
                "station": held.post.station,
                "first": date_format(held.starts_on, "j M Y"),
                "last": date_format(held.ends_on, "j M Y"),
            }
            yield Objection(Rule.ELSEWHERE, said)


def held_by(officer: Officer) -> list[Deployment]:
    """Of an officer from `with_history`."""
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


# What headquarters has waived


class Lifted(NamedTuple):
    """What would have spoken against somebody, and the waiver by which it does not."""

    objection: Objection
    waiver: Waiver


def lifted(
    officer: Officer, post: Post, *, terms: PositionTerms | None, site: Site | None = None
) -> list[Lifted]:
    """The officer comes from `with_history`."""
    if not waived_for(officer):
        return []
    exam, station = post.exam, post.station_id
    site = site_of(post, terms) if site is None else site
    against = [
        *_everywhere(officer, exam, post.position, terms),
        *(said for there, said in _at_stations(officer, exam, terms) if there == station),
        *_here(officer, post, terms, site),
    ]
    found = ((each, _waiver(officer, exam, station, each.rule)) for each in against)
    return [Lifted(objection, waiver) for objection, waiver in found if waiver is not None]


def _not_waived(
    officer: Officer, exam: Exam, station: int | None, against: Iterable[Objection]
) -> Iterator[Objection]:
    for objection in against:
        if _waiver(officer, exam, station, objection.rule) is None:
            yield objection


def _waiver(officer: Officer, exam: Exam, station: int | None, rule: Rule) -> Waiver | None:
    for waiver in _waivers(officer, exam, rule):
        if waiver.station_id in (None, station):
            return waiver
    return None


def _waivers(officer: Officer, exam: Exam, rule: Rule) -> Iterator[Waiver]:
    if rule not in NEVER_WAIVED:
        for waiver in waived_for(officer):
            if waiver.exam_id == exam.pk and waiver.rule == rule:
                yield waiver


def waived_for(officer: Officer) -> list[Waiver]:
    """Of an officer from `with_history`."""
    waived: list[Waiver] = officer.waived  # type: ignore[attr-defined]  # prefetched
    return waived
