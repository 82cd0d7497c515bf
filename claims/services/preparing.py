"""From marks to claims, and to adjustments of those that are approved."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet

from accounts.models import User
from accounts.services import record, record_each, tell_each
from catalogue.models import Exam, SubCounty
from claims import holds
from claims.compute import Change, Officers, compute, lock_exam
from claims.models import Claim, ClaimStatus, MoneyRun
from claims.runs import Work
from deployments.models import Deployment
from profiles.models import Officer

# Some seconds' work; the rows of a portion are locked for so long.
OFFICERS_OF_A_PORTION = 20_000
LAST = 2**63 - 2

# Each portion ends where the next one begins, so that nobody falls in between whose deployment is
# younger than the plan.
FIRST_OF_EACH = """
SELECT officer_id FROM (
    SELECT officer_id, row_number() OVER (ORDER BY officer_id) - 1 AS place FROM (
        SELECT d.officer_id FROM deployments_deployment d
        JOIN deployments_post p ON p.id = d.post_id WHERE p.exam_id = %(exam)s
        UNION SELECT officer_id FROM claims_claim WHERE exam_id = %(exam)s
    ) of_the_exam
) numbered
WHERE place %% %(most)s = 0 ORDER BY officer_id
"""

VERBS = {
    "new": "claim.adjusted",
    "gone": "claim.removed",
    "changed": "claim.changed",
}


@transaction.atomic
def prepare(exam: Exam, *, by: User | None = None, sub_county: SubCounty | None = None) -> int:
    """Compute the claims of an exam from marks and terms, and see which of them are held.

    What is approved stays as it is; an adjustment carries what the marks say otherwise. With a
    sub-county, only of officers who were deployed there; their claims still cover all their
    deployments.
    """
    done = _compute(exam, _deployed_in(exam, sub_county) if sub_county else None, by=by)
    _record(exam, done, by=by, sub_county=sub_county)
    return done["claims"]


def _deployed_in(exam: Exam, sub_county: SubCounty) -> list[int]:
    here = Deployment.objects.filter(post__exam=exam, post__station__sub_county=sub_county)
    return list(here.order_by("officer").values_list("officer", flat=True).distinct())


def _compute(exam: Exam, officers: Officers, *, by: User | None) -> dict[str, int]:
    """The claims of these officers with all that follows from it, and how many of each."""
    lock_exam(exam)
    computed = compute(exam, officers=officers)
    raised, cleared = holds.check(_unpaid(exam, officers))
    _leave_a_trail(computed.changes, by=by)
    _tell(exam, computed.changes)
    return {
        "claims": computed.claims,
        "changed": sum(change.act == "changed" for change in computed.changes),
        "adjustments": sum(change.act == "new" for change in computed.changes),
        "gone": len(computed.gone),
        "holds_raised": raised,
        "holds_cleared": cleared,
    }


def _unpaid(exam: Exam, officers: Officers) -> QuerySet[Claim]:
    claims = Claim.objects.filter(exam=exam).exclude(
        status__in=[ClaimStatus.PAYING, ClaimStatus.PAID]
    )
    if officers is None:
        return claims
    if isinstance(officers, range):
        return claims.filter(officer__gte=officers.start, officer__lt=officers.stop)
    return claims.filter(officer__in=officers)


def _leave_a_trail(changes: Iterable[Change], *, by: User | None) -> None:
    by_act: dict[str, list[Change]] = {}
    for change in changes:
        by_act.setdefault(change.act, []).append(change)
    for act, those in by_act.items():
        lines = [(Claim(pk=change.claim), _details(change)) for change in those]
        record_each(VERBS[act], lines, by=by)


def _details(change: Change) -> dict[str, Any]:
    said = change.details
    if change.act == "gone":
        said["officer"] = change.officer
    if change.adjusts:
        said["adjusts"] = change.adjusts
    if change.was_status == ClaimStatus.VERIFIED:
        said["was_status"] = change.was_status
    return said


def _tell(exam: Exam, changes: Iterable[Change]) -> None:
    """Whose claim was approved expects that much, and is told that it is another sum."""
    adjusted = {
        change.officer: change
        for change in changes
        if change.adjusts and change.total != change.was_total
    }
    people = Officer.objects.filter(pk__in=adjusted).select_related("user").order_by("pk")
    tell_each(
        "claims/adjusted",
        (
            (
                officer.user,
                None,
                {
                    "exam": exam.short,
                    "amount": adjusted[officer.pk].was_total,
                    "net": adjusted[officer.pk].total,
                    "site": settings.SITE_URL,
                },
            )
            for officer in people
        ),
    )


def _record(
    exam: Exam, done: dict[str, int], *, by: User | None, sub_county: SubCounty | None
) -> None:
    record(
        "claims.prepared",
        exam,
        by=by,
        sub_county=sub_county.pk if sub_county else None,
        **done,
    )


# As a run, portion by portion


def _plan(run: MoneyRun) -> list[Any]:
    if run.sub_county:
        return [None]
    values = {"exam": run.exam_id, "most": OFFICERS_OF_A_PORTION}
    with connection.cursor() as cursor:
        cursor.execute(FIRST_OF_EACH, values)
        firsts = [first for (first,) in cursor.fetchall()]
    ends = [first - 1 for first in firsts[1:]] + [LAST]
    return [[first, end] for first, end in zip([0, *firsts[1:]], ends, strict=True) if firsts]


def _step(run: MoneyRun, portion: list[int] | None) -> None:
    officers: Officers
    if portion is None:
        assert run.sub_county
        officers = _deployed_in(run.exam, run.sub_county)
    else:
        officers = range(portion[0], portion[1] + 1)
    run.count(**_compute(run.exam, officers, by=run.started_by))
    if len(run.left) == 1:
        _record(run.exam, run.outcome, by=run.started_by, sub_county=run.sub_county)


WORK = Work(plan=_plan, step=_step)
