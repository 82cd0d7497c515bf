"""Text and audience are typed in a draft alone, and nobody joins an audience once it is counted; so
what was approved is what is sent. And who may write, approve and read broadcasts."""

from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

TEXT = """
CREATE FUNCTION only_drafts_are_typed_in() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status <> 'draft' AND (
        NEW.text_en, NEW.text_sw, NEW.who, NEW.stage, NEW.office, NEW.exam_id, NEW.positions,
        NEW.counties, NEW.sub_counties, NEW.stations
    ) IS DISTINCT FROM (
        OLD.text_en, OLD.text_sw, OLD.who, OLD.stage, OLD.office, OLD.exam_id, OLD.positions,
        OLD.counties, OLD.sub_counties, OLD.stations
    ) THEN
        RAISE EXCEPTION 'broadcast % is no draft', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'only_drafts_are_typed_in';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER only_drafts_are_typed_in BEFORE UPDATE ON broadcasts_broadcast
    FOR EACH ROW EXECUTE FUNCTION only_drafts_are_typed_in();
"""

# Once for each statement: an audience is written by the hundred thousand.
PEOPLE = """
CREATE FUNCTION nobody_joins_a_counted_audience() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM (SELECT DISTINCT broadcast_id FROM added) AS added
        JOIN broadcasts_broadcast AS broadcast ON broadcast.id = added.broadcast_id
        WHERE broadcast.status NOT IN ('draft', 'counting')
    ) THEN
        RAISE EXCEPTION 'the audience is counted'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'nobody_joins_a_counted_audience';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER nobody_joins_a_counted_audience AFTER INSERT ON broadcasts_recipient
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION nobody_joins_a_counted_audience();
"""

DROPPED = """
DROP TRIGGER nobody_joins_a_counted_audience ON broadcasts_recipient;
DROP FUNCTION nobody_joins_a_counted_audience();
DROP TRIGGER only_drafts_are_typed_in ON broadcasts_broadcast;
DROP FUNCTION only_drafts_are_typed_in();
"""

RIGHTS = {
    "Deployment": ["add_broadcast", "change_broadcast", "view_broadcast", "approve_broadcast"],
    "Administrator": ["view_broadcast", "approve_broadcast"],
    "Helpdesk": ["view_broadcast"],
    "Auditor": ["view_broadcast"],
}


def give_rights(apps: Any, schema_editor: Any) -> None:
    create_permissions(installed.get_app_config("broadcasts"), apps=apps, verbosity=0)
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    ours = Permission.objects.filter(content_type__app_label="broadcasts")
    for name, codenames in RIGHTS.items():
        Group.objects.get(name=name).permissions.add(*ours.filter(codename__in=codenames))


class Migration(migrations.Migration):
    dependencies = [("broadcasts", "0001_broadcasts"), ("rights", "0002_administrators")]

    operations = [
        migrations.RunSQL(TEXT + PEOPLE, DROPPED),
        migrations.RunPython(give_rights, migrations.RunPython.noop),
    ]
