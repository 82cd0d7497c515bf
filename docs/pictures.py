"""Takes the pictures of the README: bin/serve.py .venv/bin/python docs/pictures.py"""

import os
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))
os.environ["DJANGO_SETTINGS_MODULE"] = "cp2.settings"

import json

from playwright.sync_api import sync_playwright

from cp2.tests.browser.conftest import Visitor, manage

PICTURES = PROJECT / "docs" / "pictures"
WIDE, NARROW = 1100, 400


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    rows = json.loads(manage("people", "--json"))
    first = {row["role"]: row for row in reversed(rows)} | {row["username"]: row for row in rows}
    ready = next(row for row in rows if "to mark" in row["scope"])
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM"))
        for name, person, path, width in (
            ("officer", first["officer"], "/home/", NARROW),
            ("centre", ready, "/centre/", NARROW),
            ("tsc", first["TSC director"], "/area/", WIDE),
            ("scde", first["SCDE director"], "/area/", WIDE),
            ("headquarters", first["auditor"], "/admin/", WIDE),
        ):
            visitor = Visitor(chromium, width=width)
            visitor.sign_in(person["username"], person["password"], person["totp_secret"])
            visitor.open(path).screenshot(path=PICTURES / f"{name}.png")
            visitor.context.close()
        chromium.close()


if __name__ == "__main__":
    main()
