"""The rules that the database keeps, for adjustments, banks, reversals and the ledger as well.

What was approved stands still. What was paid stays paid unless the channel took it back. Nobody
decides about money of their own, whatever statement it is done by.
"""

from django.db import migrations

CLAIMS = """
CREATE OR REPLACE FUNCTION approved_claim_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status NOT IN ('approved', 'paying', 'paid') THEN
        RETURN COALESCE(NEW, OLD);
    END IF;
    IF TG_OP = 'DELETE'
        OR (NEW.exam_id, NEW.adjusts_id, NEW.days, NEW.gross, NEW.tax, NEW.advance, NEW.net)
        IS DISTINCT FROM
        (OLD.exam_id, OLD.adjusts_id, OLD.days, OLD.gross, OLD.tax, OLD.advance, OLD.net)
        OR (NEW.officer_id <> OLD.officer_id AND NOT EXISTS (
            SELECT FROM profiles_officer
            WHERE id = OLD.officer_id AND merged_into_id = NEW.officer_id
        ))
        OR (OLD.status = 'paid'
            AND (NEW.status, NEW.paid_at, NEW.payment_reference)
            IS DISTINCT FROM (OLD.status, OLD.paid_at, OLD.payment_reference)
            AND NOT (
                NEW.status = 'approved' AND (
                    EXISTS (
                        SELECT FROM claims_payment
                        WHERE claim_id = NEW.id AND status = 'reversed'
                            AND reference = OLD.payment_reference
                    ) OR EXISTS (
                        SELECT FROM claims_recovery
                        WHERE claim_id = NEW.id AND returned_at IS NOT NULL
                    )
                )
            ))
    THEN
        RAISE EXCEPTION 'the claim is %', OLD.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approved_claim_is_fixed';
    END IF;
    IF OLD.status IN ('paying', 'paid') AND NEW.status = 'approved' AND (
        EXISTS (
            SELECT FROM claims_payment WHERE claim_id = NEW.id AND status IN ('waiting', 'paid')
        ) OR EXISTS (
            SELECT FROM claims_recovery WHERE claim_id = NEW.id AND returned_at IS NULL
        )
    ) THEN
        RAISE EXCEPTION 'claim % is in a batch', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'claim_in_a_batch_stays_there';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION approved_claim_equals_its_lines() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE lines record;
BEGIN
    SELECT
        coalesce(sum(quantity) FILTER (WHERE kind IN ('days', 'coordination')), 0) AS days,
        coalesce(sum(amount) FILTER (WHERE kind <> 'advance'), 0) AS gross,
        coalesce(-sum(amount) FILTER (WHERE kind = 'advance'), 0) AS advance,
        count(*) AS number
    INTO lines FROM claims_claimline WHERE claim_id = NEW.id;
    IF (lines.days, lines.gross, lines.advance)
            IS DISTINCT FROM (NEW.days::bigint, NEW.gross, NEW.advance)
        OR (lines.number = 0 AND NEW.adjusts_id IS NULL)
    THEN
        RAISE EXCEPTION 'the lines of claim % do not add up to it', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approved_claim_equals_its_lines';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION nobody_decides_about_their_own_claim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM profiles_officer
        WHERE id = NEW.officer_id AND user_id IN (NEW.verified_by_id, NEW.approved_by_id)
    ) THEN
        RAISE EXCEPTION 'claim % is decided by the one whom it pays', NEW.id
            USING ERRCODE = 'check_violation',
                CONSTRAINT = 'nobody_decides_about_their_own_claim';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER nobody_decides_about_their_own_claim
    BEFORE UPDATE OF verified_by_id, approved_by_id ON claims_claim FOR EACH ROW
    WHEN (NEW.verified_by_id IS NOT NULL OR NEW.approved_by_id IS NOT NULL)
    EXECUTE FUNCTION nobody_decides_about_their_own_claim();
"""

# Once a statement, not once a row: a nation's claims are prepared in a few statements.
LINES = """
CREATE TRIGGER line_of_approved_claim_is_fixed_insert AFTER INSERT
    ON claims_claimline REFERENCING NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION line_of_approved_claim_is_fixed();
"""

