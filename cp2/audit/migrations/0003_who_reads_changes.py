"""Auditors read every change and every seal. The history of one row is for whoever may see it."""

from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations


def give_rights(apps: Any, schema_editor: Any) -> None:
    create_permissions(installed.get_app_config("audit"), apps=apps, verbosity=0)
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    ours = Permission.objects.filter(content_type__app_label="audit")
    auditor = Group.objects.get(name="Auditor")
    auditor.permissions.add(*ours.filter(codename__in=["view_change", "view_seal"]))


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_append_only"), ("accounts", "0003_groups")]

    operations = [migrations.RunPython(give_rights, migrations.RunPython.noop)]
