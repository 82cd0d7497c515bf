"""The accounts of a season's centres, opened where they are missing: the work of a run."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts import slips
from accounts.models import User
from accounts.services import record
from catalogue.models import CentreEntry, Exam
from cp2.rules import Role
from cp2.runs.models import Run
from cp2.runs.services import Work

AT_ONCE = 500


def missing(exam: Exam) -> QuerySet[CentreEntry]:
    """By the accounts of the exam, read once: of an exam that was copied a moment ago the database
    knows no statistics, and would look each centre up among all of them."""
    accounts = User.objects.filter(role=Role.CENTRE, exam=exam, station__isnull=False)
    return CentreEntry.objects.filter(exam=exam).exclude(station__in=accounts.values("station"))


def plan(run: Run) -> list[Any]:
    """The entries, so many at a time."""
    left = missing(Exam.objects.get(pk=run.asked["exam"])).order_by("pk")
    numbers = list(left.values_list("pk", flat=True))
    return [numbers[at : at + AT_ONCE] for at in range(0, len(numbers), AT_ONCE)]


def step(run: Run, portion: list[int]) -> None:
    rows = CentreEntry.objects.filter(pk__in=portion).select_related("exam", "station")
    entries = list(rows.order_by("pk"))
    opened = slips.open_accounts(entries, by=run.started_by)
    if opened:
        exam = entries[0].exam
        record("exam.accounts_opened", exam, by=run.started_by, opened=opened)
    run.count(opened=opened, left_alone=len(entries) - opened)
    run.note(_("%(n)d accounts are opened.") % {"n": opened})


WORK = Work(plan, step)
