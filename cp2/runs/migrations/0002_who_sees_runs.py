"""Headquarters sees what is at work; whoever looks after the season may call it off."""

from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

RIGHTS = {
    "Deployment": ["view_run", "change_run"],
    "Finance preparer": ["view_run"],
    "Finance approver": ["view_run"],
    "Helpdesk": ["view_run"],
    "Auditor": ["view_run"],
}


def give_rights(apps: Any, schema_editor: Any) -> None:
    create_permissions(installed.get_app_config("runs"), apps=apps, verbosity=0)
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    ours = Permission.objects.filter(content_type__app_label="runs")
    for name, codenames in RIGHTS.items():
        Group.objects.get(name=name).permissions.add(*ours.filter(codename__in=codenames))


class Migration(migrations.Migration):
    dependencies = [("runs", "0001_runs"), ("accounts", "0003_groups")]

    operations = [migrations.RunPython(give_rights, migrations.RunPython.noop)]
