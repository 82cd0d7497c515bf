"""When two accounts of one person become one, the marks go along with their deployments. To
nobody else does a mark ever go."""

from django.db import migrations

MARKS_FOLLOW = """
CREATE OR REPLACE FUNCTION mark_stays_whose_it_is() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE'
        AND (NEW.day, NEW.deployment_id) = (OLD.day, OLD.deployment_id)
        AND EXISTS (
            SELECT FROM profiles_officer
            WHERE id = OLD.officer_id AND merged_into_id = NEW.officer_id
        )
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a mark stays with its officer, its day and its deployment'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'mark_stays_whose_it_is';
END $$;
ALTER TABLE attendance_mark DROP CONSTRAINT mark_is_of_the_deployed_officer;
ALTER TABLE attendance_mark
    ADD CONSTRAINT mark_is_of_the_deployed_officer FOREIGN KEY (deployment_id, officer_id)
    REFERENCES deployments_deployment (id, officer_id) ON UPDATE CASCADE;
"""

UNDO = """
ALTER TABLE attendance_mark DROP CONSTRAINT mark_is_of_the_deployed_officer;
ALTER TABLE attendance_mark
    ADD CONSTRAINT mark_is_of_the_deployed_officer FOREIGN KEY (deployment_id, officer_id)
    REFERENCES deployments_deployment (id, officer_id);
CREATE OR REPLACE FUNCTION mark_stays_whose_it_is() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a mark stays with its officer, its day and its deployment'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'mark_stays_whose_it_is';
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("attendance", "0003_marks_stay"),
        ("profiles", "0004_number_changes_and_merges"),
    ]

    operations = [migrations.RunSQL(MARKS_FOLLOW, UNDO)]
