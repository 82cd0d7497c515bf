"""Extracts of the agencies' registers on their way in: uploaded, read, looked at, imported.

A row is the promise. A worker takes one import at a time under a lease, reads its file or writes
its lines, and says as it goes how far it is; a lease that runs out is taken by the next one.
"""

import hashlib
import logging
import re
from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from typing import Any

from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record
from cp2.rules import Refused, lock, move
from profiles import checks, register_lines
from profiles.fields import is_hidden, tidy
from profiles.models import (
    OPEN_IMPORTS,
    WORKING_IMPORTS,
    ImportStatus,
    RegisterImport,
)
from profiles.models.registers import import_path

LEASE = timedelta(seconds=60)
MOST_ATTEMPTS = 3
PREVIEW_KEPT = timedelta(days=7)

log = logging.getLogger(__name__)


class Lost(Exception):
    """The import was discarded, or another worker has it, since this one took it."""


# A person's part


def upload(register: str, file: "UploadedFile[Any]", *, by: User) -> tuple[RegisterImport, bool]:
    """A file to be read, and whether it is new: the same one again is the import that is open."""
    digest = digest_of(file.chunks())
    there = RegisterImport.objects.filter(register=register, sha256=digest, status__in=OPEN_IMPORTS)
    if found := there.first():
        return found, False
    coming = RegisterImport(
        register=register, file_name=shown_name(file.name or ""), sha256=digest, uploaded_by=by
    )
    # Put away before the transaction begins: the store may be far.
    path = default_storage.save(import_path(coming, ""), file)
    coming.file.name = path
    try:
        with transaction.atomic():
            coming.save()
            record("register.uploaded", coming, by=by, register=register, file=coming.file_name)
    except IntegrityError:  # twice at the same moment
        default_storage.delete(path)
        return there.get(), False
    return coming, True


