"""The officer disagrees, and headquarters settles it, or the officer takes it back.

Enquiries lie above claims, so the roof's settings say what a dispute opens and what a settled one
closes there: `CLAIM_DISPUTED(claim, by=, reason=)` answers with the number of the enquiry,
`CLAIM_SETTLED(claim, by=, note=)` answers and closes it. Either may be empty.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.formats import date_format
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record, tell
from claims.compute import lock_exam
from claims.models import Claim, ClaimStatus, DisputedDay
from claims.services.own import lock_claim, refuse_own
from claims.services.preparing import recompute
from cp2.rules import Refused, move


@transaction.atomic
def dispute(
    claim: Claim, *, by: User, reason: str, days: Mapping[date, bool] | None = None
) -> Claim:
    """The officer says that the days are wrong; the claim stands still until that is settled.

    `days` are those of which the register says otherwise, each with whether it was worked.
    """
    days = dict(sorted((days or {}).items()))
    claim = lock_claim(claim)
    _refuse_others(claim, by)
    move(claim, ClaimStatus.DISPUTED, dispute_reason=reason, verified_by=None)
    DisputedDay.objects.bulk_create(
        DisputedDay(claim=claim, day=day, worked=worked) for day, worked in days.items()
    )
    details: dict[str, Any] = {"reason": reason}
    if days:
        details["days"] = {day.isoformat(): worked for day, worked in days.items()}
    enquiry = _call("CLAIM_DISPUTED", claim, by=by, reason=in_words(reason, days))
    if enquiry is not None:
        details["enquiry"] = enquiry
    record("claim.disputed", claim, by=by, **details)
    return claim


def in_words(reason: str, days: Mapping[date, bool]) -> str:
    """The whole of a dispute, for whoever answers it."""
    said = {
        True: _("I worked, and the register does not say so: %(days)s."),
        False: _("I did not work, and the register says that I did: %(days)s."),
    }
    parts = [
        words % {"days": _listed(day for day, worked in days.items() if worked is kind)}
        for kind, words in said.items()
        if kind in days.values()
    ]
    return "\n".join([*parts, reason])


def _listed(days: Iterable[date]) -> str:
    return ", ".join(date_format(day, "j F Y") for day in days)


@transaction.atomic
def withdraw_dispute(claim: Claim, *, by: User) -> Claim | None:
    """The officer has nothing against it any more: computed afresh, and on its way again."""
    lock_exam(claim.exam)
    claim = lock_claim(claim)
    _refuse_others(claim, by)
    if claim.status != ClaimStatus.DISPUTED:
        raise Refused(_("This claim is not disputed, so there is nothing to withdraw."))
    left = _on_its_way(claim, by=by, note=_("The officer withdrew the dispute."))
    record("claim.dispute_withdrawn", claim, by=by)
    return left


@transaction.atomic
def settle(claim: Claim, *, by: User, note: str) -> Claim | None:
    """Headquarters has looked at a dispute: computed afresh, and on its way again.

    None if no day of it is paid any more, so that no claim is left.
    """
    exam = claim.exam
    lock_exam(exam)
    claim = lock_claim(claim)
    refuse_own(claim, by)
    if claim.status != ClaimStatus.DISPUTED:
        raise Refused(_("This claim is not disputed, so there is nothing to settle."))
    left = _on_its_way(claim, by=by, note=note)
    record("claim.settled", claim, by=by, note=note)
    user = claim.officer.user
    tell(user, "claims/settled", exam=exam.short, note=note)
    return left


def _on_its_way(claim: Claim, *, by: User, note: str) -> Claim | None:
    """What was said of it is in the trail. The enquiry is answered while the claim is still there:
    computing anew may leave none."""
    number = claim.pk
    move(claim, ClaimStatus.PREPARED)
    claim.disputed_days.all().delete()
    _call("CLAIM_SETTLED", claim, by=by, note=note)
    recompute(claim.exam, [claim.officer_id], by=by)
    return Claim.objects.filter(pk=number).first()


def _refuse_others(claim: Claim, by: User) -> None:
    if claim.officer.user_id != by.pk:
        raise Refused(_("Only the officer can dispute a claim."))


def _call(setting: str, claim: Claim, **given: Any) -> Any:
    path: str = getattr(settings, setting, "")
    return import_string(path)(claim, **given) if path else None
