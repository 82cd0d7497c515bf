"""Whoever writes the days of an exam takes away one that is wrong, while nothing rests on it."""

from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations


def give_right(apps: Any, schema_editor: Any) -> None:
    create_permissions(installed.get_app_config("catalogue"), apps=apps, verbosity=0)
    permission = apps.get_model("auth", "Permission").objects.get(
        content_type__app_label="catalogue", codename="delete_examday"
    )
    apps.get_model("auth", "Group").objects.get(name="Deployment").permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("opening", "0002_holidays_and_rights"),
        ("catalogue", "0009_daily_reports"),
        ("accounts", "0003_groups"),
    ]

    operations = [migrations.RunPython(give_right, migrations.RunPython.noop)]
