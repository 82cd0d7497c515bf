"""What happens to a claim: computed from marks, held, verified, disputed, approved, paid.

Nobody decides about money of their own, and nobody approves what they prepared or verified.
"""

from claims.services.batches import (
    approve_batch,
    cancel_batch,
    paid_total,
    take_out_changed,
)
from claims.services.building import prepare_batch, start_batch
from claims.services.checking import approve, approve_all, verify, verify_all
from claims.services.disputes import dispute, settle
from claims.services.exporting import export_batch, exported_file, start_export
from claims.services.holding import check_holds, clear_hold, raise_hold
from claims.services.own import Tally, is_own
from claims.services.preparing import prepare
from claims.services.reconciling import Outcome, reconcile

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
    "raise_hold",
    "reconcile",
    "settle",
    "start_batch",
    "start_export",
    "take_out_changed",
    "verify",
    "verify_all",
]
