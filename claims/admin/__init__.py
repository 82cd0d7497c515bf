"""Claims and money at headquarters. Everything here is read; what changes it is an action, and
each action belongs to one of two groups that no one person should be in."""

from claims.admin.batches import PaymentBatchAdmin
from claims.admin.claims import ClaimAdmin, ClaimLineAdmin
from claims.admin.ghosts import GhostSignalAdmin
from claims.admin.holds import HoldAdmin
from claims.admin.investigations import InvestigationAdmin
from claims.admin.ledger import LedgerEntryAdmin
from claims.admin.marking import MarkingRecordAdmin
from claims.admin.payments import PaymentAdmin
from claims.admin.rates import MarkingRateAdmin, RateChangeAdmin, TaxRuleAdmin
from claims.admin.results import ResultFileAdmin
from claims.admin.runs import MoneyRunAdmin

__all__ = [
    "ClaimAdmin",
    "ClaimLineAdmin",
    "GhostSignalAdmin",
    "HoldAdmin",
    "InvestigationAdmin",
    "LedgerEntryAdmin",
    "MarkingRateAdmin",
    "MarkingRecordAdmin",
    "MoneyRunAdmin",
    "PaymentAdmin",
    "PaymentBatchAdmin",
    "RateChangeAdmin",
    "ResultFileAdmin",
    "TaxRuleAdmin",
]
