"""Who approves claims says what they are computed with; who prepares them sends what centres of
marking return."""

from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

RIGHTS = {
    "Finance approver": [
        "add_ratechange",
        "change_ratechange",
        "add_markingrate",
        "change_markingrate",
    ],
    "Finance preparer": ["add_markingrecord", "change_markingrecord"],
}


def give_rights(apps: Any, schema_editor: Any) -> None:
    create_permissions(installed.get_app_config("claims"), apps=apps, verbosity=0)
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    for group, names in RIGHTS.items():
        ours = Permission.objects.filter(content_type__app_label="claims", codename__in=names)
        for found in Group.objects.filter(name=group):
            found.permissions.add(*ours)


class Migration(migrations.Migration):
    dependencies = [("claims", "0020_rates_of_approved_claims_stand_still")]

    operations = [migrations.RunPython(give_rights, migrations.RunPython.noop)]
