r"""How long a payment batch takes: built by a worker, looked at, approved, exported, by channel.

    .venv/bin/python bin/embedded.py var/bench .venv/bin/python bench/batches.py --count 50000

It makes a database of its own with so many approved claims for each channel, and drops it again.
Beside each build is the bare INSERT … SELECT of the same payments, which is rolled back. It fails
if anything works longer than the budget, or if claims, payments and file do not add up.
"""

import argparse
import csv
import io
import os
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))
os.environ["DJANGO_SETTINGS_MODULE"] = "cp2.settings_test"

import django

django.setup()

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Sum
from django.test.utils import setup_databases, teardown_databases
from lxml import etree

from catalogue.models import Exam
from claims import runs, services
from claims.models import Channel, Claim, ClaimStatus, PaymentBatch
from claims.review import review
from claims.services.building import PAY
from claims.services.exporting import export_batch
from claims.services.survey import survey

# What tests are made with is not checked for types.
crowd: Any = import_module("claims.tests.crowd")
world: Any = import_module("claims.tests.world")

BUDGET = 20.0  # seconds of CPU, for any step of 50,000
TICKS = os.sysconf("SC_CLK_TCK")


def worked() -> float:
    """Seconds of CPU, of this process and of its PostgreSQL backend."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        fields = Path(f"/proc/{cursor.fetchone()[0]}/stat").read_text().rpartition(")")[2].split()
    return time.process_time() + (int(fields[11]) + int(fields[12])) / TICKS


def timed(what: str, act: Callable[[], Any]) -> tuple[Any, float]:
    """What it answers, and how long it worked; a machine that others use as well takes longer."""
    started, before = time.perf_counter(), worked()
    answer = act()
    cpu = worked() - before
    print(f"  {what:<32}{time.perf_counter() - started:8.2f} s  CPU {cpu:6.2f} s", flush=True)
    return answer, cpu


def bare(exam: Exam, channel: Channel) -> None:
    """The same rows by one statement, with their triggers, and nothing else."""
    with transaction.atomic():
        batch = PaymentBatch.objects.create(
            exam=exam,
            channel=channel,
            prepared_by=world.preparer(),
            status="building",
            total=0,
            count=0,
        )
        claims = list(Claim.objects.filter(exam=exam).values_list("pk", flat=True))
        by_bank = channel != Channel.MPESA
        with connection.cursor() as cursor:
            cursor.execute(
                PAY,
                {
                    "batch": batch.pk,
                    "channel": str(channel),
                    "by_bank": by_bank,
                    "claims": claims,
                },
            )
        transaction.set_rollback(True)


def amounts(batch: PaymentBatch, written: bytes) -> list[Decimal]:
    """What the file pays, read as its receiver reads it."""
    if batch.channel == Channel.ISO:
        tree = etree.fromstring(written)
        return [Decimal(found.text) for found in tree.iter("{*}InstdAmt")]
    if batch.channel == Channel.MPESA:
        lists = [written.decode()]
    else:
        with zipfile.ZipFile(io.BytesIO(written)) as archive:
            names = [name for name in archive.namelist() if name.startswith("bank-")]
            lists = [archive.read(name).decode() for name in names]
    return [Decimal(row["Amount"]) for text in lists for row in csv.DictReader(io.StringIO(text))]


def measure(channel: Channel, exam: Exam, count: int) -> float:
    print(f"{channel.label}, {count} claims", flush=True)
    by, second = world.preparer(), world.approver()
    claims = Claim.objects.filter(exam=exam)
    timed("bare INSERT … SELECT", lambda: bare(exam, channel))
    found, first = timed("the page before", lambda: survey(claims, channel=channel, by=by))
    run = services.start_batch(exam, channel=channel, by=by)
    run, build = timed("build", lambda: runs.finish(run))
    assert run.batch is not None, run.failure
    batch = PaymentBatch.objects.get(runs=run)
    assert (batch.count, batch.total) == (found.count, found.total) == (count, 1100 * count)
    _figures, look = timed("the page that shows the whole", lambda: review(batch))
    _batch, approve = timed("approve", lambda: services.approve_batch(batch, by=second))
    batch, export = timed("export", lambda: export_batch(batch, by=by))
    written = services.exported_file(batch, by=by)
    print(f"  {'file':<32}{len(written) / 1e6:8.1f} MB")
    paid = amounts(batch, written)
    assert (len(paid), sum(paid)) == (batch.count, batch.total)
    ours = claims.filter(status=ClaimStatus.PAYING)
    assert ours.aggregate(sum=Sum("net"))["sum"] == batch.total
    return max(first, build, look, approve, export)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=50_000)
    count = parser.parse_args().count
    folder = tempfile.TemporaryDirectory()
    settings.STORAGES["default"] = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": folder.name},
    }
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        slowest = 0.0
        exam = crowd.approved(count)
        slowest = max(slowest, measure(Channel.MPESA, exam, count))
        for channel in (Channel.EFT, Channel.ISO):
            exam = crowd.again(exam, paid_by="bank")
            slowest = max(slowest, measure(channel, exam, count))
    finally:
        teardown_databases(databases, verbosity=0)
        folder.cleanup()
    return 0 if slowest <= BUDGET * max(1.0, count / 50_000) else 1


if __name__ == "__main__":
    sys.exit(main())
