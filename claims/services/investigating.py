"""A centre that headquarters looks into: nobody is paid for work there until that is over."""

from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record
from catalogue.models import DutyStation, Exam
from claims import holds
from claims.models import UNPAID, Claim, ClaimQuerySet, Hold, HoldCode, Investigation, earned
from claims.owners import owned_by
from cp2.rules import Refused, lock


def claims_at(exam: Exam, station: DutyStation) -> ClaimQuerySet:
    """Of those who served there, and are not paid yet."""
    here = earned(deployment__post__exam=exam, deployment__post__station=station)
    return Claim.objects.filter(here, exam=exam, status__in=UNPAID)


@transaction.atomic
def open_investigation(
    exam: Exam, station: DutyStation, *, reason: str, by: User
) -> tuple[Investigation, int]:
    """Answers with how many claims are held by it from now on."""
    _refuse_own(exam, station, by)
    try:
        with transaction.atomic():
            opened = Investigation.objects.create(
                exam=exam, station=station, reason=reason, opened_by=by
            )
    except IntegrityError as error:
        raise Refused(_("This centre is under investigation already.")) from error
    claims = claims_at(exam, station)
    holds.check(claims)
    held = Hold.objects.standing().filter(claim__in=claims, code=HoldCode.INVESTIGATION).count()
    record("investigation.opened", opened, by=by, reason=reason, held=held)
    return opened, held


@transaction.atomic
def close_investigation(investigation: Investigation, *, by: User, note: str) -> Investigation:
    """With what was found. Whom else a rule or a person holds stays held."""
    investigation = lock(investigation)
    if investigation.closed_at:
        raise Refused(_("This investigation is closed already."))
    _refuse_own(investigation.exam, investigation.station, by)
    investigation.closed_by, investigation.closed_at = by, timezone.now()
    investigation.finding = note
    investigation.save(update_fields=["closed_by", "closed_at", "finding"])
    _raised, cleared = holds.check(claims_at(investigation.exam, investigation.station))
    record("investigation.closed", investigation, by=by, finding=note, let_go=cleared)
    return investigation


def _refuse_own(exam: Exam, station: DutyStation, by: User) -> None:
    own: models.QuerySet[Claim] = claims_at(exam, station).filter(owned_by(by))
    if own.exists():
        raise Refused(
            _("A claim of your own is for work at this centre, so someone else must decide.")
        )
