import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
# Lowest first: each may import itself and what stands before it.
ORDER = [
    "catalogue",
    "sms",
    "accounts",
    "profiles",
    "vacancies",
    "deployments",
    "attendance",
    "claims",
    "enquiries",
]
FLOOR = {"cp2.rules", "cp2.exports", "cp2.limits", "cp2.lists", "cp2.tables", "cp2.confirming"}


def imports_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def upward_imports(app: str, names: set[str]) -> set[str]:
    above = set(ORDER[ORDER.index(app) + 1 :])
    roof = {
        name
        for name in names
        if name.startswith("cp2.") and not any(name.startswith(low) for low in FLOOR)
    }
    return roof | {name for name in names if name.split(".")[0] in above}


def product_files(app: str) -> list[Path]:
    return [
        path
        for path in (ROOT / app).rglob("*.py")
        if "tests" not in path.parts and "migrations" not in path.parts
    ]


@pytest.mark.parametrize("app", ORDER)
def test_no_app_imports_one_above_it(app):
    assert {
        path.relative_to(ROOT): bad
        for path in product_files(app)
        if (bad := upward_imports(app, imports_of(path)))
    } == {}


@pytest.mark.parametrize("floor", sorted(FLOOR))
def test_the_floor_knows_no_one(floor):
    path = ROOT / floor.replace(".", "/")
    ours = {*ORDER, "cp2"}
    assert {
        name
        for file in product_files(str(path)) or [path.with_suffix(".py")]
        for name in imports_of(file)
        if name.split(".")[0] in ours
        if not any(name.startswith(low) for low in FLOOR)
    } == set()


def test_an_upward_import_would_be_seen():
    assert upward_imports("sms", {"accounts.models", "cp2.rules", "json"}) == {"accounts.models"}
    assert upward_imports("sms", {"cp2.views"}) == {"cp2.views"}
