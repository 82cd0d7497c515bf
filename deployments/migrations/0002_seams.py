"""What the deployments' tables hold by themselves, beyond what a model's Meta can say."""

from django.db import migrations

SLOT_WITHIN_POST = """
CREATE FUNCTION slot_within_post() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE entitled integer;
BEGIN
    IF NEW.status IN ('offered', 'accepted', 'moved') THEN
        -- the lock keeps the entitlement from shrinking meanwhile
        SELECT required INTO entitled FROM deployments_post WHERE id = NEW.post_id FOR SHARE;
        IF NEW.slot > entitled THEN
            RAISE EXCEPTION 'slot % of a post that is entitled to %', NEW.slot, entitled
                USING ERRCODE = 'check_violation', CONSTRAINT = 'slot_within_post';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER slot_within_post BEFORE INSERT OR UPDATE OF slot, post_id, status
    ON deployments_deployment FOR EACH ROW EXECUTE FUNCTION slot_within_post();

CREATE FUNCTION post_holds_its_officers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM deployments_deployment
        WHERE post_id = NEW.id AND slot > NEW.required AND status IN ('offered', 'accepted')
    ) THEN
        RAISE EXCEPTION 'more officers are deployed than %', NEW.required
            USING ERRCODE = 'check_violation', CONSTRAINT = 'post_holds_its_officers';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER post_holds_its_officers BEFORE UPDATE OF required
    ON deployments_post FOR EACH ROW
    WHEN (NEW.required < OLD.required) EXECUTE FUNCTION post_holds_its_officers();
"""

UNDO = """
DROP TRIGGER slot_within_post ON deployments_deployment;
DROP FUNCTION slot_within_post;
DROP TRIGGER post_holds_its_officers ON deployments_post;
DROP FUNCTION post_holds_its_officers;
"""


class Migration(migrations.Migration):
    dependencies = [("deployments", "0001_initial")]

    operations = [
        migrations.RunSQL(SLOT_WITHIN_POST, UNDO),
        migrations.RunSQL(
            # so that a mark can refer to a deployment together with its officer
            """ALTER TABLE deployments_deployment
               ADD CONSTRAINT deployment_with_its_officer UNIQUE (id, officer_id)""",
            "ALTER TABLE deployments_deployment DROP CONSTRAINT deployment_with_its_officer",
        ),
    ]
