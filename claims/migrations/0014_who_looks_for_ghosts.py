"""Finance and the auditor read what is odd; finance says what it found."""

from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

RIGHTS = {
    "Finance preparer": ["view_ghostsignal", "change_ghostsignal"],
    "Finance approver": ["view_ghostsignal", "change_ghostsignal"],
    "Auditor": ["view_ghostsignal"],
}


def give_rights(apps: Any, schema_editor: Any) -> None:
    create_permissions(installed.get_app_config("claims"), apps=apps, verbosity=0)
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    ours = Permission.objects.filter(content_type__app_label="claims")
    for name, codenames in RIGHTS.items():
        Group.objects.get(name=name).permissions.add(*ours.filter(codename__in=codenames))


class Migration(migrations.Migration):
    dependencies = [("claims", "0013_ghosts"), ("accounts", "0003_groups")]

    operations = [migrations.RunPython(give_rights, migrations.RunPython.noop)]
