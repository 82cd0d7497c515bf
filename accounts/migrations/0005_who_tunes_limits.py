"""The helpdesk sees the limits, and so do auditors; who runs the season tunes them."""

from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

MAY = {
    "Deployment": ["view_limit", "change_limit"],
    "Helpdesk": ["view_limit"],
    "Auditor": ["view_limit"],
}


def give(apps: Any, schema_editor: Any) -> None:
    # permissions are otherwise made only at the very end
    create_permissions(installed.get_app_config("limits"), apps=apps, verbosity=0)
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    for name, codenames in MAY.items():
        group = Group.objects.get(name=name)
        group.permissions.add(*Permission.objects.filter(codename__in=codenames))


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_sessions_and_earlier_passwords"),
        ("limits", "0002_functions_and_rows"),
    ]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
