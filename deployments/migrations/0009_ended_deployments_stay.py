"""A deployment keeps its officer, its place and its first day for good; once it has ended, its last
day and how it ended too. What comes after is a row of its own."""

from django.db import migrations

ENDED_DEPLOYMENTS_STAY = """
CREATE FUNCTION deployment_keeps_its_days() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- the two accounts of one person are made one
    IF NEW.officer_id <> OLD.officer_id AND EXISTS (
        SELECT FROM profiles_officer
        WHERE id = OLD.officer_id AND merged_into_id = NEW.officer_id
    ) THEN
        OLD.officer_id := NEW.officer_id;
    END IF;
    IF (NEW.officer_id, NEW.post_id, NEW.slot, NEW.starts_on)
        IS DISTINCT FROM (OLD.officer_id, OLD.post_id, OLD.slot, OLD.starts_on)
    THEN
        RAISE EXCEPTION 'a deployment stays with its officer, its place and its first day'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'deployment_keeps_its_days';
    END IF;
    IF OLD.status IN ('moved', 'cancelled', 'rejected', 'expired')
        AND (NEW.status, NEW.ends_on) IS DISTINCT FROM (OLD.status, OLD.ends_on)
    THEN
        RAISE EXCEPTION 'an ended deployment is never changed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'deployment_keeps_its_days';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER deployment_keeps_its_days
    BEFORE UPDATE OF officer_id, post_id, slot, starts_on, ends_on, status
    ON deployments_deployment FOR EACH ROW EXECUTE FUNCTION deployment_keeps_its_days();

CREATE FUNCTION deployment_is_not_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a deployment is never deleted'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'deployment_is_not_deleted';
END $$;
CREATE TRIGGER deployment_is_not_deleted BEFORE DELETE ON deployments_deployment
    FOR EACH ROW EXECUTE FUNCTION deployment_is_not_deleted();
"""

UNDO = """
DROP TRIGGER deployment_keeps_its_days ON deployments_deployment;
DROP FUNCTION deployment_keeps_its_days;
DROP TRIGGER deployment_is_not_deleted ON deployments_deployment;
DROP FUNCTION deployment_is_not_deleted;
"""


class Migration(migrations.Migration):
    dependencies = [
        ('deployments', '0008_reminders_reserves_and_the_gate'),
        ("profiles", "0004_number_changes_and_merges"),
    ]

    operations = [migrations.RunSQL(ENDED_DEPLOYMENTS_STAY, UNDO)]
