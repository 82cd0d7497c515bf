"""Auditors and administrators see how the portal is."""

from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

GROUPS = ["Administrator", "Auditor"]


def give_rights(apps: Any, schema_editor: Any) -> None:
    create_permissions(installed.get_app_config("health"), apps=apps, verbosity=0)
    Permission = apps.get_model("auth", "Permission")
    look = Permission.objects.get(content_type__app_label="health", codename="look")
    for group in apps.get_model("auth", "Group").objects.filter(name__in=GROUPS):
        group.permissions.add(look)


class Migration(migrations.Migration):
    dependencies = [("health", "0001_tallies"), ("rights", "0002_administrators")]

    operations = [migrations.RunPython(give_rights, migrations.RunPython.noop)]
