"""The audit trail only grows."""

from django.db import migrations

APPEND_ONLY = """
CREATE FUNCTION entries_only_grow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail only grows'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'entries_only_grow';
END $$;
CREATE TRIGGER entries_only_grow BEFORE UPDATE OR DELETE
    ON accounts_entry FOR EACH ROW EXECUTE FUNCTION entries_only_grow();
CREATE TRIGGER entries_are_not_truncated BEFORE TRUNCATE
    ON accounts_entry FOR EACH STATEMENT EXECUTE FUNCTION entries_only_grow();
"""

UNDO = """
DROP TRIGGER entries_only_grow ON accounts_entry;
DROP TRIGGER entries_are_not_truncated ON accounts_entry;
DROP FUNCTION entries_only_grow;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [migrations.RunSQL(APPEND_ONLY, UNDO)]
