"""Looks at other people, and how often somebody takes a file of what is held about them."""

from typing import Any

from django.db import migrations

HOUR, DAY = 60 * 60, 24 * 60 * 60
LIMITS = [
    ("look.person", HOUR, 100),
    ("data.account", DAY, 10),
]


def make_limits(apps: Any, schema_editor: Any) -> None:
    Limit = apps.get_model("limits", "Limit")
    Limit.objects.bulk_create(
        Limit(name=name, seconds=seconds, takes=takes) for name, seconds, takes in LIMITS
    )


def drop_limits(apps: Any, schema_editor: Any) -> None:
    apps.get_model("limits", "Limit").objects.filter(
        name__in=[name for name, _seconds, _takes in LIMITS]
    ).delete()


class Migration(migrations.Migration):
    dependencies = [("limits", "0002_functions_and_rows")]

    operations = [migrations.RunPython(make_limits, drop_limits)]
