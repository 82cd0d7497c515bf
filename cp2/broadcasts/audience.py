"""Who is meant: each kind of audience as a query, asked when it is counted and again when it is
sent."""

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Case, CharField, F, Q, QuerySet, Value, When
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.news import News
from attendance.models import Mark, MarkStatus
from claims.models import ClaimLine, ClaimStatus
from cp2.broadcasts.models import Broadcast, Stage, State, Who
from cp2.rules import Role
from deployments.models import MANAGES_THE_CENTRE, Deployment, DeploymentStatus
from profiles.models import Officer
from vacancies.models import Application, ApplicationStatus

MEANS: dict[str, Any] = {
    Stage.REGISTERED: _("Every officer with an account, whatever their profile says."),
    Stage.UNSUBMITTED: _("Officers who have registered and not yet submitted their profile."),
    Stage.APPLIED: _("Officers whose application for this exam stands and who are not deployed."),
    Stage.OFFERED: _("Officers with an offer of this exam that they can still answer."),
    Stage.ACCEPTED: _("Officers who have accepted a deployment of this exam and still hold it."),
    Stage.ABSENT: _("Officers who were marked absent on a day of this exam."),
    Stage.UNPAID: _("Officers whose claim of this exam is not paid yet."),
    Who.MANAGERS: _("Officers who manage a centre of this exam. Centres have no phones."),
    Who.DIRECTORS: _("Directors of TSC or of education, of one office or both."),
}


@dataclass(frozen=True)
class Source:
    """Rows that each lead to somebody, and by which paths. An empty path cannot narrow."""

    rows: QuerySet[Any]
    user: str
    sub_county: str
    position: str = ""
    station: str = ""


def _deployed(rows: QuerySet[Any], to: str = "") -> Source:
    post = f"{to}post__"
    return Source(
        rows, f"{to}officer__user", f"{post}station__sub_county", f"{post}position",
        f"{post}station",
    )  # fmt: skip


def source(broadcast: Broadcast) -> Source:
    of = {"post__exam": broadcast.exam_id}
    match broadcast.who, broadcast.stage:
        case Who.DIRECTORS, _stage:
            directors = User.objects.filter(role=Role.DIRECTOR)
            if broadcast.office:
                directors = directors.filter(office=broadcast.office)
            return Source(directors, "", "sub_county")
        case Who.MANAGERS, _stage:
            manage = {"post__position__code": MANAGES_THE_CENTRE}
            held = Deployment.objects.filter(status=DeploymentStatus.ACCEPTED)
            return _deployed(held.filter(**of, **manage))
        case _who, Stage.REGISTERED:
            return Source(_officers(), "user", "sub_county")
        case _who, Stage.UNSUBMITTED:
            return Source(_officers().filter(submitted_at=None), "user", "sub_county")
        case _who, Stage.APPLIED:
            standing = [ApplicationStatus.SUBMITTED, ApplicationStatus.NOMINATED]
            applied = Application.objects.filter(exam=broadcast.exam_id, status__in=standing)
            return Source(applied, "officer__user", "vacancy__sub_county", "vacancy__position")
        case _who, Stage.OFFERED:
            offered = Deployment.objects.filter(status=DeploymentStatus.OFFERED)
            return _deployed(offered.filter(respond_by__gt=Now(), **of))
        case _who, Stage.ACCEPTED:
            return _deployed(Deployment.objects.filter(status=DeploymentStatus.ACCEPTED, **of))
        case _who, Stage.ABSENT:
            absent = Mark.objects.filter(status=MarkStatus.ABSENT)
            return _deployed(
                absent.filter(deployment__post__exam=broadcast.exam_id), "deployment__"
            )
        case _who, Stage.UNPAID:
            unpaid = ClaimLine.objects.filter(claim__exam=broadcast.exam_id)
            waiting = unpaid.exclude(claim__status=ClaimStatus.PAID)
            return _deployed(waiting, "deployment__")
    raise ValueError(f"no audience: {broadcast.who} {broadcast.stage}")


def _officers() -> QuerySet[Officer]:
    return Officer.objects.filter(merged_into=None)


def _narrowed(broadcast: Broadcast) -> tuple[Source, QuerySet[Any]]:
    """Of one of the places that are named, and in one of the positions."""
    found = source(broadcast)
    places = Q()
    if broadcast.counties:
        places |= Q(**{f"{found.sub_county}__county__in": broadcast.counties})
    if broadcast.sub_counties:
        places |= Q(**{f"{found.sub_county}__in": broadcast.sub_counties})
    if broadcast.stations:
        places |= Q(**{f"{found.station}__in": broadcast.stations})
    rows = found.rows.filter(places)
    if broadcast.positions:
        rows = rows.filter(**{f"{found.position}__in": broadcast.positions})
    return found, rows.order_by()


def _path(found: Source, name: str) -> str:
    return f"{found.user}__{name}" if found.user else name


def reachable(path: str) -> Case:
    """Where somebody stands before anything is sent; `path` leads to the account, with its `__`."""
    return Case(
        When(**{f"{path}is_active": False}, then=Value(State.CLOSED)),
        When(**{f"{path}phone": None}, then=Value(State.NO_PHONE)),
        When(**{f"{path}news_off__contains": [News.ANNOUNCEMENTS]}, then=Value(State.OPTED_OUT)),
        default=Value(State.WAITING),
        output_field=CharField(),
    )


def add(broadcast: Broadcast, *, first: int, beyond: int) -> int:
    """Puts down those of the audience whose accounts have these numbers, each once; how many."""
    found, rows = _narrowed(broadcast)
    person = _path(found, "pk")
    prefix = f"{found.user}__" if found.user else ""
    people = (
        rows.filter(
            **{
                f"{prefix}pk__gte": first,
                f"{prefix}pk__lt": beyond,
                f"{prefix}is_active": True,
            }
        )
        .annotate(
            the_broadcast=Value(broadcast.pk),
            the_state=reachable(prefix),
            the_county=F(f"{found.sub_county}__county"),
            the_language=F(f"{prefix}language"),
            the_person=F(person),
        )
        .order_by(person)
        .distinct(person)
        .values_list("the_broadcast", "the_person", "the_county", "the_language", "the_state")
    )
    sql, params = people.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO broadcasts_recipient"
            " (broadcast_id, user_id, county_id, language, state, failure)"
            f" SELECT audience.*, '' FROM ({sql}) AS audience"
            " ON CONFLICT (broadcast_id, user_id) DO NOTHING",
            params,
        )
        added: int = cursor.rowcount
        return added


def still_in(broadcast: Broadcast, users: list[int]) -> set[int]:
    """Who of these is in the audience now."""
    found, rows = _narrowed(broadcast)
    person = _path(found, "pk")
    return set(rows.filter(**{f"{person}__in": users}).values_list(person, flat=True))
