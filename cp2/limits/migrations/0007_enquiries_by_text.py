"""How many enquiries one number may open by text."""

from typing import Any

from django.db import migrations

DAY = 24 * 60 * 60


def make_limit(apps: Any, schema_editor: Any) -> None:
    Limit = apps.get_model("limits", "Limit")
    Limit.objects.get_or_create(name="enquiry.text", seconds=DAY, defaults={"takes": 3})


class Migration(migrations.Migration):
    dependencies = [("limits", "0006_centre_codes")]

    operations = [migrations.RunPython(make_limit, migrations.RunPython.noop)]
