"""Officers are told by text why their pay waits, once for each reason of a claim."""

import time
from datetime import datetime
from itertools import groupby
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import tell_each
from claims.models import UNPAID, UNTOLD, Claim, Hold, HoldCode

FROM_HOUR, TO_HOUR = 7, 20  # nobody is woken by money that does not come
PORTION = 1000  # holds in one transaction


def tell_due(*, most: int = PORTION, seconds: float = 20) -> int:
    """All that are due by day, some at a time, each in a transaction of its own."""
    if not is_day(timezone.now()):
        return 0
    ends = time.monotonic() + seconds
    told = 0
    while (some := tell_held(most=most)) and time.monotonic() < ends:
        told += some
        if some < most:
            return told
    return told + some


def is_day(now: datetime) -> bool:
    return FROM_HOUR <= timezone.localtime(now).hour < TO_HOUR


@transaction.atomic
def tell_held(claims: models.QuerySet[Claim] | None = None, *, most: int = PORTION) -> int:
    """One text for a claim, whatever holds it. The same again says nothing. How many holds were
    told of."""
    due = _due()
    if claims is not None:
        due = due.filter(claim__in=claims.order_by().values("pk"))
    taken = list(
        due.select_related("claim__officer__user", "claim__exam")
        .select_for_update(of=("self",), skip_locked=True)
        .order_by("pk")[:most]
    )
    if not taken:
        return 0
    taken.sort(key=lambda hold: (hold.claim_id, hold.pk))
    tell_each(
        "claims/held",
        [_text(claim, list(holds)) for claim, holds in groupby(taken, key=lambda hold: hold.claim)],
    )
    Hold.objects.filter(pk__in=[hold.pk for hold in taken]).update(told_at=timezone.now())
    return len(taken)


def _due() -> models.QuerySet[Hold]:
    """Of those that somebody can do something about. Until an exam is over no register can be
    signed for all of it."""
    before = Hold.objects.filter(
        claim=OuterRef("claim"), code=OuterRef("code"), told_at__isnull=False
    )
    on_its_way = Q(code=HoldCode.RETURN, claim__exam__ends_on__gte=timezone.localdate())
    standing = Hold.objects.standing().filter(told_at=None, claim__status__in=UNPAID)
    return standing.exclude(code__in=UNTOLD).exclude(on_its_way).exclude(Exists(before))


def _text(claim: Claim, holds: list[Hold]) -> tuple[User, str, dict[str, Any]]:
    user = claim.officer.user
    with translation.override(user.language):
        why = str(holds[0].get_code_display())
        if len(holds) > 1:
            why = _("%(why)s, and more") % {"why": why}
    key = f"claims/held {claim.pk} {holds[0].pk}"
    return user, key, {"exam": claim.exam.short, "why": why, "site": settings.SITE_URL}
