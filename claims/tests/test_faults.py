"""Workers that are killed in the midst of preparing: what they leave is finished as if they had
lived: bin/test-faults."""

import os
import random
import subprocess
import sys
import time
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.models import Entry
from attendance.models import MarkStatus
from claims import runs
from claims.compute import concerned
from claims.models import Claim, ClaimLine, MoneyRun, RunKind, RunStatus
from claims.services import preparing
from claims.tests.test_prepare import prepared, reference
from cp2.tests import make

pytestmark = [
    pytest.mark.faults,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]

OFFICERS, KILLS, PATIENCE = 60, 10, 120.0

# A worker whose portions take a while longer, so that most kills fall into one.
WORKER = """
import time, django
django.setup()
from claims import holds, runs
check = holds.check
def slowly(claims):
    time.sleep(0.05)
    found = check(claims)
    time.sleep(0.05)
    return found
holds.check = slowly
print("ready", flush=True)
while runs.work(seconds=60) is not None:
    time.sleep(0.05)
"""


class Worker:
    def __init__(self) -> None:
        given = urlsplit(os.environ["DATABASE_URL"])
        url = given._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER],
            cwd=settings.BASE_DIR,
            env=os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "cp2.settings_test"},
            stdout=subprocess.PIPE,
        )

    def wait_until_ready(self) -> None:
        assert self.process.stdout
        assert self.process.stdout.readline() == b"ready\n"

    def kill(self) -> None:
        """As the kernel does when memory is short."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout
        self.process.stdout.close()


@pytest.fixture
def exam(monkeypatch):
    monkeypatch.setattr(preparing, "OFFICERS_OF_A_PORTION", 1)
    exam = make.exam()
    post = make.post(exam=exam, required=OFFICERS)
    make.terms(exam, post.position)
    chance = random.Random(7)
    for slot in range(1, OFFICERS + 1):
        deployment = make.deployment(post=post, slot=slot)
        for n in range(chance.randint(1, 4)):
            status = chance.choice([MarkStatus.PRESENT, MarkStatus.PRESENT, MarkStatus.ABSENT])
            make.mark(deployment, exam.rehearsal_on + timedelta(days=n), status)
    return exam


def lose_leases():
    """A minute goes by."""
    MoneyRun.objects.update(lease_until=timezone.now(), not_before=timezone.now())


def test_two_workers_and_ten_kills_and_every_claim_is_there_once(exam):
    chance = random.Random(2025)
    run = runs.start(RunKind.PREPARE, exam, by=None)
    runs.work(run=run, seconds=0.01)  # the plan
    run.refresh_from_db()
    assert run.portions == OFFICERS
    in_the_midst, workers = 0, [Worker(), Worker()]
    try:
        for _ in range(KILLS):
            for worker in workers:
                worker.wait_until_ready()
            before, ends = done(run), time.monotonic() + PATIENCE
            while done(run) == before and run.is_open and time.monotonic() < ends:
                time.sleep(0.02)
            time.sleep(chance.random() / 5)
            for worker in workers:
                worker.kill()
            in_the_midst += MoneyRun.objects.filter(pk=run.pk, lease_until__isnull=False).exists()
            lose_leases()
            workers = [Worker(), Worker()]
    finally:
        for worker in workers:
            worker.kill()

    assert in_the_midst
    run = runs.finish(run)
    assert (run.status, run.failure) == (RunStatus.DONE, "")
    assert prepared(exam) == reference(exam)
    assert Claim.objects.count() == ClaimLine.objects.count() == run.outcome["claims"]
    assert concerned(exam) == []
    assert Entry.objects.filter(verb="claims.prepared").count() == 1


def done(run):
    run.refresh_from_db()
    return run.portions - len(run.left)
