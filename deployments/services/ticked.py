"""The same for many deployments that were ticked on a list."""

from collections.abc import Iterable
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.services import record_each, tell_each
from cp2.rules import Refused
from deployments.models import Deployment
from deployments.services.offers import cancel
from deployments.services.telling import words


class Done(NamedTuple):
    done: int
    refused: list[str]


def cancel_all(chosen: Iterable[Deployment], *, reason: str, by: User) -> Done:
    """Each on their own: what is refused to one keeps nobody else waiting."""
    done, refused = 0, list[str]()
    for deployment in chosen:
        try:
            cancel(deployment, reason=reason, by=by)
        except Refused as refusal:
            refused.append(f"{deployment.officer}: {refusal}")
        else:
            done += 1
    return Done(done, refused)


@transaction.atomic
def remind_all(chosen: Iterable[Deployment], *, by: User) -> int:
    """One text to each who has not answered and was not reminded since yesterday."""
    waiting = list(
        Deployment.objects.select_for_update(of=("self",))
        .filter(pk__in=[deployment.pk for deployment in chosen])
        .remindable()
        .with_place()
        .select_related("officer__user")
        .order_by("pk")
    )
    Deployment.objects.filter(pk__in=[row.pk for row in waiting]).update(reminded_at=timezone.now())
    record_each("deployment.reminded", [(row, {}) for row in waiting], by=by)
    tell_each("deployments/reminder", [(row.officer.user, None, words(row)) for row in waiting])
    return len(waiting)
