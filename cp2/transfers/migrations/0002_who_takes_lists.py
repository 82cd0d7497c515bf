"""Every group of headquarters takes its lists away; the auditors look at what came in, and
administrators bring officers in."""

from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

RIGHTS = {
    "Deployment": ["add_export"],
    "Finance preparer": ["add_export"],
    "Finance approver": ["add_export"],
    "Helpdesk": ["add_export"],
    "Auditor": ["add_export", "view_import"],
    "Administrator": ["add_export"],
}


def give_rights(apps: Any, schema_editor: Any) -> None:
    create_permissions(installed.get_app_config("transfers"), apps=apps, verbosity=0)
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    ours = Permission.objects.filter(content_type__app_label="transfers")
    for name, codenames in RIGHTS.items():
        Group.objects.get(name=name).permissions.add(*ours.filter(codename__in=codenames))
    officers = Permission.objects.get(content_type__app_label="profiles", codename="add_officer")
    Group.objects.get(name="Administrator").permissions.add(officers)


class Migration(migrations.Migration):
    dependencies = [("transfers", "0001_in_and_out"), ("rights", "0002_administrators")]

    operations = [migrations.RunPython(give_rights, migrations.RunPython.noop)]
