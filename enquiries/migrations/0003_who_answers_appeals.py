"""Deployment lifts bars, so it reads and answers the appeals against them."""

from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations


def give_rights(apps: Any, schema_editor: Any) -> None:
    create_permissions(installed.get_app_config("enquiries"), apps=apps, verbosity=0)
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    ours = Permission.objects.filter(content_type__app_label="enquiries")
    deployment = Group.objects.get(name="Deployment")
    deployment.permissions.add(*ours.filter(codename__in=["change_enquiry", "add_reply"]))


class Migration(migrations.Migration):
    dependencies = [("enquiries", "0002_appeals"), ("accounts", "0003_groups")]

    operations = [migrations.RunPython(give_rights, migrations.RunPython.noop)]
