"""Files of rows on their way in: uploaded, read, looked at, applied as they were read.

A row is the promise, and each of the two steps is a run. Reading writes nothing but what the page
shows; applying reads the same bytes once more, and either all of it is written or nothing.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from tempfile import TemporaryFile
from typing import IO, Any

from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record
from catalogue.models import Exam
from cp2.rules import Refused, lock, move, refuse_move
from cp2.runs import services as runs
from cp2.runs.models import Run, RunKind
from cp2.transfers.kinds import KINDS
from cp2.transfers.kinds.base import Reading, cleared
from cp2.transfers.models import (
    KEPT,
    OPEN_IMPORTS,
    OVER,
    Import,
    ImportFault,
    ImportStatus,
    import_path,
)
from cp2.transfers.progress import CalledOff, watched
from profiles.registers import digest_of, shown_name

MEGABYTE = 1 << 20


# A person's part


def upload(
    kind: str, file: "UploadedFile[Any]", *, by: User, exam: Exam | None = None
) -> tuple[Import, bool]:
    """A file to be read, and whether it is new: the same one again is the import that is open."""
    digest = digest_of(file.chunks())
    there = Import.objects.filter(kind=kind, exam=exam, sha256=digest, status__in=OPEN_IMPORTS)
    if found := there.first():
        return found, False
    coming = Import(
        kind=kind,
        exam=exam,
        file_name=shown_name(file.name or ""),
        sha256=digest,
        size=file.size or 0,
        uploaded_by=by,
    )
    # Put away before the transaction begins: the store may be far.
    path = default_storage.save(import_path(coming, ""), file)
    coming.file.name = path
    try:
        with transaction.atomic():
            coming.save()
            coming.run = _start(RunKind.READ, coming, by=by)
            coming.save(update_fields=["run"])
            record("import.uploaded", coming, by=by, kind=kind, file=coming.file_name)
    except IntegrityError as same:  # twice at the same moment
        default_storage.delete(path)
        if found := there.first():
            return found, False
        raise Refused(_("This very file was discarded just now. Upload it again.")) from same
    return coming, True


def _start(kind: RunKind, coming: Import, *, by: User) -> Run:
    return runs.start(
        kind,
        by=by,
        title=str(coming),
        about=f"transfers.import {coming.pk}",
        page=reverse("admin:transfers_import", args=[coming.pk]),
        of=coming.pk,
    )


@transaction.atomic
def begin(coming: Import, *, by: User, reason: str, tells: bool = False) -> Import:
    """Somebody has looked at what would change, and wants it so. Pressed twice is once, and waits
    for no worker, who holds the row for as long as applying takes."""
    if coming.status in {ImportStatus.APPLYING, ImportStatus.APPLIED}:
        return coming
    coming = lock(coming)
    if coming.status in {ImportStatus.APPLYING, ImportStatus.APPLIED}:
        return coming
    refuse_move(coming, ImportStatus.APPLYING)
    if coming.wrong:
        raise Refused(_("Lines of this file are wrong. Mend them and upload it again."))
    if not coming.would_write:
        raise Refused(_("There is nothing new in this file."))
    if coming.uploaded_at + KEPT <= timezone.now():
        raise Refused(_("This file was read more than a day ago. Upload it again."))
    move(
        coming,
        ImportStatus.APPLYING,
        decided_by=by,
        reason=reason,
        tells=tells and KINDS[coming.kind].may_tell,
        run=_start(RunKind.APPLY, coming, by=by),
    )
    record("import.begun", coming, by=by, kind=coming.kind, reason=reason, sha256=coming.sha256)
    return coming


def discard(coming: Import, *, by: User | None) -> Import:
    """Nothing of it is written. One that is being read is called off with its run; one that is
    being applied stays, and nobody waits here for the worker who holds its row."""
    if coming.status == ImportStatus.APPLYING:
        refuse_move(coming, ImportStatus.DISCARDED)
    if coming.run and coming.run.is_open and by:
        runs.cancel(coming.run, by=by)
    with transaction.atomic():
        coming = lock(coming)
        if coming.status != ImportStatus.DISCARDED:
            _close(coming, ImportStatus.DISCARDED, by=by)
        return coming


def _close(coming: Import, status: ImportStatus, *, by: User | None, **fields: Any) -> None:
    """Over, and the file goes. What was wrong with a file that failed is shown for a day."""
    if by and status == ImportStatus.DISCARDED:
        fields["decided_by"] = by
    path = str(coming.file.name)
    keeps: dict[str, Any] = {} if status == ImportStatus.FAILED else {"samples": []}
    move(coming, status, **fields, **keeps, file="", ended_at=timezone.now())
    if status != ImportStatus.FAILED:
        coming.faults.all().delete()
    record(f"import.{status}", coming, by=by, kind=coming.kind, **coming.counts)
    transaction.on_commit(partial(default_storage.delete, path))


def tidy() -> int:
    """A day after it came, of a file nothing is left but its counts."""
    old = Import.objects.filter(uploaded_at__lte=timezone.now() - KEPT)
    waiting = old.filter(status__in=[ImportStatus.READ])
    stuck = old.filter(
        status__in=[ImportStatus.UPLOADED, ImportStatus.READING],
    ).exclude(run__status__in=["waiting", "running"])
    gone = 0
    for coming in [*waiting, *stuck]:
        discard(coming, by=None)
        gone += 1
    for coming in old.filter(status=ImportStatus.APPLYING, run__status="failed"):
        with transaction.atomic():
            coming = lock(coming)
            if coming.status == ImportStatus.APPLYING:
                _close(coming, ImportStatus.FAILED, by=None, failure=_("Nobody tried it again."))
                gone += 1
    old.filter(status__in=OVER).exclude(samples=[]).update(samples=[])
    ImportFault.objects.filter(of__in=old.filter(status__in=OVER)).delete()
    return gone


# A worker's part


def _of(run: Run) -> Import:
    return Import.objects.get(pk=run.asked["of"])


@contextmanager
def _bytes(coming: Import) -> Iterator[IO[bytes]]:
    """The very bytes that were uploaded, here on this machine; refused if they are others."""
    digest = hashlib.sha256()
    with TemporaryFile() as here:
        try:
            with default_storage.open(str(coming.file.name), "rb") as stored:
                while block := stored.read(MEGABYTE):
                    digest.update(block)
                    here.write(block)
        except FileNotFoundError as error:
            raise Refused(_("The file is not there any more. Upload it again.")) from error
        if digest.hexdigest() != coming.sha256:
            raise Refused(_("The stored file is not the one that was uploaded. Upload it again."))
        here.seek(0)
        yield here


def _one(_run: Run) -> list[str]:
    return ["all"]


def _read(run: Run, _portion: str) -> Reading | Refused | None:
    """What is in the file. It is held against the rows in a transaction that writes nothing."""
    with transaction.atomic():
        coming = lock(_of(run))
        if coming.status == ImportStatus.UPLOADED:
            move(coming, ImportStatus.READING)
    if coming.status != ImportStatus.READING:
        return None
    try:
        with watched(run, "lines") as progress, _bytes(coming) as file:
            return _looked_at(coming, file, progress)
    except Refused as refusal:
        return refusal
    except CalledOff:
        return None


def _looked_at(coming: Import, file: IO[bytes], progress: Any) -> Reading:
    kind = KINDS[coming.kind]
    reading = Reading(coming, progress)
    with transaction.atomic(), cleared():
        kind.read(reading, file)
        coming.counts = kind.counts(reading)
        coming.samples = kind.samples(reading)
    return reading


def _show(run: Run, _portion: str, found: Reading | Refused | None) -> None:
    coming = lock(_of(run))
    if found is None or coming.status != ImportStatus.READING:
        return
    if isinstance(found, Refused):
        _close(coming, ImportStatus.FAILED, by=None, failure=str(found)[:500])
        run.note(str(found)[:300])
        return
    ImportFault.objects.bulk_create(
        ImportFault(of=coming, line=line, text=said) for line, said in found.faults
    )
    move(coming, ImportStatus.READ, counts=found.of.counts, samples=found.of.samples)
    run.outcome = dict(coming.counts)


def _apply(run: Run, _portion: str, _given: None) -> None:
    """All of it or nothing. What is counted is what happened, whatever the preview said."""
    coming = lock(_of(run))
    if coming.status != ImportStatus.APPLYING:
        return
    try:
        with transaction.atomic():
            _write(coming)
    except Refused as refusal:
        failure = str(refusal)
    except IntegrityError as error:
        rule = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") or ""
        said = _("The rows break a rule of the portal: %(rule)s.")
        failure = said % {"rule": rule.replace("_", " ")}
    else:
        run.outcome = dict(coming.counts)
        _close(coming, ImportStatus.APPLIED, by=coming.decided_by, counts=coming.counts)
        return
    _close(coming, ImportStatus.FAILED, by=None, failure=failure[:500])
    run.note(failure[:300])


def _write(coming: Import) -> None:
    kind = KINDS[coming.kind]
    reading = Reading(coming, lambda lines: None)
    if coming.exam_id:  # what rests on it goes on meanwhile; what else writes it as a whole waits
        Exam.objects.select_for_update(no_key=True).get(pk=coming.exam_id)
    with _bytes(coming) as file, cleared():
        kind.read(reading, file)
        if reading.wrong:
            line, said = (reading.faults or [(0, "")])[0]
            raise Refused(
                _("Since it was read, lines have become wrong. Line %(line)d: %(fault)s")
                % {"line": line, "fault": said}
            )
        was = coming.decided_by or coming.uploaded_by
        counts = kind.counts(reading)
        done = kind.apply(reading, by=was)
        unchanged = reading.lines - sum(done.values())
        coming.counts = {**counts, **done, "unchanged": unchanged}


def _nothing_before(_run: Run, _portion: str) -> None:
    """That there is something before makes the lease as long as all of a file may take."""


def _called_off(run: Run, by: User) -> None:
    coming = lock(_of(run))
    if run.kind == RunKind.APPLY and coming.status == ImportStatus.APPLYING:
        move(coming, ImportStatus.READ)
    elif coming.status in {ImportStatus.UPLOADED, ImportStatus.READING}:
        _close(coming, ImportStatus.DISCARDED, by=by)


READ = runs.Work(plan=_one, before=_read, step=_show, called_off=_called_off)
APPLY = runs.Work(plan=_one, before=_nothing_before, step=_apply, called_off=_called_off)
