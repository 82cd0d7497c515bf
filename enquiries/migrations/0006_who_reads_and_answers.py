"""The helpdesk answers, and writes topics, promises and ready answers; the auditor reads."""

from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

WRITTEN = ["topic", "enquirypromise", "cannedanswer"]


def give_rights(apps: Any, schema_editor: Any) -> None:
    create_permissions(installed.get_app_config("enquiries"), apps=apps, verbosity=0)
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    ours = Permission.objects.filter(content_type__app_label="enquiries")
    Group.objects.get(name="Auditor").permissions.add(
        *ours.filter(codename__startswith="view_")
    )
    Group.objects.get(name="Helpdesk").permissions.add(
        *ours.filter(
            codename__in=[f"{verb}_{model}" for verb in ("view", "add", "change") for model in WRITTEN]
        ),
        *ours.filter(codename__in=["view_note", "add_note", "view_attachment"]),
    )
    # who answers appeals reads and writes the notes beside them, and puts ready answers in
    Group.objects.get(name="Deployment").permissions.add(
        *ours.filter(
            codename__in=["view_note", "add_note", "view_attachment", "view_cannedanswer"]
        )
    )


class Migration(migrations.Migration):
    dependencies = [("enquiries", "0005_first_topics"), ("accounts", "0003_groups")]

    operations = [migrations.RunPython(give_rights, migrations.RunPython.noop)]
