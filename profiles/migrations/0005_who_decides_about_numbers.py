"""The helpdesk decides about lost numbers. To merge accounts is given to nobody: a superuser does,
or names who may."""

from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

RIGHTS = {
    "Helpdesk": ["view_numberchange", "decide_number"],
    "Auditor": ["view_numberchange"],
}


def give_rights(apps: Any, schema_editor: Any) -> None:
    create_permissions(installed.get_app_config("profiles"), apps=apps, verbosity=0)
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    ours = Permission.objects.filter(content_type__app_label="profiles")
    for name, codenames in RIGHTS.items():
        Group.objects.get(name=name).permissions.add(*ours.filter(codename__in=codenames))


class Migration(migrations.Migration):
    dependencies = [
        ("profiles", "0004_number_changes_and_merges"),
        ("accounts", "0003_groups"),
    ]

    operations = [migrations.RunPython(give_rights, migrations.RunPython.noop)]
