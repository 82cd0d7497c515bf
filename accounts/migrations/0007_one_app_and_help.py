"""One authenticator app for each person, and the help desk's right to take a lost one away."""

from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

# Two that a race had made: the one that was set up last is the one on the phone.
ONE_APP = """
DELETE FROM otp_totp_totpdevice old USING otp_totp_totpdevice newer
    WHERE old.user_id = newer.user_id AND old.id < newer.id;
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE otp_totp_totpdevice ADD CONSTRAINT one_app_for_each_person UNIQUE (user_id);
"""
UNDO = "ALTER TABLE otp_totp_totpdevice DROP CONSTRAINT one_app_for_each_person"


def let_the_help_desk(apps: Any, schema_editor: Any) -> None:
    # permissions are otherwise made only after the last migration
    create_permissions(installed.get_app_config("accounts"), apps=apps, verbosity=0)
    Permission = apps.get_model("auth", "Permission")
    right = Permission.objects.get(codename="reset_code", content_type__app_label="accounts")
    for group in apps.get_model("auth", "Group").objects.filter(name="Helpdesk"):
        group.permissions.add(right)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_recovery_code"),
        ("otp_totp", "0003_add_timestamps"),
    ]

    operations = [
        migrations.RunSQL(ONE_APP, UNDO),
        migrations.RunPython(let_the_help_desk, migrations.RunPython.noop),
    ]
