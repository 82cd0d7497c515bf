from attendance.models.amendments import (
    Amendment,
    AmendmentLine,
    AmendmentQuerySet,
    AmendmentStatus,
)
from attendance.models.marks import Clock, Mark, MarkQuerySet, MarkStatus, Way
from attendance.models.phones import CODE_LIFE, MOST_PHONES, CentrePhone, CentrePhoneQuerySet
from attendance.models.registers import Register, RegisterQuerySet, RegisterStatus
from attendance.models.reports import SupervisorReport
from attendance.models.returns import RegisterReturn, RegisterReturnQuerySet, ReturnStatus

__all__ = [
    "CODE_LIFE",
    "MOST_PHONES",
    "Amendment",
    "AmendmentLine",
    "AmendmentQuerySet",
    "AmendmentStatus",
    "CentrePhone",
    "CentrePhoneQuerySet",
    "Clock",
    "Mark",
    "MarkQuerySet",
    "MarkStatus",
    "Register",
    "RegisterQuerySet",
    "RegisterReturn",
    "RegisterReturnQuerySet",
    "RegisterStatus",
    "ReturnStatus",
    "SupervisorReport",
    "Way",
]
