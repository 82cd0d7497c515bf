"""The database keeps what a mark was, and lets nobody rewrite a day that is over.

Both triggers are of updates alone, so a first mark costs nothing more than before.
"""

from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

HISTORY = """
CREATE FUNCTION mark_history_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO attendance_markhistory
        (mark_id, status, marked_by_id, acting_name, marked_at, received_at, way, amendment_id)
    VALUES (OLD.id, OLD.status, OLD.marked_by_id, OLD.acting_name, OLD.marked_at, OLD.received_at,
        OLD.way, OLD.amendment_id);
    RETURN NULL;
END $$;
CREATE TRIGGER mark_history_is_kept AFTER UPDATE ON attendance_mark FOR EACH ROW
    WHEN ((OLD.status, OLD.marked_by_id, OLD.acting_name, OLD.marked_at, OLD.received_at, OLD.way,
           OLD.amendment_id)
          IS DISTINCT FROM
          (NEW.status, NEW.marked_by_id, NEW.acting_name, NEW.marked_at, NEW.received_at, NEW.way,
           NEW.amendment_id))
    EXECUTE FUNCTION mark_history_is_kept();

CREATE FUNCTION mark_history_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what a mark was stays'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'mark_history_only_grows';
END $$;
CREATE TRIGGER mark_history_only_grows BEFORE UPDATE OR DELETE
    ON attendance_markhistory FOR EACH ROW EXECUTE FUNCTION mark_history_only_grows();
CREATE TRIGGER mark_history_is_not_truncated BEFORE TRUNCATE
    ON attendance_markhistory FOR EACH STATEMENT EXECUTE FUNCTION mark_history_only_grows();
"""

# By now(), when the transaction began: what was let in just before the day closed is not thrown
# out again for having taken a moment to write.
CLOSED = """
CREATE FUNCTION closed_mark_changes_by_amendment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF now() < (
        SELECT (NEW.day + exam.registers_close_after + exam.registers_close_at)
            AT TIME ZONE 'Africa/Nairobi'
        FROM deployments_deployment deployment
        JOIN deployments_post post ON post.id = deployment.post_id
        JOIN catalogue_exam exam ON exam.id = post.exam_id
        WHERE deployment.id = NEW.deployment_id
    ) OR (NEW.amendment_id IS DISTINCT FROM OLD.amendment_id AND EXISTS (
        SELECT FROM attendance_amendment amendment
        JOIN catalogue_centreentry entry ON entry.id = amendment.entry_id
        JOIN deployments_deployment deployment ON deployment.id = NEW.deployment_id
        JOIN deployments_post post ON post.id = deployment.post_id
            AND post.exam_id = entry.exam_id AND post.station_id = entry.station_id
        WHERE amendment.id = NEW.amendment_id AND amendment.status = 'granted'
            AND amendment.day = NEW.day
    )) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the register of % is closed: an amendment must be granted', NEW.day
        USING ERRCODE = 'check_violation', CONSTRAINT = 'closed_mark_changes_by_amendment';
END $$;
CREATE TRIGGER closed_mark_changes_by_amendment BEFORE UPDATE ON attendance_mark FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION closed_mark_changes_by_amendment();
"""

UNDO = """
DROP TRIGGER closed_mark_changes_by_amendment ON attendance_mark;
DROP FUNCTION closed_mark_changes_by_amendment;
DROP TRIGGER mark_history_is_not_truncated ON attendance_markhistory;
DROP TRIGGER mark_history_only_grows ON attendance_markhistory;
DROP FUNCTION mark_history_only_grows;
DROP TRIGGER mark_history_is_kept ON attendance_mark;
DROP FUNCTION mark_history_is_kept;
"""

MAY = {
    "Deployment": [
        "view_amendment",
        "change_amendment",
        "view_markhistory",
        "view_secondlook",
        "change_secondlook",
    ],
    "Finance preparer": ["view_amendment", "view_markhistory"],
    "Finance approver": ["view_amendment", "view_markhistory"],
    "Auditor": ["view_amendment", "view_markhistory", "view_secondlook"],
}


def give(apps: Any, schema_editor: Any) -> None:
    # permissions are otherwise made only at the very end
    create_permissions(installed.get_app_config("attendance"), apps=apps, verbosity=0)
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    ours = Permission.objects.filter(content_type__app_label="attendance")
    for name, codenames in MAY.items():
        group = Group.objects.get(name=name)
        group.permissions.add(*ours.filter(codename__in=codenames))


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_groups"),
        ("attendance", "0006_history_and_second_looks"),
    ]

    operations = [
        migrations.RunSQL(HISTORY + CLOSED, UNDO),
        migrations.RunPython(give, migrations.RunPython.noop),
    ]
