from claims.models.batches import BatchStatus, Payment, PaymentBatch, PaymentStatus
from claims.models.claims import Claim, ClaimLine, ClaimQuerySet, ClaimStatus
from claims.models.holds import LIFTED, REMEDIES, UNTOLD, Hold, HoldCode, HoldQuerySet
from claims.models.investigations import Investigation, InvestigationQuerySet
from claims.models.tax import TaxRule

__all__ = [
    "LIFTED",
    "REMEDIES",
    "UNTOLD",
    "BatchStatus",
    "Claim",
    "ClaimLine",
    "ClaimQuerySet",
    "ClaimStatus",
    "Hold",
    "HoldCode",
    "HoldQuerySet",
    "Investigation",
    "InvestigationQuerySet",
    "Payment",
    "PaymentBatch",
    "PaymentStatus",
    "TaxRule",
]
