"""Verifying as a run: so many seals at a time, then what writes the trail."""

from typing import Any

from django.utils.translation import gettext as _

from accounts.running import Work
from cp2.audit import verifying
from cp2.audit.models import Seal
from cp2.audit.verifying import Report
from cp2.runs.models import Run

AT_A_TIME = 10  # seals of full blocks are some seconds


def plan(run: Run) -> list[Any]:
    last = Seal.objects.order_by("-number").values_list("number", flat=True).first() or 0
    return [
        *([first, min(first + AT_A_TIME - 1, last)] for first in range(1, last + 1, AT_A_TIME)),
        None,
    ]


def step(run: Run, portion: list[int] | None) -> None:
    report = Report()
    if portion:
        report = verifying.verify(first=portion[0], last=portion[1])
        run.count(seals=report.seals, rows=report.rows)
    else:
        report.gaps += [*verifying.guards(), *verifying.noted()]
    run.count(gaps=len(report.gaps))
    for gap in report.gaps:
        run.note(gap)
    run.outcome["named"] = [*run.outcome.get("named", []), *report.gaps][: verifying.MOST_NAMED]
    if portion is None:
        _conclude(run)


def _conclude(run: Run) -> None:
    done = run.outcome
    whole = Report(done.get("seals", 0), done.get("rows", 0), done["named"])
    verifying.note(whole, by=run.started_by)
    run.note(
        _("Everything is as it was sealed.")
        if whole.is_whole
        else _("The trail is not what was sealed.")
    )


WORK = Work(plan=plan, step=step)
