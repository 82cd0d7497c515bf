"""Subjects ship with the project. Centre managers may go on serving at their own schools, which
was a rule of the code so far."""

import csv
from pathlib import Path
from typing import Any

from django.db import migrations

SUBJECTS = Path(__file__).resolve().parent.parent / "data" / "subjects.csv"


def load(apps: Any, schema_editor: Any) -> None:
    Subject = apps.get_model("catalogue", "Subject")
    with SUBJECTS.open(encoding="utf-8", newline="") as file:
        Subject.objects.bulk_create(Subject(**row) for row in csv.DictReader(file))
    terms = apps.get_model("catalogue", "PositionTerms").objects.filter(position__code="CM")
    terms.update(at_own_school="allowed")


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0004_rules_as_data_and_marking")]

    operations = [migrations.RunPython(load, migrations.RunPython.noop)]
