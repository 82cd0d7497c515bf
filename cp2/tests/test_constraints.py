"""Each rule that the database holds has a test that the database itself refuses."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
APPS = [path.parent for path in [*ROOT.glob("*/models.py"), *ROOT.glob("cp2/*/models.py")]]
APPS += [path.parent.parent for path in ROOT.glob("*/models/__init__.py")]


def names_in_models(app: str) -> set[str]:
    return {
        constraint.name
        for model in apps.get_app_config(app).get_models()
        for constraint in model._meta.constraints
    }


def names_in_migrations(folder: Path) -> set[str]:
    """What a model cannot say: composite foreign keys, triggers."""
    found: set[str] = set()
    for path in (folder / "migrations").glob("0*.py"):
        source = path.read_text()
        found |= set(re.findall(r"ADD CONSTRAINT (\w+)\s+FOREIGN KEY", source))
        found |= set(re.findall(r"CONSTRAINT = '(\w+)'", source))
    return found


@pytest.mark.parametrize("folder", APPS, ids=lambda folder: folder.name)
def test_every_constraint_is_tried(folder):
    tests = "".join(path.read_text() for path in (folder / "tests").glob("test_*.py"))
    held = names_in_models(folder.name) | names_in_migrations(folder)

    assert held
    assert {name for name in held if name not in tests} == set()
