"""Where money is changes when a hold is cleared, not when its officer is told of it."""

from django.db import migrations

CLEARED = """
CREATE FUNCTION cleared_holds_are_to_be_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO claims_moneychange (exam_id)
    SELECT DISTINCT claim.exam_id
    FROM touched JOIN was ON was.id = touched.id
    JOIN claims_claim claim ON claim.id IN (touched.claim_id, was.claim_id)
    WHERE (touched.claim_id, touched.cleared_at) IS DISTINCT FROM (was.claim_id, was.cleared_at);
    RETURN NULL;
END $$;
DROP TRIGGER holds_are_to_be_counted_update ON claims_hold;
CREATE TRIGGER holds_are_to_be_counted_update AFTER UPDATE
    ON claims_hold REFERENCING OLD TABLE AS was NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION cleared_holds_are_to_be_counted();
"""
UNDO = """
DROP TRIGGER holds_are_to_be_counted_update ON claims_hold;
CREATE TRIGGER holds_are_to_be_counted_update AFTER UPDATE
    ON claims_hold REFERENCING NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION holds_are_to_be_counted();
DROP FUNCTION cleared_holds_are_to_be_counted;
"""


class Migration(migrations.Migration):
    dependencies = [("claims", "0021_who_sets_rates")]

    operations = [migrations.RunSQL(CLEARED, UNDO)]
