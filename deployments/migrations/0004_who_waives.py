"""Headquarters' deployment group grants waivers and takes them back; auditors read them, as they
read all."""

from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

OF_DEPLOYMENT = {
    "catalogue": [
        "view_subject",
        "view_markingentry",
        "add_markingentry",
        "change_markingentry",
    ],
    "deployments": ["view_waiver", "add_waiver", "change_waiver"],
    "profiles": ["view_interest", "add_interest", "delete_interest"],
}
READ = {
    "catalogue": ["view_subject", "view_markingentry"],
    "deployments": ["view_waiver", "view_waiveruse"],
    "profiles": ["view_interest", "view_examinertraining"],
}


def give_rights(apps: Any, schema_editor: Any) -> None:
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    for app in OF_DEPLOYMENT:  # permissions are otherwise made only after the last migration
        create_permissions(installed.get_app_config(app), apps=apps, verbosity=0)
    for name, rights in {"Deployment": OF_DEPLOYMENT, "Auditor": READ}.items():
        group = Group.objects.get(name=name)
        for app, codenames in rights.items():
            ours = Permission.objects.filter(content_type__app_label=app)
            group.permissions.add(*ours.filter(codename__in=codenames))


class Migration(migrations.Migration):
    dependencies = [
        ('deployments', '0003_waivers'),
        ("accounts", "0003_groups"),
        ("catalogue", "0005_subjects_and_own_schools"),
        ("profiles", "0009_rules_as_data"),
    ]

    operations = [migrations.RunPython(give_rights, migrations.RunPython.noop)]
