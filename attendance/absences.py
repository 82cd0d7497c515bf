"""Who did not come: those whom their centre's last register names as absent, or not at all."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import Exists, IntegerField, OuterRef, Subquery
from django.db.models.expressions import RawSQL
from django.utils import timezone

from accounts.models import User
from attendance.models import Mark, MarkStatus, Register, RegisterStatus
from deployments.models import Deployment, DeploymentQuerySet

LATELY = timedelta(days=7)

# From the sub-county's few registers to their officers: the other way round, each officer's centre
# would be looked up.
MISSING = """
    SELECT deployment.id, mark.status
    FROM (
        SELECT DISTINCT ON (entry.id) entry.exam_id, entry.station_id, register.day
        FROM catalogue_dutystation station
        JOIN catalogue_centreentry entry ON entry.station_id = station.id
        JOIN attendance_register register ON register.entry_id = entry.id
        WHERE station.sub_county_id = %s AND register.day BETWEEN %s AND %s
            AND register.status <> 'open'
        ORDER BY entry.id, register.day DESC
    ) last
    JOIN deployments_post post
        ON post.exam_id = last.exam_id AND post.station_id = last.station_id
    JOIN catalogue_position position
        ON position.id = post.position_id AND position.deployed_by = %s
    JOIN deployments_deployment deployment
        ON deployment.post_id = post.id AND deployment.status = 'accepted'
        AND last.day BETWEEN deployment.starts_on AND deployment.ends_on
        AND deployment.ends_on >= %s
    LEFT JOIN attendance_mark mark
        ON mark.officer_id = deployment.officer_id AND mark.day = last.day
    WHERE mark.status IS DISTINCT FROM 'present'
"""
MARKED = {"absent": "WHERE status = 'absent'", "none": "WHERE status IS NULL"}


def _values(user: User) -> list[Any]:
    today = timezone.localdate()
    return [user.sub_county_id, today - LATELY, today, user.office, today]


def absent(user: User, marked: str = "") -> DeploymentQuerySet:
    """Of those whom this office deploys, who still hold their places."""
    which = MARKED.get(marked, "")
    found = RawSQL(f"SELECT id FROM ({MISSING}) missing {which}", _values(user))
    return Deployment.objects.deployable_by(user).filter(pk__in=found)


def counts(user: User) -> RawSQL:
    """How many of them are marked absent, and how many not marked."""
    return RawSQL(
        f"""
        (SELECT ARRAY[count(*) FILTER (WHERE status = 'absent'),
            count(*) FILTER (WHERE status IS NULL)] FROM ({MISSING}) missing)
        """,
        _values(user),
        output_field=ArrayField(IntegerField()),
    )


def last_registers(rows: Iterable[Deployment]) -> dict[int, tuple[date, bool]]:
    """Of each of a page's deployments the day of its centre's last register, and whether that names
    the officer as absent."""
    found = list(rows)
    day = (
        Register.objects.filter(
            entry__exam=OuterRef("post__exam"),
            entry__station=OuterRef("post__station"),
            day__lte=timezone.localdate(),
        )
        .exclude(status=RegisterStatus.OPEN)
        .order_by("-day")
        .values("day")[:1]
    )
    marks = Mark.objects.filter(officer=OuterRef("officer"), day=OuterRef("day"))
    days = (
        Deployment.objects.filter(pk__in=[row.pk for row in found])
        .annotate(day=Subquery(day))
        .annotate(is_absent=Exists(marks.filter(status=MarkStatus.ABSENT)))
        .order_by()
        .values_list("pk", "day", "is_absent")
    )
    return {pk: (on, is_absent) for pk, on, is_absent in days}
