"""What happens to a claim: computed from marks, held, verified, disputed, approved, paid.

Nobody decides about money of their own, and nobody approves what they prepared or verified.
"""

from claims.services.batches import (
    approve_batch,
    cancel_batch,
    take_out_changed,
)
from claims.services.building import prepare_batch, start_batch
from claims.services.checking import approve, approve_all, approve_free
from claims.services.disputes import dispute, settle, withdraw_dispute
from claims.services.exporting import export_batch, exported_file, start_export
from claims.services.ghosts import hold_for, look_at
from claims.services.holding import (
    check_holds,
    clear_all,
    clear_hold,
    raise_hold,
    raise_on_all,
)
from claims.services.investigating import claims_at, close_investigation, open_investigation
from claims.services.own import Tally
from claims.services.preparing import prepare
from claims.services.reconciling import (
    Outcome,
    apply_results,
    reconcile,
    refuse_other_bytes,
    run_of,
    upload,
)
from claims.services.settling import take_back
from claims.services.telling import tell_due, tell_held
from claims.services.verifying import question, verify, verify_all, verify_free

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
    "claims_at",
    "clear_all",
    "clear_hold",
    "close_investigation",
    "dispute",
    "export_batch",
    "exported_file",
    "hold_for",
    "look_at",
    "open_investigation",
    "prepare",
    "prepare_batch",
    "question",
    "raise_hold",
    "raise_on_all",
    "reconcile",
    "refuse_other_bytes",
    "run_of",
    "settle",
    "start_batch",
    "start_export",
    "take_back",
    "take_out_changed",
    "tell_due",
    "tell_held",
    "upload",
    "verify",
    "verify_all",
    "verify_free",
    "withdraw_dispute",
]
