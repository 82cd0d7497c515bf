"""How many files one person may send."""

from typing import Any

from django.db import migrations


def make_limit(apps: Any, schema_editor: Any) -> None:
    apps.get_model("limits", "Limit").objects.create(
        name="upload.person", seconds=10 * 60, takes=20
    )


class Migration(migrations.Migration):
    dependencies = [("limits", "0003_looks_and_own_data")]

    operations = [migrations.RunPython(make_limit, migrations.RunPython.noop)]
