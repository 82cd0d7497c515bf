from claims.models.batches import (
    BANKS,
    BatchStatus,
    Channel,
    Payment,
    PaymentBatch,
    PaymentStatus,
    Recovery,
)
from claims.models.claims import OPEN, Claim, ClaimQuerySet, ClaimStatus
from claims.models.disputes import DisputedDay
from claims.models.holds import REMEDIES, Hold, HoldCode, HoldQuerySet
from claims.models.ledger import Account, LedgerEntry
from claims.models.lines import ClaimLine, LineKind
from claims.models.rates import MarkingRate, MarkingRecord, RateChange
from claims.models.runs import OPEN_RUNS, MoneyRun, RunKind, RunStatus
from claims.models.tax import TaxRule

__all__ = [
    "BANKS",
    "OPEN",
    "OPEN_RUNS",
    "REMEDIES",
    "Account",
    "BatchStatus",
    "Channel",
    "Claim",
    "ClaimLine",
    "ClaimQuerySet",
    "ClaimStatus",
    "DisputedDay",
    "Hold",
    "HoldCode",
    "HoldQuerySet",
    "LedgerEntry",
    "LineKind",
    "MarkingRate",
    "MarkingRecord",
    "MoneyRun",
    "Payment",
    "PaymentBatch",
    "PaymentStatus",
    "RateChange",
    "Recovery",
    "RunKind",
    "RunStatus",
    "TaxRule",
]
