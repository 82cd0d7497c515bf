"""Counties, sub-counties, banks, positions: facts that ship with the project.

Headquarters keeps them up to date in admin; this only gives a new database its first ones.
"""

import csv
from pathlib import Path
from typing import Any

from django.db import migrations

DATA = Path(__file__).resolve().parent.parent / "data"
ACTIVITIES = [
    "Supervision & Invigilation of exams",
    "Distribution of examination materials",
    "Marking of exams",
]


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def load(apps: Any, schema_editor: Any) -> None:
    def make(model: str, values: list[dict[str, Any]]) -> list[Any]:
        Model = apps.get_model("catalogue", model)
        return Model.objects.bulk_create(Model(**value) for value in values)

    counties = {c.code: c for c in make("County", rows("counties"))}
    make(
        "SubCounty",
        [{"county": counties[r["county_code"]], "name": r["name"]} for r in rows("sub_counties")],
    )
    banks = {b.code: b for b in make("Bank", rows("banks"))}
    make(
        "BankBranch",
        [
            {"bank": banks[r["bank_code"]], "code": r["code"], "name": r["name"]}
            for r in rows("bank_branches")
        ],
    )
    make("Activity", [{"name": name} for name in ACTIVITIES])
    make(
        "Position",
        # an empty office says that headquarters itself deploys the position
        [r | {"deployed_by": r["deployed_by"].replace("knec", "")} for r in rows("positions")],
    )


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0001_initial")]

    operations = [migrations.RunPython(load, migrations.RunPython.noop)]
