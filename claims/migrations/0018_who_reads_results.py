"""Finance and the auditor see what the channel said, as they see the payments."""

from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations


def give_rights(apps: Any, schema_editor: Any) -> None:
    create_permissions(installed.get_app_config("claims"), apps=apps, verbosity=0)
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    view = Permission.objects.get(content_type__app_label="claims", codename="view_resultfile")
    for group in Group.objects.filter(name__in=["Finance preparer", "Finance approver", "Auditor"]):
        group.permissions.add(view)


class Migration(migrations.Migration):
    dependencies = [("claims", "0017_results_of_the_channel")]

    operations = [migrations.RunPython(give_rights, migrations.RunPython.noop)]
