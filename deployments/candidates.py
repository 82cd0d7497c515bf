"""Whom a director may put forward for a post, and what the page says of each."""

from collections.abc import Iterator
from typing import NamedTuple

from django.db.models import Q

from accounts.models import User
from catalogue.models import PositionTerms
from cp2.rules import Role
from deployments.eligibility import (
    Lifted,
    history,
    lifted,
    reasons_against,
    terms_of,
    with_history,
)
from deployments.models import Deployment, DeploymentQuerySet, Post
from deployments.sites import Site, site_of
from profiles.models import Officer, OfficerQuerySet, Qualification, WorkExperience
from sms.phones import is_mobile, mobile
from vacancies.area import days_worked
from vacancies.models import Application, ApplicationQuerySet, ApplicationStatus
from vacancies.rules import Objection
from vacancies.standing import rank, years_served


class Candidate(NamedTuple):
    officer: Officer
    application: Application | None
    qualification: Qualification | None
    years: int
    workstation: WorkExperience | None
    reasons: list[Objection]
    waived: list[Lifted]


def reachable(by: User) -> OfficerQuerySet:
    """Those who work in the director's sub-county, and those who applied there."""
    if by.role == Role.STAFF:
        return Officer.objects.all()
    applied = Application.objects.visible_to(by).values("officer")
    return Officer.objects.filter(Q(sub_county=by.sub_county_id) | Q(pk__in=applied))


def applicants(post: Post) -> ApplicationQuerySet:
    """Those who wait for a place like this one, the nominated first."""
    return Application.objects.filter(
        vacancy__exam=post.exam_id,
        vacancy__position=post.position_id,
        vacancy__station_kind=post.station.kind,
        vacancy__sub_county=post.station.sub_county_id,
        status__in=[ApplicationStatus.NOMINATED, ApplicationStatus.SUBMITTED],
    ).order_by("status", "pk")  # "nominated" sorts before "submitted"


def ranked(post: Post) -> ApplicationQuerySet:
    """The same, and among equals those who have worked longest first."""
    return applicants(post).annotate(worked=days_worked()).order_by("status", "-worked", "pk")


def search(rows: DeploymentQuerySet, q: str) -> DeploymentQuerySet:
    """Deployments by officer or by station."""
    if not (q := " ".join(q.split())):
        return rows
    wanted = of_officer(q)
    return rows.filter(wanted if is_mobile(q) else wanted | at_station(q, "post__station"))


def of_officer(typed: str) -> Q:
    """Rows of an officer, by number or by name."""
    q = " ".join(typed.split())
    if is_mobile(q):
        return Q(officer__user__phone=mobile(q)) | Q(officer__national_id=q)
    return Q(officer__full_name__icontains=q) | Q(officer__national_id=q) | Q(officer__tsc_number=q)


def at_station(typed: str, station: str) -> Q:
    """Rows of a station, by its code or its name; `station` is the way there."""
    q = " ".join(typed.split())
    return Q(**{f"{station}__code": q.upper()}) | Q(**{f"{station}__name__icontains": q})


def partners(rows: DeploymentQuerySet, *, first: Deployment | None, q: str) -> DeploymentQuerySet:
    """With whom an officer could change places."""
    if first is not None:
        post = first.post
        rows = rows.filter(post__exam=post.exam_id, post__position=post.position_id)
        rows = rows.exclude(post=post)
    return search(rows, q)


def found(q: str, *, by: User) -> OfficerQuerySet:
    """By a number, over all whom the director may reach; by name, among those who work there."""
    q = " ".join(q.split())
    if not any(char.isdigit() for char in q):
        return Officer.objects.visible_to(by).filter(full_name__icontains=q)
    owners = User.objects.filter(phone=mobile(q)) if is_mobile(q) else User.objects.none()
    numbered = Q(national_id=q) | Q(tsc_number=q) | Q(user__in=[owner.pk for owner in owners])
    return reachable(by).filter(pk__in=[each.pk for each in Officer.objects.filter(numbered)])


def by_number(q: str) -> Officer | None:
    """Whoever stands before one and says their ID number or their phone, wherever they work."""
    q = " ".join(q.split())
    officers = Officer.objects.filter(merged_into=None, user__is_active=True)
    if is_mobile(q) and (found := officers.filter(user__phone=mobile(q)).first()):
        return found
    return officers.filter(national_id=q).first()


def of_applications(post: Post, applications: ApplicationQuerySet) -> Iterator[Candidate]:
    terms = terms_of(post)
    site = site_of(post, terms)
    rows = applications.select_related("officer__user", "officer__sub_county")
    for application in rows.prefetch_related(*history("officer__")):
        officer = application.officer
        yield _candidate(officer, application, post, terms, site)


def of_officers(post: Post, officers: OfficerQuerySet) -> Iterator[Candidate]:
    terms = terms_of(post)
    site = site_of(post, terms)
    for officer in with_history(officers):
        yield _candidate(officer, None, post, terms, site)


def _candidate(
    officer: Officer,
    application: Application | None,
    post: Post,
    terms: PositionTerms | None,
    site: Site,
) -> Candidate:
    studies = officer.qualifications.all()
    return Candidate(
        officer=officer,
        application=application,
        qualification=max(studies, key=lambda study: rank(study.level), default=None),
        years=years_served(officer.work.all()),
        workstation=officer.current_work,
        reasons=list(reasons_against(officer, post, terms=terms, site=site)),
        waived=lifted(officer, post, terms=terms, site=site),
    )
