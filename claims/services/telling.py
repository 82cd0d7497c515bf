"""Officers are told by text why their pay waits, once for each reason of a claim."""

from datetime import datetime
from itertools import groupby
from typing import Any

from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import tell_each
from claims.models import UNPAID, UNTOLD, Claim, Hold, HoldCode
from cp2.rules import in_portions

FROM_HOUR, TO_HOUR = 7, 20  # nobody is woken by money that does not come
PORTION = 1000  # holds in one transaction
BEFORE = Hold.objects.filter(claim=OuterRef("claim"), code=OuterRef("code"), told_at__isnull=False)


def tell_due(*, most: int = PORTION) -> int:
    """All that are due, by day."""
    if not is_day(timezone.now()):
        return 0
    return in_portions(lambda n: tell_held(most=n), most=most)


def is_day(now: datetime) -> bool:
    return FROM_HOUR <= timezone.localtime(now).hour < TO_HOUR


@transaction.atomic
def tell_held(claims: models.QuerySet[Claim] | None = None, *, most: int = PORTION) -> int:
    """One text for a claim, whatever holds it. The same again says nothing. How many holds were
    told of."""
    due = _due()
    if claims is not None:
        due = due.filter(claim__in=claims.order_by().values("pk"))
    _pass_over(due, most=most)
    taken = list(
        due.exclude(Exists(BEFORE))
        .select_related("claim__officer__user", "claim__exam")
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


def _pass_over(due: models.QuerySet[Hold], *, most: int) -> None:
    """Whoever was told of the same reason before knows it, and need not be looked for again."""
    again = due.filter(Exists(BEFORE)).select_for_update(of=("self",), skip_locked=True)
    pks = list(again.order_by("pk").values_list("pk", flat=True)[:most])
    when = BEFORE.order_by("-told_at").values("told_at")[:1]
    if pks:
        Hold.objects.filter(pk__in=pks).update(told_at=Subquery(when))


def _due() -> models.QuerySet[Hold]:
    """Of those that somebody can do something about. Until an exam is over no register can be
    signed for all of it."""
    on_its_way = Q(code=HoldCode.RETURN, claim__exam__ends_on__gte=timezone.localdate())
    standing = Hold.objects.standing().filter(told_at=None, claim__status__in=UNPAID)
    return standing.exclude(code__in=UNTOLD).exclude(on_its_way)


def _text(claim: Claim, holds: list[Hold]) -> tuple[User, str, dict[str, Any]]:
    user = claim.officer.user
    with translation.override(user.language):
        why = str(holds[0].get_code_display())
        if len(holds) > 1:
            why = _("%(why)s, and more") % {"why": why}
    key = f"claims/held {claim.pk} {holds[0].pk}"
    return user, key, {"exam": claim.exam.short, "why": why}
