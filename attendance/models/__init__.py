from attendance.models.amendments import (
    Amendment,
    AmendmentLine,
    AmendmentQuerySet,
    AmendmentStatus,
)
from attendance.models.centre_reports import (
    CentreReport,
    CentreReportQuerySet,
    CentreReportStatus,
    ReportKind,
)
from attendance.models.copies import CopyStatus, RegisterCopy, RegisterCopyQuerySet
from attendance.models.handovers import Handover, HandoverQuerySet
from attendance.models.history import MarkHistory, MarkHistoryQuerySet
from attendance.models.marks import Clock, Mark, MarkQuerySet, MarkStatus, Way
from attendance.models.phones import CODE_LIFE, MOST_PHONES, CentrePhone, CentrePhoneQuerySet
from attendance.models.registers import Register, RegisterQuerySet, RegisterStatus
from attendance.models.reports import SupervisorReport, SupervisorReportQuerySet
from attendance.models.returns import RegisterReturn, RegisterReturnQuerySet, ReturnStatus
from attendance.models.second_looks import (
    LookedThrough,
    LookKind,
    SecondLook,
    SecondLookQuerySet,
    SecondLookRules,
)
from attendance.models.today import DayCount, RegisterReminder

__all__ = [
    "CODE_LIFE",
    "MOST_PHONES",
    "Amendment",
    "AmendmentLine",
    "AmendmentQuerySet",
    "AmendmentStatus",
    "CentrePhone",
    "CentrePhoneQuerySet",
    "CentreReport",
    "CentreReportQuerySet",
    "CentreReportStatus",
    "Clock",
    "CopyStatus",
    "DayCount",
    "Handover",
    "HandoverQuerySet",
    "LookKind",
    "LookedThrough",
    "Mark",
    "MarkHistory",
    "MarkHistoryQuerySet",
    "MarkQuerySet",
    "MarkStatus",
    "Register",
    "RegisterCopy",
    "RegisterCopyQuerySet",
    "RegisterQuerySet",
    "RegisterReminder",
    "RegisterReturn",
    "RegisterReturnQuerySet",
    "RegisterStatus",
    "ReportKind",
    "ReturnStatus",
    "SecondLook",
    "SecondLookQuerySet",
    "SecondLookRules",
    "SupervisorReport",
    "SupervisorReportQuerySet",
    "Way",
]
