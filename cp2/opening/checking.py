"""The dry run: every check over a whole exam, one portion each, and what came of it beside what
came of the run before."""

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from accounts.promises import RunStatus
from catalogue.models import Exam
from cp2.opening.checks import BY_CODE, CHECKS
from cp2.opening.models import Finding, Severity
from cp2.opening.services import FRESH_FOR, runs_of
from cp2.runs.models import Run, RunKind
from cp2.runs.services import Work


def plan(run: Run) -> list[Any]:
    return [check.code for check in CHECKS]


def step(run: Run, portion: str) -> None:
    check = BY_CODE.get(portion)
    if check is None:
        return  # it was begun before this check was taken out
    found = check.find(Exam.objects.get(pk=run.asked["exam"]))
    run.count(checks=1, blocks=0, to_be_looked_at=0)
    if found.count:
        run.count(**{"blocks" if check.blocks else "to_be_looked_at": 1})
        Finding.objects.create(
            run=run,
            code=check.code,
            severity=check.severity,
            count=found.count,
            first=[list(each) for each in found.first],
        )


WORK = Work(plan, step)


# What came of it


@dataclass(frozen=True)
class Line:
    """A finding as the page shows it."""

    finding: Finding
    was: int | None  # what the run before found of it; None is nothing, 0 never
    words: str
    step: str

    @property
    def is_new(self) -> bool:
        return self.was is None


@dataclass(frozen=True)
class Result:
    """Of the last run that is over."""

    run: Run
    before: Run | None
    lines: list[Line]
    gone: list[str]  # what the run before found and this one does not, in words

    @property
    def blocks(self) -> list[Line]:
        return [line for line in self.lines if line.finding.severity == Severity.BLOCKS]

    @property
    def looks(self) -> list[Line]:
        return [line for line in self.lines if line.finding.severity == Severity.LOOK]

    @property
    def is_fresh(self) -> bool:
        return self.run.asked_at >= timezone.now() - FRESH_FOR


def result(exam: Exam) -> Result | None:
    over = list(runs_of(exam, RunKind.CHECK).filter(status=RunStatus.DONE)[:2])
    if not over:
        return None
    now, before = over[0], over[1] if len(over) > 1 else None
    found = Finding.objects.filter(run__in=over)
    was = {each.code: each for each in found if each.run_id != now.pk}
    here = {each.code: each for each in found if each.run_id == now.pk}
    lines = [
        Line(
            here[check.code],
            _count(was.get(check.code)),
            check.said(here[check.code].count),
            check.step,
        )
        for check in CHECKS
        if check.code in here
    ]
    gone = [
        BY_CODE[code].said(each.count)
        for code, each in was.items()
        if code not in here and code in BY_CODE
    ]
    return Result(now, before, lines, gone)


def _count(finding: Finding | None) -> int | None:
    return finding.count if finding else None
