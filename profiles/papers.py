"""Files that officers send: added, replaced, removed, scanned, and swept up after a crash.

A file is in the store before the row that names it is written, and goes from there only after the
row is gone for good. So a crash leaves at most a file that no row names, which is swept up.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.files.storage import Storage, default_storage
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record, tell
from cp2.rules import Refused, lock, move
from profiles import scanner, uploads
from profiles.models import Officer, Paper, PaperKind, PaperStatus, Qualification
from profiles.uploads import PaperFile

MOST_FILES = 20  # a person
LEASE = timedelta(minutes=1)  # for a worker to have a file scanned, or before it is tried again
ABANDONED = timedelta(days=1)  # how old a file is before it can be taken for one that nobody needs
BATCH = 500
WAIT_FOR_THE_SCANNER = [PaperStatus.CHECKING, PaperStatus.UNSCANNED]
FOLDERS = ["papers", "certificates"]  # where papers are, and where they were

log = logging.getLogger(__name__)


# Added and removed


@contextmanager
def put_away(file: PaperFile | None, path: str = "") -> Iterator[str]:
    """In the store before a transaction begins: it may be far, and nobody should wait for it.
    Taken out again if what the file was sent for fails. Another app's goes to a `path` of its."""
    path = uploads.keep(file, path) if file else ""
    try:
        yield path
    except BaseException:
        if path:
            default_storage.delete(path)
        raise


def attach(
    officer: Officer,
    file: PaperFile,
    *,
    path: str,
    kind: PaperKind,
    qualification: Qualification | None = None,
) -> Paper:
    """The row of a file that is put away, in place of an earlier one. The officer is locked."""
    earlier = officer.papers.filter(kind=kind, qualification=qualification).first()
    if earlier:
        discard(earlier)
    if officer.papers.with_file().count() >= MOST_FILES:
        raise Refused(
            _("You have sent %(most)s files already. Remove one that is not needed.")
            % {"most": MOST_FILES}
        )
    return officer.papers.create(
        kind=kind,
        qualification=qualification,
        file=path,
        name=file.name,
        type=file.type,
        status=PaperStatus.CHECKING if settings.CLAMD else PaperStatus.UNSCANNED,
    )


def discard(paper: Paper) -> None:
    """The row now; the file once that is certain."""
    path = paper.file.name
    paper.delete()
    if path:
        transaction.on_commit(lambda: default_storage.delete(path))


def save_copy(officer: Officer, *, kind: PaperKind, file: PaperFile, by: User) -> Paper:
    """One side of the ID card, in place of an earlier copy."""
    with put_away(file) as path, transaction.atomic():
        officer = lock(officer)
        paper = attach(officer, file, path=path, kind=kind)
        record("paper.added", paper, by=by, officer=officer.pk, kind=kind)
    return paper


@transaction.atomic
def remove_copy(paper: Paper, *, by: User) -> None:
    officer = lock(paper.officer)
    row = officer.papers.copies_of_id().filter(pk=paper.pk).first()
    if row is None:
        raise Refused(_("This file was removed or replaced meanwhile."))
    record("paper.removed", row, by=by, officer=officer.pk, kind=row.kind)
    discard(row)


# Scanned, by a worker


def scan_due(
    *,
    most: int = 50,
    rows: QuerySet[Any] | None = None,
    look: Callable[[Any], None] | None = None,
) -> int:
    """Have the scanner look at what waits for it. While it is away, nothing is let through. Other
    apps have their own `rows` scanned, each by its `look`."""
    if not settings.CLAMD:
        return 0
    done = 0
    while done < most and (taken := take(most=5, rows=rows)):
        for row in taken:
            try:
                (look or scan)(row)
            except scanner.NoAnswer as error:
                name = row._meta.model_name
                log.warning(f"{name}_not_scanned", extra={name: row.pk, "error": str(error)})
            except OSError as error:
                log.warning("scanner_away", extra={"error": str(error)})
                return done
            else:
                done += 1
    return done


@transaction.atomic
def take(*, most: int, rows: QuerySet[Any] | None = None) -> list[Any]:
    """Lease what is due, new files first, so that no other worker scans it meanwhile. Few at a
    time: the lease must outlast them, also where the scanner is slow to answer."""
    known = Paper.objects.all() if rows is None else rows
    waiting = known.filter(status__in=WAIT_FOR_THE_SCANNER, scan_after__lte=timezone.now())
    due = list(waiting.order_by("status", "pk").select_for_update(skip_locked=True)[:most])
    known.filter(pk__in=[row.pk for row in due]).update(scan_after=timezone.now() + LEASE)
    return due


def scan(paper: Paper) -> None:
    """One leased file, outside any transaction; then what was found is written down."""
    try:
        with default_storage.open(str(paper.file), "rb") as file:
            virus = scanner.virus_in(file)
    except FileNotFoundError:
        log.warning("paper_without_file", extra={"paper": paper.pk})
        return
    if virus:
        _quarantine(paper, virus)
    else:
        _pass(paper)


@transaction.atomic
def _pass(paper: Paper) -> None:
    if row := _still_waiting(paper):
        move(row, PaperStatus.CLEAN)


@transaction.atomic
def _quarantine(paper: Paper, virus: str) -> None:
    """The file goes, and its officer is asked for another one."""
    officer = lock(paper.officer)
    row = _still_waiting(paper)
    if row is None:
        return
    path = str(row.file)
    move(row, PaperStatus.QUARANTINED, file="")
    record("paper.quarantined", row, by=None, officer=officer.pk, kind=row.kind, virus=virus)
    tell(officer.user, "profiles/virus")
    transaction.on_commit(lambda: default_storage.delete(path))


def _still_waiting(paper: Paper) -> Paper | None:
    """It may be replaced, or another worker may have been faster."""
    rows = Paper.objects.select_for_update(of=("self",))
    return rows.filter(pk=paper.pk, status__in=WAIT_FOR_THE_SCANNER).first()


# Swept up


def sweep(tops: Sequence[str] = FOLDERS, rows: QuerySet[Any] | None = None) -> int:
    """Delete files that no row names; how many. A folder at a time, so memory stays small. Other
    apps' files lie in folders of their own, which `tops` names, and are named by their `rows`."""
    named = Paper.objects.all() if rows is None else rows
    swept = 0
    for top in tops:
        for folder, names in _folders(default_storage, top):
            swept += _sweep_folder(folder, names, named)
    return swept


def _folders(storage: Storage, top: str) -> Iterator[tuple[str, list[str]]]:
    try:
        inner, names = storage.listdir(top)
    except FileNotFoundError:
        return
    yield top, names
    for folder in inner:
        path = f"{top}/{folder}"
        yield path, storage.listdir(path)[1]


def _sweep_folder(folder: str, names: list[str], rows: QuerySet[Any]) -> int:
    swept = 0
    for start in range(0, len(names), BATCH):
        paths = {f"{folder}/{name}" for name in names[start : start + BATCH]}
        named = rows.filter(file__in=paths).values_list("file", flat=True)
        for path in paths - set(named):
            if _is_abandoned(path):
                default_storage.delete(path)
                log.info("orphan_deleted", extra={"path": path})
                swept += 1
    return swept


def _is_abandoned(path: str) -> bool:
    """Old enough that no transaction can be about to name it."""
    try:
        written_at = default_storage.get_modified_time(path)
    except FileNotFoundError:  # its row was removed just now, and the file with it
        return False
    return written_at < timezone.now() - ABANDONED
