"""What the holds rest on that a rule has raised already, and who may look into a centre."""

from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations
from django.db.models import F, Value

RIGHTS = {
    "Finance preparer": ["view_investigation"],
    "Finance approver": ["view_investigation", "add_investigation", "change_investigation"],
    "Auditor": ["view_investigation"],
}


def name_grounds(apps: Any, schema_editor: Any) -> None:
    """Until now the note said them, where there was anything to say."""
    by_rule = apps.get_model("claims", "Hold").objects.filter(raised_by=None)
    by_rule.exclude(note="").update(grounds=F("note"))
    by_rule.filter(code="not_submitted").update(grounds=Value("not_submitted"))


def give_rights(apps: Any, schema_editor: Any) -> None:
    create_permissions(installed.get_app_config("claims"), apps=apps, verbosity=0)
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    ours = Permission.objects.filter(content_type__app_label="claims")
    for name, codenames in RIGHTS.items():
        Group.objects.get(name=name).permissions.add(*ours.filter(codename__in=codenames))


class Migration(migrations.Migration):
    dependencies = [("claims", "0011_holds_by_rule"), ("accounts", "0003_groups")]

    operations = [
        migrations.RunPython(name_grounds, migrations.RunPython.noop),
        migrations.RunPython(give_rights, migrations.RunPython.noop),
    ]