BATCHES = """
CREATE OR REPLACE FUNCTION approved_payment_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE batch_status text;
BEGIN
    SELECT status INTO batch_status FROM claims_paymentbatch
        WHERE id = COALESCE(OLD.batch_id, NEW.batch_id);
    IF batch_status IN ('building', 'draft') THEN
        RETURN COALESCE(NEW, OLD);
    END IF;
    IF TG_OP IN ('INSERT', 'DELETE')
        OR (OLD.status IN ('paid', 'reversed')
            AND (NEW.status, NEW.reference) IS DISTINCT FROM (OLD.status, OLD.reference)
            AND NOT (
                OLD.status = 'paid' AND NEW.status = 'reversed' AND NEW.reference = OLD.reference
            ))
        OR (NEW.batch_id, NEW.claim_id, NEW.amount, NEW.channel, NEW.payee_name, NEW.payee_phone,
            NEW.bank_code, NEW.branch_code, NEW.account)
        IS DISTINCT FROM
        (OLD.batch_id, OLD.claim_id, OLD.amount, OLD.channel, OLD.payee_name, OLD.payee_phone,
            OLD.bank_code, OLD.branch_code, OLD.account)
    THEN
        RAISE EXCEPTION 'the batch of this payment is %', batch_status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approved_payment_is_fixed';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION recovery_of_approved_batch_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE batch_status text;
BEGIN
    SELECT b.status INTO batch_status
    FROM claims_payment p JOIN claims_paymentbatch b ON b.id = p.batch_id
    WHERE p.id = COALESCE(OLD.payment_id, NEW.payment_id);
    IF batch_status IN ('building', 'draft') THEN
        RETURN COALESCE(NEW, OLD);
    END IF;
    IF TG_OP IN ('INSERT', 'DELETE')
        OR OLD.returned_at IS NOT NULL
        OR (NEW.payment_id, NEW.claim_id, NEW.amount)
            IS DISTINCT FROM (OLD.payment_id, OLD.claim_id, OLD.amount)
    THEN
        RAISE EXCEPTION 'the batch of this amount is %', batch_status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'recovery_of_approved_batch_is_fixed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER recovery_of_approved_batch_is_fixed BEFORE INSERT OR UPDATE OR DELETE
    ON claims_recovery FOR EACH ROW EXECUTE FUNCTION recovery_of_approved_batch_is_fixed();

CREATE OR REPLACE FUNCTION approved_batch_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status NOT IN ('building', 'draft') AND (
        TG_OP = 'DELETE'
        OR (NEW.exam_id, NEW.channel, NEW.sub_county_id, NEW.prepared_by_id, NEW.total, NEW.count)
        IS DISTINCT FROM
        (OLD.exam_id, OLD.channel, OLD.sub_county_id, OLD.prepared_by_id, OLD.total, OLD.count)
        OR (OLD.sha256 <> '' AND (NEW.file, NEW.sha256) IS DISTINCT FROM (OLD.file, OLD.sha256))
    ) THEN
        RAISE EXCEPTION 'the batch is %', OLD.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approved_batch_is_fixed';
    END IF;
    RETURN COALESCE(NEW, OLD);
END $$;

CREATE OR REPLACE FUNCTION approved_batch_equals_its_payments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT (count(*), sum(amount)) FROM claims_payment WHERE batch_id = NEW.id)
        IS DISTINCT FROM (NEW.count::bigint, NEW.total)
    THEN
        RAISE EXCEPTION 'the payments of batch % do not add up to it', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approved_batch_equals_its_payments';
    END IF;
    IF EXISTS (
        WITH kept AS (
            SELECT r.payment_id, sum(r.amount) AS amount,
                bool_and(c.status = 'paying' AND -c.net = r.amount) AS right_ones
            FROM claims_recovery r
            JOIN claims_payment p ON p.id = r.payment_id
            JOIN claims_claim c ON c.id = r.claim_id
            WHERE p.batch_id = NEW.id AND r.returned_at IS NULL
            GROUP BY r.payment_id
        )
        SELECT FROM claims_payment p
        JOIN claims_claim c ON c.id = p.claim_id
        LEFT JOIN kept k ON k.payment_id = p.id
        WHERE p.batch_id = NEW.id AND (
            c.status <> 'paying' OR c.exam_id <> NEW.exam_id OR p.channel <> NEW.channel
            OR p.amount <> c.net - coalesce(k.amount, 0) OR NOT coalesce(k.right_ones, true)
        )
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
    IF EXISTS (
        SELECT FROM claims_payment p
        JOIN claims_claim c ON c.id = p.claim_id
        JOIN profiles_officer o ON o.id = c.officer_id
        WHERE p.batch_id = NEW.id AND o.user_id IN (NEW.prepared_by_id, NEW.approved_by_id)
    ) THEN
        RAISE EXCEPTION 'batch % pays somebody who decides about it', NEW.id
            USING ERRCODE = 'check_violation',
                CONSTRAINT = 'nobody_decides_about_their_own_claim';
    END IF;
    RETURN NEW;
END $$;
"""

LEDGER = """
CREATE FUNCTION ledger_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger only grows'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_only_grows';
END $$;
CREATE TRIGGER ledger_only_grows BEFORE UPDATE OR DELETE
    ON claims_ledgerentry FOR EACH ROW EXECUTE FUNCTION ledger_only_grows();
CREATE TRIGGER ledger_is_not_truncated BEFORE TRUNCATE
    ON claims_ledgerentry FOR EACH STATEMENT EXECUTE FUNCTION ledger_only_grows();
"""


class Migration(migrations.Migration):
    # One way: the rules before these know nothing of adjustments, banks and reversals.
    dependencies = [("claims", "0008_adjustments_channels_and_runs")]

    operations = [migrations.RunSQL(part) for part in (CLAIMS, LINES, BATCHES, LEDGER)]
