"""What it costs to import a hundred thousand rows, and to take half a million away as a file.

    .venv/bin/python bin/embedded.py var/bench .venv/bin/python bench/transfers.py [ROWS [TAKEN]]

Makes a file of officers and imports it as a worker does, read and then applied, and one of stations
of which half are new and half changed; fills the list of duty stations up to TAKEN rows and writes
it as CSV and as a workbook. Each is done in a process of its own, which says how much memory it had
at most and how long it took. It takes back what it wrote. It fails if one of them needs more than
300 MB.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cp2.settings_test")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import django

django.setup()

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection

from accounts.models import User
from cp2.exports import Kind, csv_stream
from cp2.rules import Role
from cp2.runs import services as runs
from cp2.runs.models import Run
from cp2.transfers import exporting, importing
from cp2.transfers.lists import Listed

WORKER = "worker"
SIZES = [int(size) for size in sys.argv[1:] if WORKER not in sys.argv]
ROWS, TAKEN = (*SIZES, *[100_000, 500_000][len(SIZES) :])
MOST = 300  # MB
STATIONS = """
INSERT INTO catalogue_dutystation (kind, code, name, sub_county_id, level, location)
SELECT 'examination_centre', 'Y' || n, 'School ' || n,
    (SELECT min(id) FROM catalogue_subcounty) + n %% 200, 'secondary', ''
FROM generate_series(1, %s) n
"""
BACK = """
SET session_replication_role = replica;
DELETE FROM profiles_officer WHERE national_id LIKE '77%%' AND full_name LIKE 'Bench %%';
DELETE FROM accounts_user WHERE username LIKE '25479%%';
DELETE FROM catalogue_dutystation WHERE code LIKE 'Y%%';
DELETE FROM transfers_import;
DELETE FROM transfers_export;
DELETE FROM runs_run;
RESET session_replication_role;
"""


def sql(statement: str, *values: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def store(folder: str) -> None:
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": folder},
        }
    }


def worked(pk: int, folder: str) -> None:
    """In a process of its own, as a worker's is."""
    store(folder)
    began = time.monotonic()
    run = runs.finish(Run.objects.get(pk=pk))
    took = time.monotonic() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{run}: {run.status} {run.outcome}, {took:.1f} s, {memory} MB at most", flush=True)
    if run.status != "done" or memory > MOST:
        print(run.log)
        sys.exit(1)


def by_a_worker(run: Run | None, folder: str) -> bool:
    assert run
    own = [sys.executable, __file__, WORKER, str(run.pk), folder]
    return subprocess.run(own, check=False).returncode == 0


def imported(
    kind: str, heading: list[str], rows: Iterable[Sequence[Any]], by: User, folder: str
) -> bool:
    content = b"".join(csv_stream(heading, rows))
    file = SimpleUploadedFile(f"{kind}.csv", content)
    coming, _is_new = importing.upload(kind, file, by=by)
    fine = by_a_worker(coming.run, folder)
    coming.refresh_from_db()
    return fine and by_a_worker(importing.begin(coming, by=by, reason="bench").run, folder)


def main() -> bool:
    call_command("migrate", verbosity=0)
    sql(BACK)
    by, _made = User.objects.get_or_create(
        username="bench.transfers", defaults={"role": Role.STAFF, "is_superuser": True}
    )
    with tempfile.TemporaryDirectory() as folder:
        store(folder)
        officers = (
            [f"079{n:07}", f"77{n:07}", "Bench Wanjikũ Ng'ang'a", "Kisii", "Bonchari"]
            for n in range(ROWS)
        )
        heading = ["phone", "national_id", "full_name", "county", "sub_county"]
        fine = imported("officers", heading, officers, by, folder)
        sql(STATIONS, TAKEN - ROWS // 2)
        first = TAKEN - ROWS
        stations = (
            [f"Y{n}", f"Another name {n}", "examination_centre", "Kisii", "Bonchari"]
            for n in range(first + 1, TAKEN + 1)
        )
        heading = ["code", "name", "kind", "county", "sub_county"]
        fine &= imported("stations", heading, stations, by, folder)
        for kind in (Kind.CSV, Kind.XLSX):
            listed = Listed("catalogue.dutystation", "", by)
            fine &= by_a_worker(exporting.start(listed, kind, reason="").run, folder)
    sql(BACK)
    return fine


if __name__ == "__main__":
    if sys.argv[1:2] == [WORKER]:
        worked(int(sys.argv[2]), sys.argv[3])
    else:
        sys.exit(0 if main() else 1)
