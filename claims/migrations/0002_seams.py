"""Once a batch is approved, what it pays and to whom stands still."""

from django.db import migrations

APPROVED_IS_FIXED = """
CREATE FUNCTION approved_payment_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE batch_status text;
BEGIN
    SELECT status INTO batch_status FROM claims_paymentbatch WHERE id = OLD.batch_id;
    IF batch_status = 'draft' THEN
        RETURN COALESCE(NEW, OLD);
    END IF;
    IF TG_OP = 'DELETE'
        OR (NEW.batch_id, NEW.claim_id, NEW.amount, NEW.payee_name, NEW.payee_phone)
        IS DISTINCT FROM
        (OLD.batch_id, OLD.claim_id, OLD.amount, OLD.payee_name, OLD.payee_phone)
    THEN
        RAISE EXCEPTION 'the batch of this payment is %', batch_status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approved_payment_is_fixed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approved_payment_is_fixed BEFORE UPDATE OR DELETE
    ON claims_payment FOR EACH ROW EXECUTE FUNCTION approved_payment_is_fixed();

CREATE FUNCTION approved_claim_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status IN ('approved', 'paying', 'paid')
        AND (NEW.officer_id, NEW.exam_id, NEW.days, NEW.gross, NEW.tax, NEW.net)
        IS DISTINCT FROM
        (OLD.officer_id, OLD.exam_id, OLD.days, OLD.gross, OLD.tax, OLD.net)
    THEN
        RAISE EXCEPTION 'the claim is %', OLD.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approved_claim_is_fixed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approved_claim_is_fixed BEFORE UPDATE
    ON claims_claim FOR EACH ROW EXECUTE FUNCTION approved_claim_is_fixed();
"""

UNDO = """
DROP TRIGGER approved_payment_is_fixed ON claims_payment;
DROP FUNCTION approved_payment_is_fixed;
DROP TRIGGER approved_claim_is_fixed ON claims_claim;
DROP FUNCTION approved_claim_is_fixed;
"""


class Migration(migrations.Migration):
    dependencies = [("claims", "0001_initial")]

    operations = [migrations.RunSQL(APPROVED_IS_FIXED, UNDO)]
