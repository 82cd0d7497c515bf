"""What happens to a claim: computed from marks, held, verified, disputed, approved, paid.

Nobody decides about money of their own, and nobody approves what they prepared or verified.
"""

from claims.services.batches import approve_batch, cancel_batch, paid_total, prepare_batch
from claims.services.checking import approve, approve_all, approve_free, verify, verify_all
from claims.services.disputes import dispute, settle
from claims.services.exporting import export_batch, exported_file
from claims.services.holding import check_holds, clear_hold, raise_hold
from claims.services.own import Tally, is_own
from claims.services.preparing import prepare
from claims.services.reconciling import (
    Outcome,
    apply_results,
    missing,
    reconcile,
    refuse_other_bytes,
    run_of,
    upload,
)
from claims.services.settling import take_back

__all__ = [
    "Outcome",
    "Tally",
    "apply_results",
    "approve",
    "approve_all",
    "approve_batch",
    "approve_free",
    "cancel_batch",
    "check_holds",
    "clear_hold",
    "dispute",
    "export_batch",
    "exported_file",
    "is_own",
    "missing",
    "paid_total",
    "prepare",
    "prepare_batch",
    "raise_hold",
    "reconcile",
    "refuse_other_bytes",
    "run_of",
    "settle",
    "take_back",
    "upload",
    "verify",
    "verify_all",
]
