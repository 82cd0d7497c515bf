"""When two accounts of one person become one, the claims go along, approved and paid ones too.
What they pay stands still, and to nobody else does a claim ever go."""

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
        OR (NEW.exam_id, NEW.days, NEW.gross, NEW.tax, NEW.net)
        IS DISTINCT FROM
        (OLD.exam_id, OLD.days, OLD.gross, OLD.tax, OLD.net)
        OR %(officer_changed)s
    THEN
        RAISE EXCEPTION 'the claim is %%', OLD.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approved_claim_is_fixed';
    END IF;
    IF OLD.status = 'paying' AND NEW.status = 'approved' AND EXISTS (
        SELECT FROM claims_payment WHERE claim_id = NEW.id AND status IN ('waiting', 'paid')
    ) THEN
        RAISE EXCEPTION 'claim %% is in a batch', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'claim_in_a_batch_stays_there';
    END IF;
    RETURN NEW;
END $$;
"""

TO_ANOTHER_PERSON = """(NEW.officer_id <> OLD.officer_id AND NOT EXISTS (
            SELECT FROM profiles_officer
            WHERE id = OLD.officer_id AND merged_into_id = NEW.officer_id
        ))"""
TO_ANYBODY = "NEW.officer_id <> OLD.officer_id"


class Migration(migrations.Migration):
    dependencies = [
        ("claims", "0005_groups"),
        ("profiles", "0004_number_changes_and_merges"),
    ]

    operations = [
        migrations.RunSQL(
            CLAIMS % {"officer_changed": TO_ANOTHER_PERSON},
            CLAIMS % {"officer_changed": TO_ANYBODY},
        )
    ]
