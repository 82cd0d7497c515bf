"""The sub-county's lists as files, as they are filtered and sorted."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from catalogue.models import DutyStation
from cp2.exports import Table
from deployments.models import Deployment, DeploymentQuerySet, Post, PostQuerySet
from profiles.models import masked
from sms.phones import local

BLOCK = 500


def posts_table(found: PostQuerySet, *, by: User, about: str) -> Table:
    return Table(
        name="centres",
        title=_("Entitled and deployed, %(sub_county)s") % {"sub_county": by.sub_county},
        heading=post_heading(),
        rows=map(post_line, in_blocks(found)),
        count=found.count(),
        by=str(by),
        about=about,
    )


def in_blocks(found: QuerySet[Any]) -> Iterator[Any]:
    """In the order of the list, so that a long one is never whole in memory, whatever stands
    between us and the database."""
    numbers = list(found.values_list("pk", flat=True))
    for start in range(0, len(numbers), BLOCK):
        block = numbers[start : start + BLOCK]
        rows = {row.pk: row for row in found.filter(pk__in=block).order_by()}
        yield from (rows[pk] for pk in block if pk in rows)


def post_heading() -> list[str]:
    return [
        _("Code"),
        _("Duty station"),
        _("Exam"),
        _("Position"),
        _("Entitled"),
        _("Deployed"),
        _("Accepted"),
        _("Gap"),
    ]


def post_line(post: Any) -> list[Any]:  # with counts
    station = post.station
    return [
        station.code,
        station.name,
        post.exam.short,
        post.position.name,
        post.required,
        post.live,
        post.accepted,
        post.gap,
    ]


def deployments_table(found: DeploymentQuerySet, *, by: User, about: str) -> Table:
    return Table(
        name="deployments",
        title=_("Deployments, %(sub_county)s") % {"sub_county": by.sub_county},
        heading=deployment_heading(),
        rows=map(deployment_line, in_blocks(found.select_related("application"))),
        count=found.count(),
        by=str(by),
        about=about,
    )


def deployment_heading() -> list[str]:
    return [
        _("Officer"),
        _("ID number"),
        _("Phone"),
        _("Code"),
        _("Duty station"),
        _("Exam"),
        _("Position"),
        _("From"),
        _("To"),
        _("Status"),
        _("Reason"),
        _("Offered"),
        _("Answer by"),
        _("Answered"),
        _("Application"),
    ]


def deployment_line(row: Deployment) -> list[Any]:
    officer, post = row.officer, row.post
    return [
        officer.full_name,
        masked(officer.national_id),
        local(officer.phone) if officer.phone else "",
        post.station.code,
        post.station.name,
        post.exam.short,
        post.position.name,
        row.starts_on,
        row.ends_on,
        row.get_status_display(),
        row.reason,
        row.offered_at,
        row.respond_by,
        row.answered_at,
        row.application.reference if row.application else _("Nominated without an application"),
    ]


def station_table(
    station: DutyStation, tables: Iterable[tuple[Post, list[Deployment]]], *, by: User
) -> Table:
    """Every place of a station; whoever takes the file sees which are free."""
    rows = list(_places(tables))
    return Table(
        name=f"centre-{station.code}",
        title=str(station),
        heading=[
            _("Exam"),
            _("Position"),
            _("Place"),
            _("Officer"),
            _("ID number"),
            _("Phone"),
            _("Status"),
            _("From"),
            _("To"),
        ],
        rows=rows,
        count=len(rows),
        by=str(by),
    )


def _places(tables: Iterable[tuple[Post, list[Deployment]]]) -> Iterator[list[Any]]:
    for post, holders in tables:
        head = [post.exam.short, post.position.name]
        for row in holders:
            officer = row.officer
            yield [
                *head,
                row.slot,
                officer.full_name,
                masked(officer.national_id),
                local(officer.phone) if officer.phone else "",
                row.get_status_display(),
                row.starts_on,
                row.ends_on,
            ]
        for slot in sorted(set(range(1, post.required + 1)) - {row.slot for row in holders}):
            yield [*head, slot, "", "", "", _("Free"), None, None]
