from accounts.promises import OPEN_RUNS, RunStatus
from claims.models.batches import (
    BANKS,
    SENT,
    BatchStatus,
    Channel,
    Payment,
    PaymentBatch,
    PaymentStatus,
    Recovery,
)
from claims.models.claims import (
    FIXED,
    OPEN,
    UNPAID,
    Claim,
    ClaimQuerySet,
    ClaimStatus,
    earned,
)
from claims.models.disputes import DisputedDay
from claims.models.ghosts import (
    WEIGHTS,
    GhostCode,
    GhostSignal,
    GhostSignalQuerySet,
)
from claims.models.holds import LIFTED, REMEDIES, UNTOLD, Hold, HoldCode, HoldQuerySet
from claims.models.investigations import Investigation
from claims.models.ledger import Account, LedgerEntry
from claims.models.lines import ClaimLine, LineKind
from claims.models.money import (
    AuditSample,
    MoneyChange,
    MoneyCount,
    MoneyDay,
    MoneyState,
    Road,
)
from claims.models.rates import MarkingRate, MarkingRecord, RateChange
from claims.models.results import WRITTEN, ResultFile, ResultLine, ResultsStatus, Verdict
from claims.models.runs import MoneyRun, RunKind
from claims.models.tax import TaxRule

__all__ = [
    "BANKS",
    "FIXED",
    "LIFTED",
    "OPEN",
    "OPEN_RUNS",
    "REMEDIES",
    "SENT",
    "UNPAID",
    "UNTOLD",
    "WEIGHTS",
    "WRITTEN",
    "Account",
    "AuditSample",
    "BatchStatus",
    "Channel",
    "Claim",
    "ClaimLine",
    "ClaimQuerySet",
    "ClaimStatus",
    "DisputedDay",
    "GhostCode",
    "GhostSignal",
    "GhostSignalQuerySet",
    "Hold",
    "HoldCode",
    "HoldQuerySet",
    "Investigation",
    "LedgerEntry",
    "LineKind",
    "MarkingRate",
    "MarkingRecord",
    "MoneyChange",
    "MoneyCount",
    "MoneyDay",
    "MoneyRun",
    "MoneyState",
    "Payment",
    "PaymentBatch",
    "PaymentStatus",
    "RateChange",
    "Recovery",
    "ResultFile",
    "ResultLine",
    "ResultsStatus",
    "Road",
    "RunKind",
    "RunStatus",
    "TaxRule",
    "Verdict",
    "earned",
]
