"""Workers that are killed half way, and people who press at the same moment."""

import tempfile
import time
from threading import Event

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import transaction
from django.utils import timezone

from accounts.models import Entry
from accounts.tests.people import staff
from catalogue.models import DutyStation
from cp2 import exports
from cp2.rules import Refused
from cp2.runs import services as runs
from cp2.runs.models import Run
from cp2.tests import make
from cp2.tests.races import at_once
from cp2.transfers import exporting, importing
from cp2.transfers.kinds import Kind
from cp2.transfers.kinds.terms import TERMS
from cp2.transfers.lists import Listed
from cp2.transfers.models import Export, Import, ImportStatus
from cp2.transfers.tests.files import csv, read, sent
from cp2.transfers.tests.forked import Worker
from deployments.services.steps import lock_posts

pytestmark = [
    pytest.mark.race,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]
ROWS = 300


@pytest.fixture
def folder(settings):
    """A store that another process sees too."""
    with tempfile.TemporaryDirectory() as path:
        settings.STORAGES = settings.STORAGES | {
            "default": {
                "BACKEND": "django.core.files.storage.FileSystemStorage",
                "OPTIONS": {"location": path},
            }
        }
        yield path


def stations(name="A school"):
    place = make.sub_county("Bonchari", "Kisii")
    heading = ["code", "name", "kind", "county", "sub_county"]
    kind, county = "examination_centre", place.county.name
    lines = [[f"S{n:05}", f"{name} {n}", kind, county, "Bonchari"] for n in range(ROWS)]
    return csv(heading, *lines)


def again(run):
    """As after the lease is over."""
    Run.objects.filter(pk=run.pk).update(lease_until=timezone.now())
    return runs.finish(Run.objects.get(pk=run.pk))


def test_killed_half_way_nothing_is_applied_and_then_all(folder):
    by = make.user()
    make.station(code="S00000")
    coming = read("stations", stations(), by=by)
    coming = importing.begin(coming, by=by, reason="List of March")
    worker = Worker(coming.run, folder, slow="apply")
    worker.wait_for("half way")
    worker.kill()

    assert DutyStation.objects.count() == 1
    assert not DutyStation.objects.filter(name__startswith="A school").exists()
    coming.refresh_from_db()
    assert coming.status == ImportStatus.APPLYING
    assert not Entry.objects.filter(verb__startswith="station.").exists()

    again(coming.run)

    coming.refresh_from_db()
    assert coming.status == ImportStatus.APPLIED
    assert (coming.counts["new"], coming.counts["changed"]) == (ROWS - 1, 1)
    assert DutyStation.objects.filter(name__startswith="A school").count() == ROWS
    assert Entry.objects.filter(verb="station.added").count() == ROWS - 1


def test_killed_while_a_list_is_written_there_is_no_file_and_then_the_whole(folder):
    by = staff("Deployment")
    for _ in range(ROWS):
        make.station()
    leaving = exporting.start(Listed("catalogue.dutystation", "", by), exports.Kind.CSV, reason="")
    worker = Worker(leaving.run, folder, slow="export")
    worker.wait_for("half way")
    worker.kill()

    leaving.refresh_from_db()
    assert (leaving.file.name, leaving.written_at) == ("", None)

    again(leaving.run)

    leaving = Export.objects.get()
    with FileSystemStorage(location=folder).open(leaving.file.name) as file:
        assert len(file.read().splitlines()) == ROWS + 1
    assert leaving.rows == ROWS


def test_the_same_file_uploaded_and_applied_by_two_at_once_is_done_once(folder):
    first, second = make.user(), make.user()
    content = stations()
    found = at_once(
        lambda: importing.upload("stations", sent(content), by=first),
        lambda: importing.upload("stations", sent(content), by=second),
    )
    assert sorted(is_new for _coming, is_new in found) == [False, True]
    coming = Import.objects.get()
    runs.finish(coming.run)

    at_once(
        lambda: importing.begin(coming, by=first, reason="x"),
        lambda: importing.begin(coming, by=second, reason="x"),
    )
    run = Run.objects.get(kind="apply")
    at_once(lambda: runs.work(seconds=5, run=run), lambda: runs.work(seconds=5, run=run))

    coming.refresh_from_db()
    assert coming.status == ImportStatus.APPLIED
    assert DutyStation.objects.count() == ROWS
    assert Entry.objects.filter(verb="import.applied").count() == 1


def test_two_files_that_say_the_same_are_applied_one_after_the_other(folder):
    by = make.user()
    one, other = (
        importing.begin(read("stations", content, by=by), by=by, reason="x")
        for content in (stations(), stations() + b"\r\n")
    )
    at_once(
        lambda: runs.work(seconds=5, run=one.run),
        lambda: runs.work(seconds=5, run=other.run),
    )

    statuses = sorted(Import.objects.values_list("status", flat=True))
    assert statuses in (["applied", "applied"], ["applied", "failed"])
    assert DutyStation.objects.count() == ROWS
    assert Entry.objects.filter(verb="station.added").count() == ROWS


def test_a_deployment_made_while_terms_are_applied_waits_for_the_new_rate(folder, monkeypatch):
    by, exam, position = make.user(), make.exam(), make.position("INV")
    make.terms(exam, position, daily_rate=550)
    post = make.post(exam=exam, position=position)
    file = csv(["position", "daily_rate", "paid_days"], ["INV", 600, "theory"])
    coming = importing.begin(read("terms", file, by=by, exam=exam), by=by, reason="x")
    checked, update = Event(), TERMS._update
    order = []

    def slowly(names):
        checked.set()
        time.sleep(1)
        order.append("rate")
        return update(names)

    def deploy():
        checked.wait(20)
        with transaction.atomic():
            lock_posts(post.pk)
            order.append("deployment")
            return make.deployment(post=post)

    monkeypatch.setattr(type(TERMS), "_update", lambda _terms, names: slowly(names))
    at_once(lambda: runs.finish(coming.run), deploy)

    assert order == ["rate", "deployment"]
    coming.refresh_from_db()
    assert coming.status == ImportStatus.APPLIED


def test_nobody_waits_for_a_worker_who_is_writing(folder, monkeypatch):
    by = make.user()
    coming = importing.begin(read("stations", stations(), by=by), by=by, reason="x")
    monkeypatch.setattr("accounts.running.PATIENCE", "200ms")
    writing, pressed = Event(), Event()
    insert = Kind._insert

    def slowly(kind, reading):
        writing.set()
        pressed.wait(20)
        return insert(kind, reading)

    def press():
        writing.wait(20)
        try:
            with pytest.raises(Refused, match="nothing stays half done"):
                runs.cancel(coming.run, by=by)
            with pytest.raises(Refused, match="cannot be discarded"):
                importing.discard(coming, by=by)
            assert importing.begin(coming, by=by, reason="again") == coming
        finally:
            pressed.set()

    monkeypatch.setattr(Kind, "_insert", slowly)
    at_once(lambda: runs.finish(coming.run), press)

    coming.refresh_from_db()
    assert coming.status == ImportStatus.APPLIED
    assert DutyStation.objects.count() == ROWS
