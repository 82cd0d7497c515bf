"""From marks to claims, and to adjustments of those that are approved."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts.models import Entry, User
from accounts.services import record, record_each, tell_each
from attendance.models import Amendment, MarkHistory
from catalogue.models import Exam, SubCounty
from claims import holds, runs
from claims.compute import Change, Computed, Officers, compute, concerned, lock_exam
from claims.models import (
    UNPAID,
    Claim,
    ClaimStatus,
    MarkingRecord,
    MoneyRun,
    RateChange,
    RunKind,
    RunStatus,
)
from claims.runs import Work
from cp2.rules import Refused
from deployments.models import Deployment
from profiles.models import Officer

# Some seconds' work; the rows of a portion are locked for so long.
OFFICERS_OF_A_PORTION = 20_000
OFFICERS_OF_A_LIST = 5_000
LAST = 2**63 - 2

CENTRES_MARK_FOR = timedelta(days=62)  # after the exam's end, at most
LONGEST_TRANSACTION = timedelta(hours=1)

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
# These keep no time of their own.
RULES_SET = ["tax_rule.changed", "marking_rate.changed"]


@transaction.atomic
def prepare(exam: Exam, *, by: User | None = None, sub_county: SubCounty | None = None) -> int:
    """Compute the claims of an exam from marks and terms, and see which of them are held.

    What is approved stays as it is; an adjustment carries what the marks say otherwise. With a
    sub-county, only of officers who were deployed there; their claims still cover all their
    deployments.
    """
    done = _prepare(exam, _deployed_in(exam, sub_county) if sub_county else None, by=by)
    _record(exam, done, by=by, sub_county=sub_county)
    return done["claims"]


def _deployed_in(exam: Exam, sub_county: SubCounty) -> list[int]:
    here = Deployment.objects.filter(post__exam=exam, post__station__sub_county=sub_county)
    return list(here.order_by("officer").values_list("officer", flat=True).distinct())


@dataclass(frozen=True, slots=True)
class Recomputed:
    computed: Computed
    raised: int
    cleared: int


def recompute(exam: Exam, officers: Officers, *, by: User | None) -> Recomputed:
    """The claims of these officers from their marks, what holds them, and the trail of what
    changed; telling them is for whoever knows why it was done."""
    lock_exam(exam)
    computed = compute(exam, officers=officers)
    raised, cleared = holds.check(_unpaid(exam, officers))
    _leave_a_trail(computed.changes, by=by)
    return Recomputed(computed, raised, cleared)


def _prepare(exam: Exam, officers: Officers, *, by: User | None) -> dict[str, int]:
    """With a text to whom it concerns; and how many there were of each."""
    done = recompute(exam, officers, by=by)
    changes = done.computed.changes
    _tell(exam, changes)
    return {
        "claims": done.computed.claims,
        "changed": sum(change.act == "changed" for change in changes),
        "adjustments": sum(change.act == "new" for change in changes),
        "gone": len(done.computed.gone),
        "holds_raised": done.raised,
        "holds_cleared": done.cleared,
    }


def _unpaid(exam: Exam, officers: Officers) -> QuerySet[Claim]:
    claims = Claim.objects.filter(exam=exam, status__in=UNPAID)
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
                },
            )
            for officer in people
        ),
    )


def _record(
    exam: Exam, done: dict[str, Any], *, by: User | None, sub_county: SubCounty | None
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
    if run.sub_county_id:
        return [{"sub_county": run.sub_county_id}]
    if run.asked.get("changed"):
        officers, most = concerned(run.exam), OFFICERS_OF_A_LIST
        return [{"officers": officers[n : n + most]} for n in range(0, len(officers), most)]
    values = {"exam": run.exam_id, "most": OFFICERS_OF_A_PORTION}
    with connection.cursor() as cursor:
        cursor.execute(FIRST_OF_EACH, values)
        firsts = [first for (first,) in cursor.fetchall()]
    if not firsts:
        return []
    ends = [first - 1 for first in firsts[1:]] + [LAST]
    return [
        {"first": first, "last": end} for first, end in zip([0, *firsts[1:]], ends, strict=True)
    ]


def _step(run: MoneyRun, portion: dict[str, Any]) -> None:
    officers: Officers
    match portion:
        case {"first": first, "last": last}:
            officers = range(first, last + 1)
        case {"officers": listed}:
            officers = listed
        case _:
            officers = _deployed_in(run.exam, SubCounty.objects.get(pk=portion["sub_county"]))
    run.count(**_prepare(run.exam, officers, by=run.started_by))
    if len(run.left) == 1:
        _record(run.exam, run.outcome, by=run.started_by, sub_county=run.sub_county)


WORK = Work(plan=_plan, step=_step)


# Once a night, that nobody's adjustment waits for a clerk


def prepare_again() -> int:
    """Runs over what was marked otherwise since claims were prepared. At the hour that is set,
    once a night however often it is called; says how many."""
    now = timezone.localtime()
    if now.hour != settings.CLAIMS_AGAIN_AT:
        return 0
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    done = MoneyRun.objects.filter(
        kind=RunKind.PREPARE, asked__has_key="changed", asked_at__gte=midnight
    )
    exams = Exam.objects.filter(Exists(Claim.objects.filter(exam=OuterRef("pk"))))
    started = 0
    for exam in exams.exclude(pk__in=done.values("exam")):
        if _may_have_changed(exam):
            with suppress(Refused):  # somebody is at it
                runs.start(RunKind.PREPARE, exam, by=None, changed=True)
                started += 1
    return started


def _may_have_changed(exam: Exam) -> bool:
    """A cheap sign; which officers are concerned is for the run to find out."""
    before = MoneyRun.objects.filter(
        kind=RunKind.PREPARE, exam=exam, sub_county=None, status=RunStatus.DONE
    )
    last = before.order_by("-asked_at").values_list("asked_at", flat=True).first()
    if last is None:
        return True
    since = last - LONGEST_TRANSACTION
    if since.date() <= exam.ends_on + CENTRES_MARK_FOR:
        return True
    signs: list[QuerySet[Any]] = [
        Amendment.objects.filter(entry__exam=exam, decided_at__gte=since),
        MarkHistory.objects.filter(mark__deployment__post__exam=exam, changed_at__gte=since),
        RateChange.objects.filter(terms__exam=exam, at__gte=since),
        MarkingRecord.objects.filter(exam=exam, at__gte=since),
        Entry.objects.filter(verb__in=RULES_SET, details__exam_id=exam.pk, at__gte=since),
    ]
    return any(sign.exists() for sign in signs)
