from attendance.models.amendments import (
    Amendment,
    AmendmentLine,
    AmendmentQuerySet,
    AmendmentStatus,
)
from attendance.models.history import MarkHistory, MarkHistoryQuerySet
from attendance.models.marks import Clock, Mark, MarkQuerySet, MarkStatus, Way
from attendance.models.registers import Register, RegisterQuerySet, RegisterStatus
from attendance.models.reports import SupervisorReport
from attendance.models.returns import RegisterReturn, RegisterReturnQuerySet, ReturnStatus
from attendance.models.second_looks import (
    LookedThrough,
    LookKind,
    SecondLook,
    SecondLookQuerySet,
    SecondLookRules,
)

__all__ = [
    "Amendment",
    "AmendmentLine",
    "AmendmentQuerySet",
    "AmendmentStatus",
    "Clock",
    "LookKind",
    "LookedThrough",
    "Mark",
    "MarkHistory",
    "MarkHistoryQuerySet",
    "MarkQuerySet",
    "MarkStatus",
    "Register",
    "RegisterQuerySet",
    "RegisterReturn",
    "RegisterReturnQuerySet",
    "RegisterStatus",
    "ReturnStatus",
    "SecondLook",
    "SecondLookQuerySet",
    "SecondLookRules",
    "SupervisorReport",
    "Way",
]
