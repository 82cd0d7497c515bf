from cp2.protection.models.breaches import Affected, Breach, Field
from cp2.protection.models.processors import Processor
from cp2.protection.models.requests import (
    DUE,
    DataRequest,
    Dossier,
    Objection,
    RequestKind,
    RequestStatus,
)
from cp2.protection.models.retention import RetentionRule, Rule

__all__ = [
    "DUE",
    "Affected",
    "Breach",
    "DataRequest",
    "Dossier",
    "Field",
    "Objection",
    "Processor",
    "RequestKind",
    "RequestStatus",
    "RetentionRule",
    "Rule",
]
