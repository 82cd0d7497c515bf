"""A report asked for is a row; a worker counts it, table by table, and says how far it is."""

import logging
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record
from catalogue.models import County, Exam, SubCounty
from cp2.rules import Refused, move
from deployments.fairness.tables import SECTIONS
from deployments.models import FairnessReport, FairnessStatus

LEASE = timedelta(minutes=5)  # for one table; the largest takes seconds
MOST_ATTEMPTS = 3

log = logging.getLogger(__name__)


class Lost(Exception):
    """Another worker has taken it."""


def ask(
    exam: Exam, *, by: User, county: County | None = None, sub_county: SubCounty | None = None
) -> FairnessReport:
    """One report of a scope at a time: who asks again is told to wait for that one."""
    scope = {"county": None if sub_county else county, "sub_county": sub_county}
    try:
        with transaction.atomic():
            report = FairnessReport.objects.create(exam=exam, asked_by=by, **scope)
            record("fairness.asked", report, by=by, scope=report.scope)
            return report
    except IntegrityError as error:
        raise Refused(
            _("This report is being counted already. It stands on the list in a moment.")
        ) from error


# A worker's part


def work() -> bool:
    """One report as a whole. False if nothing was due."""
    report = _take()
    if report is None:
        return False
    try:
        _count(report)
    except Lost:
        log.warning("fairness_report_lost", extra={"report": report.pk})
    except Exception as error:  # whatever it is, the next tick tries again
        log.exception("fairness_report_broke", extra={"report": report.pk})
        _give_back(report, f"{type(error).__name__}: {error}")
    return True


@transaction.atomic
def _take() -> FairnessReport | None:
    due = FairnessReport.objects.due().select_for_update(skip_locked=True, of=("self",)).first()
    if due is None:
        return None
    due.attempts, due.lease_until = due.attempts + 1, timezone.now() + LEASE
    if due.attempts > MOST_ATTEMPTS:
        if due.status == FairnessStatus.WAITING:
            move(due, FairnessStatus.WORKING)
        _fail(due, due.failure or "the worker died of it")
        return None
    due.save(update_fields=["attempts", "lease_until"])
    if due.status == FairnessStatus.WAITING:
        move(due, FairnessStatus.WORKING)
    return due


def _count(report: FairnessReport) -> None:
    """Each table by itself, so that no transaction is open for long."""
    result: dict[str, Any] = {}
    for done, section in enumerate(SECTIONS, start=1):
        result[section.key] = section.rows(report)
        _note(report, 100 * done // len(SECTIONS))
    with transaction.atomic():
        row = _lock_ours(report)
        if row is None:
            raise Lost
        move(
            row,
            FairnessStatus.DONE,
            result=result,
            progress=100,
            lease_until=None,
            failure="",
            done_at=timezone.now(),
        )


def _ours(report: FairnessReport) -> Any:
    return FairnessReport.objects.filter(
        pk=report.pk, status=FairnessStatus.WORKING, attempts=report.attempts
    )


def _lock_ours(report: FairnessReport) -> FairnessReport | None:
    found: FairnessReport | None = _ours(report).select_for_update(of=("self",)).first()
    return found


def _note(report: FairnessReport, progress: int) -> None:
    """How far it is; the lease goes on from here."""
    if not _ours(report).update(progress=progress, lease_until=timezone.now() + LEASE):
        raise Lost


@transaction.atomic
def _give_back(report: FairnessReport, why: str) -> None:
    row = _lock_ours(report)
    if row is None:
        return
    row.failure = why[:200]
    if row.attempts >= MOST_ATTEMPTS:
        _fail(row, row.failure)
    else:
        move(row, FairnessStatus.WAITING, failure=row.failure, lease_until=None, progress=0)


def _fail(row: FairnessReport, why: str) -> None:
    move(row, FairnessStatus.FAILED, failure=why[:200], lease_until=None)
