"""How many lists of people one person may take away as files."""

from typing import Any

from django.db import migrations

HOUR = 60 * 60


def make_limit(apps: Any, schema_editor: Any) -> None:
    Limit = apps.get_model("limits", "Limit")
    Limit.objects.get_or_create(name="export.person", seconds=HOUR, defaults={"takes": 30})


class Migration(migrations.Migration):
    dependencies = [("limits", "0004_uploads")]

    operations = [migrations.RunPython(make_limit, migrations.RunPython.noop)]
