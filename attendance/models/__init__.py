from attendance.models.amendments import (
    Amendment,
    AmendmentLine,
    AmendmentQuerySet,
    AmendmentStatus,
)
from attendance.models.marks import Clock, Mark, MarkQuerySet, MarkStatus, Way
from attendance.models.registers import Register, RegisterQuerySet, RegisterStatus
from attendance.models.reports import SupervisorReport
from attendance.models.returns import RegisterReturn, RegisterReturnQuerySet, ReturnStatus
from attendance.models.today import DayCount, RegisterReminder

__all__ = [
    "Amendment",
    "AmendmentLine",
    "AmendmentQuerySet",
    "AmendmentStatus",
    "Clock",
    "DayCount",
    "Mark",
    "MarkQuerySet",
    "MarkStatus",
    "Register",
    "RegisterQuerySet",
    "RegisterReminder",
    "RegisterReturn",
    "RegisterReturnQuerySet",
    "RegisterStatus",
    "ReturnStatus",
    "SupervisorReport",
    "Way",
]
