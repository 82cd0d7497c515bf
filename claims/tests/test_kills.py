"""Workers that are killed in the middle, for real: what they leave is whole, or it is nothing."""

import hashlib
import os
import random
import tempfile
import time
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage
from django.db.models import Count, Sum

from accounts.models import Entry
from claims import runs, services
from claims.models import (
    BatchStatus,
    Claim,
    ClaimStatus,
    MoneyRun,
    Payment,
    PaymentBatch,
    RunStatus,
)
from claims.services import building, exporting
from claims.tests import crowd, world
from claims.tests.forked import PORTION, Worker
from profiles import papers

pytestmark = [
    pytest.mark.race,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]
PEOPLE, KILLS = 1500, 10


def forgive(run):
    """What three deaths in a row would cost: here they are meant."""
    MoneyRun.objects.filter(pk=run.pk).update(attempts=0)


def test_two_processes_build_the_same_batch_and_are_killed_ten_times():
    exam = crowd.approved(PEOPLE)
    dice = random.Random(7)
    started = [services.start_batch(exam, channel="mpesa", by=world.preparer()) for _ in range(2)]
    kills = 0
    with tempfile.TemporaryDirectory() as folder:
        while kills < KILLS:
            workers = [Worker(run, folder) for run in started]
            for worker in workers:
                worker.wait_for("ready")
            time.sleep(dice.uniform(0.02, 0.25))
            for worker in dice.sample(workers, 2):
                if worker.process.is_alive():
                    kills += 1
                worker.kill()
                forgive(worker.run)
            taken = Payment.objects.values("claim").annotate(n=Count("pk")).filter(n__gt=1)
            assert not taken.exists()
            paying = Claim.objects.filter(status=ClaimStatus.PAYING)
            assert paying.count() == Payment.objects.count()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(building, "PORTION", PORTION)
            over = [runs.finish(run) for run in started]

    assert [run.status for run in over] == [RunStatus.DONE] * 2
    assert Payment.objects.values("claim").distinct().count() == PEOPLE == Payment.objects.count()
    assert set(Claim.objects.values_list("status", flat=True)) == {"paying"}
    owed = Claim.objects.aggregate(sum=Sum("net"))["sum"]
    assert Payment.objects.aggregate(sum=Sum("amount"))["sum"] == owed
    totals = PaymentBatch.objects.filter(status=BatchStatus.DRAFT).aggregate(
        count=Sum("count"), total=Sum("total")
    )
    assert totals == {"count": PEOPLE, "total": owed}
    assert Entry.objects.filter(verb="claim.batched").count() == PEOPLE


def test_killed_while_the_file_is_written_there_is_nothing_or_the_whole(monkeypatch):
    exam = crowd.approved(PEOPLE)
    by = world.preparer()
    batch = PaymentBatch.objects.get(
        runs=runs.finish(services.start_batch(exam, channel="mpesa", by=by))
    )
    services.approve_batch(batch, by=world.approver())
    run = services.start_export(batch, by=by)
    dice = random.Random(11)
    with tempfile.TemporaryDirectory() as folder:
        store = FileSystemStorage(location=folder)
        for _ in range(6):
            worker = Worker(run, folder)
            worker.wait_for("writing")
            time.sleep(dice.uniform(0, 0.12))
            worker.kill()
            forgive(run)
            batch.refresh_from_db()
            if batch.status == BatchStatus.EXPORTED:
                break
            assert (batch.status, batch.file.name, batch.sha256) == ("approved", "", "")
        last = Worker(run, folder)
        last.end()

        run.refresh_from_db()
        assert run.status == RunStatus.DONE
        batch.refresh_from_db()
        assert batch.status == BatchStatus.EXPORTED
        with store.open(batch.file.name) as file:
            written = file.read()
        assert hashlib.sha256(written).hexdigest() == batch.sha256
        assert written.count(b"\r\n") == 1 + PEOPLE
        assert Entry.objects.filter(verb="batch.exported").count() == 1

        monkeypatch.setattr(papers, "default_storage", store)
        assert exporting.sweep_files() == 0  # what is young may be about to be named
        for path in Path(folder).rglob("*.csv"):
            os.utime(path, (0, 0))
        exporting.sweep_files()
        left = [path.name for path in Path(folder).rglob("*.csv")]
        assert left == [Path(batch.file.name).name]
