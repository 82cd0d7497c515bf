"""A supervisor's report of a day: written once, corrected while the day is open."""

from datetime import date, time
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record
from attendance.eligibility import moment
from attendance.models import SupervisorReport
from attendance.reporting import entry_of, is_expected, reasons_against_reporting
from cp2.rules import Refused, lock
from deployments.models import Deployment


@transaction.atomic
def write_report(deployment: Deployment, *, day: date, by: User, **said: Any) -> SupervisorReport:
    """The first is its own record; what is corrected afterwards is in the trail."""
    deployment = lock(deployment)
    entry = entry_of(deployment)
    if entry is None:
        raise Refused(_("This place takes no part in the exam, so it needs no report."))
    expected = is_expected(deployment, day)
    for against in reasons_against_reporting(day, moment(entry, day), expected=expected):
        raise Refused(against)
    if said["candidates_absent"] > entry.candidates:
        raise Refused(
            _("This centre has %(count)d candidates; no more can be absent.")
            % {"count": entry.candidates}
        )

    earlier = SupervisorReport.objects.filter(deployment=deployment, day=day).first()
    if earlier is None:
        return SupervisorReport.objects.create(deployment=deployment, day=day, **said)
    changed = {name: value for name, value in said.items() if getattr(earlier, name) != value}
    if changed:
        was = {name: _plain(getattr(earlier, name)) for name in changed}
        for name, value in changed.items():
            setattr(earlier, name, value)
        earlier.save(update_fields=[*changed])
        now = {name: _plain(value) for name, value in changed.items()}
        record("report.corrected", earlier, by=by, was=was, now=now)
    return earlier


def _plain(value: Any) -> Any:
    return f"{value:%H:%M}" if isinstance(value, time) else value
