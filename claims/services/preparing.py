"""From marks to claims."""

from django.db import transaction

from accounts.models import User
from accounts.services import record
from catalogue.models import Exam, SubCounty
from claims import holds
from claims.compute import compute, lock_exam
from claims.models import (
    Claim,
    ClaimStatus,
    MoneyRun,
)
from claims.runs import Work
from deployments.models import Deployment


@transaction.atomic
def prepare(exam: Exam, *, by: User | None = None, sub_county: SubCounty | None = None) -> int:
    """Compute the claims of an exam from marks and terms, and see which of them are held.

    Claims that somebody has verified, disputed or approved stay as they are. With a sub-county,
    only of officers who were deployed there; their claims still cover all their deployments.
    """
    lock_exam(exam)
    officers = None
    if sub_county is not None:
        here = Deployment.objects.filter(post__exam=exam, post__station__sub_county=sub_county)
        officers = list(here.values_list("officer", flat=True).distinct())

    prepared, gone = compute(exam, officers=officers)
    claims = Claim.objects.filter(exam=exam).exclude(
        status__in=[ClaimStatus.PAYING, ClaimStatus.PAID]
    )
    if officers is not None:
        claims = claims.filter(officer__in=officers)
    raised, cleared = holds.check(claims)

    record(
        "claims.prepared",
        exam,
        by=by,
        claims=prepared,
        gone=gone,
        holds_raised=raised,
        holds_cleared=cleared,
        sub_county=sub_county.pk if sub_county else None,
    )
    return prepared


def _plan(run: MoneyRun) -> list[int]:
    return [0]


def _step(run: MoneyRun, portion: int) -> None:
    run.count(claims=prepare(run.exam, by=run.started_by, sub_county=run.sub_county))


WORK = Work(plan=_plan, step=_step)
