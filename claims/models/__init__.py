from claims.models.batches import BatchStatus, Payment, PaymentBatch, PaymentStatus
from claims.models.claims import Claim, ClaimLine, ClaimQuerySet, ClaimStatus
from claims.models.holds import REMEDIES, Hold, HoldCode, HoldQuerySet
from claims.models.tax import TaxRule

__all__ = [
    "REMEDIES",
    "BatchStatus",
    "Claim",
    "ClaimLine",
    "ClaimQuerySet",
    "ClaimStatus",
    "Hold",
    "HoldCode",
    "HoldQuerySet",
    "Payment",
    "PaymentBatch",
    "PaymentStatus",
    "TaxRule",
]
