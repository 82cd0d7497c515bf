"""What was changed, and the seals over it, only grow."""

from django.db import migrations

APPEND_ONLY = """
CREATE FUNCTION changes_only_grow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was changed stays written down'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'changes_only_grow';
END $$;
CREATE TRIGGER changes_only_grow BEFORE UPDATE OR DELETE
    ON audit_change FOR EACH ROW EXECUTE FUNCTION changes_only_grow();
CREATE TRIGGER changes_are_not_truncated BEFORE TRUNCATE
    ON audit_change FOR EACH STATEMENT EXECUTE FUNCTION changes_only_grow();

CREATE FUNCTION seals_only_grow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a seal stays'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'seals_only_grow';
END $$;
CREATE TRIGGER seals_only_grow BEFORE UPDATE OR DELETE
    ON audit_seal FOR EACH ROW EXECUTE FUNCTION seals_only_grow();
CREATE TRIGGER seals_are_not_truncated BEFORE TRUNCATE
    ON audit_seal FOR EACH STATEMENT EXECUTE FUNCTION seals_only_grow();
"""

UNDO = """
DROP TRIGGER seals_are_not_truncated ON audit_seal;
DROP TRIGGER seals_only_grow ON audit_seal;
DROP FUNCTION seals_only_grow;
DROP TRIGGER changes_are_not_truncated ON audit_change;
DROP TRIGGER changes_only_grow ON audit_change;
DROP FUNCTION changes_only_grow;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_changes_and_seals")]

    operations = [migrations.RunSQL(APPEND_ONLY, UNDO)]
