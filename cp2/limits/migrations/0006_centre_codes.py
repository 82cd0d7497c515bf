"""How often one number may try the code of a centre."""

from typing import Any

from django.db import migrations

DAY = 24 * 60 * 60


def make_limit(apps: Any, schema_editor: Any) -> None:
    Limit = apps.get_model("limits", "Limit")
    Limit.objects.get_or_create(name="centre.code", seconds=DAY, defaults={"takes": 5})


class Migration(migrations.Migration):
    dependencies = [("limits", "0005_files_taken")]

    operations = [migrations.RunPython(make_limit, migrations.RunPython.noop)]
