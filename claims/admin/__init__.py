"""Claims and money at headquarters. Everything here is read; what changes it is an action, and
each action belongs to one of two groups that no one person should be in."""

from claims.admin.batches import PaymentBatchAdmin
from claims.admin.claims import ClaimAdmin, ClaimLineAdmin
from claims.admin.holds import HoldAdmin
from claims.admin.ledger import LedgerEntryAdmin
from claims.admin.payments import PaymentAdmin
from claims.admin.rates import TaxRuleAdmin
from claims.admin.results import ResultFileAdmin
from claims.admin.runs import MoneyRunAdmin

__all__ = [
    "ClaimAdmin",
    "ClaimLineAdmin",
    "HoldAdmin",
    "LedgerEntryAdmin",
    "MoneyRunAdmin",
    "PaymentAdmin",
    "PaymentBatchAdmin",
    "ResultFileAdmin",
    "TaxRuleAdmin",
]
