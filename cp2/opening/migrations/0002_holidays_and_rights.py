"""The public holidays that are known beforehand, and who opens a season."""

from datetime import date, timedelta
from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

FIXED = {
    (1, 1): "New Year's Day",
    (5, 1): "Labour Day",
    (6, 1): "Madaraka Day",
    (10, 10): "Mazingira Day",
    (10, 20): "Mashujaa Day",
    (12, 12): "Jamhuri Day",
    (12, 25): "Christmas Day",
    (12, 26): "Boxing Day",
}
GOOD_FRIDAYS = {2025: (4, 18), 2026: (4, 3), 2027: (3, 26), 2028: (4, 14), 2029: (3, 30), 2030: (4, 19)}
SUNDAY = 6

EVERYTHING = ["view", "add", "change", "delete"]
RIGHTS = {
    "Deployment": [
        "view_opening",
        "change_opening",
        *(f"{verb}_holiday" for verb in EVERYTHING),
    ],
    "Auditor": ["view_opening", "view_holiday"],
}


def known() -> dict[date, str]:
    days: dict[date, str] = {}
    for year, (month, number) in GOOD_FRIDAYS.items():
        friday = date(year, month, number)
        days[friday] = "Good Friday"
        days[friday + timedelta(days=3)] = "Easter Monday"
        for (each, of), name in FIXED.items():
            days.setdefault(date(year, each, of), name)
    for day, name in sorted(days.items()):  # one that falls on a Sunday is kept the day after
        if day.weekday() == SUNDAY:
            days.setdefault(day + timedelta(days=1), f"{name}, kept on Monday")
    return days


def write_holidays(apps: Any, schema_editor: Any) -> None:
    Holiday = apps.get_model("opening", "Holiday")
    Holiday.objects.bulk_create(
        [Holiday(day=day, name=name) for day, name in sorted(known().items())],
        ignore_conflicts=True,
    )


def give_rights(apps: Any, schema_editor: Any) -> None:
    create_permissions(installed.get_app_config("opening"), apps=apps, verbosity=0)
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    ours = Permission.objects.filter(content_type__app_label="opening")
    for name, codenames in RIGHTS.items():
        Group.objects.get(name=name).permissions.add(*ours.filter(codename__in=codenames))


class Migration(migrations.Migration):
    dependencies = [("opening", "0001_opening"), ("accounts", "0003_groups")]

    operations = [
        migrations.RunPython(write_holidays, migrations.RunPython.noop),
        migrations.RunPython(give_rights, migrations.RunPython.noop),
    ]
