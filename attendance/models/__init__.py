from attendance.models.amendments import (
    Amendment,
    AmendmentLine,
    AmendmentQuerySet,
    AmendmentStatus,
)
from attendance.models.copies import CopyStatus, RegisterCopy, RegisterCopyQuerySet
from attendance.models.marks import Clock, Mark, MarkQuerySet, MarkStatus, Way
from attendance.models.registers import Register, RegisterQuerySet, RegisterStatus
from attendance.models.reports import SupervisorReport
from attendance.models.returns import RegisterReturn, RegisterReturnQuerySet, ReturnStatus

__all__ = [
    "Amendment",
    "AmendmentLine",
    "AmendmentQuerySet",
    "AmendmentStatus",
    "Clock",
    "CopyStatus",
    "Mark",
    "MarkQuerySet",
    "MarkStatus",
    "Register",
    "RegisterCopy",
    "RegisterCopyQuerySet",
    "RegisterQuerySet",
    "RegisterReturn",
    "RegisterReturnQuerySet",
    "RegisterStatus",
    "ReturnStatus",
    "SupervisorReport",
    "Way",
]
