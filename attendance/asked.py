"""What was asked about closed days, and what became of it: for the pages of those who asked."""

from datetime import date
from typing import Any

from django.db.models import Prefetch

from attendance.amend_rules import reasons_against_asking
from attendance.eligibility import Moment
from attendance.models import Amendment, AmendmentLine, AmendmentStatus, Register, RegisterStatus
from catalogue.models import CentreEntry


def asked(
    entry: CentreEntry, day: date, moment: Moment, register: Register | None
) -> dict[str, Any]:
    """Of one day; and whether the centre may ask now. While a register is open and nobody has
    amended it, there is nothing to ask about."""
    if not moment.is_closed and (register is None or register.status != RegisterStatus.AMENDED):
        return {"amendments": [], "may_ask": False}
    amendments = list(of_day(entry, day))
    waits = any(amendment.status == AmendmentStatus.ASKED for amendment in amendments)
    may_ask = not waits and not list(reasons_against_asking(day, moment, register))
    return {"amendments": amendments, "may_ask": may_ask}


def of_day(entry: CentreEntry, day: date) -> Any:
    lines = AmendmentLine.objects.select_related("deployment__officer")
    return (
        Amendment.objects.filter(entry=entry, day=day)
        .select_related("asked_by", "decided_by")
        .prefetch_related(Prefetch("lines", lines))
    )


def asked_by_day(entry: CentreEntry) -> dict[date, Amendment]:
    """The last one of each day."""
    return {amendment.day: amendment for amendment in entry.amendments.order_by("pk")}
