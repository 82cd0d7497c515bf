"""What happens to a claim: computed from marks, held, verified, disputed, approved, paid.

Nobody decides about money of their own, and nobody approves what they prepared or verified.
"""

from claims.services.batches import approve_batch, cancel_batch, paid_total, prepare_batch
from claims.services.checking import approve, approve_all
from claims.services.disputes import dispute, settle, withdraw_dispute
from claims.services.exporting import export_batch, exported_file
from claims.services.holding import check_holds, clear_hold, raise_hold
from claims.services.own import Tally, is_own
from claims.services.preparing import prepare
from claims.services.reconciling import Outcome, reconcile
from claims.services.verifying import question, verify, verify_all, verify_free

__all__ = [
    "Outcome",
    "Tally",
    "approve",
    "approve_all",
    "approve_batch",
    "cancel_batch",
    "check_holds",
    "clear_hold",
    "dispute",
    "export_batch",
    "exported_file",
    "is_own",
    "paid_total",
    "prepare",
    "prepare_batch",
    "question",
    "raise_hold",
    "reconcile",
    "settle",
    "verify",
    "verify_all",
    "verify_free",
    "withdraw_dispute",
]
