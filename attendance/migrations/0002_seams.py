"""A mark is of the officer whose deployment it names, on a day of that deployment."""

from django.db import migrations

DAY_OF_DEPLOYMENT = """
CREATE FUNCTION mark_within_deployment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM deployments_deployment
        WHERE id = NEW.deployment_id AND NEW.day BETWEEN starts_on AND ends_on
    ) THEN
        RAISE EXCEPTION 'the officer is not deployed here on %', NEW.day
            USING ERRCODE = 'check_violation', CONSTRAINT = 'mark_within_deployment';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER mark_within_deployment BEFORE INSERT OR UPDATE OF day, deployment_id
    ON attendance_mark FOR EACH ROW EXECUTE FUNCTION mark_within_deployment();
"""


class Migration(migrations.Migration):
    dependencies = [("attendance", "0001_initial"), ("deployments", "0002_seams")]

    operations = [
        migrations.RunSQL(
            """ALTER TABLE attendance_mark
               ADD CONSTRAINT mark_is_of_the_deployed_officer FOREIGN KEY (deployment_id, officer_id)
               REFERENCES deployments_deployment (id, officer_id)""",
            "ALTER TABLE attendance_mark DROP CONSTRAINT mark_is_of_the_deployed_officer",
        ),
        migrations.RunSQL(
            DAY_OF_DEPLOYMENT,
            """DROP TRIGGER mark_within_deployment ON attendance_mark;
               DROP FUNCTION mark_within_deployment""",
        ),
    ]
