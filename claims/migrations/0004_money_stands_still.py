"""What was approved stands still, lines and totals included; what was paid stays paid."""

from django.db import migrations

CLAIMS = """
CREATE OR REPLACE FUNCTION approved_claim_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status NOT IN ('approved', 'paying', 'paid') THEN
        RETURN COALESCE(NEW, OLD);
    END IF;
    IF TG_OP = 'DELETE'
        OR (OLD.status = 'paid'
            AND (NEW.status, NEW.paid_at, NEW.payment_reference)
            IS DISTINCT FROM (OLD.status, OLD.paid_at, OLD.payment_reference))
        OR (NEW.officer_id, NEW.exam_id, NEW.days, NEW.gross, NEW.tax, NEW.net)
        IS DISTINCT FROM
        (OLD.officer_id, OLD.exam_id, OLD.days, OLD.gross, OLD.tax, OLD.net)
    THEN
        RAISE EXCEPTION 'the claim is %', OLD.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approved_claim_is_fixed';
    END IF;
    IF OLD.status = 'paying' AND NEW.status = 'approved' AND EXISTS (
        SELECT FROM claims_payment WHERE claim_id = NEW.id AND status IN ('waiting', 'paid')
    ) THEN
        RAISE EXCEPTION 'claim % is in a batch', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'claim_in_a_batch_stays_there';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approved_claim_stays BEFORE DELETE
    ON claims_claim FOR EACH ROW EXECUTE FUNCTION approved_claim_is_fixed();

CREATE FUNCTION approved_claim_equals_its_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT (sum(days), sum(amount)) FROM claims_claimline WHERE claim_id = NEW.id)
        IS DISTINCT FROM (NEW.days::bigint, NEW.gross)
    THEN
        RAISE EXCEPTION 'the lines of claim % do not add up to it', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approved_claim_equals_its_lines';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approved_claim_equals_its_lines BEFORE UPDATE OF status
    ON claims_claim FOR EACH ROW
    WHEN (OLD.status = 'verified' AND NEW.status = 'approved')
    EXECUTE FUNCTION approved_claim_equals_its_lines();
"""

# Once a statement, not once a row: a nation's claims are prepared in one statement.
LINES = """
CREATE FUNCTION line_of_approved_claim_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM touched JOIN claims_claim c ON c.id = touched.claim_id
        WHERE c.status IN ('approved', 'paying', 'paid')
    ) THEN
        RAISE EXCEPTION 'the claim of this line is approved'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'line_of_approved_claim_is_fixed';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER line_of_approved_claim_is_fixed_update AFTER UPDATE
    ON claims_claimline REFERENCING OLD TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION line_of_approved_claim_is_fixed();
CREATE TRIGGER line_of_approved_claim_is_fixed_delete AFTER DELETE
    ON claims_claimline REFERENCING OLD TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION line_of_approved_claim_is_fixed();
"""

BATCHES = """
CREATE OR REPLACE FUNCTION approved_payment_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE batch_status text;
BEGIN
    SELECT status INTO batch_status FROM claims_paymentbatch
        WHERE id = COALESCE(OLD.batch_id, NEW.batch_id);
    IF batch_status = 'draft' THEN
        RETURN COALESCE(NEW, OLD);
    END IF;
    IF TG_OP IN ('INSERT', 'DELETE')
        OR (OLD.status = 'paid'
            AND (NEW.status, NEW.reference) IS DISTINCT FROM (OLD.status, OLD.reference))
        OR (NEW.batch_id, NEW.claim_id, NEW.amount, NEW.payee_name, NEW.payee_phone)
        IS DISTINCT FROM
        (OLD.batch_id, OLD.claim_id, OLD.amount, OLD.payee_name, OLD.payee_phone)
    THEN
        RAISE EXCEPTION 'the batch of this payment is %', batch_status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approved_payment_is_fixed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approved_batch_takes_no_more BEFORE INSERT
    ON claims_payment FOR EACH ROW EXECUTE FUNCTION approved_payment_is_fixed();

CREATE FUNCTION approved_batch_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status <> 'draft' AND (
        TG_OP = 'DELETE'
        OR (NEW.exam_id, NEW.prepared_by_id, NEW.total, NEW.count)
        IS DISTINCT FROM (OLD.exam_id, OLD.prepared_by_id, OLD.total, OLD.count)
        OR (OLD.sha256 <> '' AND (NEW.file, NEW.sha256) IS DISTINCT FROM (OLD.file, OLD.sha256))
    ) THEN
        RAISE EXCEPTION 'the batch is %', OLD.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approved_batch_is_fixed';
    END IF;
    RETURN COALESCE(NEW, OLD);
END $$;
CREATE TRIGGER approved_batch_is_fixed BEFORE UPDATE OR DELETE
    ON claims_paymentbatch FOR EACH ROW EXECUTE FUNCTION approved_batch_is_fixed();

CREATE FUNCTION approved_batch_equals_its_payments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT (count(*), sum(amount)) FROM claims_payment WHERE batch_id = NEW.id)
        IS DISTINCT FROM (NEW.count::bigint, NEW.total)
    THEN
        RAISE EXCEPTION 'the payments of batch % do not add up to it', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approved_batch_equals_its_payments';
    END IF;
    IF EXISTS (
        SELECT FROM claims_payment p JOIN claims_claim c ON c.id = p.claim_id
        WHERE p.batch_id = NEW.id
            AND (c.status <> 'paying' OR p.amount <> c.net OR c.exam_id <> NEW.exam_id)
    ) THEN
        RAISE EXCEPTION 'batch % pays something else than its claims', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approved_batch_equals_its_payments';
    END IF;
    IF EXISTS (
        SELECT FROM claims_payment p JOIN claims_claim c ON c.id = p.claim_id
        WHERE p.batch_id = NEW.id AND c.approved_by_id = NEW.prepared_by_id
    ) THEN
        RAISE EXCEPTION 'whoever approved a claim of batch % prepared the batch as well', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'nobody_pays_what_they_approved';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approved_batch_equals_its_payments BEFORE UPDATE OF status
    ON claims_paymentbatch FOR EACH ROW
    WHEN (OLD.status = 'draft' AND NEW.status = 'approved')
    EXECUTE FUNCTION approved_batch_equals_its_payments();
"""

UNDO_CLAIMS = """
DROP TRIGGER approved_claim_stays ON claims_claim;
DROP TRIGGER approved_claim_equals_its_lines ON claims_claim;
DROP FUNCTION approved_claim_equals_its_lines;
"""

UNDO_LINES = """
DROP TRIGGER line_of_approved_claim_is_fixed_update ON claims_claimline;
DROP TRIGGER line_of_approved_claim_is_fixed_delete ON claims_claimline;
DROP FUNCTION line_of_approved_claim_is_fixed;
"""

UNDO_BATCHES = """
DROP TRIGGER approved_batch_takes_no_more ON claims_payment;
DROP TRIGGER approved_batch_is_fixed ON claims_paymentbatch;
DROP FUNCTION approved_batch_is_fixed;
DROP TRIGGER approved_batch_equals_its_payments ON claims_paymentbatch;
DROP FUNCTION approved_batch_equals_its_payments;
"""


class Migration(migrations.Migration):
    dependencies = [("claims", "0003_tax_and_disputes")]

    operations = [
        migrations.RunSQL(CLAIMS, UNDO_CLAIMS),
        migrations.RunSQL(LINES, UNDO_LINES),
        migrations.RunSQL(BATCHES, UNDO_BATCHES),
    ]