def digest_of(chunks: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def shown_name(sent: str) -> str:
    """What the sender called the file, made harmless."""
    last = re.split(r"[/\\]", sent)[-1]
    return "".join(char for char in tidy(last) if not is_hidden(char))[-120:] or _("file")


@transaction.atomic
def begin(coming: RegisterImport, *, saw_the_bad: bool, by: User) -> RegisterImport:
    """Somebody has looked at what would change, and wants it so."""
    coming = lock(coming)
    if coming.status in {ImportStatus.IMPORTING, ImportStatus.DONE}:
        return coming  # pressed twice
    if coming.counted("bad") and not saw_the_bad:
        raise Refused(_("Say that you have seen which lines are bad and will not be imported."))
    if coming.status == ImportStatus.PREVIEWED and not coming.lines.exists():
        raise Refused(_("There is not one good line in this file. Mend it and upload it again."))
    if coming.status != ImportStatus.PREVIEWED:
        raise Refused(_("Only a file that was read and not discarded can be imported."))
    move(coming, ImportStatus.IMPORTING, decided_by=by, attempts=0, progress=0)
    record("register.begun", coming, by=by, register=coming.register)
    return coming


@transaction.atomic
def discard(coming: RegisterImport, *, by: User | None) -> RegisterImport:
    coming = lock(coming)
    if coming.status == ImportStatus.DISCARDED:
        return coming
    _close(coming, ImportStatus.DISCARDED, decided_by=by)
    record("register.discarded", coming, by=by, register=coming.register)
    return coming


def _close(coming: RegisterImport, status: ImportStatus, **fields: Any) -> None:
    """Over: the file and the lines go, and of the people in it nothing stays but the count."""
    path = str(coming.file.name)
    counts = {name: n for name, n in coming.outcome.items() if isinstance(n, int)}
    move(
        coming,
        status,
        **{"outcome": counts, **fields},
        file="",
        lease_until=None,
        finished_at=timezone.now(),
    )
    coming.lines.all().delete()
    transaction.on_commit(partial(default_storage.delete, path))


# A worker's part


@transaction.atomic
def take() -> RegisterImport | None:
    """Lease what is due, if nobody works at another: one at a time, so that texts and letters
    have a worker too."""
    working = RegisterImport.objects.filter(status__in=WORKING_IMPORTS)
    now = timezone.now()
    if working.filter(lease_until__gt=now).exists():
        return None
    free = working.filter(Q(lease_until=None) | Q(lease_until__lte=now)).order_by("pk")
    due = free.select_for_update(skip_locked=True, of=("self",)).first()
    if due is None:
        return None
    if due.attempts >= MOST_ATTEMPTS:
        _fail(due, "the worker died of it")
        return None
    due.lease_until, due.attempts = now + LEASE, due.attempts + 1
    due.save(update_fields=["lease_until", "attempts"])
    if due.status == ImportStatus.UPLOADED:
        move(due, ImportStatus.READING)
    return due


def work() -> bool:
    """One import as far as it goes without a person. False if nothing was due."""
    coming = take()
    if coming is None:
        return False
    with translation.override(coming.uploaded_by.language):
        try:
            _read(coming) if coming.status == ImportStatus.READING else _write(coming)
        except Lost:
            _tidy_after(coming)
        except Refused as refusal:
            _give_up(coming, str(refusal))
        except Exception as error:  # whatever it is, the next tick tries again
            log.exception("register_import_broke", extra={"import": coming.pk})
            _give_back(coming, f"{type(error).__name__}: {error}")
    return True


def _ours(coming: RegisterImport) -> Any:
    return RegisterImport.objects.filter(
        pk=coming.pk, status=coming.status, attempts=coming.attempts
    )


def _note(coming: RegisterImport, count: int) -> None:
    """How far it is; the lease goes on from here."""
    if not _ours(coming).update(progress=count, lease_until=timezone.now() + LEASE):
        raise Lost


def _tidy_after(coming: RegisterImport) -> None:
    """Of one that was discarded while it was read, the lines that came after."""
    coming.refresh_from_db()
    if not coming.is_open:
        coming.lines.all().delete()


def _read(coming: RegisterImport) -> None:
    with default_storage.open(str(coming.file.name)) as file:
        outcome = register_lines.read(coming, file, on=partial(_note, coming))
    with transaction.atomic():
        row = _lock_ours(coming)
        move(
            row,
            ImportStatus.PREVIEWED,
            outcome=outcome,
            progress=outcome["lines"],
            lease_until=None,
        )


def _write(coming: RegisterImport) -> None:
    if coming.applied_at is None:
        _apply(coming)
    compared = checks.compare_all(coming.register, on=partial(_note, coming))
    with transaction.atomic():
        row = _lock_ours(coming)
        _close(row, ImportStatus.DONE, progress=compared)


@transaction.atomic
def _apply(coming: RegisterImport) -> None:
    """All of it or nothing. What is counted is what happened, whatever the preview said."""
    row = _lock_ours(coming)
    lines = row.lines.count()
    new, changed = register_lines.apply(row)
    written: dict[str, Any] = {"new": new, "changed": changed, "unchanged": lines - new - changed}
    row.outcome |= written
    row.applied_at = timezone.now()
    row.lease_until = row.applied_at + LEASE
    row.save(update_fields=["outcome", "applied_at", "lease_until"])
    record("register.imported", row, by=row.decided_by, register=row.register, **written)


def _lock_ours(coming: RegisterImport) -> RegisterImport:
    row: RegisterImport | None = _ours(coming).select_for_update(of=("self",)).first()
    if row is None:
        raise Lost
    return row


@transaction.atomic
def _give_up(coming: RegisterImport, why: str) -> None:
    row = _ours(coming).select_for_update(of=("self",)).first()
    if row is not None:
        _fail(row, why)


def _fail(row: RegisterImport, why: str) -> None:
    _close(row, ImportStatus.FAILED, failure=why[:500])
    record("register.failed", row, by=None, register=row.register)


@transaction.atomic
def _give_back(coming: RegisterImport, why: str) -> None:
    row = _ours(coming).select_for_update(of=("self",)).first()
    if row is None:
        return
    if row.attempts >= MOST_ATTEMPTS:
        _fail(row, why)
    else:
        row.lease_until = None
        row.save(update_fields=["lease_until"])


def tidy_previews() -> int:
    """What nobody has decided about for a week holds people's names for nothing."""
    since = timezone.now() - PREVIEW_KEPT
    old = RegisterImport.objects.filter(status=ImportStatus.PREVIEWED, uploaded_at__lt=since)
    for coming in old:
        discard(coming, by=None)
    return len(old)
