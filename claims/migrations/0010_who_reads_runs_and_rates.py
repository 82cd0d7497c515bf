"""Finance and the auditor read what money rests on; who may change it is for later migrations."""

from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

READS = [
    "view_moneyrun",
    "view_ratechange",
    "view_markingrate",
    "view_markingrecord",
    "view_recovery",
    "view_ledgerentry",
]


def give_rights(apps: Any, schema_editor: Any) -> None:
    create_permissions(installed.get_app_config("claims"), apps=apps, verbosity=0)
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    ours = Permission.objects.filter(content_type__app_label="claims", codename__in=READS)
    for group in Group.objects.filter(name__in=["Finance preparer", "Finance approver", "Auditor"]):
        group.permissions.add(*ours)


class Migration(migrations.Migration):
    dependencies = [("claims", "0009_adjusted_money_stands_still")]

    operations = [migrations.RunPython(give_rights, migrations.RunPython.noop)]
