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
from attendance.models.handovers import Handover, HandoverQuerySet
from attendance.models.marks import Clock, Mark, MarkQuerySet, MarkStatus, Way
from attendance.models.registers import Register, RegisterQuerySet, RegisterStatus
from attendance.models.reports import SupervisorReport, SupervisorReportQuerySet
from attendance.models.returns import RegisterReturn, RegisterReturnQuerySet, ReturnStatus

__all__ = [
    "Amendment",
    "AmendmentLine",
    "AmendmentQuerySet",
    "AmendmentStatus",
    "CentreReport",
    "CentreReportQuerySet",
    "CentreReportStatus",
    "Clock",
    "Handover",
    "HandoverQuerySet",
    "Mark",
    "MarkQuerySet",
    "MarkStatus",
    "Register",
    "RegisterQuerySet",
    "RegisterReturn",
    "RegisterReturnQuerySet",
    "RegisterStatus",
    "ReportKind",
    "ReturnStatus",
    "SupervisorReport",
    "SupervisorReportQuerySet",
    "Way",
]
