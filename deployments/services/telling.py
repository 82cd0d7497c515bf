"""Everyone concerned is told, in the transaction of what concerns them."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import Q

from accounts.models import User
from accounts.services import tell
from cp2.rules import Role
from deployments.models import MANAGES_THE_CENTRE, Deployment, DeploymentStatus, Post
from profiles.models import Officer


def words(deployment: Deployment) -> dict[str, Any]:
    """What the texts may name."""
    post = deployment.post
    return {
        "officer": str(deployment.officer),
        "position": post.position.name,
        "station": post.station.name,
        "exam": post.exam.short,
        "from_day": deployment.starts_on,
        "respond_by": deployment.respond_by,
        "reason": deployment.reason,
    }


def tell_officer(deployment: Deployment, event: str, *, bulk: bool = False, **context: Any) -> None:
    told = {**words(deployment), **context}
    tell(deployment.officer.user, f"deployments/{event}", bulk=bulk, **told)


def directors_of(post: Post) -> Iterable[User]:
    """The office that has a gap to fill now."""
    return User.objects.filter(
        role=Role.DIRECTOR,
        office=post.position.deployed_by,
        sub_county=post.station.sub_county_id,
        is_active=True,
        phone__isnull=False,
    )


def of_the_station(
    deployment: Deployment, *, from_day: date, but: Iterable[Officer] = ()
) -> Iterable[User]:
    """A centre's own phone and its manager's."""
    manager = Q(
        officer__deployments__in=Deployment.objects.filter(
            post__station=deployment.post.station_id,
            post__exam=deployment.post.exam_id,
            post__position__code=MANAGES_THE_CENTRE,
            status=DeploymentStatus.ACCEPTED,
            ends_on__gte=from_day,
        )
    )
    centre = Q(station=deployment.post.station_id, exam=deployment.post.exam_id)
    known = User.objects.filter(centre | manager, is_active=True, phone__isnull=False)
    return known.exclude(pk__in=[each.user_id for each in but]).distinct()


def tell_station(
    deployment: Deployment, *, from_day: date, leaves: Officer | None, comes: Officer | None
) -> None:
    """A centre is told who goes and who comes."""
    moving = [each for each in (leaves, comes) if each]
    told = {**words(deployment), "from_day": from_day, "leaves": leaves, "comes": comes}
    for user in of_the_station(deployment, from_day=from_day, but=moving):
        tell(user, "deployments/staff_changed", **told)


def tell_stations(was: Deployment, new: Deployment) -> None:
    """The place that an officer leaves and the one where an officer comes; they may be one."""
    day = new.starts_on
    if was.post_id == new.post_id:
        tell_station(new, from_day=day, leaves=was.officer, comes=new.officer)
    else:
        tell_station(was, from_day=day, leaves=was.officer, comes=None)
        tell_station(new, from_day=day, leaves=None, comes=new.officer)
