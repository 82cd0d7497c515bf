"""A mark may be corrected, never handed to somebody else and never taken away."""

from django.db import migrations

MARKS_STAY = """
CREATE FUNCTION mark_stays_whose_it_is() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a mark stays with its officer, its day and its deployment'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'mark_stays_whose_it_is';
END $$;
CREATE TRIGGER mark_stays_whose_it_is BEFORE UPDATE ON attendance_mark FOR EACH ROW
    WHEN ((OLD.officer_id, OLD.day, OLD.deployment_id)
          IS DISTINCT FROM (NEW.officer_id, NEW.day, NEW.deployment_id))
    EXECUTE FUNCTION mark_stays_whose_it_is();
CREATE TRIGGER mark_is_not_deleted BEFORE DELETE ON attendance_mark FOR EACH ROW
    EXECUTE FUNCTION mark_stays_whose_it_is();
"""

UNDO = """
DROP TRIGGER mark_stays_whose_it_is ON attendance_mark;
DROP TRIGGER mark_is_not_deleted ON attendance_mark;
DROP FUNCTION mark_stays_whose_it_is;
"""


class Migration(migrations.Migration):
    dependencies = [("attendance", "0002_seams")]

    operations = [migrations.RunSQL(MARKS_STAY, UNDO)]
