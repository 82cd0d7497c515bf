"""Who hands over to whom when the officers of a rotation change places."""

from collections.abc import Iterator
from datetime import date

from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from attendance.models import Handover
from attendance.serving import SERVED
from catalogue.models import CentreEntry, Exam, ExamDay, PositionTerms
from deployments.models import HOLDS_ITS_DAYS, Deployment, DeploymentQuerySet


def going_on() -> Q:
    """Deployments after which the same officer goes on elsewhere, in a position that rotates."""
    rotates = PositionTerms.objects.filter(
        exam=OuterRef("post__exam"),
        position=OuterRef("post__position"),
        rotation_days__isnull=False,
    )
    elsewhere = Deployment.objects.filter(
        replaces=OuterRef("pk"), officer=OuterRef("officer"), status__in=HOLDS_ITS_DAYS
    ).exclude(post=OuterRef("post"))
    return Q(Exists(rotates)) & Q(Exists(elsewhere))


def served_by(user: User) -> DeploymentQuerySet:
    """What an officer serves or has served: what they may hand over, or take over."""
    return (
        Deployment.objects.visible_to(user)
        .filter(status__in=SERVED, starts_on__lte=timezone.localdate())
        .with_place()
        .select_related("officer")
    )


def goes_on(deployment: Deployment) -> bool:
    return Deployment.objects.filter(going_on(), pk=deployment.pk).exists()


def last_day(deployment: Deployment, entry: CentreEntry) -> date:
    """The last on which the centre works while they are there."""
    days = ExamDay.objects.worked_by(entry).filter(
        day__range=(deployment.starts_on, deployment.ends_on)
    )
    day = days.order_by("-day").values_list("day", flat=True).first()
    return day or deployment.ends_on


def before(deployment: Deployment) -> Deployment | None:
    """Who had the same place before and has gone on elsewhere, the last of them; with the handover,
    if they wrote one."""
    return (
        Deployment.objects.filter(
            going_on(),
            post=deployment.post_id,
            slot=deployment.slot,
            status__in=SERVED,
            ends_on__lt=deployment.starts_on,
        )
        .select_related("officer", "handover__taken_by__officer")
        .order_by("-ends_on")
        .first()
    )


def written_by(deployment: Deployment) -> Handover | None:
    return Handover.objects.with_place().filter(deployment=deployment).first()


def reasons_against_handing_over(
    deployment: Deployment, last: date, handover: Handover | None, *, moves_on: bool
) -> Iterator[str]:
    """Why whoever leaves may not write or correct it now. None means they may."""
    today = timezone.localdate()
    if not moves_on:
        yield _("You do not change places after this, so there is nothing to hand over.")
    elif handover and handover.taken_by:
        yield _("%(officer)s has taken over, so it stays as it is.") % {
            "officer": handover.taken_by.officer
        }
    elif today < last:
        yield _("Hand over on your last day here, %(day)s, or after it.") % {
            "day": date_format(last, "j F Y")
        }
    elif today > deployment.post.exam.ends_on:
        yield _("The exam is over, so nobody takes over any more.")


# Lists


def due(user: User, *, exam: Exam | None = None, missing: bool = False) -> DeploymentQuerySet:
    """Whoever leaves a place today or has left it, those first who have handed nothing over; each
    with the handover, if there is one."""
    rows = (
        Deployment.objects.visible_to(user)
        .filter(going_on(), status__in=SERVED, ends_on__lte=timezone.localdate())
        .with_place()
        .select_related("officer__user", "handover__taken_by__officer")
    )
    if exam:
        rows = rows.filter(post__exam=exam)
    if missing:
        rows = rows.filter(handover=None)
    newest = F("handover__written_at").desc(nulls_first=True)
    return rows.order_by(newest, "-ends_on", "post__station__code", "pk")
